"""Copies of a built home whose warehouse a test may break, and the dbt tests run on them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb


@dataclass
class DbtServer:
    """A running `dbt_server.py`."""

    process: subprocess.Popen[str]

    def test(
        self, home: Path, *names: str, unbroken: Path | None = None
    ) -> dict[str, dict[str, Any]]:
        """Run data tests by name on a home; the results by name, with status and failures.

        With `unbroken` as in a run on that home, which asks about what has changed (`test.sql`).
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = {
            "home": str(home),
            "select": names,
            "unbroken": None if unbroken is None else str(unbroken),
        }
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"dbt ended, exit status {self.process.wait()}; see its output above"
        answer: dict[str, Any] = json.loads(line)
        assert "error" not in answer, answer.get("error")
        results: dict[str, dict[str, Any]] = answer["results"]
        missing = set(names) - set(results)
        assert not missing, f"dbt knows no data test named {', '.join(sorted(missing))}"
        return results


@dataclass
class Copy:
    """A copy of the built home. `execute` and `breaks` write to its warehouse."""

    home: Path
    server: DbtServer
    unbroken: Path

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    def execute(self, *statements: str) -> list[int]:
        """Run statements on the warehouse; the number of rows that each of them changed."""
        changed = []
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            for statement in statements:
                row = connection.execute(statement).fetchone()
                changed.append(int(row[0]) if row else 0)
        return changed

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(statement).fetchall()

    def breaks(self, *statements: str) -> Copy:
        """Run statements that each must change a row: one that hits nothing proves nothing."""
        for statement, changed in zip(statements, self.execute(*statements), strict=True):
            assert changed > 0, f"the mutation changed no row: {statement}"
        return self

    @contextmanager
    def restored(self, table: str) -> Iterator[None]:
        """Afterwards a table is as it was before, so that one copy serves many mutations."""
        try:
            yield
        finally:
            self.execute(
                f"attach '{self.unbroken}/warehouse.duckdb' as unbroken (read_only)",
                f"delete from {table}",
                f"insert into {table} select * from unbroken.{table}",
            )

    def fails(self, test: str) -> int:
        """The dbt test finds the damage, of all rows and of those that a run has changed.

        The number of rows that it reports of all.
        """
        result = self.server.test(self.home, test)[test]
        assert result["status"] == "fail", f"{test} did not fail: {result}"
        in_a_run = self.server.test(self.home, test, unbroken=self.unbroken)[test]
        assert in_a_run["status"] == "fail", f"{test} did not fail in a run: {in_a_run}"
        return int(result["failures"])

    def passes(self, *tests: str) -> None:
        """The dbt tests find nothing."""
        for unbroken in (None, self.unbroken):
            results = self.server.test(self.home, *tests, unbroken=unbroken)
            wrong = {name: result for name, result in results.items() if result["status"] != "pass"}
            assert not wrong, wrong


Breaker = Callable[..., Copy]
"""Takes statements that each must change a row, gives the copy that they broke."""


def one(table: str, condition: str = "true") -> str:
    """A condition that picks the first row of a mart for which `condition` holds."""
    return f"rowid = (select min(rowid) from marts.{table} where {condition})"
