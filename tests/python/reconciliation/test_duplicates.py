"""What was delivered or charged twice: told once, set aside when certain, never guessed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tieout_process import Tieout

from tests.python.reconciliation.landings import Company

pytestmark = pytest.mark.slow

DOUBLED = 3000


def _invoices(prefix: str, count: int, minutes: int = 0) -> list[dict[str, str]]:
    """Invoices over ninety days and forty customers."""
    start = datetime(2026, 4, 1) + timedelta(minutes=minutes)
    return [
        {
            "invoice_id": f"{prefix}{n:05d}",
            "invoice_number": f"{prefix}{n:05d}",
            "customer_id": f"CUS-{n % 40 + 1:06d}",
            "issued_at": (start + timedelta(days=n % 90)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "due_date": "2026-09-30",
            "total_amount": f"{100 + n}.00",
            "idempotency_key": f"request-{n}",
        }
        for n in range(count)
    ]


def test_a_retry_that_doubles_thousands_is_one_finding(reconciled_copy: Tieout) -> None:
    """One exception with number and sum, one alert, every copy traced to its original."""
    company = Company(reconciled_copy)
    company.invoices(*_invoices("once-", DOUBLED))
    company.invoices(*_invoices("twice-", DOUBLED, minutes=7))
    company.run()

    copies = "from fct_items where set_aside_reason = 'duplicate' and item_id like 'twice-%'"
    assert company.row(f"select count(*) {copies}") == (DOUBLED,)
    total = sum(100 + n for n in range(DOUBLED))
    found = company.rows(
        "select exception_id, item_id, item_count, amount, currency, status, recommendation "
        "from fct_exceptions where exception_type = 'duplicate_invoice'"
    )
    assert [row[1:6] for row in found] == [("twice-00000", DOUBLED, total, "EUR", "open")]
    exception_id, recommendation = found[0][0], found[0][6]
    assert str(DOUBLED) in recommendation
    assert f"{total} EUR" in recommendation
    assert company.row(
        "select count(*), count(distinct fingerprint), "
        "count(*) filter (where replace(item_id, 'twice', 'once') = original_item_id) "
        f"from fct_exception_items where exception_id = '{exception_id}'"
    ) == (DOUBLED, 1, DOUBLED)
    assert company.rows(
        "select alert_name, item_count from fct_alerts "
        "where root_cause = 'invoiced_twice' and state = 'firing'"
    ) == [("high_exceptions", DOUBLED)]
    assert company.rows(
        "select event, detail from fct_record_trace "
        "where item_id = 'twice-00042' and event = 'set_aside'"
    ) == [
        (
            "set_aside",
            '{"original":"once-00042","reason":"duplicate","rule_id":"idempotency_key"}',
        )
    ]

    # what a person resolved stays resolved; a second fault, another day, is another finding
    company.decide(
        {"decision_id": "d-1", "action": "resolve", "exception_id": exception_id, "comment": "ok"}
    )
    company.invoices(*_invoices("thrice-", 30, minutes=9))
    company.run()
    assert company.rows(
        "select item_id, item_count, status = 'resolved' from fct_exceptions "
        "where exception_type = 'duplicate_invoice' order by opened_at, item_id"
    ) == [("twice-00000", DOUBLED, True), ("thrice-00000", 30, False)]


def test_a_mass_that_is_none_is_released_as_one(reconciled_copy: Tieout) -> None:
    """`not_a_duplicate` on the finding about a mass: every item takes part again."""
    company = Company(reconciled_copy)
    company.invoices(*_invoices("once-", 30))
    company.invoices(*_invoices("twice-", 30, minutes=7))
    company.run()
    [(exception_id,)] = company.rows(
        "select exception_id from fct_exceptions where exception_type = 'duplicate_invoice'"
    )
    company.decide(
        {
            "decision_id": "d-1",
            "action": "resolve",
            "exception_id": exception_id,
            "reason_code": "not_a_duplicate",
        }
    )
    company.run()
    assert company.rows(
        "select distinct status from fct_items "
        "where item_type = 'invoice' and item_id like 'twice-%'"
    ) == [("open",)]
    assert company.rows(
        "select status, resolved_by from fct_exceptions where exception_type = 'duplicate_invoice'"
    ) == [("resolved", "ana")]


def test_a_likeness_is_a_question_and_a_second_charge_a_refund(reconciled_copy: Tieout) -> None:
    """Equal invoices within days stay open; what pays twice is proposed for refund by amount."""
    company = Company(reconciled_copy)
    invoice = {"customer_id": "CUS-000001", "due_date": "2026-09-30", "total_amount": "731.19"}
    company.invoices(
        invoice | {"invoice_id": "like-a", "issued_at": "2026-06-10T09:00:00Z"},
        invoice | {"invoice_id": "like-b", "issued_at": "2026-06-12T09:00:00Z"},
        invoice
        | {
            "invoice_id": "paid-1",
            "issued_at": "2026-06-10T09:00:00Z",
            "total_amount": "622.75",
        },
    )
    charge = {
        "customer_id": "CUS-000001",
        "amount": "622.75",
        "invoice_reference": "paid-1",
        "idempotency_key": "checkout-1",
    }
    company.charges(
        charge | {"transaction_id": "ch-0", "created_at": "2026-06-20T09:00:00Z"}
        | {"status": "failed"},
        charge | {"transaction_id": "ch-1", "created_at": "2026-06-20T09:01:00Z"},
        charge | {"transaction_id": "ch-2", "created_at": "2026-06-20T09:02:00Z"},
        charge
        | {"transaction_id": "ch-3", "created_at": "2026-06-21T09:02:00Z"}
        | {"idempotency_key": "checkout-2"},
    )
    company.run()
    assert company.rows(
        "select item_id, status, set_aside_reason from fct_items "
        "where reconciliation = 'invoice_to_receipt' and "
        "(item_id like 'like-%' or item_id like 'stripe/ch-%' or item_id = 'paid-1') order by 1"
    ) == [
        ("like-a", "open", None),
        ("like-b", "open", None),
        ("paid-1", "closed", None),
        ("stripe/ch-0", "set_aside", "failed"),
        ("stripe/ch-1", "closed", None),
        ("stripe/ch-2", "set_aside", "duplicate"),
        ("stripe/ch-3", "open", None),
    ]
    found = company.rows(
        "select item_id, exception_type, recommendation from fct_exceptions "
        "where item_id = 'like-b' or item_id in ('stripe/ch-2', 'stripe/ch-3') "
        "and reconciliation = 'invoice_to_receipt' order by item_id"
    )
    assert [row[:2] for row in found] == [
        ("like-b", "suspected_duplicate"),
        ("stripe/ch-2", "duplicate_payment"),
        ("stripe/ch-3", "duplicate_payment"),
    ]
    assert "like-a" in found[0][2]
    assert "Refund 622.75 EUR of charge stripe/ch-2: stripe/ch-1" in found[1][2]
    assert "Refund 622.75 EUR of charge stripe/ch-3: paid-1" in found[2][2]
