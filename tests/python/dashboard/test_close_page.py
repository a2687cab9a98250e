"""The close page, and the rows behind its figures, on a company with something of every kind."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.python.dashboard import small_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish
from tests.python.dashboard.test_executive_page import element, money_html, words


def _item(
    side: str, item_id: str, day: date, amount: str, open_amount: str, currency: str = "EUR"
) -> dict[str, Any]:
    return {
        "reconciliation": "bank_to_ledger",
        "side": side,
        "item_type": "bank_transaction" if side == "expected" else "ledger_entry",
        "item_id": item_id,
        "party_id": "DE89",
        "event_date": day,
        "currency": currency,
        "amount": Decimal(amount),
        "allocated_amount": Decimal(amount) - Decimal(open_amount),
        "adjusted_amount": Decimal(0),
        "open_amount": Decimal(open_amount),
        "status": "open" if Decimal(open_amount) else "closed",
        "due_for_match_at": datetime(2026, 7, 9),
    }


def company() -> dict[str, list[Any]]:
    """The small company with bank lines on one side only, cases that block, and failed postings."""
    rows: dict[str, list[Any]] = {mart: list(held) for mart, held in small_company.rows().items()}
    rows["fct_items"] += [
        _item("expected", "DE89/E-7", date(2026, 6, 20), "1000.00", "1000.00"),
        # booked on the last of June, in the books on the first of July
        _item("expected", "DE89/E-8", date(2026, 6, 30), "70.00", "0"),
        _item("actual", "L-8", date(2026, 7, 1), "70.00", "0"),
        _item("actual", "L-9", date(2026, 6, 3), "5000", "5000", "JPY"),
        _item("expected", "DE89/E-9", date(2026, 7, 1), "9.00", "9.00"),
    ]
    rows["fct_matches"] += [
        {
            **rows["fct_matches"][0],
            "match_id": "match-bank",
            "reconciliation": "bank_to_ledger",
            "is_live": True,
        }
    ]
    rows["fct_match_allocations"] += [
        {
            "match_id": "match-bank",
            "reconciliation": "bank_to_ledger",
            "side": side,
            "item_type": item_type,
            "item_id": item_id,
            "allocated_amount": Decimal("70.00"),
            "adjusted_amount": Decimal(0),
        }
        for side, item_type, item_id in (
            ("expected", "bank_transaction", "DE89/E-8"),
            ("actual", "ledger_entry", "L-8"),
        )
    ]
    lead = rows["fct_exceptions"][0]
    rows["fct_exceptions"] += [
        {
            **lead,
            "exception_id": f"exc-{code}",
            "case_id": f"case-{code}",
            "exception_type": code,
            "reconciliation": "bank_to_ledger",
            "side": "expected",
            "item_id": item_id,
            "blocks_close": True,
            "base_amount": Decimal(amount),
        }
        for code, item_id, amount in (
            ("unexplained_bank_line", "DE89/E-7", "-1000.00"),
            ("missing_in_ledger", "DE89/E-8", "70.00"),
            ("control_total_mismatch", "DE89/E-9", "10.00"),
        )
    ]
    rows["fct_journal_entries"] = [
        {"posting_key": f"p{status}", "line_number": line, "match_id": "match-bank",
         "posting_status": status, "last_error": "period is closed"}
        for status in ("failed", "ready", "posted")
        for line in (1, 2)
    ]  # fmt: skip
    return rows


@pytest.fixture
def closing(home: Path) -> Path:
    """A home in which that company is published."""
    publish(home, small_company.RUN_ID, company())
    return home


def test_the_last_month_that_is_over_is_shown(closing: Path) -> None:
    body = html_of(open_page("close"))
    assert words(element(body, "verdict", "div")) == (
        "✕ Not ready June 2026 cannot close yet: 1 bank statement does not add up."
    )
    table = element(body, "table-checks", "table")
    assert "Status Check Found Amount ✓ holds Bank statements reach the period's end – –" in (
        words(table)
    )
    assert "✕ blocks Bank statements add upWhat it means. 1 statement does not –" in words(table)
    assert "○ does not apply Everything is posted" in words(table)
    assert "✓ holds The chain of sealed decisions holds" in words(table)


def test_the_period_is_chosen_by_the_address(closing: Path) -> None:
    assert "July 2026 cannot close yet" in html_of(open_page("close", period="2026-07-01"))
    assert "June 2026 cannot close yet" in html_of(open_page("close", period="never"))


def test_the_bank_reconciliation_leads_from_one_balance_to_the_other(closing: Path) -> None:
    table = words(element(html_of(open_page("close")), "table-accounts", "table"))
    assert "Operating account" in table
    assert "✕ 1 does not add up" in table
    assert "states EUR 5,250.00 on 30 Jun 2026, EUR −1,000.00 to its lines" in table
    assert "EUR 6,250.00 EUR −1,000.00 EUR 0.00 EUR 0.00 EUR 0.00 EUR 5,250.00" in table


def test_a_broken_chain_blocks_the_close(home: Path) -> None:
    rows = company()
    first, *others = rows["fct_audit_blocks"]
    rows["fct_audit_blocks"] = [{**first, "entry_count": 99}, *others]
    publish(home, "run-tampered", rows)
    assert "1</a> fault in the audit chain" in html_of(open_page("close"))


def rows_of(of: str, **parameters: str) -> str:
    """The lead of a list and its rows, as a reader sees them."""
    body = html_of(open_page("rows", of=of, period="2026-06-01", **parameters))
    return element(body, "rows-lead", "div") + element(body, "table-rows", "table")


def test_what_is_matched_later_is_outstanding_at_the_end(closing: Path) -> None:
    both = rows_of("close_outstanding")
    # −1000.00 and −70.00 at the bank only, 5000 yen (31.25) in the books only
    assert "<b>3 rows</b>" in both
    assert f"<b>{money_html('-1038.75', 'EUR')}</b> signed" in both
    assert "Matched later" in both
    bank = rows_of("close_outstanding", side="expected", account="DE89", currency="EUR")
    assert f"<b>{money_html('-1070.00', 'EUR')}</b>" in bank
    assert "DE89/E-9" not in both


def test_cases_that_block_are_listed_with_what_they_amount_to(closing: Path) -> None:
    lines = rows_of("close_unexplained")
    assert f"<b>1 row</b> · <b>{money_html('1000.00', 'EUR')}</b> without sign" in lines
    cases = rows_of("close_blocking")
    assert f"<b>1 row</b> · <b>{money_html('70.00', 'EUR')}</b>" in cases
    assert "Missing in ledger" in cases


def test_postings_belong_to_the_month_of_their_last_item(closing: Path) -> None:
    body = html_of(open_page("rows", of="close_postings_failed", period="2026-06-01"))
    assert "<b>0 rows</b>" in body
    failed = html_of(open_page("rows", of="close_postings_failed", period="2026-07-01"))
    assert "<b>1 row</b>" in failed
    assert "period is closed" in failed
    waiting = html_of(open_page("rows", of="close_postings_waiting", period="2026-07-01"))
    assert "<b>1 row</b>" in waiting


def test_items_past_their_window_count_without_sign(closing: Path) -> None:
    # 1000.50 + 80.00 + 750.00 + 10.00
    assert f"<b>{money_html('1840.50', 'EUR')}</b> open, without sign" in rows_of(
        "close_past_window"
    )
    assert f"<b>{money_html('1000.00', 'EUR')}</b> unapplied" in rows_of("close_unapplied")
    assert "<b>1 row</b>" in rows_of("close_suggestions")
