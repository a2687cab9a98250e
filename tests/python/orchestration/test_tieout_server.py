"""A process that the server of tests has forked is to its caller what Python would have started.

That a whole run of one publishes what one of the other does: `state/test_replay.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from orchestration import dbt_runs
from orchestration.home import PROJECT_DIR, Home
from tests.python import tieout_server

ENDINGS = "tests.python.orchestration.endings"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT_DIR), "TIEOUT_MARK": "7"}


def started(how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", ENDINGS, how],
        cwd=PROJECT_DIR,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "how", ["status", "message", "raises", "signal", "interrupt", "late", "surroundings"]
)
def test_it_ends_as_one_that_python_has_started(how: str) -> None:
    forked = tieout_server.run(ENDINGS, [how], environment())
    fresh = started(how)
    assert (forked.returncode, forked.stdout) == (fresh.returncode, fresh.stdout)
    # a traceback begins in another file
    assert forked.stderr.splitlines()[-1:] == fresh.stderr.splitlines()[-1:]
    assert ("Traceback" in forked.stderr) == (how in {"raises", "interrupt"})


def test_each_draws_random_numbers_of_its_own() -> None:
    drawn = [tieout_server.run(ENDINGS, ["random"], environment()).stdout for _ in range(2)]
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "DBT_MACRO_DEBUGGING", "TZ"])
def test_a_setting_that_was_read_while_loading_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"start a process instead: {name}$"):
        tieout_server.run(ENDINGS, ["status"], {**environment(), name: "1"})


def test_a_signal_ends_it() -> None:
    read, write = os.pipe()
    with open(os.devnull) as nothing, open(read) as told:
        files = [nothing.fileno(), write, write]
        process = tieout_server.start(ENDINGS, ["waits"], environment(), files=files)
        os.close(write)
        assert told.readline() == "begun\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0)
        process.terminate()
        assert process.wait(timeout=10) == started_and_ended()
        assert process.poll() == process.returncode


def started_and_ended() -> int:
    with subprocess.Popen(
        [sys.executable, "-m", ENDINGS, "waits"], cwd=PROJECT_DIR, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline()
        process.terminate()
        return process.wait(timeout=10)


def test_a_dbt_process_ends_with_what_asked_for_it(home: Home) -> None:
    process = dbt_runs.start_process(home)
    assert isinstance(process, tieout_server.Forked), "tests have it forked"
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    assert process.stdout is not None and process.stdout.read() == ""
