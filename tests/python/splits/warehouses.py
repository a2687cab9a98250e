"""What differs between the tables of two warehouses, row for row."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb

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
