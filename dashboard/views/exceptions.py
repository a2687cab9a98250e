"""Exceptions: the queue of cases at the left, the case that is open beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlencode

import streamlit as st

from dashboard import access, case_bulk, data, keys
from dashboard import case_actions as acting
from dashboard import case_queue as cases
from dashboard import case_view as view
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.home import TieoutError
from orchestration.review import inbox, views
from orchestration.review.people import Permission, Person

PAGE = "exceptions"


def lead(
    rows: Sequence[data.Row], chosen: Mapping[str, Any], decided: cases.Decided, facts: data.Row
) -> None:
    """How many cases the queue holds, how much they concern, what waits for the person."""
    count = rows[0]["row_count"] if rows else 0
    text = f"<b>{fmt.counted(count, 'case')}</b>"
    if rows:
        field, word = ("risk_total", "at risk") if chosen["risk"] else ("base_total", "concerned")
        text += f", {ui.money(rows[0][field], facts['reporting_currency'])} {word}"
    waits = []
    if decided.waiting:
        waits.append((f"{fmt.count(len(decided.waiting))} waiting for your approval", "mine"))
    if decided.pending:
        waits.append((f"{fmt.count(len(decided.pending))} decided, pending", "pending"))
    links = " · ".join(
        ui.anchor(words, ui.link("exceptions", waiting=value)) for words, value in waits
    )
    sub = f'<span class="t-sub" id="queue-decided">{links}</span>' if links else ""
    st.html(f'<p class="t-lead" id="queue-count">{text}{sub}</p>')


def more(person: Person) -> None:
    """Saved views, several cases at once, and what the keys do."""
    if person.may(Permission.DECIDE):
        st.button(
            "Decide several", icon=":material/checklist:", width="stretch", key="x-several",
            on_click=several,
        )  # fmt: skip
    st.html('<h3 class="x-h">Saved views</h3>')
    # looking makes no inbox: only somebody who acts does
    kept = views.saved(acting.home(), person, PAGE) if inbox.exists(acting.home()) else []
    for saved in kept:
        with st.container(horizontal=True, gap="xsmall"):
            st.button(
                saved.name,
                on_click=open_view,
                args=(saved.address,),
                width="stretch",
                key=f"x-view-{saved.view_id}",
            )
            st.button("", icon=":material/delete:", help=f"Delete the view {saved.name}",
                      on_click=views.delete, args=(acting.home(), person, saved.view_id),
                      key=f"x-unview-{saved.view_id}")  # fmt: skip
    name = st.text_input("Keep what is chosen now as", key="x_view_name", placeholder="A name")
    st.button(
        "Save the view",
        on_click=save_view,
        args=(person,),
        disabled=not name,
        key="x-save-view",
        width="stretch",
    )
    st.html(
        '<p class="t-note x-keys"><kbd>j</kbd> <kbd>k</kbd> next, previous · <kbd>s</kbd> skip · '
        "<kbd>a</kbd> approve · <kbd>x</kbd> reject · <kbd>m</kbd> by hand · <kbd>w</kbd> write "
        "off · <kbd>Ctrl Enter</kbd> do it · <kbd>/</kbd> find · <kbd>?</kbd> this</p>"
    )


def several() -> None:
    """Decide about several cases of what is chosen."""
    st.query_params.pop("exception", None)
    st.query_params["bulk"] = "1"


def open_view(address: str) -> None:
    """Choose what a saved view chose."""
    st.query_params.from_dict(parse_qs(address))


def save_view(person: Person) -> None:
    """Keep what is chosen under the name that was typed."""
    address = urlencode(
        [
            (key, value)
            for key in st.query_params
            if key not in ("exception", "page", "bulk")
            for value in st.query_params.get_all(key)
        ]
    )
    try:
        views.save(acting.home(), person, PAGE, st.session_state["x_view_name"], address)
    except TieoutError as error:
        acting.tell(acting.Notice("watch", str(error)))
    else:
        st.session_state["x_view_name"] = ""


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
    acting.forget_notice()
    st.query_params.pop("bulk", None)
    for key in ("exception", "page"):
        if target.get(key) and target[key] != 1:
            st.query_params[key] = str(target[key])
        else:
            st.query_params.pop(key, None)


def neighbours(
    rows: Sequence[data.Row], chosen: Mapping[str, Any], decided: cases.Decided, page: int,
    case_id: str | None,
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


def follow_keys(chosen: Mapping[str, Any], decided: cases.Decided) -> None:
    """Go where the keys lead that were pressed since the page ran, one step for each.

    A key means the case that the address names now. What a button was given when it was drawn may
    be a step behind: people press faster than pages are drawn.
    """
    pressed = keys.pressed()
    if pressed and "bulk" not in st.query_params:
        page, exception_id = cases.page_now(), st.query_params.get("exception")
        for key in pressed:
            rows = cases.rows_of(chosen, decided, page)
            case_id = _case_of(exception_id, rows)
            before, after, _ = neighbours(rows, chosen, decided, page, case_id)
            target = {"k": before, "j": after}.get(key)
            if key == "s" and case_id:
                target = next_undecided(rows, decided, case_id, page)
            if target is not None:
                page, exception_id = target["page"], target.get("exception")
        go({"exception": exception_id, "page": page})
    keys.listen()


def _case_of(exception_id: str | None, rows: Sequence[data.Row]) -> str | None:
    for row in rows:
        if row["exception_id"] == exception_id:
            return str(row["case_id"])
    case = view.load(exception_id) if exception_id else None
    return case.case_id if case else None


def walk(has_before: bool, has_after: bool, may_skip: bool = False) -> None:
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
        if has_before or has_after:
            st.button(
                "Previous",
                shortcut="k",
                disabled=not has_before,
                on_click=keys.press,
                args=("k",),
                key="x-previous",
            )
            st.button(
                "Next",
                shortcut="j",
                disabled=not has_after,
                on_click=keys.press,
                args=("j",),
                key="x-next",
            )
        if may_skip:
            st.button(
                "Skip", shortcut="s", on_click=keys.press, args=("s",), key="x-skip",
                help="To the next case that is still to be decided",
            )  # fmt: skip


def opened(
    case: view.Case, place: str, person: Person, facts: data.Row, onward: Mapping[str, Any]
) -> None:
    """The case: what can be done about it, what it is about, and everything else that is known."""
    view.head(case, place)
    may_act = person.may(Permission.DECIDE) and not case.is_resolved
    is_decided = acting.standing(case, person)
    if may_act:
        fits = acting.fitting(case, facts["as_of"])
        if is_decided:
            fits = [action for action in fits if action in acting.NOTES]
        acting.bar(case, fits, person)
        acting.panel(case, person, partial(go, onward))
    elif not case.is_resolved:
        ui.note("You may look. To act on cases takes the role analyst, approver or controller.")
    left, right = st.columns([1, 1.35], gap="medium")
    with left:
        view.left(case)
    with right:
        view.right(
            case,
            (lambda candidate: acting.for_candidate(case, candidate))
            if may_act and not is_decided
            else (lambda candidate: None),
        )
    shows: dict[str, Callable[[], None]] = {
        "What to do": lambda: view.guidance(case),
        "Customer's open items": lambda: view.customer(case),
        "History": lambda: view.history(case, acting.told(case, person)),
        "Source rows": lambda: view.sources(case),
    }
    # only the tab that is open asks for its rows; it stays open from case to case
    for tab, show in zip(
        st.tabs(list(shows), key="x_tab", on_change="rerun"), shows.values(), strict=True
    ):
        if tab.open:
            with tab:
                show()


def overview(decided: cases.Decided, facts: data.Row) -> None:
    """What the queue holds, by what is wrong and why: where to begin."""
    rows = data.query("exceptions_causes", pending=sorted({*decided.pending, *decided.waiting}))

    def target(row: ui.Row, **more: str) -> str:
        return ui.link("exceptions", type=row["exception_type"], cause=row["root_cause"], **more)

    st.html('<h2 class="x-h">Where to begin</h2>')
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
            ui.Column("In bulk", lambda row: ui.anchor("decide", target(row, bulk="1")), "n"),
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


def next_undecided(
    rows: Sequence[data.Row], decided: cases.Decided, case_id: str, page: int
) -> dict[str, Any]:
    """The case to open once this one is decided: the next without a decision, else the queue."""
    places = [row["case_id"] for row in rows]
    at = places.index(case_id) if case_id in places else -1
    for row in [*rows[at + 1 :], *rows[: max(at, 0)]]:
        if row["case_id"] not in decided.pending and row["case_id"] != case_id:
            return {"exception": row["exception_id"], "page": page}
    return {"page": page}


def render() -> None:
    """The page."""
    facts = data.query_one("publication")
    person = access.person()
    decided = acting.decided(person)
    chosen = cases.chosen_now()
    if st.session_state.pop("_page", None):
        st.query_params.pop("page", None)
    follow_keys(chosen, decided)
    page = cases.page_now()
    rows = cases.rows_of(chosen, decided, page)
    exception_id = st.query_params.get("exception")
    case = view.load(exception_id) if exception_id else None
    is_bulk = "bulk" in st.query_params and not exception_id and person.may(Permission.DECIDE)
    with st.container(key="x-open" if exception_id or is_bulk else "x-queue-only"):
        st.title("Exceptions")
        left, right = st.columns([1, 2.5], gap="medium")
        with left, st.container(key="x-left", gap="small"):
            lead(rows, chosen, decided, facts)
            cases.filters(chosen, decided, facts["reporting_currency"], partial(more, person))
            queue(rows, chosen, decided, page, case.case_id if case else None)
        with right, st.container(key="x-right"):
            if case is not None:
                before, after, place = neighbours(rows, chosen, decided, page, case.case_id)
                onward = next_undecided(rows, decided, case.case_id, page)
                walk(before is not None, after is not None, may_skip=True)
                acting.notice()
                opened(case, place, person, facts, onward)
            elif exception_id:
                walk(False, False)
                ui.empty(f"The exception {exception_id} is not in this publication.")
            elif is_bulk:
                walk(False, False)
                acting.notice()
                case_bulk.bulk(
                    cases.all_of(chosen, decided, case_bulk.BULK_ROWS), person, partial(go, {})
                )
            else:
                acting.notice()
                overview(decided, facts)


render()
