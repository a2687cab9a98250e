"""The command line as a process of its own, and the comparison of what two runs published."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.home import Home
from tests.python import tieout_server

PROJECT = Path(__file__).resolve().parents[2]
AS_OF = "2026-07-01T06:00:00Z"
DEMO = ["demo", "--seed", "7", "--invoices", "150", "--months", "2", "--end", "2026-06-30"]

# What differs between two runs of the same inputs: the wall clock, and nothing else.
WALL_CLOCK = {
    "fct_runs": {"started_at", "finished_at", "seconds", "cost_per_match"},
}


ON_SHARED_CORES = {"TIEOUT_DBT_THREADS": "2", "TIEOUT_DUCKDB_THREADS": "1"}
"""Two stages of tests share two cores (`.ci/test`): each run takes less of them, and no longer."""


@dataclass(frozen=True)
class Tieout:
    """The command line, called as a process of its own on one home."""

    home: Home
    as_of: str = AS_OF
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
        return {
            **kept,
            **ON_SHARED_CORES,
            "TIEOUT_HOME": str(self.home.root),
            "TIEOUT_AS_OF": self.as_of,
            "PYTHONPATH": str(PROJECT),
            **self.settings,
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "orchestration.cli", *arguments]

    def afresh(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call in a process that Python starts, as a person does."""
        return subprocess.run(
            self.command(*arguments),
            cwd=PROJECT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call in a process that has loaded everything (`tieout_server.py`)."""
        return tieout_server.run("orchestration.cli", arguments, self.environment())

    def succeed(self, *arguments: str) -> str:
        """Call, and fail the test with what it printed unless the exit status is 0."""
        done = self(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout


def mart_differences(
    one: Path, other: Path, ignored: Mapping[str, set[str]] | None = None
) -> list[str]:
    """What differs between the marts of two publications, but for the wall clock and `ignored`."""
    with duckdb.connect() as connection:
        for name, path in (("one", one), ("other", other)):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        tables = {
            name: {
                table
                for (table,) in connection.execute(
                    "select table_name from information_schema.tables "
                    f"where table_catalog = '{name}' and table_schema = 'marts'"
                ).fetchall()
            }
            for name in ("one", "other")
        }
        differences = [f"only in one of both: {t}" for t in tables["one"] ^ tables["other"]]
        for table in sorted(tables["one"] & tables["other"]):
            skipped = WALL_CLOCK.get(table, set()) | (ignored or {}).get(table, set())
            columns_of = {
                name: [
                    column
                    for (column,) in connection.execute(
                        "select column_name from information_schema.columns "
                        f"where table_catalog = '{name}' and table_schema = 'marts' "
                        f"and table_name = '{table}' order by ordinal_position"
                    ).fetchall()
                    if column not in skipped
                ]
                for name in ("one", "other")
            }
            columns = columns_of["one"]
            if columns != columns_of["other"]:
                differences.append(f"{table}: other columns: {columns_of}")
                continue
            wanted = ", ".join(f'"{column}"' for column in columns)
            for here, there in (("one", "other"), ("other", "one")):
                rows = connection.execute(
                    f"select {wanted} from {here}.marts.{table} "
                    f"except all select {wanted} from {there}.marts.{table} limit 2"
                ).fetchall()
                differences.extend(f"{table}, only in {here}: {columns} {row}" for row in rows)
        return differences
