"""A life as a page shows it: the records on its way, then what happened, moment by moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

import streamlit as st

from dashboard import address, data, events, life
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.telemetry.ids import trace_id_of

_ICONS = {
    "source": "▤", "decision": "⇄", "candidate": "?", "exception": "!", "person": "☺",
    "posting": "€", "audit": "#",
}  # fmt: skip
SCOPES = {"all": "With what its money touched", "own": "This record alone"}


def show(chosen: life.Life) -> None:
    """The records on the way, filters that live in the address, and the events."""
    if len(chosen.items) > 1:
        st.html(way_html(chosen))
    st.html(html(_filtered(chosen), chosen))
    if chosen.is_cut:
        ui.note(f"Only the first {life.MOST_EVENTS} events are shown.")


def _filtered(chosen: life.Life) -> Sequence[events.Event]:
    counts = {kind: 0 for kind in events.KINDS}
    for event in chosen.events:
        counts[event.kind] += 1
    present = [kind for kind, count in counts.items() if count]
    address.many("kind", list(events.KINDS))
    address.one("scope", list(SCOPES), "all")
    with st.container(horizontal=True, vertical_alignment="center"):
        kinds = st.pills(
            "Show",
            list(dict.fromkeys([*present, *st.session_state["kind"]])),
            selection_mode="multi",
            format_func=lambda kind: f"{events.KINDS[kind]} ({counts[kind]})",
            key="kind",
            label_visibility="collapsed",
        )
        if chosen.others:
            scope = st.segmented_control(
                "Records",
                list(SCOPES),
                format_func=SCOPES.__getitem__,
                required=True,
                key="scope",
                label_visibility="collapsed",
            )
        else:
            scope = "all"
    address.remember("kind", kinds)
    address.remember("scope", scope or "all", "all")
    own = set(chosen.own)
    return [
        event
        for event in chosen.events
        if (not kinds or event.kind in kinds)
        and (scope != "own" or not event.items or own.intersection(event.items))
    ]


def way_html(chosen: life.Life) -> str:
    """The records that the money ran through, the own ones marked."""
    steps = []
    for item in chosen.items:
        facts = chosen.facts.get(item)
        steps.append(
            f'<li class="{"own" if item in chosen.own else ""}">'
            f'<span class="t-sub">{escape(fmt.label(item[0]))}</span>'
            f"{events.item_link(item, short_name(item, facts))}"
            + (f"<b>{ui.money(facts['amount'], facts['currency'])}</b>" if facts else "")
            + (ui.status(facts["status"]) if facts and "," not in facts["status"] else "")
            + "</li>"
        )
    more = (
        f'<li class="more">and {fmt.counted(chosen.more, "more record")}</li>'
        if chosen.more
        else ""
    )
    return f'<ol class="t-way" id="way">{"".join(steps)}{more}</ol>'


def short_name(item: events.Item, facts: data.Row | None) -> str:
    """The number that people know a document by, else the last part of its id."""
    number = facts["document_number"] if facts else None
    if number and item[0] in ("invoice", "credit_memo", "vendor_invoice"):
        return str(number)
    return item[1].rpartition("/")[2] if item[0] != "ledger_entry" else item[1]


def html(told: Sequence[events.Event], chosen: life.Life) -> str:
    """Events under the moment at which they happened; particulars are folded away."""
    if not told:
        return (
            '<div class="t-empty" id="record-life">No event of this kind. Choose another one.</div>'
        )
    moments: dict[datetime | None, list[events.Event]] = {}
    for event in told:
        moments.setdefault(event.at, []).append(event)
    body = "".join(
        f"<section><h4>{_moment(at)}{_run(mine)}</h4>"
        f"<ol>{''.join(_event(event, chosen) for event in mine)}</ol></section>"
        for at, mine in moments.items()
    )
    return f'<div class="t-life" id="record-life">{body}</div>'


def _moment(at: datetime | None) -> str:
    return "At no known time" if at is None else ui.moment(at)


def _run(told: Sequence[events.Event]) -> str:
    """The run, where all events of the moment that name one name the same."""
    runs = {event.run_id for event in told if event.run_id}
    if len(runs) != 1:
        return ""
    run_id = runs.pop()
    link = ui.anchor(escape(run_id or ""), ui.link("debug", find=run_id))
    return f' <span class="t-mono" title="Trace {trace_id_of(run_id or "")}">{link}</span>'


def _event(event: events.Event, chosen: life.Life) -> str:
    is_foreign = bool(event.items) and not set(chosen.own).intersection(event.items)
    others = [item for item in event.items if item not in chosen.own]
    named = "".join(
        f"<span>{escape(fmt.label(item[0]))} "
        f"{events.item_link(item, short_name(item, chosen.facts.get(item)))}</span>"
        for item in (event.items if is_foreign or len(chosen.own) > 1 else others)[:6]
    )
    detail = (
        f"<details><summary>Particulars</summary>{event.detail}</details>" if event.detail else ""
    )
    return (
        f'<li class="{event.tone}{" foreign" if is_foreign else ""}">'
        f'<i aria-hidden="true">{_ICONS[event.kind]}</i>'
        f'<span class="t-kind">{escape(events.KINDS[event.kind])}</span>'
        f"<div><p>{event.sentence}</p>"
        + (f'<p class="t-of">{named}</p>' if named else "")
        + f"{detail}</div></li>"
    )
