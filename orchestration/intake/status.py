"""`<home>/intake/status.json`: what receivers, consumers, the watch and the spool last said.

Metrics and pages read it; it is written whole, and nothing depends on it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestration.files import read_object, write_text
from orchestration.home import Home, iso_timestamp, wall_clock

REFUSED = "refused_"
"""Before the reason, in the receiver's section: how many events it has refused for it."""

STOPPED = "stopped"
"""In a section whose process was stopped in order, and has not been started again since."""

EVERY_SECONDS = 5.0
"""How often a process that lives writes down how it is."""


def path_of(home: Home) -> Path:
    return home.root / "intake" / "status.json"


def read(home: Home) -> dict[str, Any]:
    """The sections by name; empty before the first."""
    return read_object(path_of(home))


def stop(home: Home, section: str, values: Mapping[str, object]) -> None:
    """The last note of a process that ends because it was told to: it is not to be missed at once.

    The next note of a process of this name takes its place.
    """
    note(home, section, {**values, STOPPED: True})


def note(home: Home, section: str, values: Mapping[str, object]) -> None:
    """Replace one section. That it cannot be written stops nobody."""
    path = path_of(home)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path.with_suffix(".lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            told = {**values, "at": iso_timestamp(wall_clock()), "process": os.getpid()}
            write_text(path, json.dumps({**read(home), section: told}, indent=1) + "\n")
