"""Executive: what is invoiced, collected, matched, open and overdue, and what is at risk."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import charts, data
from dashboard import components as ui
from dashboard import format as fmt

BUCKETS = (
    ("Not yet due", "current", "current"),
    ("1–30 days", "1-30", "1_30"),
    ("31–60 days", "31-60", "31_60"),
    ("61–90 days", "61-90", "61_90"),
    ("Over 90 days", "90+", "90"),
)


def change(amount: Decimal | None, row: ui.Row) -> str:
    """How a figure moved since the earlier date, in words."""
    if amount is None:
        return "no earlier figure"
    moved = fmt.money(amount, row["currency"], signed=True)
    return f"{moved} since {row['earlier_date'].day} {row['earlier_date']:%b}"


def headline(row: ui.Row) -> None:
    """The six amounts in the reporting currency."""
    currency = row["currency"]

    def card(title: str, field: str, tone: ui.Tone, text: str, target: str) -> ui.Card:
        return ui.Card(
            title=title,
            value=ui.money(row[field], currency),
            context=change(row[f"{field}_change"], row),
            tone=tone,
            target=target,
            link_text=f"Show {text}",
            name=f"card-{field}",
        )

    ui.cards(
        [
            card("Invoiced", "invoiced", "calm", "invoices", ui.link("rows", of="invoiced")),
            card("Collected", "collected", "calm", "receipts", ui.link("rows", of="collected")),
            card("Matched", "matched", "good", "matched", ui.link("rows", of="matched")),
            card("Open", "open", "calm", "open", ui.link("rows", of="open")),
            card("Overdue", "overdue", "watch", "overdue", ui.link("rows", of="overdue")),
            card(
                "Revenue at risk", "revenue_at_risk", "bad",
                "exceptions",
                ui.link("exceptions", risk="yes", sort="amount"),
            ),
        ]
    )  # fmt: skip


def success(row: ui.Row) -> None:
    """The success rate over time, and the exceptions with their SLA."""
    targets = data.query("executive_success_target")
    target = targets[0]["target"] if targets else None
    trend = data.query("executive_success_trend")
    exceptions = data.query_one("executive_exceptions")
    left, right = st.columns([2, 1], gap="medium")
    with left:
        st.header("Reconciliation success rate")
        if trend:
            st.vega_lite_chart(charts.rate_over_time(trend, target), width="stretch")
            ui.note(
                "The share of invoices closed by their reconciliation deadline"
                + (f"; the dashed line is the target of {fmt.percent(target)}." if target else ".")
            )
        else:
            ui.empty("No invoice has reached its reconciliation deadline yet.")
    with right:
        st.header("Now")
        ui.cards(
            [
                ui.Card(
                    "Success rate",
                    fmt.percent(row["success_rate"]),
                    f"target {fmt.percent(target)}" if target else "no target set",
                    _rate_tone(row["success_rate"], target),
                    name="card-success-rate",
                ),
                ui.Card(
                    "Exceptions open",
                    fmt.count(exceptions["exceptions_open"]),
                    f"{fmt.count(exceptions['exceptions_in_sla'])} inside their SLA",
                    "calm",
                    ui.link("exceptions"),
                    "Show the queue",
                    "card-exceptions-open",
                ),
                ui.Card(
                    "Past their SLA",
                    fmt.count(exceptions["exceptions_late"]),
                    "need a person first",
                    "bad" if exceptions["exceptions_late"] else "good",
                    ui.link("exceptions", sla="late", sort="sla"),
                    "Show late exceptions",
                    "card-exceptions-late",
                ),
            ],
            stacked=True,
        )


def _rate_tone(rate: Decimal | None, target: Decimal | None) -> ui.Tone:
    if rate is None or target is None:
        return "calm"
    return "good" if rate >= target else "bad"


def by_currency() -> None:
    """The same amounts in each currency as invoiced and paid."""
    st.header("By currency")

    def rows_of(of: str) -> ui.Target:
        return lambda row: ui.link("rows", of=of, currency=row["currency"])

    ui.table(
        [
            ui.text_column("Currency", "currency", kind="n"),
            ui.money_column("Invoiced", "invoiced", target=rows_of("invoiced")),
            ui.money_column("Collected", "collected", target=rows_of("collected")),
            ui.money_column("Matched", "matched", target=rows_of("matched")),
            ui.money_column("Adjusted", "adjusted", target=rows_of("adjusted")),
            ui.money_column("Open", "open", target=rows_of("open")),
            ui.money_column("Overdue", "overdue", target=rows_of("overdue")),
            ui.money_column("Unapplied receipts", "unapplied", target=rows_of("unapplied")),
        ],
        data.query("executive_by_currency"),
        "No invoice or receipt has been loaded yet.",
        "Credit memos are subtracted; drafts, void documents and duplicates do not count. "
        "Amounts of different currencies are never added.",
        name="by-currency",
    )


def _bucket_rows(bucket: str) -> ui.Target:
    return lambda row: ui.link("rows", of="open", currency=row["currency"], bucket=bucket)


def aging() -> None:
    """What is owed by how late it is."""
    st.header("Aging of open invoices")
    ui.table(
        [
            ui.text_column("Currency", "currency", kind="n"),
            *(
                ui.money_column(
                    title,
                    f"amount_{field}",
                    target=_bucket_rows(bucket),
                    share_field=f"bar_{field}",
                )
                for title, bucket, field in BUCKETS
            ),
            ui.money_column(
                "Open in all",
                "open_amount",
                target=lambda row: ui.link("rows", of="open", currency=row["currency"]),
            ),
        ],
        data.query("executive_aging"),
        "Nothing is owed: no open invoices.",
        "Bars compare the buckets of one currency.",
        name="aging",
    )


def risk(currency: str | None) -> None:
    """What unresolved exceptions put at risk, by type."""
    st.header("What is at risk, by kind of exception")
    ui.table(
        [
            ui.text_column(
                "Exception",
                "exception_type",
                fmt.label,
                target=lambda row: ui.link("exceptions", type=row["exception_type"]),
            ),
            ui.count_column(
                "Unresolved",
                "exceptions",
                lambda row: ui.link("exceptions", type=row["exception_type"]),
            ),
            ui.count_column(
                "Critical or high",
                "severe",
                lambda row: ui.link(
                    "exceptions", type=row["exception_type"], severity=["critical", "high"]
                ),
            ),
            ui.count_column(
                "Past SLA",
                "late",
                lambda row: ui.link("exceptions", type=row["exception_type"], sla="late"),
            ),
            ui.money_column("Amount concerned", "base_amount"),
        ],
        [{**row, "currency": currency} for row in data.query("executive_risk")],
        "No unresolved exceptions.",
        "Amounts are converted to the reporting currency, without their sign.",
        name="risk",
    )


def top_customers() -> None:
    """Who owes most, in one currency at a time."""
    st.header("Customers that owe most")
    currencies = [row["currency"] for row in data.query("executive_currencies")]
    if not currencies:
        ui.empty("No customer owes anything.")
        return
    chosen = st.segmented_control(
        "Currency", currencies, default=currencies[0], required=True, key="top_currency"
    )
    ui.table(
        [
            ui.customer_column(),
            ui.text_column("Tier", "tier", fmt.label),
            ui.money_column(
                "Open",
                "open_amount",
                target=lambda row: ui.link(
                    "rows", of="open", currency=row["currency"], customer=row["customer_id"]
                ),
            ),
            ui.money_column(
                "Overdue",
                "overdue",
                target=lambda row: ui.link(
                    "rows", of="overdue", currency=row["currency"], customer=row["customer_id"]
                ),
            ),
            ui.count_column("Documents", "documents"),
            ui.text_column("Oldest overdue", "days_overdue", _days, "r"),
            ui.count_column(
                "Exceptions",
                "exceptions",
                lambda row: ui.link("exceptions", customer=row["customer_id"]),
            ),
        ],
        data.query("executive_top_customers", currency=chosen),
        f"No customer owes anything in {chosen}.",
        name="top-customers",
    )


def _days(value: int | None) -> str:
    return f"{value:,} d" if value and value > 0 else fmt.NONE


def reconciliations() -> None:
    """How far each reconciliation has come, by number of items."""
    st.header("Reconciliations")

    def rows_of(standing: str) -> ui.Target:
        return lambda row: ui.link(
            "rows", of="items", reconciliation=row["reconciliation"], side=row["side"],
            standing=standing,
        )  # fmt: skip

    ui.table(
        [
            ui.Column("Reconciliation", _standing),
            ui.text_column("Side", "side", fmt.label),
            ui.count_column("Items", "items", rows_of("")),
            ui.count_column("Closed", "closed", rows_of("closed")),
            ui.Column("Closed share", lambda row: _share(row["closed_share"]), "r"),
            ui.count_column("Open", "open", rows_of("open")),
            ui.count_column("In review", "in_review", rows_of("in_review")),
            ui.count_column("Set aside", "set_aside", rows_of("set_aside")),
        ],
        data.query("executive_reconciliations"),
        "No reconciliation is known.",
        "Items set aside (duplicates, drafts, own transfers, …) do not count in the share.",
        name="reconciliations",
    )


def _standing(row: Mapping[str, Any]) -> str:
    """The name of a reconciliation, and what an inactive one waits for."""
    if row["why_inactive"] is None:
        return fmt.escaped(row["title"])
    return (
        fmt.escaped(row["title"])
        + f'<span class="t-sub">inactive: {fmt.escaped(row["why_inactive"])}</span>'
    )


def _share(value: float | None) -> str:
    if value is None:
        return fmt.NONE
    return (
        fmt.percent(Decimal(str(value)))
        + f'<span class="t-bar"><i style="width:{100 * value:.0f}%"></i></span>'
    )


def render() -> None:
    """The page."""
    st.title("Executive")
    rows = data.query("executive_headline")
    if not rows:
        ui.empty("No daily figures yet; they appear with the first run that has invoices.")
    else:
        headline(rows[0])
        success(rows[0])
    by_currency()
    aging()
    risk(rows[0]["currency"] if rows else None)
    top_customers()
    reconciliations()


render()
