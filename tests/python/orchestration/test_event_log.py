"""Dagster's events over connections that stay open, and what is forgotten of old runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.context.data_version_cache import DataVersionCache
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration import dagster_history, dagster_once, progress, run_records, runner
from orchestration.dagster_history import JOB_NAME
from orchestration.event_log import MOST_OPEN, PooledSqliteEventLogStorage
from orchestration.home import Home, TieoutError


@dg.asset
def figure() -> int:
    return 1


def test_events_of_more_runs_than_are_held_open_are_kept(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    runner.prepare_instance(home)
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, PooledSqliteEventLogStorage)
        runs = [dg.materialize([figure], instance=instance).run_id for _ in range(MOST_OPEN + 2)]
        assert len(storage._engines) == MOST_OPEN
        seen = {run: len(instance.all_logs(run)) for run in runs}
    plain = SqliteEventLogStorage(str(home.dagster / "history" / "runs"))
    assert seen == {run: len(plain.get_logs_for_run(run)) for run in runs}
    assert min(seen.values()) > 5
    materializations = plain.fetch_materializations(figure.key, limit=100).records
    assert sorted(record.run_id for record in materializations) == sorted(runs)


@pytest.fixture
def instance(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", "")
    runner.prepare_instance(home)
    with dg.DagsterInstance.from_config(str(home.dagster)) as opened:
        yield opened


@dg.asset(check_specs=[dg.AssetCheckSpec("adds_up", asset="checked")])
def checked() -> dg.MaterializeResult:
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


def test_what_was_written_is_told_as_it_would_be_read(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = []
    store = PooledSqliteEventLogStorage.store_event_batch

    def noted(storage: PooledSqliteEventLogStorage, events: list[dg.EventLogEntry]) -> None:
        batches.append(len(events))
        store(storage, events)

    monkeypatch.setattr(PooledSqliteEventLogStorage, "store_event_batch", noted)
    storage = instance.event_log_storage
    plain = SqliteEventLogStorage(str(home.dagster / "history" / "runs"))
    keys = [figure.key, checked.key]
    dagster_once.install()
    for _ in range(2):
        run = dg.materialize([figure, checked], instance=instance).run_id
        assert storage.get_asset_records(keys) == plain.get_asset_records(keys)
        assert list(instance.all_logs(run)) == list(plain.get_logs_for_run(run))
    assert batches == [3, 3], "two tables and a check are intended"
    other = plain.get_asset_records([figure.key])[0].asset_entry.last_materialization_record
    assert other is not None
    plain.store_event(other.event_log_entry)  # by another process
    assert storage.get_asset_records(keys) == plain.get_asset_records(keys)
    instance.wipe_assets([figure.key])
    assert storage.get_asset_records(keys) == plain.get_asset_records(keys)


@dg.asset(check_specs=[dg.AssetCheckSpec("holds", asset="doubted")])
def doubted() -> dg.MaterializeResult:
    found = dg.AssetCheckResult(passed=False, metadata={"rows": 3}, description="3 rows break it")
    return dg.MaterializeResult(metadata={"rows": 7}, check_results=[found])


def test_what_is_written_is_what_dagster_writes(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    tables = [figure, checked, doubted]
    events = [
        event
        for _ in range(2)
        for event in instance.all_logs(dg.materialize(tables, instance=instance).run_id)
    ]
    (run, rows) = (events[-1].run_id, {})
    for storage in (SqliteEventLogStorage, PooledSqliteEventLogStorage):
        folder = tmp_path / storage.__name__
        opened = storage(str(folder))
        for event in events:
            opened.store_event(event)
        opened.dispose()
        rows[storage] = [_rows(folder / f"{name}.db") for name in ("index", run)]
    assert rows[PooledSqliteEventLogStorage] == rows[SqliteEventLogStorage]
    index = rows[PooledSqliteEventLogStorage][0]
    assert {row["execution_status"] for row in index["asset_check_executions"]} == {
        "SUCCEEDED",
        "FAILED",
    }
    assert len(index["asset_keys"]) == 3 < len(index["asset_event_tags"])


def _rows(database: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of a file by table, without the moment at which each was written."""
    tables = ("event_logs", "asset_keys", "asset_event_tags", "asset_check_executions")
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return {
            table: [
                {name: value for name, value in dict(row).items() if name != "create_timestamp"}
                for row in connection.execute(f"select * from {table} order by id")
            ]
            for table in tables
        }


def test_a_step_lists_its_outputs_as_dagster_does(instance: dg.DagsterInstance) -> None:
    listed = []

    @dg.multi_asset(specs=[dg.AssetSpec(name, skippable=True) for name in ("one", "two", "three")])
    def several(context) -> Iterator[dg.MaterializeResult]:  # type: ignore[no-untyped-def]
        step = context.op_execution_context.get_step_execution_context()
        for name in ("one", "two"):
            yield dg.MaterializeResult(asset_key=name)
            told = step.get_output_asset_keys()
            listed.append((told, dagster_once._list_output_keys(step)))

    dagster_once.install()
    run = dg.materialize([several, figure], instance=instance)
    first, second = listed
    assert first[0] == first[1] == {dg.AssetKey(name) for name in ("one", "two", "three")}
    assert second[0] is first[0], "listed once"
    assert [event.asset_key for event in run.get_asset_materialization_events()].count(
        dg.AssetKey("two")
    ) == 1


def test_the_versions_of_what_a_run_has_made_are_told_as_they_would_be_read(
    instance: dg.DagsterInstance,
) -> None:
    compared = []
    keys = [dg.AssetKey(name) for name in ("figure", "one", "two", "never_made")]

    @dg.multi_asset(specs=[dg.AssetSpec("one", deps=[figure]), dg.AssetSpec("two", deps=["one"])])
    def chained(context) -> Iterator[dg.MaterializeResult]:  # type: ignore[no-untyped-def]
        step = context.op_execution_context.get_step_execution_context()
        for name in ("one", "two"):
            yield dg.MaterializeResult(asset_key=name)
            told, read = DataVersionCache(step), DataVersionCache(step)
            dagster_once._versions(told, keys)
            dagster_once._read_versions(read, keys)
            compared.append((told.input_asset_version_info, read.input_asset_version_info))

    dagster_once.install()
    for _ in range(2):
        dg.materialize([figure, chained], instance=instance)
    assert len(compared) == 4
    for told, read in compared:
        assert told == read
        assert told[figure.key] is not None
        assert told[keys[-1]] is None
    assert compared[0][0][keys[2]] is None, "a run tells only what it has made itself"


def test_old_runs_are_forgotten_with_their_files_and_the_last_word_on_an_asset_stays(
    home: Home, instance: dg.DagsterInstance
) -> None:
    job = dg.define_asset_job(JOB_NAME, selection=[checked])
    resolved = dg.Definitions(assets=[checked], jobs=[job]).resolve_job_def(JOB_NAME)
    runs = [resolved.execute_in_process(instance=instance).run_id for _ in range(4)]
    other = dg.materialize([figure], instance=instance).run_id
    assert dagster_history.forget_old(instance, 2) == 2
    assert dagster_history.forget_old(instance, 2) == 0
    assert set(instance.get_run_ids()) == {*runs[2:], other}
    assert not [path for path in home.dagster.rglob("*") for run in runs[:2] if run in str(path)]
    assert instance.get_latest_materialization_event(checked.key)
    storage = instance.event_log_storage
    assert isinstance(storage, PooledSqliteEventLogStorage)
    key = dg.AssetCheckKey(checked.key, "adds_up")
    history = storage.get_asset_check_execution_history(key, limit=10)
    assert [execution.run_id for execution in history] == runs[:1:-1]
    assert dagster_history.forget_old(instance, 0) == 2
    (last,) = storage.get_asset_check_execution_history(key, limit=10)
    assert last.run_id == runs[-1]
    assert instance.all_logs(other)


def test_a_run_that_was_killed_ends_in_dagster_and_keeps_nobody_waiting(
    home: Home, instance: dg.DagsterInstance
) -> None:
    job = dg.job(name=JOB_NAME)(lambda: None)
    started = dg.DagsterRunStatus.STARTED
    killed = instance.create_run_for_job(job, status=started)
    with run_records.recording(home, "manual"), progress.current().step("Landing"):
        run_records.note_dagster_run(home, killed.run_id)
        (path,) = run_records.folder(home).glob("*.json")
        text = path.read_text(encoding="utf-8")
        assert dagster_history.is_under_way(instance, home)
    path.write_text(text, encoding="utf-8")  # as if the process had gone here
    assert json.loads(text)["outcome"] == "running"
    assert not dagster_history.is_under_way(instance, home)
    ended = instance.get_run_by_id(killed.run_id)
    assert ended is not None and ended.status is dg.DagsterRunStatus.CANCELED
    instance.create_run_for_job(job, status=started)  # of which no record says that it was killed
    assert dagster_history.is_under_way(instance, home)


def test_how_many_runs_are_kept_is_a_number_of_runs() -> None:
    assert dagster_history.kept_runs({}) == dagster_history.KEPT_RUNS
    assert dagster_history.kept_runs({dagster_history.SETTING: " 7 "}) == 7
    for said in ("0", "-1", "many"):
        with pytest.raises(TieoutError, match="TIEOUT_DAGSTER_RUNS"):
            dagster_history.kept_runs({dagster_history.SETTING: said})
