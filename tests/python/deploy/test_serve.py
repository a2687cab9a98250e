"""`tieout serve`: each name is a server that takes the arguments it is given."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestration import serve
from orchestration.home import Home
from orchestration.telemetry import logs


@pytest.mark.parametrize("name", ["webserver", "daemon"])
def test_dagster_takes_the_arguments(name: serve.Name, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(logs.SETTING, "json")
    command = serve.arguments(name, "127.0.0.1", 3000)
    # what is wrong with them is said before help is
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for option in (argument for argument in command if argument.startswith("--")):
        assert option in done.stdout


def test_a_server_replaces_the_process_that_starts_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Replaced(Exception):
        pass

    became: list[tuple[str, list[str]]] = []

    def become(program: str, command: list[str]) -> None:
        became.append((program, command))
        raise Replaced

    monkeypatch.setattr(serve.os, "execv", become)
    monkeypatch.setattr(serve.os, "chdir", lambda path: None)
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("PYTHONPATH", "")
    with pytest.raises(Replaced):
        serve.serve(home, "dashboard", "127.0.0.1", 8700)
    ((program, command),) = became
    assert program == command[0]
    assert Path(command[4]).name == "app.py"
    assert {"--server.address=127.0.0.1", "--server.port=8700"} <= set(command)
    assert (home.dagster / "dagster.yaml").exists()
