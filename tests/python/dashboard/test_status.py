"""The status on every page: failed, running and missing runs, and what holds of the figures."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard import status
from orchestration import progress, run_records
from orchestration.home import Home
from orchestration.run_records import RunRecord, StepRecord
from tests.python.dashboard import small_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish

NOW = datetime(2026, 7, 1, 8)
PUBLISHED: dict[str, Any] = {
    "run_id": "run-1",
    "as_of": datetime(2026, 7, 1, 6),
    "started_at": datetime(2026, 7, 1, 6),
    "finished_at": datetime(2026, 7, 1, 6, 1),
    "control_totals": 3,
    "control_totals_broken": 0,
}


def record(outcome: str, hour: float, **more: Any) -> RunRecord:
    """A record of a run that started at an hour of 1 July and took a minute."""
    started_at = datetime(2026, 7, 1) + timedelta(hours=hour)
    return RunRecord(
        name=f"r{hour}",
        started_at=started_at,
        trigger="schedule",
        process=1,
        outcome=outcome,  # type: ignore[arg-type]
        ended_at=None if outcome in ("running", "stopped") else started_at + timedelta(minutes=1),
        steps=[StepRecord("Landing", started_at), StepRecord("Building the warehouse", started_at)],
        **more,
    )


def told(*records: RunRecord, now: datetime = NOW) -> list[tuple[str, str]]:
    return [(said.tone, said.html) for said in status.of_runs(records, PUBLISHED, now)]


def test_a_run_that_ended_well_is_one_quiet_sentence() -> None:
    assert told(record("published", 6)) == [("good", "The last run ended well 1 h ago")]
    # also where no record is kept of it
    assert told() == [("good", "The last run ended well 1 h ago")]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("failed", "The last run failed 59 min ago"),
        ("stopped", "The last run was stopped without a word 1 h ago"),
        ("interrupted", "The last run was interrupted 59 min ago"),
    ],
)
def test_a_run_that_did_not_publish_says_of_when_the_figures_are(outcome: str, words: str) -> None:
    ((tone, html),) = told(record(outcome, 7), record("published", 6))
    assert tone == "bad"
    assert html.startswith(f"{words} (Building the warehouse).")
    assert "as of 1 Jul 2026 06:00 UTC" in html
    assert 'href="on_call?run=r7#runs"' in html


def test_a_failure_is_over_once_a_later_run_is_published() -> None:
    assert [tone for tone, _ in told(record("failed", 5), record("published", 6))] == ["good"]


def test_a_part_rebuilt_in_dagster_is_not_the_last_run() -> None:
    part = record("failed", 7)
    part.steps = part.steps[1:]
    assert [tone for tone, _ in told(part, record("published", 6))] == ["good"]


def test_a_run_under_way_is_told_beside_the_one_before() -> None:
    running = record("running", 7.5)
    running.steps[-1].detail = "45/120 models and tests"
    said = told(running, record("failed", 7), record("published", 6))
    assert [tone for tone, _ in said] == ["bad", "calm"]
    assert said[1][1] == (
        "A run is under way for 30 min 00 s: Building the warehouse, 45/120 models and tests"
    )


def test_old_figures_are_told_after_more_than_a_day() -> None:
    finished = PUBLISHED["finished_at"]
    assert told(now=finished + status.STALE_AFTER)[0][0] == "good"
    ((tone, html),) = told(now=finished + timedelta(hours=50))
    assert tone == "watch"
    assert html.startswith("No run has ended well for 2 d 2 h: the figures are of 1 Jul 2026")


def test_broken_control_totals_are_counted() -> None:
    assert [said.html for said in status.of_publication(PUBLISHED)] == [
        "The run shown passed all its tests",
        "Control totals hold",
    ]
    broken = status.of_publication({**PUBLISHED, "control_totals_broken": 1})[1]
    assert broken.tone == "watch"
    assert broken.html.startswith("Control totals: 1 file of 3 does not add up.")


def test_a_moment_set_by_hand_is_told() -> None:
    late = {**PUBLISHED, "started_at": datetime(2026, 11, 29, 15)}
    assert "it ran 29 Nov 2026 15:00 UTC" in status.of_publication(late)[-1].html


@pytest.mark.parametrize("page", ["executive", "on_call", "exceptions", "rows", "record"])
def test_every_page_says_that_the_last_run_failed(published: Path, page: str) -> None:
    with (
        pytest.raises(ValueError, match="damaged"),
        run_records.recording(Home(published), "schedule"),
        progress.current().step("Landing"),
    ):
        raise ValueError("damaged")
    body = html_of(open_page(page))
    assert "The last run failed 0 min ago (Landing)" in body
    assert "The run shown passed all its tests" in body


def test_a_record_that_was_just_written_is_read_at_once(published: Path) -> None:
    assert status.records() == []
    said = run_records.NoticeRecord("rate_jumped", "page", "USD", "The rate of USD jumped")
    small_company.note(published, said)
    [read] = status.records()
    assert read.notices == [said]


def test_before_the_first_publication_a_failed_run_is_told(home: Path) -> None:
    with (
        pytest.raises(ValueError, match="damaged"),
        run_records.recording(Home(home), "schedule"),
        progress.current().step("Landing"),
    ):
        raise ValueError("damaged")
    assert "The last run failed 0 min ago (Landing)" in html_of(open_page("executive"))


def test_a_file_that_names_no_run_makes_no_claim(home: Path) -> None:
    publish(home, "run-empty", {})
    assert "passed all its tests" not in html_of(open_page("on_call"))
    assert small_company.RUN_ID not in html_of(open_page("on_call"))


def test_an_inbox_that_does_not_answer_is_told(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer")
    monkeypatch.setenv("TIEOUT_REVIEW_DATABASE", "sqlite:////nowhere/at/all.sqlite")
    body = html_of(open_page("executive"))
    assert "Whether something is paused cannot be told: The review inbox" in body
