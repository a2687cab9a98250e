"""`tieout benchmark everyday`: what a small company waits for, several times over.

A demo company is reconciled in a new home, then its next day, then ten invoices more, each run a
process of its own, as a user starts it. Beside it stands what DuckDB needs to read the same files
and to write the same marts: nobody can be faster than that.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orchestration.benchmarks import timed
from orchestration.benchmarks.days import (
    AS_OF,
    floor,
    held_back,
    land_company,
    land_ten_invoices,
    landed,
    new_home,
    write_csv,
)
from orchestration.home import Home, TieoutError
from orchestration.ingest import ingest

SMALL_FILES = 300
SMALL_ROWS = 25_000


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
        with new_home() as home:
            land_company(home, size, recent_days=1)
            with held_back(home):
                first = timed.run(home, AS_OF - timedelta(days=1))
                whole.seconds.append(first.seconds)
                ready.seconds.append(first.steps["Getting ready"])
                alone.seconds.append(floor(home, landed(home)))
            next_day.seconds.append(timed.run(home, AS_OF).seconds)
            land_ten_invoices(home)
            ten.seconds.append(timed.run(home, AS_OF + timedelta(hours=1)).seconds)
        with new_home() as home:
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
        write_csv(home.feed_landing("bank_transactions") / f"{number:03d}.csv", part)
