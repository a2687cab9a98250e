"""`tieout benchmark volume`, in a short form."""

from __future__ import annotations

import pytest

from orchestration.benchmarks import volume

pytestmark = [pytest.mark.slow, pytest.mark.thorough]


def test_both_runs_are_measured_step_by_step() -> None:
    first, second = volume.run(150)
    assert second.rows > 0 and first.rows > 5 * second.rows
    assert first.matches > second.matches > 0
    for run in (first, second):
        assert list(run.steps)[-1] == "Summing up"
        assert 0 < sum(run.steps.values()) < run.seconds
        assert run.peak > 100 * 2**20
    told = volume.table([first, second])
    assert f"{first.rows:,}" in told and "Building the warehouse" in told
