"""The last good warehouse survives failed, killed and interrupted builds; changes cost themselves.

Builds here are a few statements (`killed_build.py`) in a process of their own, made with the
settings that dbt's connection has; `test_kill.py` kills whole runs.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Event

import duckdb
import pytest

from orchestration import dbt_runs, warehouse
from orchestration.dbt_runs import Phase
from orchestration.home import PROJECT_DIR, Home, TieoutError
from orchestration.run_context import RunContext
from tests.python import tieout_server

KILLS = 45

ROWS = (
    "select r as key, r * {number} as value, md5(r::varchar) as text from range(1, {rows}) as t(r)"
)
SAID = 8
"""Lines that a build prints."""


def write(home: Home, *statements: str) -> None:
    """What dbt does in a build: statements, then it closes the warehouse."""
    with duckdb.connect(str(home.warehouse)) as connection:
        warehouse.configure(home, connection)
        for statement in statements:
            connection.execute(statement)


def value(home: Home) -> int:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        [(found,)] = connection.execute("select value from t").fetchall()
    return int(found)


def note_run(home: Home, sequence: int = 1) -> None:
    """The context of a run, which a warehouse remembers."""
    moment = datetime(2026, 7, sequence)
    RunContext(f"run-{sequence}", sequence, moment, "EUR", moment, "test").write(home)


@contextmanager
def running(home: Home) -> Iterator[bool]:
    """Both builds of a run; what is done inside is done in the first of them."""
    with warehouse.building(home, Phase.BEFORE_SEAL) as is_new:
        yield is_new
    with warehouse.building(home, Phase.AFTER_SEAL):
        pass


@pytest.fixture
def built(home: Home) -> Home:
    """A home whose warehouse holds 1, by the code as it is."""
    note_run(home)
    with running(home) as is_new:
        assert is_new
        write(home, "create table t as select 1 as value")
    return home


def fail(home: Home, *statements: str) -> None:
    """A build in which a test fails."""
    with suppress(InterruptedError), warehouse.building(home, Phase.BEFORE_SEAL):
        write(home, *statements)
        raise InterruptedError


def test_a_build_that_ends_well_is_in_the_file(built: Home) -> None:
    with running(built) as is_new:
        assert not is_new
        write(built, "update t set value = 2")
    assert value(built) == 2
    assert warehouse.is_current(built)
    assert sorted(path.name for path in built.root.glob("warehouse*")) == [
        "warehouse.duckdb",
        "warehouse.fingerprint",
    ]


def test_after_a_failed_test_one_can_look_and_the_next_build_starts_from_the_last_good(
    built: Home,
) -> None:
    fail(built, "update t set value = 2")
    assert value(built) == 2
    assert not warehouse.is_current(built)
    with warehouse.building(built, Phase.BEFORE_SEAL) as is_new:
        assert not is_new
        assert value(built) == 1


def test_a_run_that_was_stopped_between_its_builds_is_undone(built: Home) -> None:
    """Else what the first one told of changes would never reach the second."""
    with warehouse.building(built, Phase.BEFORE_SEAL):
        write(built, "update t set value = 2")
    assert value(built) == 2
    with warehouse.building(built, Phase.BEFORE_SEAL) as is_new:
        assert not is_new
        assert value(built) == 1


def known_run(home: Home) -> list[tuple[int, datetime]]:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute("select run_sequence, as_of from changes.last_run").fetchall()


def test_the_warehouse_knows_the_run_that_it_is_of(built: Home) -> None:
    assert known_run(built) == [(1, datetime(2026, 7, 1))]
    note_run(built, 2)
    with suppress(InterruptedError), running(built):
        raise InterruptedError
    warehouse.settle(built)
    assert known_run(built) == [(1, datetime(2026, 7, 1))]
    with running(built):
        pass
    assert known_run(built) == [(2, datetime(2026, 7, 2))]


def kept_open(home: Home) -> None:
    """Both builds of the second run, in a process that keeps the warehouse open."""
    note_run(home, 2)
    with warehouse.building(home, Phase.BEFORE_SEAL):
        show = ["show", "--inline", "select 1 as one"]
        list(dbt_runs.stream(home, show, keeps_open=True))
        dbt_runs.execute(home, [("update t set value = 2", [])], keeps_open=True)
    with warehouse.building(home, Phase.AFTER_SEAL):
        pass
    assert not warehouse.is_current(home)


@pytest.mark.parametrize("is_aside", [True, False])
def test_builds_that_are_kept_open_are_committed_while_the_run_goes_on_or_at_its_end(
    built: Home, is_aside: bool
) -> None:
    with dbt_runs.kept_open(built):
        kept_open(built)
        if is_aside:
            warehouse.commit_aside(built)
        warehouse.commit(built)
        assert warehouse.is_current(built)
        assert (value(built), known_run(built)) == (2, [(2, datetime(2026, 7, 2))])
        warehouse.commit(built)


def test_among_many_runs_a_commit_goes_on_until_the_next_build(
    built: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, may_commit = warehouse._settle, Event()

    def settle_later(home: Home) -> None:
        assert may_commit.wait(30)
        settle(home)

    with warehouse.kept_open(built):
        with warehouse.kept_open(built), built.writing():
            kept_open(built)
            monkeypatch.setattr(warehouse, "_settle", settle_later)
            warehouse.commit_aside(built)
        assert built.warehouse_unfinished.exists()
        assert built.is_busy(), "nobody else may write meanwhile"
        may_commit.set()
        with warehouse.building(built, Phase.BEFORE_SEAL):
            assert (value(built), known_run(built)) == (2, [(2, datetime(2026, 7, 2))])
        warehouse.settle(built)
        assert not built.is_busy()


def test_builds_that_ended_well_are_committed_by_the_next_run_if_theirs_was_killed(
    built: Home,
) -> None:
    with dbt_runs.kept_open(built):
        kept_open(built)
    warehouse.commit(built)
    assert not warehouse.is_current(built)
    warehouse.settle(built)
    assert (value(built), known_run(built)) == (2, [(2, datetime(2026, 7, 2))])


def test_the_second_build_of_a_run_done_again_trusts_no_changes_that_were_told(
    built: Home,
) -> None:
    with warehouse.building(built, Phase.BEFORE_SEAL):
        write(built, "update t set value = 2")
    with suppress(InterruptedError), warehouse.building(built, Phase.AFTER_SEAL):
        assert known_run(built)
        raise InterruptedError
    with warehouse.building(built, Phase.AFTER_SEAL):
        with pytest.raises(duckdb.CatalogException):
            known_run(built)
        assert value(built) == 2
    assert value(built) == 2
    assert known_run(built)


def test_code_edited_between_the_builds_of_a_run_is_said(
    built: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warehouse.building(built, Phase.BEFORE_SEAL):
        pass
    monkeypatch.setattr(warehouse, "code_fingerprint", lambda: "edited")
    with (
        pytest.raises(TieoutError, match="edited while the run was under way"),
        warehouse.building(built, Phase.AFTER_SEAL),
    ):
        pass


def test_a_failed_build_of_other_code_gives_the_former_warehouse_back(
    built: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as edited:
        edited.setattr(warehouse, "code_fingerprint", lambda: "edited")
        for _ in range(2):
            fail(built, "create table t as select 2 as value")
            assert value(built) == 2
    warehouse.settle(built)
    assert value(built) == 1
    assert warehouse.is_current(built), "the edit was undone: nothing is built anew"


def test_other_code_that_builds_takes_the_place_of_the_former(
    built: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "code_fingerprint", lambda: "edited")
    with running(built) as is_new:
        assert is_new
        write(built, "create table t as select 2 as value")
    assert value(built) == 2
    assert not built.warehouse_aside.exists()


def test_a_first_build_that_failed_leaves_nothing_to_go_on_from(home: Home) -> None:
    fail(home, "create table t as select 1 as value")
    assert value(home) == 1
    with warehouse.building(home, Phase.BEFORE_SEAL) as is_new:
        assert is_new
        assert not home.warehouse.exists()


def test_a_half_built_state_that_somebody_wrote_into_the_file_is_thrown_away(built: Home) -> None:
    """Any program that opens it for writing does so when it closes it."""
    fail(built, "update t set value = 2")
    duckdb.connect(str(built.warehouse)).close()
    with warehouse.building(built, Phase.BEFORE_SEAL) as is_new:
        assert is_new
        assert not built.warehouse.exists()


@pytest.mark.parametrize("mark", ["", "{}", "not json"])
def test_a_mark_that_says_nothing_is_no_reason_to_trust(built: Home, mark: str) -> None:
    built.warehouse_unfinished.write_text(mark)
    warehouse.settle(built)
    assert not built.warehouse.exists()
    assert not warehouse.is_current(built)


def test_it_waits_for_a_process_that_was_left_behind(
    built: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(built, "update t set value = 2")
    code = f"import duckdb, time; c = duckdb.connect({str(built.warehouse)!r}); "
    code += "c.execute('pragma disable_checkpoint_on_shutdown'); print(1, flush=True); "
    code += "time.sleep(float(input()))"
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdin is not None and other.stdout is not None
    other.stdout.readline()
    monkeypatch.setattr(warehouse, "_LONGEST_WAIT", 0.2)
    with pytest.raises(TieoutError, match="open in another program"):
        warehouse.settle(built)
    monkeypatch.setattr(warehouse, "_LONGEST_WAIT", 60.0)
    other.stdin.write("0.5\n")
    other.stdin.close()
    warehouse.settle(built)
    assert value(built) == 1
    other.stdout.close()
    other.wait()


def contents(home: Home) -> tuple[list[int], list[int]]:
    """The builds that were committed, and the one that each table is of."""
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        history = [n for (n,) in connection.execute("from history order by number").fetchall()]
        tables = connection.execute(
            "select sum(value) / sum(key) from small union all "
            "select sum(value) / sum(key) from large"
        ).fetchall()
        connection.execute("select count(distinct text) from large").fetchall()
    return history, [int(number) for (number,) in tables]


def test_45_kills_in_a_row_leave_all_of_a_build_or_nothing_of_it(home: Home) -> None:
    draw = random.Random(20261128)

    def build(number: int, *, lines: int) -> tieout_server.Forked:
        process = tieout_server.start_asked(
            "tests.python.state.killed_build",
            [str(number), ROWS],
            {**os.environ, "TIEOUT_HOME": str(home.root), "PYTHONPATH": str(PROJECT_DIR)},
            errors=2,
        )
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline()
        return process

    def end(process: tieout_server.Forked) -> None:
        process.kill()
        with process:
            pass  # closes both pipes and waits

    note_run(home)
    end(build(1, lines=SAID))
    committed = [1]
    for number in range(2, 2 + KILLS):
        lines = draw.randint(0, SAID)
        process = build(number, lines=lines)
        time.sleep(draw.choice([0, 0.003, 0.03, 0.3]))
        end(process)
        warehouse.settle(home)
        assert warehouse.is_current(home), "a kill cost the warehouse"
        history, of_tables = contents(home)
        if history != committed:
            committed.append(number)
        assert lines < SAID or committed[-1] == number, "what was said to be committed is gone"
        assert history == committed
        assert of_tables == [committed[-1]] * 2
    assert KILLS / 4 < KILLS + 1 - len(committed) < KILLS, "the moments are not spread"
    end(build(2 + KILLS, lines=SAID))
    assert contents(home)[0] == [*committed, 2 + KILLS]
    assert sorted(path.name for path in home.root.glob("warehouse*")) == [
        "warehouse.duckdb",
        "warehouse.fingerprint",
    ]
