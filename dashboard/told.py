"""Who was told of an alert, when, and what did not arrive; and the alerts about runs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from dashboard import components as ui
from dashboard import data, status
from orchestration import run_records
from orchestration.alerting import after_run, alerts, intake_alerts, outbox, routes, run_alerts
from orchestration.alerting.calendar import Calendar
from orchestration.alerting.outbox import Notification
from orchestration.home import Home, TieoutError, wall_clock

SHOWN = 6

_STATES: dict[str, tuple[str, ui.Tone]] = {
    "waiting": ("waits to be sent to", "calm"),
    "interrupted": ("is being sent to", "calm"),
    "delivered": ("told", "good"),
    "failed": ("did not reach", "bad"),
    "unknown": ("may not have reached", "watch"),
    "obsolete": ("was not sent to", "calm"),
}


@st.cache_data(ttl=2, max_entries=64, show_spinner=False)
def _told_in(root: str, fingerprints: tuple[str, ...]) -> list[Notification]:
    return outbox.of_fingerprints(Home.from_environment({"TIEOUT_HOME": root}), fingerprints)


def configured() -> routes.Configuration | None:
    """How alerts reach people; None where nobody has said so, or the files cannot be used."""
    try:
        return routes.read(Home.from_environment())
    except TieoutError:
        return None


def show_standing() -> None:
    """That alerts reach nobody, or why they cannot; nothing where all is well."""
    home = Home.from_environment()
    try:
        if routes.read(home) is None:
            ui.note(after_run.unconfigured(home))
    except TieoutError as error:
        st.error(f"Alerts reach nobody: {error}", icon=":material/error:")


def run_rows() -> list[data.Row]:
    """Alerts about runs, what the last one noticed, and alerts about the intake of events, as rows
    of the query `on_call_alerts`.

    They come from the records that the pages read anyway, and from what the intake writes down. A
    missed run is told where somebody has said that runs are due.
    """
    home = Home.from_environment()
    configuration = configured()
    records = status.records()
    found = run_alerts.find(
        records,
        wall_clock(),
        configuration.due if configuration is not None else None,
        lambda record: run_records.last_word(home, record),
    )
    return [
        {
            "alert_id": alert.fingerprint,
            "fingerprint": alert.fingerprint,
            "alert_name": alert.alert_name,
            "severity": alert.severity,
            "state": "firing",
            "root_cause": alert.root_cause,
            "group_key": alert.group_key,
            "subject": alert.subject,
            "opened_at": alert.opened_at,
            "resolved_at": None,
            "suppressed_by": None,
            "may_be_silenced": alert.may_be_silenced,
            "revenue_at_risk": None,
            "item_count": 0,
            "summary": alert.summary,
            "headline": alert.headline,
            "runbook": alert.runbook,
            "group_at_risk": None,
        }
        for alert in [
            *map(alerts.of_run, found),
            *alerts.noticed(records, wall_clock()),
            *map(alerts.of_intake, intake_alerts.of_home(home, wall_clock())),
        ]
    ]


def line(fingerprints: Sequence[str]) -> str:
    """Who was told of alerts of one group since it opened, as safe HTML; empty where nobody was."""
    try:
        told = _told_in(str(Home.from_environment().root), tuple(fingerprints))
    except TieoutError:
        return ""  # every page says already that the inbox does not answer
    last_incident = {
        fingerprint: max(
            (one.incident for one in told if one.fingerprint == fingerprint), default=0
        )
        for fingerprint in fingerprints
    }
    # of each destination the last word
    last: dict[str, Notification] = {}
    for one in told:
        if one.incident == last_incident[one.fingerprint]:
            last[one.destination] = one
    configuration = configured()
    calendar = configuration.calendar if configuration is not None else None
    parts = [_part(one, calendar) for one in list(last.values())[:SHOWN]]
    if len(last) > SHOWN:
        parts.append(f"{len(last) - SHOWN} more")
    if not parts:
        return ""
    return f'<p class="t-note t-notified">{" · ".join(parts)}</p>'


def _part(one: Notification, calendar: Calendar | None) -> str:
    words, tone = _STATES[one.state]
    whom = one.destination
    if one.person is not None:
        known = calendar.people.get(one.person) if calendar is not None else None
        whom = f"{known.name if known is not None else one.person} ({one.destination})"
    event = {"escalated": ", escalated", "reminded": ", again", "resolved": ", over"}
    when = status.ago(one.ended_at or one.created_at, wall_clock())
    why = f": {one.detail}" if one.detail and one.state != "delivered" else ""
    tries = f", {one.attempts} attempts" if one.state == "failed" and one.attempts > 1 else ""
    return (
        f"{ui.mark(tone)} {words} <b>{escape(whom)}</b>{event.get(one.event, '')} "
        f"{escape(when + tries + why)}"
    )
