"""One customer: what they owe adds up to the marts, line by line and in the end."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from dashboard import data
from orchestration.home import Home
from tests.python.dashboard import audited_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish
from tests.python.dashboard.test_dashboard_pages import money_html

LONG_AGO = "2026-01-01"
STORE = data.Store()  # a publication that is open is locked, and opened once


@pytest.fixture
def audited(home: Path) -> Path:
    """A home in which the audited company is published."""
    publish(home, "run-audited", audited_company.rows())
    return home


def statement(home: Path, customer: str, currency: str, since: str = "") -> list[data.Row]:
    publication = STORE.current(Home(home))
    parameters = {"customer": customer, "currency": currency, "since": since}
    rows = data.run_sql(
        publication, "customers_statement", {**parameters, "limit": 1000, "offset": 0}
    )
    return rows[::-1]


def balances(home: Path, customer: str) -> dict[str, Decimal]:
    publication = STORE.current(Home(home))
    rows = data.run_sql(publication, "customers_balance", {"customer": customer})
    return {row["currency"]: row["balance"] for row in rows}


def test_customers_are_found_by_a_part_of_name_or_id(audited: Path) -> None:
    assert "<b>4 customers</b>" in html_of(open_page("customers"))
    body = html_of(open_page("customers", search="manama"))
    assert "<b>1 customer</b>" in body
    assert "customer=C-4" in body
    assert "No customer has that" in html_of(open_page("customers", search="nobody"))


def test_who_owes_most_comes_first_in_the_reporting_currency(audited: Path) -> None:
    body = html_of(open_page("customers"))
    assert body.index("customer=C-1") < body.index("customer=C-3")
    assert money_html("720.00", "EUR") in body  # 120,000 JPY at 0.006


def test_an_adjustment_is_a_line_and_the_last_balance_is_what_is_open(audited: Path) -> None:
    lines = statement(audited, "C-1", "EUR")
    discount = next(line for line in lines if line["kind"] == "discount")
    assert discount["credit"] == Decimal("6.00")
    assert lines[-1]["balance"] == balances(audited, "C-1")["EUR"] == Decimal("1000.50")


def test_lines_before_the_period_are_one_opening_balance(audited: Path) -> None:
    whole = statement(audited, "C-1", "EUR")
    part = statement(audited, "C-1", "EUR", "2026-05-10")
    before = [line for line in whole if f"{line['day']}" < "2026-05-10"]
    assert before
    assert part[0]["kind"] == "opening"
    assert part[0]["balance"] == before[-1]["balance"]
    assert [line["balance"] for line in part[1:]] == [
        line["balance"] for line in whole[len(before) :]
    ]
    assert [line["kind"] for line in statement(audited, "C-1", "EUR", LONG_AGO)] == [
        line["kind"] for line in whole
    ]


def test_what_another_customer_settles_is_a_line_of_its_own(home: Path) -> None:
    rows = audited_company.rows()
    rows["fct_items"] = [
        {**item, "party_id": "C-2"} if item["item_id"] == "DE89/E-22" else item
        for item in rows["fct_items"]
    ]
    rows["fct_receipts"] = [
        {**item, "customer_id": "C-2"} if item["item_id"] == "DE89/E-22" else item
        for item in rows["fct_receipts"]
    ]
    publish(home, "run-audited", rows)
    for customer, amount in (("C-1", "-50"), ("C-2", "50")):
        lines = statement(home, customer, "EUR")
        [line] = [line for line in lines if line["kind"] == "other_customer"]
        assert line["amount"] == Decimal(amount)
        assert lines[-1]["balance"] == balances(home, customer)["EUR"]


def test_a_customer_is_told_in_sentences(audited: Path) -> None:
    body = html_of(open_page("customers", customer="C-1"))
    assert f"Owes <b>{money_html('1000.50', 'EUR')}</b>" in body
    assert "<b>0 of 2</b> paid invoices came in time" in body
    assert "Usually <b>2 days late</b>" in body
    assert "Early-payment discount on 1 item" in body
    assert "THE &lt;TREASURY&gt;" in body
    assert "exception=exc-2" in body


def test_a_customer_that_is_not_there_is_said_so(audited: Path) -> None:
    assert "There is no customer C-9" in html_of(open_page("customers", customer="C-9"))
