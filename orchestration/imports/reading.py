"""A map applied to a whole file: the feed's file, what does not fit, and totals to tick off.

The result is checked by the contract itself, with the code that a run reads it by. A value that
cannot be read is written so that the run quarantines its row with the reason: no row vanishes.
"""

from __future__ import annotations

import csv
import hashlib
import re
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from orchestration.files import open_duckdb, quoted
from orchestration.home import TieoutError
from orchestration.imports.maps import Choice, Map, folded
from orchestration.imports.rules import Reader, Row, number, readers
from orchestration.imports.source import Source
from orchestration.imports.values import Unreadable
from orchestration.imports.vocabulary import contract, plain, vocabulary
from orchestration.ingest import tabular
from orchestration.ingest.checks import identifier
from orchestration.ingest.contract import BANK_FEED, Feed
from orchestration.ingest.errors import FileRejected

PREVIEW_ROWS = 10
SHOWN_PROBLEMS = 200
CHECK_MEMORY = "512MB"
"""What the check by the contract may take; it spills to disk beyond."""

ORIGIN_COLUMNS = ("original_file", "original_line")
"""Further columns of every mapped file; they stay with the row in raw."""

_UNREADABLE = "{} (not readable)"
_CONTENT = (
    "account_id", "booking_date", "value_date", "amount", "currency", "counterparty_name",
    "counterparty_account", "remittance_information", "end_to_end_id", "bank_transaction_code",
)  # fmt: skip
"""The content of a bank item by the input contract (orchestration/ingest/bank_ids.py)."""

_DATES = ("booking_date", "issued_at", "created_at", "posting_date", "invoice_date", "received_at",
          "rate_date", "opening_date", "paid_at", "ordered_at", "occurred_at")  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """A value that does not fit: where it stands in the delivered file, and how to mend it."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Total:
    """The sum of an amount in one currency over the rows that are taken, as the file signs it."""

    column: str
    currency: str
    rows: int
    incoming: Decimal
    outgoing: Decimal

    @property
    def amount(self) -> Decimal:
        return self.incoming + self.outgoing


@dataclass(frozen=True)
class StatedTotal:
    """A line of totals in the file, and whether the rows above come to it."""

    line: int
    text: str
    stated: Decimal | None = None
    counted: Decimal | None = None

    @property
    def agrees(self) -> bool | None:
        if self.stated is None or self.counted is None:
            return None
        return abs(self.stated) == abs(self.counted)


@dataclass(frozen=True)
class Shown:
    """A row as it stands in the file, and as it would be read."""

    line: int
    original: tuple[str, ...]
    values: dict[str, str]
    problems: tuple[Problem, ...] = ()


@dataclass
class Reading:
    """What became of a file under one map."""

    map: Map
    rows: int = 0
    taken: int = 0
    bad: int = 0
    repeats: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    totals: list[Total] = field(default_factory=list)
    stated: list[StatedTotal] = field(default_factory=list)
    first_day: str = ""
    last_day: str = ""
    preview: list[Shown] = field(default_factory=list)
    blocking: list[str] = field(default_factory=list)
    is_partial: bool = False
    header: tuple[str, ...] = ()

    @property
    def good(self) -> int:
        """Rows that a run would load."""
        return self.taken - self.bad

    def add(self, problem: Problem) -> None:
        """Count a problem, and keep the first ones."""
        self.problem_count += 1
        self.kinds[problem.column, problem.reason] += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(problem)


def apply(source: Source, found: Map, target: Path, *, limit: int | None = None) -> Reading:
    """Write the feed's file of a delivered one, and say everything about it.

    Args:
        target: a `.csv` file; made anew.
        limit: look at so many rows only (a preview).

    Raises:
        TieoutError: when the file lacks what the map needs, or breaks half-way.
    """
    feed = contract().feeds[found.feed]
    writer = _Writer(source, found, feed, target)
    with open(target, "w", encoding="utf-8", newline="") as handle:
        reading = writer.run(handle, limit)
    _check_by_contract(reading, writer, feed, target)
    writer.discount()
    _sum_up(reading, writer)
    return reading


class _Writer:
    """One pass over the rows of a file."""

    def __init__(self, source: Source, found: Map, feed: Feed, target: Path) -> None:
        self.source, self.found, self.feed = source, found, feed
        self.places = {folded(name): n for n, name in enumerate(source.header)}
        self.readers: dict[str, Reader] = readers(found, source)
        self.hashed = [name for name, rule in found.columns.items() if rule.hash_of]
        self.names = [n for n in feed.names if n in self.readers or n in self.hashed]
        self.required = [n for n in feed.required if n in self.readers]
        self.lines = array("q")
        self.bad_lines: set[int] = set()
        self.refused: set[int] = set()
        self.seen: dict[int, int] = {}
        self.sums: dict[tuple[str, str], list[Decimal]] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        self.running: dict[str, Decimal] = {}
        self.date = next((n for n in _DATES if n in self.readers), None)
        self.money = [
            c.name
            for c in feed.columns
            if c.kind == "money" and c.name in self.readers
            and (c.required or c.name in feed.exactly_one_of)
        ]  # fmt: skip
        self.is_typed_invoice = (
            feed.name == "billing_invoices"
            and "document_type" in found.columns
            and found.columns["document_type"].sign_of is None
        )
        self.widest = len(source.header)

    def run(self, handle: object, limit: int | None) -> Reading:
        reading = Reading(self.found, header=self.source.header)
        out = csv.writer(handle, lineterminator="\n")  # type: ignore[arg-type]
        out.writerow([*self.names, *ORIGIN_COLUMNS])
        for line, cells in self.source.rows():
            if limit is not None and reading.rows >= limit:
                reading.is_partial = True
                break
            reading.rows += 1
            excluded = self._excluded(cells)
            if excluded:
                reading.left_out[excluded] += 1
                continue
            row, problems = self._read(line, cells)
            is_lacking = any(not row.values[name] for name in self.required)
            if (problems or is_lacking) and self._is_total(cells, row):
                reading.left_out["a line of totals"] += 1
                reading.stated.append(self._stated(line, cells))
                continue
            reading.taken += 1
            self.lines.append(line)
            if problems:
                reading.bad += 1
                self.bad_lines.add(line)
                for problem in problems:
                    reading.add(problem)
            elif not is_lacking:
                self._count(reading, row)
            for name in self.hashed:
                row.values[name] = self._content_id(row.values)
            out.writerow([
                *(_one_line(row.values.get(name, "")) for name in self.names),
                self.source.name, line,
            ])  # fmt: skip
            if len(reading.preview) < PREVIEW_ROWS:
                shown = {name: row.values.get(name, "") for name in self.names}
                reading.preview.append(
                    Shown(line, tuple(cells[: self.widest]), shown, tuple(problems))
                )
        return reading

    def discount(self) -> None:
        """Take rows that the contract refuses out of the totals, which are of readable rows."""
        if not self.refused:
            return
        for line, cells in self.source.rows():
            if line not in self.refused:
                continue
            row, _ = self._read(line, cells)
            if any(not row.values[name] for name in self.required):
                continue
            for name, currency, signed in self._amounts(row):
                self.counts[name, currency] -= 1
                self.sums[name, currency][signed < 0] -= signed

    def _amounts(self, row: Row) -> Iterator[tuple[str, str, Decimal]]:
        currency = row.values.get("currency", "").upper()
        for name in self.money:
            if (signed := row.signed.get(name)) is not None:
                yield name, currency, signed

    def _excluded(self, cells: Sequence[str]) -> str:
        def cell(choice: Choice) -> str:
            return cells[self.places[folded(choice.column)]]

        for choice in self.found.only:
            if not choice.holds(cell(choice)):
                shown = cell(choice).strip() or "empty"
                return f"{choice.column} is {shown}"
        for choice in self.found.excepted:
            if choice.holds(cell(choice)):
                return f"{choice.column} is {cell(choice).strip() or 'empty'}"
        return ""

    def _read(self, line: int, cells: list[str]) -> tuple[Row, list[Problem]]:
        row, problems = Row(), []
        further = [cell for cell in cells[self.widest :] if cell.strip()]
        if further:
            problems.append(
                Problem(
                    line,
                    "",
                    " | ".join(cells)[:200],
                    f"has {len(cells)} fields and the header {self.widest}: put a text that holds "
                    "the separator between quotes",
                )
            )
        failed = False
        for name, read in self.readers.items():
            try:
                row.values[name] = read(cells, row)
            except Unreadable as error:
                rule = self.found.columns[name]
                looked = rule.reads
                if rule.sign_of and failed:
                    row.values[name] = _UNREADABLE.format("")
                    continue
                failed = True
                value = " ".join(
                    cells[self.places[folded(n)]].strip()
                    for n in looked
                    if folded(n) in self.places
                )
                problems.append(Problem(line, ", ".join(looked) or name, value[:200], str(error)))
                row.values[name] = _UNREADABLE.format(value.strip()[:200])
        if (
            self.is_typed_invoice
            and row.values.get("document_type") == "invoice"
            and row.signed.get("total_amount", Decimal(0)) < 0
        ):
            reason = "is negative, and the row says that it is an invoice: is it a credit memo?"
            looked = self.found.columns["total_amount"].reads
            value = str(row.signed["total_amount"])
            problems.append(Problem(line, ", ".join(looked), value, reason))
            row.values["total_amount"] = _UNREADABLE.format(value)
        if further:
            key = next(c.name for c in self.feed.columns if c.kind not in ("text",) and c.required)
            row.values[key] = _UNREADABLE.format(row.values.get(key, ""))
        return row, problems

    def _count(self, reading: Reading, row: Row) -> None:
        for name, currency, signed in self._amounts(row):
            self.counts[name, currency] += 1
            parts = self.sums.setdefault((name, currency), [Decimal(0), Decimal(0)])
            parts[signed < 0] += signed
        if self.date:
            day = row.values[self.date][:10]
            if day:
                reading.first_day = min(reading.first_day or day, day)
                reading.last_day = max(reading.last_day, day)

    def _is_total(self, cells: Sequence[str], row: Row) -> bool:
        """Whether a row that does not fit starts with a word for totals, and is of no day.

        A customer may be called Total; rows of customers have a day.
        """
        if self.date and row.values[self.date] and "(not" not in row.values[self.date]:
            return False
        first = next((cell for cell in cells if cell.strip()), "")
        words = plain(first)
        totals = vocabulary().totals
        return words in totals or any(words.startswith(f"{word} ") for word in totals)

    def _stated(self, line: int, cells: Sequence[str]) -> StatedTotal:
        text = " | ".join(cell.strip() for cell in cells if cell.strip())
        currencies = {currency for _, currency in self.sums}
        name = next((n for n in self.money if self.found.columns[n].source), None)
        if name is None or len(currencies) != 1:
            return StatedTotal(line, text)
        (place,) = [self.places[folded(self.found.columns[name].source[0])]]
        try:
            stated = number(cells[place], self.found.style_of(name))
        except Unreadable:
            return StatedTotal(line, text)
        if not stated:
            return StatedTotal(line, text)
        parts = self.sums.get((name, currencies.pop()), [Decimal(0), Decimal(0)])
        return StatedTotal(line, text, Decimal(stated), parts[0] + parts[1])

    def _content_id(self, values: dict[str, str]) -> str:
        """`h`, 16 digits of the content's hash, and the occurrence among equal contents."""
        if self.feed.name == BANK_FEED:
            parts = [_minor(values) if n == "amount" else values.get(n, "") for n in _CONTENT]
        else:
            parts = [f"{n}={values.get(n, '')}" for n in self.names if n not in self.hashed]
        digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
        key = int(digest, 16)
        self.seen[key] = occurrence = self.seen.get(key, 0) + 1
        return f"h{digest}-{occurrence}"


def _minor(values: dict[str, str]) -> str:
    """An amount with as many digits as its currency has, as the content hash takes it."""
    whole, _, fraction = values.get("amount", "").partition(".")
    digits = contract().currencies.get(values.get("currency", ""), 10)
    fraction = fraction.ljust(digits, "0")[: max(digits, len(fraction.rstrip("0")))]
    return f"{whole}.{fraction}" if fraction else whole


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()) if "\n" in text or "\r" in text else text


def _check_by_contract(reading: Reading, writer: _Writer, feed: Feed, target: Path) -> None:
    """What the run's own checks say of the mapped file: by row, and of keys that repeat."""
    with tempfile.TemporaryDirectory(prefix="tieout-import-") as folder:
        staged = Path(folder) / "staged.parquet"
        connection = open_duckdb(Path(folder))
        connection.execute(f"set memory_limit = '{CHECK_MEMORY}'")
        try:
            tabular.stage(connection, contract(), feed, [tabular.Source(target, "import")], staged)
        except FileRejected as rejected:
            reading.blocking.append(f"The contract refuses the file: {rejected}")
            return
        relation = f"read_parquet({quoted(str(staged))})"
        for row_number, column, value, reason in connection.execute(
            f"select _row_number, _bad_column, _bad_value, _bad_reason from {relation} "
            "where _bad_reason is not null order by _row_number"
        ).fetchall():
            line = writer.lines[row_number - 2]
            if line in writer.bad_lines:
                continue
            writer.refused.add(line)
            reading.bad += 1
            looked = writer.found.columns[column].reads if column in writer.found.columns else ()
            shown = ", ".join(looked) or column or ""
            problem = Problem(line, shown, value or "", _without_column(reason, column))
            reading.add(problem)
            for place, shown_row in enumerate(reading.preview):
                if shown_row.line == line:
                    reading.preview[place] = Shown(
                        line, shown_row.original, shown_row.values, (*shown_row.problems, problem)
                    )
        _repeats(reading, connection, writer, feed, relation)
        connection.close()


def _without_column(reason: str, column: str | None) -> str:
    """A reason of the contract without the column and value in front, which are told beside it."""
    return re.sub(rf'^{re.escape(column or "")} ".*?" ', "", reason, count=1)


def _repeats(
    reading: Reading, connection: object, writer: _Writer, feed: Feed, relation: str
) -> None:
    """Rows that say the same again, and keys that several rows claim with other content."""
    keys = ", ".join(identifier(name) for name in feed.key)
    execute = connection.execute  # type: ignore[attr-defined]
    (again,) = execute(
        f"select count(*) - count(distinct _row_hash) from {relation} where _bad_reason is null"
    ).fetchone()
    reading.repeats = int(again)
    told = feed.version_column or feed.status_column
    stamp = f"count(distinct {identifier(told)})" if told in writer.names else "1"
    contested = execute(
        f"select {keys}, count(distinct _row_hash), min(_row_number), max(_row_number) "
        f"from {relation} where _bad_reason is null group by {keys} "
        f"having count(distinct _row_hash) > {stamp} order by min(_row_number) limit 1001"
    ).fetchall()
    if not contested:
        return
    first = contested[0]
    name = feed.key[-1]
    value = first[len(feed.key) - 1]
    lines = ", ".join(f"{writer.lines[n - 2]:,}" for n in first[-2:])
    looked = writer.found.columns[name].reads if name in writer.found.columns else ()
    many = "More than 1,000" if len(contested) > 1000 else f"{len(contested):,}"
    reading.blocking.append(
        f"{many} values of {', '.join(looked) or name} stand in several rows with different "
        f"content, {value!r} in lines {lines}. Each must be one record: of such rows only one "
        "would count. Choose another column for the id, or export documents instead of their lines."
    )


def _sum_up(reading: Reading, writer: _Writer) -> None:
    reading.totals = [
        Total(name, currency, writer.counts[name, currency], parts[0], parts[1])
        for (name, currency), parts in sorted(writer.sums.items())
        if writer.counts[name, currency]
    ]
    reading.problems.sort(key=lambda problem: problem.line)
    if reading.taken == 0:
        reading.blocking.append("No row is taken: the file holds none, or the map leaves all out.")
    elif reading.bad == reading.taken:
        reading.blocking.append("No row can be read this way; the map does not fit the file.")


def problems_by_kind(reading: Reading) -> Iterator[tuple[str, str, int]]:
    """Column, reason and how often, the most frequent first."""
    for (column, reason), times in reading.kinds.most_common():
        yield column, reason, times


def refuse(reading: Reading) -> None:
    """Pass where the file may land.

    Raises:
        TieoutError: naming everything that stands against it.
    """
    if reading.blocking:
        raise TieoutError(" ".join(reading.blocking))
