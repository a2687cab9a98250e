"""What the end of a run says, from the published marts alone."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from tieout_process import Tieout

from dashboard import data
from orchestration import summary
from orchestration.home import Home
from orchestration.verify import Verdict
from tests.python.dashboard.marts_file import publish

AS_OF = datetime(2026, 7, 1, 6)
UNREADABLE = "the required column source of fx_rates cannot be found"


def batch(number: int, feed: str, loaded: int, rejected: int) -> dict[str, Any]:
    return {
        "batch_id": f"b{number}",
        "feed": feed,
        "ingested_at": AS_OF,
        "rows_read": loaded + rejected,
        "rows_loaded": loaded,
        "rows_redelivered": 0,
        "rows_quarantined": rejected,
    }


def rejected(number: int, feed: str, reason: str, is_file: bool = False) -> dict[str, Any]:
    return {"batch_id": f"b{number}", "feed": feed, "reason": reason, "is_file": is_file}


def company(home: Home, batches: list[dict[str, Any]], quarantine: list[dict[str, Any]]) -> None:
    publish(
        home.root,
        "run-1",
        {
            "fct_runs": [{"run_id": "run-1", "as_of": AS_OF}],
            "fct_batches": batches,
            "fct_quarantine": quarantine,
            "dim_reconciliations": [
                {"reconciliation": "a", "title": "Running", "is_active": True},
                {
                    "reconciliation": "b",
                    "title": "The bank against the ledger",
                    "is_active": False,
                    "why_inactive": "nothing has landed in ledger_entries",
                },
            ],
        },
    )


def text_of(home: Home) -> str:
    return summary.render(home, summary.read(home), Verdict(), {})


def test_what_was_rejected_is_counted_and_said(home: Home) -> None:
    reasons = ['amount "1,50" is no number', 'amount "2,50" is no number']
    reasons += [f"reason {number}" for number in range(6)]
    company(
        home,
        [batch(1, "fx_rates", 0, 0), batch(2, "billing_invoices", 5, 8)],
        [
            rejected(1, "fx_rates", UNREADABLE, is_file=True),
            *(rejected(2, "billing_invoices", reason) for reason in reasons),
            rejected(2, "billing_invoices", "mended") | {"resolved_by_batch_id": "b3"},
        ],
    )
    assert summary.nothing_was_read(summary.read(home)) is None
    said = text_of(home)
    assert "Rejected and not replaced yet: 1 files, 8 rows" in said
    assert f"  1 x fx_rates, file: {UNREADABLE}" in said
    assert '  2 x billing_invoices, row: amount "..." is no number' in said
    assert "  3 for other reasons" in said
    assert "mended" not in said


def test_what_sleeps_says_what_would_wake_it(home: Home) -> None:
    company(home, [batch(1, "billing_invoices", 5, 0)], [])
    said = text_of(home)
    assert "The bank against the ledger: nothing has landed in ledger_entries" in said
    assert "nothing has landed in crm_customers: payers can only be known by" in said
    assert "Running" not in said.replace("Not running yet", "")


def test_a_run_that_could_read_nothing_says_why(home: Home) -> None:
    company(
        home,
        [batch(1, "fx_rates", 0, 0), batch(2, "billing_invoices", 0, 1)],
        [
            rejected(1, "fx_rates", UNREADABLE, is_file=True),
            rejected(2, "billing_invoices", "currency is missing"),
        ],
    )
    said = summary.nothing_was_read(summary.read(home))
    assert said is not None
    assert "Nothing of the 2 files" in said
    assert UNREADABLE in said
    assert "currency is missing" in said


def test_that_alerts_reach_nobody_is_said_until_somebody_says_whom(home: Home) -> None:
    company(home, [batch(1, "billing_invoices", 5, 0)], [])
    assert f"Alerts reach nobody: write {home.root / 'alerts.yml'}" in text_of(home)
    (home.root / "alerts.yml").write_text("destinations: {}\n", encoding="utf-8")
    assert "Alerts reach nobody" not in text_of(home)


def test_where_nothing_landed_nothing_was_refused(home: Home) -> None:
    company(home, [], [])
    assert summary.nothing_was_read(summary.read(home)) is None


@pytest.mark.slow
def test_headline_figures_are_the_same_everywhere_and_tie_to_the_cent(reconciled: Tieout) -> None:
    """The summary, the pages, their drill-downs and the marts, on a reconciled company."""

    def page(name: str, **parameters: Any) -> list[dict[str, Any]]:
        with duckdb.connect(str(reconciled.home.serving.resolve()), read_only=True) as connection:
            cursor = connection.execute(data.sql(name), parameters or None)
            names = [name for name, *_ in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    figures = ("invoiced", "matched", "adjusted", "open", "overdue")
    by_currency = {row["currency"]: row for row in page("executive_by_currency")}
    told = {row["currency"]: row for row in summary.read(reconciled.home)["money"]}
    assert len(told) > 3
    for currency, row in told.items():
        assert row["invoiced"] == row["matched"] + row["adjusted"] + row["open"]
        assert row["settled"] <= row["matched"]
        for figure in figures:
            assert row[figure] == by_currency[currency][figure], (currency, figure)

    def totals(rows: list[dict[str, Any]]) -> dict[str, Decimal]:
        """What a list says of all its rows, by currency."""
        return {total["currency"]: total["amount"] for total in rows[0]["totals"]} if rows else {}

    nothing = {"currency": "", "customer": "", "digits": "2", "limit": 1, "offset": 0}
    for figure in figures:
        rows = page("rows_invoices", measure=figure, bucket="", **nothing)
        for currency, row in told.items():
            assert totals(rows).get(currency, Decimal(0)) == row[figure], (currency, figure)
    for figure in ("collected", "unapplied"):
        rows = page("rows_receipts", measure=figure, **nothing)
        for currency, row in by_currency.items():
            assert totals(rows).get(currency, Decimal(0)) == row[figure], (currency, figure)
    outstanding = [row for row in page("executive_outstanding") if row["level"] == "currency"]
    assert {row["currency"]: row["open_amount"] for row in outstanding if row["open_amount"]} == {
        currency: row["open"] for currency, row in told.items() if row["open"]
    }

    [headline] = page("executive_headline")
    assert headline["invoiced"] == headline["matched"] + headline["adjusted"] + headline["open"]
    assert headline["overdue"] > 0
