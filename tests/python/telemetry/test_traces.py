"""A run as a trace, sent to a real collector; and runs whose collector is not there."""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import UTC, datetime

import pytest

from orchestration import dbt_runs, progress, run_records
from orchestration.home import Home
from orchestration.telemetry import logs
from orchestration.telemetry.ids import trace_id_of
from tests.python.telemetry.conftest import Collector, attributes
from tests.python.tieout_process import Tieout

RUN_ID = "run-0123456789abcdef"
AS_OF = datetime(2026, 7, 1, 6)


def nanoseconds(moment: datetime) -> int:
    return round(moment.replace(tzinfo=UTC).timestamp() * 1e6) * 1000


def make_run(home: Home, events: list[dict[str, object]]) -> run_records.RunRecord:
    """A run of three steps; the second one builds what the events of dbt's log tell."""
    with run_records.recording(home, "test"):
        with progress.current().step("Landing"):
            progress.current().update("3 files", rows_read=42, rows_loaded=40)
            run_records.note_run(home, RUN_ID, AS_OF)
        with progress.current().step("Building the warehouse"):
            for event in events:
                run_records.note_node(home, event)
        with progress.current().step("Publishing the marts"):
            pass
    return run_records.read(home)[0]


def events_of(reconciled: Tieout) -> list[dict[str, object]]:
    """What dbt told in the whole run that the tests share."""
    lines = (reconciled.home.logs / "dbt.log").read_text(encoding="utf-8").splitlines()
    return [said for said in map(dbt_runs.parse_line, lines) if dbt_runs.is_event(said)]


def test_a_run_is_a_trace_of_steps_and_nodes(
    home: Home, collector: Collector, reconciled: Tieout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "tieout-test")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")
    events = events_of(reconciled)
    record = make_run(home, events)

    assert len(collector.bodies) == 1
    assert collector.headers[0]["authorization"] == "Bearer abc"
    assert collector.resources[0]["service.name"] == "tieout-test"
    assert collector.resources[0]["deployment.environment.name"] == "staging"
    assert {span.trace_id.hex() for span in collector.spans} == {trace_id_of(RUN_ID)}
    assert record.trace_id == trace_id_of(RUN_ID)
    assert len({span.span_id for span in collector.spans}) == len(collector.spans)

    run = collector.named("run")
    assert not run.parent_span_id
    assert run.start_time_unix_nano == nanoseconds(record.started_at)
    assert record.ended_at is not None
    assert run.end_time_unix_nano == nanoseconds(record.ended_at)
    told = attributes(run)
    assert told["tieout.run.id"] == RUN_ID
    assert told["tieout.run.outcome"] == "published"
    assert told["tieout.rows.read"] == 42
    for step in ("Landing", "Building the warehouse", "Publishing the marts"):
        assert collector.named(step).parent_span_id == run.span_id

    ended = [e for e in events if e["info"]["name"] in dbt_runs.RESULT_EVENTS]  # type: ignore[index]
    nodes = [span for span in collector.spans if "dbt.node.id" in attributes(span)]
    assert len(nodes) == len(ended) > 300
    building = collector.named("Building the warehouse")
    assert {span.parent_span_id for span in nodes} == {building.span_id}
    model = collector.named("model fct_invoices")
    (event,) = (
        e for e in ended if dbt_runs.node_of(e).get("unique_id") == "model.tieout.fct_invoices"
    )
    node = dbt_runs.node_of(event)
    assert model.start_time_unix_nano == nanoseconds(
        datetime.fromisoformat(node["node_started_at"])
    )
    assert model.end_time_unix_nano == nanoseconds(datetime.fromisoformat(node["node_finished_at"]))
    assert attributes(model)["dbt.node.status"] == "success"


def test_a_failed_run_is_an_error_with_the_names_of_what_failed(
    home: Home, collector: Collector
) -> None:
    failure = dbt_runs.Failure(
        "test.tieout.t", "assert_money", "test", failing_rows=1, rows=[{"name": "Erika Muster"}]
    )

    def fail() -> None:
        with run_records.recording(home, "test"):
            with progress.current().step("Landing"):
                pass
            with progress.current().step("Building the warehouse"):
                raise dbt_runs.DbtFailed(failure.describe(), [failure])

    with pytest.raises(dbt_runs.DbtFailed):
        fail()
    run, building = collector.named("run"), collector.named("Building the warehouse")
    assert [span.status.code for span in (run, building, collector.named("Landing"))] == [2, 2, 1]
    assert run.status.message == "DbtFailed"
    assert attributes(run)["tieout.failures"] == ["assert_money"]
    assert attributes(run)["tieout.run.outcome"] == "failed"
    assert b"Erika" not in collector.bodies[0]
    # before it had an id, a trace is that of the record
    record = run_records.read(home)[0]
    assert run.trace_id.hex() == record.trace_id == trace_id_of(record.name)


def test_the_trace_of_a_killed_run_is_sent_by_the_next_one(
    home: Home, collector: Collector
) -> None:
    with run_records.recording(home, "test"):
        with progress.current().step("Landing"):
            run_records.note_run(home, RUN_ID, AS_OF)
        with progress.current().step("Building the warehouse"):
            (path,) = run_records.folder(home).glob("*.json")
            killed = path.read_text(encoding="utf-8")
    collector.spans.clear()
    path.write_text(killed, encoding="utf-8")  # as if the process had gone here
    (record,) = run_records.close_stopped(home)
    run, building = collector.named("run"), collector.named("Building the warehouse")
    assert {span.trace_id.hex() for span in collector.spans} == {trace_id_of(RUN_ID)}
    assert [span.status.code for span in (run, building, collector.named("Landing"))] == [2, 2, 1]
    assert attributes(run)["tieout.run.outcome"] == "stopped"
    assert record.ended_at is not None
    assert run.end_time_unix_nano == nanoseconds(record.ended_at)


def told_of_failure(home: Home) -> list[str]:
    lines = logs.path_of(home).read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [line["reason"] for line in found if line["event"] == "telemetry_failed"]


def test_a_collector_that_is_down_is_told_in_the_log_alone(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://user:pl4nted@127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    started = time.monotonic()
    assert make_run(home, []).outcome == "published"
    assert time.monotonic() - started < 8
    assert told_of_failure(home) == ["the collector did not take the spans"]
    assert not caplog.records
    assert "pl4nted" not in logs.path_of(home).read_text(encoding="utf-8")


def test_a_collector_that_never_ends_its_answer_does_not_hold_a_run(
    home: Home, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.silent = threading.Event()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    started = time.monotonic()
    assert make_run(home, []).outcome == "published"
    assert time.monotonic() - started < 8
    assert len(told_of_failure(home)) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")]
)
def test_tracing_is_switched_off_by_the_standard_variables(
    home: Home, collector: Collector, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    make_run(home, [])
    assert not collector.bodies
