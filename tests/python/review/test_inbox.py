"""The database of the inbox, SQLite and PostgreSQL alike: nothing changes, nobody is overrun."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.pool import QueuePool

from orchestration.alerting import outbox
from orchestration.alerting.outbox import Notification
from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review import access_log, actions, decisions, export, inbox, operations, views
from orchestration.review.access_log import Event
from orchestration.review.actions import Action, CaseChanged, Intent
from orchestration.review.operations import Kind
from orchestration.review.tables import APPEND_ONLY, METADATA
from tests.python.review.conftest import ANA, BEN, CARL

PROJECT = Path(__file__).resolve().parents[3]
APPROVE = Intent(Action.APPROVE_MATCH, case_id="case-1")
REJECT = Intent(Action.REJECT_MATCH, case_id="case-1")


def _fill(home: Home) -> None:
    """One row in each table."""
    for case, person in (("case-2", ANA), ("case-4", ANA)):
        off = Intent(Action.WRITE_OFF, case_id=case, comment="small")
        [decision_id] = actions.apply(home, person, actions.preview(home, person, off))
        if case == "case-2":
            actions.second(home, BEN, decision_id)
        else:
            actions.withdraw(home, ANA, decision_id)
    export.export(home)
    access_log.record(home, ANA, Event.DENIED)
    operations.record(home, CARL, Kind.PAUSE, "posting", reason="close")
    views.save(home, ANA, "exceptions", "mine", "a=b")
    now = wall_clock()
    told = Notification(
        inbox.new_id("n", now), now, "f" * 64, 1, "firing", 1, "chat", None, 0, "run_failed",
        "page", "runs", "Page: a run failed", "It stopped.",
    )  # fmt: skip
    with inbox.of(home).writing() as connection:
        outbox.add(connection, [told])
    outbox.note(home, told, 1, "begun", now)


def test_migrations_make_the_tables_that_the_code_means(home: Home, database: str) -> None:
    with inbox.of(home).reading() as connection:
        assert connection.dialect.name == database
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_no_row_is_changed_deleted_or_replaced(published: Home, database: str) -> None:
    _fill(published)
    box = inbox.of(published)
    for table in APPEND_ONLY:
        [column, *_] = table.columns
        with box.reading() as connection:
            before = connection.execute(sa.select(table)).all()
        assert before, table.name
        statements = [
            table.update().values({column.name: "other"}),
            table.delete(),
            table.insert().values(dict(before[0]._mapping)),
        ]
        if database == "sqlite":
            statements.append(statements[-1].prefix_with("OR REPLACE"))
            statements.append(table.update().prefix_with("OR IGNORE").values({column.name: "x"}))
        else:
            statements.append(sa.text(f"truncate {table.name} cascade"))
        for statement in statements:
            with pytest.raises(sa.exc.DBAPIError):
                with box.writing() as connection:
                    connection.execute(statement)
        with box.reading() as connection:
            assert connection.execute(sa.select(table)).all() == before


def test_a_decision_is_followed_once(published: Home, database: str) -> None:
    """What makes the second of two people fail even if both had looked at once."""
    _fill(published)
    box = inbox.of(published)
    table = METADATA.tables["decisions"]
    with box.reading() as connection:
        [row, *_] = connection.execute(sa.select(table)).mappings().all()
    other = {**row, "decision_id": "d-99999999T000000000000-0000-00000000"}
    for statement in [table.insert()] + (
        [table.insert().prefix_with("OR REPLACE")] if database == "sqlite" else []
    ):
        with pytest.raises(sa.exc.IntegrityError):
            with box.writing() as connection:
                connection.execute(statement.values(other))


def _at_once(*calls: Callable[[], object]) -> list[object]:
    """Results, or errors, of calls that start together."""
    barrier = threading.Barrier(len(calls))
    results: list[object] = [None] * len(calls)

    def run(place: int) -> None:
        barrier.wait()
        try:
            results[place] = calls[place]()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.usefixtures("database")
def test_of_two_people_in_one_process_one_decides_and_the_other_is_told(published: Home) -> None:
    first = actions.preview(published, BEN, APPROVE)
    second = actions.preview(published, CARL, REJECT)
    results = _at_once(
        lambda: actions.apply(published, BEN, first),
        lambda: actions.apply(published, CARL, second),
    )
    [told] = [result for result in results if isinstance(result, CaseChanged)]
    [decided] = [result for result in results if isinstance(result, list)]
    [decision] = decisions.active(published)
    assert [decision.decision_id] == decided
    assert f"{decision.actor_name} has decided on it at" in str(told)


@pytest.mark.usefixtures("database")
def test_ten_people_on_ten_cases_lose_nothing(published: Home) -> None:
    notes = [Intent(Action.COMMENT, case_id="case-1", comment=f"note {n}") for n in range(10)]
    shown = [actions.preview(published, ANA, note) for note in notes]
    results = _at_once(
        *(lambda one=one: actions.apply(published, ANA, one) for one in shown)  # type: ignore[misc]
    )
    assert all(isinstance(result, list) for result in results), results
    said = [decision.comment for decision in decisions.active(published)]
    assert sorted(said, key=str) == [f"note {n}" for n in range(10)]


@pytest.mark.usefixtures("database")
def test_agreeing_and_taking_back_at_once_ends_in_one_of_both(published: Home) -> None:
    off = Intent(Action.WRITE_OFF, case_id="case-2", comment="small")
    [decision_id] = actions.apply(published, ANA, actions.preview(published, ANA, off))
    results = _at_once(
        lambda: actions.second(published, BEN, decision_id),
        lambda: actions.decline(published, CARL, decision_id, "no"),
    )
    assert [isinstance(result, actions.NotPossible) for result in results].count(True) == 1


DECIDING = """
import sys
from orchestration.home import Home
from orchestration.review import actions
from orchestration.review.actions import Action, Intent
from orchestration.review.people import Person, Role

home = Home.from_environment()
name, action = sys.argv[1:]
person = Person(name, name, frozenset({Role.CONTROLLER}))
shown = actions.preview(home, person, Intent(Action(action), case_id="case-1"))
print("ready", flush=True)
input()
try:
    actions.apply(home, person, shown)
    print("decided")
except actions.CaseChanged as changed:
    print("told:", changed)
"""


@pytest.mark.usefixtures("database")
def test_of_two_processes_one_decides_and_the_other_is_told(published: Home) -> None:
    """Both make the inbox at once, too: neither has been here before."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", DECIDING, name, action],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, action in (("Dora", "approve_match"), ("Emil", "reject_match"))
    ]
    for process in processes:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "ready\n", process.stderr.read()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = sorted(process.communicate()[0].strip() for process in processes)
    [decision] = decisions.active(published)
    assert told[0] == "decided"
    assert told[1].startswith(f"told: {decision.actor_name} has decided on it at")


def test_a_file_is_opened_by_one_process_at_a_time(home: Home) -> None:
    """SQLite refuses at once, whatever the timeout, where two switch a new file to WAL."""
    with open(home.root / "review.sqlite.lock", "w", encoding="utf-8") as other_process:
        fcntl.flock(other_process, fcntl.LOCK_EX)
        opening = threading.Thread(target=inbox.of, args=(home,))
        opening.start()
        opening.join(timeout=0.3)
        assert opening.is_alive()
        assert not (home.root / "review.sqlite").exists()
    opening.join(timeout=20)
    with inbox.of(home).reading() as connection:
        assert connection.execute(sa.text("pragma journal_mode")).scalar() == "wal"


@pytest.mark.usefixtures("database")
def test_an_inbox_of_a_newer_version_is_left_alone(home: Home) -> None:
    box = inbox.of(home)
    with box.engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    inbox.forget(inbox.url_of(home))
    with pytest.raises(inbox.InboxUnavailable, match="version 9999"):
        inbox.of(home)


def test_a_file_that_was_removed_is_made_again(home: Home) -> None:
    views.save(home, ANA, "exceptions", "mine", "a=b")
    for path in home.root.glob("review.sqlite*"):
        path.unlink()
    assert views.saved(home, ANA, "exceptions") == []


def _backup(home: Home) -> Path:
    """A copy of the inbox beside it, as `sqlite3 … .backup` makes one."""
    to = home.root / "backup"
    with (
        contextlib.closing(sqlite3.connect(home.root / "review.sqlite")) as source,
        contextlib.closing(sqlite3.connect(to)) as target,
    ):
        source.backup(target)
    return to


def _put_back(home: Home, backup: Path, *, at_once: bool) -> None:
    """A backup in place of the inbox: by removing it first, or in one step."""
    for path in home.root.glob("review.sqlite*" if not at_once else "review.sqlite-*"):
        path.unlink()
    if at_once:
        backup.replace(home.root / "review.sqlite")
    else:
        shutil.copy(backup, home.root / "review.sqlite")


def _names_in_file(home: Home) -> set[str]:
    """The views that are in the file at the path: what another process reads."""
    with contextlib.closing(sqlite3.connect(home.root / "review.sqlite")) as other:
        return {name for (name,) in other.execute("select name from saved_views")}


@pytest.mark.parametrize("at_once", [False, True])
def test_what_is_noted_after_a_backup_was_put_back_is_in_the_backup(
    home: Home, at_once: bool
) -> None:
    views.save(home, ANA, "exceptions", "before", "a=b")
    backup = _backup(home)
    views.save(home, ANA, "exceptions", "after the backup", "a=b")
    _put_back(home, backup, at_once=at_once)
    views.save(home, ANA, "exceptions", "after it was put back", "a=b")
    assert _names_in_file(home) == {"before", "after it was put back"}
    assert {view.name for view in views.saved(home, ANA, "exceptions")} == _names_in_file(home)


def test_a_backup_of_an_older_version_is_brought_up_to_this_one(home: Home) -> None:
    inbox.of(home)
    old = sa.create_engine(f"sqlite:///{home.root / 'backup'}")
    with old.begin() as connection:
        connection.execute(sa.text("create table elsewhere (id text)"))
    old.dispose()
    _put_back(home, home.root / "backup", at_once=True)
    views.save(home, ANA, "exceptions", "mine", "a=b")
    assert _names_in_file(home) == {"mine"}


def test_what_is_being_written_while_the_file_is_replaced_is_refused(home: Home) -> None:
    box = inbox.of(home)
    backup = _backup(home)
    with pytest.raises(inbox.InboxUnavailable, match="Do it again"):
        with box.writing():
            _put_back(home, backup, at_once=True)


def test_threads_that_write_while_the_file_is_replaced_lose_nothing_in_silence(home: Home) -> None:
    box = inbox.of(home)
    backup = _backup(home)
    is_back = threading.Event()
    refused: list[str] = []

    def write(number: int) -> set[str]:
        kept: set[str] = set()
        for count in range(2000):
            name, counts = f"{number}-{count}", is_back.is_set()
            try:
                views.save(home, ANA, "exceptions", name, "a=b")
            except inbox.InboxUnavailable:
                refused.append(name)
                continue
            if counts:
                kept.add(name)
            if len(kept) == 3:
                break
        return kept

    def replace_under_writers(threads: ThreadPoolExecutor) -> None:
        with box.writing():
            written.extend(threads.submit(write, number) for number in range(4))
            for _ in range(1000):  # until all have opened it, and wait for this writer
                if isinstance(pool := box.engine.pool, QueuePool) and pool.checkedout() == 5:
                    break
                time.sleep(0.01)
            _put_back(home, backup, at_once=True)
            is_back.set()

    written: list[Future[set[str]]] = []
    with ThreadPoolExecutor(max_workers=4) as threads:
        with pytest.raises(inbox.InboxUnavailable):
            replace_under_writers(threads)
        kept = set().union(*(one.result(timeout=60) for one in written))
    assert len(refused) == 4
    assert kept == _names_in_file(home)
    assert len(kept) == 12


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://someone:geheim@host/db", "SQLite or PostgreSQL"),
        ("postgresql://someone:geheim@127.0.0.1:1/db", "does not answer"),
        ("not a url", "no database URL"),
    ],
)
def test_what_cannot_be_opened_says_so_without_the_password(
    home: Home, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setenv(inbox.SETTING, url)
    with pytest.raises(inbox.InboxUnavailable, match=message) as refused:
        inbox.of(home)
    assert "geheim" not in str(refused.value)


def test_a_role_may_add_and_read_and_nothing_else(
    published: Home,
    postgresql: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Below the triggers, for those who reach the database with the app's password."""
    server = sa.make_url(postgresql)
    owner = sa.create_engine(
        server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with owner.connect() as connection:
        connection.exec_driver_sql("create database roles")
        connection.exec_driver_sql("create role app login")

    def url(user: str) -> str:
        return server.set(database="roles", username=user).render_as_string(hide_password=False)

    monkeypatch.setenv(inbox.SETTING, url("app"))
    with pytest.raises(inbox.InboxUnavailable, match="tieout review migrate"):
        inbox.of(published)
    monkeypatch.setenv(inbox.SETTING, url("owner"))
    with pytest.raises(TieoutError, match="no role nobody_here"):
        inbox.grant(published, "nobody_here")
    inbox.grant(published, "app")
    monkeypatch.setenv(inbox.SETTING, url("app"))
    _fill(published)
    engine = inbox.of(published).engine
    for table in APPEND_ONLY:
        [column, *_] = table.columns
        for statement in (
            table.delete(),
            table.update().values({column.name: "other"}),
            sa.text(f"truncate {table.name}"),
            sa.text(f"alter table {table.name} disable trigger all"),
            sa.text(f"drop table {table.name}"),
        ):
            with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"):
                with engine.begin() as connection:
                    connection.execute(statement)
    [mine] = views.saved(published, ANA, "exceptions")
    views.delete(published, ANA, mine.view_id)
    inbox.forget(url("owner"))
    inbox.forget(url("app"))
    with owner.connect() as connection:
        connection.exec_driver_sql("drop database roles with (force)")
        connection.exec_driver_sql("drop role app")
    owner.dispose()


def test_roles_are_of_postgresql(home: Home) -> None:
    with pytest.raises(TieoutError, match="Roles are of PostgreSQL"):
        inbox.grant(home, "app")


def test_moments_go_on_when_a_clock_was_set_back(
    published: Home, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order of decisions is the order in which they were taken."""
    note = Intent(Action.COMMENT, case_id="case-1", comment="first")
    actions.apply(published, ANA, actions.preview(published, ANA, note))
    earlier = wall_clock().replace(year=2020)
    monkeypatch.setattr(inbox, "wall_clock", lambda: earlier)
    actions.apply(published, BEN, actions.preview(published, BEN, note))
    assert [decision.actor for decision in decisions.active(published)] == [
        ANA.subject,
        BEN.subject,
    ]
