"""Events that do not come in: a process that is silent or stopped, events that wait, a stream that
runs ahead, senders that are refused. Told from what the intake writes down (`intake/status.py`, the
spool).

Thresholds are rows of `seeds/intake_alerts.csv`. What one look cannot tell (a lag that lasts, a
counter that grows) is told from notes that each delivery leaves in `runs/intake_seen.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from orchestration import seeds
from orchestration.alerting.spans import span
from orchestration.files import read_object, write_text
from orchestration.home import Home, TieoutError, iso_timestamp, parse_as_of
from orchestration.intake import spool, status

SILENT = "intake_silent"
STOPPED = "intake_stopped"
WAIT = "events_wait"
BEHIND = "stream_behind"
REFUSED = "events_refused"

PROCESSES = ("receiver", "consumer", "watch")


@dataclass(frozen=True)
class Limit:
    """A row of the seed: `length` is what `for_seconds` says."""

    severity: str
    team: str
    more_than: int
    length: timedelta


@dataclass(frozen=True)
class IntakeAlert:
    """Something is wrong with the intake, since a moment (naive UTC)."""

    kind: str
    subject: str
    since: datetime
    sentence: str


@cache
def limits() -> Mapping[str, Limit]:
    """The rows of the seed by the name of their alert."""
    return {
        row["alert"]: Limit(
            row["severity"],
            row["team"],
            int(row["more_than"]),
            timedelta(seconds=int(row["for_seconds"])),
        )
        for row in seeds.rows("intake_alerts")
    }


def of_home(home: Home, now: datetime) -> list[IntakeAlert]:
    """What is wrong with the intake of a home at a moment; nothing where none ever ran."""
    told, seen = status.read(home), _seen(home)
    return [
        *_missing(told, now),
        *_waiting(home, now),
        *_behind(told, seen, now),
        *_refused(told, seen),
    ]


def observe(home: Home, now: datetime) -> None:
    """Note what the next look needs to know of this one: since when a stream runs ahead, and how
    many events had been refused. The caller is the one deliverer of the home."""
    told = status.read(home)
    if not told:
        return
    seen = _seen(home)
    if _lag(told) <= limits()[BEHIND].more_than:
        seen.pop(BEHIND, None)
    elif BEHIND not in seen:
        seen[BEHIND] = iso_timestamp(now)
    # two notes: what is counted from the older one covers at least the whole time
    notes = seen.get(REFUSED, [])
    if not notes or now - parse_as_of(notes[-1]["at"]) >= limits()[REFUSED].length:
        receiver = told.get("receiver", {})
        note = {
            "at": iso_timestamp(now),
            "process": receiver.get("process"),
            "counts": _counts(receiver),
        }
        seen[REFUSED] = [*notes, note][-2:]
    with suppress(OSError):
        write_text(_path(home), json.dumps(seen) + "\n")


def _missing(told: Mapping[str, Any], now: datetime) -> Iterator[IntakeAlert]:
    """Who ran and does not: soon, or where it was stopped in order once that has lasted."""
    for process in PROCESSES:
        if process not in told:
            continue
        since = parse_as_of(told[process]["at"])
        kind, sentence = SILENT, f"has not said for {span(now - since)} that it lives"
        if told[process].get(status.STOPPED):
            kind = STOPPED
            sentence = f"was stopped {span(now - since)} ago, and nobody has started it again"
        if now - since > timedelta(seconds=limits()[kind].more_than):
            yield IntakeAlert(kind, process, since, f"The {process} {sentence}")


def _waiting(home: Home, now: datetime) -> Iterator[IntakeAlert]:
    if not spool.path_of(home).exists():
        return
    with suppress(TieoutError), spool.connected(home) as connection:  # no run begins then: told
        found = spool.waiting(connection)
        since = parse_as_of(found.oldest) if found.oldest else now
        if now - since > timedelta(seconds=limits()[WAIT].more_than):
            yield IntakeAlert(
                WAIT,
                "spool",
                since,
                f"{found.events} events wait, the oldest for {span(now - since)}, and no run has "
                "landed them",
            )


def _behind(
    told: Mapping[str, Any], seen: Mapping[str, Any], now: datetime
) -> Iterator[IntakeAlert]:
    limit, lag = limits()[BEHIND], _lag(told)
    if lag > limit.more_than and BEHIND in seen:
        since = parse_as_of(seen[BEHIND])
        if now - since >= limit.length:
            yield IntakeAlert(
                BEHIND,
                "consumer",
                since,
                f"The consumer is {lag} events behind its stream, for {span(now - since)}",
            )


def _refused(told: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[IntakeAlert]:
    receiver, notes = told.get("receiver", {}), seen.get(REFUSED, [])
    if not notes:
        return
    first = notes[0]
    # a receiver that was started anew counts from nothing
    before = first["counts"] if first["process"] == receiver.get("process") else {}
    since = parse_as_of(first["at"])
    for reason, count in sorted(_counts(receiver).items()):
        more = count - before.get(reason, 0)
        if more > limits()[REFUSED].more_than:
            yield IntakeAlert(
                REFUSED,
                reason,
                since,
                f"The receiver has refused {more} events since {since:%Y-%m-%d %H:%M} UTC: "
                f"{reason.replace('_', ' ')}",
            )


def _lag(told: Mapping[str, Any]) -> int:
    return int(told.get("consumer", {}).get("lag") or 0)


def _counts(receiver: Mapping[str, Any]) -> dict[str, int]:
    return {
        name.removeprefix(status.REFUSED): int(count)
        for name, count in receiver.items()
        if name.startswith(status.REFUSED)
    }


def _path(home: Home) -> Path:
    return home.runs / "intake_seen.json"


def _seen(home: Home) -> dict[str, Any]:
    return read_object(_path(home))
