"""The run that is being built: what it speaks for, its id, and its row in the run bookkeeping."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.files import copy_to_parquet, open_duckdb, quoted
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
        with open_duckdb() as connection:
            row = connection.execute(
                f"select {', '.join(CONTEXT_COLUMNS)} "
                f"from read_parquet({quoted(str(home.run_context))})"
            ).fetchone()
        if row is None:
            raise TieoutError(f"{home.run_context} is empty: delete it and run again.")
        return cls(*row)


def run_id_of(as_of: datetime, inputs: Iterable[str]) -> str:
    """Id of the run that considers these batches and controls as of a moment; equal runs have
    equal ids.
    """
    considered = iso_timestamp(as_of) + "".join(sorted(set(inputs)))
    return "run-" + hashlib.sha256(considered.encode("utf-8")).hexdigest()[:16]


def known_batches(home: Home) -> list[tuple[str, str, int]]:
    """Feed, batch id and ingesting run sequence of every batch that the manifests name."""
    if not any(home.manifest.glob("*.parquet")):
        return []
    with open_duckdb() as connection:
        return connection.execute(
            "select feed, batch_id, run_sequence "
            f"from read_parquet({quoted(str(home.manifest / '*.parquet'))}, union_by_name = true) "
            "order by feed, batch_id"
        ).fetchall()


def last_taken_in(home: Home) -> dict[str, datetime]:
    """By feed, when a batch of it with a row that fits was last taken in (the run's `as_of`)."""
    if not any(home.manifest.glob("*.parquet")):
        return {}
    with open_duckdb() as connection:
        rows = connection.execute(
            "select feed, max(ingested_at) "
            f"from read_parquet({quoted(str(home.manifest / '*.parquet'))}, union_by_name = true) "
            "where rows_loaded + rows_redelivered > 0 group by feed"
        ).fetchall()
    return dict(rows)


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
    with open_duckdb() as connection:
        row = connection.execute(
            "select coalesce(sum(rows_read), 0) "
            f"from read_parquet({quoted(str(home.manifest / '*.parquet'))}, union_by_name = true) "
            "where run_sequence = ?",
            [context.run_sequence],
        ).fetchone()
    rows_in = int(row[0]) if row else 0
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
    path = home.runs / "_empty.parquet"
    if not path.exists():
        nulls = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in RUN_COLUMNS.items())
        with open_duckdb() as connection:
            copy_to_parquet(connection, f"select {nulls} where false", path)


def _recorded_sequences(home: Home) -> dict[str, int]:
    paths = [path for path in home.runs.glob("*.parquet") if path.name[0].isdigit()]
    if not paths:
        return {}
    names = ", ".join(quoted(str(path)) for path in paths)
    with open_duckdb() as connection:
        rows = connection.execute(
            f"select run_id, run_sequence from read_parquet([{names}])"
        ).fetchall()
    return {str(run_id): int(sequence) for run_id, sequence in rows}


def _write_row(path: Path, columns: dict[str, str], values: list[object]) -> None:
    definition = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    connection: duckdb.DuckDBPyConnection
    with open_duckdb() as connection:
        connection.execute(f"create temp table one_row ({definition})")
        connection.execute(f"insert into one_row values ({', '.join('?' * len(columns))})", values)
        copy_to_parquet(connection, "select * from one_row", path)
