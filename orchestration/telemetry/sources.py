"""What the metrics are read from: the publication, landing, run records and the review inbox."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import publish, run_records
from orchestration.alerting import outbox
from orchestration.home import Home, TieoutError, parse_as_of
from orchestration.ingest import landing
from orchestration.intake import batches, spool, status
from orchestration.review import decisions

QUERIES = Path(__file__).resolve().parent / "queries"
RECORDED = ("runs", "steps", "outcomes")
OUTCOMES = ("published", "failed", "stopped", "interrupted", "partial", "running")

NEWEST_NOTIFICATIONS = 1000

Row = Mapping[str, Any]


def read(home: Home) -> dict[str, list[Row] | None]:
    """The rows of every source by its name; None for one that cannot be read now.

    Before the first publication its sources are empty, which is no fault.
    """
    found = {name: _tried(reader, home) for name, reader in READERS.items()}
    return {**found, **_records(home), **_published(home)}


def names() -> list[str]:
    """All sources."""
    return sorted([*READERS, *RECORDED, *(path.stem for path in QUERIES.glob("*.sql"))])


def _tried(reader: Callable[..., Sequence[Row]], *given: object) -> list[Row] | None:
    try:
        return list(reader(*given))
    except (TieoutError, OSError, duckdb.Error, sqlite3.Error):
        return None


def _published(home: Home) -> dict[str, list[Row] | None]:
    queries = sorted(QUERIES.glob("*.sql"))
    if publish.served_publication(home) is None:
        return {path.stem: [] for path in queries}
    try:
        with publish.reading(home) as connection:
            return {path.stem: _tried(_rows, connection, path) for path in queries}
    except (TieoutError, duckdb.Error):
        return {path.stem: None for path in queries}


def _rows(connection: duckdb.DuckDBPyConnection, query: Path) -> list[Row]:
    cursor = connection.execute(query.read_text(encoding="utf-8"))
    columns = [description[0] for description in cursor.description or []]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _backlog(home: Home) -> list[Row]:
    """A feed that has folders or files is told of with zero, too."""
    read_batches: set[str] = set()
    if publish.served_publication(home) is not None:
        with publish.reading(home) as connection:
            read_batches = {
                batch_id
                for (batch_id,) in connection.execute(
                    "select batch_id from marts.fct_batches"
                ).fetchall()
            }
    return [
        {
            "feed": feed,
            "files": len(waiting),
            "bytes": sum(size for size, _ in waiting),
            "oldest": min((modified for _, modified in waiting), default=None),
        }
        for feed, waiting in landing.unread(home, read_batches).items()
    ]


def _records(home: Home) -> dict[str, list[Row]]:
    """What the kept records of runs say. Parts that a person rebuilt are in the outcomes alone."""
    records = run_records.read(home, run_records.KEPT_RECORDS)
    counted = Counter[str](record.outcome for record in records)
    outcomes: list[Row] = [{"outcome": outcome, "runs": counted[outcome]} for outcome in OUTCOMES]
    whole = [record for record in records if record.is_whole]
    if not whole:
        return {"runs": [], "steps": [], "outcomes": outcomes}
    ended = next((record for record in whole if record.outcome != "running"), None)
    success = next((record for record in whole if record.outcome == "published"), None)
    run: Row = {
        "started_at": _epoch(whole[0].started_at),
        "in_progress": whole[0].outcome == "running",
        "last_success": _epoch(success.ended_at) if success and success.ended_at else None,
        "failed": ended.outcome != "published" if ended else None,
        "seconds": (ended.ended_at - ended.started_at).total_seconds()
        if ended and ended.ended_at
        else None,
    }
    steps: list[Row] = [
        {"step": step.name, "seconds": step.seconds} for step in (ended.steps if ended else [])
    ]
    return {"runs": [run], "steps": steps, "outcomes": outcomes}


def _inbox(home: Home) -> list[Row]:
    counted = Counter(decision.state.value for decision in decisions.active(home))
    return [{"state": state.value, "decisions": counted[state.value]} for state in decisions.ACTIVE]


def _notifications(home: Home) -> list[Row]:
    """What came of the newest messages to people."""
    counted = Counter((n.severity, n.state) for n in outbox.newest(home, NEWEST_NOTIFICATIONS))
    return [
        {"severity": severity, "state": state, "notifications": count}
        for (severity, state), count in sorted(counted.items())
    ]


def _intake(home: Home) -> list[Row]:
    """What the spool holds, and when the newest event came; nothing where none ever did."""
    if not spool.path_of(home).exists():
        return []
    with spool.connected(home) as connection:
        waiting = spool.waiting(connection)
        last = spool.last_received_at(connection)
    return [
        {
            "events": waiting.events,
            "bytes": waiting.size,
            "oldest": _epoch(parse_as_of(waiting.oldest)) if waiting.oldest else None,
            "last_event": _epoch(parse_as_of(last)) if last else None,
        }
    ]


def _intake_outcomes(home: Home) -> list[Row]:
    if not spool.path_of(home).exists():
        return []
    with spool.connected(home) as connection:
        told = batches.summary(connection)["outcomes"]
    assert isinstance(told, dict)
    return [{"outcome": outcome, "events": events} for outcome, events in told.items()]


def _intake_refused(home: Home) -> list[Row]:
    """What the receiver says that it refused, by the reason that it gave."""
    told = status.read(home).get("receiver", {})
    return [
        {"reason": name.removeprefix(status.REFUSED), "events": events}
        for name, events in sorted(told.items())
        if name.startswith(status.REFUSED)
    ]


def _intake_processes(home: Home) -> list[Row]:
    """When each process of the intake last said how it is, or was stopped, and how far a consumer
    is behind."""
    rows: list[Row] = []
    for process, told in sorted(status.read(home).items()):
        at, is_stopped = _epoch(parse_as_of(told["at"])), bool(told.get(status.STOPPED))
        rows.append(
            {
                "process": process,
                "at": None if is_stopped else at,
                "stopped": at if is_stopped else None,
                "lag": told.get("lag"),
                "pending": told.get("pending"),
            }
        )
    return rows


def _epoch(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()


READERS: dict[str, Callable[[Home], Sequence[Row]]] = {
    "backlog": _backlog,
    "inbox": _inbox,
    "notifications": _notifications,
    "intake": _intake,
    "intake_outcomes": _intake_outcomes,
    "intake_refused": _intake_refused,
    "intake_processes": _intake_processes,
}
