"""`tieout benchmark volume`, `growth` and `everyday`, in a short form."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestration.benchmarks import everyday, growth, timed, volume


@pytest.mark.slow
@pytest.mark.thorough
def test_four_runs_are_measured_step_by_step() -> None:
    measured = volume.run(200)
    first, second, third, fourth = (each.run for each in measured)
    assert second.rows > 0 and first.rows > 5 * second.rows and third.rows == 10
    assert fourth.rows == 4 and fourth.matches == 2
    assert first.matches > second.matches > 0
    for each in measured:
        assert list(each.run.steps)[-1] == "Summing up"
        assert 0 < sum(each.run.steps.values()) < each.run.seconds
        assert each.run.peak > 100 * 2**20
        assert 0 < each.floor < each.run.seconds
    told = volume.table(measured)
    assert f"{first.rows:,}" in told and "Building the warehouse" in told
    assert "a hundredth more" in told and "DuckDB alone" in told


@pytest.mark.slow
@pytest.mark.thorough
def test_the_same_batch_is_measured_on_two_companies() -> None:
    small, large = growth.run(200, times=2)
    assert small.run.rows == large.run.rows == 4
    assert small.run.matches == large.run.matches == 2
    assert "on 400 invoices" in volume.table([small, large])


def test_a_run_is_not_as_large_as_what_measures_it(tmp_path: Path) -> None:
    held = bytearray(200 * 2**20)
    code, peak = timed.measured([sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "peak")
    assert code == 3
    assert 2**20 < peak < len(held)


@pytest.mark.slow
@pytest.mark.thorough
def test_what_a_small_company_waits_for_is_measured() -> None:
    measures = everyday.run(150, repetitions=1)
    assert all(len(measure.seconds) == 1 and measure.seconds[0] > 0 for measure in measures)
    whole, ready, alone, *_ = (measure.seconds[0] for measure in measures)
    assert whole > ready > 0 and whole > alone
    told = everyday.table(measures)
    assert "ten invoices more" in told and "25 s" in told
