"""How long an event may wait: by amount, tier and feed; the strictest policy holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orchestration.intake import policies

SEED = policies.read()


def charge(amount: str, currency: str = "EUR", customer: str = "c") -> dict[str, Any]:
    return {"amount": amount, "currency": currency, "customer_id": customer}


@pytest.mark.parametrize(
    ("row", "tiers", "seconds"),
    [
        (charge("10"), {}, 20),
        (charge("10000.00"), {}, 0),
        (charge("9999.99"), {}, 20),
        (charge("-10000", "eur"), {}, 0),
        (charge("10000", "JPY"), {}, 20),  # no limit in yen says so
        (charge("10"), {"c": "strategic"}, 0),
        (charge("10"), {"c": "key"}, 5),
        (charge("12000"), {"c": "key"}, 0),
        ({"amount": None, "currency": None}, {}, 20),
        ({"amount": "many", "currency": "EUR"}, {}, 20),
    ],
)
def test_the_strictest_policy_holds(
    row: dict[str, Any], tiers: dict[str, str], seconds: int
) -> None:
    found = policies.strictest(SEED, [("gateway_transactions", row)], tiers)
    assert found is not None and found.wait == timedelta(seconds=seconds)


def test_an_invoice_has_limits_of_its_own() -> None:
    row = {"total_amount": "10000", "currency": "EUR", "customer_id": "c"}
    found = policies.strictest(SEED, [("billing_invoices", row)], {"c": "strategic"})
    assert found is not None and found.name == "all_else"


def test_what_becomes_no_row_waits_for_nothing() -> None:
    assert policies.strictest(SEED, [], {}) is None
