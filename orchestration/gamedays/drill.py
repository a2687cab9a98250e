"""A drill: the same delivery into two copies of a home, one of them with faults.

Three moments. `before` is the home as it was found. At `hit` both copies get what a quiet company
delivers, one of them with the faults. At `mended` the faults are put right. What alerts at `hit`,
and does not in the twin, is what the faults have raised; money is compared at `mended`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path

from orchestration.alerting import outbox
from orchestration.alerting.deliver import deliver
from orchestration.gamedays import losses
from orchestration.gamedays.company import Company, Delivery
from orchestration.gamedays.receiver import receiving, silence
from orchestration.gamedays.signals import Expected, Signal, of_home, raised
from orchestration.home import PROJECT_DIR, Home, TieoutError, iso_timestamp, wall_clock
from orchestration.repeats import Success

HISTORY = timedelta(days=31)
SPAN = timedelta(days=4)
"""As long as the bank may be silent, and shorter than what a gateway explains may wait for it."""

MENDED_AFTER = timedelta(hours=1)

SHOWN_DIFFERENCES = 10


OUTSIDE = ("TIEOUT_REVIEW_DATABASE", "TIEOUT_ANCHORS", "TIEOUT_AS_OF")
"""Settings that would let a drill write to what the real home writes to."""

FIRST_DAY = datetime(2026, 6, 11, 6)


@dataclass
class Drill:
    """A copy of a home into which faults are put; scenarios change its fields.

    `brought` are parts of ids that only the fault brings; `left_to_people` is a rule whose matches
    wait for people after the repair, too.
    """

    home: Home
    company: Company
    before: datetime
    delivery: Delivery
    environment: dict[str, str] = field(default_factory=dict)
    limit: Callable[[], None] | None = None
    put_away: Callable[[], None] | None = None
    as_of: datetime | None = None
    brought: list[str] = field(default_factory=list)
    left_to_people: str | None = None
    span: timedelta = SPAN

    def clear_away(self) -> None:
        """Put away what a fault has set up outside the home's files; nothing the second time."""
        if self.put_away is not None:
            self.put_away()
            self.put_away = None

    @property
    def hit(self) -> datetime:
        """The moment of the run that meets the faults."""
        return self.before + self.span

    @property
    def mended(self) -> datetime:
        """The moment of the run after they have been put right."""
        return self.hit + MENDED_AFTER

    @property
    def landing(self) -> Path:
        return self.home.landing

    def run(self, as_of: datetime) -> str | None:
        """A run of its own process; what it said where it failed."""
        done = subprocess.run(
            self.command(),
            cwd=PROJECT_DIR,
            env=self.settings(as_of),
            preexec_fn=self.limit,
            capture_output=True,
            text=True,
            check=False,
        )
        return None if done.returncode == 0 else (done.stderr or done.stdout)[-3000:].strip()

    def command(self) -> list[str]:
        """A run, as a scheduler would start it."""
        return [sys.executable, "-m", "orchestration.cli", "run", "--trigger", "gameday"]

    def settings(self, as_of: datetime) -> dict[str, str]:
        """The environment of a run, from which nothing reaches what the real home writes to."""
        return {
            **{name: value for name, value in os.environ.items() if name not in OUTSIDE},
            "TIEOUT_HOME": str(self.home.root),
            "TIEOUT_AS_OF": iso_timestamp(self.as_of or as_of),
            **self.environment,
        }


@dataclass(frozen=True)
class Scenario:
    """A fault, the alert that is its own, and how it is put right.

    Attributes:
        inject: does it, before the delivery lands, and says what was done.
        repair: puts it right after the run that met it, and says how.
        expected: alerts that have to be heard within the one run; no others may be.
        stops: whether the run is to fail.
    """

    name: str
    failure_mode: str
    inject: Callable[[Drill], str]
    repair: Callable[[Drill], str]
    expected: tuple[Expected, ...]
    stops: bool = False


@dataclass
class Outcome:
    """What a drill showed. `wrong` and `lost` are empty where it went as it must.

    `kept` says what has been looked at and is there.
    """

    scenarios: list[Scenario]
    injected: list[str] = field(default_factory=list)
    raised: list[tuple[datetime, Signal]] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    kept: str = ""

    @property
    def failures(self) -> list[str]:
        """Everything that is not as it must be."""
        return self.wrong + self.lost

    def judge_delivery(self, home: Home, since: datetime, arrived: int) -> None:
        """Every alert that speaks was told to somebody, itself or its group, after the faults were
        put in: what was told of the group before is no word of them."""
        told = [
            one
            for one in outbox.read(home)
            if one.state == "delivered" and one.event != "resolved" and one.created_at >= since
        ]
        speaking = [signal for _, signal in self.raised if not signal.is_silent]
        for signal in speaking:
            group = [one for one in told if signal.group == one.group_key]
            own = [one for one in group if signal.name == one.alert_name]
            if not group:
                self.wrong.append(f"Nobody was told: {signal.describe()}")
            for one in (own or group)[-1:]:
                at = f" at {one.ended_at:%H:%M:%S} UTC" if one.ended_at else ""
                self.delivered.append(f"to {one.destination}{at}: {one.title}")
        if speaking and not arrived:
            self.wrong.append("Nothing has arrived at the receiver.")

    def describe(self) -> str:
        """The whole story, for a person."""
        names = ", ".join(scenario.name for scenario in self.scenarios)
        told = [f"Game day: {names}", *(f"  injected   {said}" for said in self.injected)]
        for moment, signal in self.raised:
            silent = " [silent: another speaks for it]" if signal.is_silent else ""
            told.append(f"  alerted    {moment:%Y-%m-%d %H:%M} {signal.describe()}{silent}")
        told += [f"  delivered  {said}" for said in self.delivered]
        told += [f"  mended     {said}" for said in self.mended]
        told += [f"  lost       {said}" for said in self.lost or [f"nothing: {self.kept}"]]
        told += [f"  WRONG      {said}" for said in self.wrong]
        told.append(f"  {'FAILED' if self.failures else 'passed'}")
        return "\n".join(told) + "\n"


@dataclass
class Stage:
    """The home as it was found, from which drills are copied, and what its twin says.

    `alerts` are those that fire without a fault, `money` is what is true without one; None where
    there is no twin.
    """

    folder: Path
    home: Home
    company: Company
    before: datetime
    alerts: list[Signal]
    money: losses.Money | None = None

    def drill(self, scenarios: list[Scenario], *, repairs: bool = True) -> Outcome:
        """Put faults into a copy, see what alerts, put them right, and see what was lost.

        Faults that stop a run come first, each in a run of its own; the others share one. Without
        repairs, what was lost is told of files, rows and proofs, and not of money.
        """
        outcome = Outcome(scenarios)
        home = Home(self.folder / "drill")
        shutil.rmtree(home.root, ignore_errors=True)
        shutil.copytree(self.home.root, home.root, symlinks=True)
        whole = _delivery(self.company, self.before)
        drill = Drill(home, self.company, self.before, whole)
        with receiving() as receiver:
            receiver.route(home)
            deliver(home, wall_clock())  # what fires already is told, so that what comes is new
            told_before, since = len(receiver.arrived), wall_clock()
            try:
                self._play(drill, scenarios, outcome, repairs)
            finally:
                drill.clear_away()
            arrived = len(receiver.arrived) - told_before
        outcome.judge_delivery(home, since, arrived)
        outcome.lost += losses.of_home(home)
        outcome.kept = "every landed file and row is accounted for, and the journal holds"
        if repairs:
            outcome.lost += losses.unlanded(home, whole) + self._lost_money(drill, whole)
            outcome.kept += "; every document and match is as it would have been without the fault"
            if drill.left_to_people is not None:
                outcome.kept += f", but for what {drill.left_to_people} leaves to people"
        return outcome

    def _lost_money(self, drill: Drill, whole: Delivery) -> list[str]:
        """What is not settled as the company knows it, and what the twin says otherwise."""
        if drill.left_to_people is not None:
            drill.brought += losses.waiting(drill.home, drill.left_to_people)
        unlike = tuple(drill.brought)
        lost = losses.untrue(drill.home, self.company, whole.last, unlike)[:SHOWN_DIFFERENCES]
        if self.money is not None:
            differing = losses.differences(losses.money(drill.home), self.money, unlike)
            lost += differing[:SHOWN_DIFFERENCES]
        return lost

    def _play(
        self, drill: Drill, scenarios: list[Scenario], outcome: Outcome, repairs: bool
    ) -> None:
        """The faults, the runs that meet them, and their repair."""
        shared = [scenario for scenario in scenarios if not scenario.stops]
        told = [scenario.inject(drill) for scenario in shared]
        drill.delivery.land(drill.landing)
        for scenario in scenarios:
            if scenario.stops:
                self._stop(drill, scenario, outcome)
        outcome.injected += told
        self._hit(drill, shared, outcome)
        if shared and repairs:
            outcome.mended += [scenario.repair(drill) for scenario in shared]
            if (said := drill.run(drill.mended)) is not None:
                outcome.wrong.append(f"The run after the repair failed: {said}")

    def _stop(self, drill: Drill, scenario: Scenario, outcome: Outcome) -> None:
        """A run that must fail and say so, and nothing else may alert."""
        outcome.injected.append(scenario.inject(drill))
        if drill.run(drill.hit) is None:
            outcome.wrong.append(f"{scenario.name}: the run did not stop.")
        outcome.mended.append(scenario.repair(drill))
        self._note([scenario], drill, of_home(drill.home), outcome)

    def _hit(self, drill: Drill, scenarios: list[Scenario], outcome: Outcome) -> None:
        """The run that meets the faults; without any, the first one after their repair."""
        if (said := drill.run(drill.hit)) is not None:
            outcome.wrong.append(f"The run failed: {said}")
        self._note(scenarios, drill, of_home(drill.home), outcome)

    def _note(
        self, scenarios: list[Scenario], drill: Drill, now: list[Signal], outcome: Outcome
    ) -> None:
        awaited = [expected for scenario in scenarios for expected in scenario.expected]
        found = raised(now, self.alerts, awaited)
        outcome.raised += [(drill.hit, signal) for signal in found]
        outcome.wrong += _judge(scenarios, found)


def stage(folder: Path, found: Home | None = None) -> Stage:
    """A copy of a home (or a small company of its own), with its twin reconciled.

    Raises:
        TieoutError: when the home has not been reconciled yet, or a run without any fault fails.
    """
    ready = alone(folder, found)
    company, before = ready.company, ready.before
    twin = Drill(Home(folder / "twin"), company, before, _delivery(company, before))
    shutil.copytree(ready.home.root, twin.home.root, symlinks=True)
    twin.delivery.land(twin.home.landing)
    _run_quietly(twin, twin.hit)
    return replace(ready, alerts=of_home(twin.home), money=losses.money(twin.home))


def alone(folder: Path, found: Home | None = None) -> Stage:
    """The same without a twin: its alerts are those of the day on which it was found.

    Raises:
        TieoutError: as `stage`.
    """
    home = Home(folder / "before")
    if found is not None:
        last = Success.read(found)
        if last is None:
            raise TieoutError(f"{found.root} has never been reconciled: `tieout run` first.")
        with found.writing():
            shutil.copytree(found.root, home.root, symlinks=True)
        silence(home)
        before = datetime.combine(last.as_of.date() + timedelta(days=1), time(6))
    else:
        home.create()
        before = FIRST_DAY
    company = Company(before.date() - HISTORY)
    company.deliver(company.start, before.date() - timedelta(days=1)).land(home.landing)
    _run_quietly(Drill(home, company, before, _delivery(company, before)), before)
    return Stage(folder, home, company, before, of_home(home))


def _run_quietly(drill: Drill, as_of: datetime) -> None:
    if (said := drill.run(as_of)) is not None:
        raise TieoutError(
            f"A run without any fault failed, so a game day would show nothing:\n{said}"
        )


def _delivery(company: Company, before: datetime) -> Delivery:
    first = before.date()
    return company.deliver(first, first + SPAN - timedelta(days=1))


def _judge(scenarios: list[Scenario], raised: list[Signal]) -> list[str]:
    """What did not fire so that people hear of it, and what should not have spoken."""
    expected = [(scenario.name, alert) for scenario in scenarios for alert in scenario.expected]
    wrong = [
        f"{name}: its own alert did not fire: {alert.describe()}."
        for name, alert in expected
        if not any(alert.is_met_by(signal) and signal.is_heard for signal in raised)
    ]
    wrong += [
        f"Another alert fired: {signal.describe()}"
        for signal in raised
        if not signal.is_silent and not any(alert.is_met_by(signal) for _, alert in expected)
    ]
    return wrong
