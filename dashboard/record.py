"""What is known about one item, section by section: for the queue's detail and the record page."""

from __future__ import annotations

import json
from html import escape

import streamlit as st

from dashboard import components as ui
from dashboard import data
from dashboard import format as fmt


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


def candidates(item_type: str, item_id: str) -> int:
    """What was considered for the item and why it was not taken; returns how many."""
    rows = data.query("record_candidates", item_type=item_type, item_id=item_id)
    ui.table(
        [
            ui.count_column("Rank", "rank"),
            ui.Column("Candidate", _candidate, "w"),
            ui.text_column("Date", "event_date", fmt.day, "n"),
            ui.money_column("Amount", "amount"),
            ui.text_column("Customer", "customer", kind="w"),
            ui.text_column("Score", "score", _score, "r"),
            ui.Column("Evidence", _evidence, "w"),
            ui.text_column("Why not", "why_not", kind="w"),
        ],
        rows,
        "No candidate: nothing open on the other side shares a reference, "
        "or the party and amount, with this item.",
        name="record-candidates",
    )
    return len(rows)


def _candidate(row: ui.Row) -> str:
    if row["other_item_id"]:
        return ui.item_column("", "other_item_type", "other_item_id").render(row)
    match = f'<span class="t-mono">{escape(fmt.short(row["match_id"], 20))}</span>'
    return f'match {match}<span class="t-sub">{escape(row["explanation"] or "")}</span>'


def _score(value: object) -> str:
    return fmt.plain(value) if value is not None else fmt.NONE  # type: ignore[arg-type]


def _evidence(row: ui.Row) -> str:
    return "<br>".join(
        f"{escape(name)}: {escape(value)}" for name, value in fmt.pairs(row["score_parts"])
    )


def matches(item_type: str, item_id: str, proposed: list[str]) -> int:
    """Every match of the item, and those proposed for it, explained; returns how many."""
    rows = data.query("record_matches", item_type=item_type, item_id=item_id, proposed=proposed)
    if not rows:
        ui.empty("This item is in no match, and none is proposed for it.")
        return 0
    allocations = data.query("record_allocations", matches=[row["match_id"] for row in rows])
    for row in rows:
        with st.container(border=True):
            st.html(
                f'<div class="t-match">{ui.status(row["decision"])} '
                f"<b>{escape(row['explanation'] or 'No explanation was recorded.')}</b></div>"
            )
            ui.facts(
                [
                    ("Reconciliation", escape(fmt.label(row["reconciliation"]))),
                    ("Match", ui.hash_text(row["match_id"])),
                    (
                        "Rule",
                        escape(f"{fmt.label(row['rule_id'])}, v{fmt.text(row['rule_version'])}"),
                    ),
                    ("Method", escape(fmt.label(row["method"]))),
                    ("Confidence", fmt.percent(row["confidence"])),
                    ("Difference", ui.money(row["difference_amount"], row["currency"])),
                    (
                        "Decided",
                        f"{ui.moment(row['decided_at'])} by {fmt.escaped(row['decided_by'])}",
                    ),
                ]
            )
            ui.table(
                [
                    ui.text_column("Side", "side", fmt.label),
                    ui.item_column(),
                    ui.money_column("Allocated", "allocated_amount"),
                    ui.money_column("Adjusted", "adjusted_amount"),
                    ui.money_column("In the match's currency", "match_amount", "match_currency"),
                ],
                [entry for entry in allocations if entry["match_id"] == row["match_id"]],
                "No items are published for this match.",
            )
    return len(rows)


def trace(item_type: str, item_id: str) -> int:
    """The life of the item, event by event; returns how many events."""
    rows = data.query("record_trace", item_type=item_type, item_id=item_id)
    ui.table(
        [
            ui.count_column("No.", "position"),
            ui.text_column("When", "occurred_at", fmt.timestamp, "n"),
            ui.text_column("Event", "event", fmt.label),
            ui.Column("Detail", _detail, "w"),
            ui.text_column("Run", "run_id", kind="n"),
        ],
        rows,
        "No trace is published for this item.",
        name="record-trace",
    )
    return len(rows)


def _detail(row: ui.Row) -> str:
    return ", ".join(
        f'<span class="t-code">{escape(name)}</span> {escape(fmt.shorter_hash(value))}'
        for name, value in fmt.pairs(row["detail"])
    )


def exceptions(item_type: str, item_id: str) -> None:
    """The exceptions raised on the item."""
    ui.table(
        [
            ui.Column("Severity", lambda row: ui.severity(row["severity"]), "n"),
            ui.text_column(
                "Exception",
                "exception_type",
                fmt.label,
                target=lambda row: ui.link("exceptions", exception=row["exception_id"]),
            ),
            ui.text_column("Reconciliation", "reconciliation", fmt.label),
            ui.money_column("Amount", "amount"),
            ui.Column("Status", lambda row: ui.status(row["status"]), "n"),
            ui.text_column("Opened", "opened_at", fmt.timestamp, "n"),
            ui.text_column("Resolved", "resolved_at", fmt.timestamp, "n"),
            ui.text_column("Resolution", "resolution", fmt.label),
        ],
        data.query("record_exceptions", item_type=item_type, item_id=item_id),
        "No exception was ever raised on this item.",
        name="record-exceptions",
    )


def proposed_matches(candidate_match_ids: str | None) -> list[str]:
    """The match ids of an exception's JSON list; empty when there is none."""
    if not candidate_match_ids:
        return []
    return [str(match_id) for match_id in json.loads(candidate_match_ids)]
