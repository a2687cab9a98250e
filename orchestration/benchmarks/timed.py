"""A run as a user starts it, a process of its own, and what it cost: for benchmarks of speed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import PROJECT_DIR, Home, TieoutError, iso_timestamp

_LAUNCHER = (
    "import resource, subprocess, sys\n"
    "code = subprocess.run(sys.argv[2:]).returncode\n"
    "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
    "open(sys.argv[1], 'w').write(str(peak))\n"
    "sys.exit(code)"
)
"""A small process in between: of its own child the kernel tells a process at least the size that
it has itself, and a benchmark may be large."""

_STEP = re.compile(r"^\[\d+/\d+\] (?P<name>.+?) \.\..* done in (?P<seconds>[\d.]+) s$")


@dataclass(frozen=True)
class Run:
    """One run. Times are in seconds, `peak` is in bytes: the most that one process held."""

    rows: int
    matches: int
    steps: dict[str, float]
    seconds: float
    peak: int


def run(home: Home, as_of: datetime) -> Run:
    """Reconcile what lies in the home's landing.

    Raises:
        TieoutError: when the run fails.
    """
    environment = {
        **os.environ,
        "TIEOUT_HOME": str(home.root),
        "TIEOUT_AS_OF": iso_timestamp(as_of),
    }
    output = home.root / "output"
    started = time.monotonic()
    with open(output, "w", encoding="utf-8") as written:
        code, peak = measured(
            [sys.executable, "-m", "orchestration.cli", "run"],
            home.root / "peak",
            cwd=PROJECT_DIR,
            env=environment,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    seconds = time.monotonic() - started
    said = output.read_text(encoding="utf-8")
    if code != 0:
        raise TieoutError(f"The run of {as_of:%d %B} failed:\n{said[-5000:]}")
    rows, matches = _made(home.serving)
    return Run(
        rows=rows,
        matches=matches,
        steps={
            step["name"]: float(step["seconds"])
            for line in said.splitlines()
            if (step := _STEP.match(line))
        },
        seconds=seconds,
        peak=peak,
    )


def measured(command: list[str], note: Path, **options: Any) -> tuple[int, int]:
    """Exit status of a command, and the bytes of the largest of its processes.

    Args:
        note: a file for the figure, which may be overwritten.
        options: of `subprocess.run`.
    """
    launcher = [sys.executable, "-c", _LAUNCHER, str(note), *command]
    code = subprocess.run(launcher, check=False, **options).returncode
    return code, int(note.read_text(encoding="utf-8")) * 1024


def _made(serving: Path) -> tuple[int, int]:
    """Rows read and matches made by the last run."""
    with duckdb.connect(str(serving.resolve()), read_only=True) as connection:
        [made] = connection.execute(
            "select rows_in, matches_made from marts.fct_runs order by as_of desc limit 1"
        ).fetchall()
    rows, matches = made
    return rows, matches
