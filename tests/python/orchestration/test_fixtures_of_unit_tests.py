"""Unit tests of models say in a process of ours what they say in one of dbt's own."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from dbt import compilation
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import InjectedCTE
from dbt.node_types import NodeType
from dbt.parser.unit_tests import UnitTestManifestLoader
from tieout_process import Tieout

from orchestration import dbt_process, dbt_runs, dbt_unit_tests

HOLD = (
    # CSV, no rows, booleans
    "a_return_is_the_line_that_it_names",
    # a seed, and SQL
    "a_decision_counts_when_its_own_entry_is_sealed",
    # no rows are expected
    "without_receivables_there_is_no_series",
    # numbers
    "more_than_chance_is_drift",
)
FAILS = "candidates_are_listed_best_first"
CANNOT_RUN = "a_case_that_comes_back_is_another_spell"


@pytest.fixture(autouse=True)
def _as_dbt_left_it(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(UnitTestManifestLoader, "load", UnitTestManifestLoader.load)
    monkeypatch.setattr(compilation, "inject_ctes_into_sql", compilation.inject_ctes_into_sql)
    yield
    DuckDBConnectionManager.close_all_connections()


def test_they_run_what_dbt_would_run(
    reconciled_copy: Tieout, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in dbt_runs.environment(reconciled_copy.home, {}).items():
        monkeypatch.setenv(name, value)
    manifest = dbt_process.load(dbt_runs.ensure_parse(reconciled_copy.home))
    tests: dict[str, Any] = {test.name: test for test in manifest.unit_tests.values()}
    tests[FAILS].given[1].rows[0]["match_id"] = "it's"
    tests[FAILS].expect.rows[0]["candidate_count"] = 77
    tests[CANNOT_RUN].given[2].rows[0]["no_such_column"] = 1

    by_dbt = outcomes(manifest)
    dbt_unit_tests.install()
    here = outcomes(manifest)

    assert here == by_dbt
    assert {name: status for name, (status, *_) in here.items()} == {
        **dict.fromkeys(HOLD, "pass"),
        FAILS: "fail",
        CANNOT_RUN: "error",
    }


def outcomes(manifest: Manifest) -> dict[str, tuple[str, str | None, str]]:
    """Status, message and SQL of each test, as dbt has them at the end of a call."""
    called = dbtRunner(manifest=manifest).invoke(
        ["--no-write-json", "--quiet", "test", "--select", *HOLD, FAILS, CANNOT_RUN]
    )
    results: Any = called.result
    return {
        result.node.name: (
            str(result.status),
            result.message,
            without_layout(getattr(result.node, "compiled_code", None) or ""),
        )
        for result in results
        if result.node.resource_type is NodeType.Unit
    }


def test_threads_read_rows_beside_each_other() -> None:
    """Python 3.11 cannot build two syntax trees at a time: a collection of garbage inside
    of one lets another thread begin."""

    class LetsOthersRun:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            time.sleep(0.001)

    rows = [{"amount": amount} for amount in range(40)]

    def read() -> list[Any]:
        read = []
        for _ in range(30):
            LetsOthersRun()
            read.append(dbt_unit_tests.read_rows(repr(rows)))
        return read

    collected = gc.get_threshold()
    gc.set_threshold(50)
    try:
        with ThreadPoolExecutor(3) as threads:
            reads = [threads.submit(read) for _ in range(3)]
            assert [one.result() for one in reads] == [[rows] * 30] * 3
    finally:
        gc.set_threshold(*collected)


def without_layout(sql: str) -> str:
    sql = re.sub(r"-- Fixture for \w+\n", " ", sql)
    return re.sub(r"\s*([(),])\s*", r"\1", re.sub(r"\s+", " ", sql))


@pytest.mark.parametrize(
    "sql",
    [
        "with a as (select 1) select * from a",
        "\n-- with; care\n/* and\nso on */ WITH Recursive\n a as (select 1) select * from a",
        "with/* not */recursive as (select 1) select * from recursive",
        "select 'with' from withdrawals",
    ],
)
def test_given_rows_go_where_dbt_puts_them(sql: str) -> None:
    given = [InjectedCTE(id=name, sql=f" {name} as (select 2)") for name in ("b", "c")]
    by_dbt = [compilation.inject_ctes_into_sql(sql, ctes) for ctes in ([], given)]
    dbt_unit_tests.put_ctes_first()
    assert [compilation.inject_ctes_into_sql(sql, ctes) for ctes in ([], given)] == by_dbt
