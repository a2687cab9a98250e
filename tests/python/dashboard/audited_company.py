"""The small company with matches to look into: rules in every state, adjustments, an audit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.python.dashboard import small_company
from tests.python.dashboard.small_company import AS_OF, Rows


def _rule(rule_id: str, **changes: Any) -> Mapping[str, Any]:
    return {
        "rule_id": rule_id,
        "rule_version": "1",
        "reconciliation": "invoice_to_receipt",
        "pass": "reference_in_text",
        "relation": "exact",
        "closes_by_itself": True,
        "canary_share": Decimal(1),
        "is_in_force": True,
        "pass_meaning": "A number of a document stands in the free text.",
        "relation_meaning": "Both sides are equal.",
        "certification": "by_construction",
        "is_certified": True,
        "closed_count": 3,
        "undone_count": 0,
        "audited_count": 0,
        "error_count": 0,
        "least_audited": 2995,
        "breaker_state": "closed",
        **changes,
    }


RULES = [
    _rule("certified", audited_count=3),
    _rule("lost", is_certified=False, audited_count=24, error_count=1, least_audited=4742),
    _rule("earned", certification="by_audit", audited_count=3000),
    _rule("unearned", certification="by_audit", is_certified=False, audited_count=12),
    _rule("asks", closes_by_itself=False),
    _rule("stopped", breaker_state="open", breaker_until=datetime(2026, 7, 15),
          breaker_evidence="3 of 40 closes undone"),
    _rule("tried", canary_share=Decimal("0.1")),
    _rule("tried", rule_version="2", canary_share=Decimal("0.1")),
    _rule("old", is_in_force=False),
]  # fmt: skip


def _match(match_id: str, rule: str, decision: str, amount: str, **changes: Any) -> dict[str, Any]:
    return {
        "match_id": match_id,
        "reconciliation": "invoice_to_receipt",
        "rule_id": rule,
        "rule_version": "1",
        "method": "deterministic",
        "confidence": Decimal("0.99"),
        "decision": decision,
        "explanation": f"{match_id} says what it pays.",
        "item_count": 2,
        "amount": Decimal(amount),
        "currency": "EUR",
        "difference_amount": Decimal(0),
        "decided_at": AS_OF - timedelta(days=1),
        "decided_by": "tieout",
        "run_id": small_company.RUN_ID,
        "is_live": decision in ("auto_closed", "approved"),
        **changes,
    }


MATCHES = [
    _match("m-discount", "certified", "auto_closed", "300.00", difference_amount=Decimal("-6.00"),
           adjustment_kind="discount"),
    _match("m-yen", "certified", "auto_closed", "1000", currency="JPY"),
    _match("m-lost", "lost", "auto_closed", "50.00"),
    _match("m-undone", "lost", "reversed", "75.00", reversal_reason="undone_by_a_person"),
    _match("m-waits", "asks", "suggested", "80.00"),
]  # fmt: skip


def _allocation(
    match_id: str, side: str, item_id: str, allocated: str, adjusted: str = "0", kind: str = "",
    currency: str = "EUR",
) -> Mapping[str, Any]:  # fmt: skip
    return {
        "match_id": match_id,
        "reconciliation": "invoice_to_receipt",
        "side": side,
        "item_type": "invoice" if side == "expected" else "bank_transaction",
        "item_id": item_id,
        "allocated_amount": Decimal(allocated),
        "adjusted_amount": Decimal(adjusted),
        "currency": currency,
        "match_amount": Decimal(allocated),
        "match_adjusted_amount": Decimal(adjusted),
        "match_currency": currency,
        "adjustment_kind": kind or None,
    }


ALLOCATIONS = [
    _allocation("m-discount", "expected", "INV-20", "294.00", "6.00", "discount"),
    _allocation("m-discount", "actual", "DE89/E-20", "294.00"),
    _allocation("m-yen", "expected", "INV-21", "1000", currency="JPY"),
    _allocation("m-yen", "actual", "DE89/E-21", "1000", currency="JPY"),
    _allocation("m-lost", "expected", "INV-22", "50.00"),
    _allocation("m-lost", "actual", "DE89/E-22", "50.00"),
]


def _item(
    side: str, item_id: str, customer: str, currency: str, amount: str, day: date,
    closed: str | None = None, adjusted: str = "0",
) -> Mapping[str, Any]:  # fmt: skip
    allocated = Decimal(amount if closed is None else closed)
    return {
        "reconciliation": "invoice_to_receipt",
        "side": side,
        "item_type": "invoice" if side == "expected" else "bank_transaction",
        "item_id": item_id,
        "party_id": customer,
        "event_date": day,
        "currency": currency,
        "amount": Decimal(amount),
        "allocated_amount": allocated,
        "adjusted_amount": Decimal(adjusted),
        "open_amount": Decimal(amount) - allocated - Decimal(adjusted),
        "status": "closed",
        "batch_id": "batch-1",
        "document_number": item_id.replace("INV-", "2026-00") if side == "expected" else None,
        "memo": None if side == "expected" else f"pays {item_id}",
    }


ITEMS = [
    # pays INV-2 of the small company
    _item("actual", "DE89/E-2", "C-1", "EUR", "250.00", date(2026, 6, 2)),
    _item("expected", "INV-20", "C-1", "EUR", "300.00", date(2026, 5, 2), "294.00", "6.00"),
    _item("actual", "DE89/E-20", "C-1", "EUR", "294.00", date(2026, 5, 12)),
    _item("expected", "INV-21", "C-3", "JPY", "1000", date(2026, 5, 3)),
    _item("actual", "DE89/E-21", "C-3", "JPY", "1000", date(2026, 6, 3)),
    _item("expected", "INV-22", "C-1", "EUR", "50.00", date(2026, 5, 4)),
    _item("actual", "DE89/E-22", "C-1", "EUR", "50.00", date(2026, 6, 4)),
]

SAID = [
    {
        "block": 3,
        "position": 1 + number,
        "entry_type": entry_type,
        "subject_type": "match",
        "subject_id": subject,
        "actor": actor,
        "occurred_at": AS_OF,
        "payload": payload,
        "source_hashes": [],
        "entry_hash": f"{number:02d}" * 32,
    }
    for number, (entry_type, subject, actor, payload) in enumerate(
        (
            ("match_closed", "m-undone", "tieout", '{"decision":"auto_closed"}'),
            ("match_reversed", "m-undone", "ana", '{"reason":"undone_by_a_person"}'),
            (
                "review_decision",
                "d-1",
                "ana",
                '{"action":"unmatch","comment":"<i>Wrong</i> customer","match_id":"m-undone"}',
            ),
        ),
        start=1,
    )
]


def _signed(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """An item of the small company; a credit memo lowers what is owed."""
    if item["item_type"] != "credit_memo":
        return item
    return {
        **item,
        **{name: -item[name] for name in ("amount", "allocated_amount", "open_amount")},
    }


def _invoice(invoice_id: str, item: Mapping[str, Any], due: date) -> Mapping[str, Any]:
    return {
        "invoice_id": invoice_id,
        "invoice_number": item["document_number"],
        "document_type": "invoice",
        "customer_id": item["party_id"],
        "issued_at": datetime.combine(item["event_date"], datetime.min.time()),
        "due_date": due,
        "currency": item["currency"],
        "total_amount": item["amount"],
        "matched_amount": item["allocated_amount"],
        "adjusted_amount": item["adjusted_amount"],
        "open_amount": item["open_amount"],
        "reconciliation_status": "settled",
        "days_overdue": 0,
    }


INVOICES = [
    _invoice("INV-20", ITEMS[1], date(2026, 5, 10)),
    _invoice("INV-21", ITEMS[3], date(2026, 6, 3)),
    _invoice("INV-22", ITEMS[5], date(2026, 5, 30)),
]
RECEIPTS = [
    {
        "item_type": item["item_type"],
        "item_id": item["item_id"],
        "customer_id": item["party_id"],
        "received_at": datetime.combine(item["event_date"], datetime.min.time()),
        "currency": item["currency"],
        "amount": item["amount"],
        "allocated_amount": item["allocated_amount"],
        "adjusted_amount": item["adjusted_amount"],
        "unapplied_amount": item["open_amount"],
        "reconciliation_status": "applied",
    }
    for item in ITEMS
    if item["side"] == "actual"
]

# of 47 matches the old version closes 44, the new one 41: it leaves three that the old one closes
COMPARISONS = [
    {
        "rule_id": "tried",
        "stable_version": "1",
        "canary_version": "2",
        "match_id": f"m-{number}",
        "reconciliation": "invoice_to_receipt",
        "decided_version": "2" if number % 10 == 0 else "1",
        "decision": "auto_closed",
        "amount": Decimal(100 + number),
        "difference_amount": Decimal(0),
        "currency": "EUR",
        "stable_closes": number < 44,
        "canary_closes": number < 41,
        "is_different": 41 <= number < 44,
    }
    for number in range(47)
]

PAYERS = [
    {
        "learned_key": f"{kind}/{value}",
        "key_kind": kind,
        "key_value": value,
        "customer_id": customer,
        "match_count": matches,
        "other_match_count": others,
        "first_seen_at": AS_OF - timedelta(days=9),
        "last_seen_at": AS_OF - timedelta(days=2),
        "last_match_id": match_id,
        "applies_after": applies_after,
        "status": status,
        "removed_by": "ana" if status == "removed" else None,
        "removed_at": AS_OF - timedelta(days=1) if status == "removed" else None,
    }
    for kind, value, customer, matches, others, match_id, applies_after, status in (
        ("account", "DE02HUB", "C-1", 12, 0, "m-discount", date(2026, 6, 22), "active"),
        ("name", "THE <TREASURY>", "C-1", 3, 0, "m-lost", None, "active"),
        ("account", "DE03FACTOR", "C-3", 1, 6, "m-yen", date(2026, 6, 22), "conflicting"),
        ("name", "OLD HUB", "C-3", 2, 0, "m-gone", date(2026, 6, 22), "removed"),
    )
]


def rows() -> Rows:
    """Every mart of the company."""
    small = small_company.rows()
    return {
        **small,
        "dim_rules": RULES,
        "dim_currencies": [
            {"currency": "EUR", "reporting_currency": "EUR", "rate": Decimal(1)},
            {"currency": "JPY", "reporting_currency": "EUR", "rate": Decimal("0.006")},
        ],
        "fct_matches": MATCHES,
        "fct_match_allocations": ALLOCATIONS,
        "fct_items": [*map(_signed, small["fct_items"]), *ITEMS],
        "fct_audit_sample": [
            {"match_id": match_id, "rule_id": rule, "rule_version": "1",
             "sampled_at": AS_OF - timedelta(days=1), "outcome": outcome}
            for match_id, rule, outcome in (
                ("m-discount", "certified", "confirmed"),
                ("m-lost", "lost", "open"),
                ("m-undone", "lost", "false"),
            )
        ],
        "fct_audit_log": [*small["fct_audit_log"], *SAID],
        "fct_invoices": [*small["fct_invoices"], *INVOICES],
        "fct_receipts": RECEIPTS,
        "fct_rule_comparisons": COMPARISONS,
        "dim_learned_payers": PAYERS,
    }  # fmt: skip
