"""What was to be told to whom, and what came of it: two tables of the review inbox's database.

Rows are only added. A notification is written before anything is sent; each attempt leaves one row
before (`begun`) and one after it. Where a process died between the two, nobody knows whether the
message left: the state `interrupted`, which the next deliverer settles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from orchestration.alerting.message import Event
from orchestration.home import Home
from orchestration.review import inbox
from orchestration.review.tables import alert_attempts, alert_notifications

Outcome = Literal["begun", "delivered", "failed", "unknown", "obsolete"]

State = Literal["waiting", "interrupted", "delivered", "failed", "unknown", "obsolete"]
"""`waiting`: nothing was tried. `unknown`: it may have arrived, and is not sent again. `obsolete`:
it did not arrive, and there is nothing to tell any more. After `failed` it is tried again."""

TEST = "test"
"""Instead of a fingerprint."""


@dataclass(frozen=True)
class Notification:
    """One message to one destination, with what came of it. Moments are naive UTC.

    `ended_at` is when the last attempt ended; `detail` says why it failed.
    """

    notification_id: str
    created_at: datetime
    fingerprint: str
    incident: int
    event: Event
    round: int
    destination: str
    person: str | None
    level: int
    alert_name: str
    severity: str
    group_key: str
    title: str
    body: str
    state: State = "waiting"
    attempts: int = 0
    ended_at: datetime | None = None
    detail: str = ""

    @property
    def dedup_key(self) -> str:
        """What services know the alert by: the fingerprint, so that its resolution closes it."""
        return self.fingerprint if self.fingerprint != TEST else self.notification_id

    @property
    def may_have_arrived(self) -> bool:
        """Whether somebody may have read it."""
        return self.state in ("delivered", "unknown", "interrupted")

    @property
    def is_to_be_sent(self) -> bool:
        """Whether something is left to do."""
        return self.state in ("waiting", "failed", "interrupted")


def add(connection: Connection, notifications: Iterable[Notification]) -> None:
    """Write down what is about to be sent, in a transaction of the inbox's `writing`."""
    columns = [column.name for column in alert_notifications.columns]
    rows = [{name: getattr(one, name) for name in columns} for one in notifications]
    if rows:
        connection.execute(alert_notifications.insert(), rows)


def note(
    home: Home,
    notification: Notification,
    number: int,
    outcome: Outcome,
    at: datetime,
    detail: str = "",
) -> None:
    """Write down that an attempt begins, or what came of it."""
    with inbox.of(home).writing() as connection:
        connection.execute(
            alert_attempts.insert().values(
                notification_id=notification.notification_id,
                number=number,
                outcome=outcome,
                at=at,
                detail=detail or None,
            )
        )


def exists(home: Home) -> bool:
    """Whether there may be something in it: a home where nobody was told anything makes none."""
    return inbox.exists(home)


def read(home: Home) -> list[Notification]:
    """Everything, the oldest first; empty where there is no inbox."""
    if not exists(home):
        return []
    with inbox.of(home).reading() as connection:
        return within(connection)


def of_fingerprints(home: Home, fingerprints: Sequence[str]) -> list[Notification]:
    """What was told of some alerts, the oldest first."""
    if not fingerprints or not exists(home):
        return []
    with inbox.of(home).reading() as connection:
        return within(connection, alert_notifications.c.fingerprint.in_(fingerprints))


def newest(home: Home, limit: int) -> list[Notification]:
    """The last notifications, the newest first."""
    if not exists(home):
        return []
    last = (
        sa.select(alert_notifications.c.notification_id)
        .order_by(
            alert_notifications.c.created_at.desc(), alert_notifications.c.notification_id.desc()
        )
        .limit(limit)
    )
    with inbox.of(home).reading() as connection:
        found = within(connection, alert_notifications.c.notification_id.in_(last))
    return found[::-1]


def within(connection: Connection, where: Any = None) -> list[Notification]:
    """Notifications with their states, the oldest first, as a transaction sees them."""
    wanted = sa.select(alert_notifications).order_by(
        alert_notifications.c.created_at, alert_notifications.c.notification_id
    )
    tried = sa.select(alert_attempts).order_by(alert_attempts.c.number, alert_attempts.c.at)
    if where is not None:
        wanted = wanted.where(where)
        tried = tried.join(alert_notifications).where(where)
    attempts: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(tried).mappings():
        attempts[row["notification_id"]].append(row)
    return [
        Notification(**row, **_state(attempts[row["notification_id"]]))
        for row in connection.execute(wanted).mappings()
    ]


def _state(attempts: Sequence[Any]) -> dict[str, Any]:
    if not attempts:
        return {}
    number = max(row["number"] for row in attempts)
    last = [row for row in attempts if row["number"] == number]
    ended = next((row for row in last if row["outcome"] != "begun"), None)
    if ended is None:
        return {"state": "interrupted", "attempts": number}
    return {
        "state": ended["outcome"],
        "attempts": number,
        "ended_at": ended["at"],
        "detail": ended["detail"] or "",
    }
