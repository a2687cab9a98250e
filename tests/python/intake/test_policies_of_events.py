"""How long an event may wait: by amount, tier and feed; the strictest policy holds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.home import PROJECT_DIR, Home, TieoutError
from orchestration.ingest.contract import load_contract
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


HEADER = "policy,feed,tier,least_amount,wait_seconds,meaning\n"


def seed(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "intake_policies.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_what_no_row_covers_waits_as_long_as_any_may(tmp_path: Path) -> None:
    rules = policies.read(seed(tmp_path, "large,gateway_transactions,,10000,0,x", "key,,key,0,5,x"))
    small = [("gateway_transactions", charge("50"))]
    found = policies.strictest(rules, small, Known({}, RATES))
    assert found is not None and (found.name, found.wait) == ("uncovered", timedelta(seconds=5))
    large = [*small, ("gateway_transactions", charge("10000"))]
    found = policies.strictest(rules, large, Known({}, RATES))
    assert found is not None and (found.name, found.wait) == ("large", timedelta(0))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("p,,,0,soon,x", "wait_seconds is 'soon'; write whole seconds from 0"),
        ("p,,,0,99999999999999999999,x", "wait_seconds is '99999999999999999999'"),
        ("p,,,0,86401,x", "to 86400 (a day)"),
        ("p,,,0,-5,x", "wait_seconds is '-5'"),
        ("p,,,0,1_0,x", "wait_seconds is '1_0'"),
        ("p,,,0", "wait_seconds is missing"),
        ("p,,,,5,x", "least_amount is ''; write an amount without sign"),
        ("p,,,NaN,5,x", "least_amount is 'NaN'"),
        ("p,,,-1,5,x", "least_amount is '-1'"),
        ("p,gatway_transactions,,0,5,x", "feed is 'gatway_transactions'; write one of bank_acc"),
        ("p,,gold,0,5,x", "tier is 'gold'; write one of key, strategic, or nothing for any."),
        ("p,,standard,0,5,x", "tier is 'standard'"),
        (",,,0,5,x", "row 2 (without a name): policy is ''"),
        ("first,,,0,5,x", "policy is 'first'; write a name that no other row has"),
    ],
)
def test_a_row_that_nobody_could_follow_is_told(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(TieoutError) as raised:
        policies.read(seed(tmp_path, "first,,,0,20,x", row))
    assert "intake_policies.csv, row 2 (" in str(raised.value) and told in str(raised.value)


def test_a_seed_without_rows_or_columns_is_told(tmp_path: Path) -> None:
    with pytest.raises(TieoutError, match="has no row"):
        policies.read(seed(tmp_path))
    with pytest.raises(TieoutError, match=r"row 1 .*tier is missing"):
        policies.read(seed(tmp_path, "p,,0,5", header="policy,feed,least_amount,wait_seconds\n"))
    with pytest.raises(TieoutError, match="cannot be read"):
        policies.read(tmp_path / "none.csv")


def test_the_data_test_knows_the_values_that_are_read() -> None:
    text = (PROJECT_DIR / "seeds" / "intake_policies.yml").read_text(encoding="utf-8")
    (test,) = yaml.safe_load(text)["seeds"][0]["data_tests"]
    said = test["well_formed"]["arguments"]
    feeds = load_contract({}).feeds
    (tier,) = (column for column in feeds["crm_customers"].columns if column.name == "tier")
    assert said["values"]["feed"] == sorted(feeds)
    assert {*said["values"]["tier"], policies.USUAL_TIER} == set(tier.domain)
    assert said["between"]["wait_seconds"] == [0, policies.LONGEST_WAIT]


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
