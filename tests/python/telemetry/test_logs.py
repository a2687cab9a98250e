"""Structured logs: what a line holds, what it never holds, and that files stay small."""

from __future__ import annotations

import json
import logging
import sys
import threading

import duckdb
import pytest

from orchestration import cli, dbt_runs, progress, run_records
from orchestration.home import Home
from orchestration.telemetry import logs, metrics
from orchestration.telemetry.ids import trace_id_of
from tests.conftest import PLANTED
from tests.python.tieout_process import Tieout


def lines(home: Home) -> list[dict[str, object]]:
    return [
        json.loads(line) for line in logs.path_of(home).read_text(encoding="utf-8").splitlines()
    ]


def test_a_run_tells_each_step_and_node_with_its_ids(reconciled: Tieout) -> None:
    record = run_records.read(reconciled.home)[0]
    told = [line for line in lines(reconciled.home) if line.get("run") == record.name]
    assert record.trace_id == trace_id_of(str(record.run_id))
    started = [line["step"] for line in told if line["event"] == "step_started"]
    assert started == [step.name for step in record.steps]
    assert all({"time", "level", "event", "run"} <= set(line) for line in told)
    ended = told[-1]
    assert (ended["event"], ended["outcome"]) == ("run_ended", "published")
    assert (ended["run_id"], ended["trace_id"]) == (record.run_id, record.trace_id)
    nodes = {line["node"]: line for line in told if line["event"] == "node_ended"}
    assert nodes["model.tieout.fct_invoices"]["status"] == "success"
    (landed,) = (
        line["counts"]
        for line in told
        if line["event"] == "step_ended" and line["step"] == "Reading the landed files"
    )
    with duckdb.connect(str(reconciled.home.serving.resolve()), read_only=True) as connection:
        rows = connection.execute("select max(rows_in) from marts.fct_runs").fetchone()
    assert isinstance(landed, dict)
    assert rows is not None
    assert landed["rows_read"] == rows[0]


def personal_data(home: Home) -> set[str]:
    """Names, accounts and addresses of the company's customers and payers."""
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        found = connection.execute(
            "select legal_name from marts.dim_customers union select email from marts.dim_customers"
        ).fetchall()
    landed = set()
    for path in home.feed_landing("bank_statements").rglob("*.xml"):
        text = path.read_text(encoding="utf-8")
        for element in ("Nm", "IBAN", "Ustrd"):
            landed |= {part.split("<")[0] for part in text.split(f"<{element}>")[1:]}
    values = {str(value).strip() for (value,) in found if value} | landed
    return {value for value in values if len(value) >= 8}


def test_what_a_run_writes_for_machines_holds_no_personal_data(reconciled: Tieout) -> None:
    home = reconciled.home
    planted = personal_data(home)
    assert any("@" in value for value in planted)
    assert any(value.startswith("DE") and value[2:].isdigit() for value in planted)
    assert len(planted) > 100
    places = [metrics.path_of(home), *home.logs.iterdir(), *run_records.folder(home).iterdir()]
    assert {"tieout.jsonl", "dbt.log", "dagster.log"} <= {path.name for path in places}
    for path in places:
        text = path.read_text(encoding="utf-8")
        assert not [value for value in planted if value in text], path.name
        assert PLANTED not in text, path.name
    # what the run prints at its end
    summary = reconciled.succeed("summary")
    assert not [value for value in planted if value in summary]


def test_a_failed_run_names_what_failed_and_no_row(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(logs.SETTING, "json")
    failure = dbt_runs.Failure(
        "test.tieout.t", "assert_money", "test", failing_rows=7, rows=[{"name": "Erika Muster"}]
    )

    def run(options: object) -> int:
        with run_records.recording(home, "test"), progress.current().step("Landing"):
            raise dbt_runs.DbtFailed(
                dbt_runs.describe_failures([], [failure], [], home.logs / "dbt.log"), [failure]
            )

    monkeypatch.setattr(cli, "_run", run)
    assert cli.main(["run"]) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    told = [json.loads(line) for line in printed.out.splitlines()]
    assert told == lines(home)
    assert [line["event"] for line in told] == [
        "run_started",
        "step_started",
        "run_ended",
        "command_failed",
    ]
    record = run_records.read(home)[0]
    # what ends in the logs of a scheduler; the record keeps the row for who may see it
    assert "Erika" not in record.message
    assert "assert_money: 7 rows break it" in record.message
    assert "Erika Muster" in record.failures[0].rows[0]
    assert told[2]["level"] == "error"
    assert told[2]["failed"] == [{"name": "assert_money", "failing_rows": 7}]
    assert "Erika" not in printed.out
    assert "Erika" not in metrics.path_of(home).read_text(encoding="utf-8")


def test_an_unknown_format_is_refused(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(logs.SETTING, "xml")
    assert cli.main(["run"]) == 1
    assert "TIEOUT_LOG_FORMAT='xml'" in capsys.readouterr().err


def test_files_are_rotated_and_no_line_is_lost_among_writers(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LARGEST", 20_000)
    monkeypatch.setattr(logs, "KEPT", 3)

    def write(writer: int) -> None:
        for number in range(100):
            logs.write(home, "test", writer=writer, number=number)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = sorted(home.logs.glob("tieout.jsonl*"))
    told = [
        (line["writer"], line["number"])
        for path in files
        for line in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    ]
    assert sorted(told) == [(writer, number) for writer in range(4) for number in range(100)]
    assert len(files) > 1
    for _ in range(600):
        logs.write(home, "test", padding="x" * 100)
    assert len(list(home.logs.glob("tieout.jsonl*"))) == 4
    assert all(path.stat().st_size < 21_000 for path in home.logs.glob("tieout.jsonl*"))


def test_processes_that_stay_log_in_the_same_shape() -> None:
    try:
        raise ValueError("Erika Muster")
    except ValueError:
        record = logging.LogRecord(
            "tieout.intake", logging.WARNING, "x.py", 1, "refused source=%s", ("stripe",),
            sys.exc_info(),
        )  # fmt: skip
    told = json.loads(logs.JsonFormatter().format(record))
    assert {"time", "level", "event"} <= set(told)
    assert (told["level"], told["message"]) == ("warning", "refused source=stripe")
    assert told["error"] == "ValueError"
    assert "Erika" not in json.dumps(told)
