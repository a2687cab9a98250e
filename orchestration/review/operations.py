"""What people on call record: acknowledged alerts, maintenance windows, pauses.

Rows are only added. Of one kind and key the last row holds, so ending something early is a row of
its own, with the end put to now.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review import inbox
from orchestration.review.people import Permission, Person
from orchestration.review.tables import operations


class Kind(StrEnum):
    """What is recorded; `key` names which."""

    ACKNOWLEDGEMENT = "acknowledgement"
    MAINTENANCE_WINDOW = "maintenance_window"
    PAUSE = "pause"


@dataclass(frozen=True)
class Operation:
    """One row. It is in force from `starts_at` until before `ends_at` (None: until further word).

    Moments are naive UTC.
    """

    operation_id: str
    recorded_at: datetime
    actor: str
    actor_name: str
    kind: Kind
    key: str
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    detail: Mapping[str, Any]

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at a moment."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)


def record(
    home: Home,
    person: Person,
    kind: Kind,
    key: str,
    *,
    reason: str,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Operation:
    """Record one; `starts_at` defaults to now.

    Raises:
        NotPermitted: when the person may not operate.
        TieoutError: without a reason, or when it would end before it starts.
    """
    person.require(Permission.OPERATE)
    if not reason.strip():
        raise TieoutError("Say why: the next person on call reads it.")
    with inbox.of(home).writing() as connection:
        now = _next_moment(connection, wall_clock())
        starts = starts_at or min(now, wall_clock())
        if ends_at is not None and ends_at < starts:
            raise TieoutError("It would end before it starts.")
        operation = Operation(
            operation_id=inbox.new_id("o", now),
            recorded_at=now,
            actor=person.subject,
            actor_name=person.name,
            kind=kind,
            key=key,
            starts_at=starts,
            ends_at=ends_at,
            reason=reason.strip(),
            detail=dict(detail or {}),
        )
        _add(connection, operation)
    return operation


def _add(connection: Connection, operation: Operation) -> None:
    connection.execute(
        operations.insert().values(
            operation_id=operation.operation_id,
            recorded_at=operation.recorded_at,
            actor=operation.actor,
            actor_name=operation.actor_name,
            kind=operation.kind.value,
            key=operation.key,
            starts_at=operation.starts_at,
            ends_at=operation.ends_at,
            reason=operation.reason,
            detail=json.dumps(operation.detail, sort_keys=True, ensure_ascii=False),
        )
    )


def _next_moment(connection: Connection, now: datetime) -> datetime:
    """A moment, later than that of every row: the last word holds, whatever a clock says."""
    last = connection.execute(sa.select(sa.func.max(operations.c.recorded_at))).scalar()
    return now if last is None or now > last else last + timedelta(microseconds=1)


def end(home: Home, person: Person, kind: Kind, key: str, *, reason: str) -> Operation:
    """End what is in force, or was to come, as of now.

    Raises:
        NotPermitted: when the person may not operate.
        TieoutError: when there is nothing to end.
    """
    person.require(Permission.OPERATE)
    now = wall_clock()
    last = {operation.key: operation for operation in latest(home, kind)}.get(key)
    if last is None or (last.ends_at is not None and last.ends_at <= now):
        raise TieoutError(f"Nothing is in force for {key}.")
    return record(
        home,
        person,
        kind,
        key,
        reason=reason,
        starts_at=min(last.starts_at, now),
        ends_at=now,
        detail=last.detail,
    )


def end_acknowledgements(connection: Connection, holding: Collection[str], at: datetime) -> None:
    """End those of alerts that are over, as tieout; `holding` are the fingerprints of all others.

    Who took an alert took that one: what fires anew is told anew. For whoever delivers, who sees
    what is over.
    """
    for taken in _last_of_keys(_history(connection, Kind.ACKNOWLEDGEMENT)):
        if taken.key in holding or not taken.holds(at):
            continue
        now = _next_moment(connection, at)
        _add(
            connection,
            replace(
                taken,
                operation_id=inbox.new_id("o", now),
                recorded_at=now,
                actor="tieout",
                actor_name="tieout",
                ends_at=max(at, taken.starts_at),
                reason="The alert is over.",
            ),
        )


def latest(home: Home, kind: Kind) -> list[Operation]:
    """The last row of each key of a kind, newest first."""
    return _last_of_keys(history(home, kind))


def _last_of_keys(rows: Sequence[Operation]) -> list[Operation]:
    seen: set[str] = set()
    return [row for row in rows if not (row.key in seen or seen.add(row.key))]  # type: ignore[func-returns-value]


def in_force(home: Home, kind: Kind, at: datetime | None = None) -> list[Operation]:
    """What holds at a moment (default: now), newest first."""
    moment = at or wall_clock()
    return [operation for operation in latest(home, kind) if operation.holds(moment)]


def history(home: Home, kind: Kind | None = None, key: str | None = None) -> list[Operation]:
    """All rows, newest first; an inbox that nobody has opened holds none."""
    if not inbox.exists(home):
        return []
    with inbox.of(home).reading() as connection:
        return _history(connection, kind, key)


def _history(
    connection: Connection, kind: Kind | None = None, key: str | None = None
) -> list[Operation]:
    wanted = sa.select(operations).order_by(
        operations.c.recorded_at.desc(), operations.c.operation_id.desc()
    )
    if kind is not None:
        wanted = wanted.where(operations.c.kind == kind.value)
    if key is not None:
        wanted = wanted.where(operations.c.key == key)
    rows = connection.execute(wanted).mappings().all()
    return [
        Operation(**{**row, "kind": Kind(row["kind"]), "detail": json.loads(row["detail"])})
        for row in rows
    ]
