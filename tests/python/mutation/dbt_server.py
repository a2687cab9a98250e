"""dbt as a process that stays: the project is parsed once, then any number of tests are run.

Reads one JSON object a line, `{"home": path, "select": [test names], "unbroken": path | null}`, and
answers with one line: `{"results": {name: {"status": text, ...}}}` or
`{"error": text}`. With `unbroken`, a home, the tests ask what they ask in a run that has made of
its tables those of `home`: about what differs. With `"statements": [SQL]` instead of `select` these
are executed in the warehouse, where that of `unbroken` is attached, and the answer is
`{"rows": [rows of each]}`. It is a process of its own because dbt keeps its DuckDB handle and its
logging for as long as it lives.

A call of dbt costs a second, whatever it asks. So dbt compiles and runs a test once; what it
compiled is asked again as it is, where dbt would send the same SQL: where the test reads tables
alone (views may read another home's files) and, in a run, does not ask only about what has changed.
To open a warehouse costs more than most questions, so it stays open until another is named.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Any

import duckdb
from dbt.adapters.duckdb import environments
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.config.runtime import load_profile
from dbt.contracts.graph.manifest import Manifest
from dbt.flags import set_from_args
from dbt_common.context import set_invocation_context

from orchestration.dbt_once import KeptGraph, keep_type_testers, leave_out_debug
from orchestration.dbt_process import load
from orchestration.dbt_runs import ensure_parse
from orchestration.home import Home

TABLES = {"table", "incremental", "seed"}
AS_A_RULE = {"severity": "ERROR", "fail_calc": "count(*)", "error_if": "!= 0", "limit": None}
IS_RUN = "macro.tieout.is_run"
IT_IS = "{% macro is_run() %}{% do return(true) %}{% endmacro %}"
REGISTER = "macro.tieout.register_sources"
NOTHING = "{% macro register_sources() %}{% endmacro %}"
"""What tells views which files to read takes as long as a test, and tables need none of it."""


class Warehouse:
    """The warehouse of one home after the other, in the connection that dbt works in."""

    def __init__(self) -> None:
        project = os.environ["DBT_PROJECT_DIR"]
        set_invocation_context(os.environ)
        set_from_args(Namespace(profiles_dir=project, project_dir=project), {})
        self._credentials = load_profile(project, {}).credentials
        self._home: str | None = None
        self._unbroken: str | None = None
        self._handle: Any = None

    def of(self, home: str, unbroken: str | None = None) -> Any:
        """A cursor in the warehouse of `home`, where that of `unbroken` is attached."""
        if home != self._home:
            self._handle = None
            DuckDBConnectionManager.close_all_connections()
            os.environ["TIEOUT_HOME"] = home
            path = f"{home}/warehouse.duckdb"
            DuckDBConnectionManager._ENV = environments.create(
                replace(self._credentials, path=path)
            )
            self._handle = DuckDBConnectionManager.env().handle()
            self._home, self._unbroken = home, None
        cursor = self._handle.cursor()
        if unbroken is not None and unbroken != self._unbroken:
            if self._unbroken is not None:
                cursor.execute("detach unbroken")
            cursor.execute(f"attach '{unbroken}/warehouse.duckdb' as unbroken (read_only)")
            self._unbroken = unbroken
        return cursor


def run(
    manifest: Manifest, warehouse: Warehouse, home: str, select: list[str], unbroken: str | None
) -> dict[str, Any]:
    """Run the named data tests against the warehouse of `home`."""
    cursor = warehouse.of(home, unbroken)
    tests = [node for node in manifest.nodes.values() if node.name in select]
    if all(is_fixed(manifest, test, in_a_run=unbroken is not None) for test in tests):
        known = {name: _COMPILED[name] for name in select if name in _COMPILED}
        if len(known) == len(select):
            return {"results": ask(cursor, known)}
    if unbroken is not None:
        tell_changes(manifest, cursor, select)
    others = {} if unbroken is None else {IS_RUN: IT_IS}
    if all(reads_tables(manifest, test) for test in tests):
        others[REGISTER] = NOTHING
    macros = {name: manifest.macros[name].macro_sql for name in others}
    try:
        for name, sql in others.items():
            manifest.macros[name].macro_sql = sql
        # what dbt reads before a call and writes after it costs more than the test itself
        done = dbtRunner(manifest=manifest).invoke(
            ["--quiet", "--no-write-json", "--no-populate-cache", "test", "--select", *select]
        )
    finally:
        for name, sql in macros.items():
            manifest.macros[name].macro_sql = sql
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


def reads_tables(manifest: Manifest, test: Any) -> bool:
    """Whether a test reads tables alone."""
    reads = [manifest.nodes.get(node) for node in test.depends_on.nodes]
    return all(node is not None and node.config.materialized in TABLES for node in reads)


def is_fixed(manifest: Manifest, test: Any, in_a_run: bool) -> bool:
    """Whether dbt would send a test's compiled SQL, and nothing else, and counts its rows."""
    asks_all = not in_a_run or not (
        test.config.meta.get("kept")
        or (getattr(test, "test_metadata", None) and test.test_metadata.name == "well_formed")
    )
    return (
        asks_all
        and reads_tables(manifest, test)
        and all(getattr(test.config, name) == value for name, value in AS_A_RULE.items())
    )


def ask(cursor: Any, compiled: dict[str, str]) -> dict[str, Any]:
    """Ask a warehouse what dbt asked before; the results as dbt tells them."""
    results = {}
    for name, sql in compiled.items():
        try:
            found = cursor.execute(f"select count(*) from ({sql}\n) as found").fetchall()
        except duckdb.Error as error:
            results[name] = {"status": "error", "failures": None, "message": str(error)}
            continue
        [(failures,)] = found
        status = "fail" if failures else "pass"
        results[name] = {"status": status, "failures": failures, "message": None}
    return results


def tell_changes(manifest: Manifest, cursor: Any, select: list[str]) -> None:
    """Let kept tables that the tests read tell how they differ from those of the unbroken home."""
    read = {
        node
        for test in manifest.nodes.values()
        if test.resource_type == "test" and test.name in select
        for node in test.depends_on.nodes
    }
    for model in (manifest.nodes[node] for node in sorted(read) if node in manifest.nodes):
        if model.config.materialized != "table" or model.config.meta.get("kept") is None:
            continue
        table = f"{model.schema}.{model.name}"
        before = f"unbroken.{table}"
        if contents(cursor, table) == contents(cursor, before):
            differing = f"select *, '' as change from {table} limit 0"
        else:
            differing = (
                f"select *, 'went' as change from (from {before} except all from {table})"
                " union all "
                f"select *, 'came' as change from (from {table} except all from {before})"
            )
        cursor.execute(f"create or replace table changes.{model.name} as {differing}")


def contents(cursor: Any, table: str) -> Any:
    """Equal for tables with the same rows; a fraction of what it costs to compare them."""
    asked = f"select count(*), sum(hash(t)), bit_xor(hash(t)) from {table} as t"
    return cursor.execute(asked).fetchone()


def execute(cursor: Any, statements: list[str]) -> dict[str, Any]:
    """Execute statements in a warehouse; the rows of each."""
    try:
        return {"rows": [cursor.execute(statement).fetchall() for statement in statements]}
    except duckdb.Error as error:
        return {"error": str(error)}


def main() -> None:
    answers = sys.stdout
    with redirect_stdout(sys.stderr):
        KeptGraph().install()
        leave_out_debug()
        keep_type_testers()
        manifest = load(ensure_parse(Home.from_environment()))
        warehouse = Warehouse()
        for line in sys.stdin:
            request = json.loads(line)
            home, unbroken = request["home"], request["unbroken"]
            if "statements" in request:
                answer = execute(warehouse.of(home, unbroken), request["statements"])
            else:
                answer = run(manifest, warehouse, home, request["select"], unbroken)
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
