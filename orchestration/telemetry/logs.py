"""Structured logs: one JSON object a line, in `logs/tieout.jsonl` below the home.

Each line has `time`, `level` and `event`; lines of a run also `run` (the name of its record),
`run_id` and `trace_id` once they are known, and `step`. Fields hold numbers, names of the project
(steps, models, tests) and ids of runs, never what stands in a row: no personal data gets here.

With `TIEOUT_LOG_FORMAT=json`, what would be text for a person on the screen is these lines, for
services whose output is collected.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from orchestration.home import Home, TieoutError, iso_timestamp, to_naive_utc, wall_clock

SETTING = "TIEOUT_LOG_FORMAT"
LARGEST = 10_000_000
"""Bytes of the file from which it becomes `.1`, and so on up to `KEPT`."""

KEPT = 5

Level = Literal["info", "warning", "error"]


def path_of(home: Home) -> Path:
    """The file that grows."""
    return home.logs / "tieout.jsonl"


def is_json() -> bool:
    """Whether the screen gets JSON lines instead of text.

    Raises:
        TieoutError: when the setting names no format.
    """
    wanted = os.environ.get(SETTING, "").strip().lower()
    if wanted not in ("", "text", "json"):
        raise TieoutError(f"{SETTING}={wanted!r} is no format of logs; use text or json.")
    return speaks_json()


def speaks_json() -> bool:
    """The same without judging the setting."""
    return os.environ.get(SETTING, "").strip().lower() == "json"


FIELDS = "fields"
"""Under this name in `extra`, a line of Python's logging takes more fields."""


class JsonFormatter(logging.Formatter):
    """Lines of Python's own logging in the same shape, for processes that stay."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": iso_timestamp(to_naive_utc(datetime.fromtimestamp(record.created, UTC))),
            "level": record.levelname.lower(),
            "event": "log",
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            # what an error says may quote a row
            told["error"] = record.exc_info[0].__name__
        return json.dumps(told | getattr(record, FIELDS, {}))


def write(home: Home, event: str, *, level: Level = "info", **fields: Any) -> None:
    """Add a line. Fields that are None are left out; that it cannot be written stops nobody."""
    told = {"time": iso_timestamp(wall_clock()), "level": level, "event": event, **fields}
    line = json.dumps({name: value for name, value in told.items() if value is not None})
    if speaks_json():
        with suppress(OSError):
            print(line, file=sys.stdout, flush=True)
    with suppress(OSError):
        _add(path_of(home), line + "\n")


def _add(path: Path, line: str) -> None:
    """A line of another process goes before or after it: both are written at once, to the end.

    The file is opened for each line, because another process may have rotated it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab", buffering=0) as handle:
        handle.write(line.encode("utf-8"))
        if handle.tell() <= LARGEST:
            return
    with open(path.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists() and path.stat().st_size > LARGEST:
            _rotate(path)


def _rotate(path: Path) -> None:
    for number in range(KEPT - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))
