"""Publications: swapped in one step, under names that are not used twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration import publication, publish
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
    (home.published / publish.COPY).write_bytes(b"half")
    for value in range(4):
        warehouse_with(home, value)
        publish.publish(home, f"run-{value}", keep=2)
    kept = ["run-2.duckdb", "run-3.duckdb"]
    assert sorted(path.name for path in home.published.iterdir()) == ["masked", *kept]
    assert sorted(path.name for path in home.masked.iterdir()) == kept
    assert served(home) == 3


def test_a_copy_that_was_made_meanwhile_is_what_a_publication_begins_with(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse_with(home, 1)
    publish.publish(home, "run-a")
    with publish.copying(home):
        warehouse_with(home, 2)
    copied: list[str] = []
    monkeypatch.setattr(publish.shutil, "copyfile", lambda *paths: copied.append(str(paths)))
    publish.publish(home, "run-b")
    assert (served(home), copied) == (2, [])
    assert [path.name for path in publish.publications(home)] == ["run-b.duckdb", "run-a.duckdb"]
    assert not list(home.published.glob("*.copy"))


def test_a_copy_of_another_publication_is_not_begun_with(home: Home) -> None:
    warehouse_with(home, 1)
    first = publish.publish(home, "run-a")
    with publish.copying(home):
        pass
    first.rename(first.with_stem("run-b"))
    publish.serve(home, first.with_stem("run-b"))
    warehouse_with(home, 2)
    publish.publish(home, "run-c")
    assert served(home) == 2
    assert not list(home.published.glob("*.copy"))


def test_no_copy_is_left_where_a_run_stops(home: Home) -> None:
    warehouse_with(home, 1)
    publish.publish(home, "run-a")
    with pytest.raises(KeyError), publish.copying(home):
        raise KeyError
    assert sorted(path.name for path in home.published.rglob("*")) == [
        "masked",
        "run-a.duckdb",
        "run-a.duckdb",
    ]
    warehouse_with(home, 2)
    publish.publish(home, "run-b")
    assert served(home) == 2


def test_a_warehouse_without_marts_leaves_the_former_publication(home: Home) -> None:
    warehouse_with(home, 1)
    publish.publish(home, "run-a")
    home.warehouse.unlink()
    duckdb.connect(str(home.warehouse)).close()
    with pytest.raises(publication.PublishError, match="incomplete"):
        publish.publish(home, "run-b")
    assert served(home) == 1


def test_reading_before_the_first_run_says_what_to_do(home: Home) -> None:
    with pytest.raises(publication.PublishError, match="make run"), publish.reading(home):
        pass


def warehouse_of(home: Home, *statements: str) -> None:
    home.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create schema marts")
        for statement in statements:
            connection.execute(statement)


def rows(home: Home, query: str = "from marts.t order by all") -> list[tuple[object, ...]]:
    with publish.reading(home) as connection:
        return connection.execute(query).fetchall()


MANY = "create table marts.t as select r as id, 'text ' || r as text from range({}) as x(r)"


@pytest.fixture
def thousand(home: Home, made_once: Callable[..., Home]) -> Home:
    """A home that has published a thousand rows as run-a."""

    def make(home: Home) -> None:
        warehouse_of(home, MANY.format(1000))
        publish.publish(home, "run-a")

    return made_once("thousand published", home, make)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("select 1", id="nothing"),
        pytest.param("update marts.t set text = null where id = 7", id="a value is gone"),
        pytest.param("insert into marts.t values (-1, null)", id="a row more"),
        pytest.param("delete from marts.t where id < 20", id="rows fewer"),
        pytest.param("insert into marts.t select * from marts.t where id = 5", id="a row twice"),
        pytest.param("update marts.t set text = upper(text)", id="all"),
        pytest.param("delete from marts.t", id="none left"),
        pytest.param("alter table marts.t add column more int default 3", id="a column more"),
        pytest.param("alter table marts.t alter text type varchar[] using [text]", id="a type"),
        pytest.param("create table marts.u as select 1 as a", id="a table more"),
        pytest.param(
            "create table marts.u as select 1 as a; drop table marts.t", id="a table fewer"
        ),
    ],
)
def test_a_publication_shows_the_marts_whatever_changed(thousand: Home, change: str) -> None:
    home = thousand
    warehouse_of(home, MANY.format(1000), change)
    publish.publish(home, "run-b")
    tables = rows(home, "select table_name from information_schema.tables order by all")
    assert tables == [("u",)] if "drop" in change else ("t",) in tables
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        for (name,) in tables:
            wanted = connection.execute(f"from marts.{name} order by all").fetchall()
            assert rows(home, f"from marts.{name} order by all") == wanted


def test_a_row_twice_that_is_single_again(home: Home) -> None:
    twice = "insert into marts.t select * from marts.t where id = 5"
    warehouse_of(home, MANY.format(1000), twice)
    publish.publish(home, "run-a")
    assert rows(home, "select count(*) from marts.t") == [(1001,)]
    warehouse_of(home, MANY.format(1000))
    publish.publish(home, "run-b")
    assert rows(home, "select count(*) from marts.t") == [(1000,)]


def test_only_what_changed_is_written(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse_of(home, MANY.format(1000), MANY.format(1000).replace("marts.t", "marts.u"))
    publish.publish(home, "run-a")
    written: list[tuple[str, bool]] = []
    write_changes = publication._changes_written

    def noted(connection: duckdb.DuckDBPyConnection, name: str, *rest: str) -> bool:
        written.append((name, write_changes(connection, name, *rest)))
        return written[-1][1]

    change = "update marts.u set text = 'other' where id = 7"
    warehouse_of(home, MANY.format(1000), MANY.format(1000).replace("marts.t", "marts.u"), change)
    with monkeypatch.context() as watched:
        watched.setattr(publication, "_changes_written", noted)
        path = publish.publish(home, "run-b")
    assert sorted(written) == [("t", True)] * 2 + [("u", True)] * 2, "no table was written anew"
    assert path.stat().st_size < 2 * (home.published / "run-a.duckdb").stat().st_size
    assert rows(home, "select text from marts.u where id = 7") == [("other",)]


TOLD = {
    "by parts": (
        "delete from marts.t where id in (7, 8); "
        "insert into marts.t values (7, 'other'), (-1, null)",
        "select 7 as id, 'text 7' as text, 'went' as change union all "
        "values (8, 'text 8', 'went'), (7, 'other', 'came'), (-1, null, 'came')",
        "'id'",
    ),
    "of a table that was compared": (
        "delete from marts.t where id in (7, 8); "
        "insert into marts.t values (7, 'other'), (-1, null)",
        "select 7 as id, 'text 7' as text, 'went' as change union all "
        "values (8, 'text 8', 'went'), (7, 'other', 'came'), (-1, null, 'came')",
        "null",
    ),
    "nearly all": (
        "update marts.t set text = 'other'",
        "select id, 'text ' || id as text, 'went' as change from marts.t union all "
        "select *, 'came' from marts.t",
        "null",
    ),
    "rows that were added": (
        "insert into marts.t values (-1, null)",
        "select -1 as id, cast(null as varchar) as text, 'came' as change",
        "''",
    ),
    "nothing": ("select 1", "select *, '' as change from marts.t limit 0", "null"),
}


def warehouse_that_tells(home: Home, told: str, built_on: str | None) -> None:
    change, changes, by = TOLD[told]
    warehouse_of(
        home,
        MANY.format(1000),
        change,
        "create schema changes",
        f"create table changes.t as {changes}",
        f"comment on table changes.t is {by}",
        f"create table changes.last_run as select 'run-b' as run_id, {built_on} as built_on",
    )


@pytest.mark.parametrize("told", TOLD)
def test_what_the_warehouse_tells_is_written_without_comparing(
    thousand: Home, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    home = thousand
    warehouse_that_tells(home, told, "'run-a'")
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        wanted = connection.execute("from marts.t order by all").fetchall()
    monkeypatch.delattr(publication, "_changes_written")
    publish.publish(home, "run-b")
    assert rows(home, "from marts.t order by all") == wanted


@pytest.mark.parametrize("built_on", ["'run-0'", "null"])
def test_changes_since_another_state_than_the_published_one_are_not_believed(
    home: Home, built_on: str
) -> None:
    """The run between was not published, or all was computed whole."""
    warehouse_of(home, MANY.format(900))
    publish.publish(home, "run-a")
    warehouse_that_tells(home, "rows that were added", built_on)
    publish.publish(home, "run-b")
    assert rows(home, "select count(*) from marts.t") == [(1001,)]


def test_a_mart_whose_told_changes_do_not_come_out_is_compared(home: Home) -> None:
    warehouse_of(home, MANY.format(900))
    publish.publish(home, "run-a")
    warehouse_that_tells(home, "rows that were added", "'run-a'")
    publish.publish(home, "run-b")
    assert rows(home, "select count(*), count(distinct id) from marts.t") == [(1001, 1001)]


def test_a_former_publication_that_cannot_be_read_is_not_built_on(home: Home) -> None:
    warehouse_of(home, MANY.format(1000))
    first = publish.publish(home, "run-a")
    first.write_bytes(b"damaged")
    publish.publish(home, "run-b")
    assert len(rows(home)) == 1000


def test_a_publication_that_holds_much_room_for_nothing_is_packed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication, "SMALLEST_TO_PACK", 1)
    warehouse_of(home, MANY.format(400_000))
    first = publish.publish(home, "run-a")
    warehouse_of(home, MANY.format(1000))
    second = publish.publish(home, "run-b")
    assert len(rows(home)) == 1000
    assert second.stat().st_size < first.stat().st_size / 2
