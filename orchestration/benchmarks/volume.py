"""`tieout benchmark volume`: a demo company of a million invoices, then its last two days.

Each run is a process of its own, as a user starts it; what is measured is what the user waits for,
step by step, and the memory of its largest process. The second run reads the files of the company's
last two days, which the first has not seen.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration import steps
from orchestration.benchmarks import timed
from orchestration.benchmarks.timed import Run
from orchestration.home import Home

AS_OF = datetime(2026, 7, 1, 6)
RECENT_DAYS = 2
"""Of six months: near two percent of all facts."""


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
        with held_back(home):
            first = timed.run(home, AS_OF - timedelta(days=RECENT_DAYS))
        return [first, timed.run(home, AS_OF)]


@contextmanager
def held_back(home: Home) -> Iterator[None]:
    """Inside, the files of the demo company's last days are not in landing."""
    recent = {
        path: home.root / "held_back" / path.relative_to(home.landing)
        for path in sorted(home.landing.rglob("*_recent.*"))
    }
    for path, aside in recent.items():
        aside.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, aside)
    yield
    for path, aside in recent.items():
        os.replace(aside, path)


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
