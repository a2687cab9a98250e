"""Files of every dialect are opened; what is no table says so."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from orchestration.home import TieoutError
from orchestration.imports.source import Source, open_source

TABLE = "Rechnung;Datum;Betrag\nR-1;31.01.2026;1,50\nR-2;01.02.2026;2,50\n"


def opened(folder: Path, content: bytes, name: str = "file.csv") -> Source:
    path = folder / name
    path.write_bytes(content)
    return open_source(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_are_told_by_content(tmp_path: Path, encoding: str) -> None:
    source = opened(tmp_path, TABLE.replace("R-1", "Müller").encode(encoding))
    assert next(cells for _, cells in source.rows()) == ["Müller", "31.01.2026", "1,50"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_told_by_content(tmp_path: Path, delimiter: str) -> None:
    text = f"No{delimiter}Date{delimiter}Text\n1{delimiter}2026-01-01{delimiter}a\n" * 1
    source = opened(tmp_path, text.encode())
    assert source.header == ("No", "Date", "Text")


def test_a_delimiter_inside_quotes_does_not_count(tmp_path: Path) -> None:
    source = opened(tmp_path, b'No;Text\n1;"a, b, c"\n2;"d, e, f"\n3;"g, h, i"\n')
    assert source.header == ("No", "Text")


def test_excels_own_word_on_the_delimiter_is_heeded(tmp_path: Path) -> None:
    source = opened(tmp_path, b"sep=;\r\nDate;Amount\r\n2026-01-01;1\r\n")
    assert source.header == ("Date", "Amount")
    assert [line for line, _ in source.rows()] == [3]


def test_the_header_is_found_below_title_lines(tmp_path: Path) -> None:
    text = '"Girokonto";"DE12"\n""\n"Kontostand vom 10.10.2026:";"1,00"\n\n' + TABLE
    source = opened(tmp_path, text.encode())
    assert (source.header, source.header_line) == (("Rechnung", "Datum", "Betrag"), 5)
    assert source.above[0] == ("Girokonto", "DE12")


def test_a_row_starts_on_its_first_line(tmp_path: Path) -> None:
    source = opened(tmp_path, b'Date,Text\n2026-01-01,"a\nb"\n2026-01-02,c\n')
    assert list(source.rows()) == [(2, ["2026-01-01", "a\nb"]), (4, ["2026-01-02", "c"])]


def test_a_quote_that_does_not_close_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(TieoutError, match="line 3: a quote opens"):
        opened(tmp_path, b'Date,Text\n2026-01-01,a\n2026-01-02,"b\n2026-01-03,c\n')


def test_columns_of_one_name_and_of_none_are_told_apart(tmp_path: Path) -> None:
    source = opened(tmp_path, b"Date,Currency,,Currency\n2026-01-01,EUR,x,USD\n")
    assert source.header == ("Date", "Currency", "column 3", "Currency #2")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\xd0\xcf\x11\xe0rest", "old or password-protected"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04nonsense", "not a readable workbook"),
        (b"just words\nand more words\n", "one column"),
        (b"1,2,3\n4,5,6\n7,8,9\n", "no row that names its columns"),
        (b"\x00\x01\x02\x03" * 100, "not a text file"),
    ],
)
def test_what_is_no_table_says_so(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(TieoutError, match=reason):
        opened(tmp_path, content)


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    notes = book.active
    notes.title = "Notes"
    notes.append(["Made by", "somebody"])
    sheet = book.create_sheet("Invoices")
    sheet.append(["Report of January"])
    sheet.append([])
    sheet.append(["Invoice No", "Date", "Amount", "Paid"])
    sheet.append([1001, datetime(2026, 1, 31), 1234.56, True])
    sheet.append(["A-2", date(2026, 2, 1), 0.1 + 0.2, None])
    sheet.append(["A-3", "01.02.2026", "=C4+C5", None])
    hidden = book.create_sheet("Hidden")
    hidden.sheet_state = "hidden"
    book.save(path)
    return path


def test_a_workbook_gives_values_of_the_sheet_with_the_table(tmp_path: Path) -> None:
    source = open_source(workbook(tmp_path / "book.xlsx"))
    assert (source.sheet, source.sheets) == ("Invoices", ("Notes", "Invoices"))
    assert list(source.rows()) == [
        (4, ["1001", "2026-01-31", "1234.56", "true"]),
        (5, ["A-2", "2026-02-01", "0.3", ""]),
        (6, ["A-3", "01.02.2026", "#FORMULA!", ""]),
    ]


def test_a_sheet_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(TieoutError, match="it has: Notes, Invoices"):
        open_source(workbook(tmp_path / "book.xlsx"), sheet="Hidden")


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"<c>" + b" " * (80 << 20))
    with pytest.raises(TieoutError, match="unpacks to more than it should"):
        open_source(path)


def test_a_workbook_with_entities_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "entities.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "b">]><workbook/>')
    with pytest.raises(TieoutError, match="entities"):
        open_source(path)
