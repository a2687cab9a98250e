"""Exceptions: the queue of cases at the left, the case that is open beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import case_queue as cases
from dashboard import case_view as view
from dashboard import components as ui
from dashboard import data
from dashboard import format as fmt


def lead(rows: Sequence[data.Row], chosen: Mapping[str, Any], facts: data.Row) -> None:
    """How many cases the queue holds and how much they concern."""
    if not rows:
        st.html('<p class="t-lead" id="queue-count"><b>0 cases</b></p>')
        return
    concern = ("risk_total", "at risk") if chosen["risk"] else ("base_total", "concerned")
    st.html(
        f'<p class="t-lead" id="queue-count"><b>{fmt.counted(rows[0]["row_count"], "case")}</b>, '
        f"{ui.money(rows[0][concern[0]], facts['reporting_currency'])} {concern[1]}</p>"
    )


def queue(
    rows: Sequence[data.Row],
    chosen: Mapping[str, Any],
    decided: cases.Decided,
    page: int,
    open_case: str | None,
) -> None:
    """One page of the queue as a list."""
    if not rows:
        ui.empty("No exception fits these filters.")
        return
    with st.container(key="x-scroll"):
        cases.listing(rows, chosen, decided, page, open_case)
    total = rows[0]["row_count"]
    if total > cases.PAGE_ROWS:
        count = -(-total // cases.PAGE_ROWS)
        st.pagination(
            count, key=ui.key("page", chosen), default=min(page, count), on_change=turn,
            args=(ui.key("page", chosen),), max_visible_pages=5,
        )  # fmt: skip


def turn(key: str) -> None:
    """Another page of the queue."""
    st.query_params["page"] = str(st.session_state[key])


def go(target: Mapping[str, Any]) -> None:
    """Open another case, or the queue alone."""
    for key in ("exception", "page"):
        if target.get(key) and target[key] != 1:
            st.query_params[key] = str(target[key])
        else:
            st.query_params.pop(key, None)


def neighbours(
    rows: Sequence[data.Row], chosen: Mapping[str, Any], decided: cases.Decided, page: int,
    case_id: str,
) -> tuple[dict[str, Any] | None, dict[str, Any] | None, str]:  # fmt: skip
    """The addresses of the case before and after the open one, and its place in words."""
    places = [row["case_id"] for row in rows]
    if case_id not in places:
        first = rows[0] if rows else None
        target = {"exception": first["exception_id"], "page": page} if first else None
        return None, target, ""
    at = places.index(case_id)
    total = rows[0]["row_count"]
    before = after = None
    if at > 0:
        before = {"exception": rows[at - 1]["exception_id"], "page": page}
    elif page > 1:
        earlier = cases.rows_of(chosen, decided, page - 1)
        before = {"exception": earlier[-1]["exception_id"], "page": page - 1} if earlier else None
    if at + 1 < len(rows):
        after = {"exception": rows[at + 1]["exception_id"], "page": page}
    elif rows[at]["place"] < total:
        later = cases.rows_of(chosen, decided, page + 1)
        after = {"exception": later[0]["exception_id"], "page": page + 1} if later else None
    return before, after, f"case {fmt.count(rows[at]['place'])} of {fmt.count(total)}"


def walk(before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    """The way back, and to the cases before and after."""
    with st.container(horizontal=True, key="x-walk", gap="xsmall"):
        st.button(
            "Queue",
            icon=":material/arrow_back:",
            on_click=go,
            args=({},),
            key="x-back",
            type="tertiary",
        )
        st.button(
            "Previous",
            shortcut="k",
            disabled=before is None,
            on_click=go,
            args=(before or {},),
            key="x-previous",
        )
        st.button("Next", shortcut="j", disabled=after is None, on_click=go, args=(after or {},),
                  key="x-next")  # fmt: skip


def opened(case: view.Case, place: str) -> None:
    """The case: what it is about, what could explain it, and everything else that is known."""
    view.head(case, place)
    left, right = st.columns([1, 1.35], gap="medium")
    with left:
        view.left(case)
    with right:
        view.right(case, lambda candidate: None)
    todo, customer, history, sources = st.tabs(
        ["What to do", "Customer's open items", "History", "Source rows"]
    )
    with todo:
        view.guidance(case)
    with customer:
        view.customer(case)
    with history:
        view.history(case, [])
    with sources:
        view.sources(case)


def overview(decided: cases.Decided, facts: data.Row) -> None:
    """What the queue holds, by what is wrong and why: where to begin."""
    rows = data.query("exceptions_causes", pending=sorted(decided.pending))

    def target(row: ui.Row) -> str:
        return ui.link("exceptions", type=row["exception_type"], cause=row["root_cause"])

    st.html('<h3 class="x-h">Where to begin</h3>')
    ui.table(
        [
            ui.Column("What is wrong", lambda row: _problem(row, target(row)), "w"),
            ui.count_column("Cases", "cases", target),
            ui.Column("Late", lambda row: ui.badge(str(row["late"]), "bad") if row["late"] else "0",
                      "r"),
            ui.Column(
                f"Concerned, {facts['reporting_currency']}",
                lambda row: fmt.number(row["base_amount"], facts["reporting_currency"]),
                "r",
            ),
            ui.text_column("Who acts", "who_acts", fmt.label),
        ],
        rows,
        "Nothing is open: every item is matched, or within its time.",
        "The most pressing kind first: the sum of its cases' priorities.",
        name="causes",
    )  # fmt: skip


def _problem(row: ui.Row, target: str) -> str:
    return (
        ui.anchor(fmt.escaped(fmt.label(row["exception_type"])), target)
        + f'<span class="t-sub">{fmt.escaped(fmt.label(row["root_cause"]))}</span>'
    )


def render() -> None:
    """The page."""
    facts = data.query_one("publication")
    decided = cases.Decided()
    chosen = cases.chosen_now()
    if st.session_state.pop("_page", None):
        st.query_params.pop("page", None)
    page = cases.page_now()
    rows = cases.rows_of(chosen, decided, page)
    exception_id = st.query_params.get("exception")
    case = view.load(exception_id) if exception_id else None
    is_open = bool(exception_id)
    with st.container(key="x-open" if is_open else "x-queue-only"):
        st.title("Exceptions")
        left, right = st.columns([1, 2.5], gap="medium")
        with left, st.container(key="x-left", gap="small"):
            lead(rows, chosen, facts)
            cases.filters(chosen, decided, facts["reporting_currency"])
            queue(rows, chosen, decided, page, case.case_id if case else None)
        with right, st.container(key="x-right"):
            if case is not None:
                before, after, place = neighbours(rows, chosen, decided, page, case.case_id)
                walk(before, after)
                opened(case, place)
            elif exception_id:
                walk(None, None)
                ui.empty(f"The exception {exception_id} is not in this publication.")
            else:
                overview(decided, facts)


render()
