"""The metrics: what a run leaves, what the route answers, and what happens where sources fail."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from prometheus_client.parser import text_string_to_metric_families

from orchestration import run_records
from orchestration.alerting import outbox
from orchestration.home import Home
from orchestration.intake import spool, status
from orchestration.review import inbox
from orchestration.telemetry import metrics, sources
from orchestration.telemetry.families import FAMILIES
from tests.python.tieout_process import Tieout

NOT_IN_A_SUCCESS = {
    "tieout_feed_backlog_oldest_timestamp_seconds",
    "tieout_alert_notifications",
    "tieout_intake_waiting_events",
    "tieout_intake_waiting_bytes",
    "tieout_intake_oldest_waiting_timestamp_seconds",
    "tieout_intake_events",
    "tieout_intake_last_event_timestamp_seconds",
    "tieout_intake_refused_events",
    "tieout_intake_process_seen_timestamp_seconds",
    "tieout_intake_process_stopped_timestamp_seconds",
    "tieout_intake_stream_lag_events",
    "tieout_intake_stream_pending_events",
}
"""Families without a sample after a run that read everything, where no event comes and nobody is
told of alerts."""

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(found: Samples, name: str, **labels: str) -> float:
    wanted = set(labels.items())
    return sum(value for (of, given), value in found.items() if of == name and wanted <= given)


def one(home: Home, query: str) -> float:
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return float(row[0])


@pytest.fixture(scope="module")
def written(reconciled: Tieout) -> str:
    """What the run itself wrote."""
    return metrics.path_of(reconciled.home).read_text(encoding="utf-8")


def test_a_run_leaves_every_metric(written: str) -> None:
    found = {name.removesuffix("_total") for name, _ in samples(written)}
    assert {family.name for family in FAMILIES} - found <= NOT_IN_A_SUCCESS


def test_figures_are_those_of_the_publication(written: str, reconciled: Tieout) -> None:
    found, home = samples(written), reconciled.home
    cases = "from marts.fct_exceptions where is_case_lead and status <> 'resolved'"
    for name, labels, query in (
        ("tieout_alerts", {}, "select count(*) from marts.fct_alerts"),
        ("tieout_open_cases", {}, f"select count(*) {cases}"),
        (
            "tieout_open_cases_revenue_at_risk",
            {},
            f"select sum(revenue_at_risk) {cases}",
        ),
        (
            "tieout_matches",
            {"decision": "auto_closed"},
            "select count(*) from marts.fct_matches where decision = 'auto_closed'",
        ),
        ("tieout_documents", {}, "select count(*) from marts.fct_invoices"),
        ("tieout_audit_entries_total", {}, "select count(*) from marts.fct_audit_log"),
        (
            "tieout_feed_rows_total",
            {"outcome": "loaded"},
            "select sum(rows_loaded) from marts.fct_batches",
        ),
        (
            "tieout_quarantine_rows",
            {},
            "select count(*) from marts.fct_quarantine "
            "where resolved_by_batch_id is null and not is_file",
        ),
        ("tieout_run_rows_read", {}, "select max(rows_in) from marts.fct_runs"),
        (
            "tieout_postings",
            {},
            "select count(distinct posting_key) from marts.fct_journal_entries",
        ),
        (
            "tieout_sli_ratio",
            {"sli": "audit_completeness", "window": "28d"},
            "select arg_max(value, as_of_date) from marts.fct_sli "
            "where sli = 'audit_completeness' and window_days = 28",
        ),
        (
            "tieout_sli_breakdown_ratio",
            {"sli": "reconciliation_success_rate", "dimension": "gateway", "window": "28d"},
            "select sum(value) from marts.agg_sli_breakdowns where dimension = 'gateway' "
            "and sli = 'reconciliation_success_rate' and window_name = '28d'",
        ),
        (
            "tieout_sli_breakdown_items",
            {"sli": "exception_queue_depth", "dimension": "tier", "window": "1d"},
            "select arg_max(value, as_of_date) from marts.fct_sli "
            "where sli = 'exception_queue_depth' and window_days = 1",
        ),
        (
            "tieout_sli_breakdown_seconds",
            {"sli": "time_to_reconciliation", "dimension": "company", "window": "7d"},
            "select 3600 * arg_max(value, as_of_date) from marts.fct_sli "
            "where sli = 'time_to_reconciliation' and window_days = 7",
        ),
        (
            "tieout_cost_per_matched_invoice",
            {"dimension": "company", "window": "28d"},
            "select sum(seconds * price_per_hour) / 3600 / (select sum(invoices) "
            "from marts.agg_cost_shares where dimension = 'company') from marts.fct_runs",
        ),
        (
            "tieout_published_as_of_timestamp_seconds",
            {},
            "select epoch(max(as_of)) from marts.fct_runs",
        ),
    ):
        assert total(found, name, **labels) == pytest.approx(one(home, query)), name


def test_labels_never_name_what_there_are_many_of(written: str, reconciled: Tieout) -> None:
    values = {value for _, labels in samples(written) for _, value in labels}
    with duckdb.connect(str(reconciled.home.serving.resolve()), read_only=True) as connection:
        for query in (
            "select invoice_id from marts.fct_invoices",
            "select invoice_number from marts.fct_invoices",
            "select customer_id from marts.dim_customers",
            "select item_id from marts.fct_items",
            "select match_id from marts.fct_matches",
            "select case_id from marts.fct_exceptions",
            "select batch_id from marts.fct_batches",
            "select run_id from marts.fct_runs",
        ):
            ids = {value for (value,) in connection.execute(query).fetchall()}
            assert ids
            assert not ids & values, query


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool (Debian: prometheus)")
def test_prometheus_finds_nothing_wrong_with_names_and_help(written: str) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=written, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_names_and_labels_follow_the_conventions() -> None:
    seen: dict[str, tuple[str, ...]] = {}
    for family in FAMILIES:
        labels = (*family.labels, *(label for label, _ in family.given))
        assert re.fullmatch(r"tieout_[a-z_]+", family.name)
        assert seen.setdefault(family.name, labels) == labels
        assert family.source in sources.names()


def test_what_a_run_failed_by_is_told_when_it_fails(home: Home) -> None:
    with run_records.recording(home, "test"):
        pass
    with pytest.raises(RuntimeError), run_records.recording(home, "test"):
        raise RuntimeError("boom")
    found = samples(metrics.path_of(home).read_text(encoding="utf-8"))
    assert total(found, "tieout_run_failed") == 1
    assert total(found, "tieout_recent_runs", outcome="failed") == 1
    assert not any(name == "tieout_last_success_timestamp_seconds" for name, _ in found)
    assert all(value == 1 for (name, _), value in found.items() if name.endswith("source_up"))


def test_what_has_landed_and_was_not_read_is_the_backlog(home: Home) -> None:
    landed = home.feed_landing("billing_invoices") / "new.csv"
    landed.parent.mkdir()
    landed.write_text("invoice_id\n", encoding="utf-8")
    found = samples(metrics.text(home))
    assert total(found, "tieout_feed_backlog_files", feed="billing_invoices") == 1
    assert total(found, "tieout_feed_backlog_bytes", feed="billing_invoices") == 11
    assert total(found, "tieout_feed_backlog_oldest_timestamp_seconds") == pytest.approx(
        landed.stat().st_mtime
    )


def test_events_that_wait_and_what_became_of_messages_are_told(home: Home) -> None:
    received_at = datetime(2026, 7, 1, 6)
    with spool.connected(home) as connection:
        spool.put(connection, [spool.Event("stripe", "evt_1", received_at, b"{}")])
    status.note(home, "consumer", {"lag": 7, "pending": 2})
    status.stop(home, "receiver", {"received": 1, "refused_bad_signature": 3})
    messages = [
        outbox.Notification(
            notification_id=f"n-{destination}",
            created_at=received_at,
            fingerprint="f" * 64,
            incident=1,
            event="firing",
            round=0,
            destination=destination,
            person=None,
            level=0,
            alert_name="critical_exceptions",
            severity="page",
            group_key="group",
            title="title",
            body="body",
        )
        for destination in ("chat", "pager")
    ]
    with inbox.of(home).writing() as transaction:
        outbox.add(transaction, messages)
    outbox.note(home, messages[1], 1, "begun", received_at)
    outbox.note(home, messages[1], 1, "delivered", received_at)
    found = samples(metrics.text(home))
    assert total(found, "tieout_intake_waiting_events") == 1
    assert total(found, "tieout_intake_waiting_bytes") == 2
    assert total(found, "tieout_intake_oldest_waiting_timestamp_seconds") == 1782885600
    assert total(found, "tieout_intake_last_event_timestamp_seconds") == 1782885600
    assert total(found, "tieout_intake_refused_events_total", reason="bad_signature") == 3
    assert total(found, "tieout_intake_stream_lag_events", process="consumer") == 7
    by_process = {name: dict(labels)["process"] for name, labels in found if "_process_" in name}
    assert by_process == {
        "tieout_intake_process_seen_timestamp_seconds": "consumer",
        "tieout_intake_process_stopped_timestamp_seconds": "receiver",
    }
    assert total(found, "tieout_intake_stream_pending_events", process="consumer") == 2
    assert total(found, "tieout_alert_notifications", severity="page", state="delivered") == 1
    assert total(found, "tieout_alert_notifications", severity="page", state="waiting") == 1


def test_a_source_that_cannot_be_read_is_told_and_hides_no_other(home: Home) -> None:
    home.published.joinpath("run-1.duckdb").write_bytes(b"no database")
    home.serving.symlink_to(Path("published") / "run-1.duckdb")
    found = samples(metrics.text(home))
    assert total(found, "tieout_metrics_source_up", source="alerts") == 0
    assert total(found, "tieout_metrics_source_up", source="outcomes") == 1
    assert total(found, "tieout_build_info") == 1


def test_a_run_goes_on_where_the_metrics_cannot_be_written(home: Home) -> None:
    home.root.joinpath("metrics").write_text("in the way", encoding="utf-8")
    with run_records.recording(home, "test"), run_records.progress.current().step("Landing"):
        pass
    assert run_records.read(home)[0].outcome == "partial"


@pytest.fixture
def served(reconciled: Tieout) -> Iterator[str]:
    """The address of `tieout metrics serve` as a process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        reconciled.command("metrics", "serve", "--port", str(port)),
        env=reconciled.environment(),
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/metrics"
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_the_route_answers_with_what_the_run_wrote(served: str, written: str) -> None:
    with urllib.request.urlopen(served, timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        told = answer.read().decode("utf-8")
    assert samples(told) == samples(written)
