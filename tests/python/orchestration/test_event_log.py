"""Dagster's events over connections that stay open: kept, and readable by Dagster's own class."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration import runner
from orchestration.event_log import MOST_OPEN, PooledSqliteEventLogStorage
from orchestration.home import Home


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
