"""The sets of rows that numbers link to: `rows?of=<name>&<parameters>`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dashboard import components as ui
from dashboard import format as fmt


@dataclass(frozen=True)
class RowSet:
    """One kind of list: what it is called, the query behind it, and how its rows are shown.

    `fixed` are parameters that the set itself gives, `open_parameters` those that the address
    may give; blank filters nothing. The rows of some queries hold sums of the whole list
    (`totals` by currency, `base_total` in the reporting currency); those take `digits`, the minor
    digits of the reporting currency. `note` says what the sum is of.
    """

    title: str
    query: str
    columns: Sequence[ui.Column]
    csv_columns: Sequence[str]
    fixed: Mapping[str, str] = field(default_factory=dict)
    open_parameters: Sequence[str] = ()
    note: str = ""


INVOICE_COLUMNS = (
    ui.item_column("Document", number_field="invoice_number"),
    ui.customer_column(),
    ui.text_column("Issued", "issued_at", fmt.day, "n"),
    ui.text_column("Due", "due_date", fmt.day, "n"),
    ui.count_column("Days overdue", "days_overdue"),
    ui.money_column("Total", "total_amount"),
    ui.money_column("Matched", "matched_amount"),
    ui.money_column("Adjusted", "adjusted_amount"),
    ui.money_column("Open", "open_amount"),
    ui.Column("Status", lambda row: ui.status(row["reconciliation_status"]), "n"),
)
INVOICE_CSV = (
    "item_type", "item_id", "invoice_number", "customer_id", "customer", "issued_at", "due_date",
    "days_overdue", "currency", "total_amount", "matched_amount", "adjusted_amount", "open_amount",
    "reconciliation_status",
)  # fmt: skip
RECEIPT_COLUMNS = (
    ui.item_column("Receipt"),
    ui.customer_column(),
    ui.text_column("Received", "received_at", fmt.day, "n"),
    ui.money_column("Amount", "amount"),
    ui.money_column("Allocated", "allocated_amount"),
    ui.money_column("Adjusted", "adjusted_amount"),
    ui.money_column("Unapplied", "unapplied_amount"),
    ui.Column("Status", lambda row: ui.status(row["reconciliation_status"]), "n"),
)
RECEIPT_CSV = (
    "item_type", "item_id", "customer_id", "customer", "received_at", "currency", "amount",
    "allocated_amount", "adjusted_amount", "unapplied_amount", "reconciliation_status",
)  # fmt: skip
ITEM_COLUMNS = (
    ui.item_column(),
    ui.text_column("Reconciliation", "reconciliation", fmt.label),
    ui.text_column("Side", "side", fmt.label),
    ui.customer_column("Party"),
    ui.text_column("Date", "event_date", fmt.day, "n"),
    ui.text_column("Match due", "due_for_match_at", fmt.day, "n"),
    ui.money_column("Amount", "amount"),
    ui.money_column("Allocated", "allocated_amount"),
    ui.money_column("Adjusted", "adjusted_amount"),
    ui.money_column("Open", "open_amount"),
    ui.Column("Status", lambda row: ui.status(row["status"]), "n"),
    ui.text_column("Set aside because", "set_aside_reason", fmt.label),
)
ITEM_CSV = (
    "reconciliation", "side", "item_type", "item_id", "customer_id", "customer", "event_date",
    "due_for_match_at", "currency", "amount", "allocated_amount", "adjusted_amount", "open_amount",
    "status", "set_aside_reason",
)  # fmt: skip
MATCH_COLUMNS = (
    ui.text_column(
        "Match",
        "match_id",
        lambda value: fmt.short(value, 16),
        "n",
        target=lambda row: ui.link("debug", find=row["match_id"]),
    ),
    ui.text_column("Reconciliation", "reconciliation", fmt.label),
    ui.text_column("Rule", "rule_id", fmt.label),
    ui.Column("Decision", lambda row: ui.status(row["decision"]), "n"),
    ui.text_column("Explanation", "explanation", kind="w"),
    ui.count_column("Items", "item_count"),
    ui.money_column("Amount", "amount"),
    ui.money_column("Difference", "difference_amount"),
    ui.text_column("Decided", "decided_at", fmt.timestamp, "n"),
)
MATCH_CSV = (
    "match_id", "reconciliation", "rule_id", "method", "decision", "confidence", "explanation",
    "item_count", "currency", "amount", "difference_amount", "decided_at",
)  # fmt: skip


CASE_COLUMNS = (
    ui.Column("Case", lambda row: _case(row), "w"),
    ui.item_column(),
    ui.text_column("Date", "event_date", fmt.day, "n"),
    ui.money_column("Amount", "amount"),
    ui.money_column("In the reporting currency", "base_amount", "reporting_currency"),
    ui.Column("Severity", lambda row: ui.severity(row["severity"]), "n"),
    ui.text_column("What to do", "recommendation", kind="w"),
)
CASE_CSV = (
    "exception_id", "exception_type", "reconciliation", "item_type", "item_id", "customer_id",
    "customer", "event_date", "currency", "amount", "reporting_currency", "base_amount", "severity",
    "status", "detail", "recommendation",
)  # fmt: skip
_SHOWN_BY: Mapping[str, str] = {"expected": "the bank only", "actual": "the books only"}
OUTSTANDING_COLUMNS = (
    ui.item_column(),
    ui.text_column("Account", "account_id", kind="w"),
    ui.text_column("Shown by", "side", lambda side: _SHOWN_BY.get(side, fmt.label(side))),
    ui.text_column("Date", "event_date", fmt.day, "n"),
    ui.text_column("Text", "memo", kind="w"),
    ui.money_column("Outstanding", "outstanding_amount"),
    ui.money_column("In the reporting currency", "base_amount", "reporting_currency"),
    ui.Column("Status", lambda row: ui.status(row["status"]), "n"),
)
OUTSTANDING_CSV = (
    "side", "item_type", "item_id", "account_id", "event_date", "currency", "amount",
    "outstanding_amount", "reporting_currency", "base_amount", "status", "document_number", "memo",
)  # fmt: skip
CLOSE_MATCH_COLUMNS = (
    ui.Column("Match", lambda row: _match(row), "n"),
    ui.text_column("Explanation", "explanation", kind="w"),
    ui.text_column("Last item of", "completed_on", fmt.day, "n"),
    ui.Column("Standing", lambda row: ui.status(row["posting_status"] or row["decision"]), "n"),
    ui.count_column("Items", "item_count"),
    ui.money_column("Amount", "amount"),
    ui.text_column("Answer of the ledger", "last_error", kind="w"),
)
CLOSE_MATCH_CSV = (
    "match_id", "reconciliation", "rule_id", "decision", "explanation", "item_count", "currency",
    "amount", "difference_amount", "completed_on", "posting_key", "posting_status", "last_error",
)  # fmt: skip


def _case(row: ui.Row) -> str:
    target = ui.link("exceptions", exception=row["exception_id"])
    return (
        ui.anchor(fmt.escaped(fmt.label(row["exception_type"])), target)
        + f'<span class="t-sub">{fmt.escaped(row["detail"])}</span>'
    )


def _match(row: ui.Row) -> str:
    return ui.hash_text(row["match_id"])


def _invoices(title: str, measure: str, note: str) -> RowSet:
    return RowSet(
        title, "rows_invoices", INVOICE_COLUMNS, INVOICE_CSV,
        {"measure": measure}, ("currency", "customer", "bucket", "digits"), note,
    )  # fmt: skip


def _receipts(title: str, measure: str, note: str) -> RowSet:
    return RowSet(
        title, "rows_receipts", RECEIPT_COLUMNS, RECEIPT_CSV,
        {"measure": measure}, ("currency", "customer", "digits"), note,
    )  # fmt: skip


def _close_items(title: str, check: str, note: str) -> RowSet:
    return RowSet(
        title, "rows_close_items", ITEM_COLUMNS, ITEM_CSV,
        {"check": check}, ("period", "digits"), note,
    )  # fmt: skip


def _close_cases(title: str, check: str) -> RowSet:
    return RowSet(
        title, "rows_close_cases", CASE_COLUMNS, CASE_CSV,
        {"check": check}, ("period", "digits"), "without sign",
    )  # fmt: skip


def _close_matches(title: str, check: str) -> RowSet:
    return RowSet(
        title, "rows_close_matches", CLOSE_MATCH_COLUMNS, CLOSE_MATCH_CSV,
        {"check": check}, ("period",),
    )  # fmt: skip


ROW_SETS: Mapping[str, RowSet] = {
    "invoiced": _invoices("Invoices and credit memos", "invoiced", "invoiced"),
    "matched": _invoices("Invoices and credit memos with a match", "matched", "matched"),
    "adjusted": _invoices(
        "Invoices and credit memos with an adjustment", "adjusted", "closed without money"
    ),
    "open": _invoices("Open invoices and credit memos", "open", "open"),
    "overdue": _invoices("Overdue invoices", "overdue", "overdue"),
    "collected": _receipts("Receipts", "collected", "collected"),
    "unapplied": _receipts("Receipts not fully applied", "unapplied", "unapplied"),
    "items": RowSet(
        "Items", "rows_items", ITEM_COLUMNS, ITEM_CSV, {}, ("reconciliation", "side", "standing")
    ),
    "unmatched": RowSet(
        "Items open past their matching window",
        "rows_unmatched",
        ITEM_COLUMNS,
        ITEM_CSV,
        {},
        ("age", "feed"),
    ),
    "matches": RowSet(
        "Matches",
        "rows_matches",
        MATCH_COLUMNS,
        MATCH_CSV,
        {},
        ("run", "rule", "reconciliation", "decision", "method", "least", "below"),
    ),
    "missed": RowSet(
        "Invoices past their deadline, not reconciled",
        "rows_missed",
        ITEM_COLUMNS,
        ITEM_CSV,
        {},
        ("window",),
    ),
    "close_unexplained": _close_cases("Bank lines that nothing explains", "unexplained_bank_lines"),
    "close_blocking": _close_cases("Cases that block the close", "blocking_exceptions"),
    "close_past_window": _close_items(
        "Items past their window", "items_past_window", "open, without sign"
    ),
    "close_unapplied": _close_items("Unapplied receipts", "unapplied_receipts", "unapplied"),
    "close_suggestions": _close_matches("Suggested matches that wait", "suggestions_waiting"),
    "close_postings_failed": _close_matches("Postings that failed", "postings_failed"),
    "close_postings_waiting": _close_matches("Postings that wait", "postings_waiting"),
    "close_outstanding": RowSet(
        "Items on one side of the bank reconciliation only",
        "rows_close_outstanding",
        OUTSTANDING_COLUMNS,
        OUTSTANDING_CSV,
        {},
        ("period", "account", "side", "currency", "digits"),
        "signed as they lead from the bank's balance to that of the books",
    ),
}

CSV_CURRENCY: Mapping[str, str] = dict.fromkeys(
    (
        "amount", "total_amount", "matched_amount", "adjusted_amount", "open_amount",
        "allocated_amount", "unapplied_amount", "difference_amount", "outstanding_amount",
    ),
    "currency",
) | {"base_amount": "reporting_currency"}  # fmt: skip
