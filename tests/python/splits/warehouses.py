"""What differs between the tables of two warehouses, row for row."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.home import Home
from orchestration.warehouse import execute

SHOWN_ROWS = 3
LONGEST_ROW = 1_500


@dataclass(frozen=True)
class ByDesign:
    """Columns of a table that are not compared, and why."""

    reason: str
    columns: tuple[str, ...] = ()


CLOCK = "tells when a run was made by the clock on the wall, not what it decided"

BY_DESIGN = {
    "staging.stg_tieout__run_context": ByDesign(CLOCK, columns=("started_at",)),
    "staging.stg_tieout__runs": ByDesign(CLOCK, columns=("started_at", "finished_at", "seconds")),
    "marts.fct_runs": ByDesign(
        CLOCK, columns=("started_at", "finished_at", "seconds", "cost_per_match")
    ),
}


@dataclass(frozen=True)
class RunOf:
    """The run that left a warehouse, and the one on whose state it was built; None: on nothing."""

    run_id: str
    built_on: str | None


def run_of(warehouse: Path) -> RunOf | None:
    """None where the warehouse does not say it, so that the next run computes all tables whole."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        if not connection.execute(
            "from duckdb_tables() where schema_name = 'changes' and table_name = 'last_run'"
        ).fetchall():
            return None
        return RunOf(
            *connection.execute("select run_id, built_on from changes.last_run").fetchone()
        )


_CHANGED = """
select tables.table_name, changes.estimated_size, tables.estimated_size, changes.comment
from duckdb_tables() as changes
inner join duckdb_tables() as tables
    on changes.table_name = tables.table_name and tables.schema_name <> 'changes'
where changes.schema_name = 'changes' and changes.estimated_size > 0
"""


@dataclass(frozen=True)
class Changed:
    """What the last run changed in a table: rows that went or came, and of how many in all.

    `by` names the columns of the parts that it computed; None where it computed the whole table.
    """

    rows: int
    of: int
    by: str | None


def changed_tables(home: Home) -> dict[str, Changed]:
    """Of all tables that tell it, by name; between the builds of a run, at whose end those that are
    no marts forget it."""
    path = home.target / "changed.parquet"
    copy = f"copy ({_CHANGED}) to '{path}' (format parquet)"
    execute(home, [(copy, [])], keeps_open=True)
    rows = duckdb.sql(f"from '{path}'").fetchall()
    return {name: Changed(changed, of, by) for name, changed, of, by in rows}


def differences(kept: Path, rebuilt: Path, schemas: Collection[str]) -> list[str]:
    """What differs between the tables of these schemas, but for `BY_DESIGN`; a text each.

    Views are no state of a warehouse, and are left out.
    """
    with duckdb.connect() as connection:
        for name, path in (("kept", kept), ("rebuilt", rebuilt)):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        tables = {name: _tables(connection, name, schemas) for name in ("kept", "rebuilt")}
        found = [
            f"{table}: columns of kept {tables['kept'].get(table)}, "
            f"of rebuilt {tables['rebuilt'].get(table)}"
            for table in sorted(tables["kept"].keys() | tables["rebuilt"].keys())
            if tables["kept"].get(table) != tables["rebuilt"].get(table)
        ]
        for table in sorted(tables["kept"].keys() & tables["rebuilt"].keys()):
            if tables["kept"][table] == tables["rebuilt"][table]:
                found += _table_differences(connection, table, tables["kept"][table])
    return found


def _tables(
    connection: duckdb.DuckDBPyConnection, database: str, schemas: Collection[str]
) -> dict[str, list[str]]:
    """Columns of every table, in their order, by its name with its schema."""
    rows = connection.execute(
        "select columns.table_schema || '.' || columns.table_name, "
        "list(columns.column_name order by columns.ordinal_position) "
        "from information_schema.columns as columns "
        "inner join information_schema.tables as tables using (table_catalog, table_schema, "
        "table_name) where tables.table_type = 'BASE TABLE' and columns.table_catalog = ? "
        "and list_contains(?, columns.table_schema) group by all",
        [database, list(schemas)],
    ).fetchall()
    return dict(rows)


def _table_differences(
    connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]
) -> list[str]:
    by_design = BY_DESIGN.get(table, ByDesign(""))
    wanted = ", ".join(f'"{name}"' for name in columns if name not in by_design.columns)
    rows = {side: f"select {wanted} from {side}.{table}" for side in ("kept", "rebuilt")}
    if _sum_of(connection, rows["kept"]) == _sum_of(connection, rows["rebuilt"]):
        return []
    found = []
    for here, there in (("kept", "rebuilt"), ("rebuilt", "kept")):
        only_here = f"({rows[here]}) except all ({rows[there]})"
        [(count,)] = connection.execute(f"select count(*) from ({only_here})").fetchall()
        cursor = connection.execute(f"select * from ({only_here}) order by all limit {SHOWN_ROWS}")
        names = [description[0] for description in cursor.description or []]
        found.append(f"{table}: {count} rows only in {here}")
        for row in cursor.fetchall():
            told = ", ".join(
                f"{name} {value}"
                for name, value in zip(names, row, strict=True)
                if value is not None
            )
            found.append(f"    {told[:LONGEST_ROW]}")
    return found


def _sum_of(connection: duckdb.DuckDBPyConnection, rows: str) -> tuple[object, ...]:
    """Equal for equal bags of rows, and all but surely for no others."""
    [found] = connection.execute(
        f"select count(*), sum(hash(listed)) from ({rows}) as listed"
    ).fetchall()
    return found
