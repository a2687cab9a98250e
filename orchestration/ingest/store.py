"""Where batches end up: raw rows, quarantine, control totals, and the manifest."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.files import (
    EMPTY,
    TEMPORARY_SUFFIX,
    copy_to_parquet,
    quoted,
    remove_temporary,
    sync_folder,
    write_text,
)
from orchestration.home import Home
from orchestration.ingest.contract import Contract

COMPACTED = 32
"""Files of single ingests that become one: the thousandth run opens some sixty of a feed."""

_SPAN = re.compile(r"[0-9]{6,}-[0-9]{6,}")

WEIGHT_TYPES = {
    "version": "VARCHAR",
    "reconciliation": "VARCHAR",
    "comparison": "VARCHAR",
    "level": "VARCHAR",
    "lower_bound": "DECIMAL(38,10)",
    "upper_bound": "DECIMAL(38,10)",
    "m_probability": "DECIMAL(38,10)",
    "u_probability": "DECIMAL(38,10)",
    "weight": "DECIMAL(38,10)",
    "pair_share": "DECIMAL(38,10)",
}

CALIBRATION_TYPES = {
    "version": "VARCHAR",
    "reconciliation": "VARCHAR",
    "lower_bound": "DECIMAL(38,10)",
    "upper_bound": "DECIMAL(38,10)",
    "pair_count": "BIGINT",
    "mean_probability": "DECIMAL(38,10)",
    "observed_share": "DECIMAL(38,10)",
    "brier_score": "DECIMAL(38,10)",
}

BATCH_TYPES = {
    "batch_id": "VARCHAR",
    "feed": "VARCHAR",
    "file_name": "VARCHAR",
    "format": "VARCHAR",
    "landed_at": "TIMESTAMP",
    "ingested_at": "TIMESTAMP",
    "run_sequence": "BIGINT",
    "rows_read": "BIGINT",
    "rows_loaded": "BIGINT",
    "rows_redelivered": "BIGINT",
    "rows_quarantined": "BIGINT",
    "min_event_at": "TIMESTAMP",
    "max_event_at": "TIMESTAMP",
    "naive_timestamps": "BIGINT",
    "double_amounts": "BIGINT",
    "conflicting_versions": "BIGINT",
    "control_total": "DECIMAL(38,10)",
    "control_total_ok": "BOOLEAN",
    "is_rejected": "BOOLEAN",
}
STATEMENT_TYPES = {
    "batch_id": "VARCHAR",
    "account_id": "VARCHAR",
    "statement_id": "VARCHAR",
    "currency": "VARCHAR",
    "opening_balance": "DECIMAL(38,10)",
    "entries_total": "DECIMAL(38,10)",
    "closing_balance": "DECIMAL(38,10)",
    "control_total_ok": "BOOLEAN",
    "from_date": "DATE",
    "to_date": "DATE",
}
REDELIVERED_TYPES = {
    "batch_id": "VARCHAR",
    "row_number": "BIGINT",
    "row_hash": "VARCHAR",
    "run_sequence": "BIGINT",
}
CONTROL_TYPES = {
    "control_id": "VARCHAR",
    "kind": "VARCHAR",
    "control_key": "VARCHAR",
    "alert_name": "VARCHAR",
    "group_key": "VARCHAR",
    "starts_at": "TIMESTAMP",
    "ends_at": "TIMESTAMP",
    "reason": "VARCHAR",
    "actor": "VARCHAR",
    "noted_at": "TIMESTAMP",
    "recurs": "VARCHAR",
}
QUARANTINE_TYPES = {
    "batch_id": "VARCHAR",
    "feed": "VARCHAR",
    "file_name": "VARCHAR",
    "line_number": "BIGINT",
    "column_name": "VARCHAR",
    "value": "VARCHAR",
    "reason": "VARCHAR",
    "quarantined_at": "TIMESTAMP",
    "run_sequence": "BIGINT",
    "row_key": "VARCHAR",
    "is_file": "BOOLEAN",
}


def create_table(
    connection: duckdb.DuckDBPyConnection, name: str, types: Mapping[str, str]
) -> None:
    """An empty temporary table."""
    columns = ", ".join(f"{column} {sql_type}" for column, sql_type in types.items())
    connection.execute(f"create or replace temp table {name} ({columns})")


def insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Add rows to a table by column name."""
    if rows:
        names = list(rows[0])
        marks = ", ".join("?" for _ in names)
        connection.executemany(
            f"insert into {table} ({', '.join(names)}) values ({marks})",
            [list(row.values()) for row in rows],
        )


def write_empty_files(
    connection: duckdb.DuckDBPyConnection, home: Home, contract: Contract
) -> None:
    """A file without rows in every family, so that a glob always finds the schema.

    They are written again when the contract has changed, which a fingerprint in the cache tells.
    """
    families: dict[Path, Mapping[str, str]] = {
        home.feed_raw(feed.name): feed.raw_types for feed in contract.feeds.values()
    }
    families |= {
        home.manifest: BATCH_TYPES,
        home.statements: STATEMENT_TYPES,
        home.redelivered: REDELIVERED_TYPES,
        home.controls: CONTROL_TYPES,
        home.quarantine: QUARANTINE_TYPES,
        home.weights: WEIGHT_TYPES,
        home.calibrations: CALIBRATION_TYPES,
    }
    schemas = {str(folder.relative_to(home.root)): dict(t) for folder, t in families.items()}
    fingerprint = hashlib.sha256(json.dumps(schemas).encode()).hexdigest()
    marker = home.root / "cache" / "schemas.sha256"
    is_current = marker.is_file() and marker.read_text(encoding="utf-8") == fingerprint
    for folder, types in families.items():
        path = folder / EMPTY
        if is_current and path.exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        columns = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in types.items())
        temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
        write_parquet(connection, f"select {columns} where false", temporary)
        temporary.replace(path)
    if not is_current:
        write_text(marker, fingerprint)


def read_batches(
    connection: duckdb.DuckDBPyConnection, home: Home
) -> list[tuple[str, str, bool, str, int]]:
    """Feed, batch id, whether rejected, format and run sequence of all committed batches."""
    return connection.execute(
        "select feed, batch_id, is_rejected, format, run_sequence "
        f"from read_parquet({quoted(str(home.manifest / '*.parquet'))}, union_by_name = true) "
        "order by run_sequence, feed, batch_id"
    ).fetchall()


def run_file(first: int, last: int | None = None) -> str:
    """Name of what one ingest, or all from the first to the last, added to a family."""
    return f"{first:06d}.parquet" if last is None else f"{first:06d}-{last:06d}.parquet"


def families(home: Home, contract: Contract) -> list[Path]:
    """The folders that an ingest adds a file to where it has something for them; manifests last."""
    feeds = [home.feed_raw(name) for name in contract.feeds]
    return [*feeds, home.statements, home.redelivered, home.quarantine, home.manifest]


def compact(connection: duckdb.DuckDBPyConnection, home: Home, contract: Contract) -> None:
    """Make one file of the last `COMPACTED` committed ones of a family; no row changes.

    One that is killed in between leaves the same rows in two files until `remove_orphans`.
    """
    for folder in families(home, contract):
        single = [path for path in sorted(folder.glob("*.parquet")) if path.stem.isdecimal()]
        if len(single) < COMPACTED:
            continue
        listed = ", ".join(quoted(str(path)) for path in single)
        copy_to_parquet(
            connection,
            f"select * from read_parquet([{listed}], union_by_name = true)",
            folder / run_file(int(single[0].stem), int(single[-1].stem)),
        )
        for path in single:
            path.unlink()


def remove_orphans(home: Home, contract: Contract, sequences: set[int], batches: set[str]) -> None:
    """Delete what an ingest that was killed has left: before its commit, or while it compacted.

    Args:
        sequences: run sequence of every manifest.
        batches: every batch that a manifest names; earlier versions named their files by them.
    """
    for folder in families(home, contract):
        if not folder.is_dir():
            continue
        remove_temporary(folder)
        names = {path.name.partition(".")[0]: path for path in folder.iterdir()}
        spans = [stem.split("-") for stem in names if _SPAN.fullmatch(stem)]
        compacted = {n for first, last in spans for n in range(int(first), int(last) + 1)}
        kept = {Path(run_file(sequence)).stem for sequence in sequences - compacted} | batches
        if folder == home.manifest:  # each commits itself: only one that is told twice goes
            kept |= names.keys() - {Path(run_file(number)).stem for number in compacted}
        for stem, path in names.items():
            if path.name != EMPTY and stem not in kept and not _SPAN.fullmatch(stem):
                path.unlink()
    remove_scratch(home)


def scratch_folder(home: Home) -> Path:
    """Where ingest stages rows and DuckDB spills (`spill/`); emptied before and after."""
    return home.root / "scratch" / "ingest"


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write a file that does not count before a manifest names its batch."""
    connection.execute(f"copy ({query}) to {quoted(str(path))} (format parquet, compression zstd)")


def make_durable(paths: Iterable[Path]) -> None:
    """Bring written files and their names to the disk."""
    paths = list(paths)
    for path in paths:
        with open(path, "rb") as handle:
            os.fsync(handle.fileno())
    for folder in sorted({path.parent for path in paths}):
        sync_folder(folder)


def remove_scratch(home: Home) -> None:
    """Empty the scratch folder, except for what an open DuckDB spills there."""
    folder = scratch_folder(home)
    if folder.is_dir():
        for path in folder.iterdir():
            if path.is_file():
                path.unlink()
