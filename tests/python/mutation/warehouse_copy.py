"""A copy of a built home whose warehouse tests may break, and the dbt tests run on it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.python.tieout_server import Forked


@dataclass
class DbtServer:
    """A running `dbt_server.py`."""

    process: Forked

    def test(
        self, home: Path, *names: str, unbroken: Path | None = None
    ) -> dict[str, dict[str, Any]]:
        """Run data tests by name on a home; the results by name, with status and failures.

        With `unbroken` as in a run on that home, which asks about what has changed (`test.sql`).
        """
        results: dict[str, dict[str, Any]] = self._ask(home, unbroken, select=names)["results"]
        missing = set(names) - set(results)
        assert not missing, f"dbt knows no data test named {', '.join(sorted(missing))}"
        return results

    def execute(self, home: Path, unbroken: Path, statements: Sequence[str]) -> list[Any]:
        """Execute statements in the warehouse of a home, beside which another is `unbroken`; the
        rows of each."""
        rows: list[Any] = self._ask(home, unbroken, statements=statements)["rows"]
        return rows

    def _ask(self, home: Path, unbroken: Path | None, **asked: Sequence[str]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        place = {"home": str(home), "unbroken": None if unbroken is None else str(unbroken)}
        self.process.stdin.write(json.dumps(place | asked) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"dbt ended, exit status {self.process.wait()}; see its output above"
        answer: dict[str, Any] = json.loads(line)
        assert "error" not in answer, answer.get("error")
        return answer


WRITES = re.compile(r"\s*(?:update|delete from|insert into|create or replace table)\s+(\w+\.\w+)\b")


@dataclass
class Copy:
    """A copy of the built home. `execute` and `breaks` write to its warehouse."""

    home: Path
    server: DbtServer
    unbroken: Path
    _written: set[str] = field(default_factory=set)

    def execute(self, *statements: str) -> list[int]:
        """Run statements that write on the warehouse; the number of rows that each has changed."""
        for statement in statements:
            written = WRITES.match(statement)
            assert written, f"it is not seen which table this writes: {statement}"
            self._written.add(written[1])
        done = self.server.execute(self.home, self.unbroken, statements)
        return [int(rows[0][0]) if rows else 0 for rows in done]

    def query(self, statement: str) -> list[Any]:
        """Rows of a query on the warehouse."""
        [rows] = self.server.execute(self.home, self.unbroken, [statement])
        return list(rows)

    def breaks(self, *statements: str) -> Copy:
        """Run statements that each must change a row: one that hits nothing proves nothing."""
        for statement, changed in zip(statements, self.execute(*statements), strict=True):
            assert changed > 0, f"the mutation changed no row: {statement}"
        return self

    @contextmanager
    def restored(self) -> Iterator[Copy]:
        """Afterwards all tables are as they were before: one copy serves all mutations, for to copy
        a warehouse and to open it costs more than most of them."""
        try:
            yield self
        finally:
            # made anew, a table's rows have the numbers again that mutations pick them by
            self.server.execute(
                self.home,
                self.unbroken,
                [
                    f"create or replace table {table} as from unbroken.{table}"
                    for table in sorted(self._written)
                ],
            )
            self._written.clear()

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
