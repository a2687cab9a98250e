"""What a model costs grows with what it reads, not with its square, and not with two to the power
of its steps: shown by its plan.

DuckDB compares all rows of both sides of a join whose on-clause holds something besides comparisons
of one side with the other, such as a condition on the left side alone in a left join. Keys that the
two sides share are then no help. And it plans twice what lies below a window: seven windows over
one another take a hundred times as long to plan as the first, whatever they read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from tests.python.tieout_process import Tieout

SHARED_KEY = re.compile(r"(?:\b[a-z_]\w*|\bEND|\)) (?:= |IN \()[a-z_]\w*")
SMALL = {
    "int_exceptions__current": "the kinds of exceptions, a seed in which * stands for any",
}
"""Models that compare all with all, on purpose, and what bounds one side."""

MOST_WINDOWS = 7
"""Over one another, as DuckDB plans them: one for all windows of a select."""


def joins_without_use_of_keys(plan: dict[str, Any]) -> Iterator[str]:
    if plan["name"].strip() == "BLOCKWISE_NL_JOIN":
        condition = str(plan["extra_info"].get("Condition", plan["extra_info"]))
        if SHARED_KEY.search(condition):
            yield condition
    for child in plan["children"]:
        yield from joins_without_use_of_keys(child)


def windows_over_windows(plan: dict[str, Any]) -> tuple[int, int]:
    """How many windows lie over one another from here, and how many do anywhere below."""
    below = [windows_over_windows(child) for child in plan["children"]]
    here = max((depth for depth, _ in below), default=0)
    here += plan["name"].strip() == "WINDOW"
    most = max([here, *(most for _, most in below)])
    # what is computed as it stands is planned by itself
    return (0 if plan["name"].strip() == "CTE" else here), most


def found_in(compiled: Path, connection: duckdb.DuckDBPyConnection) -> list[str]:
    query = compiled.read_text(encoding="utf-8")
    found = []
    (root,) = planned(query, "optimized_only", connection)
    most = windows_over_windows(root)[1]
    if most > MOST_WINDOWS:
        found.append(
            f"{compiled.stem} has {most} windows over one another, and the planner needs twice "
            "the time for each. Let some steps be computed as they stand: as {{ materialized() }}"
        )
    if compiled.stem not in SMALL:
        found.extend(
            f"{compiled.stem} compares all rows with all, though keys are shared. Let every part "
            f"of the on-clause compare the two sides (give a constant a column): {condition}"
            for root in planned(query, "physical_only", connection)
            for condition in joins_without_use_of_keys(root)
        )
    return found


def planned(query: str, kind: str, connection: duckdb.DuckDBPyConnection) -> Any:
    connection.execute(f"set explain_output = '{kind}'")
    [(_, plan)] = connection.execute(f"explain (format json) {query}").fetchall()
    return json.loads(plan)


def test_no_plan_grows_with_the_square_of_rows_or_the_power_of_steps(reconciled: Tieout) -> None:
    models = sorted(
        path
        for path in (reconciled.home.target / "compiled" / "tieout" / "models").rglob("*.sql")
        # tests of columns are compiled into a folder named like the file that holds them
        if not path.parent.name.endswith(".yml")
    )
    assert len(models) > 150, "the run has left no compiled models"

    with duckdb.connect(str(reconciled.home.warehouse), read_only=True) as connection:
        found = [complaint for path in models for complaint in found_in(path, connection)]
    assert not found, "\n".join(found)


def test_a_condition_on_one_side_is_found() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table a as select range as id, range as kind from range(9)")
        connection.execute("create table b as select range as id from range(9)")
        plan = planned(
            "select * from a left join b on a.kind > 3 and a.id = b.id", "physical_only", connection
        )
    assert [found for root in plan for found in joins_without_use_of_keys(root)]


def test_windows_are_counted_up_to_what_is_computed_as_it_stands() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table step_0 as select range as a, range as b from range(9)")
        for kind, most in (("", 6), ("materialized", 1)):
            steps = ", ".join(
                f"step_{n + 1} as {kind} "
                f"(select b, row_number() over (partition by b order by a) as a from step_{n})"
                for n in range(6)
            )
            (root,) = planned(f"with {steps} select * from step_6", "optimized_only", connection)
            assert windows_over_windows(root)[1] == most
