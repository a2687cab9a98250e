"""One pass of telling people: what is new, what still fires, what nobody has taken, what is over.

First it is decided and written down what is to be told to whom, in one transaction; then it is
sent, each attempt between two rows. One process at a time delivers for a home.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from orchestration.alerting import (
    alerts,
    intake_alerts,
    message,
    outbox,
    routes,
    sender,
    unrecorded,
)
from orchestration.alerting.after_run import FILE
from orchestration.alerting.alerts import Firing, Group
from orchestration.alerting.message import Event, Message
from orchestration.alerting.outbox import Notification
from orchestration.alerting.routes import ON_CALL, Configuration, Reached
from orchestration.home import Home, TieoutError
from orchestration.review import inbox, operations

BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 30, 60))
"""How long after the first, second, … failed attempt the next one is made; then always the last."""

GIVE_UP_AFTER = timedelta(days=1)

TRIES_IN_A_PASS = 2
PAUSE_SECONDS = 1.0

PASS_SECONDS = 40.0
"""Shorter than Dagster waits for a sensor."""

WAIT_FOR_ANOTHER_SECONDS = 60.0

_TELLS_ANEW: tuple[Event, ...] = ("firing", "resumed")


def deliver(home: Home, now: datetime, seconds: float = PASS_SECONDS) -> list[Notification]:
    """Tell people what is to be told at a moment (naive UTC); what was sent, or tried, comes back.

    Without `alerts.yml` nothing happens at all. After so many seconds nothing more is begun: what
    is left is for the next pass.

    Raises:
        TieoutError: when `alerts.yml` or `oncall.yml` cannot be used, or the inbox not be reached
            and nothing be told without it. That a destination does not answer is no error, but what
            came of its notification.
    """
    configuration = routes.read(home)
    if configuration is None:
        return []
    with _alone(home):
        intake_alerts.observe(home, now)
        try:
            firing = alerts.firing(home, configuration, now)
            with inbox.of(home).writing() as connection:
                known = outbox.within(connection)
                outbox.add(connection, decide(firing, known, configuration, now))
                if firing.knows_publication:
                    operations.end_acknowledgements(connection, firing.holding, now)
        except inbox.InboxUnavailable as error:
            pages = decide(
                alerts.firing_without_inbox(home, configuration, now), [], configuration, now
            )
            sent = unrecorded.send(home, configuration, pages, now, error)
            if not sent:
                raise
            return sent
        unrecorded.forget(home)
        return _send(home, configuration, firing, now, seconds)


def send_test(home: Home, name: str, now: datetime) -> list[Notification]:
    """Send a test to a destination, or to whom a rotation (`on-call:NAME`) calls now.

    Raises:
        TieoutError: when nothing is configured, or the name is not known.
    """
    configuration = routes.read(home)
    if configuration is None:
        raise TieoutError(f"{home.root / FILE} does not exist: alerts reach nobody yet.")
    known = [*configuration.destinations]
    if configuration.calendar is not None:
        known += [f"{ON_CALL}{rotation}" for rotation in configuration.calendar.rotations]
    if name not in known:
        raise TieoutError(f"There is no {name!r} to send to. There are: {', '.join(known)}.")
    with _alone(home):
        notifications = []
        for number, reached in enumerate(_reached([name], 0, configuration, now)):
            said = message.of_test(reached.destination)
            notifications.append(
                Notification(
                    notification_id=inbox.new_id("n", now, number),
                    created_at=now,
                    fingerprint=outbox.TEST,
                    incident=int(now.timestamp()),
                    event="test",
                    round=now.microsecond + number,
                    destination=reached.destination,
                    person=reached.person,
                    level=0,
                    alert_name="test",
                    severity="info",
                    group_key="test",
                    title=said.title,
                    body=said.body,
                )
            )
        with inbox.of(home).writing() as connection:
            outbox.add(connection, notifications)
        return [_attempt(home, configuration, one, now) for one in notifications]


# what is to be told


def decide(
    firing: Firing, known: Sequence[Notification], configuration: Configuration, now: datetime
) -> list[Notification]:
    """What is to be told now, given all that was told before (the oldest first)."""
    told: dict[str, list[Notification]] = {}
    for one in known:
        told.setdefault(one.fingerprint, []).append(one)
    new: list[Notification] = []
    for group in firing.groups:
        history = _incident(told.get(group.speaker.fingerprint, ()))
        new += _of_group(group, history, told, configuration, now, len(new))
    for fingerprint, rows in told.items():
        history = _incident(rows)
        if (
            history
            and fingerprint not in firing.holding
            and (
                firing.knows_publication
                or alerts.is_known_without_publication(history[0].group_key)
            )
        ):
            new += _over(history, configuration, now, len(new))
    return new


def _incident(rows: Sequence[Notification]) -> list[Notification]:
    """What was told of the incident that is open; nothing where none is."""
    if not rows or rows[-1].fingerprint == outbox.TEST:
        return []
    last = max(row.incident for row in rows)
    history = [row for row in rows if row.incident == last]
    return [] if any(row.event == "resolved" for row in history) else history


def _of_group(
    group: Group,
    history: Sequence[Notification],
    told: dict[str, list[Notification]],
    configuration: Configuration,
    now: datetime,
    number: int,
) -> list[Notification]:
    if group.silence is not None:
        return []
    names = configuration.routed(group.speaker.for_routes())
    if not names:
        return []
    event, called = _due(group, history, names, configuration, now)
    if event is None:
        return []
    earlier = told.get(group.speaker.fingerprint, ())
    incident = (
        history[-1].incident if history else 1 + max((row.incident for row in earlier), default=0)
    )
    since = history[0].created_at if history else None
    said = message.of_group(group, event, since, now, configuration)
    reached: list[Reached] = []
    for level in sorted({level for _, level in called}):
        for one in _reached(
            [name for name, at in called if at == level], level, configuration, now
        ):
            if all(one.destination != other.destination for other in reached):
                reached.append(one)
    return [
        Notification(
            notification_id=inbox.new_id("n", now, number + position),
            created_at=now,
            fingerprint=group.speaker.fingerprint,
            incident=incident,
            event=event,
            round=1 + max((row.round for row in history), default=0),
            destination=one.destination,
            person=one.person,
            level=one.level,
            alert_name=group.speaker.alert_name,
            severity=group.speaker.severity,
            group_key=group.speaker.group_key,
            title=said.title,
            body=said.body,
        )
        for position, one in enumerate(reached)
    ]


def _due(
    group: Group,
    history: Sequence[Notification],
    names: Sequence[str],
    configuration: Configuration,
    now: datetime,
) -> tuple[Event | None, list[tuple[str, int]]]:
    """What is to be said of a group that fires and is not silenced, and to which names of its route
    at which of their levels. Each rotation escalates by its own clock."""
    at_first = [(name, 0) for name in names]
    if not history:
        return "firing", at_first
    # a clock that was ahead has said it at a moment that is to come: nobody waits for that
    past = [row for row in history if row.created_at <= now]
    if not past:
        return "reminded", at_first
    last_said = max(row.created_at for row in past)
    if group.silence_ended_at is not None and group.silence_ended_at > last_said:
        return "resumed", at_first
    begun_at = max(
        (row.created_at for row in past if row.event in _TELLS_ANEW),
        default=min(row.created_at for row in past),
    )
    # whoever speaks says all that is due, so what was due then has been said
    reached = {name: _level(name, begun_at, configuration, last_said) for name in names}
    escalated = [
        (name, level)
        for name in names
        for level in range(reached[name] + 1, _level(name, begun_at, configuration, now) + 1)
    ]
    if escalated:
        return "escalated", escalated
    after = configuration.renotify.get(group.speaker.severity)
    if after is not None and now - last_said >= after:
        return "reminded", [(name, n) for name in names for n in range(reached[name] + 1)]
    return None, []


def _level(name: str, begun_at: datetime, configuration: Configuration, at: datetime) -> int:
    """How far a rotation escalates by a moment what began at another; 0 of what is no rotation."""
    calendar = configuration.calendar
    if calendar is None or not name.startswith(ON_CALL):
        return 0
    rotation = calendar.rotations[name.removeprefix(ON_CALL)]
    if rotation.escalate_after is None:
        return 0
    return min((at - begun_at) // rotation.escalate_after, len(rotation.escalate_to))


def _over(
    history: Sequence[Notification], configuration: Configuration, now: datetime, number: int
) -> list[Notification]:
    """That it is over, to everyone who may have heard of it. Who has not is not bothered."""
    first, last = history[0], history[-1]
    said: Message = message.of_resolution(
        first.alert_name, first.title, first.created_at, now, configuration
    )
    heard: dict[str, Notification] = {}
    for row in history:
        if row.may_have_arrived and row.destination in configuration.destinations:
            heard.setdefault(row.destination, row)
    # one row always, or the incident would stay open for ever
    rows = list(heard.values()) or [last]
    return [
        replace(
            row,
            notification_id=inbox.new_id("n", now, number + position),
            created_at=now,
            event="resolved",
            round=last.round + 1,
            level=0,
            title=said.title,
            body=said.body,
            state="waiting" if heard else "obsolete",
            attempts=0,
            ended_at=None,
            detail="",
        )
        for position, row in enumerate(rows)
    ]


def _reached(
    names: Sequence[str], level: int, configuration: Configuration, now: datetime
) -> Iterator[Reached]:
    """The addresses behind the names of a route."""
    for name in names:
        if not name.startswith(ON_CALL):
            yield Reached(name)
            continue
        assert configuration.calendar is not None  # routes.read has seen to it
        person = configuration.calendar.level(name.removeprefix(ON_CALL), level, now)
        if person is not None:
            for destination in person.to:
                yield Reached(destination, person.key, level)


# sending


def _send(
    home: Home, configuration: Configuration, firing: Firing, now: datetime, seconds: float
) -> list[Notification]:
    """Send what is to be sent and due, pages first."""
    deadline = time.monotonic() + seconds
    everything = outbox.read(home)
    silenced = {group.speaker.fingerprint for group in firing.groups if group.silence is not None}
    last: dict[tuple[str, str], Notification] = {
        (one.fingerprint, one.destination): one for one in everything
    }
    loudness = {severity: rank for rank, severity in enumerate(routes.SEVERITIES)}
    done = []
    for one in sorted(
        (one for one in everything if one.is_to_be_sent and one.fingerprint != outbox.TEST),
        key=lambda one: (loudness.get(one.severity, 9), one.created_at, one.notification_id),
    ):
        settled = _settled_unsent(home, configuration, one, last, everything, firing, now)
        if settled is not None:
            done.append(settled)
        elif (
            time.monotonic() < deadline
            and _is_due(one, now)
            and (one.event == "resolved" or one.fingerprint not in silenced)
        ):
            done.append(_attempt(home, configuration, one, now))
    return done


def _settled_unsent(
    home: Home,
    configuration: Configuration,
    one: Notification,
    last: dict[tuple[str, str], Notification],
    everything: Sequence[Notification],
    firing: Firing,
    now: datetime,
) -> Notification | None:
    """What becomes of a notification that must not be sent (again); None where it is to be."""
    if one.state == "interrupted" and not _knows_key(home, configuration, one):
        return _note(
            home, one, one.attempts, "unknown", now,
            "the sending process was killed, so it may have arrived; it is not sent twice",
        )  # fmt: skip
    if last[one.fingerprint, one.destination].notification_id != one.notification_id:
        why = "a later notification took its place"
    elif one.event != "resolved" and any(
        other.event == "resolved"
        and (other.fingerprint, other.incident) == (one.fingerprint, one.incident)
        for other in everything
    ):
        why = "it was over before it could be told"
    elif one.event == "resolved" and not any(
        other.may_have_arrived
        and other.event != "resolved"
        and (other.fingerprint, other.incident, other.destination)
        == (one.fingerprint, one.incident, one.destination)
        for other in everything
    ):
        why = "nobody there had heard of it"
    elif now - one.created_at > GIVE_UP_AFTER:
        why = f"not delivered for a day, and given up: {one.detail or 'it was never tried'}"
    else:
        return None
    return _note(home, one, one.attempts + 1, "obsolete", now, why)


def _knows_key(home: Home, configuration: Configuration, one: Notification) -> bool:
    try:
        return sender.service(home, configuration, one.destination).knows_key
    except TieoutError:
        return False


def _is_due(one: Notification, now: datetime) -> bool:
    if one.state != "failed" or one.ended_at is None:
        return True
    passes = max(1, one.attempts // TRIES_IN_A_PASS)
    return now - one.ended_at >= BACKOFF[min(passes, len(BACKOFF)) - 1]


def _attempt(
    home: Home, configuration: Configuration, one: Notification, now: datetime
) -> Notification:
    """Try it, and once more where it surely failed."""
    for again in range(TRIES_IN_A_PASS):
        if again:
            time.sleep(PAUSE_SECONDS)
        number = one.attempts + 1
        outbox.note(home, one, number, "begun", now)
        try:
            service = sender.service(home, configuration, one.destination)
        except TieoutError as error:
            return _note(home, one, number, "failed", now, str(error))
        sent = sender.send(home, service, one)
        outcome = sent.outcome
        if outcome == "unknown" and service.knows_key:
            outcome = "failed"  # told again, it is the same one to its people
        one = _note(home, one, number, outcome, now, sent.detail)
        if outcome != "failed":
            break
    return one


def _note(
    home: Home,
    one: Notification,
    number: int,
    outcome: outbox.Outcome,
    now: datetime,
    detail: str = "",
) -> Notification:
    outbox.note(home, one, number, outcome, now, detail)
    assert outcome != "begun"
    return replace(one, state=outcome, attempts=number, ended_at=now, detail=detail)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One deliverer at a time. The lock goes with its process, so what a holder finds begun and
    not ended is that of a process that died.

    Raises:
        TieoutError: when another one does not come to its end.
    """
    home.runs.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + WAIT_FOR_ANOTHER_SECONDS
    with open(home.runs / "alerting.lock", "a", encoding="utf-8") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TieoutError(
                        "Another process delivers alerts for this home for more than "
                        f"{WAIT_FOR_ANOTHER_SECONDS:.0f} s. What is to be told waits."
                    ) from None
                time.sleep(0.1)
        yield
