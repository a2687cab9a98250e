"""What dbt's unit tests repeat for every test, done once or without its templates.

Each of these replaces a function of dbt in this process, and comes to what dbt would come to
(`test_fixtures_of_unit_tests.py` compares them). dbt is pinned exactly.
"""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dbt import compilation
from dbt.adapters.base.column import Column
from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.factory import get_adapter
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import InjectedCTE, ModelNode
from dbt.flags import get_flags
from dbt.parser.unit_tests import UnitTestManifestLoader
from dbt_common.invocation import get_invocation_id

GIVEN_ROWS = re.compile(r"\{\{ get_fixture_sql\((\[.*\]), None\) \}\}", re.DOTALL)
"""What dbt makes of the rows that a unit test gives, where they are not SQL already."""

ONE_READS = threading.Lock()

FIRST_WORD = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/)*with\b(\s+recursive\b)?\s*", re.IGNORECASE | re.DOTALL
)


def install() -> None:
    """Let dbt use all of it in this process."""
    Fixtures().install()
    put_ctes_first()


class Fixtures:
    """The rows that unit tests give, as SQL.

    dbt renders them by a context of its own for each input and four macros for each cell, and asks
    the warehouse for the columns of the input each time: more than half of what a unit test takes.
    Here the macros (`get_fixture_sql`, and on DuckDB `default__safe_cast` and the like) are these
    functions. Their columns are those of the warehouse at the beginning of the call, so only
    `dbt test` has them: `dbt build` changes tables between tests.
    """

    def __init__(self) -> None:
        self._call = ""
        self._columns: dict[str, list[Column]] = {}
        self._sql: dict[tuple[str, str], str] = {}

    def install(self) -> None:
        """Let dbt use it in this process."""
        load_unrendered = UnitTestManifestLoader.load

        def load_rendered(loader: UnitTestManifestLoader) -> Manifest:
            manifest = load_unrendered(loader)
            adapter = get_adapter(loader.root_project)
            if get_flags().WHICH == "test" and adapter.type() == "duckdb":
                for node in manifest.nodes.values():
                    if isinstance(node, ModelNode) and node.defer_relation is None:
                        self._render(
                            node, adapter, adapter.Relation.create_from(loader.root_project, node)
                        )
            return manifest

        UnitTestManifestLoader.load = load_rendered  # type: ignore[method-assign, assignment]

    def _render(self, node: ModelNode, adapter: BaseAdapter, relation: Any) -> None:
        """Compile an input, unless there is something about it that dbt is to say."""
        if self._call != get_invocation_id():
            self._call, self._columns, self._sql = get_invocation_id(), {}, {}
        key = (str(relation), node.raw_code)
        if key not in self._sql:
            given = GIVEN_ROWS.fullmatch(node.raw_code)
            if given is None:
                return
            if key[0] not in self._columns:
                self._columns[key[0]] = adapter.get_columns_in_relation(relation)
            try:
                sql = rows_as_sql(read_rows(given[1]), self._columns[key[0]])
            except (KeyError, ValueError):
                return
            self._sql[key] = sql
        node.compiled_code = self._sql[key]
        node.compiled = node.extra_ctes_injected = True


def read_rows(written: str) -> list[dict[str, Any]]:
    """The rows that dbt wrote as Python.

    One thread at a time: Python 3.11 counts the depth of a syntax tree for all threads
    together, and raises SystemError where a second one reads beside the first.
    """
    with ONE_READS:
        rows: list[dict[str, Any]] = ast.literal_eval(written)
    return rows


def rows_as_sql(rows: Sequence[Mapping[str, Any]], columns: Iterable[Column]) -> str:
    """A query for `rows`, with null in the columns that they leave out.

    Raises:
        KeyError: for a value of a column that there is not.
        ValueError: when there are no columns.
    """
    types = {column.name.lower(): column.data_type for column in columns}
    quoted = {column.name.lower(): column.quoted for column in columns}
    if not types:
        raise ValueError("no columns")
    default_row = {name: cast("null", data_type) for name, data_type in types.items()}

    def select(row: Mapping[str, str]) -> str:
        return "select " + ", ".join(f"{value} as {quoted[name]}" for name, value in row.items())

    if not rows:
        return select(default_row) + "\nlimit 0"
    return "\nunion all\n".join(
        select(
            default_row
            | {name.lower(): literal(value, types[name.lower()]) for name, value in row.items()}
        )
        for row in rows
    )


def cast(value: str, data_type: str) -> str:
    return f"cast({value} as {data_type})"


def literal(value: Any, data_type: str) -> str:
    """A value of a row as SQL, of the type of its column."""
    if isinstance(value, str):
        # a string is not cut to the length of its column
        if "varying" in data_type:
            data_type = data_type.split("(")[0]
        value = "'" + value.replace("'", "''") + "'"
    return cast("null" if value is None else str(value), data_type)


def put_ctes_first() -> None:
    """Put the given rows before a model's own CTEs without taking all of its SQL to pieces: the
    word after which they go is the first one here. (dbt leaves out what follows a first statement;
    here the engine refuses it.)"""
    inject = compilation.inject_ctes_into_sql

    def inject_first(sql: str, ctes: list[InjectedCTE]) -> str:
        begun = FIRST_WORD.match(sql)
        if not ctes or begun is None:
            return inject(sql, ctes)
        given = ", ".join(cte.sql for cte in ctes if cte.sql)
        return f"{begun[0]}{given}, {sql[begun.end() :]}"

    compilation.inject_ctes_into_sql = inject_first
