"""A build of a few statements that says after each how far it is: `test_warehouse.py` kills it.

Arguments: its number, and the query of its rows, in which `{number}` and `{rows}` stand.
"""

from __future__ import annotations

import sys

import duckdb

from orchestration import warehouse
from orchestration.dbt_runs import Phase
from orchestration.home import Home


def main() -> None:
    home, number, rows = Home.from_environment(), int(sys.argv[1]), sys.argv[2]
    with warehouse.building(home, Phase.BEFORE_SEAL):
        with duckdb.connect(str(home.warehouse)) as connection:
            warehouse.configure(home, connection)
            for statement in (
                "select 1",
                f"create or replace table small as {rows.format(number=number, rows=1_000)}",
                f"create or replace table large as {rows.format(number=number, rows=300_000)}",
                "create table if not exists history (number bigint)",
                f"insert into history values ({number})",
            ):
                connection.execute(statement)
                print(statement, flush=True)
        print("closed", flush=True)
    with warehouse.building(home, Phase.AFTER_SEAL):
        print("decided", flush=True)
    print("committed", flush=True)
