"""The job, launched: it leaves publications, records and a summary, and stops where it must."""

from __future__ import annotations

import json

import dagster as dg
import pytest
from tieout_process import Tieout

from orchestration import publish, summary
from orchestration.assets import RUN_ID_TAG

pytestmark = pytest.mark.slow


def test_the_run_is_recorded_in_dagster_with_its_checks(reconciled: Tieout) -> None:
    with dg.DagsterInstance.from_config(str(reconciled.home.dagster)) as instance:
        (run,) = instance.get_runs()
        assert run.job_name == "reconcile"
        assert run.status is dg.DagsterRunStatus.SUCCESS
        assert instance.get_latest_materialization_event(dg.AssetKey("published_marts"))
        assert run.tags[RUN_ID_TAG].startswith("run-")
        stats = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    assert len(stats) > 100


def test_the_summary_says_what_a_finance_person_asks(reconciled: Tieout) -> None:
    text = summary.summarize(reconciled.home)
    for asked in (
        "Reconciled as of 2026-07-01 06:00 UTC",
        "invoiced",
        "settled",
        "overdue",
        "Closed by itself in this run",
        "For a person",
        "Rejected and not replaced yet: ",
        " x fx_rates, file: the required column source of fx_rates cannot be found",
        "invoiced = matched + adjusted + open",
        "The journal holds",
        "make up",
        str(reconciled.home.serving),
    ):
        assert asked in text
    assert summary.summarize(reconciled.home) == text


def test_all_marts_are_published(reconciled: Tieout) -> None:
    with publish.reading(reconciled.home) as connection:
        tables = {name for (name,) in connection.execute("show tables from marts").fetchall()}
    assert {"fct_items", "fct_invoices", "fct_matches", "fct_audit_log", "fct_runs"} <= tables


def test_a_run_of_another_process_is_refused_while_one_writes(reconciled: Tieout) -> None:
    with reconciled.home.writing():
        done = reconciled("run")
    assert done.returncode == 1
    assert "Another run is writing" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_as_of_before_the_last_seal_is_refused(reconciled_copy: Tieout) -> None:
    earlier = Tieout(reconciled_copy.home, as_of="2026-06-01")
    done = earlier("run")
    assert done.returncode == 1
    assert "cannot be inserted into the past" in done.stderr
    assert "Traceback" not in done.stderr


def test_dbt_tells_when_each_feed_was_last_taken_in(reconciled_copy: Tieout) -> None:
    """The sources' `loaded_at_query` is asked; whether that is late depends on the wall clock."""
    home = reconciled_copy.home
    done = reconciled_copy("dbt", "source", "freshness")
    results = json.loads((home.target / "sources.json").read_text(encoding="utf-8"))["results"]
    assert {result["unique_id"].rsplit(".", 1)[1] for result in results} == {
        "bank_transactions",
        "billing_invoices",
        "fx_rates",
        "gateway_payouts",
        "gateway_transactions",
        "ledger_entries",
        "vendor_invoices",
    }, done.stdout[-3000:]
    for result in results:
        assert result["status"] in {"pass", "warn", "error"}, result
        assert result["max_loaded_at"].startswith("2026-07-01T06:00:00"), result
