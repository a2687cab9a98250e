"""Where events wait: a SQLite file in the home, written by receivers and consumers, read by runs.

An event is kept byte for byte, once by its source and id. A put is answered when the commit has
reached the disk; whoever puts at the same time shares one commit. The rows of a batch are chosen in
one transaction, so a process killed at any moment leaves an event either waiting or in exactly one
batch (`batches.py`).
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestration.home import Home, TieoutError, iso_timestamp

BUSY_SECONDS = 20
LARGEST_COMMIT = 500
"""Events that share one commit at most."""

DEFAULT_LIMIT = 2 << 30
"""Bytes of waiting bodies from which no more are taken."""

KEPT = timedelta(days=30)
"""How long an event is kept once it is in a landed file; senders repeat for three days or so. What
comes again later is the same row of its feed, which changes nothing either."""

PRUNED_AT_ONCE = 20_000

TROUBLE_SECONDS = 30.0
"""How long a writer says that it could not keep an event, when none came since."""

NOBODY_WRITES = "nobody writes into the spool any more: start the receiver again"

_SCHEMA = """
create table if not exists events (
    seq integer primary key autoincrement,
    source text not null,
    event_id text not null,
    received_at text not null,
    body blob not null,
    batch integer,
    unique (source, event_id)
);
create index if not exists events_waiting on events (seq) where batch is null;
create index if not exists events_by_batch on events (batch) where batch is not null;
create table if not exists batches (
    batch integer primary key autoincrement,
    made_at text not null,
    written_at text
);
create table if not exists counted (
    batch integer not null,
    source text not null,
    type text not null,
    outcome text not null,
    events integer not null,
    primary key (batch, source, type, outcome)
);
create table if not exists known_objects (
    source text not null,
    object_id text not null,
    row_id text not null,
    primary key (source, object_id)
);
"""


log = logging.getLogger("tieout.spool")


class SpoolFull(Exception):
    """No event can be taken now: the disk or the spool is full, or the file cannot be written."""


@dataclass(frozen=True)
class Event:
    """One event as its source sent it. `received_at` is naive UTC."""

    source: str
    event_id: str
    received_at: datetime
    body: bytes


@dataclass(frozen=True)
class Waiting:
    """What is in no batch yet. `oldest` is as stored, or None."""

    events: int
    size: int
    oldest: str | None


def path_of(home: Home) -> Path:
    """The spool of a home."""
    return home.root / "intake" / "spool.sqlite"


@contextmanager
def connected(home: Home) -> Iterator[sqlite3.Connection]:
    """A connection to the spool, made where there is none. Transactions are begun by hand.

    Raises:
        TieoutError: when the file cannot be opened.
    """
    path = path_of(home)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise TieoutError(f"The spool {path} cannot be opened: {error}.") from error
    try:
        try:
            # full: a commit in the log is on the disk before it is said to be one
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise TieoutError(
                f"The spool {path} cannot be used: {error}. What was answered is in it: mend the "
                "disk, or put the file aside to look into it, and senders will repeat."
            ) from error
        path.chmod(0o600)  # bodies hold what customers are called
        yield connection
    finally:
        connection.close()


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that no other writer is in."""
    connection.execute("begin immediate")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
    connection.execute("commit")


def put(connection: sqlite3.Connection, events: Sequence[Event]) -> list[bool]:
    """Keep events durably, in one commit; for each whether it is new.

    Raises:
        SpoolFull: when they cannot be kept; none of them is.
    """
    try:
        with writing(connection):
            return [_insert(connection, event) for event in events]
    except sqlite3.Error as error:
        raise SpoolFull(str(error)) from error


def _insert(connection: sqlite3.Connection, event: Event) -> bool:
    made = connection.execute(
        "insert into events (source, event_id, received_at, body) values (?, ?, ?, ?) "
        "on conflict do nothing",
        (event.source, event.event_id, iso_timestamp(event.received_at), event.body),
    )
    return made.rowcount == 1


def has_waiting(connection: sqlite3.Connection) -> bool:
    """Whether an event is in no batch."""
    found = connection.execute("select 1 from events where batch is null limit 1").fetchone()
    return found is not None


def waiting(connection: sqlite3.Connection) -> Waiting:
    """How much is in no batch."""
    events, size, oldest = connection.execute(
        "select count(*), coalesce(sum(length(body)), 0), min(received_at) "
        "from events where batch is null"
    ).fetchone()
    return Waiting(int(events), int(size), oldest)


def last_received_at(connection: sqlite3.Connection) -> str | None:
    """When the newest of the kept events came, as ISO 8601 in UTC."""
    row = connection.execute("select received_at from events order by seq desc limit 1").fetchone()
    return row[0] if row else None


def prune(connection: sqlite3.Connection, now: datetime) -> int:
    """Forget events that were landed long ago, some at a time; how many."""
    with writing(connection):
        return connection.execute(
            "delete from events where seq in (select seq from events "
            "where batch is not null and received_at < ? "
            "and batch in (select batch from batches where written_at is not null) limit ?)",
            (iso_timestamp(now - KEPT), PRUNED_AT_ONCE),
        ).rowcount


_Asked = tuple[Event, Future[bool]]


class Writer:
    """Puts events from many callers through one connection: while a commit waits for the disk, the
    next events gather, and share the next commit.

    Every caller gets an answer, whatever goes wrong; then the spool is opened again, and the next
    events are tried.
    """

    def __init__(self, home: Home, limit: int = DEFAULT_LIMIT) -> None:
        self._home = home
        self._limit = limit
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._failed: tuple[float, str] | None = None
        self._held = 0
        self._commits = 0
        self._thread = threading.Thread(target=self._work, name="spool", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> Future[bool]:
        """Whether the event is new, once it is on the disk; or `SpoolFull`."""
        future: Future[bool] = Future()
        if self._thread.is_alive():
            self._asked.put((event, future))
        else:
            future.set_exception(SpoolFull(NOBODY_WRITES))
        return future

    def trouble(self) -> str | None:
        """Why events could not be kept of late; None where they could."""
        if not self._thread.is_alive():
            return NOBODY_WRITES
        failed = self._failed
        # for a while only: who waits for it to pass sends nothing that could show that it has
        if failed is None or time.monotonic() - failed[0] > TROUBLE_SECONDS:
            return None
        return failed[1]

    def close(self) -> None:
        """Keep what was asked for, and end."""
        self._asked.put(None)
        self._thread.join()

    def _work(self) -> None:
        with ExitStack() as opened:
            connection: sqlite3.Connection | None = None
            for together in self._gathered():
                try:
                    if connection is None:
                        connection = opened.enter_context(connected(self._home))
                        self._held = waiting(connection).size
                    self._keep(connection, together)
                    self._failed = None
                except Exception as error:
                    self._failed = (time.monotonic(), str(error) or type(error).__name__)
                    if not isinstance(error, SpoolFull):
                        log.exception("events were not kept")
                    connection = None
                    opened.close()
                    for _, future in together:
                        if not future.done():
                            future.set_exception(SpoolFull(self._failed[1]))

    def _gathered(self) -> Iterator[list[_Asked]]:
        """What was asked for, as far as it shares a commit, until `close`; without those who have
        given up, and nobody can any more."""
        is_last = False
        while not is_last:
            asked = [self._asked.get()]
            while len(asked) < LARGEST_COMMIT and not self._asked.empty():
                asked.append(self._asked.get())
            is_last = None in asked
            together = [
                one for one in asked if one is not None and one[1].set_running_or_notify_cancel()
            ]
            if together:
                yield together

    def _keep(self, connection: sqlite3.Connection, together: list[_Asked]) -> None:
        # batches take away what waits; asking each time would read all of it
        self._commits += 1
        if self._held > self._limit or self._commits % 100 == 0:
            self._held = waiting(connection).size
        if self._held > self._limit:
            raise SpoolFull(f"{self._held} bytes wait in the spool")
        new = put(connection, [event for event, _ in together])
        for (event, future), is_new in zip(together, new, strict=True):
            self._held += len(event.body) if is_new else 0
            future.set_result(is_new)
