"""The proof compares what it says: nothing is lost in the split, and no difference passes."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from tests.python.splits.landed_files import Split, read_all
from tests.python.splits.warehouses import differences

TABLES = (
    "create schema marts",
    "create schema intermediate",
    "create table marts.fct_items as select 'a' as item_id, 1.50 as amount union all "
    "select 'b', 2.50 union all select 'b', 2.50",
    "create table marts.fct_runs as select 'run-1' as run_id, {clock} as seconds",
    "create table intermediate.int_item_numbers as select 'new' as row_hash, 'INV1' as number",
)


def warehouse(path: Path, *changes: str, clock: int = 1) -> Path:
    with duckdb.connect(str(path)) as connection:
        for statement in (*TABLES, *changes):
            connection.execute(statement.format(clock=clock))
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("insert into marts.fct_items values ('c', 1)", "marts.fct_items: 1 rows only in kept"),
        (
            "update marts.fct_items set amount = 1.51 where item_id = 'a'",
            "    item_id a, amount 1.51",
        ),
        ("update marts.fct_items set amount = null where item_id = 'a'", "    item_id a"),
        (
            "delete from marts.fct_items where rowid = 1",
            "marts.fct_items: 1 rows only in rebuilt",
        ),
        ("update marts.fct_runs set run_id = 'run-2'", "    run_id run-2"),
        ("drop table marts.fct_items", "marts.fct_items: columns of kept None"),
        (
            "alter table marts.fct_items add column note varchar",
            "marts.fct_items: columns of kept ['item_id', 'amount', 'note']",
        ),
        ("create table marts.fct_more as select 1 as a", "marts.fct_more: columns of kept ['a']"),
        (
            "update intermediate.int_item_numbers set number = 'INV2'",
            "intermediate.int_item_numbers: 1 rows only in kept",
        ),
        (
            "delete from intermediate.int_item_numbers",
            "intermediate.int_item_numbers: 1 rows only in rebuilt",
        ),
        (
            "insert into intermediate.int_item_numbers from intermediate.int_item_numbers",
            "intermediate.int_item_numbers: 1 rows only in kept",
        ),
    ],
)
def test_a_difference_is_told(tmp_path: Path, change: str, said: str) -> None:
    kept = warehouse(tmp_path / "kept.duckdb", change)
    rebuilt = warehouse(tmp_path / "rebuilt.duckdb")
    found = differences(kept, rebuilt, ["intermediate", "marts"])
    assert any(line.startswith(said) for line in found), found


def test_what_differs_by_design_is_none(tmp_path: Path) -> None:
    kept = warehouse(tmp_path / "kept.duckdb", clock=2)
    rebuilt = warehouse(tmp_path / "rebuilt.duckdb")
    assert differences(kept, rebuilt, ["intermediate", "marts"]) == []


def test_only_three_rows_of_each_side_are_shown(tmp_path: Path) -> None:
    more = "insert into marts.fct_items select 'c' || r, r from range(9) as t(r)"
    kept = warehouse(tmp_path / "kept.duckdb", more)
    found = differences(kept, warehouse(tmp_path / "rebuilt.duckdb"), ["marts"])
    assert found[0] == "marts.fct_items: 9 rows only in kept"
    assert len(found) == 1 + 3 + 1


def test_every_row_lands_and_never_before_the_first_run(tmp_path: Path) -> None:
    """In order of time but for those that come late; and what is taken apart is whole together."""
    landing = tmp_path / "landing"
    (landing / "fx_rates").mkdir(parents=True)
    (landing / "bank_statements").mkdir()
    header = "rate_date,base_currency,quote_currency,source,rate\n"
    rows = [f"2026-05-{day:02d},EUR,USD,ECB,1.{day:02d}" for day in range(1, 31)]
    # the last line of a file may have no end
    (landing / "fx_rates" / "may.csv").write_text(header + "\n".join(rows), encoding="utf-8")
    (landing / "bank_statements" / "a.sta").write_text(":62F:C260520EUR1,\n", encoding="utf-8")
    moments = [datetime(2026, 5, day, 6) for day in (10, 20, 30)]
    arrived: list[list[str]] = [[], [], []]
    statements: Counter[int] = Counter()
    for seed in range(30):
        split = Split(read_all(landing), moments, random.Random(seed))
        landed = set()
        for run in range(3):
            target = tmp_path / f"{seed}_{run}"
            split.land(run, target)
            for path in target.rglob("*.csv"):
                head, *lines = path.read_text(encoding="utf-8").splitlines()
                assert head == header.strip()
                assert lines == sorted(lines), "in the order of the file"
                landed |= set(lines)
                arrived[run] += lines
            statements[run] += len(list(target.rglob("*.sta")))
        assert landed == set(rows)
    in_time = sum(line < "2026-05-10" for line in arrived[0]) / len(arrived[0])
    assert 0.8 < in_time < 1, "some come before their time"
    assert 0 < sum(line < "2026-05-10" for line in arrived[2]) < 100, "some come late, or again"
    assert statements[0] < statements[1] < 31 and statements[2] > 0
