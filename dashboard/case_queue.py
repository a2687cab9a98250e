"""The queue of cases: what is chosen of it, its list, and the way from one case to the next.

What is chosen lives in the address, so that a view of the queue can be sent on, and the browser's
back button works: the address is followed whenever something else than this page has changed it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Any

import streamlit as st

from dashboard import access, data
from dashboard import components as ui
from dashboard import format as fmt

PAGE_ROWS = 25
DOWNLOAD_ROWS = 1_000_000
SORTS = {
    "priority": "Priority",
    "sla": "SLA due first",
    "amount": "Largest amount",
    "oldest": "Oldest",
    "newest": "Newest",
}
CHOICES: Mapping[str, Mapping[str, str]] = {
    "waiting": {
        "": "Any",
        "undecided": "Still to decide",
        "pending": "Decision pending",
        "mine": "Waits for my approval",
    },
    "sla": {
        "": "Any",
        "late": "Past due",
        "soon": "Due within a day",
        "in_time": "Still in time",
        "none": "No SLA",
    },
    "risk": {"": "Any", "yes": "At risk"},
}
CHOICE_TITLES = {"waiting": "Decision", "sla": "SLA", "risk": "Money"}
FACET_TITLES = {
    "type": "What is wrong",
    "cause": "Likely cause",
    "severity": "Severity",
    "status": "Status",
    "assigned": "Assigned to",
    "currency": "Currency",
    "reconciliation": "Reconciliation",
    "item_type": "Item",
}
SEVERITY_MARKS = {"critical": "◆", "high": "▲", "medium": "●", "low": "○"}
CSV_COLUMNS = (
    "exception_id", "priority_score", "severity", "status", "exception_type", "root_cause",
    "reconciliation", "item_type", "item_id", "document_number", "customer_id", "customer",
    "currency", "amount", "reporting_currency", "base_amount", "opened_at", "age_hours",
    "sla_due_at", "resolved_at", "assigned_to", "resolution", "fingerprint", "case_id",
    "open_items", "detail", "recommendation",
)  # fmt: skip
CSV_CURRENCY = {"amount": "currency", "base_amount": "reporting_currency"}
_AMOUNT = re.compile(r"[-−+]?[\d.,' \u00a0]*\d[\d.,]*")
_LISTS = (*FACET_TITLES, "customer")
_TEXTS = (*CHOICES, "search", "sort")
_DEFAULTS = {"sort": "priority"}


def control(key: str) -> str:
    """The widget key of a control: other pages have a `search` or `customer` of their own."""
    return f"x_{key}"


@dataclass(frozen=True)
class Decided:
    """What the review inbox says about cases: those with a pending decision, and those that wait
    for the person who looks; each with a word to show."""

    pending: Mapping[str, str] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)


def amounts(text: str) -> list[Decimal]:
    """What a text may mean as an amount: `1,234.50` and `1234,5` are one each, `1,234` is two.

    The way in which pages write amounts comes first. Empty when it is none; the sign is left out,
    for queues are searched by size.
    """
    bare = re.sub(r"^[A-Z]{3}\s+|\s+[A-Z]{3}$|[€$£¥]", "", text.strip()).strip()
    if not _AMOUNT.fullmatch(bare):
        return []
    figures = re.sub(r"[^\d.,]", "", bare)
    found: list[Decimal] = []
    for reading in (_grouped(figures, ".", ","), _grouped(figures, ",", ".")):
        try:
            amount = Decimal(reading)
        except InvalidOperation:
            continue
        if amount not in found:
            found.append(amount)
    return found


def _grouped(figures: str, point: str, separator: str) -> str:
    """The figures read with one decimal point; empty when they cannot be meant so."""
    whole, _, fraction = figures.partition(point)
    groups = whole.split(separator)
    is_grouped = len(groups) == 1 or (
        1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    )
    if not is_grouped or separator in fraction or point in fraction:
        return ""
    return f"{''.join(groups)}.{fraction}" if fraction else "".join(groups)


def chosen_now() -> dict[str, Any]:
    """What is chosen, from the controls; the address is read first where it is ahead of them."""
    for key in (*_LISTS, *_TEXTS):
        _follow(key)
    chosen: dict[str, Any] = {key: list(st.session_state[control(key)]) for key in _LISTS}
    chosen |= {key: str(st.session_state[control(key)] or "").strip() for key in _TEXTS}
    chosen["sort"] = chosen["sort"] if chosen["sort"] in SORTS else "priority"
    for key, options in CHOICES.items():
        chosen[key] = chosen[key] if chosen[key] in options else ""
    for key in (*_LISTS, *_TEXTS):
        _remember(key, chosen[key])
    st.session_state.pop("_touched", None)
    return chosen


def _follow(key: str) -> None:
    default: Any = [] if key in _LISTS else _DEFAULTS.get(key, "")
    given = st.query_params.get_all(key)
    known = st.session_state.get(f"_address_{key}")
    # What a person has just chosen wins over an address that this page has not yet rewritten.
    is_ahead = given != known and "_touched" not in st.session_state
    if control(key) not in st.session_state or is_ahead:
        st.session_state[control(key)] = (
            given if key in _LISTS else (given[-1] if given else default)
        )
    else:
        # A widget that is not shown in one run would lose its state: assigning keeps it.
        st.session_state[control(key)] = st.session_state[control(key)]


def _remember(key: str, value: Any) -> None:
    default: Any = [] if key in _LISTS else _DEFAULTS.get(key, "")
    values = [] if value == default else (list(value) if key in _LISTS else [value])
    if not values:
        st.query_params.pop(key, None)
    elif st.query_params.get_all(key) != values:
        st.query_params[key] = values
    st.session_state[f"_address_{key}"] = values


def touch() -> None:
    """A person has just used a control of the queue."""
    st.session_state["_touched"] = True
    st.session_state["_page"] = 1


def parameters(chosen: Mapping[str, Any], decided: Decided) -> dict[str, Any]:
    """The parameters that the queue's queries take."""
    search = chosen["search"].lower()
    return {
        **{key: value for key, value in chosen.items() if key not in ("search", "sort")},
        "words": search.split(),
        "amounts": [str(amount) for amount in amounts(chosen["search"])],
        "pending_cases": sorted({*decided.pending, *decided.waiting}),
        "waiting_cases": sorted(decided.waiting),
    }


def facets(chosen: Mapping[str, Any], decided: Decided) -> dict[str, dict[str, int]]:
    """For each facet, how many cases each value would leave."""
    wanted = parameters({k: v for k, v in chosen.items() if k != "sort"}, decided)
    counts: dict[str, dict[str, int]] = {}
    for row in data.query("exceptions_facet", **wanted):
        counts.setdefault(row["facet"], {})[row["code"]] = row["cases"]
    return counts


def rows_of(chosen: Mapping[str, Any], decided: Decided, page: int) -> list[data.Row]:
    """One page of the queue, from 1."""
    return data.query(
        "exceptions_queue",
        **parameters(chosen, decided),
        sort=chosen["sort"],
        limit=PAGE_ROWS,
        offset=(page - 1) * PAGE_ROWS,
    )


def all_of(chosen: Mapping[str, Any], decided: Decided, limit: int) -> list[data.Row]:
    """The first `limit` cases of the queue, whatever page is shown."""
    return data.query(
        "exceptions_queue",
        **parameters(chosen, decided),
        sort=chosen["sort"],
        limit=limit,
        offset=0,
    )


def download(chosen: Mapping[str, Any], decided: Decided, reporting_currency: str) -> bytes:
    """The whole filtered queue as sanitized CSV, made when the button is pressed."""
    rows = data.stream(
        "exceptions_queue",
        **parameters(chosen, decided),
        sort=chosen["sort"],
        limit=DOWNLOAD_ROWS,
        offset=0,
    )
    return fmt.to_csv(
        ({**row, "reporting_currency": reporting_currency} for row in rows),
        CSV_COLUMNS,
        CSV_CURRENCY,
    )


def naming(facet: str, code: str) -> str:
    """A value of a facet in words."""
    if facet == "currency":
        return code
    if facet == "assigned":
        return "Nobody" if code == "nobody" else code
    if facet == "severity":
        return f"{SEVERITY_MARKS.get(code, '○')} {fmt.label(code)}"
    return fmt.label(code)


def filters(
    chosen: Mapping[str, Any],
    decided: Decided,
    reporting_currency: str,
    more: Callable[[], None],
) -> None:
    """Find, the folded filters, the order, and chips of what is active; `more` joins the order."""
    active = active_filters(chosen)
    with st.container(horizontal=True, key="x-tools", vertical_alignment="bottom"):
        st.text_input(
            "Find",
            placeholder="Number, amount, bank text, name, id",
            key=control("search"),
            on_change=touch,
            label_visibility="collapsed",
            icon=":material/search:",
        )
        folded = st.popover(
            f"Filters ({len(active)})" if active else "Filters",
            icon=":material/filter_list:",
            key="x_filters",
            on_change="rerun",
        )
        # counting what each value would leave is work that nobody sees while it is folded
        if folded.open:
            with folded:
                controls(chosen, decided)
        with st.popover("More", help="Order, saved views, several at once, download", key="x-more"):
            st.selectbox(
                "Sort by",
                list(SORTS),
                format_func=SORTS.__getitem__,
                key=control("sort"),
                on_change=touch,
            )
            st.download_button(
                "Download CSV",
                access.for_download(download, chosen, decided, reporting_currency),
                file_name="tieout-exceptions.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
                width="stretch",
            )
            more()
    if active:
        chips(active)


def controls(chosen: Mapping[str, Any], decided: Decided) -> None:
    """The controls inside the folded filters, each value with the cases that it would leave."""
    counts = facets(chosen, decided)
    with st.container(key="x-filters"):
        left, right = st.columns(2)
        for place, (key, title) in enumerate(FACET_TITLES.items()):
            found = counts.get(key, {})
            codes = list(dict.fromkeys([*found, *chosen[key]]))
            with (left, right)[place % 2]:
                st.multiselect(
                    title,
                    codes,
                    format_func=lambda code, key=key, found=found: (
                        f"{naming(key, code)} ({fmt.count(found.get(code, 0))})"
                    ),
                    placeholder="All unresolved" if key == "status" else "All",
                    key=control(key),
                    on_change=touch,
                )
        for place, (key, options) in enumerate(CHOICES.items()):
            with (left, right)[place % 2]:
                st.selectbox(
                    CHOICE_TITLES[key],
                    list(options),
                    format_func=options.__getitem__,
                    key=control(key),
                    on_change=touch,
                )
        names = {
            row["customer_id"]: row["legal_name"] for row in data.query("exceptions_customers")
        }
        with right:
            st.multiselect(
                "Customer",
                list(dict.fromkeys([*names, *chosen["customer"]])),
                format_func=lambda code: f"{names[code]} · {code}" if names.get(code) else code,
                placeholder="All (name or id)",
                accept_new_options=True,
                key=control("customer"),
                on_change=touch,
            )


def active_filters(chosen: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """What narrows the queue now: (control, value) to the words of its chip."""
    active: dict[tuple[str, str], str] = {}
    for key in _LISTS:
        title = FACET_TITLES.get(key, "Customer")
        for code in chosen[key]:
            active[key, code] = f"{title}: {naming(key, code) if key != 'customer' else code}"
    for key, options in CHOICES.items():
        if chosen[key]:
            active[key, chosen[key]] = f"{CHOICE_TITLES[key]}: {options[chosen[key]]}"
    if chosen["search"]:
        active["search", chosen["search"]] = f"Find: {chosen['search']}"
    return active


def chips(active: Mapping[tuple[str, str], str]) -> None:
    """One button for each active filter, which takes it away, and one that takes all away."""
    with st.container(horizontal=True, key="x-chips", gap="xsmall"):
        for (key, code), words in active.items():
            st.button(
                f"{words} ✕",
                key=f"chip-{key}-{code}",
                on_click=clear,
                args=(key, code),
                help="Take this filter away",
            )
        if len(active) > 1:
            st.button("Clear all", key="chip-all", type="tertiary", on_click=clear_all)


def clear(key: str, code: str) -> None:
    """Take one value of one filter away."""
    touch()
    if key in _LISTS:
        st.session_state[control(key)] = [
            kept for kept in st.session_state[control(key)] if kept != code
        ]
    else:
        st.session_state[control(key)] = ""


def clear_all() -> None:
    """Take all filters away; the order stays."""
    touch()
    for key in _LISTS:
        st.session_state[control(key)] = []
    for key in (*CHOICES, "search"):
        st.session_state[control(key)] = ""


def page_now() -> int:
    """The page of the queue, from 1; links and the address say which."""
    given = st.query_params.get("page", "1")
    return max(1, int(given)) if given.isdecimal() else 1


def address_of(exception_id: str | None, chosen: Mapping[str, Any], page: int) -> dict[str, Any]:
    """The parameters of an address that opens a case and keeps what is chosen of the queue."""
    kept = {key: value for key, value in chosen.items() if value and value != _DEFAULTS.get(key)}
    if page > 1:
        kept["page"] = page
    return {**kept, "exception": exception_id} if exception_id else kept


def listing(
    rows: Sequence[data.Row],
    chosen: Mapping[str, Any],
    decided: Decided,
    page: int,
    open_case: str | None,
) -> None:
    """The cases of the page as a list of links: what, who, how much, how old, how it stands."""
    html = "".join(
        _card(row, ui.link("exceptions", **address_of(row["exception_id"], chosen, page)),
              decided, row["case_id"] == open_case)
        for row in rows
    )  # fmt: skip
    st.html(f'<nav class="x-list" aria-label="Queue of cases">{html}</nav>')


def _card(row: data.Row, target: str, decided: Decided, is_open: bool) -> str:
    who = row["customer"] or row["customer_id"] or row["document_number"]
    number = row["document_number"] or row["item_id"]
    # what has no customer goes by its number, and where it comes from
    what = row["item_id"].removesuffix(f"/{number}") if who == number else number
    sub = " · ".join(escape(part) for part in dict.fromkeys((who, what)) if part)
    days = row["days_old"]
    age = fmt.counted(days, "day") + " old" if days is not None and days >= 0 else ""
    mark = SEVERITY_MARKS.get(row["severity"], "○")
    return (
        f'<a class="t-link x-case{" is-open" if is_open else ""} {escape(row["severity"] or "")}" '
        f'href="{escape(target, quote=True)}"{" aria-current=true" if is_open else ""}>'
        f'<span class="x-what"><i title="{escape(fmt.label(row["severity"]))}">{mark}</i> '
        f"{escape(fmt.label(row['exception_type']))}</span>"
        f'<span class="x-amount">{ui.money(row["amount"], row["currency"])}</span>'
        f'<span class="x-who">{sub or fmt.NONE}</span>'
        f'<span class="x-state">{_clock(row)}{_standing(row, decided)}'
        f'<span class="x-age">{age}</span></span></a>'
    )


def _clock(row: data.Row) -> str:
    left = row["sla_minutes_left"]
    clock = fmt.sla_clock(left, row["status"] == "resolved")
    late = left is not None and left < 0
    return f'<span class="{"x-late" if late else "x-clock"}">{escape(clock)}</span>'


def _standing(row: data.Row, decided: Decided) -> str:
    if row["case_id"] in decided.waiting:
        return ui.badge(decided.waiting[row["case_id"]], "watch")
    if row["case_id"] in decided.pending:
        return ui.badge(decided.pending[row["case_id"]], "good", "◐")
    if row["assigned_to"]:
        return ui.badge(row["assigned_to"], "calm", "→")
    return "" if row["status"] == "open" else ui.status(row["status"])
