"""Who was refused what, who saw personal data, who took data out: kept for good."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from orchestration.home import Home, wall_clock
from orchestration.review import inbox
from orchestration.review.people import Permission, Person
from orchestration.review.tables import access_log


class Event(StrEnum):
    """What is worth keeping."""

    DENIED = "denied"
    SAW_PERSONAL_DATA = "saw_personal_data"
    EXPORTED = "exported"
    SIGNED_IN = "signed_in"


@dataclass(frozen=True)
class Entry:
    """One entry; `at` is naive UTC."""

    entry_id: str
    at: datetime
    actor: str
    actor_name: str
    event: Event
    permission: Permission | None
    detail: Mapping[str, Any]


def record(
    home: Home,
    person: Person,
    event: Event,
    permission: Permission | None = None,
    **detail: str,
) -> None:
    """Keep that a person did, or tried to do, something; `detail` says where and with what.

    Raises:
        InboxUnavailable: when it cannot be kept; then what it is about must not happen either.
    """
    at = wall_clock()
    with inbox.of(home).writing() as connection:
        connection.execute(
            access_log.insert().values(
                entry_id=inbox.new_id("a", at),
                at=at,
                actor=person.subject,
                actor_name=person.name,
                event=event.value,
                permission=permission.value if permission else None,
                detail=json.dumps(detail, sort_keys=True, ensure_ascii=False),
            )
        )


def entries(
    home: Home,
    *,
    event: Event | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    limit: int = 200,
    offset: int = 0,
) -> list[Entry]:
    """The latest entries, newest first."""
    wanted = (
        sa.select(access_log)
        .where(*_narrowed(event, actor, since))
        .order_by(access_log.c.at.desc(), access_log.c.entry_id.desc())
    )
    with inbox.of(home).reading() as connection:
        rows = connection.execute(wanted.limit(limit).offset(offset)).mappings().all()
    return [
        Entry(
            entry_id=row["entry_id"],
            at=row["at"],
            actor=row["actor"],
            actor_name=row["actor_name"],
            event=Event(row["event"]),
            permission=Permission(row["permission"]) if row["permission"] else None,
            detail=json.loads(row["detail"]),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Count:
    """How often a person did what, and when last; `last_at` is naive UTC."""

    actor: str
    actor_name: str
    event: Event
    count: int
    last_at: datetime


def counts(home: Home, since: datetime | None = None) -> list[Count]:
    """How often each person did what, by person and event."""
    log = access_log.c
    wanted = (
        sa.select(
            log.actor,
            log.event,
            sa.func.max(log.actor_name).label("actor_name"),
            sa.func.count().label("count"),
            sa.func.max(log.at).label("last_at"),
        )
        .where(*_narrowed(None, None, since))
        .group_by(log.actor, log.event)
        .order_by(log.actor, log.event)
    )
    with inbox.of(home).reading() as connection:
        rows = connection.execute(wanted).mappings().all()
    return [Count(**{**row, "event": Event(row["event"])}) for row in rows]


def total(
    counted: Sequence[Count], event: Event | None = None, actor: str | None = None
) -> tuple[int, int]:
    """How many entries there are, of a kind and a person where named, and of how many people."""
    found = [
        entry
        for entry in counted
        if (event is None or entry.event == event) and (actor is None or entry.actor == actor)
    ]
    return sum(entry.count for entry in found), len({entry.actor for entry in found})


def _narrowed(
    event: Event | None, actor: str | None, since: datetime | None
) -> list[sa.ColumnElement[bool]]:
    wanted = []
    if event is not None:
        wanted.append(access_log.c.event == event.value)
    if actor is not None:
        wanted.append(access_log.c.actor == actor)
    if since is not None:
        wanted.append(access_log.c.at >= since)
    return wanted
