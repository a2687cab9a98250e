"""A delivered file as a header and rows of text, each with its line: CSV of any dialect, or XLSX.

Files are read as streams, as often as asked; memory does not grow with the file.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from orchestration.home import TieoutError
from orchestration.imports.values import (
    DAY_FIRST,
    NUMBER_STYLES,
    Exact,
    Unreadable,
    read_amount,
    read_moment,
)
from orchestration.imports.vocabulary import plain, vocabulary
from orchestration.ingest.bank import BankFileError
from orchestration.ingest.bank.detect import HEAD_BYTES, detect_format
from orchestration.ingest.landing import file_sha256

MAX_BYTES = 2 << 30
MAX_COLUMNS = 500
MAX_RECORD_LINES = 200
HEAD_ROWS = 200
HEADER_WITHIN = 60
DELIMITERS = (";", ",", "\t", "|")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_REFUSED = (
    (
        b"\xd0\xcf\x11\xe0",
        "is an old or password-protected Excel file; save it as .xlsx without one",
    ),
    (b"%PDF", "is a PDF, which shows figures and does not carry them; export CSV or XLSX instead"),
    (b"\x1f\x8b", "is compressed; unpack it first"),
    (b"Rar!", "is compressed; unpack it first"),
    (b"PAR1", "is Parquet: put it into the folder of its feed, its columns named as the feed's"),
)

Row = tuple[int, list[str]]
"""Line of the file (row of the sheet), and its cells."""


class RowReader(Protocol):
    """Something that can be read from its start again and again."""

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank, in order."""


@dataclass(frozen=True)
class Source:
    """A file whose header has been found.

    `above` are the rows over the header, `dialect` says in words how the file is written, `sheets`
    are those of a workbook, and `sheet` the one that is read.
    """

    path: Path
    name: str
    sha256: str
    kind: str
    header: tuple[str, ...]
    header_line: int
    above: tuple[tuple[str, ...], ...]
    dialect: str
    reader: RowReader = field(repr=False)
    sheets: tuple[str, ...] = ()
    sheet: str = ""
    warnings: tuple[str, ...] = ()

    def rows(self) -> Iterator[Row]:
        """The rows below the header, each as wide as it."""
        width = len(self.header)
        for line, cells in self.reader.rows():
            if line <= self.header_line:
                continue
            if len(cells) < width:
                cells = cells + [""] * (width - len(cells))
            yield line, cells


def bank_format(path: Path) -> str | None:
    """`camt.053`, `mt940` and so on where the content is a bank format, else None."""
    with open(path, "rb") as handle:
        head = handle.read(HEAD_BYTES)
    try:
        return str(detect_format(head))
    except BankFileError:
        return None


def open_source(path: Path, name: str | None = None, sheet: str | None = None) -> Source:
    """Open a CSV, TSV or XLSX file and find its header.

    Args:
        name: what the user calls the file, where `path` is a copy.
        sheet: the sheet of a workbook; the one that looks most like a table else.

    Raises:
        TieoutError: when it cannot be read, or holds no header with rows below.
    """
    name = name or path.name
    size = path.stat().st_size
    if size == 0:
        raise TieoutError(f"{name} is empty.")
    if size > MAX_BYTES:
        raise TieoutError(f"{name} is larger than {MAX_BYTES >> 30} GB; split it by time.")
    with open(path, "rb") as handle:
        start = handle.read(4)
    for magic, reason in _REFUSED:
        if start.startswith(magic):
            raise TieoutError(f"{name} {reason}.")
    if start.startswith(b"PK"):
        from orchestration.imports import workbook

        return workbook.open_workbook(path, name, sheet)
    encoding, said = detect_encoding(path, name)
    delimiter, skip = detect_delimiter(path, encoding, name)
    reader = CsvReader(path, name, encoding, delimiter, skip)
    shown = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar"}[delimiter]
    return with_header(path, name, "csv", reader, dialect=f"{said}, columns separated by {shown}")


def with_header(
    path: Path,
    name: str,
    kind: str,
    reader: RowReader,
    *,
    dialect: str,
    sheets: tuple[str, ...] = (),
    sheet: str = "",
    warnings: tuple[str, ...] = (),
) -> Source:
    """The source over a reader whose header is found here.

    Raises:
        TieoutError: when no row looks like a header with rows below.
    """
    head = list(islice(reader.rows(), HEAD_ROWS))
    place = find_header([cells for _, cells in head])
    if place is None:
        first = "; ".join(" | ".join(c for c in cells if c)[:80] for _, cells in head[:2])
        raise TieoutError(
            f"{name} has no row that names its columns"
            f"{f' (it starts with: {first})' if first else ''}. "
            "Put one above the data, such as: Date, Amount, Description."
        )
    line, cells = head[place]
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) > MAX_COLUMNS:
        raise TieoutError(f"{name} has {len(cells):,} columns; at most {MAX_COLUMNS} are read.")
    return Source(
        path=path,
        name=name,
        sha256=file_sha256(path),
        kind=kind,
        header=tuple(unique_names(cells)),
        header_line=line,
        above=tuple(tuple(c for c in cells if c.strip()) for _, cells in head[:place]),
        dialect=dialect,
        reader=reader,
        sheets=sheets,
        sheet=sheet,
        warnings=warnings,
    )


def unique_names(cells: Sequence[str]) -> list[str]:
    """Names of columns: spaces tidied, nameless ones numbered, doubles told apart by a number."""
    names: list[str] = []
    for position, cell in enumerate(cells, start=1):
        name = " ".join(str(cell).split()) or f"column {position}"
        same = sum(1 for known in names if known == name or known.startswith(f"{name} #"))
        names.append(f"{name} #{same + 1}" if same else name)
    return names


def find_header(rows: Sequence[Sequence[str]]) -> int | None:
    """The row that names the columns: mostly names, of many words that are known, rows below.

    Title lines above have few cells; a row of data has dates and numbers.
    """
    known = {name for words in vocabulary().feeds.values() for names in words.names.values()
             for name in names}  # fmt: skip
    known |= {word for words in vocabulary().feeds.values() for word in words.typical}
    known |= {w for words in vocabulary().feeds.values() for w in words.credit | words.debit}
    widths = [sum(1 for cell in cells if cell.strip()) for cells in rows]
    best: tuple[float, int] | None = None
    for place, cells in enumerate(rows[:HEADER_WITHIN]):
        filled = [cell for cell in cells if cell.strip()]
        if len(filled) < 2 or place + 1 >= len(rows):
            continue
        if any(_is_value(cell) for cell in filled) or any(len(cell) > 80 for cell in filled):
            continue
        below = [width for width in widths[place + 1 : place + 6] if width > 1]
        if not below:
            continue
        # A header is about as wide as what follows; a title line is narrower.
        if len(filled) < 0.5 * max(below):
            continue
        hits = sum(1 for cell in filled if plain(cell) in known)
        different = len({cell.strip().casefold() for cell in filled}) / len(filled)
        score = (2 * hits + len(filled)) * different - place / HEADER_WITHIN
        if best is None or score > best[0]:
            best = (score, place)
    return None if best is None else best[1]


def _is_value(cell: str) -> bool:
    """Whether a cell is a date or a number, so no name."""
    if isinstance(cell, Exact):
        return True
    if not any(c.isdigit() for c in cell):
        return False
    for style in NUMBER_STYLES:
        try:
            read_amount(cell, style)
        except Unreadable:
            continue
        return True
    try:
        read_moment(cell, DAY_FIRST)
    except Unreadable:
        return False
    return True


def signature(header: Sequence[str]) -> str:
    """What files of one shape share: their columns, whatever the order, case and spacing."""
    names = sorted(" ".join(name.split()).casefold() for name in header)
    return hashlib.sha256("\x1f".join(names).encode()).hexdigest()[:16]


def detect_encoding(path: Path, name: str) -> tuple[str, str]:
    """The encoding, and how it is said: by its mark, else UTF-8 if all of it is, else the others.

    Raises:
        TieoutError: when the file is not text.
    """
    with open(path, "rb") as handle:
        head = handle.read(1 << 16)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32"}[
                encoding
            ]
    if b"\0" in head:
        is_little = head[1::2].count(0) > head[0::2].count(0)
        wide = "utf-16-le" if is_little else "utf-16-be"
        text = head.decode(wide, errors="ignore")
        if sum(1 for letter in text if letter < " " and letter not in "\t\r\n"):
            raise TieoutError(f"{name} is not a text file; export it as CSV or XLSX.")
        return wide, "UTF-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open(path, "rb") as handle:
            while chunk := handle.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252", f"Windows-1252{_foreign_words(path)}"
    return "utf-8", "UTF-8"


def _foreign_words(path: Path) -> str:
    """Some words with letters beyond ASCII, by which a person sees whether they are read right."""
    with open(path, "rb") as handle:
        text = handle.read(1 << 20).decode("cp1252", errors="replace")
    words = [
        word for word in text.replace(";", " ").replace(",", " ").split() if not word.isascii()
    ]
    shown = ", ".join(dict.fromkeys(word.strip('"') for word in words[:20]))
    return f" (it is not UTF-8; reads {shown[:60]})" if shown else ""


def detect_delimiter(path: Path, encoding: str, name: str) -> tuple[str, int]:
    """The delimiter, and how many lines before the first record say it (`sep=;` of Excel).

    It is the one that cuts most rows into the same number of more than one column.

    Raises:
        TieoutError: when none does.
    """
    with open(path, encoding=encoding, errors="replace", newline="") as handle:
        first = handle.readline(200).strip()
    if first.lower().startswith("sep=") and len(first) == 5 and first[4] in DELIMITERS:
        return first[4], 1
    best: tuple[float, str] = (0.0, "")
    trouble: TieoutError | None = None
    for delimiter in DELIMITERS:
        reader = CsvReader(path, name, encoding, delimiter, 0)
        widths: list[int] = []
        try:
            widths.extend(len(cells) for _, cells in islice(reader.rows(), HEAD_ROWS))
        except TieoutError as error:
            trouble = error
        counted = Counter(width for width in widths if width > 1)
        if not counted:
            continue
        width, times = max(counted.items(), key=lambda item: (item[1], item[0]))
        share = times / len(widths)
        # Of two that fit all rows, the one that makes more columns.
        score = share * (1 + min(width, 50) / 100)
        if times >= 2 and score > best[0] + 1e-9:
            best = (score, delimiter)
    if not best[1]:
        if trouble is not None:
            raise trouble
        raise TieoutError(
            f"{name} has one column at most: no semicolon, comma, tab or bar cuts its lines into "
            "columns. Export it as CSV."
        )
    return best[1], 0


@dataclass(frozen=True)
class CsvReader:
    """Records of a text file. A record's line is the one that it starts on."""

    path: Path
    name: str
    encoding: str
    delimiter: str
    skip: int

    def rows(self) -> Iterator[Row]:
        """Every record with a cell that is not blank.

        Raises:
            TieoutError: where a quote never closes, or bytes are no text in this encoding.
        """
        csv.field_size_limit(1 << 20)
        with open(self.path, encoding=self.encoding, newline="") as handle:
            for _ in range(self.skip):
                handle.readline()
            reader = csv.reader(handle, delimiter=self.delimiter)
            before, started = 0, 0
            last: list[str] = []
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    if last and last[-1].endswith(("\n", "\r")):
                        raise TieoutError(self._unclosed(started - 1 - self.skip, "")) from None
                    return
                except csv.Error as error:
                    raise TieoutError(self._unclosed(before, str(error))) from error
                except UnicodeDecodeError as error:
                    raise TieoutError(
                        f"{self.name}, after line {before + self.skip}: a byte "
                        f"(0x{error.object[error.start]:02x}) is no letter in {self.encoding}. "
                        "Save the file as UTF-8."
                    ) from error
                line = before + 1 + self.skip
                lines, before = reader.line_num - before, reader.line_num
                if lines > MAX_RECORD_LINES:
                    raise TieoutError(self._unclosed(line - 1 - self.skip, ""))
                last, started = cells, line
                if any(cell and not cell.isspace() for cell in cells):
                    yield line, cells

    def _unclosed(self, before: int, error: str) -> str:
        return (
            f"{self.name}, line {before + 1 + self.skip}: a quote opens and does not close"
            f"{f' ({error})' if error else ''}. Close it, or double the quotes inside a text."
        )
