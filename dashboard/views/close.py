"""Close: what stands between a month and its close, and the bank reconciliation statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial

import streamlit as st

from dashboard import address, close, data, exports
from dashboard import components as ui
from dashboard import format as fmt

_TONES: Mapping[ui.Tone, str] = {
    "good": "Ready", "watch": "Ready, with remarks", "bad": "Not ready", "calm": "Unknown",
}  # fmt: skip


def choose_period(periods: list[data.Row], default: str) -> str:
    """The period's first day as text, from the address; the last one that is over by default."""
    options = [period["period_start"].isoformat() for period in periods]
    by_day = {period["period_start"].isoformat(): period for period in periods}
    address.one("period", options, default)

    def name(day: str) -> str:
        period = by_day[day]
        running = "" if period["is_over"] else " (running)"
        return f"{close.month(period['period_start'])}{running}"

    chosen = st.selectbox("Period", options, format_func=name, key="period", width=220)
    address.remember("period", chosen, default)
    return str(chosen)


def headline(checks: list[data.Row]) -> None:
    """Whether the period can close, in one sentence."""
    tone, html = close.verdict(checks)
    st.html(
        f'<div class="e-verdict {tone}" id="verdict" role="status">'
        f"{ui.badge(_TONES[tone], tone)} <span>{html}.</span></div>"
    )


def checklist(checks: list[data.Row]) -> None:
    """Every check with its status, its figure and what that means."""
    st.header("Checklist")
    ui.table(
        [
            ui.Column("Status", lambda row: close.badge(row["status"]), "n"),
            ui.Column("Check", _title, "w"),
            ui.Column("Found", close.figure, ""),
            ui.money_column("Amount", "base_amount"),
        ],
        [_shown(row) for row in checks],
        "No check is known for this period.",
        "Amounts in the reporting currency. What blocks is set in seeds/close_checks.csv and "
        "seeds/exception_types.csv.",
        name="checks",
    )


def _shown(row: data.Row) -> data.Row:
    """A check without an amount where nothing is found."""
    has_amount = row["item_count"] and row["status"] != "not_applicable"
    return {**row, "base_amount": row["base_amount"] if has_amount else None}


def _title(row: ui.Row) -> str:
    html = f"<b>{fmt.escaped(row['title'])}</b>"
    if row["status"] in ("blocks", "watch"):
        html += f'<span class="t-sub">{fmt.escaped(row["meaning"])}</span>'
    if row["status"] == "not_applicable":
        html += '<span class="t-sub">The company has nothing of the kind yet.</span>'
    return html


def accounts(period: str) -> None:
    """The bank reconciliation statement of every account."""
    rows = data.query("close_accounts", period=period)
    st.header("Bank reconciliation", anchor="bank-reconciliations")
    if not rows:
        ui.empty(
            "No bank account is known. Land bank statements or transactions, and bank_accounts "
            "for their codes in the ledger."
        )
        return
    ui.table(
        [
            ui.Column("Account", _account, "w"),
            ui.Column("Statements", _statements, "w"),
            _balance("Balance per bank", "bank_balance"),
            _balance("At the bank only", "less_at_bank_only", _outstanding("expected", period)),
            _balance("In the books only", "in_books_only", _outstanding("actual", period)),
            _balance("Accepted", "less_accepted_difference"),
            _balance("Unexplained", "less_unexplained_difference"),
            _balance("Balance per books", "books_balance"),
        ],
        rows,
        "",
        f"As of {fmt.day(rows[0]['period_end'])}. Balance per bank, less what only the bank shows, "
        "plus what only the books show, less differences that closed matches accept, is the "
        "balance per books. The books are taken to open with the account's opening balance.",
        name="accounts",
        stacked=True,
    )


def _balance(
    header: str, field: str, target: Callable[[ui.Row], str | None] = lambda row: None
) -> ui.Column:
    """An amount of the statement; what is not in the books has none."""

    def render(row: ui.Row) -> str:
        amount: Decimal | None = row[field]
        if amount is None:
            known = "not in the books" if not row["is_in_books"] else "unknown"
            return f'<span class="t-sub">{known}</span>'
        html = ui.money(amount, row["currency"])
        return ui.anchor(html, target(row)) if amount else html

    return ui.Column(header, render, "r")


def _outstanding(side: str, period: str) -> Callable[[ui.Row], str | None]:
    return lambda row: ui.link(
        "rows", of="close_outstanding", period=period, side=side, account=row["account_id"],
        currency=row["currency"],
    )  # fmt: skip


def _account(row: ui.Row) -> str:
    name = fmt.escaped(row["account_name"] or row["account_id"])
    parts = [row["account_id"]] if row["account_name"] else []
    if row["ledger_account_code"]:
        parts.append(f"ledger {row['ledger_account_code']}")
    if row["accounts"] > 1:
        parts.append(f"{row['accounts']} accounts together")
    sub = fmt.escaped(" · ".join(parts)) if parts else ""
    return f'{name}<span class="t-sub">{sub}</span>'


def _statements(row: ui.Row) -> str:
    """Whether statements prove the balance: as shape and word."""
    if not row["statements"]:
        return ui.badge("none", "watch") + '<span class="t-sub">known from transactions only</span>'
    faults = []
    if not row["is_covered"]:
        faults.append(f"end on {fmt.day(row['covered_until'])}")
    if row["statement_gaps"]:
        faults.append(fmt.counted(row["statement_gaps"], "gap"))
    if row["statements_not_adding_up"]:
        noun = "does not add up" if row["statements_not_adding_up"] == 1 else "do not add up"
        faults.append(f"{fmt.count(row['statements_not_adding_up'])} {noun}")
    html = ui.badge(", ".join(faults), "bad") if faults else ui.badge("complete, no gap", "good")
    if row["stated_balance"] is not None:
        html += (
            f'<span class="t-sub">states {ui.money(row["stated_balance"], row["currency"])} on '
            f"{fmt.day(row['stated_on'])}{_stated(row)}</span>"
        )
    return html


def _stated(row: ui.Row) -> str:
    if row["stated_difference"] is None:
        return ""
    if not row["stated_difference"]:
        return ", as its lines make"
    return f", {fmt.money(row['stated_difference'], row['currency'], signed=True)} to its lines"


def workbook(period: str) -> bytes:
    """The checks and the bank reconciliation statements of the period."""
    amounts = dict.fromkeys(
        ("stated_balance", "stated_difference", "bank_balance", "at_bank_only", "in_books_only",
         "accepted_difference", "unexplained_difference", "books_balance"),
        "currency",
    )  # fmt: skip
    checks = close.checks(period)
    definitions = [(row["title"], row["meaning"]) for row in checks]
    names: tuple[str, ...] = (
        "period_end", "account_id", "account_name", "ledger_account_code", "currency",
        "covered_until", "statement_gaps", "statements_not_adding_up", "stated_on", *amounts,
    )  # fmt: skip
    check_names = (
        "period_end", "title", "status", "blocks_close", "item_count", "counted", "base_amount",
        "currency",
    )  # fmt: skip
    sheets = [
        exports.Sheet("Checks", exports.fields(check_names, {"base_amount": "currency"}), checks),
        exports.Sheet(
            "Bank reconciliation",
            exports.fields(names, amounts),
            data.query("close_accounts", period=period),
        ),
    ]
    title = f"Close {close.month(checks[0]['period_start'])}" if checks else "Close"
    return exports.workbook(title, definitions, sheets)


def render() -> None:
    """The page of `?period=…`."""
    row = exports.title_row("Close")
    periods = data.query("close_periods")
    checks = close.checks()
    if not periods or not checks:
        ui.empty(
            "No period is known yet. Land dated records (invoices, payments, bank lines) and start "
            "a run: tieout run."
        )
        return
    default = checks[0]["period_start"].isoformat()
    with row:
        period = choose_period(periods, default)
    checks = close.checks(period)
    with row:
        exports.bar("close", partial(workbook, period))
    headline(checks)
    checklist(checks)
    accounts(period)


render()
