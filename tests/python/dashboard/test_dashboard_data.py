"""The way to the published file: read-only, locked down, following each new publication."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import duckdb
import pytest

from dashboard import data
from orchestration.home import Home
from tests.python.dashboard import small_company
from tests.python.dashboard.marts_file import publish, write_marts

DASHBOARD = Path(data.__file__).parent


def test_nothing_published_says_so(home: Path) -> None:
    with pytest.raises(data.NotPublishedError, match=r"serving\.duckdb does not exist"):
        data.Store().current(Home(home))


def test_a_dangling_link_is_nothing_published(home: Path) -> None:
    (home / "serving.duckdb").symlink_to("published/gone.duckdb")
    with pytest.raises(data.NotPublishedError):
        data.locate(Home(home))


def test_a_file_that_is_not_a_database_says_how_to_mend_it(home: Path) -> None:
    (home / "serving.duckdb").write_text("not a database", encoding="utf-8")
    with pytest.raises(data.NotPublishedError, match="tieout run"):
        data.Store().current(Home(home))


def test_the_warehouse_is_refused(home: Path) -> None:
    write_marts(home / "warehouse.duckdb", {})
    (home / "serving.duckdb").symlink_to("warehouse.duckdb")
    with pytest.raises(data.NotPublishedError, match="only a run may open"):
        data.locate(Home(home))


def test_a_publication_cannot_be_written_and_cannot_reach_out(published: Path) -> None:
    publication = data.Store().current(Home(published))
    with publication.cursor() as cursor:
        with pytest.raises(duckdb.Error, match="read-only"):
            cursor.execute("create table marts.mine (i int)")
        with pytest.raises(duckdb.Error, match="disabled by configuration"):
            cursor.execute("select * from read_csv('/etc/hostname')")
        with pytest.raises(duckdb.Error, match="locked"):
            cursor.execute("set enable_external_access = true")


def test_a_new_publication_is_followed_and_the_old_handle_closed(published: Path) -> None:
    store = data.Store()
    first = store.current(Home(published))
    assert store.current(Home(published)) is first
    publish(published, "run-2", small_company.rows("run-2"))
    second = store.current(Home(published))
    assert data.run_sql(second, "publication", {})[0]["run_id"] == "run-2"
    with pytest.raises(data.PublicationReplacedError), first.cursor():
        pass


def test_the_same_name_written_again_is_followed_too(published: Path) -> None:
    store = data.Store()
    store.current(Home(published))
    publish(published, small_company.RUN_ID, small_company.rows("run-other"))
    again = store.current(Home(published))
    assert data.run_sql(again, "publication", {})[0]["run_id"] == "run-other"


def test_closing_waits_for_a_running_query(published: Path) -> None:
    publication = data.Store().current(Home(published))
    closing = threading.Thread(target=publication.close)
    with publication.cursor() as cursor:
        closing.start()
        closing.join(timeout=0.2)
        assert closing.is_alive()
        assert cursor.execute("select count(*) from marts.fct_runs").fetchone() == (1,)
    closing.join(timeout=5)
    assert not closing.is_alive()


def test_a_run_can_write_the_warehouse_while_pages_read(published: Path) -> None:
    write_marts(published / "warehouse.duckdb", {})
    data.Store().current(Home(published))
    with duckdb.connect(str(published / "warehouse.duckdb")) as writer:
        writer.execute("create table t (i int)")


def test_parameters_must_be_those_of_the_query(published: Path) -> None:
    publication = data.Store().current(Home(published))
    with pytest.raises(ValueError, match=r"exception\.sql takes \['exception'\]"):
        data.run_sql(publication, "exception", {})


def nothing_chosen(query: str) -> dict[str, object]:
    """Parameters that filter nothing: lists where the query casts to a list, else blanks."""
    text = data.sql(query)
    return {
        parameter: NUMBERS.get(parameter, [] if f"${parameter} as varchar []" in text else "")
        for parameter in re.findall(r"\$([a-z_]+)", text)
    }


NUMBERS = {"limit": 10, "offset": 0, "window_days": 28, "block": 1}


@pytest.mark.parametrize("name", sorted(path.stem for path in data.QUERIES.glob("*.sql")))
@pytest.mark.parametrize("is_empty", [True, False], ids=["no rows", "small company"])
def test_every_query_runs(home: Path, name: str, is_empty: bool) -> None:
    publish(home, "run-1", {} if is_empty else small_company.rows())
    publication = data.Store().current(Home(home))
    rows = data.run_sql(publication, name, nothing_chosen(name))
    for row in rows:
        for column, value in row.items():
            if isinstance(value, float):
                assert re.search("bar|share", column), f"{name}.{column} is a float"


def test_every_query_is_used_and_no_view_holds_sql() -> None:
    code = {path: path.read_text(encoding="utf-8") for path in DASHBOARD.rglob("*.py")}
    everything = "\n".join(code.values())
    for query in data.QUERIES.glob("*.sql"):
        assert f'"{query.stem}"' in everything, f"{query.name} is used by no page"
    for path, text in code.items():
        assert not re.search(r"\bfrom\s+marts\.", text), f"{path.name} holds SQL"
        if path.parent.name == "views":
            assert not re.search(r"duckdb|\.execute\(|\bsum\(", text), f"{path.name} computes"


def test_no_page_names_the_warehouse() -> None:
    for path in [*DASHBOARD.rglob("*.py"), *DASHBOARD.rglob("*.sql")]:
        text = path.read_text(encoding="utf-8")
        assert "connect(" not in text or path.name == "data.py"
        assert "warehouse.duckdb" not in text
