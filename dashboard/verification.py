"""The journal's verification as a process beside the dashboard: started by a person, followed here.

It is `tieout verify`, so that a page can say nothing else than the command line does. One runs at a
time for a home, however many people look on.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import streamlit as st

from orchestration.home import PROJECT_DIR, Home, wall_clock

_AT = re.compile(r"(\d+) of (\d+) entries\s*\Z")
_FAILED_TO_START = "The verifier could not be run"


@dataclass(frozen=True)
class State:
    """How far a verification is. `holds` is None until it has ended."""

    started_at: datetime
    ended_at: datetime | None
    done: int
    total: int
    holds: bool | None
    verdict: str

    @property
    def share(self) -> float:
        """How much of the journal was come by, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


class Verifier:
    """The verification of one home that was started last."""

    def __init__(self, home: Home) -> None:
        """Nothing is started yet."""
        self._home = home
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._out, self._progress = _unnamed_file(), _unnamed_file()
        self._started_at: datetime | None = None
        self._ended_at: datetime | None = None

    def start(self) -> None:
        """Start, unless one is under way."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            self._out, self._progress = _unnamed_file(), _unnamed_file()
            self._started_at, self._ended_at = wall_clock(), None
            self._process = subprocess.Popen(
                [sys.executable, "-m", "orchestration.cli", "verify", "--progress"],
                cwd=PROJECT_DIR,
                env={**os.environ, "TIEOUT_HOME": str(self._home.root)},
                stdin=subprocess.DEVNULL,
                stdout=self._out,
                stderr=self._progress,
            )

    def state(self) -> State | None:
        """How far it is; None before the first start."""
        with self._lock:
            if self._process is None or self._started_at is None:
                return None
            status = self._process.poll()
            told = _text(self._progress)
            at = _AT.search(told.rstrip())
            done, total = (int(at[1]), int(at[2])) if at else (0, 0)
            if status is None:
                return State(self._started_at, None, done, total, None, "")
            self._ended_at = self._ended_at or wall_clock()
            verdict = _text(self._out).strip() or f"{_FAILED_TO_START}: {told.strip()[-500:]}"
            return State(
                self._started_at, self._ended_at, done, total, status == 0, _without_paths(verdict)
            )


def _unnamed_file() -> IO[bytes]:
    return tempfile.TemporaryFile()


def _text(file: IO[bytes]) -> str:
    # the process writes by a descriptor of its own, which shares the position
    return os.pread(file.fileno(), 1 << 20, 0).decode("utf-8", "replace")


def _without_paths(text: str) -> str:
    """File names instead of paths: whoever reads a page need not know where the home lies."""
    return re.sub(r"(?<![\w/])/(?:[^\s,:;()/]+/)+", "", text)


@st.cache_resource(show_spinner=False)
def verifier(root: Path) -> Verifier:
    """The one verifier of a home in this process."""
    return Verifier(Home(root))
