"""A match as a balanced account: what it closes on the expected side, what on the actual side."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from dashboard import components as ui
from dashboard import data, rules
from dashboard import format as fmt


def show(match_id: str) -> None:
    """The two sides of a match with equal totals."""
    lines = data.query("matches_sides", match=match_id)
    if not lines:
        ui.empty("No items are published for this match.")
        return
    sides = {
        place: [line for line in lines if line["place"] == place] for place in ("left", "right")
    }
    columns = "".join(
        _side(title, sides[place], lines[0]["currency"])
        for place, title in (("left", "Expected"), ("right", "Actual"))
    )
    st.html(f'<div class="t-account" id="account">{columns}</div>')


def _side(title: str, lines: Sequence[ui.Row], currency: str) -> str:
    body = "".join(
        f"<tr><td>{_line(line)}</td>"
        f'<td class="r">{ui.money(line["amount"], line["currency"])}{_own(line)}</td></tr>'
        for line in lines
    )
    if not lines:
        body = '<tr><td>Nothing</td><td class="r">–</td></tr>'
    elif lines[0]["side_lines"] > len(lines):
        rest = lines[0]["side_lines"] - len(lines)
        body += f"<tr><td>and {fmt.count(rest)} more, in the total</td><td></td></tr>"
    total = ui.money(lines[0]["side_total"], currency) if lines else fmt.NONE
    return (
        f'<table class="t"><caption>{title}</caption><tbody>{body}</tbody>'
        f'<tfoot><tr><th scope="row">Total</th><td class="r"><b>{total}</b></td></tr></tfoot>'
        "</table>"
    )


def _line(line: ui.Row) -> str:
    if line["line"] == "adjustment":
        kind = line["adjustment_kind"]
        return f"<i>{escape(rules.ADJUSTMENTS.get(kind, fmt.label(kind)))}</i>"
    name = line["document_number"] or line["item_id"]
    target = ui.link("record", item_type=line["item_type"], item_id=line["item_id"])
    details = [fmt.label(line["item_type"]), fmt.day(line["event_date"])]
    details += [text for text in (line["customer"], line["memo"]) if text and text != name]
    return (
        ui.anchor(escape(name), target)
        + f'<span class="t-sub">{" · ".join(escape(text) for text in details)}</span>'
    )


def _own(line: ui.Row) -> str:
    if line["line"] == "adjustment" or line["item_currency"] == line["currency"]:
        return ""
    return f'<span class="t-sub">{ui.money(line["item_amount"], line["item_currency"])}</span>'
