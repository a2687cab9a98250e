"""Who is on call: people, rotations, overrides and escalation, read from `oncall.yml` in the home.

Handovers are at a local time, so a rotation keeps its hour when clocks change. Moments outside this
module are naive UTC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestration.alerting import yaml_file
from orchestration.alerting.yaml_file import Node
from orchestration.home import Home, to_naive_utc

FILE = "oncall.yml"

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class OnCallPerson:
    """Somebody who can be called. `to` are destinations of `alerts.yml`, all of them used."""

    key: str
    name: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Override:
    """Somebody stands in, from `starts_at` until before `ends_at` (local to the rotation)."""

    person: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Shift:
    """Who is on call at a moment, and until when (naive UTC)."""

    rotation: str
    person: OnCallPerson
    ends_at: datetime
    is_override: bool


@dataclass(frozen=True)
class Rotation:
    """People who take turns. `starts_at` is the local handover with which the first one begins."""

    key: str
    zone: ZoneInfo
    starts_at: datetime
    every: timedelta
    people: tuple[str, ...]
    overrides: tuple[Override, ...]
    escalate_after: timedelta | None
    escalate_to: tuple[str, ...]


@dataclass(frozen=True)
class Calendar:
    """The file whole."""

    people: Mapping[str, OnCallPerson]
    rotations: Mapping[str, Rotation]

    def on_call(self, rotation: str, moment: datetime) -> Shift:
        """Who is on call at a moment (naive UTC). Before the first handover it is the first person.

        Raises:
            KeyError: when there is no such rotation.
        """
        found = self.rotations[rotation]
        local = moment.replace(tzinfo=UTC).astimezone(found.zone).replace(tzinfo=None)
        turn = max(0, (local - found.starts_at) // found.every)
        until = found.starts_at + (turn + 1) * found.every
        person = found.people[turn % len(found.people)]
        is_override = False
        for override in found.overrides:  # a later line stands over an earlier one
            if override.starts_at <= local < override.ends_at:
                person, until, is_override = override.person, override.ends_at, True
            elif local < override.starts_at < until:
                until = override.starts_at
        return Shift(rotation, self.people[person], _utc(until, found.zone), is_override)

    def level(self, rotation: str, level: int, moment: datetime) -> OnCallPerson | None:
        """Who is called at an escalation level; 0 is the one on call. None past the last level."""
        if level == 0:
            return self.on_call(rotation, moment).person
        names = self.rotations[rotation].escalate_to
        if level > len(names):
            return None
        name = names[level - 1]
        return self.people[name] if name in self.people else self.on_call(name, moment).person


def read(home: Home, destinations: Sequence[str] = ()) -> Calendar | None:
    """The calendar of a home, None where there is none. `destinations` are those of `alerts.yml`.

    Raises:
        ConfigurationError: when the file cannot be used; the message says what, where and how.
    """
    root = yaml_file.read(home.root / FILE)
    if root is None:
        return None
    root.mapping(["people", "rotations", "overrides"], required=["people", "rotations"])
    people = {key: _person(key, node, destinations) for key, node in root.child("people").entries()}
    overrides: dict[str, list[Override]] = {}
    names = list(root.child("rotations").mapping().value)
    if root.child("overrides").value:
        for node in root.child("overrides").items():
            rotation, override = _override(node, names, people)
            overrides.setdefault(rotation, []).append(override)
    rotations = {
        key: _rotation(key, node, names, people, overrides.get(key, ()))
        for key, node in root.child("rotations").entries()
    }
    for name in sorted(people.keys() & rotations.keys()):
        root.child("rotations").refuse(
            f"{name!r} is a person and a rotation: `escalate_to` could mean either. Rename one."
        )
    return Calendar(people, rotations)


def _person(key: str, node: Node, destinations: Sequence[str]) -> OnCallPerson:
    node.mapping(["name", "to"], required=["name", "to"])
    to = node.child("to").texts()
    for name in to:
        if name not in destinations:
            node.child("to").refuse(
                f"{name!r} is no destination of alerts.yml "
                f"({', '.join(destinations) or 'which names none'})."
            )
    return OnCallPerson(key, node.child("name").text(), to)


def _rotation(
    key: str,
    node: Node,
    rotations: Sequence[str],
    people: Mapping[str, OnCallPerson],
    overrides: Sequence[Override],
) -> Rotation:
    allowed = [
        "zone", "handover", "starts", "people", "escalate_after_minutes", "escalate_to",
    ]  # fmt: skip
    node.mapping(allowed, required=["zone", "handover", "starts", "people"])
    members = node.child("people").texts()
    for name in members:
        if name not in people:
            node.child("people").refuse(f"{name!r} is nobody of `people` ({', '.join(people)}).")
    weekday, hour, minute = _handover(node.child("handover"))
    starts = node.child("starts").moment().replace(hour=hour, minute=minute)
    if weekday is not None and starts.weekday() != weekday:
        node.child("starts").refuse(
            f"{starts:%Y-%m-%d} is a {WEEKDAYS[starts.weekday()].title()}, and handover is on "
            f"{WEEKDAYS[weekday].title()}: name the day on which the first person begins."
        )
    after, to = node.child("escalate_after_minutes"), node.child("escalate_to")
    if (after.value is None) != (to.value is None):
        node.refuse("`escalate_after_minutes` and `escalate_to` go together.")
    levels = to.texts() if to.value is not None else ()
    for name in levels:
        if name not in people and name not in rotations:
            to.refuse(f"{name!r} is neither a person nor a rotation.")
        if name == key:
            to.refuse("a rotation that escalates to itself calls the same person again.")
    return Rotation(
        key=key,
        zone=_zone(node.child("zone")),
        starts_at=starts,
        every=timedelta(days=1 if weekday is None else 7),
        people=members,
        overrides=tuple(overrides),
        escalate_after=timedelta(minutes=after.minutes()) if levels else None,
        escalate_to=levels,
    )


def _override(
    node: Node, rotations: Sequence[str], people: Mapping[str, OnCallPerson]
) -> tuple[str, Override]:
    required = ["rotation", "person", "from", "until"]
    node.mapping(required, required=required)
    rotation, person = node.child("rotation").text(), node.child("person").text()
    if rotation not in rotations:
        node.child("rotation").refuse(f"there is no rotation {rotation!r}.")
    if person not in people:
        node.child("person").refuse(f"{person!r} is nobody of `people` ({', '.join(people)}).")
    starts_at, ends_at = node.child("from").moment(), node.child("until").moment()
    if ends_at <= starts_at:
        node.refuse("it ends before it starts.")
    return rotation, Override(person, starts_at, ends_at)


def _handover(node: Node) -> tuple[int | None, int, int]:
    """Weekday (None: every day), hour and minute."""
    found = re.fullmatch(r"(daily|[a-z]+day)\s+(\d{1,2}):(\d{2})", str(node.value or "").lower())
    if (
        found is None
        or (found[1] != "daily" and found[1] not in WEEKDAYS)
        or int(found[2]) > 23
        or int(found[3]) > 59
    ):
        node.refuse(f"{node.value!r} is no handover: write `monday 09:00` or `daily 09:00`.")
    weekday = None if found[1] == "daily" else WEEKDAYS.index(found[1])
    return weekday, int(found[2]), int(found[3])


def _zone(node: Node) -> ZoneInfo:
    try:
        return ZoneInfo(node.text())
    except (ZoneInfoNotFoundError, ValueError):
        node.refuse(f"{node.value!r} is no time zone: write a name such as Europe/Berlin.")


def _utc(local: datetime, zone: ZoneInfo) -> datetime:
    return to_naive_utc(local.replace(tzinfo=zone))
