"""The processes that `tieout benchmark events` measures and kills, and the broker of one of them.

They run on two cores, together with who sends and who looks, whatever the machine has.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.home import PROJECT_DIR, Home, TieoutError

SECRET = "whsec_benchmark"
STREAM = "tieout:events"
LONGEST_WAIT = 1200.0
CORES = 2
_TICKS = os.sysconf("SC_CLK_TCK")

_SAYS = {
    "receiver": b"Receiving",
    "watch": b"Watching",
    "consumer": b"Consuming",
    "daemon": b"Instance is configured with the following daemons",
}
"""What each writes into its log once it is there."""


@contextmanager
def on_two_cores() -> Iterator[int]:
    """Keep this thread, and all that it starts, on two cores; how many it has."""
    before = os.sched_getaffinity(0)
    own = set(sorted(before)[:CORES])
    os.sched_setaffinity(0, own)
    try:
        yield len(own)
    finally:
        os.sched_setaffinity(0, before)


class Services:
    """The processes of the intake, started again when they end, as a service manager does."""

    def __init__(self, home: Home, broker_port: int | None) -> None:
        self.home = home
        self.port = _free_port()
        self.broker_port = broker_port
        self._commands = {
            "receiver": ["receive", "--port", str(self.port)],
            "watch": ["watch"],
            "daemon": ["serve", "daemon"],
        }
        if broker_port is not None:
            url = f"redis://127.0.0.1:{broker_port}/0"
            self._commands["consumer"] = ["consume", "--url", url, "--stream", STREAM]
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._guard = threading.Lock()

    def start_all(self) -> None:
        """Start them all; return when they are there.

        Raises:
            TieoutError: when one of them ends, or is not there in time.
        """
        for name in self._commands:
            self.start(name)
        self._wait_until_ready()

    def start(self, name: str) -> None:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")
        }
        log = self.home.root / f"{name}.log"
        with open(log, "ab") as written:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "orchestration.cli", *self._commands[name]],
                cwd=PROJECT_DIR,
                env={
                    **environment,
                    "TIEOUT_HOME": str(self.home.root),
                    "TIEOUT_WEBHOOK_SECRETS_STRIPE": SECRET,
                },
                stdout=written,
                stderr=subprocess.STDOUT,
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + LONGEST_WAIT
        for name in self._running:
            log = self.home.root / f"{name}.log"
            while _SAYS[name] not in log.read_bytes():
                if self._running[name].poll() is not None or time.monotonic() > deadline:
                    raise TieoutError(f"{name} did not start; see {log}")
                time.sleep(0.1)

    def cpu(self, name: str) -> float:
        """Processor seconds of a process and its children so far."""
        return sum(_cpu_of(process) for process in with_children(self._running[name].pid))

    def kill(self, name: str) -> None:
        """Kill with -9; `run` is the dbt process that works in a run. Dagster's daemon goes with
        the server of code that it has started, as a service manager kills a group."""
        with self._guard:
            process = self._running["watch" if name == "run" else name]
            if name in ("run", "daemon"):
                for child in with_children(process.pid)[1:]:
                    os.kill(child, signal.SIGKILL)
            if name != "run":
                process.kill()
                process.wait()
                time.sleep(1)
                self.start(name)

    def kill_at_random(
        self, seconds: float, of_each: int, chance: random.Random, kills: list[str]
    ) -> None:
        """Kill each of them some times within these seconds, and note it."""
        moments = sorted(
            (chance.uniform(0, seconds), name)
            for name in [*self._commands, "run"]
            for _ in range(of_each)
        )
        started = time.monotonic()
        for moment, name in moments:
            time.sleep(max(0.0, started + moment - time.monotonic()))
            self.kill(name)
            kills.append(f"{name} at {moment:.0f} s")

    def stop(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(timeout=120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def running(home: Home) -> Iterator[Services]:
    """All of them, until the end of the block.

    Raises:
        TieoutError: when one of them does not start.
    """
    with _broker(home) as broker_port:
        services = Services(home, broker_port)
        try:
            services.start_all()
            yield services
        finally:
            services.stop()


@contextmanager
def _broker(home: Home) -> Iterator[int | None]:
    """A Redis of our own, where the program and its client are here."""
    program = shutil.which("redis-server")
    try:
        import redis
    except ModuleNotFoundError:
        program = None
    if program is None:
        yield None
        return
    port = _free_port()
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir",
         str(home.root), "--appendonly", "yes", "--appendfsync", "always"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        client = redis.Redis(port=port)
        while True:
            try:
                client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def with_children(pid: int) -> list[int]:
    """A process and those that it has started, itself first."""
    found = [pid]
    for process in found:
        try:
            listed = Path(f"/proc/{process}/task/{process}/children").read_text()
        except OSError:
            continue
        found.extend(int(child) for child in listed.split())
    return found


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # user and system time, its own and of children that have ended
    return sum(int(fields[index]) for index in (11, 12, 13, 14)) / _TICKS


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
