"""Room that a home keeps for the last words of a run that meets a full disk.

The record of a failed run and the notification about it need some kilobytes. On a disk without any
the run would look as if somebody had stopped it, and nobody would be told. So a file without a use
lies in the home while there is room, and goes when a run ends badly where there is none.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from orchestration.home import Home

SIZE = 4 << 20
"""Bytes."""


def keep(home: Home) -> None:
    """Have the reserve in the home, unless that would take the last of the room."""
    path = place(home)
    with suppress(OSError):
        is_whole = path.exists() and path.stat().st_size == SIZE
        if is_whole or shutil.disk_usage(home.root).free < 4 * SIZE:
            return
        try:
            path.write_bytes(bytes(SIZE))
        except OSError:
            path.unlink(missing_ok=True)


def spend(home: Home) -> None:
    """Make room by the reserve, where there is less left than it holds."""
    with suppress(OSError):
        if is_needed(home):
            place(home).unlink(missing_ok=True)


def is_needed(home: Home) -> bool:
    """Whether less room is left than the reserve holds."""
    return shutil.disk_usage(home.root).free < SIZE


def place(home: Home) -> Path:
    """Where the reserve lies."""
    return home.runs / "reserve"
