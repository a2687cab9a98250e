"""Workbooks: numbers as numbers, texts as texts, and what the figures mean on the first sheet."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from openpyxl import load_workbook  # type: ignore[import-untyped]

from dashboard import data, exports
from tests.python.dashboard import small_company
from tests.python.dashboard.conftest import open_page

FIELDS = [
    exports.Field("Text", "text"),
    exports.Field("Amount", "amount", "currency"),
    exports.Field("Day", "day"),
    exports.Field("Share", "share", is_share=True),
]


def row(text: str, amount: str, currency: str | None = "EUR") -> dict[str, Any]:
    """A row of those fields."""
    return {
        "text": text, "amount": Decimal(amount), "currency": currency, "day": date(2026, 7, 1),
        "share": Decimal("0.25"),
    }  # fmt: skip


def opened(content: bytes) -> Any:
    """The workbook in a file."""
    return load_workbook(io.BytesIO(content))


@pytest.fixture
def used(published: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small company as what this page run reads."""
    monkeypatch.setattr(st, "session_state", {})
    data.use(data.current())
    return published


def test_amounts_are_numbers_in_the_format_of_their_currency(used: Path) -> None:
    sheet = exports.Sheet(
        "Rows",
        FIELDS,
        [row("a", "1234.50"), row("b", "-120000", "JPY"), row("c", "4.125", "BHD")],
    )
    cells = opened(exports.workbook("Test", [], [sheet]))["Rows"]
    assert [cells.cell(line, 2).value for line in (2, 3, 4)] == [1234.5, -120000, 4.125]
    assert [cells.cell(line, 2).number_format for line in (2, 3, 4)] == [
        "#,##0.00", "#,##0", "#,##0.000",
    ]  # fmt: skip
    assert cells.cell(2, 4).number_format == "0.0%"
    assert cells.cell(2, 3).value == datetime(2026, 7, 1)


def test_an_amount_of_more_digits_than_a_spreadsheet_keeps_is_text(used: Path) -> None:
    sheet = exports.Sheet("Rows", FIELDS, [row("a", "12345678901234567.89")])
    cell = opened(exports.workbook("Test", [], [sheet]))["Rows"].cell(2, 2)
    assert (cell.data_type, cell.value) == ("s", "12345678901234567.89")


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-2", "@x", small_company.FORMULA_NAME])
def test_no_text_is_a_formula(used: Path, text: str) -> None:
    sheet = exports.Sheet("=Rows", FIELDS, [row(text, "1")], note="=note")
    book = opened(exports.workbook("=Test", [("=Term", "=meaning")], [sheet]))
    cells = [cell for page in book for line in page.iter_rows() for cell in line]
    assert text in [cell.value for cell in cells]
    assert not [cell for cell in cells if cell.data_type == "f"]


def test_text_that_xml_cannot_hold_is_replaced(used: Path) -> None:
    sheet = exports.Sheet("Rows", FIELDS, [row("a\x00\x0bb", "1")])
    assert opened(exports.workbook("Test", [], [sheet]))["Rows"].cell(2, 1).value == "a��b"


def test_the_first_sheet_says_as_of_when_and_what_figures_mean(used: Path) -> None:
    book = opened(exports.workbook("Executive", [("Open", "What is open.")], []))
    said = {line[0].value: line[1].value if len(line) > 1 else None for line in book["About"]}
    assert said["Data as of (UTC)"] == small_company.AS_OF
    assert said["Run"] == small_company.RUN_ID
    assert said["Reporting currency"] == "EUR"
    assert said["Open"] == "What is open."


def test_sheets_of_the_same_long_name_are_told_apart(used: Path) -> None:
    title = "A name [that] is longer than a spreadsheet allows"
    sheets = [exports.Sheet(title, FIELDS, []), exports.Sheet(title, FIELDS, [])]
    names = opened(exports.workbook("Test", [], sheets)).sheetnames
    assert len(set(names)) == 3
    assert all(len(name) <= 31 for name in names)


@pytest.mark.parametrize(
    ("page", "of", "sheet"),
    [("executive", "", "Headline"), ("close", "", "Checks"), ("rows", "open", "Rows")],
)
def test_pages_give_their_figures_as_a_workbook(
    published: Path, page: str, of: str, sheet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Any] = {}

    def keep(label: str, content: Any, **_: Any) -> bool:
        made[label] = content() if callable(content) else content
        return False

    monkeypatch.setattr(st, "download_button", keep)
    open_page(page, **({"of": of} if of else {}))
    content = next(value for label, value in made.items() if label.endswith("as XLSX"))
    assert sheet in opened(content).sheetnames
    headline = [[cell.value for cell in line] for line in opened(content)[sheet].iter_rows()]
    assert len(headline) > 1
