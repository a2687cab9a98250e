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

import duckdb

from orchestration.home import PROJECT_DIR, Home, TieoutError, iso_timestamp

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
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", "run"],
            cwd=PROJECT_DIR,
            env=environment,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        # of the process and of those that it waited for, dbt's among them
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    said = output.read_text(encoding="utf-8")
    if os.waitstatus_to_exitcode(status) != 0:
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
        peak=usage.ru_maxrss * 1024,
    )


def _made(serving: Path) -> tuple[int, int]:
    """Rows read and matches made by the last run."""
    with duckdb.connect(str(serving.resolve()), read_only=True) as connection:
        [made] = connection.execute(
            "select rows_in, matches_made from marts.fct_runs order by as_of desc limit 1"
        ).fetchall()
    rows, matches = made
    return rows, matches
