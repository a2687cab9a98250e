"""`tieout watch`: a process that stays, and runs as soon as there is a reason.

What a run costs beside its work is loading Dagster, dbt and the project; a process that stays has
done so. Reasons are waiting events, by the policies of how long they may wait, files that have
landed completely, and decisions of people. The runs are those of `tieout run`, with the writer's
lock and in the home's Dagster instance; another run under way is waited for.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Thread
from typing import Any, Literal

from orchestration import parsed, run_records, runner
from orchestration.home import (
    Home,
    HomeIsBusy,
    Settings,
    TieoutError,
    iso_timestamp,
    wall_clock,
)
from orchestration.intake import landed_files, spool, status
from orchestration.intake.due import Due
from orchestration.intake.logs import log_to_stderr
from orchestration.review import export
from orchestration.telemetry import logs
from orchestration.warehouse import kept_open

POLL_SECONDS = 0.5
FILES_SECONDS = 5.0
"""How often landing and the review inbox are looked at."""

HANGS_SECONDS = 60.0
"""A look for reasons that takes longer hangs: then the watch no longer says that it lives."""

BUSY_SECONDS = 1.0
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 1800.0
RUNS_OF_A_DBT = 200
"""Runs after which the dbt process is started anew, whatever it may have gathered."""

THREADS = {"TIEOUT_DUCKDB_THREADS": "1", "TIEOUT_DBT_THREADS": "2"}
"""Unless the settings say otherwise. Small statements gain little from a second thread, and take
more of the processor, which a watch shares with receivers and consumers; so does a third model."""

Doing = Literal["waiting", "running", "pausing"]
"""For a reason; a run; before the next run, after one that failed."""

log = logging.getLogger("tieout.watch")


@dataclass(frozen=True)
class Reason:
    """Why a run starts: its trigger, and what is said of it."""

    trigger: str
    told: str


@dataclass
class Watch:
    """Looks for reasons to run. Nothing is kept that a new process would not find again."""

    home: Home
    _files: landed_files.Look = field(default_factory=landed_files.Look)
    _looked_at: float = 0.0
    _counts: dict[str, Any] = field(default_factory=lambda: {"runs": 0, "failed_runs": 0})
    _doing: Doing = "waiting"
    _since: datetime = field(default_factory=wall_clock)
    _turned_at: float = field(default_factory=time.monotonic)
    _trouble: str = ""

    def __post_init__(self) -> None:
        self._due = Due(self.home)

    def reason(self, connection: sqlite3.Connection) -> Reason | None:
        """A reason to run that is due by now. What cannot be looked at is told, and tried again."""
        self._turned_at = time.monotonic()
        try:
            found = self._reason(connection)
        except (TieoutError, sqlite3.Error, OSError) as error:
            # the spool or the inbox does not answer, a file cannot be read
            if str(error) != self._trouble:
                log.warning("not looked at, tried again: %s", error)
            self._trouble = str(error)
            return None
        self._trouble = ""
        return found

    def _reason(self, connection: sqlite3.Connection) -> Reason | None:
        if self._due.look(connection):
            return Reason(self._due.trigger, f"policy {self._due.policy}")
        if time.monotonic() - self._looked_at < FILES_SECONDS:
            return None
        self._looked_at = time.monotonic()
        export.export(self.home, as_of=Settings.from_environment().as_of)
        if export.not_loaded(self.home):
            return Reason("review", "people have decided")
        if self._files.complete(self.home):
            return Reason("landing", "files have landed")
        return None

    def run(self, reason: Reason) -> bool:
        """Make one run; False when it failed.

        Raises:
            HomeIsBusy: when another run is under way.
        """
        started_at = wall_clock()
        log.info("run starts trigger=%s %s", reason.trigger, reason.told)
        self._due.are_taken()
        try:
            runner.run(self.home, Settings.from_environment(), reason.trigger)
        except HomeIsBusy:
            self._due.are_left()
            raise
        except TieoutError as error:
            self._due.are_left()
            self._counts["failed_runs"] += 1
            log.error("run failed: %s", str(error).splitlines()[0], extra=self._run_told())
            return False
        finally:
            seconds = (wall_clock() - started_at).total_seconds()
            self._counts |= {"last_trigger": reason.trigger, "last_seconds": round(seconds, 3)}
        self._counts["runs"] += 1
        log.info(
            "run ended trigger=%s seconds=%.1f", reason.trigger, seconds, extra=self._run_told()
        )
        return True

    def _run_told(self) -> dict[str, Any]:
        """The ids of the newest run, for JSON lines; the run's own lines have them, too."""
        for record in run_records.read(self.home, 1):
            return {logs.FIELDS: {"run": record.name, "run_id": record.run_id}}
        return {}

    @contextmanager
    def doing(self, what: Doing) -> Iterator[None]:
        """Say what it does, while it does it, and that it waits afterwards."""
        self._turn_to(what)
        try:
            yield
        finally:
            self._turn_to("waiting")

    def _turn_to(self, what: Doing) -> None:
        self._doing, self._since = what, wall_clock()
        self._turned_at = time.monotonic()

    def note(self) -> None:
        """Write down how it is; nothing once a look for reasons hangs, for that is to be missed."""
        if self._doing == "waiting" and time.monotonic() - self._turned_at > HANGS_SECONDS:
            return
        told = {**self._counts, "doing": self._doing, "since": iso_timestamp(self._since)}
        if self._due.unreadable:
            told["unreadable"] = dict(self._due.unreadable)
        if self._due.trouble:
            told["policies"] = self._due.trouble
        if self._trouble:
            told["trouble"] = self._trouble
        status.note(self.home, "watch", told)

    def note_stop(self) -> None:
        """Write down that it was told to end."""
        status.stop(self.home, "watch", self._counts)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note from a thread how it is: a run lasts minutes, and so does the pause after a failure,
        and who looks whether it lives does not wait for their end."""
        ended = Event()

        def keep_noting() -> None:
            while not ended.wait(status.EVERY_SECONDS):
                self.note()

        thread = Thread(target=keep_noting, name="noting", daemon=True)
        self.note()
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def watch(home: Home) -> int:
    """Run whenever there is a reason, until a signal ends it; a run under way is ended first.

    Raises:
        TieoutError: when another watch has this home, or the project's code has changed.
    """
    log_to_stderr()
    home.create()
    for name, threads in THREADS.items():
        os.environ.setdefault(name, threads)
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    with alone(home), spool.connected(home) as connection:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        watching = Watch(home)
        code = parsed.name_of_parse()
        log.info("Watching %s", home.root)
        pause = FIRST_PAUSE
        with watching.noting():
            while not stopped:
                with kept_open(home):
                    with watching.doing("running"):  # what a run would begin with
                        runner.get_ready(home)
                    for _ in range(RUNS_OF_A_DBT):
                        reason = _wait_for(watching, connection, lambda: stopped)
                        if reason is None:
                            break
                        if parsed.name_of_parse() != code:
                            raise TieoutError(
                                "The project's code has changed: start the watch again."
                            )
                        try:
                            with watching.doing("running"):
                                has_ended_well = watching.run(reason)
                        except HomeIsBusy:
                            _sleep(BUSY_SECONDS, lambda: stopped)
                            continue
                        watching.note()
                        if not has_ended_well:
                            with watching.doing("pausing"):
                                _sleep(pause, lambda: stopped)
                            pause = min(pause * 2, LONGEST_PAUSE)
                            break  # its dbt process may hold the warehouse open
                        pause = FIRST_PAUSE
        watching.note_stop()
    return 0


def is_watched(home: Home) -> bool:
    """Whether a watch runs over a home, which then starts the runs that sensors would."""
    try:
        with open(_lock_path(home), encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Be the only watch of a home; the lock goes with the process.

    Raises:
        HomeIsBusy: when there is another one.
    """
    path = _lock_path(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise HomeIsBusy(f"Another watch runs over {home.root}; stop it first.") from error
        yield


def _lock_path(home: Home) -> Any:
    return home.root / "intake" / "watch.lock"


def _wait_for(watching: Watch, connection: sqlite3.Connection, is_stopped: Any) -> Reason | None:
    """The next reason to run; None when the process is to end."""
    while not is_stopped():
        reason = watching.reason(connection)
        if reason is not None:
            return reason
        time.sleep(POLL_SECONDS)
    return None


def _sleep(seconds: float, is_stopped: Any) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not is_stopped():
        time.sleep(min(POLL_SECONDS, seconds))
