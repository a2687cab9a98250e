"""`tieout benchmark volume`: a million invoices, the last two days, ten invoices, a hundredth more.

Each run is a process of its own, as a user starts it; what is measured is what the user waits for,
step by step, and the memory of its largest process. The second run reads the files of the company's
last two days, which the first has not seen. Beside each stands what DuckDB alone needs to read the
same files and to write the same rows of the marts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestration.benchmarks import timed
from orchestration.benchmarks.days import (
    AS_OF,
    batch_for,
    floor,
    held_back,
    land_batch,
    land_company,
    land_ten_invoices,
    landed,
    new_home,
)
from orchestration.home import Home
from orchestration.publish import served_publication

RECENT_DAYS = 2
"""Of six months: near two percent of all facts."""


@dataclass(frozen=True)
class Measured:
    """A run, what it was of, and the seconds that DuckDB alone needs for the same."""

    name: str
    run: timed.Run
    floor: float


def run(size: int = 1_000_000) -> list[Measured]:
    """Reconcile a company of about `size` invoices, its last days, ten more and a hundredth more.

    Raises:
        TieoutError: when a run fails.
    """
    with new_home() as home:
        land_company(home, size, RECENT_DAYS)
        measurer = Measurer(home)
        with held_back(home):
            measurer.measure("but the last two days", AS_OF - timedelta(days=RECENT_DAYS))
        measurer.measure("the last two days more", AS_OF)
        land_ten_invoices(home)
        measurer.measure("ten invoices more", AS_OF + timedelta(hours=1))
        land_batch(home, batch_for(home, size // 100))
        measurer.measure("a hundredth more", AS_OF + timedelta(hours=2))
        return measurer.measured


class Measurer:
    """Runs over one home; knows what the runs before have read and published."""

    def __init__(self, home: Home) -> None:
        self.measured: list[Measured] = []
        self._home = home
        self._read: set[Path] = set()

    def measure(self, name: str, as_of: datetime) -> None:
        """Make the next run, and keep what it took."""
        former = served_publication(self._home)
        run = timed.run(self._home, as_of)
        files = landed(self._home)
        alone = floor(self._home, files - self._read, former)
        self._read |= files
        self.measured.append(Measured(name, run, alone))


def table(measured: list[Measured]) -> str:
    """The result as text."""
    runs = [each.run for each in measured]
    lines = [
        f"{'':30}" + "".join(f"{each.name:>28}" for each in measured),
        f"{'rows read':30}" + "".join(f"{run.rows:>28,}" for run in runs),
        f"{'matches made':30}" + "".join(f"{run.matches:>28,}" for run in runs),
        *(
            f"{step:30}" + "".join(f"{run.steps.get(step, 0):>26.1f} s" for run in runs)
            for step in runs[0].steps
        ),
        f"{'from start to end':30}" + "".join(f"{run.seconds:>26.1f} s" for run in runs),
        f"{'DuckDB alone':30}" + "".join(f"{each.floor:>26.1f} s" for each in measured),
        f"{'largest process':30}" + "".join(f"{run.peak / 2**30:>24.1f} GiB" for run in runs),
    ]
    return "\n".join(lines) + "\n"
