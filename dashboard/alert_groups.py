"""Alerts by root cause, and what a person on call does about them: take, silence, pause."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from dashboard import access, data, maintenance, rules, runbooks, status, told
from dashboard import components as ui
from dashboard import format as fmt
from orchestration import controls
from orchestration.controls import Control, Kind
from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review import operations
from orchestration.review.operations import Operation
from orchestration.review.people import Permission

SHOWN_GROUPS = 6

STATES = ("firing", "suppressed", "resolved")
SEVERITIES = ("page", "ticket", "info")

SPANS: Mapping[str, timedelta] = {
    "1 hour": timedelta(hours=1),
    "4 hours": timedelta(hours=4),
    "1 day": timedelta(days=1),
    "3 days": timedelta(days=3),
    "1 week": timedelta(days=7),
}


@dataclass(frozen=True)
class Group:
    """Alerts of one root cause, feed or objective; the first speaks for them."""

    key: str
    alerts: Sequence[data.Row]

    @property
    def speaker(self) -> data.Row:
        return self.alerts[0]


def loudest_first(rows: Sequence[data.Row]) -> list[data.Row]:
    """Alerts of runs and data in the order of the query `on_call_alerts`; as given where equal."""
    return sorted(
        rows, key=lambda row: (STATES.index(row["state"]), SEVERITIES.index(row["severity"]))
    )


def groups_of(rows: Sequence[data.Row]) -> list[Group]:
    """Alerts that hold, by group, in the order of their strongest."""
    found: dict[str, list[data.Row]] = {}
    for row in rows:
        if row["state"] != "resolved":
            found.setdefault(row["group_key"], []).append(row)
    return [Group(key, alerts) for key, alerts in found.items()]


def urgent(rows: Sequence[data.Row], noted: Sequence[Operation]) -> list[Group]:
    """Groups that want a person and that nobody has taken or silenced."""
    held = controls.in_force([controls.control_of(row) for row in noted], wall_clock())
    return [
        group
        for group in groups_of(rows)
        if group.speaker["severity"] != "info" and controls.silencing(group.speaker, held) is None
    ]


def show(rows: Sequence[data.Row], noted: Sequence[Operation], currency: str | None) -> None:
    """What needs a person now, then what somebody has taken, then the rest."""
    st.header("What needs you now", anchor="alerts")
    said = [controls.control_of(operation) for operation in noted]
    held = controls.in_force(said, wall_clock())
    names = {operation.operation_id: operation.actor_name for operation in noted}
    urgent, silent, informing = [], [], []
    for group in groups_of(rows):
        if controls.silencing(group.speaker, held) is not None:
            silent.append(group)
        elif group.speaker["severity"] == "info":
            informing.append(group)
        else:
            urgent.append(group)
    if not urgent:
        ui.empty("Nothing: no alert fires that nobody has taken.")
    for group in urgent[:SHOWN_GROUPS]:
        _group(group, currency)
    if len(urgent) > SHOWN_GROUPS:
        with st.expander(f"{len(urgent) - SHOWN_GROUPS} more, of less weight"):
            for group in urgent[SHOWN_GROUPS:]:
                _group(group, currency)
    if silent:
        st.subheader(f"Taken or silenced ({len(silent)})")
        for group in silent:
            control = controls.silencing(group.speaker, held)
            assert control is not None
            _silent_group(group, control, names, currency)
    resolved = [row for row in rows if row["state"] == "resolved"]
    if informing or resolved:
        with st.expander(f"For information ({len(informing)}), and over ({len(resolved)})"):
            _quiet([alert for group in informing for alert in group.alerts], resolved, currency)


def _headline(group: Group, currency: str | None) -> str:
    alert = group.speaker
    about, *more = alert["summary"].split(". ")
    title = more[0] if more else about
    said = about if more else ""
    if alert.get("headline"):  # of runs
        title = alert["headline"]
        said = alert["summary"].removeprefix(title).lstrip(": ")
    facts = [f"since {ui.moment(alert['opened_at'])}"]
    if alert["item_count"]:
        facts.append(escape(fmt.counted(alert["item_count"], "item")))
    if group.key.startswith(("feed:", "surge:", "account:", "rule:")):
        facts.append(escape(group.key.replace(":", " ", 1)))
    if len(group.alerts) > 1:
        facts.append(f"{len(group.alerts) - 1} more of this cause")
    if alert["root_cause"] and group.key == alert["root_cause"]:
        facts.append(ui.anchor("see its cases", ui.link("exceptions", cause=alert["root_cause"])))
    risk = (
        f'<span class="t-risk">{ui.money(group.speaker["group_at_risk"], currency)} at risk</span>'
        if alert["group_at_risk"]
        else ""
    )
    return (
        f'<div class="t-alert"><div>{ui.severity(alert["severity"])} '
        f"<b>{escape(title)}</b></div>{risk}"
        f'<p class="t-note">{escape(said or fmt.label(alert["alert_name"]))} · '
        f"{' · '.join(facts)}</p></div>"
    )


def _told(group: Group) -> str:
    return told.line([alert["fingerprint"] for alert in group.alerts])


@st.fragment
def _group(group: Group, currency: str | None) -> None:
    """A fragment: what a popover holds is made once it is opened, without the rest of the page."""
    alert = group.speaker
    key = ui.key("alert", alert["alert_id"])
    with st.container(border=True, key=key):
        said, done = st.columns([5, 4], vertical_alignment="center")
        said.html(_headline(group, currency) + _told(group))
        with done.container(horizontal=True, horizontal_alignment="right", gap="small"):
            with _popover("What to do", ":material/menu_book:", f"guide-{key}") as guide:
                if guide.open:
                    runbooks.show(alert["runbook"], key, alert)
            if access.person().may(Permission.OPERATE):
                if controls.may_be_silenced(alert):
                    _take(alert, key)
                _silence(alert, group, key)
        if len(group.alerts) > 1:
            with st.expander("The others of this cause, silenced by it"):
                _table(group.alerts[1:], currency, ui.key("others", group.key))


def _take(alert: data.Row, key: str) -> None:
    with _popover("Acknowledge", ":material/back_hand:", f"ack-{key}") as form:
        if not form.open:
            return
        st.markdown(
            "You are on it: this alert, and those of its cause that are weaker, stay silent until "
            "then, or until it is over: what fires anew is told anew. Everything is recorded as "
            "before."
        )
        _form(
            f"take-{key}",
            "Acknowledge",
            lambda person, until, reason: controls.acknowledge(
                Home.from_environment(),
                person,
                alert["fingerprint"],
                fmt.label(alert["alert_name"]),
                until,
                reason,
            ),
        )


def _silence(alert: data.Row, group: Group, key: str) -> None:
    with _popover("Silence", ":material/notifications_off:", f"silence-{key}") as form:
        if not form.open:
            return
        st.markdown(
            "A maintenance window: alerts of this cause are silent until then, once; alerts about "
            "the proof itself are not. Everything is recorded as before."
        )
        _form(
            f"window-{key}",
            "Open the window",
            lambda person, until, reason: controls.open_window(
                Home.from_environment(), person, until, reason, group_key=group.key
            ),
        )
        maintenance.recurring_form(f"window-{key}", group.key)


def _popover(label: str, icon: str, key: str) -> PopoverContainer:
    """One that knows whether it is open, and stays itself when others come or go."""
    return st.popover(label, icon=icon, key=key, on_change="rerun")


def _form(
    key: str,
    button: str,
    act: Callable[..., object],
    scope: Callable[[str], Mapping[str, str]] = lambda key: {},
) -> None:
    """Of what, why, until when, and the act.

    `scope` draws what else the form asks for, with keys that begin with the form's, and returns it
    as arguments by name of `act`, which is called with the person, the end and the reason. Who may
    is asked once more when it is done.
    """
    with st.form(key, border=False):
        chosen = scope(key)
        why = st.text_input("Why", max_chars=200, key=f"{key}-why")
        span = st.selectbox("For", list(SPANS), index=1, key=f"{key}-for")
        if st.form_submit_button(button, type="primary"):
            try:
                act(access.require(Permission.OPERATE), wall_clock() + SPANS[span], why, **chosen)
            except TieoutError as error:
                st.error(str(error), icon=":material/error:")
            else:
                status.noted_in.clear()
                st.rerun()


def _silent_group(
    group: Group, control: Control, names: Mapping[str, str], currency: str | None
) -> None:
    who = names.get(control.control_id, control.actor)
    what = "taken by" if control.kind is Kind.ALERT_ACKNOWLEDGED else "in a maintenance window of"
    is_heard = group.speaker["suppressed_by"] == control.control_id
    with st.container(border=True, key=ui.key("silent", group.speaker["alert_id"])):
        st.html(
            _headline(group, currency)
            + _told(group)
            + f'<p class="t-note">{what} <b>{escape(who)}</b> {_until(control.until(wall_clock()))}'
            + status.because(control)
            + ("" if is_heard else " · counted as silent from the next run on")
            + "</p>"
        )
        _end(control, "End it", ui.key(control.control_id, group.speaker["alert_id"]))


def _until(ends_at: datetime | None) -> str:
    return "until somebody ends it" if ends_at is None else f"until {ui.moment(ends_at)}"


def _end(control: Control, button: str, place: str) -> None:
    """A popover to end it; `place` tells its places apart, for one window silences many groups."""
    if not access.person().may(Permission.OPERATE):
        return
    kind, key = _inbox_key(control)
    with st.popover(button):
        with st.form(f"end-{place}", border=False):
            why = st.text_input("Why", max_chars=200, key=f"end-{place}-why")
            if st.form_submit_button(button, type="primary"):
                try:
                    operations.end(
                        Home.from_environment(),
                        access.require(Permission.OPERATE),
                        kind,
                        key,
                        reason=why,
                    )
                except TieoutError as error:
                    st.error(str(error), icon=":material/error:")
                else:
                    status.noted_in.clear()
                    st.rerun()


def _inbox_key(control: Control) -> tuple[operations.Kind, str]:
    match control.kind:
        case Kind.ALERT_ACKNOWLEDGED:
            return operations.Kind.ACKNOWLEDGEMENT, control.control_key
        case Kind.MAINTENANCE_WINDOW:
            return operations.Kind.MAINTENANCE_WINDOW, control.control_key
        case _:
            return operations.Kind.PAUSE, f"{control.flag}:{control.control_key}"


def _quiet(
    informing: Sequence[data.Row], resolved: Sequence[data.Row], currency: str | None
) -> None:
    _table([*informing, *resolved], currency, "quiet-alerts")


def _table(alerts: Sequence[data.Row], currency: str | None, name: str) -> None:
    ui.table(
        [
            ui.Column("Severity", lambda row: ui.severity(row["severity"]), "n"),
            ui.Column("State", lambda row: ui.status(row["state"]), "n"),
            ui.text_column("Alert", "summary", kind="w"),
            ui.Column("Since", lambda row: ui.moment(row["opened_at"]), "n"),
            ui.Column("Over since", lambda row: ui.moment(row["resolved_at"]), "n"),
            ui.count_column("Items", "item_count"),
            ui.money_column("At risk", "revenue_at_risk"),
        ],
        [{**alert, "currency": currency} for alert in alerts],
        "None.",
        name=name,
    )


# pauses


def pauses(noted: Sequence[Operation]) -> None:
    """What is paused, by whom, until when and why, with the button to resume."""
    said = [controls.control_of(operation) for operation in noted]
    names = {operation.operation_id: operation.actor_name for operation in noted}
    held = [
        control
        for control in controls.in_force(said, wall_clock())
        if control.kind in status.PAUSED
    ]
    for control in held:
        with st.container(border=True, key=ui.key("paused", control.control_id)):
            who = names.get(control.control_id, control.actor)
            st.html(
                f'<p class="t-note">{ui.mark("watch")} <b>{escape(status.paused(control))} is '
                f"paused</b> by <b>{escape(who)}</b> {_until(control.ends_at)}"
                f"{status.because(control)}</p>"
            )
            _end(control, "Resume", control.control_id)


@st.fragment
def pause_buttons(noted: Sequence[Operation], closed_before: int | None) -> None:
    """To pause, or silence everything, for those who may; `closed_before`: by the last run."""
    if not access.person().may(Permission.OPERATE):
        return
    said = [controls.control_of(operation) for operation in noted]
    held = controls.in_force(said, wall_clock())
    taken = {(control.kind, control.control_key) for control in held}
    before = (
        f" The last run closed {fmt.count(closed_before)} by themselves." if closed_before else ""
    )
    with st.container(horizontal=True, gap="small", key="operate-buttons"):
        _pause(
            "Pause automatic closing",
            controls.CLOSING,
            "From the next run on, what rules would close by themselves is left as a "
            f"suggestion for people.{before} What is closed stays closed, what people order "
            "is done. When the pause ends, the next run closes what still fits.",
            is_paused=(Kind.CLOSING_PAUSED, controls.ALL) in taken,
            scope=_of_rule_and_customer,
        )
        _pause(
            "Pause posting",
            controls.POSTING,
            "From the next run on, entries that are ready to be posted are held. What the "
            "ledger has taken stays. When the pause ends, the next run makes them ready again.",
            is_paused=(Kind.POSTING_PAUSED, controls.ALL) in taken,
            scope=_of_rule_and_customer,
        )
        _pause(
            "Pause issuing",
            controls.ISSUANCE,
            "tieout issues nothing: this tells who does. From now on `tieout flags check issuance` "
            "says no to the programs that ask, and what is issued all the same raises an alert.",
            is_paused=(Kind.ISSUANCE_PAUSED, controls.ALL) in taken,
            scope=_of_customer,
        )
        with _popover("Silence all alerts", ":material/notifications_off:", "silence-all") as form:
            if form.open:
                st.markdown(
                    "A maintenance window: all alerts are silent until then, once; alerts about "
                    "the proof itself are not. Everything is recorded as before."
                )
                _form(
                    "window-all",
                    "Open the window",
                    lambda person, until, reason: controls.open_window(
                        Home.from_environment(), person, until, reason
                    ),
                )
                maintenance.recurring_form("window-all")


def recurring_windows(noted: Sequence[Operation]) -> None:
    """Maintenance windows that open again and again, whether one is open now or not."""
    said = [controls.control_of(operation) for operation in noted]
    names = {operation.operation_id: operation.actor_name for operation in noted}
    windows = controls.recurring(said, wall_clock())
    if not windows:
        return
    with st.expander(maintenance.about(windows)):
        for window in windows:
            what = "all alerts" if window.group_key == controls.ALL else str(window.group_key)
            st.html(
                f'<p class="t-note"><b>{maintenance.said(str(window.recurs))}</b>: '
                f"{escape(what)}, by <b>{escape(names.get(window.control_id, window.actor))}</b> "
                f"{_until(window.ends_at)}{status.because(window)}</p>"
            )
            if window.holds(wall_clock()):
                st.caption("It is open now.")
            _end(window, "End the series", window.control_id)


def _pause(
    title: str,
    what: str,
    text: str,
    *,
    is_paused: bool,
    scope: Callable[[str], Mapping[str, str]],
) -> None:
    with _popover(title, ":material/pause_circle:", f"pause-{what}") as form:
        if not form.open:
            return
        if is_paused:
            st.markdown("It is paused already: resume it at the top of this page.")
            return
        st.markdown(text)
        _form(
            f"form-pause-{what}",
            title,
            lambda person, until, reason, **of: controls.pause(
                Home.from_environment(), person, what, until, reason, **of
            ),
            scope,
        )


def _of_rule_and_customer(key: str) -> Mapping[str, str]:
    choices = {controls.ALL: "All rules"} | {
        row["rule_id"]: f"{rules.title(row)} ({fmt.label(row['reconciliation']).lower()})"
        for row in data.query("on_call_rules")
    }
    rule_id = st.selectbox(
        "What", list(choices), format_func=choices.__getitem__, key=f"{key}-what"
    )
    return {"rule_id": rule_id, **_of_customer(key)}


def _of_customer(key: str) -> Mapping[str, str]:
    said = st.text_input(
        "For the customer (id)",
        placeholder="all customers",
        max_chars=200,
        key=f"{key}-customer",
    )
    return {"customer_id": said.strip() or controls.ALL}
