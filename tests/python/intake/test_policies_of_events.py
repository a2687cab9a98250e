"""How long an event may wait: by amount, tier and feed; the strictest policy holds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.home import Home
from orchestration.intake import policies
from orchestration.intake.policies import Known

SEED = policies.read()
RATES = {"EUR": Decimal(1), "CHF": Decimal("1.05"), "JPY": Decimal("0.006")}


def charge(amount: str, currency: str | None = "EUR", customer: str = "c") -> dict[str, Any]:
    return {"amount": amount, "currency": currency, "customer_id": customer}


@pytest.mark.parametrize(
    ("row", "tiers", "seconds"),
    [
        (charge("10"), {}, 20),
        (charge("10000.00"), {}, 0),
        (charge("9999.99"), {}, 20),
        (charge("-10000", "eur"), {}, 0),
        (charge("9523.81", "CHF"), {}, 0),  # 10,000.0005 euros
        (charge("9523.80", "CHF"), {}, 20),
        (charge("1000000", "JPY"), {}, 20),
        (charge("2000000", "JPY"), {}, 0),
        (charge("0.01", "VND"), {}, 0),  # nobody knows its rate, so it may be large
        (charge("10", None), {}, 0),
        (charge("10"), {"c": "strategic"}, 0),
        (charge("10"), {"c": "key"}, 5),
        (charge("12000"), {"c": "key"}, 0),
        ({"amount": None, "currency": None}, {}, 20),
        ({"amount": "many", "currency": "EUR"}, {}, 20),
        ({"amount": "NaN", "currency": "EUR"}, {}, 20),
    ],
)
def test_the_strictest_policy_holds(
    row: dict[str, Any], tiers: dict[str, str], seconds: int
) -> None:
    found = policies.strictest(SEED, [("gateway_transactions", row)], Known(tiers, RATES))
    assert found is not None and found.wait == timedelta(seconds=seconds)


def test_an_invoice_has_limits_of_its_own() -> None:
    row = {"total_amount": "10000", "currency": "EUR", "customer_id": "c"}
    known = Known({"c": "strategic"}, RATES)
    found = policies.strictest(SEED, [("billing_invoices", row)], known)
    assert found is not None and found.name == "all_else"


def test_what_becomes_no_row_waits_for_nothing() -> None:
    assert policies.strictest(SEED, [], Known({}, RATES)) is None


def test_the_newest_published_rate_counts_and_the_reporting_currency_is_the_setting(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_REPORTING_CURRENCY", "CHF")
    published = policies.Published(home)
    assert published.read() == Known({}, {"CHF": Decimal(1)})
    with duckdb.connect(str(home.serving)) as connection:
        connection.execute(
            "create schema marts;"
            "create table marts.dim_customers as"
            " from (values ('a', 'key'), ('b', 'standard'), ('c', null)) t (customer_id, tier);"
            "create table marts.fct_fx_rates as from (values"
            " (date '2026-06-01', 'USD', 'CHF', 0.8), (date '2026-06-02', 'USD', 'CHF', 0.9),"
            " (date '2026-06-03', 'GBP', 'EUR', 1.2)"
            ") t (rate_date, currency, reporting_currency, rate)"
        )
    known = published.read()
    assert known == Known({"a": "key"}, {"CHF": Decimal(1), "USD": Decimal("0.9")})
