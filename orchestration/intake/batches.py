"""Waiting events become landed files, at the beginning of every run.

One transaction gives what waits to a batch; then the batch's files are written, named by number and
content, by rename; then the batch is marked as written. A process killed in between leaves a batch
that is not marked, and the next run writes it: the same events make the same bytes, and the same
bytes are the same batch of the feed. Called by who holds the home's lock, so one at a time.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from orchestration.files import replacing
from orchestration.home import Home, iso_timestamp, wall_clock
from orchestration.intake import events, spool, status

LARGEST = 50_000
"""Events of one batch at most."""


@dataclass
class Landed:
    """What was landed now."""

    events: int = 0
    files: int = 0


def land_waiting(home: Home) -> Landed:
    """Turn all that waits into files of the feeds; nothing where no event ever came.

    Raises:
        TieoutError: when the spool or a map cannot be read.
    """
    landed = Landed()
    if not spool.path_of(home).exists():
        return landed
    with spool.connected(home) as connection:
        while _take(connection, wall_clock()):
            pass
        for batch, made_at in _unwritten(connection):
            _write(home, connection, batch, made_at, landed)
        spool.prune(connection, wall_clock())
        if landed.events:
            status.note(home, "spool", summary(connection))
    return landed


def summary(connection: sqlite3.Connection) -> dict[str, object]:
    """What waits, and what became of all that came."""
    waiting = spool.waiting(connection)
    outcomes = connection.execute(
        "select outcome, sum(events) from counted group by outcome order by outcome"
    ).fetchall()
    unknown = connection.execute(
        "select source || ' ' || type, sum(events) as n from counted where outcome = 'unknown' "
        "group by 1 order by n desc, 1 limit 20"
    ).fetchall()
    return {
        "waiting": waiting.events,
        "waiting_bytes": waiting.size,
        "oldest_waiting_at": waiting.oldest,
        "outcomes": dict(outcomes),
        "unknown_types": dict(unknown),
    }


def _take(connection: sqlite3.Connection, now: datetime) -> int:
    """Give what waits to a new batch; how many events."""
    with spool.writing(connection):
        if not spool.has_waiting(connection):
            return 0
        made = connection.execute("insert into batches (made_at) values (?)", [iso_timestamp(now)])
        return connection.execute(
            "update events set batch = ? where seq in "
            "(select seq from events where batch is null order by seq limit ?)",
            (made.lastrowid, LARGEST),
        ).rowcount


def _unwritten(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    return connection.execute(
        "select batch, made_at from batches where written_at is null order by batch"
    ).fetchall()


def _write(
    home: Home, connection: sqlite3.Connection, batch: int, made_at: str, landed: Landed
) -> None:
    lines: dict[str, list[str]] = {}
    counted: Counter[tuple[str, str, str]] = Counter()
    known: dict[tuple[str, str], str] = {}

    def row_of(source: str, object_id: str) -> str | None:
        if (source, object_id) in known:
            return known[source, object_id]
        found = connection.execute(
            "select row_id from known_objects where source = ? and object_id = ?",
            (source, object_id),
        ).fetchone()
        return found[0] if found else None

    rows = connection.execute(
        "select source, body from events where batch = ? order by seq", [batch]
    )
    for source, body in rows.fetchall():
        read = events.read(home, source, body, partial(row_of, source))
        counted[source, read.type[:100], read.outcome] += 1
        for feed, line in read.lines:
            lines.setdefault(feed, []).append(line)
        known |= {(source, object_id): row_id for object_id, row_id in read.known}
    for feed, of_feed in lines.items():
        _land_file(home, feed, batch, made_at, of_feed)
    with spool.writing(connection):
        connection.executemany(
            "insert or replace into counted values (?, ?, ?, ?, ?)",
            [(batch, *key, number) for key, number in counted.items()],
        )
        connection.executemany(
            "insert or replace into known_objects values (?, ?, ?)",
            [(*key, row_id) for key, row_id in known.items()],
        )
        connection.execute(
            "update batches set written_at = ? where batch = ?",
            (iso_timestamp(wall_clock()), batch),
        )
    landed.events += counted.total()
    landed.files += len(lines)


def _land_file(home: Home, feed: str, batch: int, made_at: str, lines: list[str]) -> Path:
    """A landed file is never changed: one of this name has this content already."""
    content = "".join(f"{line}\n" for line in lines).encode("utf-8")
    digest = hashlib.sha256(content).hexdigest()[:16]
    path = home.feed_landing(feed) / "events" / made_at[:10] / f"{batch:09d}-{digest}.jsonl"
    if not path.exists():
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    return path
