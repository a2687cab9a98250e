"""Your own data: files are looked at, asked about, landed by those who may, and nothing else."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from streamlit.testing.v1 import AppTest

from orchestration.home import Home
from orchestration.imports import landing
from tests.python.dashboard.conftest import html_of, open_page

SALES = b"""Invoice No,Customer No,Invoice Date,Due Date,Amount,Currency
1001,C-1,13/05/2026,12/06/2026,"1,200.00",EUR
1002,<b>C-2</b>,14/05/2026,13/06/2026,oops,EUR
Total,,,,"1,200.00",
"""
BANK = b"""Date,Description,Money In,Money Out
01/02/2026,INV 1001,1200.00,
03/02/2026,FEE,,5.00
"""


def deliver(*files: tuple[str, bytes]) -> AppTest:
    """The page after files were dropped on it."""
    app = open_page("upload")
    app.file_uploader[0].set_value([(name, content, "text/csv") for name, content in files])
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def click(app: AppTest, label: str) -> None:
    """Click the button with this label."""
    next(button for button in app.button if button.label == label).click()
    app.run()
    assert not app.exception, app.exception[0].message


def test_the_page_stands_before_anything_is_published(home: Path) -> None:
    app = open_page("upload")
    assert app.title[0].value == "Your own data"
    assert len(app.file_uploader) == 1


def test_a_file_is_shown_as_it_would_be_read_and_nothing_has_landed(home: Path) -> None:
    body = html_of(deliver(("sales.csv", SALES)))
    assert "Sales invoices and credit memos" in body
    assert "agrees with the rows" in body
    assert '<td class="n">2026-05-13<span class="t-sub">13/05/2026</span></td>' in body
    assert "&lt;b&gt;C-2&lt;/b&gt;" in body and "<b>C-2</b>" not in body
    assert "is not an amount; write it as 1234.50" in body
    assert list(Home(home).landing.rglob("*.csv")) == []


def test_a_workbook_is_known_by_its_content(home: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["N° facture", "Code client", "Date de facture", "Montant TTC (€)", "Statut"],
                ["F-1", "C-1", datetime(2026, 6, 1), 12.5, "Payée"]):  # fmt: skip
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    app = deliver(("factures.xlsx", content.getvalue()))
    assert "Excel workbook" in html_of(app)
    click(app, "Land 1 file")
    assert [landed.feed for landed in landing.history(Home(home))] == ["billing_invoices"]


def test_landing_writes_the_feeds_file_and_the_map(home: Path) -> None:
    app = deliver(("sales.csv", SALES))
    click(app, "Land 1 file")
    (landed,) = landing.history(Home(home))
    assert (landed.feed, landed.rows, landed.bad, landed.left_out) == (
        "billing_invoices", 3, 1, 1,
    )  # fmt: skip
    assert (Home(home).landing / landed.landed_as).exists()
    assert (Home(home).maps / "sales.yaml").exists()
    assert "Landed so far" in [header.value for header in app.header]


def test_what_the_file_does_not_say_is_asked_and_nothing_is_chosen(home: Path) -> None:
    app = deliver(("bank.csv", BANK))
    assert "Land 1 file" not in [button.label for button in app.button]
    dates = next(radio for radio in app.radio if "'Date'" in radio.label)
    assert dates.value is None
    assert dates.options == ["day first: 1 Feb 2026", "month first: 2 Jan 2026"]
    dates.set_value("day first")
    for text in app.text_input:
        text.set_value("GBP" if "currency" in text.label else "12345678")
    click(app, "Use these answers")
    assert "2026-02-01" in html_of(app)
    click(app, "Land 1 file")
    assert [landed.feed for landed in landing.history(Home(home))] == ["bank_transactions"]


def test_a_file_that_cannot_be_read_says_why_and_the_others_land(home: Path) -> None:
    app = deliver(("notes.csv", b"just words\n"), ("sales.csv", SALES))
    assert "notes.csv has one column at most" in html_of(app)
    click(app, "Land 1 file")
    assert [landed.original for landed in landing.history(Home(home))] == ["sales.csv"]


@pytest.mark.parametrize("roles", ["viewer", "auditor", "approver"])
def test_who_may_not_land_files_has_no_box_to_drop_them(
    home: Path, monkeypatch: pytest.MonkeyPatch, roles: str
) -> None:
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", roles)
    app = open_page("upload")
    assert len(app.file_uploader) == 0
    assert "role analyst, controller or admin" in html_of(app)


def test_a_right_that_was_taken_away_since_stops_the_landing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = deliver(("sales.csv", SALES))
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer")
    next(button for button in app.button if button.label == "Land 1 file").click()
    app.run()
    assert landing.history(Home(home)) == []
    assert list(Home(home).landing.rglob("*.csv")) == []
