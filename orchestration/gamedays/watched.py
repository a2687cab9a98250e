"""A watch that stays through the days of a soak: what a process gathers shows in one that stays.

It has a home of its own, because its runs speak for the moment of the clock and the soak's for days
that it makes up; what lands is the same, without the faults.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.benchmarks.intake_services import with_children
from orchestration.gamedays.company import Delivery
from orchestration.gamedays.drill import OUTSIDE
from orchestration.home import PROJECT_DIR, Home, TieoutError
from orchestration.intake import status

LONGEST_WAIT = 1800.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Watched:
    """A home with a watch over it."""

    home: Home
    process: subprocess.Popen[bytes]
    log: Path
    runs: int = 0

    def live(self, delivery: Delivery) -> int:
        """Land a day, and wait for its run; the memory then of the watch and what it has started,
        in bytes.

        Raises:
            TieoutError: when the watch ends, its run fails, or none comes.
        """
        delivery.land(self.home.landing)
        deadline = time.monotonic() + LONGEST_WAIT
        while (told := status.read(self.home).get("watch", {})).get("runs", 0) <= self.runs:
            is_late = time.monotonic() > deadline
            if self.process.poll() is not None or is_late or told.get("failed_runs"):
                raise TieoutError(f"The watch has not made its run; see {self.log}")
            time.sleep(0.5)
        self.runs = told["runs"]
        return sum(map(_resident, with_children(self.process.pid)))


@contextmanager
def watching(folder: Path) -> Iterator[Watched]:
    """A watch over a new home, until the end of the block."""
    home = Home(folder / "watched").create()
    log = folder / "watch.log"
    with open(log, "wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", "watch"],
            cwd=PROJECT_DIR,
            env={
                **{name: value for name, value in os.environ.items() if name not in OUTSIDE},
                "TIEOUT_HOME": str(home.root),
            },
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Watched(home, process, log)
    finally:
        process.terminate()
        process.wait()


def _resident(pid: int) -> int:
    """Memory of a process, in bytes; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0
