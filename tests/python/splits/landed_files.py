"""A company's landed files taken apart row by row, and spread over several runs."""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

# What tells when a row was there to be delivered, best first.
_DAY_COLUMNS = (
    "updated_at issued_at created_at booking_date posting_date received_at invoice_date rate_date "
    "ordered_at occurred_at period_start"
).split()
_ISO_DAY = re.compile(r"\b(20\d\d-[01]\d-[0-3]\d)")
_MT940_DAY = re.compile(r"^:62[FM]:[CD](\d\d)(\d\d)(\d\d)", re.MULTILINE)

_LATE_FILE, _LATE_ROW, _EARLY_ROW, _REDELIVERED_ROW, _REDELIVERED_FILE = 0.1, 0.05, 0.03, 0.04, 0.1
_LATE_ACCOUNT = 0.2
"""How likely it is that one comes late, before its time, or again."""


class Landed(Protocol):
    """A landed file. `days` has one for each row; None where nothing tells it."""

    name: str
    days: list[date | None]

    def write(self, rows: Sequence[int], path: Path) -> None:
        """Write some of the rows as a file of the same form."""


@dataclass
class Lines:
    """A text file with a record a line."""

    name: str
    header: str
    lines: list[str]
    days: list[date | None]

    def write(self, rows: Sequence[int], path: Path) -> None:
        path.write_text(
            self.header + "".join(self.lines[row] for row in rows), encoding="utf-8", newline=""
        )


@dataclass
class Table:
    """A Parquet file."""

    name: str
    table: pa.Table
    days: list[date | None]

    def write(self, rows: Sequence[int], path: Path) -> None:
        pq.write_table(self.table.take(pa.array(rows, pa.int64())), path)


@dataclass
class Whole:
    """What is not taken apart: a bank's file, or one that cannot be read."""

    name: str
    content: bytes
    days: list[date | None]

    def write(self, rows: Sequence[int], path: Path) -> None:
        path.write_bytes(self.content)


def read(folder: Path, path: Path) -> Landed:
    """One file below a landing folder."""
    name = path.relative_to(folder).as_posix()
    content = path.read_bytes()
    if path.suffix == ".parquet":
        try:
            table = pq.read_table(path)
        except pa.ArrowInvalid:
            return Whole(name, content, [None])
        return Table(name, table, [_day_of(row) for row in table.to_pylist()])
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except OSError:
            return Whole(name, content, [None])
        name = name.removesuffix(".gz")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return Whole(name, content, [None])
    lines = text.splitlines(keepends=True)
    if name.endswith((".jsonl", ".ndjson")):
        return Lines(name, "", _ended(lines), [_day_of_json(line) for line in lines])
    if name.endswith(".csv") and lines and len(list(csv.reader(lines))) == len(lines):
        columns = next(csv.reader([lines[0].lstrip("\ufeff")]))
        days = [
            _day_of(dict(zip(columns, values, strict=False))) for values in csv.reader(lines[1:])
        ]
        return Lines(name, lines[0], _ended(lines[1:]), days)
    return Whole(name, content, [_day_of_statement(text)])


def _ended(lines: list[str]) -> list[str]:
    """The last line of a file may lack its end, and comes to stand before others."""
    return [line if line.endswith("\n") else line + "\n" for line in lines]


def _day_of(row: dict[str, object]) -> date | None:
    for column in _DAY_COLUMNS:
        found = _ISO_DAY.search(str(row.get(column) or ""))
        if found:
            return _day(found[1])
    return None


def _day_of_json(line: str) -> date | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return _day_of(row) if isinstance(row, dict) else None


def _day_of_statement(text: str) -> date | None:
    """The last day that a bank's file speaks of, so that it never comes before its lines."""
    found = ["20" + "-".join(parts) for parts in _MT940_DAY.findall(text)] or _ISO_DAY.findall(text)
    return max((day for each in found if (day := _day(each))), default=None)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass
class Split:
    """Which rows of which files a run finds, for each of several runs.

    Rows come in order of time, in the first run after their day. Some come late, some before their
    time, some again; so do whole files.
    """

    files: list[Landed]
    moments: Sequence[datetime]
    draw: random.Random
    deliveries: list[list[tuple[Landed, list[int]]]] = field(init=False)

    def __post_init__(self) -> None:
        self.deliveries = [[] for _ in self.moments]
        for file in self.files:
            parts = self._spread(file)
            for run, rows in parts.items():
                self.deliveries[run].append((file, sorted(rows)))

    def _spread(self, file: Landed) -> dict[int, set[int]]:
        draw, last = self.draw, len(self.moments) - 1
        parts: dict[int, set[int]] = defaultdict(set)
        late_file = draw.random() < _LATE_FILE
        late_row = _LATE_ACCOUNT if file.name.startswith("bank_accounts/") else _LATE_ROW
        for row, day in enumerate(file.days):
            run = due = self._due(day)
            if late_file or draw.random() < late_row:
                run = draw.randint(min(due + 1, last), last)
            elif draw.random() < _EARLY_ROW:
                run = draw.randint(0, due)
            parts[run].add(row)
            if draw.random() < _REDELIVERED_ROW:
                parts[draw.randint(run, last)].add(row)
        if draw.random() < _REDELIVERED_FILE:
            run = draw.choice(sorted(parts)) if parts else 0
            parts[draw.randint(run, last)] |= parts[run]
        return parts

    def _due(self, day: date | None) -> int:
        if day is None:
            return 0
        known = datetime(day.year, day.month, day.day) + timedelta(days=1)
        return next(
            (run for run, moment in enumerate(self.moments) if moment >= known),
            len(self.moments) - 1,
        )

    def land(self, run: int, landing: Path) -> None:
        """Write what a run finds new; the part of each file is a file of its own."""
        for file, rows in self.deliveries[run]:
            path = landing / file.name
            path = path.with_name(f"{run:02d}_{path.name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            file.write(rows, path)
            arrive(path, self.moments[run])


def arrive(path: Path, moment: datetime) -> None:
    """A file arrives an hour before its run: the marts tell its time."""
    seconds = int(moment.replace(tzinfo=UTC).timestamp()) - 3600
    os.utime(path, (seconds, seconds))


def read_all(landing: Path, until: date | None = None) -> list[Landed]:
    """All files below a landing folder, in order of name; `until` leaves out what is younger."""
    files = [read(landing, path) for path in sorted(landing.rglob("*")) if path.is_file()]
    if until is None:
        return files
    kept = []
    for file in files:
        rows = [row for row, day in enumerate(file.days) if day is None or day <= until]
        if rows and isinstance(file, Lines):
            lines = [file.lines[row] for row in rows]
            kept.append(Lines(file.name, file.header, lines, [file.days[row] for row in rows]))
        elif rows and isinstance(file, Table):
            table = file.table.take(pa.array(rows, pa.int64()))
            kept.append(Table(file.name, table, [file.days[row] for row in rows]))
        elif rows:
            kept.append(file)
    return kept
