"""Exceptions: the queue, and everything known about the one chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from dashboard import address, data, record, runbooks
from dashboard import components as ui
from dashboard import format as fmt

PAGE_ROWS = 50
DOWNLOAD_ROWS = 1_000_000
SORTS = {
    "priority": "Priority",
    "sla": "SLA due first",
    "amount": "Largest amount",
    "oldest": "Oldest",
    "newest": "Newest",
}
SLAS = {
    "": "Any",
    "late": "Past due",
    "soon": "Due within a day",
    "in_time": "Still in time",
    "none": "No SLA",
}
RISKS = {"": "Any", "yes": "At risk"}
SEVERITY_MARKS = {"critical": "◆", "high": "▲", "medium": "●", "low": "○"}
SEVERITY_ORDER = ("critical", "high", "medium", "low")
CSV_COLUMNS = (
    "exception_id", "priority_score", "severity", "status", "exception_type", "root_cause",
    "reconciliation", "item_type", "item_id", "customer_id", "customer", "currency", "amount",
    "reporting_currency", "base_amount", "opened_at", "age_hours", "sla_due_at", "resolved_at",
    "assigned_to", "resolution", "fingerprint", "case_id", "open_items", "detail",
    "recommendation",
)  # fmt: skip
CSV_CURRENCY = {"amount": "currency", "base_amount": "reporting_currency"}


def filters() -> dict[str, Any]:
    """The controls; every choice is in the address, so a view of the queue can be sent on."""
    facets: dict[str, dict[str, int]] = {}
    for row in data.query("exceptions_facet"):
        facets.setdefault(row["facet"], {})[row["code"]] = row["unresolved"]
    customers = {
        row["customer_id"]: row["legal_name"] for row in data.query("exceptions_customers")
    }

    def choose(facet: str, title: str, codes: Sequence[str], naming: Any = fmt.label) -> list[str]:
        counts = facets.get(facet, {})
        address.many(facet, codes)
        return st.multiselect(
            title,
            codes,
            format_func=lambda code: f"{naming(code)} ({fmt.count(counts.get(code, 0))})",
            placeholder="All unresolved" if facet == "status" else "All",
            key=facet,
        )

    address.many("customer", None)
    address.one("sla", list(SLAS), "")
    address.one("risk", list(RISKS), "")
    address.one("search", None, "")
    address.one("sort", list(SORTS), "priority")
    first = st.columns(5)
    with first[0]:
        reconciliation = choose(
            "reconciliation", "Reconciliation", list(facets.get("reconciliation", {}))
        )
    with first[1]:
        exception_type = choose("type", "Type", list(facets.get("type", {})))
    with first[2]:
        known = facets.get("severity", {})
        severity = choose("severity", "Severity", [c for c in SEVERITY_ORDER if c in known])
    with first[3]:
        status = choose("status", "Status", list(facets.get("status", {})))
    with first[4]:
        item_type = choose("item_type", "Item", list(facets.get("item_type", {})))
    second = st.columns([1.5, 1.1, 0.9, 0.9, 0.8, 1, 1])
    with second[0]:
        customer = st.multiselect(
            "Customer",
            list(dict.fromkeys([*customers, *st.session_state["customer"]])),
            format_func=lambda code: f"{customers[code]} · {code}" if customers.get(code) else code,
            placeholder="All (name or id)",
            accept_new_options=True,
            key="customer",
        )
    with second[1]:
        cause = choose("cause", "Likely cause", list(facets.get("cause", {})))
    with second[2]:
        currency = choose("currency", "Currency", list(facets.get("currency", {})), str)
    with second[3]:
        sla = st.selectbox("SLA", list(SLAS), format_func=SLAS.__getitem__, key="sla")
    with second[4]:
        risk = st.selectbox("Money", list(RISKS), format_func=RISKS.__getitem__, key="risk")
    with second[5]:
        search = st.text_input("Find", placeholder="item, customer, id", key="search")
    with second[6]:
        sort = st.selectbox("Sort by", list(SORTS), format_func=SORTS.__getitem__, key="sort")
    chosen: dict[str, Any] = {
        "reconciliation": reconciliation,
        "type": exception_type,
        "severity": severity,
        "status": status,
        "customer": customer,
        "item_type": item_type,
        "cause": cause,
        "currency": currency,
        "sla": sla or "",
        "risk": risk or "",
        "search": (search or "").strip(),
        "sort": sort or "priority",
    }
    for key, value in chosen.items():
        address.remember(key, value, "priority" if key == "sort" else "")
    return chosen


def download(chosen: dict[str, Any], reporting_currency: str) -> bytes:
    """The whole filtered queue as sanitized CSV, made when the button is pressed."""
    rows = data.stream("exceptions_queue", **chosen, limit=DOWNLOAD_ROWS, offset=0)
    return fmt.to_csv(
        ({**row, "reporting_currency": reporting_currency} for row in rows),
        CSV_COLUMNS,
        CSV_CURRENCY,
    )


def queue_frame(rows: list[data.Row], facts: data.Row) -> Styler:
    """The page of the queue: exact values below, so that a click on a header sorts them rightly,
    and text above them."""
    frame = pd.DataFrame(
        {
            "Priority": [row["priority_score"] for row in rows],
            "Severity": [
                f"{SEVERITY_MARKS.get(row['severity'], '○')} {fmt.label(row['severity'])}"
                for row in rows
            ],
            "Type": [fmt.label(row["exception_type"]) for row in rows],
            "Item": [row["item_id"] or fmt.NONE for row in rows],
            "Customer": [row["customer"] or row["customer_id"] or fmt.NONE for row in rows],
            "Amount": [row["amount"] for row in rows],
            "Reporting": [row["base_amount"] for row in rows],
            "Age": [row["age_hours"] for row in rows],
            "SLA": [row["sla_minutes_left"] for row in rows],
            "Status": [fmt.label(row["status"]) for row in rows],
            "Assigned to": [row["assigned_to"] or fmt.NONE for row in rows],
            "Reconciliation": [fmt.label(row["reconciliation"]) for row in rows],
            "Items": [row["open_items"] for row in rows],
            "Detail": [row["detail"] or fmt.NONE for row in rows],
            "What to do": [row["recommendation"] or fmt.NONE for row in rows],
        },
        dtype=object,
    )
    styler = frame.style.format(fmt.plain, subset=["Priority", "Items"], na_rep=fmt.NONE)
    styler.format(fmt.hours, subset=["Age"], na_rep=fmt.NONE)
    styler.format(
        partial(fmt.money, currency=facts["reporting_currency"]),
        subset=["Reporting"],
        na_rep=fmt.NONE,
    )
    for currency in sorted({row["currency"] for row in rows if row["currency"]}):
        of_currency = [number for number, row in enumerate(rows) if row["currency"] == currency]
        styler.format(
            partial(fmt.money, currency=currency),
            subset=pd.IndexSlice[of_currency, ["Amount"]],
            na_rep=fmt.NONE,
        )
    for is_resolved in (False, True):
        alike = [n for n, row in enumerate(rows) if (row["status"] == "resolved") is is_resolved]
        if alike:
            styler.format(
                partial(fmt.sla_clock, is_resolved=is_resolved),
                subset=pd.IndexSlice[alike, ["SLA"]],
                na_rep="no SLA",
            )
    return styler


def queue(chosen: dict[str, Any], facts: data.Row) -> None:
    """One page of the queue; choosing a row puts its id into the address."""
    page_key = ui.key("page", chosen)
    page = ui.chosen_page(page_key)
    rows = data.query("exceptions_queue", **chosen, limit=PAGE_ROWS, offset=(page - 1) * PAGE_ROWS)
    total = rows[0]["row_count"] if rows else 0
    left, right = st.columns([5, 1], vertical_alignment="center")
    if rows:
        concern = ("risk_total", "at risk") if chosen["risk"] else ("base_total", "concerned")
        left.html(
            f'<p class="t-lead" id="queue-count"><b>{fmt.counted(total, "case")}</b>, '
            f"{ui.money(rows[0][concern[0]], facts['reporting_currency'])} {concern[1]}. "
            "Choose a row to see what is known about it.</p>"
        )
    else:
        left.html('<p class="t-lead" id="queue-count"><b>0 cases</b></p>')
    right.download_button(
        "Download CSV",
        partial(download, chosen, facts["reporting_currency"]),
        file_name="tieout-exceptions.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        disabled=not rows,
        width="stretch",
    )
    if not rows:
        ui.empty("No exception fits these filters.")
        return
    identifiers = [row["exception_id"] for row in rows]
    chosen_id = st.query_params.get("exception")
    key = ui.key("queue", identifiers)

    highlighted = [identifiers.index(chosen_id)] if chosen_id in identifiers else []

    def remember() -> None:
        picked = st.session_state[key]["selection"]["rows"]
        if picked:
            st.query_params["exception"] = identifiers[picked[0]]
        else:
            st.query_params.pop("exception", None)

    st.dataframe(
        queue_frame(rows, facts),
        hide_index=True,
        height=min(36 * len(rows) + 40, 400),
        on_select=remember,
        selection_mode="single-row",
        selection_default={"selection": {"rows": highlighted}},
        key=key,
        alt="Queue of cases; choose a row to see its detail below.",
        column_config={
            "Priority": st.column_config.Column(width=70),
            "Severity": st.column_config.Column(width=95),
            "Customer": st.column_config.Column(width=190),
            "Reporting": st.column_config.Column(f"In {facts['reporting_currency']}"),
            "Age": st.column_config.Column(width=75),
            "SLA": st.column_config.Column(width=110),
        },
    )
    ui.pages(total, PAGE_ROWS, page_key)


def detail(exception_id: str, facts: data.Row) -> None:
    """Everything known about one exception, and what belongs to its case."""
    found = data.query("exception", exception=exception_id)
    if not found:
        st.header("Detail")
        ui.empty(f"The exception {exception_id} is not in this publication.")
        return
    row = found[0]
    st.header(fmt.label(row["exception_type"]), anchor="detail")
    is_resolved = row["status"] == "resolved"
    clock = fmt.sla_clock(row["sla_minutes_left"], is_resolved)
    is_late = row["sla_minutes_left"] is not None and row["sla_minutes_left"] < 0
    entries = [
        ("Severity", ui.severity(row["severity"])),
        ("Status", ui.status(row["status"])),
        ("SLA", ui.badge(clock, "bad" if is_late else "calm")),
        ("Amount", ui.money(row["amount"], row["currency"])),
        (
            f"In {facts['reporting_currency']}",
            ui.money(row["base_amount"], facts["reporting_currency"]),
        ),
        ("Item", ui.item_column().render(row)),
        ("Customer", ui.customer_column().render(row)),
        ("Tier", fmt.escaped(fmt.label(row["tier"]))),
        ("Likely cause", fmt.escaped(fmt.label(row["root_cause"]))),
        ("Reconciliation", fmt.escaped(fmt.label(row["reconciliation"]))),
        ("Opened", f"{fmt.timestamp(row['opened_at'])}"),
        ("SLA due", fmt.timestamp(row["sla_due_at"])),
        ("Assigned to", fmt.escaped(row["assigned_to"])),
        ("Who acts", fmt.escaped(fmt.label(row.get("who_acts")))),
        ("Others with this pattern", fmt.count(row["alike"])),
        ("Exception", ui.hash_text(row["exception_id"])),
    ]
    if is_resolved:
        entries += [
            ("Resolved", fmt.timestamp(row["resolved_at"])),
            ("Resolution", fmt.escaped(fmt.label(row["resolution"]))),
        ]
    ui.facts(entries)
    for sentence in (row["detail"], row["recommendation"]):
        if sentence:
            st.html(f"<p>{fmt.escaped(sentence)}</p>")
    case = data.query("exception_case", case=row["case_id"])
    if len(case) > 1:
        ui.table(
            [
                ui.item_column(),
                ui.text_column("Type", "exception_type", fmt.label),
                ui.text_column("Status", "status", fmt.label),
                ui.money_column("Amount", "amount"),
                ui.text_column("Detail", "detail", kind="w"),
            ],
            case,
            "",
            "What belongs to this case; its first row leads it, and one decision settles all.",
            name="case",
        )
    item_type, item_id = row["item_type"], row["item_id"]
    runbook, item, candidates, matches, trace = st.tabs(
        ["What to do", "Item", "Candidates", "Matches", "Trace"]
    )
    with runbook:
        runbooks.show(row["runbook"])
    if item_type is None or item_id is None:
        for tab in (item, candidates, matches, trace):
            with tab:
                ui.empty("This exception is not about a single item.")
        return
    with item:
        record.standing(item_type, item_id)
    with candidates:
        record.candidates(item_type, item_id)
    with matches:
        record.matches(item_type, item_id, record.proposed_matches(row["candidate_match_ids"]))
    with trace:
        record.trace(item_type, item_id)


def render() -> None:
    """The page."""
    st.title("Exceptions")
    facts = data.query_one("publication")
    chosen = filters()
    queue(chosen, facts)
    exception_id = st.query_params.get("exception")
    if exception_id:
        detail(exception_id, facts)


render()
