"""`tieout serve`: one server in the foreground, for what starts and watches services.

systemd, Compose and Kubernetes each start one of these a unit, and end it by a signal, which the
server gets itself: this process becomes the server.
"""

from __future__ import annotations

import os
import sys
from typing import Literal, NoReturn, get_args

from orchestration.dbt_runs import ensure_parse
from orchestration.home import PROJECT_DIR, Home
from orchestration.runner import prepare_instance
from orchestration.telemetry import logs

Name = Literal["dashboard", "webserver", "daemon"]
NAMES: tuple[Name, ...] = get_args(Name)
PORTS: dict[Name, int] = {"dashboard": 8501, "webserver": 3000, "daemon": 0}

_MODULE = "orchestration.definitions"


def dashboard_arguments(host: str, port: int) -> list[str]:
    """Streamlit with the app."""
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(PROJECT_DIR / "dashboard" / "app.py"),
        f"--server.address={host}",
        f"--server.port={port}",
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
    ]


def arguments(name: Name, host: str, port: int) -> list[str]:
    """The command line of a server. The daemon listens nowhere: there may be one a home."""
    if name == "dashboard":
        return dashboard_arguments(host, port)
    told = ["--module-name", _MODULE, *(["--log-format", "json"] if logs.is_json() else [])]
    if name == "webserver":
        place = ["--host", host, "--port", str(port)]
        return [sys.executable, "-m", "dagster_webserver", *told, *place]
    return [sys.executable, "-m", "orchestration.dagster_daemon", "run", *told]


def serve(home: Home, name: Name, host: str, port: int | None = None) -> NoReturn:
    """Become the server.

    Raises:
        TieoutError: when the home cannot be written to, or its Dagster database not be used.
        DbtFailed: when the dbt project does not parse.
    """
    prepare_instance(home)
    if name != "dashboard":
        ensure_parse(home)
    command = arguments(name, host, PORTS[name] if port is None else port)
    os.environ["PYTHONPATH"] = str(PROJECT_DIR)
    os.chdir(PROJECT_DIR)
    os.execv(command[0], command)
