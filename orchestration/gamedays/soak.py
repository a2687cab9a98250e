"""Weeks of a company's days with random faults, and whether all is well at their end.

A day lands what a day brings, with a fault on some; the run of the next morning meets it, and the
day after it is put right. What may not grow is measured after each day.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from orchestration import by_hand
from orchestration.benchmarks.timed import measured
from orchestration.gamedays import losses
from orchestration.gamedays.company import Company
from orchestration.gamedays.drill import FIRST_DAY, HISTORY, Drill
from orchestration.gamedays.scenarios import SCENARIOS
from orchestration.home import PROJECT_DIR, Home, TieoutError

FAULTS = (
    "gateway_outage",
    "late_statements",
    "doubled_invoices",
    "missing_ids",
    "changed_schema",
    "poisoned_file",
    "unauthorized_access",
    "tampering",
    "clock_skew",
    "disk_full",
    "corrupted_warehouse",
    "lost_warehouse",
)
KILLED = "killed"
FAULTY_DAYS = 0.6

DAY = timedelta(days=1)

MORE_MEMORY = 1.25
MORE_GROWTH = 1.5
"""What the last third of the days may take beside the first: the peak, and what a day adds."""


@dataclass(frozen=True)
class Day:
    """What a day brought, and what the home is after its run. Sizes are bytes."""

    number: int
    fault: str
    seconds: float
    peak: int
    files: int
    published: int
    warehouse: int
    home: int
    held_open: int


def command(weeks: int, seed: int, folder: Path | None) -> int:
    """Live through the weeks, print a line a day and the verdict; 1 where something is wrong."""
    with TemporaryDirectory(prefix="tieout-soak-", ignore_cleanup_errors=True) as scratch:
        wrong = run(Home((folder or Path(scratch)) / "home"), 7 * weeks, random.Random(seed))
    print("\n".join(f"WRONG  {said}" for said in wrong) or "All is well at the end.")
    return 1 if wrong else 0


def run(home: Home, days: int, draw: random.Random) -> list[str]:
    """Live through days in an empty home, and print them; what is wrong at the end.

    Raises:
        TieoutError: when a run fails that had no reason to.
    """
    home.create()
    company = Company(FIRST_DAY.date() - HISTORY)
    company.deliver(company.start, FIRST_DAY.date() - DAY).land(home.landing)
    before = Drill(home, company, FIRST_DAY - DAY, company.deliver(company.start, company.start))
    before.span = DAY
    print(_HEADER, flush=True)
    lived = [_live(before, 0, "")]
    faulty: tuple[str, Drill] | None = None
    for number in range(1, days + 1):
        moment = FIRST_DAY + (number - 1) * DAY
        today = company.deliver(moment.date(), moment.date())
        drill = Drill(home, company, moment, today, span=DAY)
        if faulty is not None:
            SCENARIOS[faulty[0]].repair(faulty[1])
        # the last two days are for putting right what is left
        is_faulty = number <= days - 2 and draw.random() < FAULTY_DAYS
        fault = draw.choice([*FAULTS, KILLED]) if is_faulty else ""
        lived.append(_day(drill, number, fault, draw))
        is_open = fault in SCENARIOS and not SCENARIOS[fault].stops
        faulty = (fault, drill) if is_open else None
    last = FIRST_DAY.date() + (days - 1) * DAY
    found = [*losses.of_home(home), *losses.untrue(home, company, last)]
    return [*found, *_broken_tests(home), *_grown(lived)]


_HEADER = (
    f"{'day':>4} {'fault':<20} {'seconds':>8} {'peak MB':>8} {'files':>6} {'published':>10} "
    f"{'warehouse MB':>13} {'home MB':>8} {'held open':>10}"
)


def _line(day: Day) -> str:
    return (
        f"{day.number:>4} {day.fault or '-':<20} {day.seconds:>8.1f} {day.peak / 2**20:>8.0f} "
        f"{day.files:>6} {day.published:>10} {day.warehouse / 2**20:>13.1f} "
        f"{day.home / 2**20:>8.1f} {day.held_open:>10}"
    )


def _day(drill: Drill, number: int, fault: str, draw: random.Random) -> Day:
    scenario = SCENARIOS.get(fault)
    if scenario is not None and not scenario.stops:
        scenario.inject(drill)
    drill.delivery.land(drill.landing)
    if scenario is not None and scenario.stops:
        scenario.inject(drill)
        if drill.run(drill.hit) is None:
            raise TieoutError(f"Day {number}: {fault} did not stop the run.")
        scenario.repair(drill)
    if fault == KILLED:
        _kill(drill, draw.uniform(3, 40))
    return _live(drill, number, fault)


def _kill(drill: Drill, after: float) -> None:
    """Start the day's run and kill it, with all that it has started, some seconds later."""
    started = subprocess.Popen(
        drill.command(),
        cwd=PROJECT_DIR,
        env=drill.settings(drill.hit),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        started.wait(after)
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def _live(drill: Drill, number: int, fault: str) -> Day:
    """The run of a day that has no reason to fail, and what it leaves."""
    home = drill.home
    output = home.root.parent / "output"
    began = time.monotonic()
    with open(output, "w", encoding="utf-8") as written:
        code, peak = measured(
            drill.command(),
            home.root.parent / "peak",
            cwd=PROJECT_DIR,
            env=drill.settings(drill.hit),
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    seconds = time.monotonic() - began
    if code != 0:
        said = output.read_text(encoding="utf-8")[-3000:]
        raise TieoutError(f"The run of day {number} ({fault or 'no fault'}) failed:\n{said}")
    files = [path for path in home.root.rglob("*") if path.is_file() and not path.is_symlink()]
    day = Day(
        number=number,
        fault=fault,
        seconds=seconds,
        peak=peak,
        files=len(files),
        published=len(list(home.published.rglob("*.duckdb"))),
        warehouse=home.warehouse.stat().st_size,
        home=sum(path.stat().st_size for path in files),
        held_open=_held_open(home),
    )
    print(_line(day), flush=True)
    return day


def _held_open(home: Home) -> int:
    """Files of the home that a process still has open after the run."""
    count = 0
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            count += os.readlink(link).startswith(f"{home.root}/")
        except OSError:
            continue
    return count


def _broken_tests(home: Home) -> list[str]:
    """Every test of the project, asked about all rows, not about those of the last run alone."""
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            by_hand.call_dbt(home, ["test"], nowhere)
    except TieoutError as error:
        return [str(error)]
    return []


def _grown(days: list[Day]) -> list[str]:
    """What is not flat."""
    later = days[1:]
    if len(later) < 9:
        return []
    third = len(later) // 3
    first, last = later[:third], later[-third:]
    wrong = []
    peaks = [median(day.peak for day in part) / 2**20 for part in (first, last)]
    if peaks[1] > MORE_MEMORY * peaks[0]:
        wrong.append(f"Runs take {peaks[1]:.0f} MB at the end, and took {peaks[0]:.0f} at first.")
    for name in ("files", "home"):
        steps = [
            (getattr(part[-1], name) - getattr(part[0], name)) / (len(part) - 1)
            for part in (first, last)
        ]
        if steps[1] > MORE_GROWTH * max(steps[0], 1):
            wrong.append(f"A day adds {steps[1]:.0f} to {name} at the end, {steps[0]:.0f} at first")
    if any(day.held_open for day in later):
        wrong.append("Files of the home were still open after a run.")
    return wrong
