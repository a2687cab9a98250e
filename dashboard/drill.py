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
    may give; blank filters nothing.
    """

    title: str
    query: str
    columns: Sequence[ui.Column]
    csv_columns: Sequence[str]
    fixed: Mapping[str, str] = field(default_factory=dict)
    open_parameters: Sequence[str] = ()


INVOICE_COLUMNS = (
    ui.item_column("Document"),
    ui.text_column("Number", "invoice_number"),
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


def _invoices(title: str, measure: str) -> RowSet:
    return RowSet(
        title, "rows_invoices", INVOICE_COLUMNS, INVOICE_CSV,
        {"measure": measure}, ("currency", "customer", "bucket"),
    )  # fmt: skip


def _receipts(title: str, measure: str) -> RowSet:
    return RowSet(
        title, "rows_receipts", RECEIPT_COLUMNS, RECEIPT_CSV,
        {"measure": measure}, ("currency", "customer"),
    )  # fmt: skip


ROW_SETS: Mapping[str, RowSet] = {
    "invoiced": _invoices("Invoices and credit memos", "invoiced"),
    "matched": _invoices("Invoices and credit memos with a match", "matched"),
    "adjusted": _invoices("Invoices and credit memos with an adjustment", "adjusted"),
    "open": _invoices("Open invoices and credit memos", "open"),
    "overdue": _invoices("Overdue invoices", "overdue"),
    "collected": _receipts("Receipts", "collected"),
    "unapplied": _receipts("Receipts not fully applied", "unapplied"),
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
}

CSV_CURRENCY: Mapping[str, str] = dict.fromkeys(
    (
        "amount", "total_amount", "matched_amount", "adjusted_amount", "open_amount",
        "allocated_amount", "unapplied_amount", "difference_amount",
    ),
    "currency",
)  # fmt: skip
