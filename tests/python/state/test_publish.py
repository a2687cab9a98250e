"""Publications: swapped in one step, under names that are not used twice."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from orchestration import publish
from orchestration.home import Home


def warehouse_with(home: Home, value: int) -> None:
    home.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create schema marts; create schema intermediate")
        connection.execute(
            f"create table marts.fct_items as select cast({value} as decimal(38, 10)) as amount"
        )
        connection.execute(
            "create view marts.agg_items as select count(*) as n from marts.fct_items"
        )
        connection.execute("create table intermediate.int_items as select 1 as secret")


def served(home: Home) -> int:
    with publish.reading(home) as connection:
        row = connection.execute("select amount from marts.fct_items").fetchone()
    assert row is not None
    return int(row[0])


def test_marts_alone_are_published_views_included(home: Home) -> None:
    warehouse_with(home, 1)
    publish.publish(home, "run-a")
    with publish.reading(home) as connection:
        tables = connection.execute(
            "select table_schema, table_name, table_type from information_schema.tables order by 2"
        ).fetchall()
    assert tables == [("marts", "agg_items", "BASE TABLE"), ("marts", "fct_items", "BASE TABLE")]


def test_the_link_is_relative_so_that_a_home_can_be_moved(home: Home, tmp_path: Path) -> None:
    warehouse_with(home, 1)
    publish.publish(home, "run-a")
    assert os.readlink(home.serving) == "published/run-a.duckdb"
    home.root.rename(tmp_path / "moved")
    assert served(Home(tmp_path / "moved")) == 1


def test_the_same_run_published_twice_gets_a_new_name(home: Home) -> None:
    warehouse_with(home, 1)
    first = publish.publish(home, "run-a")
    with publish.reading(home) as reader:  # a dashboard holds the first one open
        warehouse_with(home, 2)
        second = publish.publish(home, "run-a")
        assert second != first
        assert reader.execute("select amount from marts.fct_items").fetchall()[0][0] == 1
        assert served(home) == 2


def test_the_last_publications_are_kept_and_leftovers_removed(home: Home) -> None:
    (home.published / "run-x.duckdb.tmp").write_bytes(b"half")
    (home.published / "run-x.duckdb.tmp.wal").write_bytes(b"half")
    for value in range(4):
        warehouse_with(home, value)
        publish.publish(home, f"run-{value}", keep=2)
    assert sorted(path.name for path in home.published.iterdir()) == [
        "run-2.duckdb",
        "run-3.duckdb",
    ]
    assert served(home) == 3


def test_a_warehouse_without_marts_leaves_the_former_publication(home: Home) -> None:
    warehouse_with(home, 1)
    publish.publish(home, "run-a")
    home.warehouse.unlink()
    duckdb.connect(str(home.warehouse)).close()
    with pytest.raises(publish.PublishError, match="incomplete"):
        publish.publish(home, "run-b")
    assert served(home) == 1


def test_reading_before_the_first_run_says_what_to_do(home: Home) -> None:
    with pytest.raises(publish.PublishError, match="make run"), publish.reading(home):
        pass
