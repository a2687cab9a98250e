"""Which alert goes where: `alerts.yml` in the home. Without the file, nobody is told anything.

Addresses are apprise URLs, and most of them hold a secret; they are written as `${NAME}` and filled
in when something is sent (`secret_values.py`), and are neither shown nor logged nor stored.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestration import run_notices, seeds
from orchestration.alerting import calendar, intake_alerts, names, yaml_file
from orchestration.alerting.after_run import FILE
from orchestration.alerting.calendar import Calendar
from orchestration.alerting.yaml_file import Node
from orchestration.home import Home
from orchestration.schedule import schedule_of

ON_CALL = "on-call:"
"""Before the name of a rotation, where a route names who is reached."""

SEVERITIES = ("page", "ticket", "info")

RENOTIFY = {"page": timedelta(hours=1), "ticket": timedelta(days=1)}
"""After which time somebody is told again of what still fires and nobody has taken."""

_FILTERS = ("severity", "team", "root_cause", "alert", "group")


@dataclass(frozen=True)
class Route:
    """What goes to whom. An alert fits where each filter that is set names it."""

    filters: Mapping[str, tuple[str, ...]]
    to: tuple[str, ...]
    goes_on: bool

    def fits(self, alert: Mapping[str, str]) -> bool:
        """`alert` has a value for each filter."""
        return all(alert[name] in wanted for name, wanted in self.filters.items())


@dataclass(frozen=True)
class Due:
    """When a run is expected (a cron expression and the zone of its hours), and how late."""

    cron: str
    zone: str
    grace: timedelta = timedelta(hours=1)


@dataclass(frozen=True)
class Reached:
    """One address that a notification goes to; `person` is who is called by it, if it is one."""

    destination: str
    person: str | None = None
    level: int = 0


@dataclass(frozen=True)
class Configuration:
    """Both files. `destinations` are apprise URLs as written, with their placeholders."""

    destinations: Mapping[str, str]
    routes: Sequence[Route]
    calendar: Calendar | None
    renotify: Mapping[str, timedelta]
    due: Due | None
    dashboard: str | None
    runbooks: str | None

    def routed(self, alert: Mapping[str, str]) -> list[str]:
        """The names that an alert goes to, in order; the first route that fits decides, unless it
        says to go on. `alert` holds severity, root_cause, alert, group and team."""
        names: list[str] = []
        for route in self.routes:
            if route.fits(alert):
                names.extend(name for name in route.to if name not in names)
                if not route.goes_on:
                    break
        return names


def read(home: Home) -> Configuration | None:
    """How alerts reach people; None where nobody has said so.

    Raises:
        ConfigurationError: when one of the files cannot be used.
    """
    root = yaml_file.read(home.root / FILE)
    if root is None:
        return None
    root.mapping(
        ["destinations", "routes", "renotify_after_minutes", "runs", "dashboard", "runbooks"],
        required=["destinations", "routes"],
    )
    destinations = {}
    for name, node in root.child("destinations").entries():
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}", name):
            node.refuse("a destination's name has letters, digits, `-`, `_` and `.` alone.")
        destinations[name] = node.text()
    people = calendar.read(home, list(destinations))
    return Configuration(
        destinations=destinations,
        routes=[_route(node, destinations, people) for node in root.child("routes").items()],
        calendar=people,
        renotify=_renotify(root.child("renotify_after_minutes")),
        due=_due(root.child("runs")),
        dashboard=_address(root.child("dashboard")),
        runbooks=_address(root.child("runbooks")),
    )


@cache
def teams() -> Mapping[str, str]:
    """Who acts on each root cause."""
    return {row["root_cause"]: row["who_acts"] for row in seeds.rows("root_causes")}


def _route(node: Node, destinations: Mapping[str, str], people: Calendar | None) -> Route:
    node.mapping([*_FILTERS, "to", "continue"], required=["to"])
    filters = {
        name: node.child(name).texts() for name in _FILTERS if node.child(name).value is not None
    }
    known_teams = {
        *teams().values(),
        *(limit.team for limit in run_notices.limits().values()),
        *(limit.team for limit in intake_alerts.limits().values()),
    }
    for name, known in (("severity", SEVERITIES), ("team", sorted(known_teams))):
        for value in filters.get(name, ()):
            if value not in known:
                node.child(name).refuse(f"{value!r} is none of {', '.join(known)}.")
    _named(node, filters)
    to = node.child("to").texts()
    for name in to:
        if name.startswith(ON_CALL):
            rotation = name.removeprefix(ON_CALL)
            if people is None:
                node.child("to").refuse(f"{name} needs the rotation in {calendar.FILE}.")
            if rotation not in people.rotations:
                node.child("to").refuse(
                    f"{calendar.FILE} has no rotation {rotation!r} "
                    f"(it has {', '.join(people.rotations)})."
                )
        elif name not in destinations:
            node.child("to").refuse(
                f"{name!r} is no destination ({', '.join(destinations)}); a rotation is written "
                f"{ON_CALL}NAME."
            )
    goes_on = node.child("continue").value
    if goes_on not in (None, True, False):
        node.child("continue").refuse("write true or false.")
    return Route(filters, to, bool(goes_on))


def _named(node: Node, filters: Mapping[str, Sequence[str]]) -> None:
    """Refuse a name that no alert can have."""
    for name, what, known, listed in (
        (
            "alert",
            "alert",
            names.alerts(),
            "seeds alert_rules, run_notices, intake_alerts list them",
        ),
        ("root_cause", "root cause", names.root_causes(), "seeds/root_causes.csv lists them"),
        ("group", "group of alerts", names.groups(), f"one is {names.forms_of_groups()}"),
    ):
        for value in filters.get(name, ()):
            if value not in known and not (name == "group" and names.is_of_data(value)):
                near = get_close_matches(value, sorted(known), 3)
                hint = f"near it: {', '.join(near)}" if near else listed
                node.child(name).refuse(f"{value!r} is no {what}; {hint}.")


def _renotify(node: Node) -> Mapping[str, timedelta]:
    if node.value is None:
        return RENOTIFY
    return RENOTIFY | {
        severity: timedelta(minutes=minutes.minutes())
        for severity, minutes in node.mapping(SEVERITIES).entries()
    }


def _due(node: Node) -> Due | None:
    """When runs are due: by the schedule that starts them, or every day at an hour."""
    if node.value == "unscheduled":
        return None
    scheduled = Due(*schedule_of(os.environ))
    if node.value is None:
        return scheduled
    node.mapping(["due", "zone", "grace_minutes"])
    due, zone, grace = map(node.child, ("due", "zone", "grace_minutes"))
    allowed = timedelta(minutes=grace.minutes()) if grace.value is not None else scheduled.grace
    if due.value is None:
        if zone.value is not None:
            zone.refuse("without `due` the schedule says when, TIEOUT_SCHEDULE_ZONE where.")
        return replace(scheduled, grace=allowed)
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", str(due.value))
    if found is None:
        due.refuse('write the hour in quotes, as "06:00".')
    try:
        known = ZoneInfo(zone.text() if zone.value is not None else "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        zone.refuse(f"{zone.value!r} is no time zone: write a name such as Europe/Berlin.")
    return Due(f"{int(found[2])} {int(found[1])} * * *", known.key, allowed)


def _address(node: Node) -> str | None:
    if node.value is None:
        return None
    text = node.text()
    if not re.fullmatch(r"https?://\S+", text) or "@" in text:
        node.refuse("write an address that people can open, as https://tieout.example.com.")
    return text.rstrip("/")
