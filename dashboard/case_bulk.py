"""One decision for many cases: choose them, see what happens to each, do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from dashboard import components as ui
from dashboard import data
from dashboard import format as fmt
from dashboard.case_actions import decide, preview
from dashboard.case_forms import assignee, with_words
from dashboard.case_words import BULK, BUTTONS, LIKELIEST
from orchestration.review.actions import Action, Intent, Preview
from orchestration.review.people import Person

BULK_ROWS = 200
HAPPENS = "It happens with the next run."


def bulk(rows: Sequence[data.Row], person: Person, onward: Callable[[], None]) -> None:
    """One decision for many cases: choose them, see what happens to each, do it."""
    total = rows[0]["row_count"] if rows else 0
    st.html('<h2 class="x-h">Decide several cases together</h2>')
    if total > len(rows):
        ui.note(f"The first {len(rows)} of {fmt.count(total)} cases: narrow the queue for others.")
    left, right = st.columns([1, 2])
    with left:
        action = st.selectbox(
            "What to do",
            list(BULK),
            format_func=BUTTONS.__getitem__,
            index=BULK.index(_likeliest_for(rows)),
            key=f"x_bulk_{rows[0]['exception_type'] if rows else ''}",
        )
    with right:
        intent = Intent(action)
        if action is Action.ASSIGN:
            intent = replace(intent, assignee=assignee(person))
        intent = with_words(intent)
    picked = st.dataframe(
        [_line(row, len({row["exception_type"] for row in rows}) > 1) for row in rows],
        # narrow enough for a phone, where nobody scrolls sideways to see an amount
        column_config={
            "Amount": st.column_config.TextColumn(width=116, alignment="right"),
            "Case": st.column_config.TextColumn(width=190),
        },
        hide_index=True,
        height=min(36 * len(rows) + 40, 290),
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": list(range(len(rows)))}},
        key=ui.key("x-bulk", [row["case_id"] for row in rows]),
        alt="Cases to decide together; all are chosen at first.",
    )
    chosen = [rows[number] for number in picked["selection"]["rows"] if number < len(rows)]
    if not chosen:
        ui.empty("Choose the cases: tick them in the list.")
        return
    shown = preview([replace(intent, case_id=row["case_id"]) for row in chosen], person)
    if shown is None:
        return
    done, out = len(shown.plans), len(shown.problems)
    left_out = f" {fmt.counted(out, 'case')} left out, named below." if out else ""
    st.html(
        f'<p class="t-lead" id="bulk-lead"><b>{fmt.counted(done, "case")}</b>: what happens to '
        f"each is listed below; it happens with the next run.{left_out}</p>"
    )
    decide(shown, f"{BUTTONS[action]}: {fmt.counted(done, 'case')}", onward, onward)
    _bulk_tables(shown, {row["case_id"]: row for row in chosen})


def _line(row: data.Row, is_mixed: bool) -> Mapping[str, str]:
    item = row["document_number"] or row["item_id"]
    line = {
        "Case": f"{row['customer']} · {item}" if row["customer"] else str(item),
        "Amount": fmt.money(row["amount"], row["currency"]),
    }
    return {**line, "What": fmt.label(row["exception_type"])} if is_mixed else line


def _likeliest_for(rows: Sequence[data.Row]) -> Action:
    kinds = {row["exception_type"] for row in rows}
    if kinds <= {"needs_approval", "ambiguous_match"}:
        return Action.APPROVE_MATCH
    likeliest = {LIKELIEST.get(kind, Action.ASSIGN) for kind in kinds}
    return likeliest.pop() if len(likeliest) == 1 else Action.ASSIGN


def _bulk_tables(shown: Preview, names: Mapping[str, data.Row]) -> None:
    def who(case_id: str) -> str:
        row = names[case_id]
        name = row["customer"] or row["document_number"] or row["item_id"]
        target = ui.link("exceptions", exception=row["exception_id"])
        return (
            ui.anchor(escape(str(name)), target)
            + f'<span class="t-sub">{ui.money(row["amount"], row["currency"])}</span>'
        )

    ui.table(
        [
            ui.Column("Case", lambda row: who(row["case_id"]), "w"),
            ui.Column("What will happen", lambda row: _what(row["plan"]), "w"),
        ],
        [{"case_id": plan.case_id, "plan": plan} for plan in shown.plans],
        "Nothing can be done in these cases.",
        name="bulk",
    )
    if shown.problems:
        ui.table(
            [
                ui.Column("Left out", lambda row: who(row["case_id"]), "w"),
                ui.text_column("Because", "problem", kind="w"),
            ],
            [{"case_id": case_id, "problem": problem} for case_id, problem in shown.problems],
            "",
            name="left-out",
        )


def _what(plan: Any) -> str:
    sentences = [sentence for sentence in plan.sentences if sentence != HAPPENS]
    html = "<br>".join(escape(sentence) for sentence in sentences)
    if plan.second_permission is not None:
        html += "<br>" + ui.badge("a second person has to agree", "watch")
    return html
