"""dbt as a process that stays: the project is parsed once, then any number of tests are run.

Reads one JSON object a line, `{"home": path, "select": [test names], "unbroken": path | null}`, and
answers with one line: `{"results": {name: {"status": text, ...}}}` or
`{"error": text}`. With `unbroken`, a home, the tests ask what they ask in a run that has made of
its tables those of `home`: about what differs. It is a process of its own because dbt keeps its
DuckDB handle and its logging for as long as it lives.

A call of dbt costs a second, whatever it asks. So dbt compiles and runs a test once; what it
compiled is asked again as it is, where dbt would send the same SQL: where the test reads tables
alone (views may read another home's files) and, in a run, does not ask only about what has changed.
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

from orchestration.dbt_once import KeptGraph, keep_type_testers, leave_out_debug
from orchestration.dbt_process import load
from orchestration.dbt_runs import ensure_parse
from orchestration.home import Home

TABLES = {"table", "incremental", "seed"}
AS_A_RULE = {"severity": "ERROR", "fail_calc": "count(*)", "error_if": "!= 0", "limit": None}
IS_RUN = "macro.tieout.is_run"
IT_IS = "{% macro is_run() %}{% do return(true) %}{% endmacro %}"


def run(manifest: Manifest, home: str, select: list[str], unbroken: str | None) -> dict[str, Any]:
    """Run the named data tests against the warehouse of `home`."""
    tests = [node for node in manifest.nodes.values() if node.name in select]
    if all(is_fixed(manifest, test, in_a_run=unbroken is not None) for test in tests):
        known = {name: _COMPILED[name] for name in select if name in _COMPILED}
        if len(known) == len(select):
            return {"results": ask(home, known)}
    os.environ["TIEOUT_HOME"] = home
    if unbroken is not None:
        tell_changes(manifest, home, select, unbroken)
    is_run = manifest.macros[IS_RUN].macro_sql
    try:
        if unbroken is not None:
            manifest.macros[IS_RUN].macro_sql = IT_IS
        # what dbt reads before a call and writes after it costs more than the test itself
        done = dbtRunner(manifest=manifest).invoke(
            ["--quiet", "--no-write-json", "--no-populate-cache", "test", "--select", *select]
        )
    finally:
        manifest.macros[IS_RUN].macro_sql = is_run
        DuckDBConnectionManager.close_all_connections()
    if not isinstance(done.result, RunExecutionResult):
        return {"error": str(done.exception)}
    for result in done.result.results:
        if unbroken is None and result.node.resource_type == "test":
            _COMPILED[result.node.name] = result.node.compiled_code
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


_COMPILED: dict[str, str] = {}
"""The SQL of tests that dbt has run, by name."""


def is_fixed(manifest: Manifest, test: Any, in_a_run: bool) -> bool:
    """Whether dbt would send a test's compiled SQL, and nothing else, and counts its rows."""
    reads = [manifest.nodes.get(node) for node in test.depends_on.nodes]
    asks_all = not in_a_run or not (
        test.config.meta.get("kept")
        or (getattr(test, "test_metadata", None) and test.test_metadata.name == "well_formed")
    )
    return (
        asks_all
        and all(node is not None and node.config.materialized in TABLES for node in reads)
        and all(getattr(test.config, name) == value for name, value in AS_A_RULE.items())
    )


def ask(home: str, compiled: dict[str, str]) -> dict[str, Any]:
    """Ask the warehouse of `home` what dbt asked before; the results as dbt tells them."""
    results = {}
    with duckdb.connect(f"{home}/warehouse.duckdb", read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, sql in compiled.items():
            try:
                found = connection.execute(f"select count(*) from ({sql}\n) as found").fetchall()
            except duckdb.Error as error:
                results[name] = {"status": "error", "failures": None, "message": str(error)}
                continue
            [(failures,)] = found
            status = "fail" if failures else "pass"
            results[name] = {"status": status, "failures": failures, "message": None}
    return results


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
            before = f"unbroken.{table}"
            if contents(connection, table) == contents(connection, before):
                differing = f"select *, '' as change from {table} limit 0"
            else:
                differing = (
                    f"select *, 'went' as change from (from {before} except all from {table})"
                    " union all "
                    f"select *, 'came' as change from (from {table} except all from {before})"
                )
            connection.execute(f"create or replace table changes.{model.name} as {differing}")


def contents(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[Any, ...] | None:
    """Equal for tables with the same rows; a fraction of what it costs to compare them."""
    asked = f"select count(*), sum(hash(t)), bit_xor(hash(t)) from {table} as t"
    return connection.execute(asked).fetchone()


def main() -> None:
    answers = sys.stdout
    with redirect_stdout(sys.stderr):
        KeptGraph().install()
        leave_out_debug()
        keep_type_testers()
        manifest = load(ensure_parse(Home.from_environment()))
        for line in sys.stdin:
            request = json.loads(line)
            answer = run(manifest, request["home"], request["select"], request["unbroken"])
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
