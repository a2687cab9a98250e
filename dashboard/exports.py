"""What a page gives to take away: a workbook of its figures, and the page itself on A4.

A workbook holds the numbers as numbers, each in the format of its currency, and texts as texts:
none can become a formula. Its first sheet says as of when, by which run, and what figures mean.
The page is printed by the browser (`@media print` in style.css), which also writes PDF.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import streamlit as st
from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
from openpyxl.styles import Alignment, Font  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]
from streamlit.delta_generator import DeltaGenerator

from dashboard import access, data
from dashboard import format as fmt

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET_ROWS = 100_000
"""Rows of one sheet at most: what a workbook is still opened with at ease. CSV files hold more."""

# A spreadsheet keeps fifteen digits of a number; what has more is written as text.
_KEPT_DIGITS = 15
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CELL_CHARACTERS = 32_767
_BOLD = Font(bold=True)
_WRAPPED = Alignment(wrap_text=True, vertical="top")


@dataclass(frozen=True)
class Field:
    """A column of a sheet: its header, the field of a row, and the field of its currency."""

    header: str
    name: str
    currency: str = ""
    is_share: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table of a workbook; `note` stands above it."""

    title: str
    fields: Sequence[Field]
    rows: Iterable[Mapping[str, Any]]
    note: str = ""


def fields(names: Sequence[str], currency_of: Mapping[str, str]) -> list[Field]:
    """A field for each name, headed by the name in words."""
    return [Field(fmt.label(name), name, currency_of.get(name, "")) for name in names]


def workbook(title: str, definitions: Sequence[tuple[str, str]], sheets: Sequence[Sheet]) -> bytes:
    """An XLSX file: a first sheet that says what it is, then one for each of `sheets`."""
    book = Workbook(write_only=True)
    first: Any = book.create_sheet("About")
    first.column_dimensions["A"].width = 30
    first.column_dimensions["B"].width = 110
    first.append([_cell(first, title, bold=True)])
    for name, value in _about():
        first.append([_cell(first, name), _cell(first, value)])
    first.append([])
    first.append([_cell(first, "What the figures mean", bold=True)])
    for name, meaning in definitions:
        meant = _cell(first, meaning)
        meant.alignment = _WRAPPED
        first.append([_cell(first, name), meant])
    taken = {"About"}
    for sheet in sheets:
        _write(book.create_sheet(_sheet_name(sheet.title, taken)), sheet)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def title_row(title: str) -> DeltaGenerator:
    """The title of a page, and the place beside it for its controls."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.title(title)
    return row


def bar(name: str, make: Callable[[], bytes]) -> None:
    """The button with what a page exports: `make` gives the workbook once it is asked for."""
    with st.popover("Export", icon=":material/download:"):
        st.download_button(
            "Figures as XLSX",
            later(make),
            file_name=f"tieout-{name}.xlsx",
            mime=XLSX,
            icon=":material/table_view:",
            on_click="ignore",
            width="stretch",
            key=f"xlsx-{name}",
        )
        print_button()


def later(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """`make` for a button: called after the page has run, it reads what the page has read."""
    publication = data.used()

    def call() -> bytes:
        with data.reading(publication):
            return make()

    return access.for_download(call)


def print_button() -> None:
    """A button that opens the browser's print dialog (`links.js`), which also saves as PDF."""
    st.html(
        '<button type="button" class="t-print" id="print-page">Print or save as PDF (A4)</button>'
    )


def _about() -> list[tuple[str, Any]]:
    """What the publication behind this page says of itself."""
    facts = data.query_one("publication")
    publication = data.used()
    return [
        ("Data as of (UTC)", facts["as_of"]),
        ("Run", facts["run_id"]),
        ("Published (UTC)", publication.key.published_at.replace(microsecond=0)),
        ("Reporting currency", facts["reporting_currency"]),
    ]


def _write(worksheet: Any, sheet: Sheet) -> None:
    for number, column in enumerate(sheet.fields, start=1):
        letter = get_column_letter(number)
        worksheet.column_dimensions[letter].width = max(12, min(40, len(column.header) + 6))
    if sheet.note:
        worksheet.append([_cell(worksheet, sheet.note)])
    else:
        worksheet.freeze_panes = "A2"
    worksheet.append([_cell(worksheet, column.header, bold=True) for column in sheet.fields])
    for row in sheet.rows:
        worksheet.append(
            [
                _cell(
                    worksheet,
                    row[column.name],
                    row.get(column.currency) if column.currency else None,
                    is_share=column.is_share,
                )
                for column in sheet.fields
            ]
        )


def _cell(
    worksheet: Any,
    value: Any,
    currency: str | None = None,
    *,
    bold: bool = False,
    is_share: bool = False,
) -> Any:
    """One cell; text is marked as text, so that nothing takes it for a formula."""
    match value:
        case bool():
            cell = WriteOnlyCell(worksheet, value)
        case Decimal() if len(value.normalize().as_tuple().digits) > _KEPT_DIGITS:
            cell = _text_cell(worksheet, fmt.csv_cell(value, currency))
        case Decimal() | int() | float():
            cell = WriteOnlyCell(worksheet)
            cell.value = value
            cell.number_format = _number_format(value, currency, is_share)
        case datetime():
            cell = WriteOnlyCell(worksheet, value)
            cell.number_format = "yyyy-mm-dd hh:mm"
        case date():
            cell = WriteOnlyCell(worksheet)
            cell.value = value
            cell.number_format = "yyyy-mm-dd"
        case None:
            cell = WriteOnlyCell(worksheet, None)
        case _:
            cell = _text_cell(worksheet, fmt.text(value) if value != "" else "")
    if bold:
        cell.font = _BOLD
    return cell


def _text_cell(worksheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(worksheet, None)
    cell.value = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)[:_CELL_CHARACTERS]
    cell.data_type = "s"
    cell.quotePrefix = text.startswith("=")
    return cell


def _number_format(value: Decimal | int | float, currency: str | None, is_share: bool) -> str:
    if is_share:
        return "0.0%"
    if currency:
        digits = fmt.minor_digits(currency)
        return "#,##0" + ("." + "0" * digits if digits else "")
    return "#,##0" if isinstance(value, int) else "#,##0.##########"


def _sheet_name(title: str, taken: set[str]) -> str:
    """A name that a spreadsheet allows and that no other sheet has."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", title).strip("'").strip()[:31] or "Sheet"
    name, number = plain, 2
    while name.casefold() in {other.casefold() for other in taken}:
        name = f"{plain[:27]} {number}"
        number += 1
    taken.add(name)
    return name
