"""Executive: how it stands, what money waits, what moved, and whether a month can close."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import charts, close, data, exports, figures, verdict
from dashboard import components as ui
from dashboard import format as fmt

BUCKETS = {
    "current": "Not due",
    "1-30": "1–30 d",
    "31-60": "31–60 d",
    "61-90": "61–90 d",
    "90+": "Over 90 d",
}
DEFINITIONS = (
    *figures.meanings().values(),
    (
        "Amounts in the reporting currency",
        "Converted at the rate of the document's day, and rounded so that all add up.",
    ),
)


def earlier_day(row: ui.Row) -> str:
    """The day that figures are compared with: `24 Jun`."""
    return f"{row['earlier_date'].day} {row['earlier_date']:%b}"


def top(row: ui.Row, success: ui.Row | None, cases: ui.Row, checks: list[data.Row]) -> None:
    """The verdict, and the four figures that it is made of."""
    st.html(
        verdict.sentence(
            [
                verdict.success(success),
                verdict.overdue(row),
                verdict.cases(cases),
                verdict.closing(checks),
            ]
        )
    )
    ui.cards(
        [
            success_card(success, earlier_day(row)),
            money_card(row, "overdue", "Overdue", "Past the due date, not paid", "rows"),
            money_card(
                row,
                "revenue_at_risk",
                "Revenue at risk",
                "Money that may not arrive, by open cases",
                "exceptions",
            ),
            cases_card(row, cases),
        ]
    )


def success_card(row: ui.Row | None, earlier: str) -> ui.Card:
    """The success rate against its goal."""
    if row is None or row["value"] is None:
        return ui.Card(
            "Success rate", "no data", "No invoice has reached its deadline yet.",
            name="card-success-rate",
        )  # fmt: skip
    change = row["value_change"]
    points = "" if change is None else f"{fmt.plain(abs(round(change * 100, 1)))} points"
    goal = "no goal set" if row["target"] is None else f"goal {fmt.percent(row['target'], 0)}"
    return ui.Card(
        "Success rate",
        fmt.percent(row["value"]),
        f"{fmt.count(row['closed'])} of {fmt.count(row['due'])} invoices due in "
        f"{row['window_days']} days; {goal}<br>"
        + verdict.moved(change and round(change, 3), points, earlier, less_is_better=False),
        "calm" if row["met"] is None else "good" if row["met"] else "bad",
        ui.link("rows", of="missed", window=row["window_days"]) if row["missed"] else None,
        f"Show the {fmt.counted(row['missed'], 'invoice')} missed",
        "card-success-rate",
    )


def money_card(row: ui.Row, field: str, title: str, meaning: str, page: str) -> ui.Card:
    """An amount of which less is better."""
    amount, change, currency = row[field], row[f"{field}_change"], row["currency"]
    size = "" if change is None else ui.rounded(abs(change), currency)
    is_rows = page == "rows"
    return ui.Card(
        title,
        ui.rounded(amount, currency),
        f"{meaning}<br>{verdict.moved(change, size, earlier_day(row))}",
        "good" if not amount else "bad" if field == "revenue_at_risk" else "watch",
        ui.link("rows", of=field) if is_rows else ui.link("exceptions", risk="yes", sort="amount"),
        "Show the invoices" if is_rows else "Show the cases",
        f"card-{field}",
    )


def cases_card(row: ui.Row, cases: ui.Row) -> ui.Card:
    """The cases past their SLA, of all that wait."""
    late = cases["exceptions_late"]
    change = row["exceptions_change"]
    size = "" if change is None else fmt.counted(abs(change), "case")
    return ui.Card(
        "Cases past their SLA",
        fmt.count(late),
        f"of {fmt.count(cases['exceptions_open'])} that wait for a person<br>"
        + verdict.moved(change, f"{size} waiting,", earlier_day(row)),
        "bad" if late else "good",
        ui.link("exceptions", sla="late", sort="sla") if late else ui.link("exceptions"),
        "Show late cases" if late else "Show the queue",
        "card-exceptions-late",
    )


def aging(row: ui.Row, levels: Mapping[str, list[data.Row]]) -> None:
    """What is owed by how late it is: a chart that leads to its rows, and the same as a table."""
    buckets = levels.get("bucket", [])
    total = levels.get("total", [{}])[0]
    currency = row["currency"]
    st.subheader(
        f"{fmt.rounded(row['overdue'], currency)} of {fmt.rounded(row['open'], currency)} "
        "open is overdue",
        anchor="aging",
    )
    if not buckets:
        ui.empty("Nothing is owed: no open invoices.")
        return
    chosen = st.vega_lite_chart(
        spec=charts.aging(levels["cell"], buckets, BUCKETS),
        width="stretch",
        on_select="rerun",
        key="aging_chart",
        alt="Bar chart of open amounts by days overdue, stacked by currency; the table below "
        "holds its figures.",
    )
    points = chosen.selection.get("bucket") or []
    if points and points[0].get("bucket") in BUCKETS:
        st.switch_page("views/rows.py", query_params={"of": "open", "bucket": points[0]["bucket"]})
    amounts = {bucket["bucket"]: bucket["base_amount"] for bucket in buckets}

    def column(title: str, field: str, link: str) -> ui.Column:
        return ui.money_column(title, field, target=lambda _: link)

    ui.table(
        [
            *(
                column(title, bucket, ui.link("rows", of="open", bucket=bucket))
                for bucket, title in BUCKETS.items()
                if bucket in amounts
            ),
            column("Open in all", "total", ui.link("rows", of="open")),
        ],
        [{**amounts, "total": total["base_amount"], "currency": currency}],
        "",
        unvalued_note(total, currency),
        name="aging",
        stacked=True,
    )


def unvalued_note(total: ui.Row, currency: str) -> str:
    """What the amounts in the reporting currency leave out."""
    text = f"In {currency}, each document at the rate of its day. Click a bar or a figure."
    if total["unvalued"]:
        left = fmt.counted(total["unvalued"], "document")
        text += f" Left out: {left} without an exchange rate within seven days."
    return text


def closing(checks: list[data.Row]) -> None:
    """Whether the last month can close, and what stands against it."""
    if not checks:
        st.subheader("Close")
        ui.empty("No period is known yet; the first run with dated records shows one.")
        return
    period = checks[0]["period_start"]
    tone, _ = close.verdict(checks)
    words: dict[ui.Tone, str] = {
        "good": "can close",
        "watch": "can close",
        "bad": "cannot close yet",
    }
    st.subheader(f"{close.month(period)} {words[tone]}", anchor="close")
    shown = [row for status in ("blocks", "watch") for row in checks if row["status"] == status]
    passed = len([row for row in checks if row["status"] == "passed"])
    ui.table(
        [
            ui.Column("Check", _check, ""),
            ui.Column("Found", close.figure, ""),
        ],
        shown,
        "Every check holds.",
        name="close",
    )
    link = ui.anchor("Show the close", ui.link("close", period=period.isoformat()))
    held = fmt.counted(passed, "check") + (" holds" if passed == 1 else " hold")
    st.html(f'<p class="t-note">{ui.badge(held, "good")} {link}</p>')


def _check(row: ui.Row) -> str:
    tone = close.STATUS[row["status"]][0]
    mark = {"bad": "✕", "watch": "▲"}[tone]
    word = close.STATUS[row["status"]][1]
    return (
        f'<span class="t-mark {tone}">{mark}</span> {fmt.escaped(row["title"])}'
        f'<span class="e-word"> ({word})</span>'
    )


def trends(success: ui.Row | None, row: ui.Row) -> None:
    """Whether it gets better: the rate, what is overdue, the queue."""
    daily = data.query("executive_trend")
    known = [day for day in daily if day["exceptions_open"] is not None]
    has_line = len(known) > 1
    first, second, *third = st.columns(3 if has_line else 2, gap="medium")
    currency = row["currency"]
    with first:
        if success is None or success["value"] is None:
            st.subheader("Success rate")
            ui.empty("No invoice has reached its reconciliation deadline yet.")
        else:
            rates = data.query("executive_success_trend", window_days=success["window_days"])
            lost = "below" if success["met"] is False else "at or above"
            goal = f", {lost} its goal" if success["target"] is not None else ""
            st.subheader(f"Success rate: {fmt.percent(success['value'])}{goal}")
            st.vega_lite_chart(
                spec=charts.over_time(
                    rates, "success_rate", lambda day: fmt.percent(day["success_rate"]),
                    title="Success rate", axis_format=".0%", target=success["target"],
                ),
                width="stretch",
                alt="Line chart of the success rate over 90 days, with its goal.",
            )  # fmt: skip
    with second:
        st.subheader(f"Overdue: {_direction(row['overdue_change'])} in a week")
        st.vega_lite_chart(
            spec=charts.over_time(
                daily, "overdue", lambda day: fmt.money(day["overdue"], day["currency"]),
                title=f"Overdue ({currency})", axis_format="~s", from_zero=True,
            ),
            width="stretch",
            alt="Line chart of what is overdue over 90 days.",
        )  # fmt: skip
    if not has_line:
        ui.note("A line of the queue is drawn from the second day of runs on.")
        return
    with third[0]:
        st.subheader(f"Queue: {_direction(row['exceptions_change'])} in a week")
        st.vega_lite_chart(
            spec=charts.over_time(
                known, "exceptions_open", lambda day: fmt.count(day["exceptions_open"]),
                title="Cases", axis_format="d", from_zero=True,
            ),
            width="stretch",
            alt="Line chart of the cases that wait.",
        )  # fmt: skip


def _direction(change: Decimal | int | None) -> str:
    if change is None:
        return "no earlier figure"
    if not change:
        return "unchanged"
    return "up, which is worse," if change > 0 else "down, which is better,"


def flow(row: ui.Row) -> None:
    """How invoiced becomes open: three figures that explain the fourth."""
    st.subheader("From invoiced to open")
    currency = row["currency"]
    lines = [
        ("Invoiced", row["invoiced"], "invoiced", ""),
        ("less matched with money", row["matched"], "matched", "−"),
        ("less closed without money", row["adjusted"], "adjusted", "−"),
    ]
    body = "".join(
        f"<tr><td>{title}</td><td class='r'>{sign}"
        f"{ui.anchor(ui.money(amount, currency), ui.link('rows', of=of))}</td></tr>"
        for title, amount, of, sign in lines
    )
    st.html(
        '<table class="t t-sum" id="table-flow"><tbody>' + body + "</tbody><tfoot><tr><th>Open</th>"
        f"<td class='r'>{ui.anchor(ui.money(row['open'], currency), ui.link('rows', of='open'))}"
        "</td></tr></tfoot></table>"
        f'<p class="t-note">Collected in the same time: '
        f"{ui.anchor(ui.money(row['collected'], currency), ui.link('rows', of='collected'))}. "
        f"Since {fmt.day(row['first_date'])}, in {fmt.escaped(currency)}.</p>"
    )


def by_currency(total: ui.Row | None) -> None:
    """The same amounts in each currency as invoiced and paid."""
    st.subheader("By currency")

    def rows_of(of: str) -> ui.Target:
        return lambda row: ui.link("rows", of=of, currency=row["currency"])

    rows = data.query("executive_by_currency")
    reporting = total["reporting_currency"] if total else ""
    columns = [
        ui.text_column("Currency", "currency", kind="n"),
        ui.money_column("Invoiced", "invoiced", target=rows_of("invoiced")),
        ui.money_column("Collected", "collected", target=rows_of("collected")),
        ui.money_column("Matched", "matched", target=rows_of("matched")),
        ui.money_column("Adjusted", "adjusted", target=rows_of("adjusted")),
        ui.money_column("Unapplied", "unapplied", target=rows_of("unapplied")),
        ui.money_column("Open", "open", target=rows_of("open")),
        ui.money_column("Overdue", "overdue", target=rows_of("overdue")),
    ]
    if total:
        columns += [
            ui.money_column(f"Open in {reporting}", "base_open", "reporting_currency"),
            ui.money_column(f"Overdue in {reporting}", "base_overdue", "reporting_currency"),
        ]
        empty = dict.fromkeys(
            ("invoiced", "collected", "matched", "adjusted", "unapplied", "open", "overdue")
        )
        rows = [
            *rows,
            {
                **empty,
                "currency": "All",
                "reporting_currency": reporting,
                "base_open": total["base_amount"],
                "base_overdue": total["base_overdue"],
            },
        ]
    ui.table(
        columns,
        rows,
        "No invoice or receipt has been loaded yet.",
        "Amounts of different currencies are never added; in the reporting currency they are.",
        name="by-currency",
        stacked=True,
    )


def risk(currency: str) -> None:
    """What unresolved cases put at risk, by type."""
    st.subheader("What is at risk, by kind of exception")

    def cases(**more: Any) -> ui.Target:
        def target(row: ui.Row) -> str | None:
            if row["kind"] == "other":
                return None
            chosen = {"type": row["exception_type"]} if row["kind"] == "type" else {}
            return ui.link("exceptions", **chosen, **more)

        return target

    def name(row: ui.Row) -> str:
        others = {"other": "All other kinds", "all": "All"}
        text = others.get(row["kind"]) or fmt.label(row["exception_type"])
        return ui.anchor(fmt.escaped(text), cases()(row))

    ui.table(
        [
            ui.Column("Exception", name),
            ui.money_column("At risk", "revenue_at_risk", target=cases(risk="yes")),
            ui.count_column("Unresolved", "exceptions", cases()),
            ui.count_column("Critical or high", "severe", cases(severity=["critical", "high"])),
            ui.count_column("Past SLA", "late", cases(sla="late")),
        ],
        [{**row, "currency": currency} for row in data.query("executive_risk")],
        "No unresolved exceptions.",
        figures.meaning("revenue_at_risk"),
        name="risk",
        stacked=True,
    )


def top_customers(reporting: str) -> None:
    """Who owes most: in all currencies together, or in one."""
    st.subheader("Customers that owe most")
    currencies = [row["currency"] for row in data.query("executive_currencies")]
    if not currencies:
        ui.empty("No customer owes anything.")
        return
    chosen = st.segmented_control(
        "Currency",
        ["", *currencies],
        default="",
        required=True,
        format_func=lambda code: code or f"All, in {reporting}",
        key="top_currency",
        label_visibility="collapsed",
    )
    ui.table(
        [
            ui.customer_column(),
            ui.text_column("Tier", "tier", fmt.label),
            ui.money_column(
                "Open",
                "open_amount",
                target=lambda row: ui.link(
                    "rows", of="open", currency=chosen, customer=row["customer_id"]
                ),
            ),
            ui.money_column(
                "Overdue",
                "overdue",
                target=lambda row: ui.link(
                    "rows", of="overdue", currency=chosen, customer=row["customer_id"]
                ),
            ),
            ui.count_column("Documents", "documents"),
            ui.text_column("Oldest overdue", "days_overdue", _days, "r"),
            ui.count_column(
                "Cases",
                "exceptions",
                lambda row: ui.link("exceptions", customer=row["customer_id"]),
            ),
        ],
        data.query("executive_top_customers", currency=chosen),
        f"No customer owes anything in {chosen}.",
        name="top-customers",
        stacked=True,
    )


def _days(value: int | None) -> str:
    return f"{value:,} d" if value and value > 0 else fmt.NONE


def reconciliations() -> None:
    """How far each reconciliation has come, by number of items."""
    st.subheader("Reconciliations")

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
        stacked=True,
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


def workbook() -> bytes:
    """The figures of the page, exact, a sheet for each table."""
    money = dict.fromkeys(
        ("invoiced", "collected", "matched", "adjusted", "open", "overdue", "unapplied",
         "open_amount"),
        "currency",
    )  # fmt: skip
    base = dict.fromkeys(("base_open", "base_overdue", "base_amount"), "reporting_currency")
    rows = data.query("executive_headline")
    currency = rows[0]["currency"] if rows else ""
    success = data.query("executive_success")
    cases = data.query_one("executive_exceptions")
    headline = [
        {"figure": fmt.label(name), "value": rows[0][name], "currency": currency}
        for name in (
            "invoiced", "collected", "matched", "adjusted", "open", "overdue", "revenue_at_risk",
            "overdue_change", "revenue_at_risk_change",
        )
        if rows
    ]  # fmt: skip
    headline += [
        {"figure": fmt.label(name), "value": value, "currency": None}
        for name, value in (
            *((name, success[0][name]) for name in ("value", "target", "closed", "due") if success),
            ("exceptions_open", cases["exceptions_open"]),
            ("exceptions_late", cases["exceptions_late"]),
        )
    ]
    levels = data.query("executive_outstanding")
    return exports.workbook(
        "Executive",
        DEFINITIONS,
        [
            exports.Sheet(
                "Headline",
                [
                    exports.Field("Figure", "figure"),
                    exports.Field("Value", "value", "currency"),
                    exports.Field("Currency", "currency"),
                ],
                headline,
            ),
            exports.Sheet(
                "Close",
                exports.fields(
                    ("period_end", "title", "status", "item_count", "counted", "base_amount",
                     "currency", "meaning"),
                    {"base_amount": "currency"},
                ),
                close.checks(),
            ),
            exports.Sheet(
                "Aging",
                exports.fields(
                    ("level", "bucket", "currency", "documents", "open_amount",
                     "reporting_currency", "base_amount", "base_overdue", "unvalued"),
                    {**money, **base},
                ),
                levels,
            ),
            exports.Sheet(
                "By currency",
                exports.fields(
                    ("currency", "invoiced", "collected", "matched", "adjusted", "unapplied",
                     "open", "overdue", "reporting_currency", "base_open", "base_overdue"),
                    {**money, **base},
                ),
                data.query("executive_by_currency"),
            ),
            exports.Sheet(
                "At risk",
                exports.fields(
                    ("exception_type", "revenue_at_risk", "currency", "exceptions", "severe",
                     "late"),
                    {"revenue_at_risk": "currency"},
                ),
                [
                    {
 **row,
 "exception_type": row["exception_type"] or row["kind"],
 "currency": currency,
}
                    for row in data.query("executive_risk")
                ],
            ),
            exports.Sheet(
                "Customers",
                exports.fields(
                    ("customer_id", "legal_name", "tier", "currency", "open_amount", "overdue",
                     "documents", "days_overdue", "exceptions"),
                    money,
                ),
                data.query("executive_top_customers", currency=""),
            ),
            exports.Sheet(
                "Success rate",
                [
                    exports.Field("Date", "as_of_date"),
                    exports.Field("Success rate", "success_rate", is_share=True),
                    exports.Field("Target", "target", is_share=True),
                ],
                data.query("executive_success_trend", window_days=success[0]["window_days"])
                if success
                else [],
            ),
            exports.Sheet(
                "Days",
                exports.fields(
                    ("as_of_date", "currency", "overdue", "exceptions_open"), money
                ),
                data.query("executive_trend"),
            ),
        ],
    )  # fmt: skip


def render() -> None:
    """The page, the most important first."""
    with exports.title_row("Executive"):
        exports.bar("executive", workbook)
    rows = data.query("executive_headline")
    if not rows:
        ui.empty("No daily figures yet; they appear with the first run that has invoices.")
        by_currency(None)
        reconciliations()
        return
    row = rows[0]
    measured = data.query("executive_success")
    success = measured[0] if measured else None
    cases = data.query_one("executive_exceptions")
    checks = close.checks()
    levels: dict[str, list[data.Row]] = {}
    for level in data.query("executive_outstanding"):
        levels.setdefault(level["level"], []).append(level)
    total = levels["total"][0] if "total" in levels else None
    top(row, success, cases, checks)
    wide, narrow = st.columns([3, 2], gap="large")
    with wide:
        aging(row, levels)
    with narrow:
        closing(checks)
    trends(success, row)
    wide, narrow = st.columns([3, 2], gap="large")
    with wide:
        risk(row["currency"])
    with narrow:
        flow(row)
    by_currency(total)
    top_customers(row["currency"])
    with st.expander("How far each reconciliation has come"):
        reconciliations()


render()
