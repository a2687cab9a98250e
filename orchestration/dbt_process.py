"""The process that dbt runs in: `python -m orchestration.dbt_process`.

It loads dbt, which takes seconds, and then makes the calls that it reads from its standard input, a
JSON object a line: `arguments` of dbt, and `parsed`, the folder of the project's parse. A call
without arguments only loads the parse. A call of `parse` writes a parse into that folder instead.
After a call that `keeps_open`, the warehouse stays open for the next one: to open it again costs
reading all that the first has changed. Until then `statements` are executed in it, and
`publications` show its marts.
Whatever follows from the project alone is done once (`dbt_once.py`, `dbt_unit_tests.py`).
dbt's log goes to standard output; `{"call_ended": true}` follows each call, `false` one that
failed, with the `error` of a statement. The end of the input ends the process, also in a call that
is under way: whoever asked for it is gone, and the next run wants the warehouse.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumuro_decoder

from orchestration import dbt_once, dbt_order, dbt_unit_tests, loading
from orchestration.dbt_runs import CALL_ENDED, PARSE, PUBLICATIONS, STATEMENTS
from orchestration.home import Home, TieoutError
from orchestration.parsed import DBT_STATE
from orchestration.publication import Publication, write


class Calls:
    """Makes one call after the other; the parse is loaded once for all that name the same."""

    def __init__(self) -> None:
        self._graph = dbt_once.KeptGraph()
        self._graph.install()
        self._sql = dbt_once.KeptSql()
        self._sql.install()
        self._macros = dbt_once.KeptMacros()
        self._macros.install()
        dbt_once.leave_out_debug()
        dbt_once.keep_type_testers()
        dbt_once.keep_empty_table()
        dbt_once.look_relations_up()
        dbt_order.LongestWayFirst().install()
        dbt_unit_tests.install()
        self._folder = ""
        self._manifest: Manifest | None = None

    def make(self, parsed: str, arguments: list[str]) -> dbtRunnerResult | None:
        """Make a call; None where it was to load the parse alone."""
        if arguments[-1:] == [PARSE]:
            with any_home():
                return dbtRunner().invoke([*arguments, "--target-path", parsed])
        if parsed != self._folder:
            self._manifest, self._folder = load(Path(parsed)), parsed
            self._sql.open(Path(parsed))
            self._macros.open(self._manifest)
        if arguments:
            try:
                return dbtRunner(manifest=self._manifest).invoke(arguments)
            finally:
                self._sql.write()
        if self._manifest is not None:
            self._graph.of(self._manifest)
        return None


def load(folder: Path) -> Manifest:
    """The project as dbt left it in `folder`, ready to be built."""
    with loading.for_good():
        manifest: Manifest = Manifest.from_msgpack(
            (folder / DBT_STATE).read_bytes(), decoder=extended_mashumuro_decoder
        )
        manifest.build_flat_graph()
    return manifest


@contextmanager
def any_home() -> Iterator[None]:
    """dbt compares connections to know whether it can start from an earlier parse; here all homes
    have the same."""
    kept = dict(os.environ)
    for name in [name for name in kept if name.startswith("TIEOUT_") and name != "TIEOUT_ENGINE"]:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(kept)


def main() -> None:
    """Make the calls that standard input asks for, one after the other."""
    asked: SimpleQueue[dict[str, Any]] = SimpleQueue()
    Thread(target=_read, args=[asked], daemon=True).start()
    calls = Calls()
    while True:
        call = asked.get()
        keeps_open = call.pop("keeps_open", False)
        if STATEMENTS in call:
            ended = execute(call[STATEMENTS])
        elif PUBLICATIONS in call:
            ended = publish(call[PUBLICATIONS])
        else:
            result = calls.make(**call)
            if result is None:
                continue
            if result.exception is not None:
                print(result.exception)
            ended = {CALL_ENDED: result.success}
        if not (keeps_open and ended[CALL_ENDED]):
            # One writing process is all that the warehouse allows, and it may be replaced now.
            DuckDBConnectionManager.close_all_connections()
        print(json.dumps(ended), flush=True)


def execute(statements: list[tuple[str, list[Any]]]) -> dict[str, Any]:
    """Execute SQL with its parameters in the warehouse that a call has left open."""
    try:
        cursor = DuckDBConnectionManager.env().handle().cursor()
        for sql, parameters in statements:
            cursor.execute(sql, parameters)
    except Exception as error:  # dbt's connections raise what they like
        return {CALL_ENDED: False, "error": str(error)}
    return {CALL_ENDED: True}


def publish(publications: list[dict[str, Any]]) -> dict[str, Any]:
    """Let publications show the marts of the warehouse that a call has left open."""
    home = Home(Path(os.environ["TIEOUT_HOME"]))
    try:
        with DuckDBConnectionManager.env().conn.cursor() as cursor:  # type: ignore[attr-defined]
            write(home, [Publication(**publication) for publication in publications], cursor)
    except (duckdb.Error, TieoutError) as error:
        is_of_engine = isinstance(error, duckdb.Error)
        return {CALL_ENDED: False, "error": str(error), "is_of_engine": is_of_engine}
    return {CALL_ENDED: True}


def _read(asked: SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        asked.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main()
