"""What people paused and let run again, with the proof of each change."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from dashboard import address, data, proofs, status
from dashboard import components as ui
from dashboard import format as fmt
from orchestration import controls
from orchestration.proof import Proof

PAGE_ROWS = 25
FLAGS = {"": "All"} | {what: status.PAUSED[kind] for what, kind in controls.PAUSED.items()}


def flags() -> None:
    """Every change of a flag, the newest first: who, when, why, from what to what."""
    address.one("flag", list(FLAGS), "")
    flag = st.segmented_control(
        "What", list(FLAGS), format_func=FLAGS.__getitem__, key="flag", required=True
    )
    address.remember("flag", flag or "")
    page_key = ui.key("flags-page", flag)
    rows = data.query(
        "audit_flags",
        flag=flag or "",
        limit=PAGE_ROWS,
        offset=(ui.chosen_page(page_key) - 1) * PAGE_ROWS,
    )
    total = rows[0]["row_count"] if rows else 0
    sealed = [row for row in rows if row["block"] is not None]
    proven = proofs.of(sealed)
    st.html(f'<p class="t-lead" id="flags-count"><b>{fmt.counted(total, "change")}</b></p>')
    proofs.ask(sealed)
    ui.table(
        [
            ui.Column("When", lambda row: ui.moment(row["noted_at"]), "n"),
            ui.Column("What", _what, "w"),
            ui.Column("From, to", _states, "n"),
            ui.Column("Until", _until, "n"),
            ui.Column("Who", lambda row: escape(row["person"]), "n"),
            ui.text_column("Why", "reason", kind="w"),
            ui.Column("Sealed", lambda row: _sealed(row, proven), "n"),
        ],
        rows,
        "Nobody has paused anything. On-call pauses closing, posting and issuing.",
        "Sealed: block and position in the journal, and whether the proof up to the anchor holds.",
        name="flags",
    )
    ui.pages(total, PAGE_ROWS, page_key)


def _what(row: ui.Row) -> str:
    html = escape(FLAGS[row["flag"]])
    if row["rule_id"] != controls.ALL:
        html += f'<span class="t-sub">by the rule {escape(row["rule_id"])}</span>'
    if row["customer_id"] != controls.ALL:
        name = escape(row["legal_name"] or row["customer_id"])
        link = ui.anchor(name, ui.link("customers", customer=row["customer_id"]))
        html += f'<span class="t-sub">for {link}</span>'
    return html


def _states(row: ui.Row) -> str:
    tone: ui.Tone = "watch" if row["state_after"] == "paused" else "good"
    html = f"{escape(row['state_before'])} → {ui.badge(row['state_after'], tone)}"
    return html + (ui.badge("holds now", "watch") if row["is_in_force"] else "")


def _until(row: ui.Row) -> str:
    if row["state_after"] == "running":
        return fmt.NONE
    return ui.moment(row["ends_at"]) if row["ends_at"] else "further word"


def _sealed(row: ui.Row, proven: Mapping[tuple[int, int], Proof]) -> str:
    if row["block"] is None:
        return ui.badge("not sealed", "bad")
    mark, _ = proofs.badge(proven.get((row["block"], row["position"])))
    return f"{row['block']}.{row['position']} {mark}"
