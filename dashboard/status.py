"""Below the as-of line of every page: whether what it shows can be relied on, in words.

Figures come from the last run that was published. Whether a later one failed, is under way or never
came is told by the records of the runs (`orchestration/run_records.py`), read anew every few
seconds without a rerun of the page.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from html import escape

import streamlit as st

from dashboard import access, data
from dashboard import components as ui
from dashboard import format as fmt
from orchestration import controls, run_records
from orchestration.controls import Control, Kind
from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review.operations import Operation
from orchestration.review.people import Permission
from orchestration.run_records import RunRecord

REFRESH_SECONDS = float(os.environ.get("TIEOUT_DASHBOARD_REFRESH_SECONDS", "5"))

STALE_AFTER = timedelta(hours=26)
"""Runs are scheduled daily; two hours are for the run itself."""

SET_BY_HAND = timedelta(hours=2)
"""A run speaks for its start; further from it, somebody has set the moment."""

RECORDS_READ = 20

PAUSED = {
    Kind.CLOSING_PAUSED: "Automatic closing",
    Kind.POSTING_PAUSED: "Posting",
    Kind.ISSUANCE_PAUSED: "Issuing",
}

HOW_IT_ENDED = {
    "failed": "failed",
    "stopped": "was stopped without a word",
    "interrupted": "was interrupted",
}


@dataclass(frozen=True)
class Said:
    """One sentence, as safe HTML, with its tone; a loud one stands out."""

    tone: ui.Tone
    html: str
    name: str
    is_loud: bool = False


def ago(moment: datetime, now: datetime) -> str:
    """`12 min ago`."""
    return f"{fmt.hours(Decimal(max(0, int((now - moment).total_seconds()))) / 3600)} ago"


def of_runs(records: Sequence[RunRecord], published: data.Row, now: datetime) -> list[Said]:
    """What the records say of the last run, beside the run whose figures are shown.

    `records` are the newest first, `published` the row of the query `publication`.
    """
    whole = [record for record in records if record.is_whole]
    said = []
    under_way = next((record for record in whole[:1] if record.outcome == "running"), None)
    ended = next((record for record in whole if record.outcome != "running"), None)
    shown_until = published["finished_at"]
    if (
        ended is not None
        and ended.outcome in HOW_IT_ENDED
        and (shown_until is None or ended.started_at > shown_until)
    ):
        said.append(Said("bad", _failed(ended, published["as_of"], now), "last-run", is_loud=True))
    elif shown_until is not None and now - shown_until > STALE_AFTER:
        said.append(
            Said(
                "watch",
                f"No run has ended well for {fmt.hours(_hours(now - shown_until))}: the figures "
                f"are of {ui.moment(published['as_of'])}. "
                + ui.anchor("See the runs", ui.link("on_call") + "#runs"),
                "last-run",
                is_loud=True,
            )
        )
    elif shown_until is not None:
        said.append(Said("good", f"The last run ended well {ago(shown_until, now)}", "last-run"))
    if under_way is not None:
        said.append(Said("calm", _under_way(under_way, now), "run-under-way"))
    return said


def of_publication(published: data.Row) -> list[Said]:
    """What holds of the figures that are shown."""
    if published["run_id"] is None:
        return []
    broken = published["control_totals_broken"]
    said = [Said("good", "The run shown passed all its tests", "tests")]
    if broken:
        said.append(
            Said(
                "watch",
                f"Control totals: {fmt.counted(broken, 'file')} of "
                f"{fmt.count(published['control_totals'])} "
                f"{'does' if broken == 1 else 'do'} not add up. "
                + ui.anchor("Which", ui.link("on_call") + "#feeds"),
                "control-totals",
            )
        )
    elif published["control_totals"]:
        said.append(Said("good", "Control totals hold", "control-totals"))
    started_at, as_of = published["started_at"], published["as_of"]
    if started_at is not None and abs(started_at - as_of) > SET_BY_HAND:
        said.append(
            Said("calm", f"Its moment was set by hand; it ran {ui.moment(started_at)}", "as-set")
        )
    return said


def of_pauses(noted: Sequence[Operation], published: data.Row, now: datetime) -> list[Said]:
    """What people have paused, by whom, until when, and whether the figures follow it yet."""
    by_id = {operation.operation_id: operation for operation in noted}
    said = []
    for control in controls.in_force([controls.control_of(row) for row in noted], now):
        if control.kind not in PAUSED:
            continue
        operation = by_id[control.control_id]
        until = (
            "until somebody resumes it"
            if control.ends_at is None
            else f"until {ui.moment(control.ends_at)}"
        )
        started_at = published["started_at"]
        is_heard = control.kind is Kind.ISSUANCE_PAUSED or (
            started_at is not None and operation.recorded_at < started_at
        )
        said.append(
            Said(
                "watch",
                f"{escape(paused(control))} is paused by {escape(operation.actor_name)} {until}"
                f"{because(control)}" + ("" if is_heard else " (from the next run on)"),
                f"pause-{control.kind}",
                is_loud=True,
            )
        )
    return said


def paused(control: Control) -> str:
    """What is paused, in words: all of it, of a rule, for a customer."""
    return PAUSED[control.kind] + control.scope


def because(control: Control) -> str:
    """Why, as safe HTML, for those who may see what people have written."""
    if not access.person().may(Permission.SEE_PERSONAL_DATA):
        return ""
    return f": {escape(control.reason)}"


def before_publication(records: Sequence[RunRecord], now: datetime) -> list[Said]:
    """What the records say while nothing is published."""
    return of_runs(records, {"finished_at": None, "as_of": None}, now)


def _failed(record: RunRecord, shown_as_of: datetime | None, now: datetime) -> str:
    where = f" ({escape(record.step)})" if record.step else ""
    figures = (
        f"The figures are of the run before, as of {ui.moment(shown_as_of)}. "
        if shown_as_of is not None
        else ""
    )
    why = ui.anchor("See why", ui.link("on_call", run=record.name) + "#runs")
    return (
        f"The last run {HOW_IT_ENDED[record.outcome]} "
        f"{ago(record.ended_at or record.started_at, now)}{where}. {figures}{why}"
    )


def _under_way(record: RunRecord, now: datetime) -> str:
    step = record.steps[-1] if record.steps else None
    at = f": {escape(step.name)}" if step else ""
    if step and step.detail:
        at += f", {escape(step.detail)}"
    since = fmt.seconds(int((now - record.started_at).total_seconds()))
    return f"A run is under way for {since}{at}"


def _hours(span: timedelta) -> Decimal:
    return Decimal(int(span.total_seconds())) / 3600


@st.cache_data(ttl=2, max_entries=8, show_spinner=False)
def records_of(root: str, written_at: int) -> list[RunRecord]:
    """The newest records of the home; ten people who look at once cost one reading.

    `written_at` is when one was last written; that a run was killed is seen after two seconds.
    """
    return run_records.read(Home.from_environment({"TIEOUT_HOME": root}), RECORDS_READ)


def records() -> list[RunRecord]:
    """The newest records of the configured home."""
    home = Home.from_environment()
    return records_of(str(home.root), run_records.written_at(home))


@st.cache_data(ttl=2, max_entries=8, show_spinner=False)
def noted_in(root: str) -> list[Operation]:
    """What people have paused and silenced, newest first."""
    return controls.operations_of(Home.from_environment({"TIEOUT_HOME": root}))


def noted() -> list[Operation]:
    """The same, of the configured home."""
    return noted_in(str(Home.from_environment().root))


@st.fragment(run_every=REFRESH_SECONDS)
def line() -> None:
    """Say it below the as-of line."""
    try:
        published = data.query_one("publication")
    except data.PublicationReplacedError:
        return  # the page is about to be shown anew
    now = wall_clock()
    try:
        paused = of_pauses(noted(), published, now)
    except TieoutError as error:
        text = f"Whether something is paused cannot be told: {escape(str(error))}"
        paused = [Said("bad", text, "inbox", is_loud=True)]
    show([*of_runs(records(), published, now), *paused, *of_publication(published)])


@st.fragment(run_every=REFRESH_SECONDS)
def line_before_publication() -> None:
    """Say what the runs do while nothing is published."""
    show(before_publication(records(), wall_clock()))


def show(said: Sequence[Said]) -> None:
    """What needs a person stands out, a line each; the rest is one quiet line."""
    loud = [sentence for sentence in said if sentence.is_loud]
    quiet = [sentence for sentence in said if not sentence.is_loud]
    html = "".join(
        f'<p class="t-alarm {sentence.tone}" id="status-{sentence.name}">'
        f"{ui.mark(sentence.tone)} {sentence.html}</p>"
        for sentence in loud
    )
    if quiet:
        html += '<p class="t-status">' + "".join(
            f'<span id="status-{sentence.name}">{ui.mark(sentence.tone)} {sentence.html}</span>'
            for sentence in quiet
        )
        html += "</p>"
    if html:
        st.html(f'<div id="status" role="status">{html}</div>')
