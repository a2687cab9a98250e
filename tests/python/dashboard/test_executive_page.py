"""The executive page: its verdict, and tables that add up to the headline they explain."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import duckdb
import pytest

from dashboard import format as fmt
from dashboard import verdict
from tests.python.dashboard import small_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish


def money_html(amount: str, currency: str) -> str:
    """An amount as pages write it."""
    code, figures = fmt.money(Decimal(amount), currency).split(" ")
    return f'<span class="t-code">{code} </span>{figures}'


def words(html: str) -> str:
    """HTML as a reader sees it, with single spaces."""
    spaced = re.sub("<(/?(td|th|tr|p|div|section|h3|caption)|br)[ >]", r" \g<0>", html)
    return " ".join(unescape(re.sub("<[^>]+>", "", spaced)).split())


def element(body: str, identifier: str, tag: str) -> str:
    """The first element with that id."""
    found = re.search(f'<{tag}[^>]*id="{identifier}".*?</{tag}>', body, re.DOTALL)
    assert found, identifier
    return found.group()


def test_the_verdict_is_a_sentence_of_figures(published: Path) -> None:
    said = words(element(html_of(open_page("executive")), "verdict", "div"))
    assert said == (
        "✕ Needs action ✕ 66.6 % of what fell due is reconciled, below the goal of 98 %; "
        "○ EUR 1,760.50 is overdue; ✕ 4 cases wait, 1 late; "
        "✕ June 2026 cannot close yet: 1 bank statement does not add up."
    )


def test_the_cards_name_the_exact_figure_and_how_it_moved(home: Path) -> None:
    rows = small_company.rows()
    today, *before = rows["agg_executive_daily"]
    today = {**today, "overdue": Decimal("1234567.89"), "revenue_at_risk": Decimal("2830.50")}
    earlier = {**today, "as_of_date": today["as_of_date"] - timedelta(days=8)}
    earlier |= {"overdue": Decimal("1300000.00"), "exceptions_open": 3}
    rows["agg_executive_daily"] = [today, earlier, *before]
    first_run = {**rows["fct_runs"][0], "run_id": "run-0", "as_of": small_company.AS_OF}
    rows["fct_runs"].append({**first_run, "as_of": first_run["as_of"] - timedelta(days=30)})
    publish(home, "run-moved", rows)
    body = html_of(open_page("executive"))
    overdue = element(body, "card-overdue", "section")
    assert 'title="EUR 1,234,567.89">EUR\N{NO-BREAK SPACE}1.23\N{NO-BREAK SPACE}M<' in overdue
    assert "EUR 65,432 less than on 24 Jun: better" in words(overdue)
    late = words(element(body, "card-exceptions-late", "section"))
    assert "1 of 4 that wait for a person" in late
    assert "1 case waiting, more than on 24 Jun: worse" in late


def test_before_the_first_run_there_is_nothing_to_compare_cases_with(published: Path) -> None:
    body = html_of(open_page("executive"))
    assert "no earlier figure" in words(element(body, "card-revenue_at_risk", "section"))


def test_tables_add_up_to_the_headline_that_they_explain(published: Path) -> None:
    body = html_of(open_page("executive"))
    with duckdb.connect(str(published / "serving.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select open, overdue, (select sum(revenue_at_risk) from marts.fct_exceptions where "
            "is_case_lead and status <> 'resolved') from marts.agg_executive_daily "
            "order by as_of_date desc limit 1"
        ).fetchone()
    assert found is not None
    owed, overdue, at_risk = (money_html(str(figure), "EUR") for figure in found)
    assert owed in element(body, "table-aging", "table")
    assert owed in element(body, "table-flow", "table")
    last = element(body, "table-by-currency", "table").split("<tr>")[-1]
    assert owed in last
    assert overdue in last
    assert at_risk in element(body, "table-risk", "table").split("<tr>")[-1]


def test_currencies_are_kept_apart(published: Path) -> None:
    table = element(html_of(open_page("executive")), "table-by-currency", "table")
    assert money_html("1170.50", "EUR") in table  # 1000.50 + 250.00 − 80.00; a draft is no invoice
    assert money_html("120000", "JPY") in table
    assert money_html("4.125", "BHD") in table
    assert money_html("-5000", "JPY") in table


def test_the_rows_of_the_total_add_up_to_it_over_all_currencies(published: Path) -> None:
    for of, amount in (("open", "1680.50"), ("overdue", "1760.50")):
        body = html_of(open_page("rows", of=of))
        assert f"<b>{money_html(amount, 'EUR')}</b> {of}" in element(body, "rows-lead", "div")


def test_the_rows_of_missed_invoices_are_those_that_the_card_counts(published: Path) -> None:
    body = html_of(open_page("rows", of="missed", window="28"))
    assert "<b>3 rows</b>" in element(body, "rows-lead", "div")
    assert "<b>0 rows</b>" in html_of(open_page("rows", of="missed", window="1"))


@pytest.mark.parametrize(
    ("change", "less_is_better", "said"),
    [
        (None, True, "no earlier figure to compare with"),
        (Decimal(0), True, "as on 24 Jun"),
        (Decimal(3), True, "▲ EUR 3 more than on 24 Jun: worse"),
        (Decimal(-3), True, "▼ EUR 3 less than on 24 Jun: better"),
        (Decimal(3), False, "▲ EUR 3 more than on 24 Jun: better"),
        (Decimal(-3), False, "▼ EUR 3 less than on 24 Jun: worse"),
    ],
)
def test_a_change_says_whether_it_is_better(
    change: Decimal | None, less_is_better: bool, said: str
) -> None:
    assert words(verdict.moved(change, "EUR 3", "24 Jun", less_is_better=less_is_better)) == said


def test_the_verdict_is_as_bad_as_its_worst_part() -> None:
    good, watch, bad = (verdict.Clause(tone, "x") for tone in ("good", "watch", "bad"))  # type: ignore[arg-type]
    assert words(verdict.sentence([good, None])) == "✓ On track ✓ x."
    assert words(verdict.sentence([good, watch])) == "▲ Watch ✓ x; ▲ x."
    assert words(verdict.sentence([bad, good, watch])).startswith("✕ Needs action")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("9999.99", "EUR", "EUR 9,999.99"),
        ("-46756.41", "EUR", "EUR −46,756"),
        ("565751.96", "EUR", "EUR 0.57 M"),
        ("9994999", "EUR", "EUR 9.99 M"),
        ("9995000", "EUR", "EUR 10.0 M"),
        ("13512345.67", "EUR", "EUR 13.5 M"),
        ("99950000", "EUR", "EUR 100 M"),
        ("1250000000", "JPY", "JPY 1.25 bn"),
        ("250000", "XXX", "0.25 M"),
    ],
)
def test_large_amounts_are_rounded_to_three_figures(amount: str, currency: str, text: str) -> None:
    assert fmt.rounded(Decimal(amount), currency) == text
