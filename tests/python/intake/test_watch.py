"""`tieout watch`: which reasons start a run, and that its run publishes what waited."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from events_sender import charge
from tieout_process import PROJECT, Tieout

from orchestration.home import Home, HomeIsBusy, wall_clock
from orchestration.intake import spool, status, watch
from tests.conftest import PLANTED


def put(home: Home, body: bytes, number: int, age: float = 0) -> None:
    event = spool.Event("stripe", f"evt_{number}", wall_clock() - timedelta(seconds=age), body)
    with spool.connected(home) as connection:
        spool.put(connection, [event])


def reason(watching: watch.Watch) -> watch.Reason | None:
    with spool.connected(watching.home) as connection:
        return watching.reason(connection)


def test_an_event_waits_as_its_policy_says_and_a_large_one_does_not(home: Home) -> None:
    watching = watch.Watch(home)
    put(home, charge(1, amount=500), 1)
    assert reason(watching) is None
    put(home, charge(2, amount=1_000_000), 2)
    found = reason(watching)
    assert found is not None and (found.trigger, found.told) == ("event", "policy large_eur")


def test_what_has_waited_long_enough_starts_a_run_also_after_a_kill(home: Home) -> None:
    put(home, charge(1, amount=500), 1, age=21)
    for _ in range(2):  # a new process knows what the killed one knew
        found = reason(watch.Watch(home))
        assert found is not None and (found.trigger, found.told) == ("tick", "policy all_else")


def test_an_event_that_says_nothing_starts_nothing(home: Home) -> None:
    put(home, charge(1, balance_transaction=None), 1, age=3600)
    assert reason(watch.Watch(home)) is None


def test_files_start_a_run_once_two_looks_found_them_alike(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "FILES_SECONDS", 0)
    watching = watch.Watch(home)
    file = home.feed_landing("crm_customers") / "c.csv"
    file.parent.mkdir()
    file.write_text("customer_id")
    assert reason(watching) is None
    file.write_text("customer_id,legal_name\nc,C\n")
    assert reason(watching) is None
    found = reason(watching)
    assert found is not None and found.trigger == "landing"


def test_a_home_has_one_watch(home: Home) -> None:
    assert not watch.is_watched(home)
    with watch.alone(home):
        assert watch.is_watched(home)
        with pytest.raises(HomeIsBusy, match="Another watch"), watch.alone(home):
            pass
    assert not watch.is_watched(home)


@pytest.mark.slow
def test_a_large_charge_is_published_by_a_run_of_its_own(
    reconciled_copy: Tieout, tmp_path: Path
) -> None:
    """The process as it is started, a real run, its log, and a signal that ends it."""
    home = reconciled_copy.home
    put(home, charge(1, amount=1_500_000), 1)
    log = tmp_path / "watch.log"
    with log.open("wb") as written:
        running = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", "watch"],
            cwd=PROJECT,
            env={**os.environ, **reconciled_copy.environment(), "TIEOUT_LOG_FORMAT": "json"},
            stdout=written,
            stderr=written,
        )
    deadline = time.monotonic() + 600
    while not status.read(home).get("watch", {}).get("runs"):
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.2)
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        rows = connection.execute(
            "select amount from marts.fct_receipts where contains(item_id, 'txn_1')"
        ).fetchall()
        triggers = connection.execute('select "trigger" from marts.fct_runs').fetchall()
    assert [f"{amount:.2f}" for (amount,) in rows] == ["15000.00"]
    assert ("event",) in triggers
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    (ended,) = (line for line in told if str(line.get("message")).startswith("run ended"))
    (run_ended,) = (line for line in told if line["event"] == "run_ended")
    assert (ended["run"], ended["run_id"]) == (run_ended["run"], run_ended["run_id"])
    assert PLANTED not in log.read_text(encoding="utf-8")
