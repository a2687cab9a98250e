"""dbt as a process that stays: the project is parsed once, then any number of tests are run.

Reads one JSON object a line, `{"home": path, "select": [test names], "unbroken": path | null}`, and
answers with one line: `{"results": {name: {"status": text, ...}}}` or
`{"error": text}`. With `unbroken`, a home, the tests ask what they ask in a run that has made of
its tables those of `home`: about what differs. It is a process of its own because dbt keeps its
DuckDB handle and its logging for as long as it lives.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stdout
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from orchestration.dbt_process import load
from orchestration.dbt_runs import ensure_parse
from orchestration.home import Home

IS_RUN = "macro.tieout.is_run"
IT_IS = "{% macro is_run() %}{% do return(true) %}{% endmacro %}"


def run(manifest: Manifest, home: str, select: list[str], unbroken: str | None) -> dict[str, Any]:
    """Run the named data tests against the warehouse of `home`."""
    os.environ["TIEOUT_HOME"] = home
    if unbroken is not None:
        tell_changes(manifest, home, select, unbroken)
    is_run = manifest.macros[IS_RUN].macro_sql
    try:
        if unbroken is not None:
            manifest.macros[IS_RUN].macro_sql = IT_IS
        # what dbt writes after each call costs as long as the test itself
        done = dbtRunner(manifest=manifest).invoke(
            ["--quiet", "--no-write-json", "test", "--select", *select]
        )
    finally:
        manifest.macros[IS_RUN].macro_sql = is_run
        DuckDBConnectionManager.close_all_connections()
    if not isinstance(done.result, RunExecutionResult):
        return {"error": str(done.exception)}
    return {
        "results": {
            result.node.name: {
                "status": str(result.status),
                "failures": result.failures,
                "message": result.message,
            }
            for result in done.result.results
            if result.node.resource_type == "test"
        }
    }


def tell_changes(manifest: Manifest, home: str, select: list[str], unbroken: str) -> None:
    """Let kept tables that the tests read tell how they differ from those of an unbroken home."""
    read = {
        node
        for test in manifest.nodes.values()
        if test.resource_type == "test" and test.name in select
        for node in test.depends_on.nodes
    }
    with duckdb.connect(f"{home}/warehouse.duckdb") as connection:
        connection.execute(f"attach '{unbroken}/warehouse.duckdb' as unbroken (read_only)")
        for model in (manifest.nodes[node] for node in sorted(read) if node in manifest.nodes):
            if model.config.materialized != "table" or model.config.meta.get("kept") is None:
                continue
            table = f"{model.schema}.{model.name}"
            connection.execute(
                f"create or replace table changes.{model.name} as "
                f"select *, 'went' as change from (from unbroken.{table} except all from {table}) "
                f"union all "
                f"select *, 'came' as change from (from {table} except all from unbroken.{table})"
            )


def main() -> None:
    answers = sys.stdout
    with redirect_stdout(sys.stderr):
        manifest = load(ensure_parse(Home.from_environment()))
        for line in sys.stdin:
            request = json.loads(line)
            answer = run(manifest, request["home"], request["select"], request["unbroken"])
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
