"""Dagster's runs and events in PostgreSQL, as several services of one home share them."""

from __future__ import annotations

import os

import dagster as dg
import pytest

from orchestration import runner
from orchestration.home import Home, TieoutError


def test_runs_and_events_go_to_the_database_that_the_setting_names(
    home: Home, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("dagster_postgres")
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv(runner.DAGSTER_DATABASE, postgresql)
    runner.prepare_instance(home)
    # the address stays in the environment
    settings = (home.dagster / "dagster.yaml").read_text(encoding="utf-8")
    assert postgresql.split("?")[1] not in settings
    assert os.environ[runner.DAGSTER_DATABASE].startswith("postgresql+psycopg2://")

    @dg.op
    def nothing() -> None:
        pass

    @dg.job
    def job() -> None:
        nothing()

    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        done = job.execute_in_process(instance=instance)
    # a second service sees it
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        found = instance.get_run_by_id(done.run_id)
        assert found is not None
        assert found.status is dg.DagsterRunStatus.SUCCESS
        assert instance.get_records_for_run(done.run_id).records
        assert "Postgres" in type(instance.run_storage).__name__ + str(instance.info_str())
    assert not list(home.dagster.rglob("*.db"))


def test_another_kind_of_database_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(runner.DAGSTER_DATABASE, "mysql://u:pl4nted@db/x")
    with pytest.raises(TieoutError, match="postgresql://") as refused:
        runner.prepare_instance(home)
    assert "pl4nted" not in str(refused.value)
