"""XLSX: values only, of the sheet that looks most like a table. Nothing in it is executed.

A workbook is a ZIP of XML, so its size on disk says little: what it unpacks to is bounded first.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]

from orchestration.home import TieoutError
from orchestration.imports.source import HEAD_ROWS, Row, Source, find_header, with_header
from orchestration.imports.values import Exact

MAX_UNPACKED = 1 << 30
MAX_RATIO = 250
MAX_SMALL = 64 << 20
MAX_PARTS = 5_000
FORMULA = "#FORMULA!"
"""Stands for a formula whose result the file does not hold."""


def open_workbook(path: Path, name: str, sheet: str | None) -> Source:
    """Open one sheet of a workbook: the named one, else the one with the most table to it.

    Raises:
        TieoutError: when it is no workbook, unpacks to too much, or has no table.
    """
    has_formulas = _inspect(path, name)
    try:
        book = _loaded(path, data_only=True)
    except Exception as error:  # openpyxl raises what its parts raise, of many kinds
        raise TieoutError(
            f"{name} is not a readable workbook ({error}). Save it again as .xlsx."
        ) from error
    try:
        titles = [ws.title for ws in book.worksheets if ws.sheet_state == "visible"]
    finally:
        _closed(book)
    if not titles:
        raise TieoutError(f"{name} has no visible sheet.")
    if sheet is not None and sheet not in titles:
        raise TieoutError(f"{name} has no sheet {sheet!r}; it has: {', '.join(titles)}.")
    chosen = sheet or max(
        titles, key=lambda title: _tableness(SheetReader(path, name, title, False))
    )
    return with_header(
        path,
        name,
        "xlsx",
        SheetReader(path, name, chosen, has_formulas),
        dialect=f"Excel workbook, sheet {chosen!r}" + (f" of {len(titles)}" if titles[1:] else ""),
        sheets=tuple(titles),
        sheet=chosen,
    )


def _loaded(path: Path, *, data_only: bool) -> Any:
    """A workbook as a stream, from its content: openpyxl would judge a path by its ending."""
    content = open(path, "rb")  # noqa: SIM115 - the workbook reads on until it is closed
    try:
        book = openpyxl.load_workbook(
            content, read_only=True, data_only=data_only, keep_links=False
        )
    except BaseException:
        content.close()
        raise
    book.content = content
    return book


def _closed(book: Any) -> None:
    book.close()
    book.content.close()


def _inspect(path: Path, name: str) -> bool:
    """Refuse what unpacks to too much or declares entities; tell whether there are formulas.

    The sizes in a ZIP's directory may lie, so each part is unpacked and counted.
    """
    has_formulas = False
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or "xl/workbook.xml" not in {p.filename for p in parts}:
                raise TieoutError(f"{name} is a ZIP and no Excel workbook; unpack it first.")
            for part in parts:
                if not part.filename.endswith((".xml", ".rels")):
                    continue
                size, tail = 0, b""
                with archive.open(part) as content:
                    while chunk := content.read(1 << 20):
                        size += len(chunk)
                        total += len(chunk)
                        if total > MAX_UNPACKED or (
                            size > MAX_SMALL and size > MAX_RATIO * max(part.compress_size, 1)
                        ):
                            raise TieoutError(
                                f"{name} unpacks to more than it should ({part.filename}); "
                                "save the sheet as CSV."
                            )
                        seen = tail + chunk
                        if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                            raise TieoutError(f"{name} declares XML entities, as no workbook does.")
                        if part.filename.startswith("xl/worksheets/"):
                            has_formulas = has_formulas or b"<f>" in seen or b"<f " in seen
                        tail = seen[-16:]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise TieoutError(f"{name} is not a readable workbook ({error}).") from error
    return has_formulas


def _tableness(reader: SheetReader) -> int:
    head = [cells for _, cells in islice(reader.rows(), HEAD_ROWS)]
    if find_header(head) is None:
        return 0
    return sum(1 for cells in head for cell in cells if cell)


@dataclass(frozen=True)
class SheetReader:
    """Rows of one sheet, as text. Numbers and dates of the sheet are `Exact`."""

    path: Path
    name: str
    sheet: str
    has_formulas: bool

    def rows(self) -> Iterator[Row]:
        """Every row with a cell that is not blank; the line is the row of the sheet."""
        values = _loaded(self.path, data_only=True)
        formulas = _loaded(self.path, data_only=False) if self.has_formulas else None
        try:
            sheet = values[self.sheet]
            sheet.reset_dimensions()
            beside: Iterator[tuple[Any, ...]] = iter(())
            if formulas is not None:
                formulas[self.sheet].reset_dimensions()
                beside = formulas[self.sheet].iter_rows(values_only=True)
            for line, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                written = next(beside, ())
                cells = [
                    FORMULA if value is None and _is_formula(written, n) else _text(value)
                    for n, value in enumerate(row)
                ]
                if any(cell and not cell.isspace() for cell in cells):
                    yield line, cells
        except TieoutError:
            raise
        except Exception as error:  # broken XML surfaces while rows are read
            raise TieoutError(f"{self.name}, sheet {self.sheet!r} is broken ({error}).") from error
        finally:
            _closed(values)
            if formulas is not None:
                _closed(formulas)


def _is_formula(written: tuple[Any, ...], place: int) -> bool:
    if place >= len(written):
        return False
    value = written[place]
    return (isinstance(value, str) and value.startswith("=")) or type(value).__name__ in (
        "ArrayFormula",
        "DataTableFormula",
    )


def _text(value: Any) -> str:
    """A cell as text: numbers as the fifteen digits that a sheet keeps, dates as ISO 8601."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return Exact(value)
        case float():
            exact = format(Decimal(format(value, ".15g")), "f")
            return Exact(exact.rstrip("0").rstrip(".") if "." in exact else exact)
        case datetime():
            # Times are kept to the second: a sheet counts in fractions of a day.
            moment = value + timedelta(milliseconds=500)
            moment = moment.replace(microsecond=0)
            if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
                return Exact(moment.date().isoformat())
            return Exact(moment.isoformat())
        case date():
            return Exact(value.isoformat())
        case time() | timedelta():
            return str(value)
        case _:
            return str(value)
