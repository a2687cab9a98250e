"""The life of `warehouse.duckdb`: built on from the last good state, or thrown away.

A run of the same code changes the warehouse without touching what is there: DuckDB keeps every
change in its log, `warehouse.duckdb.wal`, until a checkpoint writes it into the file, and a build
makes none (`warehouse_plugin.py`). The first build leaves it open for the second: whoever opens it
reads the whole log. When both builds of a run have ended well, the marts are
published from there, and one checkpoint commits the builds, which costs the change; a run that was
killed before, or whose tests fail, is undone by deleting the log. So what kept tables tell of their
changes (`macros/kept`) reaches all that read them. A build of other code starts from nothing, and
the former warehouse stands aside until it ends well.

`warehouse.unfinished` says that a build is under way or was stopped, and how to undo it. Until the
next run one can look into what a stopped build left.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from orchestration import dbt_runs
from orchestration.dbt_runs import Phase
from orchestration.files import write_text
from orchestration.home import Home, TieoutError, iso_timestamp
from orchestration.parsed import code_fingerprint
from orchestration.run_context import RunContext

_HEADERS = 3 * 4096
"""Bytes of a DuckDB file that tell its checkpoints: the main header and two that take turns."""

_NEVER = 10**15
"""Bytes of the log from which DuckDB would write it into the file."""

Statement = tuple[str, Sequence[Any]]
"""SQL and its parameters."""

_SIGNS_OF_DAMAGE = (
    "Corrupt database file",
    "does not match stored checksum",
    "not a valid DuckDB database file",
)

_LONGEST_WAIT = 30.0
"""Seconds for a process that was left behind to let go of the file."""


def is_current(home: Home) -> bool:
    """Whether the warehouse exists, was built by the code as it is, and to the end; a commit that
    is under way is waited for."""
    if home.root in _committing:
        wait([_committing[home.root]])
    return (
        home.warehouse.exists()
        and not home.warehouse_unfinished.exists()
        and home.warehouse_fingerprint.exists()
        and home.warehouse_fingerprint.read_text(encoding="utf-8") == code_fingerprint()
    )


@contextmanager
def building(home: Home, phase: Phase, is_partial: bool = False) -> Iterator[bool]:
    """Around a build: start from the last good warehouse, and vouch for the result.

    Yields whether the warehouse is new, and holds nothing yet. Only a whole build replaces a
    warehouse of other code; a part of one would leave nothing but itself. Where a process is killed
    inside, or a test fails, the next run starts from where this one did.

    Raises:
        TieoutError: when the code has changed between the two builds of one run, or before a
            partial build; when the warehouse that is to be replaced is damaged.
    """
    mark = _read_mark(home)
    if phase is Phase.AFTER_SEAL and not is_partial and "decided_by" in mark:
        if mark["decided_by"] != code_fingerprint():
            raise _edited(home)
        if mark.get("is_shown"):
            _forget_changes(home)  # some tables may have told theirs already
        _mark(home, mark | {"is_shown": True})
        yield False
        context = RunContext.read(home)
        last_run = [context.run_id, context.run_sequence, iso_timestamp(context.as_of)]
        _mark(home, {"built_by": code_fingerprint(), "last_run": last_run})
        if not dbt_runs.has_warehouse_open(home):
            settle(home)
            return
        # published from there, and written into the file meanwhile or afterwards (`commit`)
        execute(home, _noting(last_run), keeps_open=True)
        _mark(home, {"built_by": code_fingerprint()})
        return
    settle(home)
    is_new = not is_current(home)
    if is_new:
        if is_partial:
            raise TieoutError(
                f"{home.warehouse} was not built by the code and reporting currency as they are "
                "now, or not to its end, so a part of it cannot be built by itself; nothing was "
                "changed. Run everything once (`tieout run`, or the job `reconcile`): that builds "
                "it anew. To try an edited model before that, `tieout dbt build --select` works on "
                "the warehouse as it is."
            )
        if phase is Phase.AFTER_SEAL:
            raise _edited(home)
        _set_aside(home)
    else:
        _mark(home, {"headers": _headers(home.warehouse)})
    yield is_new
    if phase is Phase.BEFORE_SEAL and not is_partial:
        _mark(home, _read_mark(home) | {"decided_by": code_fingerprint()})
    else:
        _mark(home, {"built_by": code_fingerprint()})
        settle(home)


def settle(home: Home) -> None:
    """End what a build left unended: commit one that ended well, undo any other.

    Safe to repeat, and to be killed in.

    Raises:
        TieoutError: when another process keeps the warehouse open.
    """
    committing = _committing.pop(home.root, None)
    if committing is not None:
        wait([committing])  # one that has failed is tried again
    _settle(home)


def _settle(home: Home) -> None:
    if not home.warehouse_unfinished.exists():
        return
    mark = _read_mark(home)
    if "built_by" not in mark:
        _close(home)
    if not dbt_runs.has_warehouse_open(home):
        _wait_until_closed(home)
    if "built_by" in mark:
        last_run = _noting(mark["last_run"]) if "last_run" in mark else []
        execute(home, [*last_run, ("checkpoint", [])])
        write_text(home.warehouse_fingerprint, str(mark["built_by"]))
        home.warehouse_aside.unlink(missing_ok=True)
    elif mark.get("is_aside"):
        # killed before it was moved, it lies where it was
        if home.warehouse_aside.exists():
            _remove_logs(home)
            os.replace(home.warehouse_aside, home.warehouse)
    elif home.warehouse.exists() and _headers(home.warehouse) == mark.get("headers"):
        _remove_logs(home)
    else:
        # never whole, or somebody has written the half-built state into the file
        discard(home)
        return
    home.warehouse_unfinished.unlink()


_kept: set[Path] = set()
"""Homes that are inside `kept_open`."""

_committing: dict[Path, Future[None]] = {}
"""By home, the commit that a thread makes."""


@contextmanager
def kept_open(home: Home) -> Iterator[None]:
    """Around a run: one dbt process serves it, and what it leaves open is committed in the end.

    Around the runs of a watch: a commit that is under way when a run ends goes on while the next
    one reads what has landed, which needs no warehouse.
    """
    is_one_of_many = home.root in _kept
    _kept.add(home.root)
    try:
        with dbt_runs.kept_open(home):
            try:
                yield
            finally:
                if not (is_one_of_many and home.root in _committing):
                    commit(home)
    finally:
        if not is_one_of_many:
            _kept.discard(home.root)


def commit_aside(home: Home) -> None:
    """Commit a build that has ended well, while this process goes on; whoever needs the warehouse
    next waits for it. Until then this process has the lock of the home."""
    if dbt_runs.has_warehouse_open(home):
        thread = ThreadPoolExecutor(1)
        with ExitStack() as held:
            held.enter_context(home.writing())
            _committing[home.root] = thread.submit(_settle_holding, home, held.pop_all())
        thread.shutdown(wait=False)


def _settle_holding(home: Home, held: ExitStack) -> None:
    with held:
        _settle(home)


def commit(home: Home) -> None:
    """Commit what is still open of a build that has ended well.

    Raises:
        DbtFailed: when it cannot be written into the file; the next run tries again.
    """
    committing = _committing.pop(home.root, None)
    if committing is not None:
        committing.result()
    elif dbt_runs.has_warehouse_open(home) and "built_by" in _read_mark(home):
        _settle(home)


def execute(home: Home, statements: Sequence[Statement], *, keeps_open: bool = False) -> None:
    """Execute statements in the warehouse: where the first build keeps it open, else here.

    Raises:
        DbtFailed: when a statement fails in the process that keeps it open.
        duckdb.Error: when it fails here.
    """
    if dbt_runs.has_warehouse_open(home):
        dbt_runs.execute(home, statements, keeps_open=keeps_open)
        return
    with duckdb.connect(str(home.warehouse)) as connection:
        configure(home, connection)
        for sql, parameters in statements:
            connection.execute(sql, parameters)


def _close(home: Home) -> None:
    if dbt_runs.has_warehouse_open(home):
        dbt_runs.execute(home, [])


def configure(home: Home, connection: duckdb.DuckDBPyConnection) -> None:
    """While a build can be undone, keep all changes of a connection in the log.

    Then there is no checkpoint by the size of the log, by commit or at the end. A new warehouse has
    nothing to lose, and a log of everything would only cost.
    """
    if "headers" not in _read_mark(home):
        return
    known = {
        name for (name,) in connection.execute("select name from duckdb_settings()").fetchall()
    }
    connection.execute(f"set global checkpoint_threshold = '{_NEVER}B'")
    if ("auto_checkpoint_skip_wal_threshold",) in known:
        connection.execute(f"set global auto_checkpoint_skip_wal_threshold = {_NEVER}")
    connection.execute("pragma disable_checkpoint_on_shutdown")


def distrust(home: Home) -> None:
    """Let the next run build the warehouse anew; until then one can look into it."""
    home.warehouse_fingerprint.unlink(missing_ok=True)


def is_lost(home: Home) -> bool:
    """Whether somebody took away a warehouse that was whole."""
    return (
        home.warehouse_fingerprint.exists()
        and not home.warehouse.exists()
        and not home.warehouse_unfinished.exists()
    )


def give_up_if_damaged(home: Home, error: Exception) -> None:
    """Throw the warehouse away where a build failed because its file is damaged.

    Raises:
        TieoutError: when it is; the message says what comes next.
    """
    if not any(sign in str(error) for sign in _SIGNS_OF_DAMAGE):
        return
    discard(home)
    raise TieoutError(
        f"{home.warehouse} is damaged (a disk that fails, or a program that wrote to it), so this "
        "run published nothing. The file was removed: run again, and it is built anew from raw "
        "files and the journal, equal row for row. Let somebody look at the disk."
    ) from error


def discard(home: Home) -> None:
    """Delete the warehouse; the next build makes it again from raw files and the journal."""
    distrust(home)
    _remove_logs(home)
    home.warehouse.unlink(missing_ok=True)
    home.warehouse_aside.unlink(missing_ok=True)
    home.warehouse_unfinished.unlink(missing_ok=True)


def _edited(home: Home) -> TieoutError:
    return TieoutError(
        f"{home.warehouse} was not built by the code as it is now: a model was edited while the "
        "run was under way. Run again."
    )


def _noting(last_run: list[Any]) -> list[Statement]:
    """Keep of which run the warehouse is: the next one asks what has come since (`macros/kept`).

    And on which run's state it was built, null where all was computed whole.
    """
    return [
        ("create schema if not exists changes", []),
        (
            "create table if not exists changes.last_run "
            "(run_id varchar, run_sequence bigint, as_of timestamp, built_on varchar)",
            [],
        ),
        (
            "create or replace table changes.last_run as select cast($1 as varchar) as run_id, "
            "cast($2 as bigint) as run_sequence, cast($3 as timestamp) as as_of, "
            "(select max(run_id) from changes.last_run) as built_on",
            last_run,
        ),
    ]


def _forget_changes(home: Home) -> None:
    """Let all tables be computed whole, because it is not known any more what changed in which."""
    execute(home, [("drop table if exists changes.last_run", [])], keeps_open=True)


def _set_aside(home: Home) -> None:
    """Make room for a new warehouse; one that was whole comes back if the build does not end."""
    is_whole = home.warehouse.exists() and home.warehouse_fingerprint.exists()
    if not is_whole:
        discard(home)
    _mark(home, {"is_aside": is_whole})
    if is_whole:
        try:
            with duckdb.connect(str(home.warehouse)) as connection:
                connection.execute("checkpoint")  # a log left behind would go to the new file
        except duckdb.Error as error:
            give_up_if_damaged(home, error)
            raise
        os.replace(home.warehouse, home.warehouse_aside)


def _mark(home: Home, how_to_end: dict[str, Any]) -> None:
    write_text(home.warehouse_unfinished, json.dumps(how_to_end) + "\n")


def _read_mark(home: Home) -> dict[str, Any]:
    """Empty where there is none, or it says nothing."""
    try:
        mark = json.loads(home.warehouse_unfinished.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return mark if isinstance(mark, dict) else {}


def _headers(database: Path) -> str:
    """Changes with every checkpoint, and with nothing else."""
    with open(database, "rb") as file:
        return hashlib.sha256(file.read(_HEADERS)).hexdigest()


def _remove_logs(home: Home) -> None:
    for path in home.root.glob(f"{home.warehouse.name}.wal*"):
        path.unlink(missing_ok=True)


def _wait_until_closed(home: Home) -> None:
    """A run that was killed alone leaves its dbt behind, which ends as soon as it notices."""
    if not home.warehouse.exists():
        return
    deadline = time.monotonic() + _LONGEST_WAIT
    with open(home.warehouse, "r+b") as file:
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise TieoutError(
                        f"{home.warehouse} is open in another program, so a run that was stopped "
                        "cannot be undone. Close it there and run again."
                    ) from error
                time.sleep(0.1)
