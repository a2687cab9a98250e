"""Dates and amounts: what leaves no doubt is read, what leaves doubt stays open."""

from __future__ import annotations

import pytest

from orchestration.imports.values import (
    COMMA,
    DAY_FIRST,
    MONTH_FIRST,
    POINT,
    DateFacts,
    Exact,
    NumberFacts,
    Unreadable,
    currency_of,
    iso_date,
    iso_timestamp,
    read_amount,
)


@pytest.mark.parametrize(
    ("text", "style", "value"),
    [
        ("1.234,56 €", COMMA, "1234.56"),
        ("1,234.56", POINT, "1234.56"),
        ("1'234.50", POINT, "1234.50"),
        ("1 234,56", COMMA, "1234.56"),
        ("1\u202f234,56", COMMA, "1234.56"),
        ("1,23,456.00", POINT, "123456.00"),
        ("(1,234.56)", POINT, "-1234.56"),
        ("EUR (3.20)", POINT, "-3.20"),
        ("12.50-", POINT, "-12.50"),
        ("−4,00", COMMA, "-4.00"),
        ("-€12.00", POINT, "-12.00"),
        ("€-12,00", COMMA, "-12.00"),
        ("100.00 CR", POINT, "100.00"),
        ("100.00 DR", POINT, "-100.00"),
        ("50,00 S", COMMA, "-50.00"),
        ("50,00 H", COMMA, "50.00"),
        ("+ 5,00", COMMA, "5.00"),
        ("-0.00", POINT, "0.00"),
        (".5", POINT, "0.5"),
        ("007", POINT, "7"),
    ],
)
def test_amounts_are_read_in_the_style_of_their_column(text: str, style: str, value: str) -> None:
    assert read_amount(text, style).text == value


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("1.50", COMMA),
        ("1,50", POINT),
        ("12,34.56", POINT),
        ("1.2.3", POINT),
        ("--5", POINT),
        ("(-5)", POINT),
        ("5 apples", POINT),
        ("€5 $", POINT),
        ("", POINT),
        ("N/A", POINT),
        ("0,123", POINT),
    ],
)
def test_what_the_style_does_not_allow_is_not_an_amount(text: str, style: str) -> None:
    with pytest.raises(Unreadable):
        read_amount(text, style)


@pytest.mark.parametrize(
    ("texts", "style"),
    [
        (["1,234", "12.50"], POINT),
        (["1.234", "12,50"], COMMA),
        (["1.234.567"], COMMA),
        (["0,123"], COMMA),
        (["100", "250"], POINT),
        (["1,234", "5,678"], None),
        (["1.234"], None),
        (["1,50", "1.50"], None),
    ],
)
def test_the_mark_of_decimals_is_told_from_all_values(texts: list[str], style: str | None) -> None:
    facts = NumberFacts()
    for line, text in enumerate(texts, start=2):
        facts.add(text, line)
    assert facts.style == style


def test_amounts_of_both_styles_contradict_each_other() -> None:
    facts = NumberFacts()
    facts.add("1,50", 2)
    facts.add("1.50", 3)
    assert facts.is_contradictory
    assert facts.shown == {COMMA: "line 2: 1,50", POINT: "line 3: 1.50"}


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["01.02.2026", "31.01.2026"], DAY_FIRST),
        (["01/02/2026", "01/31/2026"], MONTH_FIRST),
        (["01/02/2026", "03/04/2026"], None),
        (["05.05.2026"], DAY_FIRST),
        (["31.01.2026", "01/31/2026"], None),
    ],
)
def test_the_order_of_dates_is_told_from_all_values(texts: list[str], order: str | None) -> None:
    facts = DateFacts()
    for line, text in enumerate(texts, start=2):
        facts.add(text, line)
    assert facts.order == order


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2026-01-05", None, "2026-01-05"),
        ("2026/1/5", None, "2026-01-05"),
        ("20260105", None, "2026-01-05"),
        ("Jan 5, 2026", None, "2026-01-05"),
        ("5. Januar 2026", None, "2026-01-05"),
        ("5 de enero de 2026", None, "2026-01-05"),
        ("5 janv. 2026", None, "2026-01-05"),
        ("5. März 2026", None, "2026-03-05"),
        ("15-Aug-26", None, "2026-08-15"),
        ("01.02.26", DAY_FIRST, "2026-02-01"),
        ("1/2/2026", MONTH_FIRST, "2026-01-02"),
        ("01/02/69", DAY_FIRST, "2069-02-01"),
        ("01/02/1969", DAY_FIRST, "1969-02-01"),
    ],
)
def test_dates_are_read(text: str, order: str | None, day: str) -> None:
    assert iso_date(text, order) == day


@pytest.mark.parametrize("text", ["31.02.2026", "2026-13-01", "tomorrow", "12345", "1.2.3.2026"])
def test_what_is_no_day_of_the_calendar_is_no_date(text: str) -> None:
    with pytest.raises(Unreadable):
        iso_date(text, DAY_FIRST)


@pytest.mark.parametrize(
    ("text", "order", "zone", "moment"),
    [
        ("2026-01-05T10:00:00+02:00", None, None, "2026-01-05T08:00:00Z"),
        ("13/01/2026 3:05 PM", DAY_FIRST, None, "2026-01-13T15:05:00"),
        ("13/01/2026 12:05 AM", DAY_FIRST, None, "2026-01-13T00:05:00"),
        ("2026-07-01 10:00:00", None, "Europe/Berlin", "2026-07-01T08:00:00Z"),
        ("2026-07-01 10:00:00", None, "PDT", "2026-07-01T17:00:00Z"),
        ("2026-07-01", None, "Europe/Berlin", "2026-07-01"),
    ],
)
def test_moments_are_read(text: str, order: str | None, zone: str | None, moment: str) -> None:
    assert iso_timestamp(text, order, zone) == moment


def test_a_sheets_own_numbers_and_dates_leave_no_doubt() -> None:
    numbers, dates = NumberFacts(), DateFacts()
    numbers.add(Exact("1.234"), 2)
    dates.add(Exact("2026-02-01"), 2)
    assert numbers.style == POINT
    assert not dates.unreadable


def test_a_sign_that_several_currencies_share_says_none() -> None:
    assert currency_of("€") == "EUR"
    assert currency_of("usd") == "USD"
    assert currency_of("$") is None
