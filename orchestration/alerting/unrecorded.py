"""Telling people while the database of notifications does not answer.

Then nobody knows what was told, taken or silenced, and a failed run may be the very outage. Pages
about the runs and the intake are sent all the same: at once, and again as often as what nobody has
taken. `runs/told_unrecorded.json` keeps when each was sent, so that a pass a minute does not repeat
it; services that know an alert by its key hold it for the same one also once the database is back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from orchestration.alerting import sender
from orchestration.alerting.outbox import Notification
from orchestration.alerting.routes import RENOTIFY, Configuration
from orchestration.files import read_object, write_text
from orchestration.home import Home, TieoutError, iso_timestamp, parse_as_of
from orchestration.telemetry import logs


def send(
    home: Home,
    configuration: Configuration,
    pages: Sequence[Notification],
    now: datetime,
    error: TieoutError,
) -> list[Notification]:
    """Send pages that were not sent lately; what came of them. `error` is why they are in no table.

    The caller is the one deliverer of the home.
    """
    told = _told(home)
    again = configuration.renotify.get("page", RENOTIFY["page"])
    sent = []
    for one in pages:
        key = f"{one.fingerprint} {one.destination}"
        if key in told and now - parse_as_of(told[key]) < again:
            continue
        one = _sent(home, configuration, one, now)
        sent.append(one)
        if one.may_have_arrived:
            told[key] = iso_timestamp(now)
    if sent:
        logs.write(
            home,
            "alerts_sent_unrecorded",
            level="warning",
            error=type(error).__name__,
            sent=len(sent),
            arrived=sum(one.may_have_arrived for one in sent),
        )
        with suppress(OSError):
            write_text(_path(home), json.dumps(told) + "\n")
    return sent


def forget(home: Home) -> None:
    """The database answers again, and knows what it is told from now on."""
    with suppress(OSError):
        _path(home).unlink(missing_ok=True)


def _sent(
    home: Home, configuration: Configuration, one: Notification, now: datetime
) -> Notification:
    try:
        service = sender.service(home, configuration, one.destination)
    except TieoutError as error:
        return replace(one, state="failed", attempts=1, ended_at=now, detail=str(error))
    came = sender.send(home, service, one)
    return replace(one, state=came.outcome, attempts=1, ended_at=now, detail=came.detail)


def _path(home: Home) -> Path:
    return home.runs / "told_unrecorded.json"


def _told(home: Home) -> dict[str, str]:
    return read_object(_path(home))
