"""`tieout alerts`: deliver, try a destination, see what was told, ask who is on call."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime

from orchestration.alerting import calendar, coverage, deliver, outbox, routes, sender
from orchestration.alerting.after_run import FILE, unconfigured
from orchestration.alerting.options import LISTED
from orchestration.alerting.outbox import Notification
from orchestration.alerting.routes import ON_CALL
from orchestration.home import Home, TieoutError, parse_as_of, wall_clock

STATES = {
    "waiting": "waiting to be sent",
    "interrupted": "being sent",
    "delivered": "delivered",
    "failed": "failed, is tried again",
    "unknown": "unknown: may have arrived, not sent twice",
    "obsolete": "not sent",
}
"""States as people read them."""


def run(options: argparse.Namespace) -> int:
    """Do it; the exit status is 1 where something did not arrive or cannot be used.

    Raises:
        TieoutError: when a file cannot be used, or a name is not known.
    """
    home = Home.from_environment()
    now = wall_clock()
    if options.what == "deliver":
        if _configured(home) is None:
            print(unconfigured(home))
            return 0
        return _told(deliver.deliver(home, now), "Nothing is to be told.")
    if options.what == "test":
        return _told(deliver.send_test(home, options.to, now), "Nobody is reached by it.")
    if options.what == "list":
        return _list(home, options.all)
    if options.what == "check":
        return _check(home)
    return _whois(home, _moment(options.moment, now))


def line_of(one: Notification) -> str:
    """A notification in two lines."""
    whom = f"{one.person} ({one.destination})" if one.person else one.destination
    ended = f" {one.ended_at:%H:%M}" if one.ended_at is not None else ""
    why = f": {one.detail}" if one.detail and one.state != "delivered" else ""
    tries = f", {one.attempts} attempts" if one.attempts > 1 else ""
    return (
        f"{one.created_at:%Y-%m-%d %H:%M}  {one.event:<9}  to {whom}  "
        f"{STATES[one.state]}{ended}{tries}{why}\n  {one.title}"
    )


def _configured(home: Home) -> routes.Configuration | None:
    return routes.read(home)


def _told(notifications: Sequence[Notification], nothing: str) -> int:
    for one in notifications:
        print(line_of(one))
    if not notifications:
        print(nothing)
    return int(any(one.state in ("failed", "unknown") for one in notifications))


def _list(home: Home, everything: bool) -> int:
    found = outbox.read(home) if everything else outbox.newest(home, LISTED)[::-1]
    for one in found:
        print(line_of(one))
    if not found:
        print("Nobody has been told anything.")
    if _configured(home) is None:
        print(unconfigured(home))
    return 0


def _check(home: Home) -> int:
    configuration = _configured(home)
    if configuration is None:
        print(unconfigured(home))
        return 1
    checked = sender.check(home, configuration)
    for name, found in checked.items():
        if isinstance(found, TieoutError):
            print(f"{name:<20} {found}")
        else:
            closes = "closes what it opened" if found.knows_key else "a message each"
            print(f"{name:<20} {found.name}, {closes}")
    for route in configuration.routes:
        asked = ", ".join(f"{key} {' or '.join(kept)}" for key, kept in route.filters.items())
        print(f"{asked or 'all the rest'} -> {', '.join(route.to)}")
    missed = coverage.unrouted(configuration)
    for (severity, team), names in missed.items():
        print(f"no route takes: {severity} of team {team} ({', '.join(names)})")
    return int(
        any(isinstance(found, TieoutError) for found in checked.values())
        or any(severity == "page" for severity, _ in missed)
    )


def _whois(home: Home, moment: datetime) -> int:
    configuration = _configured(home)
    found = configuration.calendar if configuration is not None else None
    if found is None:
        raise TieoutError(
            f"{home.root / calendar.FILE} says who is on call, and it does not exist "
            f"(or {FILE} beside it does not); orchestration/alerting/README.md shows how."
        )
    for key, rotation in found.rotations.items():
        shift = found.on_call(key, moment)
        how = ", standing in" if shift.is_override else ""
        print(
            f"{ON_CALL}{key}: {shift.person.name} ({', '.join(shift.person.to)}){how}, until "
            f"{shift.ends_at:%Y-%m-%d %H:%M} UTC"
        )
        for level in range(1, len(rotation.escalate_to) + 1):
            person = found.level(key, level, moment)
            assert person is not None and rotation.escalate_after is not None
            minutes = int(rotation.escalate_after.total_seconds() // 60) * level
            print(f"  after {minutes} min: {person.name} ({', '.join(person.to)})")
    return 0


def _moment(text: str | None, now: datetime) -> datetime:
    if text is None:
        return now
    try:
        return parse_as_of(text)
    except TieoutError:
        raise TieoutError(
            f"{text!r} is no moment: write it as 2026-12-24T18:00:00Z or with an offset."
        ) from None
