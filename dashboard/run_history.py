"""Runs as the on-call page shows them: published ones beside those that failed or were killed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from dashboard import access, status
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.home import wall_clock
from orchestration.review.access_log import Event
from orchestration.review.people import Permission
from orchestration.run_records import RunRecord

SHOWN = 8

_WORDS: Mapping[str, tuple[str, ui.Tone]] = {
    "published": ("published", "good"),
    "failed": ("failed", "bad"),
    "stopped": ("stopped without a word", "bad"),
    "interrupted": ("interrupted", "watch"),
    "running": ("under way", "calm"),
    "partial": ("a part, by hand", "calm"),
}


@dataclass(frozen=True)
class Run:
    """A run: its record, its row of `fct_runs`, or both."""

    record: RunRecord | None
    row: Mapping[str, Any] | None

    @property
    def started_at(self) -> datetime:
        if self.record is not None:
            return self.record.started_at
        assert self.row is not None
        return self.row["started_at"]

    @property
    def outcome(self) -> str:
        return self.record.outcome if self.record is not None else "published"

    @property
    def name(self) -> str:
        """What the address calls it."""
        return self.record.name if self.record is not None else str((self.row or {})["run_id"])


def merged(records: Sequence[RunRecord], rows: Sequence[Mapping[str, Any]]) -> list[Run]:
    """All runs, the newest first. The row of a published run stands beside its newest record."""
    by_id = {row["run_id"]: row for row in rows}
    runs = []
    for record in records:
        is_published = record.outcome == "published" and record.run_id in by_id
        runs.append(Run(record, by_id.pop(record.run_id) if is_published else None))
    runs += [Run(None, row) for row in by_id.values()]
    return sorted(runs, key=lambda run: run.started_at, reverse=True)


def chosen(runs: Sequence[Run], name: str) -> Run | None:
    """The run that the address names, else the last one if it did not end well."""
    return next((run for run in runs if run.name == name), broken(runs))


def broken(runs: Sequence[Run]) -> Run | None:
    """The last run, if it did not end well: it comes before everything else."""
    ended = [run for run in runs if run.outcome not in ("running", "partial")]
    return ended[0] if ended and ended[0].outcome in status.HOW_IT_ENDED else None


def show_broken(records: Sequence[RunRecord], rows: Sequence[Mapping[str, Any]]) -> None:
    """The last run whole, where it failed or was stopped."""
    last = broken(merged(records, rows))
    if last is not None and last.record is not None:
        one(last.record)


def show(records: Sequence[RunRecord], rows: Sequence[Mapping[str, Any]]) -> None:
    """The table of runs, and one of them whole."""
    runs = merged(records, rows)
    st.header("Runs", anchor="runs")
    looked_at = chosen(runs, st.query_params.get("run", ""))
    if looked_at is not None and looked_at.record is not None and looked_at != broken(runs):
        one(looked_at.record)
    ui.table(
        [
            ui.Column("Outcome", _outcome, "n"),
            ui.Column("Started", lambda row: ui.moment(row["started_at"]), "n"),
            ui.Column("As of", lambda row: ui.moment(row["as_of"]), "n"),
            ui.text_column("Started by", "started_by", fmt.label, "n"),
            ui.text_column("Took", "seconds", fmt.seconds, "r"),
            ui.Column("Where the time went", lambda row: _steps_bar(row["record"]), "w"),
            ui.count_column("Rows in", "rows_in"),
            ui.count_column(
                "Matches",
                "matches_made",
                lambda row: ui.link("rows", of="matches", run=row["run_id"]),
            ),
            ui.count_column("Closed by itself", "auto_closed"),
            ui.count_column("Exceptions opened", "exceptions_opened"),
            ui.count_column("Resolved", "exceptions_resolved"),
        ],
        [_row(run) for run in runs[:SHOWN]],
        "No run is recorded.",
        "Of runs before this version, and of those that failed, some figures are not kept.",
        name="runs",
    )


def _row(run: Run) -> dict[str, Any]:
    row, record = run.row or {}, run.record
    seconds: Any = row.get("seconds")
    if record is not None:
        ended = record.ended_at or (wall_clock() if record.outcome == "running" else None)
        seconds = None if ended is None else (ended - record.started_at).total_seconds()
    return {
        "record": record,
        "run": run,
        "started_at": run.started_at,
        "as_of": record.as_of if record is not None else row["as_of"],
        "started_by": record.trigger if record is not None else row["started_by"],
        "seconds": seconds,
        "run_id": row.get("run_id"),
        **{
            name: row.get(name)
            for name in (
                "rows_in",
                "matches_made",
                "auto_closed",
                "exceptions_opened",
                "exceptions_resolved",
            )
        },
    }


def _outcome(row: ui.Row) -> str:
    words, tone = _WORDS[row["run"].outcome]
    if row["record"] is None:
        return ui.badge(words, tone)
    return ui.anchor(ui.badge(words, tone), ui.link("on_call", run=row["run"].name) + "#runs")


def _steps_bar(record: RunRecord | None) -> str:
    """The steps as parts of one bar, each with its name and seconds; the longest in words."""
    if record is None or not record.steps:
        return fmt.NONE
    timed = [step for step in record.steps if step.seconds]
    parts = "".join(
        f'<i style="flex-grow:{step.seconds:.3f}" '
        f'title="{escape(step.name)}: {fmt.seconds(step.seconds)}"></i>'
        for step in timed
    )
    longest = max(timed, key=lambda step: step.seconds or 0, default=None)
    words = f"{longest.name}: {fmt.seconds(longest.seconds)}" if longest else record.steps[-1].name
    return f'<span class="t-steps">{parts}</span><span class="t-sub">{escape(words)}</span>'


def one(record: RunRecord) -> None:
    """One run whole: how it ended, its steps, what failed with its rows, and the log's end."""
    words, tone = _WORDS[record.outcome]
    when = status.ago(record.ended_at or record.started_at, wall_clock())
    with st.container(border=True, key=ui.key("run", record.name)):
        st.html(
            f'<h3 class="t-run">{ui.badge(words, tone)} Run of {ui.moment(record.started_at)}, '
            f"{when}</h3>{_sentence(record)}"
        )
        _failures(record)
        with st.expander("Its steps"):
            ui.table(
                [
                    ui.text_column("Step", "name"),
                    ui.Column("Began", lambda row: ui.moment(row["started_at"]), "n"),
                    ui.text_column("Took", "seconds", fmt.seconds, "r"),
                    ui.text_column("Reached", "detail", kind="w"),
                ],
                [vars(step) for step in record.steps],
                "It ended before its first step.",
                name="run-steps",
            )
        if record.log_tail:
            with st.expander(f"The end of the log ({record.log})"):
                st.code("\n".join(record.log_tail), language=None, wrap_lines=True)
        else:
            ui.note(f"The whole log: {record.log} in the home.")


def _sentence(record: RunRecord) -> str:
    step = f" in the step “{record.step}”" if record.step else ""
    match record.outcome:
        case "failed" if record.failures:
            text = (
                f"It stopped{step}, because what it built does not hold. Nothing of it is "
                "published or sealed; figures stay those of the run before. Mend the cause, and "
                "run again: the next run takes it up."
            )
        case "failed":
            text = f"It stopped{step}. Nothing of it is published: {record.message}"
        case "stopped":
            text = (
                f"Its process ended{step} without saying why: killed, out of memory, or the "
                "machine went down. Nothing is lost; the next run takes it up."
            )
        case "interrupted":
            text = f"Somebody stopped it{step}. The next run takes it up."
        case "running":
            text = f"It is under way{step}."
        case "partial":
            text = "Somebody rebuilt a part of it in Dagster."
        case _:
            text = f"Published as {record.run_id}."
    return f'<p class="t-note t-message">{escape(text)}</p>'


def _failures(record: RunRecord) -> None:
    """What failed; the rows may hold names and texts, and are shown to those who may see them."""
    if not record.failures:
        return
    person = access.person()
    may_see = person.may(Permission.SEE_PERSONAL_DATA)
    if may_see and any(failure.rows for failure in record.failures):
        access.note_once(
            person, Event.SAW_PERSONAL_DATA, page="on_call", record=f"run {record.name}"
        )

    def rows(row: ui.Row) -> str:
        if not row["rows"]:
            return fmt.NONE
        if not may_see:
            return "Shown to those who may see personal data."
        return "".join(f'<span class="t-fail">{escape(line)}</span>' for line in row["rows"])

    ui.table(
        [
            ui.Column(
                "What failed",
                lambda row: (
                    f"<b>{escape(fmt.label(row['name'].removeprefix('assert_')))}</b>"
                    f'<span class="t-sub">{escape(row["resource_type"])} '
                    f"{escape(row['path'])}</span>"
                    + (
                        f'<span class="t-fail">{escape(row["message"])}</span>'
                        if row["failing_rows"] is None
                        else ""
                    )
                ),
                "w",
            ),
            ui.count_column("Rows that break it", "failing_rows"),
            ui.Column("The first of them", rows, "w"),
        ],
        [vars(failure) for failure in record.failures],
        "",
        name="run-failures",
    )
