"""`tieout benchmark everyday`: what a small company waits for, several times over.

A demo company is reconciled in a new home, then its next day, then ten invoices more, each run a
process of its own, as a user starts it. Beside it stands what DuckDB needs to read the same files
and to write the same marts: nobody can be faster than that.
"""

from __future__ import annotations

import csv
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from orchestration import steps
from orchestration.benchmarks import timed
from orchestration.benchmarks.volume import AS_OF, held_back
from orchestration.files import quoted
from orchestration.home import Home, TieoutError
from orchestration.ingest import ingest

SMALL_FILES = 300
SMALL_ROWS = 25_000
TEN = 10


@dataclass
class Measure:
    """One thing that is waited for. Seconds, one a repetition; `wanted` is the most it may take."""

    name: str
    wanted: float | None
    seconds: list[float] = field(default_factory=list)


def run(size: int = 5_000, repetitions: int = 3) -> list[Measure]:
    """Measure a company of about `size` invoices.

    Raises:
        TieoutError: when a run fails.
    """
    whole = Measure(f"a company of {size:,} invoices, whole", 25)
    ready = Measure("  of it getting ready, in a new home", 4)
    alone = Measure("  DuckDB alone: the files read, the marts written", None)
    next_day = Measure("its next day", 10)
    ten = Measure("ten invoices more", 15)
    reading = Measure(f"reading {SMALL_ROWS:,} rows in {SMALL_FILES} files", 4)
    for _ in range(repetitions):
        with _new_home() as home:
            end = AS_OF.date() - timedelta(days=1)
            steps.land_demo(home, end, invoices=size, recent_days=1)
            with held_back(home):
                first = timed.run(home, AS_OF - timedelta(days=1))
                whole.seconds.append(first.seconds)
                ready.seconds.append(first.steps["Getting ready"])
                alone.seconds.append(_floor(home))
            next_day.seconds.append(timed.run(home, AS_OF).seconds)
            _land_ten_invoices(home)
            ten.seconds.append(timed.run(home, AS_OF + timedelta(hours=1)).seconds)
        with _new_home() as home:
            _land_small_files(home)
            started = time.monotonic()
            result = ingest(home, AS_OF)
            reading.seconds.append(time.monotonic() - started)
            if (result.new_batches, result.loaded) != (SMALL_FILES, SMALL_ROWS):
                raise TieoutError(f"Of the small files, {result.loaded} rows were read.")
    return [whole, ready, alone, next_day, ten, reading]


def table(measures: list[Measure]) -> str:
    """The result as text: median, least and most, and what is wanted."""
    lines = [f"{'':52}{'median':>9}{'least':>9}{'most':>9}{'wanted':>9}"]
    for measure in measures:
        found = (statistics.median(measure.seconds), min(measure.seconds), max(measure.seconds))
        wanted = "" if measure.wanted is None else f"{measure.wanted:.0f} s"
        lines.append(
            f"{measure.name:52}" + "".join(f"{value:>7.1f} s" for value in found) + f"{wanted:>9}"
        )
    return "\n".join(lines) + "\n"


@contextmanager
def _new_home() -> Iterator[Home]:
    with TemporaryDirectory(prefix="tieout-benchmark-") as folder:
        yield Home(Path(folder) / "home").create()


def _floor(home: Home) -> float:
    """Seconds in which DuckDB reads the landed tables as text and writes the published ones."""
    files = [
        path for path in sorted(home.landing.rglob("*")) if path.suffix in (".csv", ".jsonl", ".gz")
    ]
    started = time.monotonic()
    with duckdb.connect(str(home.root / "floor.duckdb")) as connection:
        for number, path in enumerate(files):
            # as lines, for some are broken on purpose
            connection.execute(
                f"create table file_{number} as select * from read_csv({quoted(str(path))}, "
                "columns = {'line': 'VARCHAR'}, delim = '\x07', quote = '', escape = '', "
                "header = false, strict_mode = false, ignore_errors = true)"
            )
        published = quoted(str(home.serving.resolve()))
        connection.execute(f"attach {published} as published (read_only)")
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() "
            "where database_name = 'published' and schema_name = 'marts' order by table_name"
        ).fetchall():
            connection.execute(f"create table {name} as select * from published.marts.{name}")
    seconds = time.monotonic() - started
    (home.root / "floor.duckdb").unlink()
    return seconds


def _land_ten_invoices(home: Home) -> None:
    """Ten invoices like the first ten that landed, under numbers of their own."""
    folder = home.feed_landing("billing_invoices")
    with open(min(folder.glob("invoices_*.csv")), encoding="utf-8", newline="") as file:
        rows = list(islice(csv.DictReader(file), TEN))
    issued = f"{AS_OF - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    for number, row in enumerate(rows):
        row["invoice_id"], row["invoice_number"] = f"in_ten{number}", f"TEN-{number:06d}"
        row["idempotency_key"] = f"key-ten-{number}"
        row["issued_at"] = row["updated_at"] = issued
        row["due_date"] = f"{AS_OF + timedelta(days=14):%Y-%m-%d}"
    _write(folder / "ten.csv", rows)


def _land_small_files(home: Home) -> None:
    """Bank lines of one account, in many files."""
    day = datetime(2026, 1, 1)
    rows = [
        {
            "account_id": "DE02120300000000202051",
            "entry_id": f"entry-{number}",
            "booking_date": f"{day + timedelta(days=number % 150):%Y-%m-%d}",
            "amount": f"{number % 9973}.{number % 100:02d}",
            "currency": "EUR",
            "remittance_information": f"Invoice INV-2026-{number:06d}",
        }
        for number in range(SMALL_ROWS)
    ]
    for number in range(SMALL_FILES):
        part = rows[number::SMALL_FILES]
        _write(home.feed_landing("bank_transactions") / f"{number:03d}.csv", part)


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
