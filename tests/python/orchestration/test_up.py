"""`make up`: addresses on this machine alone, ports that are free, nothing left behind."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from orchestration import up
from orchestration.home import Home


def test_everything_listens_on_this_machine_alone(home: Home) -> None:
    for service in up.services(home, 3000, 8501):
        assert any("127.0.0.1" in argument for argument in service.arguments)
        assert service.address.startswith("http://127.0.0.1:")


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind((up.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert up.free_port(port) > port


def sleeper(name: str, port: int, log: Path, code: str) -> up.Service:
    return up.Service(name, [sys.executable, "-c", code], port, log)


def test_a_server_that_does_not_start_is_named_with_its_log(tmp_path: Path) -> None:
    service = sleeper("Dashboard", 1, tmp_path / "d.log", "raise SystemExit('no module')")
    process = up._start(service)
    with pytest.raises(up.TieoutError, match=r"d\.log"):
        up._wait_until_open(service, process)
    assert "no module" in (tmp_path / "d.log").read_text()


def test_stopping_ends_servers_and_their_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
        "print(child.pid, flush=True)\n"
        "try: time.sleep(99)\n"
        "except KeyboardInterrupt: pass\n"
    )
    process = up._start(sleeper("x", 1, tmp_path / "x.log", code))
    while not (tmp_path / "x.log").read_text().strip():
        time.sleep(0.05)
    child = int((tmp_path / "x.log").read_text())
    up._stop([process])
    assert process.returncode is not None
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        state = Path(f"/proc/{child}/stat").read_text().split()[2]
        if state == "Z":
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{child}").exists()


def code_locations(port: str) -> dict[str, str]:
    """What Dagster's webserver has loaded, or that it could not: type by name."""
    entry = "name locationOrLoadError {__typename}"
    query = f"{{workspaceOrError {{... on Workspace {{locationEntries {{{entry}}}}}}}}}"
    request = urllib.request.Request(
        f"http://{up.HOST}:{port}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        entries = json.load(answer)["data"]["workspaceOrError"]["locationEntries"]
    return {entry["name"]: entry["locationOrLoadError"]["__typename"] for entry in entries}


@pytest.mark.slow
def test_up_serves_both_addresses_until_interrupted(home: Home) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "up"],
        cwd=up.PROJECT_DIR,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # as a shell starts what is to run in the background
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert process.stdout is not None
    addresses = []
    try:
        for line in process.stdout:
            if "http://" in line:
                addresses.append(line.split("http://127.0.0.1:")[1].strip())
            if "Ctrl-C" in line:
                break
        assert len(addresses) == 2
        for port in addresses:
            with socket.create_connection((up.HOST, int(port)), timeout=5):
                pass
        assert code_locations(addresses[1]) == {"orchestration.definitions": "RepositoryLocation"}
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.stdout.close()
    for port in addresses:
        with socket.socket() as probe:
            assert probe.connect_ex((up.HOST, int(port))) != 0
