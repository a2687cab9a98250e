"""`tieout backfill`: days gone by are taken in by one run, which says what it has restated.

There is no second way into the books: late and corrected files land as any others, and the next run
computes what they touch again, whatever its day. A backfill is that run, with three things more. It
takes from an archive the files that speak of the days; it is recorded as a backfill; and it holds
the publication before it against the one after it: which days have other figures now, which of
their items came, went or stand otherwise, and how many rows of each mart.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from orchestration import progress, publish, runner
from orchestration.files import open_duckdb, quoted, replacing
from orchestration.home import Home, Settings, TieoutError, wall_clock
from orchestration.ingest import ingest
from orchestration.ingest.landing import LandedFile, scan
from orchestration.ingest.store import scratch_folder
from orchestration.publication import table_named, tables_of
from orchestration.run_context import known_batches

TRIGGER = "backfill"

FOLDER = "backfill"
"""Below a feed's folder in landing, where files of an archive land."""

DAY = timedelta(days=1)

SHOWN = 40
"""Lines of a list that a person is shown."""

_QUERIES = Path(__file__).resolve().parent / "queries" / "backfill"

Row = dict[str, Any]


@dataclass(frozen=True)
class Days:
    """Days (UTC), both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise TieoutError(f"A backfill from {self.first} cannot end on {self.last}.")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


@dataclass
class Archived:
    """What became of the files of an archive, by their paths in it."""

    landed: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    other_days: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Restated:
    """What one run has changed. Rows are those of the files in `queries/backfill`.

    `marts` are (mart, rows that came, rows that went) of those that differ at all.
    """

    days: Days
    archived: Archived | None
    files: Sequence[Row]
    figures: Sequence[Row]
    items: Sequence[Row]
    marts: Sequence[tuple[str, int, int]]

    @property
    def restated_days(self) -> list[date]:
        """The days, known before, about which something else is said now."""
        return sorted({row["day"] for row in [*self.figures, *self.items]})

    def describe(self) -> str:
        """The report, for a person."""
        lines = ["", f"Backfill of {self.days}", *self._archive(), "", *self._files()]
        inside = [day for day in self.restated_days if day in self.days]
        outside = [day for day in self.restated_days if day not in self.days]
        lines += ["", f"Restated: {len(inside)} of these days, and {len(outside)} others"]
        for day in self.restated_days[:SHOWN]:
            lines += self._day(day)
        if len(self.restated_days) > SHOWN:
            lines.append(f"  ... and {len(self.restated_days) - SHOWN} more days")
        lines += ["", "Rows of the marts, with those that follow the clock:"]
        lines += [f"  {mart:<28} {came:>8} came {went:>8} went" for mart, came, went in self.marts]
        return "\n".join(lines if self.marts else [*lines, "  none"]) + "\n"

    def _archive(self) -> list[str]:
        if self.archived is None:
            return []
        told = [
            f"  of the archive {len(self.archived.landed)} files landed, "
            f"{len(self.archived.known)} had been read before, "
            f"{len(self.archived.other_days)} speak of other days or of none"
        ]
        return told + [f"  cannot be read: {name}" for name in self.archived.unreadable[:SHOWN]]

    def _files(self) -> list[str]:
        if not self.files:
            return ["Nothing that has landed was new."]
        lines = [f"Taken in: {len(self.files)} files"]
        for row in self.files[:SHOWN]:
            span = "no day" if row["first_day"] is None else f"{row['first_day']}"
            if row["last_day"] != row["first_day"]:
                span += f" to {row['last_day']}"
            lines.append(
                f"  {row['feed']}/{row['file_name']}: {span}; {row['rows_loaded']} of "
                f"{row['rows_read']} rows new, {row['rows_redelivered']} seen before, "
                f"{row['rows_quarantined']} rejected"
            )
        if len(self.files) > SHOWN:
            lines.append(f"  ... and {len(self.files) - SHOWN} more")
        return lines

    def _day(self, day: date) -> list[str]:
        mark = "" if day in self.days else " (not asked for: it depends on them, or on other files)"
        counts = "".join(
            f"; items: {row['came']} came, {row['changed']} changed, {row['went']} went"
            for row in self.items
            if row["day"] == day
        )
        lines = [f"  {day}{mark}{counts}"]
        for row in self.figures:
            if row["day"] == day:
                for name in ("invoiced", "collected", "matched", "adjusted"):
                    if row[name] != row[f"{name}_before"]:
                        lines.append(
                            f"    {name:<10} {row[f'{name}_before']:>18,.2f} -> "
                            f"{row[name]:>18,.2f} {row['currency']}"
                        )
        return lines


def backfill(home: Home, settings: Settings, days: Days, archive: Path | None) -> Restated:
    """Take in what there is of the days by one run, and say what it has restated.

    Raises:
        TieoutError: when nothing has been published yet, the archive holds no feed's folder, or
            the run fails.
    """
    home.create()
    with home.writing():
        former = publish.served_publication(home)
        if former is None:
            raise TieoutError(
                f"Nothing is published under {home.root} yet, so that nothing can be restated: the "
                "first `tieout run` takes in all days."
            )
        # a later publication may take the former one away
        with _kept(home, former) as before:
            archived = land_archive(home, settings, days, archive) if archive is not None else None
            runner.run(home, settings, TRIGGER)
            after = publish.served_publication(home)
            assert after is not None
            return compare(home, before, after, days, archived)


def first_known_day(home: Home) -> date | None:
    """The first day that any file that was read speaks of; None before the first one."""
    return min((first for first, _, _ in _spans(home).values() if first is not None), default=None)


@contextmanager
def _kept(home: Home, publication: Path) -> Iterator[Path]:
    """The file under a second name for as long as it is needed; no byte is copied."""
    kept = _scratch(home) / f"before-{publication.name}"
    kept.unlink(missing_ok=True)
    os.link(publication, kept)
    try:
        yield kept
    finally:
        kept.unlink(missing_ok=True)


def _scratch(home: Home) -> Path:
    folder = scratch_folder(home).parent
    folder.mkdir(exist_ok=True)
    return folder


def land_archive(home: Home, settings: Settings, days: Days, archive: Path) -> Archived:
    """Copy into landing the files of an archive that speak of the days and were never read."""
    if not archive.is_dir():
        raise TieoutError(f"{archive} is no folder. An archive holds one folder a feed.")
    progress.current().note(f"Reading the archive {archive}")
    told = Archived()
    known = {(feed, batch_id) for feed, batch_id, _ in known_batches(home)}
    with TemporaryDirectory(dir=_scratch(home), prefix="archive-") as scratch:
        aside = Home(Path(scratch)).create()
        for entry in archive.iterdir():
            (aside.landing / entry.name).symlink_to(entry.absolute())
        # read as a run would, so that days are those of the rows, and not of names
        ingest(aside, settings.as_of or wall_clock())
        spans = _spans(aside)
        for file in scan(aside):
            name = f"{file.feed}/{file.name}"
            first, last, is_rejected = spans[file.feed, file.batch_id]
            if is_rejected:
                told.unreadable.append(name)
            elif first is None or last is None or first > days.last or last < days.first:
                told.other_days.append(name)
            elif (file.feed, file.batch_id) in known:
                told.known.append(name)
            else:
                _copy(file, home.feed_landing(file.feed) / FOLDER)
                known.add((file.feed, file.batch_id))
                told.landed.append(name)
    if not spans:
        raise TieoutError(
            f"{archive} holds no files in folders that are named like feeds (README, 'Your own "
            "data')."
        )
    return told


def _spans(home: Home) -> dict[tuple[str, str], tuple[date | None, date | None, bool]]:
    """By feed and batch, its first and last day, and whether it could not be read."""
    if not any(home.manifest.glob("*.parquet")):
        return {}
    with open_duckdb() as connection:
        rows = connection.execute(
            "select feed, batch_id, cast(min_event_at as date), cast(max_event_at as date), "
            "is_rejected "
            f"from read_parquet({quoted(str(home.manifest / '*.parquet'))}, union_by_name = true)"
        ).fetchall()
    return {(feed, batch_id): (first, last, bad) for feed, batch_id, first, last, bad in rows}


def _copy(file: LandedFile, folder: Path) -> None:
    """Land a file under its name in the archive, or beside another one of that name."""
    path = folder / file.name
    if path.exists():
        path = path.with_name(f"{file.batch_id[:8]}-{path.name}")
    with replacing(path) as temporary:
        shutil.copyfile(file.path, temporary)


def compare(
    home: Home, before: Path, after: Path, days: Days, archived: Archived | None
) -> Restated:
    with open_duckdb(home.target / "duckdb_scratch") as connection:
        connection.execute(f"attach {quoted(str(before))} as before (read_only)")
        connection.execute(f"attach {quoted(str(after))} as after (read_only)")
        return Restated(
            days,
            archived,
            _rows(connection, "files"),
            _rows(connection, "figures"),
            _rows(connection, "items"),
            list(_changed_marts(connection)),
        )


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> list[Row]:
    cursor = connection.execute((_QUERIES / f"{name}.sql").read_text(encoding="utf-8"))
    columns = [column[0] for column in cursor.description or []]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _changed_marts(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, int, int]]:
    """Rows that came and that went, by mart; one whose columns have changed has none in common."""
    marts = {database: tables_of(connection, database) for database in ("before", "after")}
    for name in sorted(marts["before"].keys() | marts["after"].keys()):
        hashes = [
            f"select hash(t) as h from {table_named(database, name)} as t"
            if name in marts[database]
            else "select cast(null as ubigint) as h where false"
            for database in ("before", "after")
        ]
        [(went, came)] = connection.execute(
            f"select (select count(*) from ({hashes[0]} except all {hashes[1]})), "
            f"(select count(*) from ({hashes[1]} except all {hashes[0]}))"
        ).fetchall()
        if came or went:
            yield name, int(came), int(went)
