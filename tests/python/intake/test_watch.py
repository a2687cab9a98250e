"""`tieout watch`: which reasons start a run, and that its run publishes what waited."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb
import pytest
from events_sender import charge
from tieout_process import PROJECT, Tieout

from orchestration.home import Home, HomeIsBusy, wall_clock
from orchestration.intake import policies, spool, status, watch
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
    assert found is not None and (found.trigger, found.told) == ("event", "policy large_charge")


def test_what_has_waited_long_enough_starts_a_run_also_after_a_kill(home: Home) -> None:
    put(home, charge(1, amount=500), 1, age=21)
    for _ in range(2):  # a new process knows what the killed one knew
        found = reason(watch.Watch(home))
        assert found is not None and (found.trigger, found.told) == ("tick", "policy all_else")


def test_a_broken_map_ends_no_watch_and_its_events_start_the_run_that_says_so(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    folder = home.maps / "events"
    folder.mkdir(parents=True)
    (folder / "erp.yaml").write_text("source: erp\n")
    row = {"feed": "gateway_transactions", "of": "data", "columns": {"amount": 7}}
    (folder / "crm.yaml").write_text(json.dumps({"type": "type", "types": {"a": row}}))
    watching = watch.Watch(home)
    with spool.connected(home) as connection:
        at = wall_clock()
        body = b'{"type": "a", "data": {"amount": 1}}'
        kept = [spool.Event(source, f"e{n}", at, body) for n in (1, 2) for source in ("erp", "crm")]
        spool.put(connection, kept)
    with caplog.at_level(logging.INFO, "tieout.intake"):
        assert reason(watching) is None  # it waits as long as any other, and others are judged
        put(home, charge(2, amount=1_000_000), 2)
        found = reason(watching)
    assert found is not None and found.told == "policy large_charge"
    assert caplog.text.count("cannot be read") == 2 and "erp.yaml is no map" in caplog.text
    watching.note()
    assert status.read(home)["watch"]["unreadable"] == {"erp": 2, "crm": 2}
    late = watch.Watch(home)
    with spool.connected(home) as connection:
        connection.execute("update events set received_at = '2026-01-01T00:00:00Z'")
        connection.execute("delete from events where source = 'stripe'")
    found = reason(late)
    assert found is not None and (found.trigger, found.told) == ("tick", "policy all_else")


def test_a_wrong_policy_lets_files_start_runs_is_told_and_read_again_when_mended(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watch, "FILES_SECONDS", 0)
    seed = tmp_path / "intake_policies.csv"
    header = "policy,feed,tier,least_amount,wait_seconds,meaning\n"
    seed.write_text(f"{header}all_else,,,0,soon,x\n")
    monkeypatch.setattr(policies, "read", partial(policies.read, seed))
    file = home.feed_landing("crm_customers") / "c.csv"
    file.parent.mkdir()
    file.write_text("customer_id,legal_name\nc,C\n")
    put(home, charge(1, amount=1_000_000), 1)
    with caplog.at_level(logging.INFO, "tieout.intake"):
        watching = watch.Watch(home)
        assert reason(watching) is None
        found = reason(watching)
    assert found is not None and found.trigger == "landing"
    assert caplog.text.count("events start no run") == 1
    watching.note()
    assert "wait_seconds is 'soon'" in status.read(home)["watch"]["policies"]
    seed.write_text(f"{header}all_else,,,0,0,x\n")
    found = reason(watching)
    assert found is not None and found.told == "policy all_else"
    watching.note()
    assert "policies" not in status.read(home)["watch"]


def test_a_spool_that_does_not_answer_is_told_and_looked_at_again(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    watching = watch.Watch(home)
    put(home, charge(2, amount=1_000_000), 2)
    with spool.connected(home) as connection:
        connection.execute("alter table events rename to lost")
        with caplog.at_level(logging.INFO, "tieout.watch"):
            assert [watching.reason(connection) for _ in range(3)] == [None] * 3
        assert caplog.text.count("no such table: events") == 1
        watching.note()
        assert status.read(home)["watch"]["trouble"] == "no such table: events"
        connection.execute("alter table lost rename to events")
        assert watching.reason(connection) is not None
        watching.note()
    assert "trouble" not in status.read(home)["watch"]


def test_it_says_that_it_lives_while_it_runs_and_pauses_but_not_when_a_look_hangs(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(watch, "HANGS_SECONDS", 0.0)
    watching = watch.Watch(home)

    def is_noted() -> str | None:
        """What the thread says now; None where it says nothing."""
        status.note(home, "watch", {})
        deadline = time.monotonic() + 0.5
        while "doing" not in (told := status.read(home)["watch"]) and time.monotonic() < deadline:
            time.sleep(0.01)
        return told.get("doing")

    with watching.noting():
        with watching.doing("running"):
            assert is_noted() == "running"
        with watching.doing("pausing"):
            assert is_noted() == "pausing"
        time.sleep(0.05)
        assert is_noted() is None
        monkeypatch.setattr(watch, "HANGS_SECONDS", 60.0)
        assert is_noted() == "waiting"


def test_a_watch_that_is_told_to_end_is_no_silent_one(home: Home) -> None:
    watching = watch.Watch(home)
    watching.note()
    assert status.STOPPED not in status.read(home)["watch"]
    watching.note_stop()
    assert status.read(home)["watch"][status.STOPPED] is True
    watch.Watch(home).note()
    assert status.STOPPED not in status.read(home)["watch"]


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
    assert status.read(home)["watch"]["stopped"] is True
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
