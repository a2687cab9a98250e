"""A model in steps is the model: what Spark needs to plan the long ones, run on DuckDB.

`write_steps` makes tables of the steps that Spark would plan many times. What it makes of every
model of a reconciled company must give the model's rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pytest

from tests.python.tieout_process import Tieout

MACROS = Path(__file__).resolve().parents[3] / "macros" / "cross_engine" / "steps.sql"

Writing = Callable[..., tuple[list[str], str]]
"""Takes what `write_steps` takes; returns what it runs, and the SQL that is left."""


@pytest.fixture(scope="module")
def write_steps() -> Writing:
    """The macro as it stands, with a record of its queries."""
    ran: list[str] = []
    returned: list[str] = []
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)
    environment.globals.update(
        {
            "modules": SimpleNamespace(re=re),
            "run_query": ran.append,
            "return": returned.append,
        }
    )
    macros: Any = environment.from_string(MACROS.read_text(encoding="utf-8")).module

    def write(name: str, sql: str, **options: int) -> tuple[list[str], str]:
        ran.clear()
        macros.write_steps(SimpleNamespace(identifier=name), sql, **options)
        return list(ran), returned.pop()

    return write


def compiled_models(reconciled: Tieout) -> dict[str, str]:
    """What dbt made of each model, without the word that Spark's SQL does not have."""
    folder = reconciled.home.target / "compiled" / "tieout" / "models"
    return {
        path.stem: re.sub(
            r"\bas\s+(not\s+)?materialized\s*\(", "as (", path.read_text(encoding="utf-8")
        )
        for path in sorted(folder.rglob("*.sql"))
        # tests of columns are compiled into a folder named like the file that holds them
        if not path.parent.name.endswith(".yml")
    }


def written(queries: list[str]) -> list[str]:
    """Names of the tables that queries create."""
    return [query.split()[2] for query in queries if query.startswith("create table ")]


def test_a_model_in_steps_has_the_rows_of_the_model(
    reconciled: Tieout, write_steps: Writing
) -> None:
    in_steps = 0
    with duckdb.connect() as connection:
        connection.execute(f"attach '{reconciled.home.warehouse}' as warehouse (read_only)")
        connection.execute("attach ':memory:' as kept")
        for name, sql in compiled_models(reconciled).items():
            queries, rest = write_steps(name, sql)
            if not written(queries):
                assert rest == sql
                continue
            in_steps += 1
            connection.execute("use warehouse")
            connection.execute(f"create or replace table kept.whole as {sql}")
            for query in [*queries, f"create or replace table kept.parts as {rest}"]:
                connection.execute(query.replace("written_steps", "kept.written_steps"))
            for one, other in (("whole", "parts"), ("parts", "whole")):
                alone = connection.execute(
                    f"select count(*) from (from kept.{one} except all from kept.{other})"
                ).fetchone()
                assert alone == (0,), f"{name}: rows of {one} alone"
    assert in_steps > 20


def test_every_step_is_seen(reconciled: Tieout, write_steps: Writing) -> None:
    """A CTE that is not laid out as the macro expects would be planned as often as before."""
    for name, sql in compiled_models(reconciled).items():
        code = re.sub(r"--[^\n]*", "", sql)
        read_again = {
            step
            for step in re.findall(r"\b([a-z0-9_]+) as \(\s*(?:with|select)\b", code)
            if len(re.findall(rf"\b(?:from|join)\s+{step}\b", code)) > 1
        }
        queries, _ = write_steps(name, sql, largest_copy=0)
        seen = {table.removeprefix(f"written_steps.{name}__") for table in written(queries)}
        assert read_again == seen, name


def test_a_step_is_written_for_what_its_further_readers_would_plan(write_steps: Writing) -> None:
    sql = """-- Reads first twice, and long twice.
with

first as (select * from a_source),

long as (
    -- from first, but this says so only
    select {columns}
    from first
),

once as (
    select long.x from long
),

final as (
    select * from once
    union all
    select long.x from long inner join first on long.x = first.x
)

select * from final
""".format(columns=", ".join(f"x + {number} as x_{number}" for number in range(30)))
    queries, rest = write_steps("model", sql, largest_copy=500)
    assert queries[1:] == [
        "drop table if exists written_steps.model__long",
        "create table written_steps.model__long as "
        + sql[: sql.index("\n),\n\nonce")]
        + "\n) select * from long",
    ]
    assert "long as (\nselect * from written_steps.model__long\n)," in rest
    assert write_steps("model", sql, largest_copy=5000) == ([], sql)


def test_a_step_that_reads_itself_stays(write_steps: Writing) -> None:
    sql = """with recursive

walk as (
    select 1 as place
    union all
    select walk.place + 1 from walk where walk.place < 3
)

select * from walk cross join walk as other
"""
    assert write_steps("model", sql, largest_copy=0) == ([], sql)
