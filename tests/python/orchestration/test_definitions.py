"""Dagster loads the definitions, and they say what depends on what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from orchestration import assets, dbt_runs, definitions, parsed, runner
from orchestration.assets import is_tested_on_release
from orchestration.home import Home

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
    assert set(job.asset_layer.executable_asset_keys) == set(materializable)


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
    checks = [graph.get(key) for key in graph.asset_check_keys]
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
