"""`tieout benchmark volume`: a demo company of a million invoices, then its last two days.

Each run is a process of its own, as a user starts it; what is measured is what the user waits for,
step by step, and the memory of its largest process. The second run reads the files of the company's
last two days, which the first has not seen.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from orchestration import steps
from orchestration.home import PROJECT_DIR, Home, TieoutError, iso_timestamp

AS_OF = datetime(2026, 7, 1, 6)
RECENT_DAYS = 2
"""Of six months: near two percent of all facts."""

_STEP = re.compile(r"^\[\d+/\d+\] (?P<name>.+?) \.\.\..* done in (?P<seconds>[\d.]+) s$")


@dataclass(frozen=True)
class Run:
    """One run. Times are in seconds, `peak` is in bytes: the most that one process held."""

    rows: int
    matches: int
    steps: dict[str, float]
    seconds: float
    peak: int


def run(size: int = 1_000_000) -> list[Run]:
    """Reconcile a company of about `size` invoices, then what its last days bring.

    Raises:
        TieoutError: when a run fails.
    """
    # not `temporary_home`, whose dbt process would stand idle beside those of the runs
    with TemporaryDirectory(prefix="tieout-benchmark-") as folder:
        home = Home(Path(folder) / "home").create()
        end = AS_OF.date() - timedelta(days=1)
        steps.land_demo(home, end, invoices=size, recent_days=RECENT_DAYS)
        recent = {
            path: home.root / "held_back" / path.relative_to(home.landing)
            for path in sorted(home.landing.rglob("*_recent.*"))
        }
        for path, aside in recent.items():
            aside.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, aside)
        first = _run(home, AS_OF - timedelta(days=RECENT_DAYS))
        for path, aside in recent.items():
            os.replace(aside, path)
        return [first, _run(home, AS_OF)]


def table(runs: list[Run]) -> str:
    """The result as text."""
    names = ("all but the last two days", "the last two days more")
    lines = [
        f"{'':30}" + "".join(f"{name:>28}" for name in names),
        f"{'rows read':30}" + "".join(f"{run.rows:>28,}" for run in runs),
        f"{'matches made':30}" + "".join(f"{run.matches:>28,}" for run in runs),
        *(
            f"{step:30}" + "".join(f"{run.steps.get(step, 0):>26.1f} s" for run in runs)
            for step in runs[0].steps
        ),
        f"{'from start to end':30}" + "".join(f"{run.seconds:>26.1f} s" for run in runs),
        f"{'largest process':30}" + "".join(f"{run.peak / 2**30:>24.1f} GiB" for run in runs),
    ]
    return "\n".join(lines) + "\n"


def _run(home: Home, as_of: datetime) -> Run:
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
