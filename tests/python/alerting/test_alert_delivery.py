"""Who is told what and when, by a real receiver: once, again, one level up, that it is over.

The moments are the test's; the database, apprise and HTTP are those of a run.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apprise.plugins import opsgenie, pagerduty

from orchestration import controls
from orchestration.alerting import after_run, message, outbox
from orchestration.alerting.alerts import Alert
from orchestration.alerting.deliver import deliver, send_test
from orchestration.controls import ALL
from orchestration.home import PROJECT_DIR, Home, TieoutError
from orchestration.review import inbox, operations
from orchestration.review.operations import Kind
from orchestration.review.people import Person, Role
from tests.python.alerting.conftest import (
    MINUTE,
    NOW,
    OTHER,
    PAGE,
    TICKET,
    alert,
    configure,
    fires,
)
from tests.python.alerting.receiver import Receiver

CARL = Person("carl@example.com", "Carl", frozenset({Role.CONTROLLER}))
KEYS = f"{'k' * 32}@{'a' * 20}"


def told(home: Home, now: datetime = NOW) -> list[tuple[str, str, str]]:
    """What a pass did: event, destination, state."""
    return [(one.event, one.destination, one.state) for one in deliver(home, now)]


def silence(home: Home, kind: Kind, key: str, starts_at: datetime, ends_at: datetime) -> None:
    operations.record(
        home, CARL, kind, key, reason="on it", starts_at=starts_at, ends_at=ends_at,
        detail={"alert_name": ALL, "group_key": ALL},
    )  # fmt: skip


@pytest.fixture
def moment_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """What people note, they note before the moments of these tests."""
    monkeypatch.setattr(operations, "wall_clock", lambda: datetime(2026, 7, 1))


def test_a_group_is_told_once_to_whom_its_route_names(
    home: Home, receiver: Receiver, database: str
) -> None:
    configure(home, receiver)
    fires(home, PAGE, TICKET, OTHER)
    assert told(home) == [
        ("firing", "ada", "delivered"),
        ("firing", "chat", "delivered"),
        ("firing", "chat", "delivered"),
    ]
    assert told(home, NOW + MINUTE) == []
    (page,) = receiver.at("ada")
    assert page["title"] == "Page: The cause is payout_late"
    for part in (
        "It is about critical_exceptions.",
        "At risk: 1,234.50 EUR",
        "Items: 2",
        "Since: 2026-07-01 06:00 UTC",
        "Of the same cause: high exceptions (ticket)",
        "orchestration/runbooks/critical_exceptions.md",
    ):
        assert part in page["message"]
    assert "First: " in page["message"]
    assert page["dedup_key"] == PAGE["fingerprint"]
    assert [ticket["title"] for ticket in receiver.at("chat")][1:] == [
        "Ticket: The cause is feed:fx_rates"
    ]
    (first,) = [one for one in outbox.read(home) if one.destination == "ada"]
    assert (first.person, first.attempts, first.severity) == ("ada", 1, "page")


def test_what_still_fires_is_told_again_and_to_the_next_level(
    home: Home, receiver: Receiver
) -> None:
    configure(home, receiver)
    fires(home, PAGE)
    deliver(home, NOW)
    assert told(home, NOW + 14 * MINUTE) == []
    assert told(home, NOW + 15 * MINUTE) == [("escalated", "bo", "delivered")]
    assert told(home, NOW + 16 * MINUTE) == []
    assert receiver.at("bo")[0]["title"].startswith("Page, not taken for 15 min: ")
    again = told(home, NOW + 75 * MINUTE)
    assert again == [("reminded", name, "delivered") for name in ("ada", "chat", "bo")]
    assert told(home, NOW + 76 * MINUTE) == []


def test_who_has_the_turn_is_told_again(home: Home, receiver: Receiver) -> None:
    configure(home, receiver)
    fires(home, PAGE)
    deliver(home, datetime(2026, 7, 6, 6, 50))
    deliver(home, datetime(2026, 7, 6, 7, 4))
    # the handover was at 9 in Berlin
    after = deliver(home, datetime(2026, 7, 6, 8, 10))
    assert [one.person for one in after] == ["bo"]  # escalated
    after = deliver(home, datetime(2026, 7, 6, 9, 10))
    assert [(one.event, one.person) for one in after] == [("reminded", "bo"), ("reminded", None)]


def test_that_it_is_over_is_told_to_whoever_was_told_and_it_may_come_again(
    home: Home, receiver: Receiver
) -> None:
    configure(home, receiver)
    fires(home, PAGE, TICKET)
    deliver(home, NOW)
    # the louder one is gone, the other speaks now
    fires(home, {**TICKET, "state": "firing"}, {**PAGE, "resolved_at": NOW})
    assert told(home, NOW + 20 * MINUTE) == [
        ("resolved", "ada", "delivered"),
        ("resolved", "chat", "delivered"),
        ("firing", "chat", "delivered"),
    ]
    over = receiver.at("ada")[1]
    assert (over["title"], over["type"]) == ("Over: The cause is payout_late", "success")
    assert over["dedup_key"] == PAGE["fingerprint"]
    assert told(home, NOW + 21 * MINUTE) == []
    fires(home, PAGE)
    came_again = deliver(home, NOW + 30 * MINUTE)
    assert [(one.event, one.incident) for one in came_again if one.severity == "page"] == [
        ("firing", 2),
        ("firing", 2),
    ]


def test_without_a_publication_nothing_is_over(home: Home, receiver: Receiver) -> None:
    configure(home, receiver)
    fires(home, PAGE)
    deliver(home, NOW)
    home.serving_masked.unlink()
    assert told(home, NOW + MINUTE) == []


@pytest.mark.usefixtures("moment_of_words")
def test_an_acknowledgement_counts_at_once_and_its_end_tells_anew(
    home: Home, receiver: Receiver
) -> None:
    configure(home, receiver)
    fires(home, PAGE)
    deliver(home, NOW)
    silence(home, Kind.ACKNOWLEDGEMENT, PAGE["fingerprint"], NOW + MINUTE, NOW + 90 * MINUTE)
    for minutes in (15, 60, 89):
        assert told(home, NOW + minutes * MINUTE) == []
    assert told(home, NOW + 90 * MINUTE) == [
        ("resumed", "ada", "delivered"),
        ("resumed", "chat", "delivered"),
    ]
    # and the time until the next level begins anew
    assert told(home, NOW + 104 * MINUTE) == []
    assert told(home, NOW + 105 * MINUTE) == [("escalated", "bo", "delivered")]


@pytest.mark.usefixtures("moment_of_words")
def test_an_acknowledgement_ends_with_what_was_taken(home: Home, receiver: Receiver) -> None:
    """Whoever took the first failure has not taken the next one."""
    configure(home, receiver)
    fires(home, PAGE)
    deliver(home, NOW)
    silence(home, Kind.ACKNOWLEDGEMENT, PAGE["fingerprint"], NOW, NOW + 10_080 * MINUTE)
    fires(home)
    over = told(home, NOW + 20 * MINUTE)
    assert over == [("resolved", "ada", "delivered"), ("resolved", "chat", "delivered")]
    (ended, _) = operations.history(home, Kind.ACKNOWLEDGEMENT)
    assert (ended.actor, ended.ends_at) == ("tieout", NOW + 20 * MINUTE)
    fires(home, PAGE)
    again = told(home, NOW + 40 * MINUTE)
    assert again == [("firing", "ada", "delivered"), ("firing", "chat", "delivered")]


@pytest.mark.usefixtures("moment_of_words")
def test_what_was_told_before_a_window_is_said_after_it_where_it_is_a_page(
    home: Home, receiver: Receiver
) -> None:
    configure(home, receiver)
    fires(home, PAGE, OTHER)
    deliver(home, NOW)
    silence(home, Kind.MAINTENANCE_WINDOW, "w", NOW + MINUTE, NOW + 10 * MINUTE)
    assert told(home, NOW + 2 * MINUTE) == []
    after = deliver(home, NOW + 10 * MINUTE)
    assert {(one.event, one.severity) for one in after} == {("resumed", "page")}


@pytest.mark.usefixtures("moment_of_words")
def test_a_maintenance_window_silences_and_what_fires_after_it_is_told(
    home: Home, receiver: Receiver
) -> None:
    configure(home, receiver)
    silence(home, Kind.MAINTENANCE_WINDOW, "w", NOW - MINUTE, NOW + 30 * MINUTE)
    fires(home, PAGE, alert("audit_incomplete", "page", "unknown"))
    # nothing silences an alert about the proof itself
    assert {one.alert_name for one in deliver(home, NOW)} == {"audit_incomplete"}
    assert {one.alert_name for one in deliver(home, NOW + 30 * MINUTE)} >= {"critical_exceptions"}


@pytest.mark.usefixtures("moment_of_words")
def test_what_nobody_could_be_told_is_not_sent_into_a_silence(
    home: Home, receiver: Receiver
) -> None:
    configure(home, receiver)
    receiver.answers = [503] * 4
    fires(home, PAGE)
    assert {state for _, _, state in told(home)} == {"failed"}
    silence(home, Kind.ACKNOWLEDGEMENT, PAGE["fingerprint"], NOW, NOW + 60 * MINUTE)
    assert told(home, NOW + 5 * MINUTE) == []


def test_what_failed_is_tried_again_later_each_time(home: Home, receiver: Receiver) -> None:
    configure(home, receiver)
    fires(home, OTHER)
    receiver.answers = [503] * 4
    (failed,) = deliver(home, NOW)
    assert (failed.state, failed.attempts) == ("failed", 2)
    assert "503" in failed.detail or "Service" in failed.detail
    assert told(home, NOW + MINUTE / 2) == []
    assert told(home, NOW + MINUTE) == [("firing", "chat", "failed")]
    assert told(home, NOW + 2 * MINUTE) == []
    assert told(home, NOW + 3 * MINUTE) == [("firing", "chat", "delivered")]
    assert len(receiver.at("chat")) == 5
    assert told(home, NOW + 10 * MINUTE) == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("more", ["", "?redirect=yes"])
def test_a_redirect_is_a_failure_that_names_where_it_points(
    home: Home, receiver: Receiver, status: int, more: str
) -> None:
    """The message would go there as a GET without a body, and be taken for delivered."""
    configure(home, receiver, chat=receiver.url("chat") + more)
    receiver.answers = [status] * 2
    receiver.location = "https://someone:geheim@login.example.com:8443/sso?next=geheim"
    fires(home, OTHER)
    (failed,) = deliver(home, NOW)
    assert (failed.state, failed.attempts) == ("failed", 2)
    assert "redirects to https://login.example.com:8443, " in failed.detail
    assert failed.detail.endswith("Write the address behind it in alerts.yml.")
    assert "geheim" not in failed.detail
    assert told(home, NOW + MINUTE) == [("firing", "chat", "delivered")]
    assert receiver.fetched == []


@pytest.mark.parametrize("service", ["pagerduty", "opsgenie"])
def test_a_redirect_of_a_service_is_none_of_its_answers(
    home: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    url = f"http://127.0.0.1:{receiver.port}/chat"
    monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", url)
    monkeypatch.setitem(opsgenie.OPSGENIE_API_LOOKUP, "us", url)
    monkeypatch.setenv("KEYS", KEYS if service == "pagerduty" else "k" * 36)
    configure(home, receiver, chat=f"{service}://${{KEYS}}")
    receiver.answers = [302] * 2
    fires(home, OTHER)
    (failed,) = deliver(home, NOW)
    assert failed.state == "failed"
    assert f"redirects to http://127.0.0.1:{receiver.port}, " in failed.detail
    assert receiver.fetched == []


def test_what_is_over_before_it_arrived_is_not_told(home: Home, receiver: Receiver) -> None:
    configure(home, receiver)
    fires(home, OTHER)
    receiver.answers = [503] * 2
    deliver(home, NOW)
    fires(home)
    assert told(home, NOW + MINUTE) == [
        ("firing", "chat", "obsolete"),
        ("resolved", "chat", "obsolete"),
    ]
    assert len(receiver.at("chat")) == 2


def test_what_does_not_arrive_for_a_day_is_given_up(home: Home, receiver: Receiver) -> None:
    configure(home, receiver, chat="json://127.0.0.1:9/chat")
    fires(home, OTHER)
    deliver(home, NOW)
    (given_up, *_) = deliver(home, NOW + timedelta(days=1, minutes=1))
    assert given_up.state == "obsolete"


def test_a_message_without_an_answer_may_have_arrived_and_is_not_sent_twice(
    home: Home, receiver: Receiver
) -> None:
    configure(home, receiver)
    fires(home, OTHER)
    receiver.answers = [0]
    (one,) = deliver(home, NOW)
    assert (one.state, one.attempts) == ("unknown", 1)
    assert told(home, NOW + 90 * MINUTE) == []
    assert len(receiver.at("chat")) == 1


KILLED = """
import sys
from datetime import datetime
from orchestration.alerting.deliver import deliver
from orchestration.home import Home
from apprise.plugins import opsgenie, pagerduty
pagerduty.PAGERDUTY_API_LOOKUP["us"] = sys.argv[2]
deliver(Home.from_environment(), datetime.fromisoformat(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("address", "after", "arrivals"),
    [
        ("json", "unknown", 1),
        # to its people the same key is the same incident
        ("pagerduty", "delivered", 2),
    ],
)
def test_kill_9_between_sending_and_noting_it(
    home: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, address: str, after: str,
    arrivals: int,
) -> None:  # fmt: skip
    api = f"http://127.0.0.1:{receiver.port}/chat"
    monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", api)
    monkeypatch.setenv("KEYS", KEYS)
    monkeypatch.setenv("TIEOUT_HOME", str(home.root))
    chat = {"chat": "pagerduty://${KEYS}"} if address == "pagerduty" else {}
    configure(home, receiver, **chat)
    fires(home, OTHER)
    arrived, killed = threading.Event(), threading.Event()

    def hold() -> None:
        arrived.set()
        killed.wait(30)

    receiver.on_arrival = hold
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, NOW.isoformat(), api],
        cwd=PROJECT_DIR, env={**os.environ, "PYTHONPATH": str(PROJECT_DIR)},
    )  # fmt: skip
    try:
        assert arrived.wait(60)
        process.send_signal(signal.SIGKILL)
    finally:
        process.wait()
        receiver.on_arrival = None
        killed.set()
    (interrupted,) = outbox.read(home)
    assert (interrupted.state, interrupted.attempts) == ("interrupted", 1)
    (settled,) = deliver(home, NOW + MINUTE)
    assert settled.state == after
    assert told(home, NOW + 2 * MINUTE) == []
    assert len(receiver.at("chat")) == arrivals
    assert {one.get("dedup_key") for one in receiver.at("chat")} == {OTHER["fingerprint"]}


def test_two_deliverers_at_once_tell_once(home: Home, receiver: Receiver) -> None:
    configure(home, receiver)
    fires(home, PAGE, OTHER)
    receiver.on_arrival = lambda: time.sleep(0.1)
    threads = [threading.Thread(target=deliver, args=(home, NOW)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.arrived) == 3
    assert {one.state for one in outbox.read(home)} == {"delivered"}


def test_pagerduty_is_told_by_a_key_that_closes_what_it_opened(
    home: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = f"http://127.0.0.1:{receiver.port}/pagerduty"
    monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", api)
    monkeypatch.setenv("KEYS", KEYS)
    configure(home, receiver, chat="pagerduty://${KEYS}")
    fires(home, OTHER)
    deliver(home, NOW)
    fires(home)
    deliver(home, NOW + MINUTE)
    said = [(one["event_action"], one["dedup_key"]) for one in receiver.at("pagerduty")]
    assert said == [("trigger", OTHER["fingerprint"]), ("resolve", OTHER["fingerprint"])]


def test_opsgenie_is_told_by_an_alias_that_closes_what_it_opened(
    home: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = f"http://127.0.0.1:{receiver.port}/alerts"
    monkeypatch.setitem(opsgenie.OPSGENIE_API_LOOKUP, "us", api)
    monkeypatch.setenv("OPSGENIE", "opsgenie://12345678-1234-1234-1234-123456789abc")
    configure(home, receiver, chat="${OPSGENIE}")
    receiver.body = b'{"requestId": "r-1"}'
    fires(home, OTHER)
    assert told(home) == [("firing", "chat", "delivered")]
    fires(home)
    assert told(home, NOW + MINUTE) == [("resolved", "chat", "delivered")]
    (opened,) = receiver.at("alerts")
    assert opened["alias"] == OTHER["fingerprint"]
    path, _ = receiver.arrived[-1]
    assert path == f"/alerts/{OTHER['fingerprint']}/close?identifierType=alias"


def test_no_secret_is_kept_or_logged(
    home: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what the process logs; pytest's own capture also listens to loggers that keep to themselves
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    monkeypatch.setenv("PASSWORD", "hunter2hunter2")
    configure(
        home, receiver, chat=f"json://user:${{PASSWORD}}@127.0.0.1:{receiver.port}/hunter2hunter2"
    )
    receiver.answers = [500, 500]
    fires(home, OTHER)
    try:
        (failed,) = deliver(home, NOW)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert failed.state == "failed" and failed.detail
    with inbox.of(home).reading() as connection:
        assert connection.dialect.name == "sqlite"
    kept = b"".join(path.read_bytes() for path in home.root.glob("review.sqlite*"))
    stored = b"".join(p.read_bytes() for p in (home.runs / "alerting").rglob("*") if p.is_file())
    assert b"hunter2" not in kept + stored
    assert "hunter2" not in logged.getvalue()


def test_a_test_says_whether_it_arrived(home: Home, receiver: Receiver) -> None:
    configure(home, receiver, chat="json://127.0.0.1:9/chat")
    (one,) = send_test(home, "on-call:finance", NOW)
    assert (one.state, one.person, one.destination) == ("delivered", "ada", "ada")
    (other,) = send_test(home, "chat", NOW)
    assert other.state == "failed"
    with pytest.raises(TieoutError, match=r"There are: ada, bo, chat, on-call:finance"):
        send_test(home, "nobody", NOW)
    # it is no alert: nothing is over, and nothing is tried again
    fires(home)
    assert told(home, NOW + MINUTE) == []


def test_a_run_says_what_did_not_arrive_and_does_not_fail(home: Home, receiver: Receiver) -> None:
    configure(home, receiver)
    fires(home, PAGE)
    receiver.answers = [500, 500]
    said = after_run.tell(home)
    assert said is not None and said.startswith("1 of 2 notifications")
    (home.root / "alerts.yml").write_text("routes: nowhere", encoding="utf-8")
    said = after_run.tell(home)
    assert said is not None and re.match(r"Alerts were not delivered: .*'destinations'", said)


def test_mail_reaches_a_mailbox(home: Home, receiver: Receiver) -> None:
    controller_of = pytest.importorskip("aiosmtpd.controller")
    handlers = pytest.importorskip("aiosmtpd.handlers")

    class Mailbox(handlers.Message):  # type: ignore[name-defined,misc]
        def handle_message(self, message: Any) -> None:
            mails.append(message)

    mails: list[Any] = []
    controller = controller_of.Controller(Mailbox(), hostname="127.0.0.1", port=0)
    with contextlib.suppress(OSError):  # it connects to port 0, to see that it listens
        controller.start()
    port = controller.server.sockets[0].getsockname()[1]
    try:
        address = f"mailto://127.0.0.1:{port}?from=tieout@example.com&to=ada@example.com"
        configure(home, receiver, ada=address)
        fires(home, PAGE)
        states = {one.destination: one.state for one in deliver(home, NOW)}
    finally:
        controller.stop()
    assert states["ada"] == "delivered"
    (mail,) = mails
    assert mail["subject"] == "Page: The cause is payout_late"
    text = mail.as_string()
    assert "At risk: 1,234.50 EUR" in text and "<li>" in text


def test_the_first_step_is_that_of_the_runbook_with_the_alerts_values(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "r.md").write_text(
        "# A\n## Meaning\nno\n\n## First five minutes\n1. Look at {{subject}}\n   and `{{x}}`.\n"
        "2. Wait.\n\n## Queries\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(message, "PROJECT_DIR", tmp_path)
    fired = Alert("f", "a", "page", "c", "c", "fx_rates", "t", NOW, "It is. So", "r.md")
    assert message.first_step(fired) == "Look at fx_rates and `{{x}}`."
    assert message.first_step(replace(fired, runbook="../r.md")) is None


def test_controls_say_what_silences() -> None:
    held = [
        controls.Control(
            "c", controls.Kind.MAINTENANCE_WINDOW, "w", NOW, None, "", "", NOW, ALL, "runs"
        )
    ]
    row = {"alert_name": "run_failed", "group_key": "runs", "fingerprint": "f"}
    assert controls.silencing(row, held) is held[0]
    assert controls.silencing({**row, "group_key": "other"}, held) is None
    assert controls.silencing({**row, "alert_name": "audit_incomplete"}, held) is None
    everything = [replace(held[0], group_key=ALL)]
    damaged = {**row, "alert_name": "journal_damaged", "group_key": "runs:journal_damaged"}
    assert controls.silencing(damaged, everything) is None
    lost = {**row, "alert_name": "warehouse_lost", "group_key": "runs:warehouse_lost"}
    assert controls.silencing(lost, everything) is everything[0]
    assert controls.silencing({**row, "may_be_silenced": False}, everything) is None


@pytest.mark.parametrize(
    ("recurs", "ends_at", "now", "ended"),
    [
        (None, datetime(2026, 7, 2), datetime(2026, 7, 1, 12), None),
        (None, datetime(2026, 7, 2), datetime(2026, 7, 3), datetime(2026, 7, 2)),
        (None, None, datetime(2026, 7, 3), None),
        # Saturdays, 22:00 to 02:00 in Berlin
        ("sat 22:00 Europe/Berlin 240", None, datetime(2026, 7, 4, 21), None),
        ("sat 22:00 Europe/Berlin 240", None, datetime(2026, 7, 5), datetime(2026, 7, 5)),
        ("sat 22:00 Europe/Berlin 240", None, datetime(2026, 7, 11), datetime(2026, 7, 5)),
        # before it was ever open
        ("sat 22:00 Europe/Berlin 240", None, datetime(2026, 7, 3), None),
        # the series was ended while it was open, and while it was not
        ("sat 22:00 Europe/Berlin 240", datetime(2026, 7, 4, 21), datetime(2026, 7, 6),
         datetime(2026, 7, 4, 21)),
        ("sat 22:00 Europe/Berlin 240", datetime(2026, 7, 8), datetime(2026, 7, 9),
         datetime(2026, 7, 5)),
    ],
)  # fmt: skip
def test_a_word_ended_when_it_ceased_to_hold(
    recurs: str | None, ends_at: datetime | None, now: datetime, ended: datetime | None
) -> None:
    window = controls.Control(
        "c", controls.Kind.MAINTENANCE_WINDOW, "w", datetime(2026, 7, 1), ends_at, "", "",
        datetime(2026, 7, 1), ALL, ALL, recurs,
    )  # fmt: skip
    assert window.last_end(now) == ended
