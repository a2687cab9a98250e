"""Writing files so that a reader, or the next run, sees all of one or nothing of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

TEMPORARY_SUFFIX = ".tmp"

EMPTY = "_empty.parquet"
"""In a folder of Parquet files, the one without rows that has all columns."""


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


_kept: dict[tuple[Path, tuple[str, ...]], tuple[tuple[int, int, int], list[tuple[Any, ...]]]] = {}
"""By file and columns, in which state it was read, and its rows."""


def rows_of(paths: Iterable[Path], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows of small Parquet files, of which a process reads each once.

    They are replaced whole or not at all (`replacing`). A run asks for manifests and runs some ten
    times, and each run adds a file. Where all columns are not in each file, `paths` name one that
    has them with those that have not.
    """
    names = tuple(columns)
    states = {}
    for path in paths:
        stat = path.stat()
        states[path] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    changed = [
        path for path, state in states.items() if _kept.get((path, names), (None,))[0] != state
    ]
    if changed:
        with_all = {path.with_name(EMPTY) for path in changed} & states.keys()
        listed = ", ".join(quoted(str(path)) for path in {*changed, *with_all})
        with open_duckdb() as connection:
            read = connection.execute(
                f"select filename, {', '.join(names)} "
                f"from read_parquet([{listed}], union_by_name = true, filename = true)"
            ).fetchall()
        found: dict[Path, list[tuple[Any, ...]]] = {path: [] for path in changed}
        for name, *row in read:
            found[Path(name)].append(tuple(row))
        _kept.update({(path, names): (states[path], rows) for path, rows in found.items()})
        # compaction makes one file of many, and a watch stays for weeks
        for gone in [key for key in _kept if not key[0].exists()]:
            del _kept[gone]
    return [row for path in states for row in _kept[path, names][1]]
