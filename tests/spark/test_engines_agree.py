"""Spark and DuckDB make the same marts of the same raw files: row for row, and type for type."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

import duckdb
import pytest

from tests.spark.conftest import Build

pytestmark = [pytest.mark.spark, pytest.mark.slow]


@pytest.fixture(params=["first_run", "later_run"])
def build(request: pytest.FixtureRequest) -> Build:
    """What both engines made of a first run, and of a later one on a sealed journal."""
    return request.getfixturevalue(request.param)


def tables_of(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    """The tables that the DuckDB build made in a schema."""
    rows = connection.execute(
        """
        select table_name from information_schema.tables
        where table_catalog = 'built' and table_schema = ? and table_type = 'BASE TABLE'
        order by table_name
        """,
        [schema],
    ).fetchall()
    return [name for (name,) in rows]


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    """Names and types of a relation's columns, in order."""
    rows = connection.execute(f"describe {relation}").fetchall()
    return [(name, type_) for name, type_, *_ in rows]


def differences(warehouse: Path, spark: Path, schema: str = "marts") -> list[str]:
    """One line for each table that is not the same in both builds; no line when all agree.

    Types count in the marts, whose contracts fix them; below, a counter may be INT or BIGINT.
    """
    found = []
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as built (read_only)")
        for table in tables_of(connection, schema):
            files = f"{spark}/{schema}.db/{table}/*.parquet"
            on_duckdb = f"built.{schema}.{table}"
            if not list((spark / f"{schema}.db" / table).glob("*.parquet")):
                # Spark writes no file for a seed without rows
                is_empty = connection.sql(f"from {on_duckdb} limit 1").fetchall() == []
                if not (is_empty and (spark / f"{schema}.db" / table).is_dir()):
                    found.append(f"{table}: Spark did not build it")
                continue
            on_spark = f"read_parquet('{files}')"
            columns = columns_of(connection, on_duckdb)
            types = columns_of(connection, f"select * from {on_spark}")
            if columns != types and schema == "marts":
                pairs = [pair for pair in zip_longest(columns, types) if pair[0] != pair[1]]
                found.append(f"{table}: types differ (DuckDB, Spark): {pairs}")
                continue
            names = ", ".join(f'"{name}"' for name, _ in columns)
            for one, other, engine in (
                (on_duckdb, on_spark, "DuckDB"),
                (on_spark, on_duckdb, "Spark"),
            ):
                rows = connection.execute(
                    f"select {names} from {one} except all select {names} from {other}"
                ).fetchall()
                if rows:
                    found.append(f"{table}: {len(rows)} rows on {engine} alone, such as {rows[0]}")
    return found


@pytest.mark.parametrize("schema", ["staging", "seeds"])
def test_staging_is_equal(staged: Build, schema: str) -> None:
    found = differences(staged.warehouse, staged.spark, schema)
    assert not found, "\n".join(found)


@pytest.mark.thorough
@pytest.mark.parametrize("schema", ["marts", "intermediate", "staging", "seeds"])
def test_tables_are_equal(build: Build, schema: str) -> None:
    found = differences(build.warehouse, build.spark, schema)
    assert not found, "\n".join(found)


@pytest.mark.thorough
def test_there_is_something_to_compare(build: Build) -> None:
    """Two empty warehouses would be equal too."""
    with duckdb.connect(str(build.warehouse), read_only=True) as connection:
        for mart in ("fct_items", "fct_matches", "fct_match_allocations", "fct_exceptions"):
            rows = connection.execute(f"select count(*) from marts.{mart}").fetchone()
            assert rows is not None
            assert rows[0] > 20, mart


@pytest.mark.thorough
def test_comparison_sees_a_difference(first_run: Build, tmp_path: Path) -> None:
    """One cent, moved on one side, is found."""
    folder = tmp_path / "marts.db" / "fct_items"
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{first_run.warehouse}' as built (read_only)")
        connection.execute(
            f"""
            copy (
                select * replace (
                    cast(
                        if(item_id = (select min(item_id) from built.marts.fct_items), 0.01, 0)
                        + amount as decimal(38, 10)
                    ) as amount
                )
                from built.marts.fct_items
            ) to '{folder}/part.parquet' (format parquet)
            """
        )
    found = differences(first_run.warehouse, tmp_path)
    assert any(line.startswith("fct_items") for line in found)


@pytest.mark.thorough
def test_macros_hold_on_spark(macro_tests_on_spark: None) -> None:
    """The fixture fails with dbt's log when a macro means another thing on Spark."""
