"""Dagster loads the definitions, and they say what depends on what."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from orchestration import assets, dbt_runs, definitions, parsed, runner, schedule
from orchestration.assets import is_tested_on_release
from orchestration.backfill_job import JOB_NAME as BACKFILL_JOB_NAME
from orchestration.backfill_job import RESTATED_DAYS
from orchestration.home import Home, TieoutError, wall_clock
from orchestration.intake import policies, spool
from orchestration.intake.watch import alone

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def loaded_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("definitions") / "home")


@pytest.fixture(scope="module")
def loaded(loaded_home: Home) -> dg.Definitions:
    return definitions.build_definitions(loaded_home)


@pytest.fixture(scope="module")
def nodes(loaded: dg.Definitions, loaded_home: Home) -> dict[str, Any]:
    """The nodes of dbt's manifest, by unique id."""
    parse = dbt_runs.ensure_parse(loaded_home)
    manifest = json.loads((parse / parsed.MANIFEST).read_text(encoding="utf-8"))
    found: dict[str, Any] = manifest["nodes"]
    return found


def upstream(loaded: dg.Definitions, key: dg.AssetKey) -> set[dg.AssetKey]:
    graph = loaded.resolve_asset_graph()
    found: set[dg.AssetKey] = set()
    waiting = [key]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys - found:
            found.add(parent)
            waiting.append(parent)
    return found


def test_the_definitions_are_valid(loaded: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(loaded)


def test_one_job_takes_everything_in_one_process(loaded: dg.Definitions) -> None:
    job = loaded.resolve_job_def(definitions.JOB_NAME)
    assert job.executor_def is dg.in_process_executor
    materializable = loaded.resolve_asset_graph().materializable_asset_keys
    assert set(job.asset_layer.executable_asset_keys) == set(materializable) - {RESTATED_DAYS}


def test_a_range_of_days_is_one_run_of_its_own_job(loaded: dg.Definitions) -> None:
    asset = loaded.resolve_asset_graph().get(RESTATED_DAYS)
    assert asset.backfill_policy == dg.BackfillPolicy.single_run()
    assert isinstance(asset.partitions_def, dg.DailyPartitionsDefinition)
    job = loaded.resolve_job_def(BACKFILL_JOB_NAME)
    assert set(job.asset_layer.executable_asset_keys) == {RESTATED_DAYS}


def test_marts_stand_on_landed_feeds(loaded: dg.Definitions) -> None:
    assert dg.AssetKey(["feeds", "billing_invoices"]) in upstream(
        loaded, dg.AssetKey(["marts", "fct_invoices"])
    )


def test_the_seal_waits_for_all_that_decides(loaded: dg.Definitions) -> None:
    before = upstream(loaded, assets.SEALED_BLOCK)
    assert dg.AssetKey(["intermediate", "int_decisions__to_seal"]) in before
    assert dg.AssetKey(["marts", "fct_matches"]) in before
    assert dg.AssetKey(["marts", "fct_audit_blocks"]) not in before


@pytest.mark.parametrize(
    "guard",
    [
        "assert_every_cent_has_one_place",
        "assert_invoices_show_what_their_items_hold",
        "assert_receipts_show_what_their_items_hold",
        "assert_aging_adds_up_to_open_items",
        "assert_executive_figures_add_up_to_items",
        "assert_matches_balance",
        "assert_no_item_over_allocated",
        "assert_debits_equal_credits",
        "assert_posting_keys_post_once",
        "assert_every_open_item_past_its_window_has_one_exception",
        "assert_exceptions_name_items_that_exist",
        "assert_decisions_are_ready_to_seal",
    ],
)
def test_what_can_be_known_before_the_seal_is_tested_before_it(
    nodes: dict[str, Any], guard: str
) -> None:
    """The first build runs the guard: neither it nor anything that it reads waits for the seal."""
    (test,) = (node for node in nodes.values() if node["name"] == guard)
    assert not assets.is_after_seal(test)
    read = [nodes[parent] for parent in test["depends_on"]["nodes"] if parent in nodes]
    assert read
    assert [node["name"] for node in read if assets.is_after_seal(node)] == []


def test_the_sealed_marts_wait_for_the_seal_and_the_publication_for_them(
    loaded: dg.Definitions,
) -> None:
    assert assets.SEALED_BLOCK in upstream(loaded, dg.AssetKey(["marts", "fct_audit_blocks"]))
    published = upstream(loaded, assets.PUBLISHED_MARTS)
    assert dg.AssetKey(["marts", "fct_audit_blocks"]) in published
    assert dg.AssetKey(["marts", "fct_invoices"]) in published


def test_data_tests_are_blocking_checks(loaded: dg.Definitions) -> None:
    graph = loaded.resolve_asset_graph()
    of_feeds = {assets.IS_FRESH, assets.HAS_ITS_DAYS}
    checks = [graph.get(key) for key in graph.asset_check_keys if key.name not in of_feeds]
    assert len(checks) > 60
    assert all(check.blocking for check in checks)


def test_every_invariant_is_a_check_of_an_asset(
    loaded: dg.Definitions, nodes: dict[str, Any]
) -> None:
    """A data test on several models is a check of the one that it names (`meta.dagster.ref`)."""
    guards = {
        node["name"]
        for node in nodes.values()
        if node["resource_type"] == "test"
        and node["name"].startswith("assert_")
        and not is_tested_on_release(node)
    }
    assert "assert_every_cent_has_one_place" in guards
    checks = {key.name for key in loaded.resolve_asset_graph().asset_check_keys}
    assert guards - checks == set()


def test_every_step_is_in_the_pool_of_the_single_writer(loaded: dg.Definitions) -> None:
    pools = {
        name: node.definition.pool
        for name, node in loaded.resolve_job_def(definitions.JOB_NAME).graph.node_dict.items()
        if isinstance(node.definition, dg.OpDefinition)
    }
    assert set(pools.values()) == {assets.WRITER_POOL}, pools


def test_a_schedule_runs_the_job_daily(loaded: dg.Definitions) -> None:
    (schedule,) = loaded.schedules or []
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert schedule.job_name == definitions.JOB_NAME
    assert schedule.cron_schedule == "0 6 * * *"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def test_the_instance_frees_the_writer_after_a_cancelled_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    runner.prepare_instance(home)
    settings = yaml.safe_load((home.dagster / "dagster.yaml").read_text())
    assert settings["concurrency"]["pools"] == {"granularity": "run", "default_limit": 1}
    assert settings["run_monitoring"]["enabled"]
    assert settings["run_monitoring"]["free_slots_after_run_end_seconds"] > 0
    assert settings["telemetry"] == {"enabled": False}
    assert settings["nux"] == {"enabled": False}
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        assert instance.telemetry_enabled is False


@pytest.mark.parametrize(
    ("tags", "trigger"),
    [
        ({}, "manual"),
        ({"dagster/schedule_name": "daily"}, "schedule"),
        ({assets.TRIGGER_TAG: "backfill", "dagster/schedule_name": "daily"}, "backfill"),
    ],
)
def test_what_started_a_run_is_told_by_its_tags(tags: dict[str, str], trigger: str) -> None:
    assert assets.trigger_of(tags) == trigger


def test_the_schedule_is_a_setting() -> None:
    assert schedule.schedule_of({}) == ("0 6 * * *", "UTC")
    chosen = {"TIEOUT_SCHEDULE": "30 5 * * 1-5", "TIEOUT_SCHEDULE_ZONE": "Europe/Berlin"}
    assert schedule.schedule_of(chosen) == ("30 5 * * 1-5", "Europe/Berlin")
    for wrong in ({"TIEOUT_SCHEDULE": "daily"}, {"TIEOUT_SCHEDULE_ZONE": "Berlin"}):
        with pytest.raises(TieoutError, match=f"{next(iter(wrong))}="):
            schedule.schedule_of(wrong)


def test_a_killed_run_is_made_again_and_nobody_is_greeted(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    runner.prepare_instance(home)
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        assert instance.run_retries_enabled
        assert instance.run_retries_max_retries == 2
        assert instance.run_retries_retry_on_asset_or_op_failure is False
        assert instance.nux_enabled is False


def test_every_check_says_what_it_guards(loaded: dg.Definitions) -> None:
    graph = loaded.resolve_asset_graph()
    said = {key.name: graph.get(key).description or "" for key in graph.asset_check_keys}
    assert [name for name, text in said.items() if len(text) < 20] == []
    assert "money would be missing" in said["assert_every_cent_has_one_place"]
    assert "key: invoice_id" in said["fct_invoices_is_well_formed"]


def test_feeds_that_land_regularly_have_a_check_of_freshness(loaded: dg.Definitions) -> None:
    graph = loaded.resolve_asset_graph()
    fresh = {key.asset_key.path[-1] for key in graph.asset_check_keys if key.name == "is_fresh"}
    assert {"billing_invoices", "bank_transactions", "gateway_transactions"} <= fresh
    assert "crm_customers" not in fresh


def look(loaded: dg.Definitions, instance: dg.DagsterInstance, cursor: str | None) -> Any:
    sensor = loaded.get_sensor_def("landed_files")
    context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=loaded)
    return sensor.evaluate_tick(context)


def test_files_start_a_run_once_they_are_complete(
    loaded: dg.Definitions, loaded_home: Home
) -> None:
    """Half-written ones wait, and the same content asks for the same run."""
    file = loaded_home.feed_landing("crm_customers") / "customers.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    with dg.DagsterInstance.ephemeral() as instance:
        first = look(loaded, instance, None)
        assert not first.run_requests
        (file.parent / "half.csv.part").write_text("customer_id")
        file.write_text("customer_id,legal")
        growing = look(loaded, instance, first.cursor)
        file.write_text("customer_id,legal_name\nc,C\n")
        still_growing = look(loaded, instance, growing.cursor)
        assert not growing.run_requests and not still_growing.run_requests
        complete = look(loaded, instance, still_growing.cursor)
        (request,) = complete.run_requests
        assert request.tags[assets.TRIGGER_TAG] == "landing"
        (again,) = look(loaded, instance, complete.cursor).run_requests
        assert again.run_key == request.run_key
        file.write_text("customer_id,legal_name\nc,D\n")
        changed = look(loaded, instance, complete.cursor)
        (other,) = look(loaded, instance, changed.cursor).run_requests
        assert other.run_key != request.run_key
        with alone(loaded_home):
            assert not look(loaded, instance, changed.cursor).run_requests
    file.unlink()


def test_events_start_a_run_once_they_have_waited_as_their_policy_says(
    loaded: dg.Definitions, loaded_home: Home
) -> None:
    def put(number: int, amount: str, age: float) -> None:
        row = {"transaction_id": f"t{number}", "amount": amount, "currency": "EUR"}
        body = json.dumps({"type": "gateway_transactions.row", "data": row}).encode()
        at = wall_clock() - timedelta(seconds=age)
        spool.put(connection, [spool.Event("erp", f"evt_{number}", at, body)])

    def asked_for() -> list[str]:
        requests = look(loaded, instance, None).run_requests
        return [request.tags[assets.TRIGGER_TAG] for request in requests]

    with spool.connected(loaded_home) as connection, dg.DagsterInstance.ephemeral() as instance:
        put(1, "12", age=0)
        assert asked_for() == []
        put(2, "12000", age=0)
        assert asked_for() == ["event"]
        put(3, "12", age=21)
        connection.execute("delete from events where event_id = 'evt_2'")
        assert asked_for() == ["tick"]
        connection.execute("delete from events")
        assert asked_for() == []


def test_a_wrong_policy_is_told_and_stops_no_tick(
    loaded: dg.Definitions, loaded_home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(policies, "read", partial(policies.read, tmp_path / "lost.csv"))
    file = loaded_home.feed_landing("crm_customers") / "customers.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    with spool.connected(loaded_home), dg.DagsterInstance.ephemeral() as instance:
        first = look(loaded, instance, None)
        assert "Events start no run" in first.skip_message and "lost.csv" in first.skip_message
        file.write_text("customer_id,legal_name\nc,E\n")
        growing = look(loaded, instance, first.cursor)
        (request,) = look(loaded, instance, growing.cursor).run_requests
    assert request.tags[assets.TRIGGER_TAG] == "landing"
    file.unlink()


def test_a_run_that_nobody_started_waits_for_the_one_under_way(home: Home) -> None:
    """Another process holds the lock for a second."""
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import sys, time; from pathlib import Path; from orchestration.home import Home\n"
         "with Home(Path(sys.argv[1])).writing():\n"
         "    print('held', flush=True); time.sleep(1)", str(home.root)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    assert home.is_busy()
    assets.wait_until_free(home, longest=0)
    assert home.is_busy()
    assets.wait_until_free(home)
    assert not home.is_busy()
    holder.wait()
    holder.stdout.close()
