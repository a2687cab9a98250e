"""What a model costs grows with what it reads, not with its square: shown by its plan.

DuckDB compares all rows of both sides of a join whose on-clause holds something besides comparisons
of one side with the other, such as a condition on the left side alone in a left join. Keys that the
two sides share are then no help.
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


def joins_without_use_of_keys(plan: dict[str, Any]) -> Iterator[str]:
    if plan["name"].strip() == "BLOCKWISE_NL_JOIN":
        condition = str(plan["extra_info"].get("Condition", plan["extra_info"]))
        if SHARED_KEY.search(condition):
            yield condition
    for child in plan["children"]:
        yield from joins_without_use_of_keys(child)


def found_in(compiled: Path, connection: duckdb.DuckDBPyConnection) -> list[str]:
    [(_, plan)] = connection.execute(f"explain (format json) {compiled.read_text()}").fetchall()
    return [
        f"{compiled.stem} compares all rows with all, though keys are shared. Let every part of "
        f"the on-clause compare the two sides (give a constant a column): {condition}"
        for root in json.loads(plan)
        for condition in joins_without_use_of_keys(root)
    ]


def test_no_model_compares_all_rows_with_all(reconciled: Tieout) -> None:
    models = sorted(
        path
        for path in (reconciled.home.target / "compiled" / "tieout" / "models").rglob("*.sql")
        # tests of columns are compiled into a folder named like the file that holds them
        if not path.parent.name.endswith(".yml")
    )
    assert len(models) > 150, "the run has left no compiled models"

    with duckdb.connect(str(reconciled.home.warehouse), read_only=True) as connection:
        found = [
            complaint
            for path in models
            if path.stem not in SMALL
            for complaint in found_in(path, connection)
        ]
    assert not found, "\n".join(found)


def test_a_condition_on_one_side_is_found() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table a as select range as id, range as kind from range(9)")
        connection.execute("create table b as select range as id from range(9)")
        [(_, plan)] = connection.execute(
            "explain (format json) select * from a left join b on a.kind > 3 and a.id = b.id"
        ).fetchall()
    assert [found for root in json.loads(plan) for found in joins_without_use_of_keys(root)]
