"""The run that is being built: what it speaks for, its id, and its row in the run bookkeeping."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.files import EMPTY, copy_to_parquet, open_duckdb, rows_of
from orchestration.home import Home, TieoutError, iso_timestamp

ENGINE = "duckdb"

CONTEXT_COLUMNS = {
    "run_id": "varchar",
    "run_sequence": "bigint",
    "as_of": "timestamp",
    "reporting_currency": "varchar",
    "started_at": "timestamp",
    "trigger": "varchar",
    "engine": "varchar",
}
RUN_COLUMNS = {
    "run_id": "varchar",
    "run_sequence": "bigint",
    "as_of": "timestamp",
    "started_at": "timestamp",
    "finished_at": "timestamp",
    "trigger": "varchar",
    "engine": "varchar",
    "rows_in": "bigint",
    "seconds": "decimal(38, 10)",
}


@dataclass(frozen=True)
class RunContext:
    """One run. `as_of` and `started_at` are naive UTC; `started_at` is wall-clock time."""

    run_id: str
    run_sequence: int
    as_of: datetime
    reporting_currency: str
    started_at: datetime
    trigger: str
    engine: str = ENGINE

    def write(self, home: Home) -> None:
        """Make this the run that dbt builds."""
        _write_row(home.run_context, CONTEXT_COLUMNS, list(asdict(self).values()))

    @classmethod
    def read(cls, home: Home) -> RunContext:
        """The run that the landing step of this run wrote.

        Raises:
            TieoutError: when no run has landed anything yet.
        """
        if not home.run_context.exists():
            raise TieoutError(
                f"{home.run_context} does not exist: land files first (`tieout run` does it all)."
            )
        rows = rows_of([home.run_context], [*CONTEXT_COLUMNS])
        if not rows:
            raise TieoutError(f"{home.run_context} is empty: delete it and run again.")
        return cls(*rows[0])


def run_id_of(as_of: datetime, inputs: Iterable[str]) -> str:
    """Id of the run that considers these batches and controls as of a moment; equal runs have
    equal ids.
    """
    considered = iso_timestamp(as_of) + "".join(sorted(set(inputs)))
    return "run-" + hashlib.sha256(considered.encode("utf-8")).hexdigest()[:16]


@dataclass(frozen=True)
class _Batch:
    """What is asked of a batch that a manifest names; the counts may be null."""

    feed: str
    batch_id: str
    run_sequence: int
    ingested_at: datetime
    rows_read: int | None
    rows_loaded: int | None
    rows_redelivered: int | None


def _batches(home: Home) -> list[_Batch]:
    columns = [field.name for field in fields(_Batch)]
    return [_Batch(*row) for row in rows_of(home.manifest.glob("*.parquet"), columns)]


def known_batches(home: Home) -> list[tuple[str, str, int]]:
    """Feed, batch id and ingesting run sequence of every batch that the manifests name."""
    return sorted((batch.feed, batch.batch_id, batch.run_sequence) for batch in _batches(home))


def last_taken_in(home: Home) -> dict[str, datetime]:
    """By feed, when a batch of it with a row that fits was last taken in (the run's `as_of`)."""
    last: dict[str, datetime] = {}
    for batch in _batches(home):
        if (batch.rows_loaded or 0) + (batch.rows_redelivered or 0) > 0:
            last[batch.feed] = max(batch.ingested_at, last.get(batch.feed, batch.ingested_at))
    return last


def next_sequence(home: Home) -> int:
    """Sequence for an ingest that has something new: above every manifest and every run."""
    manifests = [sequence for _, _, sequence in known_batches(home)]
    recorded = [int(path.stem) for path in home.runs.glob("*.parquet") if path.name[0].isdigit()]
    return max([0, *manifests, *recorded]) + 1


def sequence_of_run(home: Home, run_id: str) -> int:
    """Sequence of a run after its ingest.

    A run that is repeated keeps its number, and one that was killed after its ingest leaves its
    number to the run that takes the work up.
    """
    recorded = _recorded_sequences(home)
    if run_id in recorded:
        return recorded[run_id]
    newest_manifest = max((sequence for _, _, sequence in known_batches(home)), default=0)
    return max([newest_manifest, *(number + 1 for number in recorded.values()), 1])


def record_run(home: Home, context: RunContext, finished_at: datetime) -> Path:
    """Write the bookkeeping row of a run. A repeated run replaces its row."""
    path = home.runs / f"{context.run_sequence:06d}.parquet"
    rows_in = sum(
        batch.rows_read or 0
        for batch in _batches(home)
        if batch.run_sequence == context.run_sequence
    )
    seconds = f"{(finished_at - context.started_at).total_seconds():.3f}"
    _write_row(
        path,
        RUN_COLUMNS,
        [
            context.run_id,
            context.run_sequence,
            context.as_of,
            context.started_at,
            finished_at,
            context.trigger,
            context.engine,
            rows_in,
            seconds,
        ],
    )
    return path


def write_empty_runs(home: Home) -> None:
    """The zero-row file that lets a glob over the runs of a new home find something."""
    path = home.runs / EMPTY
    if not path.exists():
        nulls = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in RUN_COLUMNS.items())
        with open_duckdb() as connection:
            copy_to_parquet(connection, f"select {nulls} where false", path)


def _recorded_sequences(home: Home) -> dict[str, int]:
    rows = rows_of(home.runs.glob("*.parquet"), ["run_id", "run_sequence"])
    return {str(run_id): int(sequence) for run_id, sequence in rows}


def _write_row(path: Path, columns: dict[str, str], values: list[object]) -> None:
    definition = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    connection: duckdb.DuckDBPyConnection
    with open_duckdb() as connection:
        connection.execute(f"create temp table one_row ({definition})")
        connection.execute(f"insert into one_row values ({', '.join('?' * len(columns))})", values)
        copy_to_parquet(connection, "select * from one_row", path)
