"""Weeks of a company's days with random faults, and whether all is well at their end.

A day lands what a day brings, with a fault on some; the run of the next morning meets it, and the
day after it is put right. Alerts go to a receiver on this machine. A watch over a home of its own
stays for all days, and gets the same without the faults. What may not grow is measured after each
day.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from orchestration import by_hand, run_records
from orchestration.alerting import outbox
from orchestration.benchmarks.timed import measured
from orchestration.dagster_history import SETTING as DAGSTER_RUNS
from orchestration.dbt_runs import TRAINING_TAG
from orchestration.gamedays import growth, losses
from orchestration.gamedays.company import Company
from orchestration.gamedays.drill import FIRST_DAY, HISTORY, Drill
from orchestration.gamedays.growth import Size
from orchestration.gamedays.receiver import receiving
from orchestration.gamedays.scenarios import SCENARIOS
from orchestration.gamedays.watched import Watched, watching
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
"""What a run at its peak, and a watch after it, may take in the last third of the days beside the
first."""

ENVIRONMENT = {DAGSTER_RUNS: str(growth.DAGSTER_RUNS)}


@dataclass(frozen=True)
class Day:
    """What a day brought, and what the home is after its run.

    `peak` of the run, and what the `watch` takes after its own, are in bytes. `runs` is how many
    there have been, also ones that failed or were killed; `told` how many messages people got.
    """

    number: int
    fault: str
    seconds: float
    peak: int
    runs: int
    sizes: Mapping[str, Size]
    held_open: int
    told: int
    watch: int = 0


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
    with receiving() as receiver, watching(home.root.parent) as watched:
        receiver.route(home)
        return _run(home, days, draw, watched)


def _run(home: Home, days: int, draw: random.Random, watched: Watched) -> list[str]:
    company = Company(FIRST_DAY.date() - HISTORY)
    history = company.deliver(company.start, FIRST_DAY.date() - DAY)
    history.land(home.landing)
    watched.live(history)
    nothing = company.deliver(company.start, company.start)
    before = Drill(home, company, FIRST_DAY - DAY, nothing, {**ENVIRONMENT}, span=DAY)
    print(_HEADER, flush=True)
    lived = [_live(before, 0, "")]
    print(_line(lived[0]), flush=True)
    faulty: tuple[str, Drill] | None = None
    for number in range(1, days + 1):
        moment = FIRST_DAY + (number - 1) * DAY
        today = company.deliver(moment.date(), moment.date())
        drill = Drill(home, company, moment, today, {**ENVIRONMENT}, span=DAY)
        if faulty is not None:
            SCENARIOS[faulty[0]].repair(faulty[1])
        # the last two days are for putting right what is left
        is_faulty = number <= days - 2 and draw.random() < FAULTY_DAYS
        fault = draw.choice([*FAULTS, KILLED]) if is_faulty else ""
        lived.append(replace(_day(drill, number, fault, draw), watch=watched.live(today)))
        print(_line(lived[-1]), flush=True)
        is_open = fault in SCENARIOS and not SCENARIOS[fault].stops
        faulty = (fault, drill) if is_open else None
    last = FIRST_DAY.date() + (days - 1) * DAY
    print(growth.table(lived[1].sizes, lived[-1].sizes), flush=True)
    found = [*losses.of_home(home), *losses.untrue(home, company, last)]
    return [*found, *_broken_tests(home), *_untold(home), *_grown(lived[1:])]


_HEADER = (
    f"{'day':>4} {'fault':<20} {'seconds':>8} {'peak MB':>8} {'watch MB':>9} {'told':>5} "
    f"{'files':>6} {'home MB':>8} {'kept files':>11} {'kept MB':>8} {'held open':>10}"
)


def _line(day: Day) -> str:
    kept = [day.sizes[kind.name] for kind in growth.KINDS if kind.is_kept]
    return (
        f"{day.number:>4} {day.fault or '-':<20} {day.seconds:>8.1f} {day.peak / 2**20:>8.0f} "
        f"{day.watch / 2**20:>9.0f} {day.told:>5} "
        f"{sum(size.files for size in day.sizes.values()):>6} "
        f"{sum(size.bytes for size in day.sizes.values()) / 2**20:>8.1f} "
        f"{sum(size.files for size in kept):>11} "
        f"{sum(size.bytes for size in kept) / 2**20:>8.1f} {day.held_open:>10}"
    )


def _day(drill: Drill, number: int, fault: str, draw: random.Random) -> Day:
    scenario = SCENARIOS.get(fault)
    if scenario is not None and not scenario.stops:
        scenario.inject(drill)
    drill.delivery.land(drill.landing)
    if scenario is not None and scenario.stops:
        scenario.inject(drill)
        try:
            if drill.run(drill.hit) is None:
                raise TieoutError(f"Day {number}: {fault} did not stop the run.")
        finally:
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
    return Day(
        number=number,
        fault=fault,
        seconds=seconds,
        peak=peak,
        runs=len(run_records.read(home, run_records.KEPT_RECORDS)),
        sizes=growth.measured(home),
        held_open=_held_open(home),
        told=sum(one.state == "delivered" for one in outbox.read(home)),
    )


def _held_open(home: Home) -> int:
    """Files of the home that a process other than this one still has open after the run."""
    count = 0
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        if link.parent.parent.name == str(os.getpid()):
            continue  # the faults of people are made here
        try:
            count += os.readlink(link).startswith(f"{home.root}/")
        except OSError:
            continue
    return count


def _broken_tests(home: Home) -> list[str]:
    """Every test of what a run builds, asked about all rows, not those of the last run alone."""
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            by_hand.call_dbt(
                home,
                ["test", "--exclude", f"tag:{TRAINING_TAG}", "resource_type:unit_test"],
                nowhere,
            )
    except TieoutError as error:
        return [str(error)]
    return []


def _untold(home: Home) -> list[str]:
    """What still has to reach people after the last run, or that nobody was told of anything."""
    messages = outbox.read(home)
    if not any(one.state == "delivered" for one in messages):
        return ["Nobody was told of anything."]
    return [f"Not delivered ({one.state}): {one.title}" for one in messages if one.is_to_be_sent]


def _grown(days: list[Day]) -> list[str]:
    """What is not flat."""
    wrong = growth.grown([(day.runs, day.sizes) for day in days])
    third = len(days) // 3
    if len(days) >= growth.FEWEST_DAYS:
        for who, taken in (
            ("Runs take", [day.peak for day in days]),
            ("The watch takes", [day.watch for day in days]),
        ):
            first, last = median(taken[:third]), median(taken[-third:])
            if last > MORE_MEMORY * first:
                ended, began = (f"{bytes_ / 2**20:.0f} MB" for bytes_ in (last, first))
                wrong.append(f"{who} {ended} at the end, and took {began} at first.")
    if any(day.held_open for day in days):
        wrong.append("Files of the home were still open after a run.")
    return wrong
