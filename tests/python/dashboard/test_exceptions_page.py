"""The queue and the case on a small publication, without a browser."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import case_queue
from dashboard import format as fmt
from tests.python.dashboard import small_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish

EXCEPTION = re.compile(r'class="t-link x-case[^"]*" href="([^"]*)"')


def queue_of(app: AppTest) -> list[str]:
    """The exceptions that the queue lists, in order."""
    links = [unescape(link) for link in EXCEPTION.findall(html_of(app))]
    return [link.partition("exception=")[2].partition("&")[0] for link in links]


def given(app: AppTest, name: str) -> list[str]:
    """The values of one parameter of the address."""
    value = app.query_params.get(name, [])
    return [value] if isinstance(value, str) else list(value)


def open_queue(tab: str = "", **parameters: str) -> AppTest:
    """The page with the given address, its filters unfolded; fails when it raises."""
    app = open_page("exceptions", **parameters)
    app.session_state["x_filters"] = True
    if tab:
        app.session_state["x_tab"] = tab
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def test_queue_is_sorted_by_priority_and_leaves_out_what_is_resolved(published: Path) -> None:
    app = open_queue()
    assert queue_of(app) == ["exc-1", "exc-2", "exc-3", "exc-4"]
    assert "<b>4 cases</b>" in html_of(app)


@pytest.mark.parametrize(
    ("widget", "choice", "exceptions"),
    [
        ("severity", ["critical", "low"], ["exc-1", "exc-4"]),
        ("type", ["ambiguous_match"], ["exc-1"]),
        ("status", ["resolved"], ["exc-5"]),
        ("status", ["assigned"], ["exc-2"]),
        ("assigned", ["nobody"], ["exc-1", "exc-3", "exc-4"]),
        ("currency", ["JPY"], ["exc-4"]),
        ("cause", ["bank_charges"], ["exc-4"]),
        ("item_type", ["credit_memo", "bank_transaction"], ["exc-1", "exc-3"]),
        ("customer", ["C-2"], ["exc-3"]),
        ("reconciliation", ["invoice_to_receipt"], ["exc-1", "exc-2", "exc-3", "exc-4"]),
    ],
)
def test_filters_narrow_the_queue(
    published: Path, widget: str, choice: list[str], exceptions: list[str]
) -> None:
    app = open_queue()
    app.multiselect(key=f"x_{widget}").set_value(choice).run()
    assert not app.exception
    assert queue_of(app) == exceptions
    assert given(app, widget) == choice
    assert queue_of(open_queue(**{widget: choice[0]})) != []


@pytest.mark.parametrize(
    ("widget", "choice", "exceptions"),
    [
        ("sla", "late", ["exc-1"]),
        ("sla", "soon", ["exc-2", "exc-3", "exc-4"]),
        ("sla", "none", []),
        ("risk", "yes", ["exc-2", "exc-4"]),
        ("sort", "amount", ["exc-2", "exc-1", "exc-4", "exc-3"]),
        ("sort", "oldest", ["exc-4", "exc-3", "exc-2", "exc-1"]),
    ],
)
def test_choices_narrow_or_order_the_queue(
    published: Path, widget: str, choice: str, exceptions: list[str]
) -> None:
    app = open_queue()
    app.selectbox(key=f"x_{widget}").set_value(choice).run()
    assert not app.exception
    assert queue_of(app) == exceptions


@pytest.mark.parametrize(
    ("text", "exceptions"),
    [
        ("bold", ["exc-4"]),  # a customer's name
        ("c-2 credit_memo", ["exc-3"]),
        ("inv-5", ["exc-1"]),  # another item of the case
        ("soehne 2026-0001", ["exc-1"]),  # the bank's text, in any order
        ("1,000.50", ["exc-2"]),
        ("1000,5", ["exc-2"]),
        ("EUR 80", ["exc-3"]),
        ("120,000", ["exc-4"]),
        ("exc-3", ["exc-3"]),
        ("nobody", []),
    ],
)
def test_the_queue_is_searched_by_number_amount_text_name_and_id(
    published: Path, text: str, exceptions: list[str]
) -> None:
    assert queue_of(open_queue(search=text)) == exceptions


def test_a_filter_that_matches_nothing_stays_chosen_and_can_be_taken_away(published: Path) -> None:
    app = open_queue(severity="high", type="chargeback")
    assert queue_of(app) == []
    assert "No exception fits these filters." in html_of(app)
    assert app.multiselect(key="x_type").value == ["chargeback"]
    assert "Chargeback (0)" in app.multiselect(key="x_type").options
    app.button(key="chip-type-chargeback").click().run()
    assert queue_of(app) == ["exc-2"]
    assert "type" not in app.query_params
    assert given(app, "severity") == ["high"]


def test_each_value_says_what_it_would_leave_beside_what_else_is_chosen(published: Path) -> None:
    app = open_queue(severity="medium")
    assert "◆ Critical (1)" in app.multiselect(key="x_severity").options
    assert app.multiselect(key="x_item_type").options == ["Credit memo (1)"]


def test_links_of_the_queue_keep_what_is_chosen(published: Path) -> None:
    app = open_queue(currency="EUR", sort="amount")
    [link, *_] = EXCEPTION.findall(html_of(app))
    assert unescape(link) == "exceptions?currency=EUR&sort=amount&exception=exc-2"


def test_an_open_case_shows_all_that_is_known(published: Path) -> None:
    app = open_queue(exception="exc-1")
    body = html_of(app)
    assert "late by 2 d 2 h" in body
    assert "Text</dt><dd>“Rechnung &lt;2026-0001&gt;”" in body
    assert "Invoice 2026-0001</a></b> of" in body  # the suggestion, as a sentence
    assert f"the amount is {fmt.money(Decimal('0.50'), 'EUR')} more" in body
    assert "The payment is short by 0.50 and no deduction explains it" in body
    assert "Bank_transaction DE89/E-7 over 1000.00 EUR waits." in body
    assert "Look at DE89/E-7." in body
    assert "Invoice 2026-0005</a>" in body  # the other item of the case
    assert "case 1 of 4" in body
    assert "june.xml" in html_of(open_queue(exception="exc-1", tab="Source rows"))
    assert "Loaded" in html_of(open_queue(exception="exc-1", tab="History"))
    assert "nothing else open" in html_of(
        open_queue(exception="exc-3", tab="Customer's open items")
    )
    assert any("Several matches fit equally well" in text.value for text in app.markdown)
    assert any("item_id = 'DE89/E-7'" in text.value for text in app.markdown)  # filled in


def company_where(exception: str, **changed: Any) -> small_company.Rows:
    """The small company with an exception of it changed."""
    rows = small_company.rows()
    rows["fct_exceptions"] = [
        {**row, **changed} if row["exception_id"] == exception else row
        for row in rows["fct_exceptions"]
    ]
    return rows


@pytest.mark.parametrize(
    ("rest", "first"),
    [("400", "Write off EUR 1,000.50"), ("600", "Ask for EUR 1,000.50")],
)
def test_a_rest_is_written_off_where_it_is_little_and_asked_for_where_it_is_not(
    published: Path, rest: str, first: str
) -> None:
    rows = company_where(
        "exc-2", exception_type="short_payment", root_cause="customer_underpaid",
        base_amount=Decimal(rest),
    )  # fmt: skip
    publish(published, "run-short", rows)
    app = open_queue(exception="exc-2")
    buttons = [button for button in app.button if str(button.key).startswith("x-do-")]
    assert (buttons[0].label, buttons[0].proto.type) == (first, "primary")
    app.button(key="x-do-comment").click().run()
    note = app.text_input(key="x_in_comment").value
    assert (
        note
        == f"Asked {small_company.LONG_NAME} for the remaining EUR 1,000.50 of invoice 2026-0001."
    )


def test_a_copy_is_shown_beside_what_it_repeats(published: Path) -> None:
    rows = company_where("exc-2", exception_type="duplicate_invoice")
    rows["fct_record_trace"] = [
        {
            "item_type": "invoice", "item_id": "INV-1", "position": 1,
            "occurred_at": small_company.AS_OF, "event": "set_aside",
            "detail": '{"original": "INV-2", "reason": "duplicate"}', "run_id": "run-1",
        }
    ]  # fmt: skip
    publish(published, "run-copy", rows)
    body = html_of(open_queue(exception="exc-2"))
    original = body[body.index("What it repeats") :]
    assert "2026-0002" in original
    assert "the amounts differ" in original
    assert "both are of one party" in original


def test_next_and_previous_walk_the_queue(published: Path) -> None:
    app = open_queue(exception="exc-1")
    assert app.button(key="x-previous").disabled
    app.button(key="x-next").click().run()
    assert given(app, "exception") == ["exc-2"]
    app.button(key="x-next").click().run()
    app.button(key="x-next").click().run()
    assert app.button(key="x-next").disabled
    app.button(key="x-previous").click().run()
    assert given(app, "exception") == ["exc-3"]
    app.button(key="x-back").click().run()
    assert "exception" not in app.query_params


def test_without_a_case_the_page_says_where_to_begin(published: Path) -> None:
    body = html_of(open_queue())
    assert 'id="table-causes"' in body
    assert "exceptions?type=ambiguous_match&amp;cause=unknown" in body


def test_an_exception_that_is_gone_says_so(published: Path) -> None:
    assert "is not in this publication" in html_of(open_queue(exception="exc-x"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1,234.50", ["1234.50"]),
        ("1234,5", ["1234.5"]),
        ("EUR 1.234,50", ["1234.50"]),
        ("1,234", ["1234", "1.234"]),
        ("199.600", ["199.600", "199600"]),
        ("-149.00 EUR", ["149.00"]),
        ("1'234.50", ["1234.50"]),
        ("12,34,5", []),
        ("INV-2026", []),
        ("", []),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, meant: list[str]) -> None:
    assert case_queue.amounts(text) == [Decimal(amount) for amount in meant]
