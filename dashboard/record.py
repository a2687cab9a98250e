"""The record page: what an item is, where it stands, and its life; Debug shows it the same way."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import components as ui
from dashboard import data, life, proofs, timeline
from dashboard import format as fmt


def page(item_type: str, item_id: str) -> None:
    """The whole record: what it is, where it stands, and its life."""
    chosen = life.of_item(item_type, item_id)
    facts = chosen.facts.get((item_type, item_id))
    lead = [f'{escape(fmt.label(item_type))} <b class="t-mono">{escape(item_id)}</b>']
    if facts:
        name = timeline.short_name((item_type, item_id), facts)
        lead[0] = f"{escape(fmt.label(item_type))} <b>{escape(name)}</b>"
        lead += [
            f"<b>{ui.money(facts['amount'], facts['currency'])}</b>",
            fmt.day(facts["event_date"]),
        ]
        if facts["customer"] or facts["customer_id"]:
            lead.append(fmt.escaped(facts["customer"] or facts["customer_id"]))
        if facts["memo"]:
            lead.append(f"“{fmt.escaped(facts['memo'])}”")
        if name != item_id:
            lead.append(f'id <span class="t-mono">{escape(item_id)}</span>')
    st.html(f'<p class="t-lead" id="subject">{" · ".join(lead)}</p>')
    st.header("Where it stands")
    standing(item_type, item_id)
    st.header("Its life")
    proofs.ask(chosen.sealed)
    timeline.show(chosen)


def standing(item_type: str, item_id: str) -> None:
    """The item in every reconciliation that lists it."""
    ui.table(
        [
            ui.text_column("Reconciliation", "reconciliation", fmt.label),
            ui.text_column("Side", "side", fmt.label),
            ui.text_column("Date", "event_date", fmt.day, "n"),
            ui.text_column("Match due", "due_for_match_at", fmt.day, "n"),
            ui.money_column("Amount", "amount"),
            ui.money_column("Allocated", "allocated_amount"),
            ui.money_column("Adjusted", "adjusted_amount"),
            ui.money_column("Open", "open_amount"),
            ui.Column("Status", _status, "n"),
            ui.Column("Came from", _source, "w"),
        ],
        data.query("record_items", item_type=item_type, item_id=item_id),
        "No reconciliation lists this item: it may have been replaced by a newer version.",
        "Amounts are signed by what they do to money owed or received.",
        name="record-items",
    )


def _status(row: ui.Row) -> str:
    html = ui.status(row["status"])
    if row["set_aside_reason"]:
        html += f'<span class="t-sub">{escape(fmt.label(row["set_aside_reason"]))}</span>'
    return html


def _source(row: ui.Row) -> str:
    if not row["feed"]:
        return f'<span class="t-mono">{escape(fmt.short(row["batch_id"]))}</span>'
    return f'{escape(row["feed"])}<span class="t-sub">{escape(row["file_name"] or "")}</span>'
