"""`make up`: Dagster and the dashboard on this machine, until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration import serve
from orchestration.dbt_runs import ensure_parse
from orchestration.home import PROJECT_DIR, Home, TieoutError
from orchestration.runner import prepare_instance

HOST = "127.0.0.1"
DAGSTER_PORT = serve.PORTS["webserver"]
DASHBOARD_PORT = serve.PORTS["dashboard"]
_PORTS_TRIED = 50
_START_TIMEOUT = 300.0
_STOP_TIMEOUT = 20.0


@dataclass(frozen=True)
class Service:
    """A server that `up` starts. `log` takes what it prints."""

    name: str
    arguments: Sequence[str]
    port: int
    log: Path

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"


def services(home: Home, dagster_port: int, dashboard_port: int) -> list[Service]:
    """The servers and their command lines: Dagster's webserver with its daemon, and Streamlit."""
    return [
        Service(
            "Dashboard",
            serve.dashboard_arguments(HOST, dashboard_port),
            dashboard_port,
            home.logs / "dashboard.log",
        ),
        Service(
            "Runs (Dagster)",
            [
                sys.executable,
                "-m",
                "dagster",
                "dev",
                "--module-name",
                "orchestration.definitions",
                "--host",
                HOST,
                "--port",
                str(dagster_port),
            ],
            dagster_port,
            home.logs / "dagster-webserver.log",
        ),
    ]


def free_port(wanted: int) -> int:
    """The wanted port, else the next one that nothing listens on.

    Raises:
        TieoutError: when none of the next ones is free.
    """
    for port in range(wanted, wanted + _PORTS_TRIED):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise TieoutError(
        f"No free port between {wanted} and {wanted + _PORTS_TRIED - 1} on {HOST}: stop one of the "
        "programs that listen there."
    )


def up(home: Home) -> int:
    """Start everything, print the addresses, and serve until Ctrl-C or until a server ends.

    Raises:
        TieoutError: when a server does not start.
    """
    prepare_instance(home)
    print("Getting ready ...", flush=True)
    ensure_parse(home)
    started = services(home, free_port(DAGSTER_PORT), free_port(DASHBOARD_PORT))
    processes: list[subprocess.Popen[bytes]] = []
    # also where a shell has started this in the background, with interrupts ignored
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        for service in started:
            processes.append(_start(service))
        for service, process in zip(started, processes, strict=True):
            _wait_until_open(service, process)
            print(f"  {service.name:<16} {service.address}", flush=True)
        if not home.serving.exists():
            print("Nothing is published yet: `make run` in another window fills the dashboard.")
        print("Ctrl-C stops both.", flush=True)
        while True:
            for service, process in zip(started, processes, strict=True):
                if process.poll() is not None:
                    raise TieoutError(
                        f"{service.name} ended with status {process.returncode}; see {service.log}"
                    )
            time.sleep(0.5)
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)
        return 0
    finally:
        _stop(processes)


def _start(service: Service) -> subprocess.Popen[bytes]:
    service.log.parent.mkdir(parents=True, exist_ok=True)
    with open(service.log, "ab") as log:
        # A session of its own: Ctrl-C reaches this process alone, which then stops them in order.
        return subprocess.Popen(
            service.arguments,
            cwd=PROJECT_DIR,
            env={**os.environ, "PYTHONPATH": str(PROJECT_DIR)},
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _wait_until_open(service: Service, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            if probe.connect_ex((HOST, service.port)) == 0:
                return
        time.sleep(0.2)
    raise TieoutError(f"{service.name} did not start on {service.address}; see {service.log}")


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the servers and the processes that they started: politely first, then for certain."""
    for process in processes:
        _signal_group(process, signal.SIGINT)
    deadline = time.monotonic() + _STOP_TIMEOUT
    for process in processes:
        try:
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal_group(process, signal.SIGKILL)
            process.wait()
        # Children that outlived their parent.
        _signal_group(process, signal.SIGTERM)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
