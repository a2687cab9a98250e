"""Every run leaves its record: what it reached, how it ended, and why it failed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
from tieout_process import PROJECT, Tieout

from orchestration import progress, run_records
from orchestration.assets import SingleWriter
from orchestration.dbt_runs import DbtFailed, Failure
from orchestration.home import Home, TieoutError
from orchestration.telemetry import logs

AS_OF = datetime(2026, 7, 1, 6)


def test_a_run_that_publishes_says_its_steps(home: Home) -> None:
    with run_records.recording(home, "schedule"):
        with progress.current().step("Getting ready"):
            pass
        with progress.current().step("Landing"):
            (under_way,) = run_records.read(home)
            progress.current().update("3 files")
        run_records.note_run(home, "run-1", AS_OF)
        with progress.current().step("Publishing the marts"):
            pass
    assert (under_way.outcome, under_way.step) == ("running", "Landing")
    (record,) = run_records.read(home)
    assert (record.outcome, record.trigger, record.run_id) == ("published", "schedule", "run-1")
    assert record.as_of == AS_OF
    assert [step.name for step in record.steps] == [
        "Getting ready",
        "Landing",
        "Publishing the marts",
    ]
    assert record.steps[1].detail == "3 files"
    assert record.is_whole
    assert record.ended_at is not None and record.ended_at >= record.started_at
    assert not list(run_records.folder(home).glob("*.lock"))


def test_a_failed_run_says_which_test_failed_with_its_rows_and_the_log(home: Home) -> None:
    said = {"info": {"level": "info", "ts": "2026-07-01T06:00:09Z", "msg": "FAIL 2 assert_x"}}
    noise = {"info": {"level": "debug", "ts": "2026-07-01T06:00:09Z", "msg": "select 1"}}
    log = home.logs / "dbt.log"
    log.write_text(f"{json.dumps(said)}\n{json.dumps(noise)}\nnot json\n", encoding="utf-8")
    rows = [{"failure": "A cent is missing", "item_id": "i1"}]
    failure = Failure("test.x", "assert_x", "test", path="tests/dbt/x.sql", failing_rows=2)
    failure.rows = rows
    with (
        pytest.raises(DbtFailed),
        run_records.recording(home, "manual"),
        progress.current().step("Landing"),
    ):
        raise DbtFailed("It does not hold", [failure])
    (record,) = run_records.read(home)
    assert (record.outcome, record.step, record.message) == (
        "failed",
        "Landing",
        "It does not hold",
    )
    (failed,) = record.failures
    assert (failed.name, failed.failing_rows) == ("assert_x", 2)
    assert failed.rows == ["A cent is missing: item_id i1"]
    assert record.log_tail == ["06:00:09 FAIL 2 assert_x"]


def test_an_error_before_the_first_step_is_recorded(home: Home) -> None:
    with pytest.raises(TieoutError), run_records.recording(home, "manual"):
        raise TieoutError("decisions cannot be inserted into the past")
    (record,) = run_records.read(home)
    assert (record.outcome, record.step) == ("failed", None)
    assert record.is_whole


def test_a_part_that_is_rebuilt_is_no_whole_run_and_a_training_none(home: Home) -> None:
    with (
        run_records.recording(home, "manual"),
        progress.current().step("Building the warehouse"),
    ):
        pass
    (record,) = run_records.read(home)
    assert record.outcome == "partial"
    assert not record.is_whole
    with run_records.recording(home, "manual"):
        pass
    assert len(run_records.read(home)) == 1


def test_a_run_of_dagsters_own_is_recorded_too(home: Home) -> None:
    """The daemon's runs know no `tieout run`: the writer's resource opens and closes the record."""

    @dg.asset
    def landed(writer: SingleWriter) -> None:
        with progress.current().step("Landing"):
            raise TieoutError("no space left")

    tags = {"dagster/schedule_name": "daily"}
    with pytest.raises(TieoutError):
        dg.materialize([landed], resources={"writer": SingleWriter(home=str(home.root))}, tags=tags)
    (record,) = run_records.read(home)
    assert (record.outcome, record.step, record.trigger) == ("failed", "Landing", "schedule")
    assert record.message == "no space left"
    assert record.ended_at is not None


def test_a_killed_run_is_seen_as_stopped(home: Home) -> None:
    script = (
        "import time\n"
        "from orchestration import progress, run_records\n"
        "from orchestration.home import Home\n"
        "with run_records.recording(Home.from_environment(), 'manual'):\n"
        "    with progress.current().step('Landing'):\n"
        "        print('landing', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env={**os.environ, "TIEOUT_HOME": str(home.root)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    (record,) = run_records.read(home)
    assert record.outcome == "running"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (record,) = run_records.read(home)
    assert (record.outcome, record.step, record.ended_at) == ("stopped", "Landing", None)
    # the next run writes down what the killed one could not, once
    (closed,) = run_records.close_stopped(home)
    assert run_records.close_stopped(home) == []
    (record,) = run_records.read(home)
    assert record == closed
    assert record.outcome == "stopped"
    assert record.ended_at is not None and record.ended_at >= record.started_at
    assert not list(run_records.folder(home).glob("*.lock"))
    lines = logs.path_of(home).read_text(encoding="utf-8").splitlines()
    (ended,) = (line for line in map(json.loads, lines) if line["event"] == "run_ended")
    assert (ended["outcome"], ended["level"], ended["run"]) == ("stopped", "error", record.name)


def test_a_run_under_way_is_not_closed(home: Home) -> None:
    with run_records.recording(home, "manual"), progress.current().step("Landing"):
        script = "from orchestration import run_records\n" + (
            "from orchestration.home import Home\n"
            "print(run_records.close_stopped(Home.from_environment()))\n"
        )
        told = subprocess.run(
            [sys.executable, "-c", script],
            cwd=PROJECT,
            env={**os.environ, "TIEOUT_HOME": str(home.root)},
            capture_output=True,
            text=True,
            check=True,
        )
    assert told.stdout.strip() == "[]"


def test_damaged_records_are_left_out_and_old_ones_dropped(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_records, "KEPT_RECORDS", 3)
    for _ in range(5):
        with run_records.recording(home, "manual"), progress.current().step("Landing"):
            time.sleep(0.001)
    assert len(run_records.read(home)) == 3
    (run_records.folder(home) / "99990101T000000-1.json").write_text("{", encoding="utf-8")
    assert len(run_records.read(home)) == 3


@pytest.mark.slow
def test_whole_runs_leave_their_records(reconciled_copy: Tieout) -> None:
    """One that published, and one that a test of the data stopped."""
    home = reconciled_copy.home
    (published,) = run_records.read(home)
    assert published.outcome == "published"
    assert published.run_id == Path(home.serving.resolve()).stem
    assert [step.name for step in published.steps] == list(progress.STEPS)
    # the newest entries file is cut: the chain of the journal does not hold
    (home.journal / "000001.entries.parquet").unlink()
    later = Tieout(home, as_of="2026-07-02T06:00:00Z")
    assert later("run").returncode == 1
    failed = run_records.read(home)[0]
    assert failed.outcome == "failed"
    assert failed.message
