"""Writing files so that a reader, or the next run, sees all of one or nothing of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

TEMPORARY_SUFFIX = ".tmp"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on leaving without error it becomes `path`, durably.

    A process killed at any moment leaves the old file (or none) and a `*.tmp` that
    `remove_temporary` clears.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    temporary.unlink(missing_ok=True)
    yield temporary
    with open(temporary, "rb") as handle:
        os.fsync(handle.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a whole UTF-8 file by atomic rename."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object that a file holds; empty where it holds none, or cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file by atomic rename."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def copy_to_parquet(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write the result of `query` as one Parquet file by atomic rename."""
    with replacing(path) as temporary:
        connection.execute(
            f"copy ({query}) to {quoted(str(temporary))} (format parquet, compression zstd)"
        )


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_temporary(folder: Path) -> None:
    """Delete what killed runs left behind in a folder."""
    for path in folder.glob(f"*{TEMPORARY_SUFFIX}*"):
        path.unlink(missing_ok=True)


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def open_duckdb(scratch: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB in UTC that spills to `scratch` when memory runs short."""
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
        connection.execute(f"set temp_directory = {quoted(str(scratch))}")
    return connection
