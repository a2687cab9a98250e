"""`tieout benchmark volume` and `everyday`, in a short form."""

from __future__ import annotations

import pytest

from orchestration.benchmarks import everyday, volume

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


def test_what_a_small_company_waits_for_is_measured() -> None:
    measures = everyday.run(150, repetitions=1)
    assert all(len(measure.seconds) == 1 and measure.seconds[0] > 0 for measure in measures)
    whole, ready, alone, *_ = (measure.seconds[0] for measure in measures)
    assert whole > ready > 0 and whole > alone
    told = everyday.table(measures)
    assert "ten invoices more" in told and "25 s" in told
