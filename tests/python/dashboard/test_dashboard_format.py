"""How values are written: money exact and with its currency, downloads without formulas."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dashboard import format as fmt

SEED = Path(__file__).parents[3] / "seeds" / "currencies.csv"


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("1234.5", "EUR", "EUR 1,234.50"),
        ("-1234567.8900000000", "EUR", "EUR −1,234,567.89"),
        ("0", "EUR", "EUR 0.00"),
        ("-0.00", "EUR", "EUR 0.00"),
        ("0E-10", "EUR", "EUR 0.00"),
        ("1E+3", "EUR", "EUR 1,000.00"),
        ("120000", "JPY", "JPY 120,000"),
        ("-1", "JPY", "JPY −1"),
        ("4.125", "BHD", "BHD 4.125"),
        ("4", "BHD", "BHD 4.000"),
        ("0.001", "EUR", "EUR 0.001"),  # a residue is shown, not rounded away
        ("100.5", "JPY", "JPY 100.5"),
        ("12.5000", "XXX", "12.5"),  # a quantity has no currency
        (
            "99999999999999999999999999.9999999999",
            "EUR",
            "EUR 99,999,999,999,999,999,999,999,999.9999999999",
        ),
    ],
)
def test_money_is_exact_and_names_its_currency(amount: str, currency: str, expected: str) -> None:
    assert fmt.money(Decimal(amount), currency) == expected


def test_money_refuses_floats_and_missing_currencies() -> None:
    with pytest.raises(TypeError, match="must be Decimal"):
        fmt.money(1.5, "EUR")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no currency"):
        fmt.money(Decimal(1), None)
    assert fmt.money(None, None) == "–"


def test_a_change_carries_its_sign() -> None:
    assert fmt.money(Decimal(5), "EUR", signed=True) == "EUR +5.00"
    assert fmt.money(Decimal(-5), "EUR", signed=True) == "EUR −5.00"
    assert fmt.money(Decimal(0), "EUR", signed=True) == "EUR 0.00"


@given(some.decimals(min_value=-(10**20), max_value=10**20, places=10))
def test_money_loses_no_digit(amount: Decimal) -> None:
    assert Decimal(fmt.decimal_text(amount, "EUR")) == amount


def test_minor_digits_are_those_of_the_seed() -> None:
    with SEED.open(encoding="utf-8", newline="") as file:
        # ten digits in the seed stand for "no minor unit"
        seed = {row["code"]: int(row["minor_digits"]) % 10 for row in csv.DictReader(file)}
    seed.pop("XXX", None)
    assert {code: fmt.minor_digits(code) for code in seed} == seed


@pytest.mark.parametrize(
    ("value", "expected"), [("0.99999", "99.9 %"), ("1", "100.0 %"), ("-0.5", "−50.0 %")]
)
def test_percentages_are_never_rounded_up(value: str, expected: str) -> None:
    assert fmt.percent(Decimal(value)) == expected.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0.5", "30 min"), ("7", "7 h"), ("47", "47 h"), ("76", "3 d 4 h"), ("1500", "62 d")],
)
def test_hours_read_as_people_say_them(value: str, expected: str) -> None:
    assert fmt.hours(Decimal(value)) == expected


def test_a_mean_of_counts_has_no_more_digits_than_it_is_worth() -> None:
    assert fmt.measure(Decimal("4.7142857143"), "count") == "4.71"
    assert fmt.measure(Decimal("388.0000000000"), "count") == "388"


@pytest.mark.parametrize(
    ("minutes", "is_resolved", "expected"),
    [
        (None, False, "no SLA"),
        (300, False, "5 h left"),
        (0, False, "0 min left"),
        (-90, False, "late by 1 h"),
        (0, True, "met"),
        (-1, True, "missed"),
    ],
)
def test_sla_clock(minutes: int | None, is_resolved: bool, expected: str) -> None:
    assert fmt.sla_clock(minutes, is_resolved) == expected


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "－1"]
)
def test_text_cannot_become_a_formula(text: str) -> None:
    assert fmt.csv_cell(text, None) == "'" + text


@given(some.text())
def test_no_downloaded_text_starts_a_formula(text: str) -> None:
    assert not fmt.csv_cell(text, None).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_numbers_and_times_stay_what_they_are_in_a_download() -> None:
    content = fmt.to_csv(
        [
            {
                "name": '-2+3"quoted", line\nbreak',
                "amount": Decimal("-1234.5"),
                "currency": "EUR",
                "count": -3,
                "score": Decimal("0.5000"),
                "at": datetime(2026, 7, 1, 6),
                "on": date(2026, 7, 1),
                "nothing": None,
            }
        ],
        ["name", "amount", "count", "score", "at", "on", "nothing"],
        {"amount": "currency"},
    )
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[1] == [
        "'-2+3\"quoted\", line\nbreak", "-1234.50", "-3", "0.5", "2026-07-01T06:00:00Z",
        "2026-07-01", "",
    ]  # fmt: skip


def test_details_keep_the_text_of_their_numbers() -> None:
    assert fmt.pairs('{"amount":1.10,"ids":["a","b"]}') == [("Amount", "1.10"), ("Ids", "a, b")]
    assert fmt.pairs("not json") == [("Detail", "not json")]
    assert fmt.pairs(None) == []
