"""A publication small enough to be checked by eye, awkward enough to matter.

Three currencies with 0, 2 and 3 minor digits, credit memos, a customer whose name is a formula and
one whose name is HTML, exceptions inside and past their SLA, quarantine with and without a mend.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration import progress, run_records
from orchestration.home import Home

AS_OF = datetime(2026, 7, 1, 6, 0)
RUN_ID = "run-00000000000000aa"

Rows = dict[str, list[Mapping[str, Any]]]

LONG_NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH"
FORMULA_NAME = '=HYPERLINK("http://example.com";"pay me")'
HTML_NAME = "<b>Bold</b> & Sons"


def _invoice(
    number: int, customer: str, currency: str, total: str, open_amount: str, status: str,
    overdue: int, document_type: str = "invoice",
) -> Mapping[str, Any]:  # fmt: skip
    return {
        "invoice_id": f"INV-{number}",
        "invoice_number": f"2026-{number:04d}",
        "document_type": document_type,
        "customer_id": customer,
        "issued_at": datetime(2026, 5, 1, 9) + timedelta(days=number),
        "due_date": date(2026, 7, 1) - timedelta(days=overdue),
        "currency": currency,
        "total_amount": Decimal(total),
        "matched_amount": Decimal(total) - Decimal(open_amount),
        "adjusted_amount": Decimal(0),
        "open_amount": Decimal(open_amount),
        "reconciliation_status": status,
        "days_overdue": overdue,
        "source_batch_id": "batch-1",
    }


def _exception(
    number: int, item_type: str, item_id: str, customer: str | None, currency: str, amount: str,
    **other: Any,
) -> Mapping[str, Any]:  # fmt: skip
    return {
        "exception_id": f"exc-{number}",
        "reconciliation": "invoice_to_receipt",
        "exception_type": "unmatched_past_window",
        "root_cause": "unknown",
        "item_type": item_type,
        "item_id": item_id,
        "customer_id": customer,
        "amount": Decimal(amount),
        "currency": currency,
        "base_amount": Decimal(amount),
        "opened_at": AS_OF - timedelta(hours=30 * number),
        "age_hours": 30 * number,
        "severity": "medium",
        "priority_score": Decimal(100 - number),
        "status": "open",
        "sla_due_at": AS_OF + timedelta(hours=20),
        "candidate_match_ids": "[]",
        "fingerprint": "pattern-1",
        "runbook": "orchestration/runbooks/unmatched_past_window.md",
        "case_id": f"case-{number}",
        "is_case_lead": True,
        "detail": f"{item_type} {item_id} over {amount} {currency} waits.",
        "recommendation": f"Look at {item_id}.",
        "revenue_at_risk": Decimal(amount) if item_type == "invoice" else Decimal(0),
        **other,
    }


def blocks(count: int) -> list[Mapping[str, Any]]:
    """A valid chain of sealed blocks of one entry each, by the audit recipe."""
    chain: list[Mapping[str, Any]] = []
    previous = "0" * 64
    for number in range(1, count + 1):
        sealed_at = AS_OF - timedelta(days=count - number)
        root = hashlib.sha256(str(number).encode()).hexdigest()
        canonical = (
            f'{{"block":"{number}","entry_count":"1","run_id":"{RUN_ID}",'
            f'"sealed_at":"{sealed_at:%Y-%m-%dT%H:%M:%S.%f}Z"}}'
        )
        digest = hashlib.sha256(f"{previous}\n{root}\n{canonical}".encode()).hexdigest()
        chain.append(
            {
                "block": number,
                "run_id": RUN_ID,
                "sealed_at": sealed_at,
                "entry_count": 1,
                "root_hash": root,
                "previous_hash": previous,
                "block_hash": digest,
            }
        )
        previous = digest
    return chain


def note(home: Path, notice: run_records.NoticeRecord) -> None:
    """A run that publishes, and notices something beside its data."""
    with run_records.recording(Home(home), "schedule"):
        for step in (run_records.LANDING, run_records.PUBLISHING):
            with progress.current().step(step):
                pass
        run_records.note_notice(Home(home), notice)


def rows(run_id: str = RUN_ID) -> Rows:
    """Every mart of the small company."""
    invoices = [
        _invoice(1, "C-1", "EUR", "1000.50", "1000.50", "open", 40),
        _invoice(2, "C-1", "EUR", "250.00", "0.00", "settled", 0),
        _invoice(3, "C-2", "EUR", "80.00", "80.00", "open", 0, "credit_memo"),
        _invoice(4, "C-3", "JPY", "120000", "120000", "open", 100),
        _invoice(5, "C-4", "BHD", "10.125", "4.125", "partially_matched", 5),
        _invoice(6, "C-1", "EUR", "9999.99", "9999.99", "draft", 0),
    ]
    items: list[Mapping[str, Any]] = [
        {
            "reconciliation": "invoice_to_receipt",
            "side": "expected",
            "item_type": invoice["document_type"],
            "item_id": invoice["invoice_id"],
            "party_id": invoice["customer_id"],
            "event_date": invoice["issued_at"].date(),
            "currency": invoice["currency"],
            "amount": invoice["total_amount"],
            "allocated_amount": invoice["matched_amount"],
            "adjusted_amount": Decimal(0),
            "open_amount": invoice["open_amount"],
            "status": "closed" if not invoice["open_amount"] else "open",
            "due_for_match_at": AS_OF - timedelta(days=3),
            "batch_id": "batch-1",
        }
        for invoice in invoices
        if invoice["reconciliation_status"] != "draft"
    ]
    items.append(
        {
            "reconciliation": "invoice_to_receipt",
            "side": "actual",
            "item_type": "bank_transaction",
            "item_id": "DE89/E-7",
            "party_id": None,
            "event_date": date(2026, 6, 20),
            "currency": "EUR",
            "amount": Decimal("1000.00"),
            "allocated_amount": Decimal(0),
            "adjusted_amount": Decimal(0),
            "open_amount": Decimal("1000.00"),
            "status": "in_review",
            "due_for_match_at": AS_OF + timedelta(days=3),
            "batch_id": "batch-2",
            "document_number": "MUSTER & SOEHNE",
            "memo": "Rechnung <2026-0001>",
            "row_hash": "a" * 64,
        }
    )
    return {
        "fct_runs": [
            {
                "run_id": run_id,
                "as_of": AS_OF,
                "started_at": AS_OF,
                "finished_at": AS_OF + timedelta(seconds=42),
                "trigger": "schedule",
                "engine": "duckdb",
                "rows_in": 21,
                "matches_made": 2,
                "auto_closed": 1,
                "exceptions_opened": 4,
                "exceptions_resolved": 1,
                "seconds": Decimal("42.25"),
            }
        ],
        "dim_reconciliations": [
            {
                "reconciliation": name,
                "title": title,
                "is_active": why is None,
                "why_inactive": why,
            }
            for name, title, why in (
                ("invoice_to_receipt", "Invoices against receipts", None),
                (
                    "bank_to_ledger",
                    "The bank against the ledger",
                    "nothing has landed in ledger_entries",
                ),
            )
        ],
        "dim_customers": [
            {"customer_id": "C-1", "legal_name": LONG_NAME, "tier": "strategic", "country": "AT"},
            {"customer_id": "C-2", "legal_name": FORMULA_NAME, "tier": "standard"},
            {"customer_id": "C-3", "legal_name": HTML_NAME, "tier": "key", "country": "JP"},
            {"customer_id": "C-4", "legal_name": "Manama Traders", "tier": None},
        ],
        "fct_invoices": invoices,
        "fct_items": items,
        "fct_receipts": [
            {
                "item_type": "bank_transaction",
                "item_id": "DE89/E-2",
                "customer_id": "C-1",
                "received_at": datetime(2026, 6, 2),
                "currency": "EUR",
                "amount": Decimal("250.00"),
                "allocated_amount": Decimal("250.00"),
                "adjusted_amount": Decimal(0),
                "unapplied_amount": Decimal(0),
                "reconciliation_status": "applied",
            },
            {
                "item_type": "refund",
                "item_id": "stripe/re_1",
                "customer_id": "C-3",
                "received_at": datetime(2026, 6, 3),
                "currency": "JPY",
                "amount": Decimal("-5000"),
                "allocated_amount": Decimal(0),
                "adjusted_amount": Decimal(0),
                "unapplied_amount": Decimal("-5000"),
                "reconciliation_status": "unapplied",
            },
        ],
        "fct_exceptions": [
            _exception(
                1, "bank_transaction", "DE89/E-7", None, "EUR", "1000.00",
                exception_type="ambiguous_match", severity="critical",
                sla_due_at=AS_OF - timedelta(hours=50),
                candidate_match_ids='["match-suggested"]', fingerprint="pattern-2",
                runbook="orchestration/runbooks/ambiguous_match.md",
            ),
            _exception(2, "invoice", "INV-1", "C-1", "EUR", "1000.50", severity="high",
                       status="assigned", assigned_to="+maria"),
            _exception(3, "credit_memo", "INV-3", "C-2", "EUR", "-80.00"),
            _exception(4, "invoice", "INV-4", "C-3", "JPY", "120000",
                       root_cause="bank_charges", base_amount=Decimal("750.00"), severity="low"),
            _exception(5, "invoice", "INV-2", "C-1", "EUR", "250.00", status="resolved",
                       resolved_at=AS_OF - timedelta(hours=10), resolution="matched"),
            # waits with the bank line: another item of its case
            _exception(6, "invoice", "INV-5", "C-4", "BHD", "4.125", case_id="case-1",
                       is_case_lead=False, exception_type="ambiguous_match",
                       root_cause="several_candidates", revenue_at_risk=Decimal(0)),
        ],
        "fct_matches": [
            {
                "match_id": "match-live",
                "reconciliation": "invoice_to_receipt",
                "rule_id": "stated_reference",
                "rule_version": "1",
                "method": "deterministic",
                "confidence": Decimal(1),
                "decision": "auto_closed",
                "explanation": "The bank credit of EUR 250.00 quotes invoice 2026-0002.",
                "item_count": 2,
                "amount": Decimal("250.00"),
                "currency": "EUR",
                "difference_amount": Decimal(0),
                "decided_at": AS_OF,
                "decided_by": "rule",
                "run_id": run_id,
            },
            {
                "match_id": "match-suggested",
                "reconciliation": "invoice_to_receipt",
                "rule_id": "unique_amount",
                "rule_version": "1",
                "method": "heuristic",
                "confidence": Decimal("0.6"),
                "decision": "suggested",
                "explanation": "The payment is 0.50 short of invoice 2026-0001.",
                "item_count": 2,
                "amount": Decimal("1000.50"),
                "currency": "EUR",
                "difference_amount": Decimal("-0.50"),
                "decided_by": "rule",
                "run_id": run_id,
            },
        ],
        "fct_match_allocations": [
            {
                "match_id": match_id,
                "reconciliation": "invoice_to_receipt",
                "side": side,
                "item_type": item_type,
                "item_id": item_id,
                "allocated_amount": Decimal(amount),
                "adjusted_amount": Decimal(0),
                "currency": "EUR",
                "match_amount": Decimal(amount),
                "match_currency": "EUR",
            }
            for match_id, side, item_type, item_id, amount in (
                ("match-live", "expected", "invoice", "INV-2", "250.00"),
                ("match-live", "actual", "bank_transaction", "DE89/E-2", "250.00"),
                ("match-suggested", "expected", "invoice", "INV-1", "1000.00"),
                ("match-suggested", "actual", "bank_transaction", "DE89/E-7", "1000.00"),
            )
        ],
        "fct_match_candidates": [
            {
                "item_type": "bank_transaction",
                "item_id": "DE89/E-7",
                "other_item_type": "invoice",
                "other_item_id": "INV-1",
                "rank": 1,
                "score": Decimal("0.6"),
                "score_parts": '{"amount":"0.90","reference":"0"}',
                "why_not": "amounts_differ",
                "why_not_meaning": "The payment is short by 0.50 and no deduction explains it",
            }
        ],
        "fct_record_trace": [
            {
                "item_type": "bank_transaction",
                "item_id": "DE89/E-7",
                "position": 1,
                "occurred_at": datetime(2026, 6, 21),
                "event": "loaded",
                "detail": '{"file":"june.xml","row":"7"}',
                "run_id": run_id,
            }
        ],
        "fct_batches": [
            {
                "batch_id": "batch-1",
                "feed": "billing_invoices",
                "file_name": "invoices.csv",
                "format": "csv",
                "landed_at": AS_OF - timedelta(hours=60),
                "ingested_at": AS_OF,
                "rows_read": 8,
                "rows_loaded": 6,
                "rows_redelivered": 0,
                "rows_quarantined": 2,
                "max_event_at": AS_OF - timedelta(hours=61),
                "is_backfill": False,
            },
            {
                "batch_id": "batch-2",
                "feed": "bank_statements",
                "file_name": "june.xml",
                "format": "camt.053",
                "landed_at": AS_OF - timedelta(hours=1),
                "ingested_at": AS_OF,
                "rows_read": 7,
                "rows_loaded": 7,
                "rows_redelivered": 0,
                "rows_quarantined": 0,
                "max_event_at": AS_OF - timedelta(hours=12),
                "is_backfill": False,
                "control_total": Decimal("1000.00"),
                "control_total_ok": False,
            },
        ],
        "fct_quarantine": [
            {
                "batch_id": "batch-1",
                "feed": "billing_invoices",
                "file_name": "invoices.csv",
                "line_number": 4,
                "column_name": "total_amount",
                "value": "12,50",
                "is_file": False,
                "reason": "not a decimal number",
                "quarantined_at": AS_OF,
            },
            {
                "batch_id": "batch-1",
                "feed": "billing_invoices",
                "file_name": "invoices.csv",
                "line_number": 5,
                "column_name": "currency",
                "value": "EURO",
                "is_file": False,
                "reason": "not an ISO 4217 code",
                "quarantined_at": AS_OF,
                "resolved_by_batch_id": "batch-2",
            },
            {
                "batch_id": "batch-3",
                "feed": "bank_statements",
                "file_name": "broken.xml",
                "line_number": 3,
                "is_file": True,
                "reason": "not well formed",
                "quarantined_at": AS_OF,
            },
        ],
        "fct_audit_blocks": blocks(3),
        "fct_audit_log": [
            {
                "block": number,
                "position": 1,
                "entry_type": "decision",
                "subject_type": "match",
                "subject_id": "match-live",
                "actor": "rule",
                "occurred_at": AS_OF,
                "payload": "{}",
                "source_hashes": [],
                "entry_hash": "00",
            }
            for number in (1, 2, 3)
        ],
        "fct_sli": [
            {
                "sli": sli,
                "window_days": 28,
                "as_of_date": date(2026, 7, 1),
                "numerator": Decimal(numerator),
                "denominator": Decimal(denominator),
                "value": value and Decimal(value),
                "unit": unit,
                "target": Decimal(target),
                "met": met,
            }
            for sli, numerator, denominator, value, unit, target, met in (
                ("reconciliation_success_rate", 2, 3, "0.6667", "ratio", "0.98", False),
                ("audit_completeness", 3, 3, "1", "ratio", "1", True),
                ("false_positive_auto_close_rate", 0, 0, None, "ratio", "0.001", None),
            )
        ],
        "fct_error_budgets": [
            {
                "slo": "reconciliation_success_rate",
                "window": "28d",
                "as_of": AS_OF,
                "objective": Decimal("0.98"),
                "events": 3,
                "bad_events": 1,
                "burn_rate": Decimal("16.7"),
                "budget_remaining": Decimal("-15.7"),
                "window_minutes": 40320,
                "is_confirming": False,
                "title": "Due invoices reconciled",
                "direction": "at_least",
                "meaning": "Share of invoices past their deadline that are reconciled",
                "numerator_counts": "Those with nothing left open",
                "denominator_counts": "Invoices whose deadline passed in the window",
                "restated": "A payment that is decided later restates its day",
            }
        ],
        "fct_alerts": [
            {
                "alert_id": "alert-1",
                "fingerprint": "f1",
                "alert_name": "Ambiguous matches pile up",
                "severity": "page",
                "root_cause": "unknown",
                "group_key": "invoice_to_receipt",
                "opened_at": AS_OF,
                "last_seen_at": AS_OF,
                "state": "firing",
                "revenue_at_risk": Decimal("2830.50"),
                "summary": "One payment waits for a person.",
                "runbook": "orchestration/runbooks/ambiguous_match.md",
                "item_count": 1,
            }
        ],
        "agg_receivables": [
            {
                "currency": currency,
                "documents": documents,
                "open_documents": open_documents,
                "invoiced": Decimal(invoiced),
                "matched": Decimal(matched),
                "adjusted": Decimal(0),
                "settled": Decimal(settled),
                "open": Decimal(owed),
                "overdue": Decimal(overdue),
                "collected": Decimal(collected),
                "unapplied": Decimal(unapplied),
            }
            for (
                currency, documents, open_documents, invoiced, matched, settled, owed, overdue,
                collected, unapplied,
            ) in (
                ("EUR", 3, 2, "1170.50", "250", "250", "920.50", "1000.50", "250", "0"),
                ("JPY", 1, 1, "120000", "0", "0", "120000", "120000", "-5000", "-5000"),
                ("BHD", 1, 1, "10.125", "6", "0", "4.125", "4.125", "0", "0"),
            )
        ],
        "agg_executive_daily": [
            {
                "as_of_date": date(2026, 7, 1) - timedelta(days=days),
                "currency": "EUR",
                "invoiced": Decimal(invoiced),
                "collected": Decimal("218.75"),
                "matched": Decimal("264.00"),
                "adjusted": Decimal(0),
                "open": Decimal("1680.50"),
                "overdue": Decimal("1760.50"),
                "revenue_at_risk": Decimal("2830.50"),
                "success_rate": Decimal("0.66666"),
                "exceptions_open": 4,
                "exceptions_in_sla": 3,
            }
            for days, invoiced in ((0, "70.00"), (10, "100.50"), (31, "1000.00"))
        ],
        "fct_open_documents": [
            {
                "document_type": "credit_memo" if number == 3 else "invoice",
                "invoice_id": f"INV-{number}",
                "invoice_number": f"2026-{number:04d}",
                "customer_id": customer,
                "issued_on": date(2026, 5, 1) + timedelta(days=number),
                "due_date": date(2026, 7, 1) - timedelta(days=overdue),
                "days_overdue": overdue,
                "bucket": bucket,
                "bucket_position": position,
                "currency": currency,
                "open_amount": Decimal(amount),
                "reporting_currency": "EUR",
                "base_amount": Decimal(base_amount),
            }
            for number, customer, overdue, bucket, position, currency, amount, base_amount in (
                (1, "C-1", 40, "31-60", 3, "EUR", "1000.50", "1000.50"),
                (3, "C-2", 0, "current", 1, "EUR", "-80.00", "-80.00"),
                (4, "C-3", 100, "90+", 5, "JPY", "120000", "750.00"),
                (5, "C-4", 5, "1-30", 2, "BHD", "4.125", "10.00"),
            )
        ],
        "fct_fx_rates": [
            {
                "rate_date": day,
                "currency": currency,
                "reporting_currency": "EUR",
                "rate": Decimal(rate),
                "quoted_on": day,
                "source": "ecb",
            }
            for day in (date(2026, 5, 5), date(2026, 5, 6), date(2026, 6, 3))
            for currency, rate in (("JPY", "0.00625"), ("BHD", "2.4242424242"))
        ],
        "agg_bank_reconciliations": [
            {
                "period_start": start,
                "period_end": end,
                "account_id": "DE89",
                "account_name": "Operating account",
                "accounts": 1,
                "currency": "EUR",
                "ledger_account_code": "1810",
                "statements": 1,
                "covered_until": date(2026, 6, 30),
                "statement_gaps": 0,
                "statements_not_adding_up": faulty,
                "stated_on": date(2026, 6, 30),
                "stated_balance": Decimal("5250.00"),
                "stated_difference": Decimal("-1000.00") if faulty else Decimal(0),
                "bank_balance": Decimal("6250.00"),
                "is_in_books": True,
                "at_bank_only": Decimal("1000.00"),
                "at_bank_only_items": 1,
                "at_bank_only_base": Decimal("1000.00"),
                "in_books_only": Decimal("0"),
                "in_books_only_items": 0,
                "in_books_only_base": Decimal("0"),
                "accepted_difference": Decimal("0"),
                "books_balance": Decimal("5250.00"),
                "unexplained_difference": Decimal("0"),
            }
            for start, end, faulty in (
                (date(2026, 6, 1), date(2026, 6, 30), 1),
                (date(2026, 7, 1), date(2026, 7, 31), 1),
            )
        ],
        "agg_period_close": [
            {
                "period_start": start,
                "period_end": end,
                "check_code": code,
                "position": position,
                "title": title,
                "meaning": "What it means.",
                "blocks_close": status == "blocks",
                "status": status,
                "item_count": count,
                "counted": counted,
                "phrase": phrase,
                "base_amount": amount and Decimal(amount),
                "currency": "EUR",
            }
            for start, end in (
                (date(2026, 6, 1), date(2026, 6, 30)),
                (date(2026, 7, 1), date(2026, 7, 31)),
            )
            for position, code, title, status, count, counted, phrase, amount in (
                (20, "statements_reach_end", "Bank statements reach the period's end", "passed",
                 0, "accounts end before", "accounts' statements end early", None),
                (40, "statement_totals", "Bank statements add up", "blocks", 1,
                 "statement does not", "bank statement does not add up", None),
                (100, "postings_waiting", "Everything is posted", "not_applicable", 0,
                 "postings wait", "postings wait", None),
                (110, "outstanding_items", "Bank and books show the same items", "watch", 1,
                 "item on one side", "item is on one side only", "1000.00"),
                (140, "unapplied_receipts", "Every receipt is applied", "watch", 1,
                 "receipt", "receipt unapplied", "1000.00"),
            )
        ],
        "agg_aging": [
            {
                "as_of_date": date(2026, 7, 1),
                "customer_id": customer,
                "bucket": bucket,
                "currency": currency,
                "open_amount": Decimal(amount),
                "invoices": 1,
            }
            for customer, bucket, currency, amount in (
                ("C-1", "31-60", "EUR", "1000.50"),
                ("C-2", "current", "EUR", "-80.00"),
                ("C-3", "90+", "JPY", "120000"),
                ("C-4", "1-30", "BHD", "4.125"),
            )
        ],
    }  # fmt: skip
