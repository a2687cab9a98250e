"""What was delivered or charged twice: told once, set aside when certain, never guessed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.python.reconciliation.landings import Company

pytestmark = pytest.mark.slow

DOUBLED = 3000
TOTAL = sum(100 + n for n in range(DOUBLED)) + DOUBLED // 2
COPIES = "exception_type = 'duplicate_invoice' and item_id like"


def _invoices(prefix: str, count: int, minutes: int, system: str) -> list[dict[str, str]]:
    """Invoices over ninety days and forty customers."""
    start = datetime(2026, 4, 1) + timedelta(minutes=minutes)
    return [
        {
            "invoice_id": f"{prefix}{n:05d}",
            "customer_id": f"CUS-{n % 40 + 1:06d}",
            "issued_at": (start + timedelta(days=n % 90)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "due_date": "2026-09-30",
            "total_amount": f"{100 + n}.50",
            "idempotency_key": f"request-{n}",
            "source_system": system,
        }
        for n in range(count)
    ]


def land(company: Company, day: int) -> None:
    """What this module adds to the story of each day."""
    if day == 0:
        company.invoices(*_invoices("once-", DOUBLED, 0, "retrying"))
        company.invoices(*_invoices("twice-", DOUBLED, 7, "retrying"))
        company.invoices(*_invoices("meant-a-", 30, 0, "weekly"))
        company.invoices(*_invoices("meant-b-", 30, 7, "weekly"))
        _land_likeness(company)
    if day == 1:
        [(mass,)] = company.rows(f"select exception_id from fct_exceptions where {COPIES} 'twice%'")
        [(none,)] = company.rows(f"select exception_id from fct_exceptions where {COPIES} 'mean%'")
        resolve = {"action": "resolve", "comment": "told the billing team"}
        company.decide(
            resolve | {"decision_id": "dup-1", "exception_id": mass},
            resolve
            | {"decision_id": "dup-2", "exception_id": none}
            | {"reason_code": "not_a_duplicate"},
        )
        company.invoices(*_invoices("thrice-", 30, 9, "retrying"))


def _land_likeness(company: Company) -> None:
    like = {"customer_id": "CUS-000001", "due_date": "2026-09-30", "total_amount": "731.19"}
    company.invoices(
        like | {"invoice_id": "like-a", "issued_at": "2026-06-10T09:00:00Z"},
        like | {"invoice_id": "like-b", "issued_at": "2026-06-12T09:00:00Z"},
        like
        | {"invoice_id": "paid-1", "issued_at": "2026-06-10T09:00:00Z"}
        | {"total_amount": "622.75"},
    )
    charge = {
        "customer_id": "CUS-000001",
        "amount": "622.75",
        "invoice_reference": "paid-1",
        "idempotency_key": "checkout-1",
    }
    company.charges(
        charge
        | {"transaction_id": "ch-0", "created_at": "2026-06-20T09:00:00Z", "status": "failed"},
        charge | {"transaction_id": "ch-1", "created_at": "2026-06-20T09:01:00Z"},
        charge | {"transaction_id": "ch-2", "created_at": "2026-06-20T09:02:00Z"},
        charge
        | {"transaction_id": "ch-3", "created_at": "2026-06-21T09:02:00Z"}
        | {"idempotency_key": "checkout-2"},
    )


def test_a_retry_that_doubles_thousands_is_one_finding(story: Company) -> None:
    """One exception with number and sum, which lists every copy and its original."""
    assert story.row(
        "select count(*) from fct_items "
        "where set_aside_reason = 'duplicate' and item_id like 'twice-%'",
        run=0,
    ) == (DOUBLED,)
    [found] = story.rows(
        "select item_id, item_count, amount, currency, status, recommendation, exception_id "
        f"from fct_exceptions where {COPIES} 'twice-%'",
        run=0,
    )
    assert found[:5] == ("twice-00000", DOUBLED, TOTAL, "EUR", "open")
    assert f"{DOUBLED} copies over {TOTAL}.00 EUR" in found[5]
    assert story.row(
        "select count(*), count(distinct fingerprint), "
        "count(*) filter (where replace(item_id, 'twice', 'once') = original_item_id) "
        f"from fct_exception_items where exception_id = '{found[6]}'",
        run=0,
    ) == (DOUBLED, 1, DOUBLED)


def test_a_mass_of_copies_is_one_alert_and_no_revenue_at_risk(story: Company) -> None:
    """Nobody owes a copy, so it is a ticket for billing and no page."""
    assert story.rows(
        "select alert_name, item_count, revenue_at_risk from fct_alerts "
        "where root_cause = 'invoiced_twice' and state = 'firing'",
        run=0,
    ) == [("high_exceptions", DOUBLED + 30 + 1, 0)]  # and one bill of the company


def test_every_copy_has_its_own_trace(story: Company) -> None:
    assert story.row(
        "select count(*), min(detail) from fct_record_trace "
        "where event = 'set_aside' and item_id like 'twice-%'",
        run=0,
    ) == (DOUBLED, '{"original":"once-00000","reason":"duplicate","rule_id":"idempotency_key"}')


def test_what_a_person_resolved_stays_so_and_another_fault_is_another_finding(
    story: Company,
) -> None:
    for run in (1, 2):
        assert story.rows(
            "select item_id, item_count, status = 'resolved' from fct_exceptions "
            f"where {COPIES} 't%' order by item_id desc",
            run=run,
        ) == [("twice-00000", DOUBLED, True), ("thrice-00000", 30, False)]


def test_a_mass_that_was_meant_is_released_as_one(story: Company) -> None:
    """`not_a_duplicate` on the finding about a mass: every item of it takes part again."""
    held = "select distinct status from fct_items where item_id like 'meant-b-%'"
    assert story.rows(held, run=0) == [("set_aside",)]
    assert story.rows(held, run=2) == [("open",)]
    assert story.rows(
        f"select status, resolved_by from fct_exceptions where {COPIES} 'meant-%'", run=2
    ) == [("resolved", "ana")]


def test_a_likeness_is_a_question_and_a_second_charge_a_refund(story: Company) -> None:
    """Equal invoices within days stay open; what pays twice is proposed for refund by amount."""
    assert story.rows(
        "select item_id, status, set_aside_reason from fct_items "
        "where reconciliation = 'invoice_to_receipt' and "
        "(item_id like 'like-%' or item_id like 'stripe/ch-%' or item_id = 'paid-1') order by 1",
        run=0,
    ) == [
        ("like-a", "open", None),
        ("like-b", "open", None),
        ("paid-1", "closed", None),
        ("stripe/ch-0", "set_aside", "failed"),
        ("stripe/ch-1", "closed", None),
        ("stripe/ch-2", "set_aside", "duplicate"),
        ("stripe/ch-3", "open", None),
    ]
    found = story.rows(
        "select item_id, exception_type, recommendation from fct_exceptions "
        "where reconciliation = 'invoice_to_receipt' "
        "and item_id in ('like-a', 'like-b', 'stripe/ch-2', 'stripe/ch-3') order by item_id",
        run=0,
    )
    assert [row[:2] for row in found] == [
        ("like-b", "suspected_duplicate"),
        ("stripe/ch-2", "duplicate_payment"),
        ("stripe/ch-3", "duplicate_payment"),
    ]
    assert "like-a" in found[0][2]
    assert "Refund 622.75 EUR of charge stripe/ch-2: stripe/ch-1" in found[1][2]
    assert "Refund 622.75 EUR of charge stripe/ch-3: paid-1" in found[2][2]
