"""Events that do not come in: when it is said, of whom, and that it is over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from orchestration.alerting import intake_alerts
from orchestration.alerting.deliver import deliver
from orchestration.home import PROJECT_DIR, Home, iso_timestamp
from orchestration.intake import spool, status
from tests.python.alerting.conftest import MINUTE, NOW, configure
from tests.python.alerting.receiver import Receiver

SECOND = timedelta(seconds=1)


def says(home: Home, at: datetime, **sections: dict[str, Any]) -> None:
    """The intake has written down how it is."""
    path = status.path_of(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {
        name: {"at": iso_timestamp(at), "process": 7, **section}
        for name, section in sections.items()
    }
    path.write_text(json.dumps(told), encoding="utf-8")


def kinds(home: Home, now: datetime) -> Sequence[tuple[str, str]]:
    return [(alert.kind, alert.subject) for alert in intake_alerts.of_home(home, now)]


def test_a_home_without_an_intake_misses_nothing(home: Home) -> None:
    intake_alerts.observe(home, NOW)
    assert kinds(home, NOW) == []
    assert not status.path_of(home).exists()


def test_who_was_running_is_missed_after_two_minutes(home: Home) -> None:
    says(home, NOW, receiver={}, watch={}, spool={})
    assert kinds(home, NOW + 120 * SECOND) == []
    assert kinds(home, NOW + 121 * SECOND) == [
        ("intake_silent", "receiver"),
        ("intake_silent", "watch"),
    ]


def test_who_was_stopped_in_order_is_missed_after_hours_and_by_no_page(home: Home) -> None:
    says(home, NOW, receiver={"stopped": True}, consumer={})
    hours = timedelta(hours=4)
    assert kinds(home, NOW + 121 * SECOND) == [("intake_silent", "consumer")]
    assert ("intake_stopped", "receiver") not in kinds(home, NOW + hours)
    says(home, NOW, receiver={"stopped": True})
    (alert,) = intake_alerts.of_home(home, NOW + hours + SECOND)
    assert (alert.kind, alert.subject, alert.since) == ("intake_stopped", "receiver", NOW)
    assert alert.sentence == "The receiver was stopped 4 h ago, and nobody has started it again"
    assert intake_alerts.limits()[alert.kind].severity == "ticket"
    says(home, NOW + hours, receiver={})
    assert kinds(home, NOW + hours + SECOND) == []


def test_events_that_wait_for_an_hour_are_told(home: Home) -> None:
    home.create()
    with spool.connected(home) as connection:
        spool.put(connection, [spool.Event("stripe", "e-1", NOW, b"{}")])
    assert kinds(home, NOW + timedelta(hours=1)) == []
    (alert,) = intake_alerts.of_home(home, NOW + timedelta(hours=1, seconds=1))
    assert (alert.kind, alert.since) == ("events_wait", NOW)
    assert alert.sentence.startswith("1 events wait, the oldest for 1 h")


def test_a_lag_is_told_once_it_has_lasted(home: Home) -> None:
    told = []
    for minute, lag in enumerate([1001, *[2000] * 10, 1000, 1001]):
        now = NOW + minute * MINUTE
        says(home, now, consumer={"lag": lag})
        intake_alerts.observe(home, now)
        told.append(bool(kinds(home, now)))
    assert told == [*[False] * 10, True, False, False]


@pytest.mark.parametrize(("later", "expected"), [(20, []), (21, [("events_refused", "too_old")])])
def test_refusals_are_counted_over_a_quarter_of_an_hour(
    home: Home, later: int, expected: list[tuple[str, str]]
) -> None:
    says(home, NOW, receiver={"refused_too_old": 500, "received": 9})
    intake_alerts.observe(home, NOW)
    says(home, NOW + 9 * MINUTE, receiver={"refused_too_old": 500 + later})
    intake_alerts.observe(home, NOW + 9 * MINUTE)
    assert kinds(home, NOW + 9 * MINUTE) == expected
    # the older note is that of a quarter of an hour ago, and then of a later one
    for minutes in (15, 30):
        at = NOW + minutes * MINUTE
        says(home, at, receiver={"refused_too_old": 500 + later})
        intake_alerts.observe(home, at)
    assert kinds(home, NOW + 30 * MINUTE) == []


def test_a_receiver_that_was_started_anew_counts_from_nothing(home: Home) -> None:
    says(home, NOW, receiver={"refused_too_old": 500})
    intake_alerts.observe(home, NOW)
    says(home, NOW + MINUTE, receiver={"refused_too_old": 21, "process": 8})
    intake_alerts.observe(home, NOW + MINUTE)
    (alert,) = intake_alerts.of_home(home, NOW + MINUTE)
    assert alert.sentence.startswith(
        "The receiver has refused 21 events since 2026-07-01 06:05 UTC"
    )


def test_people_are_told_by_tieout_itself_and_that_it_is_over(
    home: Home, receiver: Receiver
) -> None:
    configure(home, receiver)
    says(home, NOW - 10 * MINUTE, consumer={"lag": 5000})
    assert {one.alert_name for one in deliver(home, NOW)} == {"intake_silent"}
    assert receiver.at("chat")[0]["title"] == (
        "Page: The consumer has not said for 10 min that it lives"
    )
    assert "First: " in receiver.at("chat")[0]["message"]
    says(home, NOW + MINUTE, consumer={"lag": 0})
    deliver(home, NOW + MINUTE)  # nothing was ever published here
    assert receiver.at("chat")[1]["title"].startswith("Over: The consumer has not said")


def test_prometheus_has_the_same_thresholds() -> None:
    path = PROJECT_DIR / "orchestration" / "monitoring" / "prometheus" / "intake.rules.yml"
    rules = {
        rule["annotations"]["runbook"].rpartition("/")[2].removesuffix(".md"): rule["expr"]
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    }
    for name, limit in intake_alerts.limits().items():
        assert rules[name].endswith(f"> {limit.more_than}"), name
