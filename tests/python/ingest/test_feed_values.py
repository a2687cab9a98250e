"""Every kind of value: what is taken, as what, and what is refused with which words."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.python.ingest.landing_home import (
    BANK,
    INVOICE,
    LEDGER,
    PAYOUT,
    Landing,
    csv_text,
    json_lines,
)


def one(
    landing: Landing, feed: str, row: dict[str, Any], form: str = "csv", **settings: str
) -> Any:
    """The loaded row, or the reason why it is in quarantine."""
    content = csv_text([row]) if form == "csv" else json_lines([row])
    landing.land(f"{feed}/a.{form}", content)
    landing.ingest(**settings)
    raw = landing.raw(feed)
    return raw[0] if raw else landing.quarantine()[0]


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("1234.50", "EUR", "1234.50"),
        ("1234.5000", "EUR", "1234.50"),
        ("0", "EUR", "0"),
        ("+7", "EUR", "7"),
        (" 7.10 ", "EUR", "7.10"),
        ("-23.40", "EUR", "-23.40"),
        ("100", "JPY", "100"),
        ("100.000", "JPY", "100"),
        ("1.234", "BHD", "1.234"),
        ("1.2345678901", "XXX", "1.2345678901"),
        ("9999999999999999999999999999.99", "EUR", "9999999999999999999999999999.99"),
        ("123456789012345.67", "EUR", "123456789012345.67"),
        ("12345678.123", "BHD", "12345678.123"),
    ],
)
def test_amounts(landing: Landing, text: str, currency: str, expected: str) -> None:
    row = one(landing, "gateway_payouts", PAYOUT | {"amount": text, "currency": currency})
    assert row["amount"] == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "currency", "words"),
    [
        ('"1,234.50"', "EUR", "thousands separators"),
        ("1 234.50", "EUR", "thousands separators"),
        ('"1234,50"', "EUR", "decimal comma"),
        ("1e3", "EUR", "exponent form"),
        ("12.345", "EUR", "has 3 digits after the point and EUR has 2"),
        ("1.5", "JPY", "has 1 digits after the point and JPY has 0"),
        ("1.2345", "BHD", "BHD has 3"),
        ("€5", "EUR", "is not a decimal number"),
        ("1_000", "EUR", "is not a decimal number"),
        ("nan", "EUR", "is not a decimal number"),
        ("99999999999999999999999999999", "EUR", "too large"),
        ("", "EUR", "amount is empty and is required"),
    ],
)
def test_refused_amounts(landing: Landing, text: str, currency: str, words: str) -> None:
    row = one(landing, "gateway_payouts", PAYOUT | {"amount": text, "currency": currency})
    assert words in row["reason"]
    assert (row["column_name"], row["line_number"], row["row_key"]) == ("amount", 2, "stripe/po_1")
    assert not row["is_file"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("12345678901234567890.12", "12345678901234567890.12"),
        ("1.10", "1.10"),
        ("1e3", "1000"),
        ("1.5E+2", "150"),
        ("1250e-2", "12.50"),
        ("12500e-3", "12.50"),
        ("0.1e1", "1"),
        ("0e5", "0"),
    ],
)
def test_json_numbers_are_read_from_their_text(
    landing: Landing, number: str, expected: str
) -> None:
    line = json_lines([PAYOUT]).replace('"100.50"', number)
    landing.land("gateway_payouts/a.jsonl", line)
    landing.ingest()
    assert [row["amount"] for row in landing.raw("gateway_payouts")] == [Decimal(expected)]


def test_json_numbers_with_too_many_digits_are_refused(landing: Landing) -> None:
    line = json_lines([PAYOUT])
    rows = [line.replace('"100.50"', n).replace("po_1", n) for n in ("1.005", "1005e-3", "1e-9")]
    landing.land("gateway_payouts/a.jsonl", "".join(rows))
    landing.ingest()
    assert [row["line_number"] for row in landing.quarantine()] == [1, 2, 3]


def test_digits_and_quotes_inside_json_strings_stay(landing: Landing) -> None:
    name = 'a "b": 5, [1] \\ {"x": 2}'
    row = {"customer_id": 17, "legal_name": name, "aliases": ["x: 1", "y"], "note": {"n": 1.50}}
    landing.land("crm_customers/a.jsonl", json_lines([row]))
    landing.ingest()
    (loaded,) = landing.raw("crm_customers")
    assert loaded["customer_id"] == "17"
    assert loaded["legal_name"] == name
    assert loaded["aliases"] == ["x: 1", "y"]
    assert loaded["_extra"] == '{"note":{"n":"1.5"}}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T10:00:00Z", datetime(2026, 1, 2, 10)),
        ("2026-01-02t10:00:00z", datetime(2026, 1, 2, 10)),
        ("2026-01-02 10:00", datetime(2026, 1, 2, 10)),
        ("2026-01-02T10:00Z", datetime(2026, 1, 2, 10)),
        ("2026-01-02T10:00:00.123456789+02:00", datetime(2026, 1, 2, 8, 0, 0, 123456)),
        ("2026-01-02T10:00:00-0330", datetime(2026, 1, 2, 13, 30)),
        ("2026-01-02T10:00:00+05", datetime(2026, 1, 2, 5)),
        ("20260102T100000Z", datetime(2026, 1, 2, 10)),
        ("20260102T100000.5+0100", datetime(2026, 1, 2, 9, 0, 0, 500000)),
        ("2026-01-02", datetime(2026, 1, 2)),
        ("2026-01-02T24:00:00Z", datetime(2026, 1, 3)),
    ],
)
def test_timestamps(landing: Landing, text: str, expected: datetime) -> None:
    row = one(landing, "gateway_payouts", PAYOUT | {"created_at": text})
    assert row["created_at"] == expected


@pytest.mark.parametrize(
    "text", ["2026-13-01", "02.01.2026", "2026-1-2", "2026-02-30T10:00:00Z", "now", "1767348000",
             "2026-01-02T10:00:00+25:00", "2026-01-02T10:00:00 Europe/Paris"]
)  # fmt: skip
def test_refused_timestamps(landing: Landing, text: str) -> None:
    row = one(landing, "gateway_payouts", PAYOUT | {"created_at": text})
    assert "is not an ISO 8601 timestamp" in row["reason"]


@pytest.mark.parametrize(
    ("text", "expected", "naive"),
    [
        ("2026-01-02T10:00:00", datetime(2026, 1, 2, 9), 1),
        ("2026-07-02T10:00:00", datetime(2026, 7, 2, 8), 1),
        ("2026-07-02T10:00:00Z", datetime(2026, 7, 2, 10), 0),
        ("2026-03-29T02:30:00", datetime(2026, 3, 29, 1, 30), 1),  # never occurs: moved on
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 1, 30), 1),  # occurs twice: the later
        ("2026-10-25T01:30:00", datetime(2026, 10, 24, 23, 30), 1),
    ],
)
def test_naive_timestamps_are_read_in_the_zone_of_the_feed_and_counted(
    landing: Landing, text: str, expected: datetime, naive: int
) -> None:
    row = one(
        landing,
        "gateway_payouts",
        PAYOUT | {"created_at": text},
        TIEOUT_TIME_ZONES="gateway_payouts=Europe/Berlin",
    )
    assert row["created_at"] == expected
    assert landing.batches()[0]["naive_timestamps"] == naive


@pytest.mark.parametrize(
    "text", ["2026-1-2", "02/01/2026", "2026-02-30", "20260102", "2026-01-02T00:00:00Z", "x"]
)
def test_refused_dates(landing: Landing, text: str) -> None:
    row = one(landing, "bank_transactions", BANK | {"booking_date": text})
    assert "is not a date" in row["reason"]


def test_dates_and_signed_amounts(landing: Landing) -> None:
    row = one(landing, "bank_transactions", BANK)
    assert (row["booking_date"], row["amount"]) == (date(2026, 1, 2), Decimal("-12.30"))


@pytest.mark.parametrize(("text", "expected"), [("eur", "EUR"), (" usd ", "USD"), ("XXX", "XXX")])
def test_currencies_are_upper_cased(landing: Landing, text: str, expected: str) -> None:
    assert one(landing, "gateway_payouts", PAYOUT | {"currency": text})["currency"] == expected


@pytest.mark.parametrize("text", ["XEU", "EURO", "€", "E"])
def test_unknown_currencies_are_refused(landing: Landing, text: str) -> None:
    row = one(landing, "gateway_payouts", PAYOUT | {"currency": text})
    assert "is not an ISO 4217 currency code" in row["reason"]


def test_only_signed_money_is_negative(landing: Landing) -> None:
    row = one(landing, "billing_invoices", INVOICE | {"total_amount": "-5"})
    assert "is negative and has no sign by the contract" in row["reason"]


def test_a_domain_is_held(landing: Landing) -> None:
    row = one(landing, "gateway_payouts", PAYOUT | {"status": "Paid"})
    assert row["reason"] == 'status "Paid" is not one of pending, paid, failed, cancelled'


def test_all_reasons_of_a_row_are_given_and_the_first_column(landing: Landing) -> None:
    row = one(landing, "gateway_payouts", PAYOUT | {"amount": "x", "status": "y", "currency": ""})
    assert row["column_name"] == "amount"
    assert row["value"] == "x"
    assert row["reason"].count("; ") >= 2


@pytest.mark.parametrize(
    ("rate", "good"), [("0", True), ("0.10", True), ("1", True), ("10", False), ("-0.1", False)]
)
def test_a_withholding_rate_is_a_fraction(landing: Landing, rate: str, good: bool) -> None:
    row = one(landing, "billing_invoices", INVOICE | {"withholding_rate": rate})
    assert ("reason" in row) is not good


@pytest.mark.parametrize(
    ("debit", "credit", "good"),
    [
        ("5", "", True), ("", "5", True), ("0", "", True), ("5", "0.00", True),
        ("5", "5", False), ("", "", False), ("0", "0", False),
    ],
)  # fmt: skip
def test_exactly_one_of_debit_and_credit(
    landing: Landing, debit: str, credit: str, good: bool
) -> None:
    row = one(landing, "ledger_entries", LEDGER | {"debit_amount": debit, "credit_amount": credit})
    assert ("reason" in row) is not good


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; b ;;c", ["a", "b", "c"]),
        ('"[""a"", ""b;c""]"', ["a", "b;c"]),
        ('"[123456789012345678901, 1.50]"', ["123456789012345678901", "1.50"]),
        ("", None),
        ("[]", None),
        ("[Acme", ["[Acme"]),
    ],
)
def test_lists(landing: Landing, text: str, expected: list[str] | None) -> None:
    row = one(landing, "crm_customers", {"customer_id": "1", "legal_name": "A", "aliases": text})
    assert row["aliases"] == expected


def test_a_broken_list_is_refused(landing: Landing) -> None:
    row = one(landing, "crm_customers", {"customer_id": "1", "legal_name": "A", "aliases": "[a b]"})
    assert "is not a JSON list" in row["reason"]


DECISION = {"decision_id": "1", "decided_at": "2026-01-02T10:00:00Z", "actor": "ann"}


@pytest.mark.parametrize("as_text", [True, False])
def test_items_of_a_decision_keep_their_amounts_as_text(landing: Landing, as_text: bool) -> None:
    items = '[{"item_type": "invoice", "item_id": "A", "amount": 12345678901234567.10}]'
    row = DECISION | {"action": "create_match", "items": "@"}
    text = json_lines([row]).replace(
        '"@"', '"' + items.replace('"', '\\"') + '"' if as_text else items
    )
    landing.land("review_decisions/a.jsonl", text)
    landing.ingest()
    (loaded,) = landing.raw("review_decisions")
    assert loaded["items"] == (
        '[{"item_type":"invoice","item_id":"A","amount":"12345678901234567.10"}]'
    )


@pytest.mark.parametrize("items", [[1], {"item_type": "x"}, [{"item_type": "x"}], "x"])
def test_items_of_another_shape_are_refused(landing: Landing, items: object) -> None:
    row = one(
        landing, "review_decisions", DECISION | {"action": "unmatch", "items": items}, "jsonl"
    )
    assert "is not a JSON list of objects" in row["reason"]


@pytest.mark.parametrize(
    ("attempt", "good"), [("1", True), ("1.0", True), ("1.5", False), ("x", False), ("-1", False)]
)
def test_integers(landing: Landing, attempt: str, good: bool) -> None:
    row = one(
        landing,
        "posting_results",
        {
            "posting_key": "k", "attempt": attempt,
            "attempted_at": "2026-01-02T10:00:00Z", "status": "posted",
        },
    )  # fmt: skip
    assert ("reason" in row) is not good


@pytest.mark.parametrize("key", ["", "   "])
def test_an_empty_key_is_refused(landing: Landing, key: str) -> None:
    row = one(landing, "gateway_payouts", PAYOUT | {"payout_id": key})
    assert "payout_id is empty and is required" in row["reason"]
    assert row["row_key"] == "stripe/"


def test_the_key_of_a_reject_is_joined_like_an_item_id(landing: Landing) -> None:
    counter = {
        "device_id": "a/b%", "meter": "m", "read_at": "2026-01-02T12:00:00+02:00",
        "sequence": "x", "counter_value": "1",
    }  # fmt: skip
    row = one(landing, "device_counters", counter)
    assert row["row_key"] == "a%2Fb%25/m/2026-01-02T10:00:00Z"


def test_where_the_key_does_not_parse_its_text_is_the_key(landing: Landing) -> None:
    rate = {
        "rate_date": "1.2.2026", "base_currency": "EUR", "quote_currency": "USD",
        "source": "ECB", "rate": "1.1",
    }  # fmt: skip
    assert one(landing, "fx_rates", rate)["row_key"] == "1.2.2026/EUR/USD/ECB"


def test_a_banks_own_number_formats_are_refused_row_by_row_with_how_to_write_them(
    landing: Landing,
) -> None:
    """Reported of several importers: a format that is guessed makes 3,000 of "-3.000".

    By the contract zeros behind the point do not count, so that one is three.
    """
    written = {
        "1": ('"-2.000,00 €"', "is not a decimal number such as"),
        "2": ("(41.77)", "is not a decimal number"),
        "3": ("16.00-", "is not a decimal number"),
        "4": ('"2,306.00"', "thousands separators"),
        "5": ("-3.000", Decimal(-3)),
        "6": ("8.5", Decimal("8.50")),
    }
    rows = [BANK | {"entry_id": entry, "amount": text} for entry, (text, _) in written.items()]
    landing.land(
        "bank_transactions/a.csv", csv_text([*rows, BANK | {"booking_date": "20.03.2026"}])
    )
    landing.ingest()
    refused = {row["row_key"].removeprefix("DE1/"): row for row in landing.quarantine()}
    loaded = {row["entry_id"]: row["amount"] for row in landing.raw("bank_transactions")}
    assert loaded == {e: value for e, (_, value) in written.items() if isinstance(value, Decimal)}
    for entry, (_, words) in written.items():
        if isinstance(words, str):
            assert words in refused[entry]["reason"]
            assert refused[entry]["line_number"] == int(entry) + 1
    assert "is not a date" in refused["e_1"]["reason"]
    assert len(refused) == 5


def test_a_file_with_semicolons_is_refused_whole_and_says_so(landing: Landing) -> None:
    landing.land(
        "bank_transactions/a.csv",
        "account_id;entry_id;booking_date;amount;currency\nDE1;1;2026-03-20;-2.000,00;EUR\n",
    )
    landing.ingest()
    [row] = landing.quarantine()
    assert row["is_file"] and "semicolon" in row["reason"]
    assert landing.raw("bank_transactions") == []


def test_timestamps_as_warehouses_export_them_are_read_or_refused_with_how_to_write_them(
    landing: Landing,
) -> None:
    written = {
        "2026-03-03T09:00:00.000+0000": datetime(2026, 3, 3, 9),
        "2026-03-03 09:00:00+00": datetime(2026, 3, 3, 9),
        "2026-03-03 09:00:00.123456": datetime(2026, 3, 3, 9, 0, 0, 123456),
        "2026-03-03T09:00:00.000Z": datetime(2026, 3, 3, 9),
        "2026-03-03 09:00:00 UTC": None,
        "1772528400": None,
        "03/04/2026 09:00": None,
    }
    rows = [INVOICE | {"invoice_id": text, "issued_at": text} for text in written]
    landing.land("billing_invoices/a.csv", csv_text(rows))
    landing.ingest()
    loaded = {row["invoice_id"]: row["issued_at"] for row in landing.raw("billing_invoices")}
    assert loaded == {text: moment for text, moment in written.items() if moment}
    refused = {row["row_key"]: row["reason"] for row in landing.quarantine()}
    assert set(refused) == {text for text, moment in written.items() if not moment}
    assert all("is not an ISO 8601 timestamp; write it as" in reason for reason in refused.values())
