"""When a run is due for the events that wait. The watch asks, or Dagster's sensor without one."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orchestration.home import Home, TieoutError, parse_as_of, wall_clock
from orchestration.intake import events, policies, spool

log = logging.getLogger("tieout.intake")


@dataclass
class Due:
    """The waiting events that were looked at, and when the first of them is due.

    `at` is None while none is. `unreadable` counts those whose map cannot be read, by source.
    `trouble` says what is wrong with the policies: events start no run until that is mended, and
    land with any other.
    """

    home: Home
    trouble: str = ""
    at: datetime | None = None
    is_urgent: bool = False
    policy: str = ""
    unreadable: dict[str, int] = field(default_factory=dict)
    _up_to: int = 0
    _policies: list[policies.Policy] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._published = policies.Published(self.home)

    @property
    def trigger(self) -> str:
        """What a run for them is said to be started by: one of high value, or any other."""
        return "event" if self.is_urgent else "tick"

    def look(self, connection: sqlite3.Connection) -> bool:
        """Judge the events that came since the last look, until one is due; whether one is."""
        if not self._has_policies():
            return False
        now = wall_clock()
        if not spool.has_waiting(connection):
            self.are_taken()
        rows = connection.execute(
            "select seq, source, body, received_at from events "
            "where batch is null and seq > ? order by seq",
            [self._up_to],
        )
        while not self._is_due(now) and (row := rows.fetchone()) is not None:
            self._up_to, *told = row
            self._judge(*told)
        rows.close()
        return self._is_due(now)

    def are_taken(self) -> None:
        """A run takes all that waits."""
        self.at = None
        self.unreadable = {}

    def are_left(self) -> None:
        """That run did not take them: all are looked at again."""
        self.are_taken()
        self._up_to = 0

    def _has_policies(self) -> bool:
        """Whether the policies are read; those that cannot be are tried again at each look."""
        if self._policies:
            return True
        try:
            self._policies = policies.read()
        except TieoutError as error:
            if str(error) != self.trouble:
                log.error("events start no run: %s", error)
            self.trouble = str(error)
            return False
        self.trouble = ""
        return True

    def _is_due(self, now: datetime) -> bool:
        return self.at is not None and self.at <= now

    def _judge(self, source: str, body: bytes, received_at: str) -> None:
        try:
            read = events.read(self.home, source, body)
        except TieoutError as error:
            policy: policies.Policy | None = self._of_unreadable(source, error)
        else:
            policy = policies.strictest(self._policies, read.rows, self._published.read())
        if policy is None:
            return  # it says nothing that a run would read
        at = parse_as_of(received_at) + policy.wait
        if self.at is None or at < self.at:
            self.at = at
            self.policy = policy.name
            self.is_urgent = policy.wait == timedelta(0)

    def _of_unreadable(self, source: str, error: TieoutError) -> policies.Policy:
        """An event that nobody can read waits as long as any may; then its run fails, and says so
        where people hear of it."""
        if source not in self.unreadable:
            log.error("events of source=%s cannot be read: %s", source, error)
        self.unreadable[source] = self.unreadable.get(source, 0) + 1
        return policies.longest(self._policies)
