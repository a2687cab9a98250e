"""Runs that failed, were stopped, are stuck or never came: when it is said, in what words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal

import dagster as dg
import pytest

from orchestration import controls, progress, run_records, runner
from orchestration.alerting import after_run, alerts, run_alerts
from orchestration.alerting.deliver import deliver
from orchestration.alerting.routes import Due
from orchestration.alerting.run_alerts import RunAlert
from orchestration.assets import SingleWriter
from orchestration.controls import Control
from orchestration.controls import Kind as ControlKind
from orchestration.dbt_runs import DbtFailed, Failure
from orchestration.definitions import build_alert_sensor
from orchestration.home import Home, Settings, TieoutError, wall_clock
from orchestration.intake import spool
from orchestration.review import inbox
from orchestration.review.inbox import InboxUnavailable
from orchestration.run_records import FailureRecord, NoticeRecord, RunRecord, StepRecord
from orchestration.telemetry import logs
from tests.python.alerting.conftest import MINUTE, NOW, configure
from tests.python.alerting.receiver import Receiver

DAY = datetime(2026, 7, 1)
HOUR = timedelta(hours=1)


def run(outcome: str, hour: float, minutes: float = 2, step: str = "Landing") -> RunRecord:
    """A record of a run that began at an hour of 1 July."""
    begun = DAY + hour * HOUR
    ended = outcome not in ("running", "stopped")
    return RunRecord(
        name=f"r{hour}",
        started_at=begun,
        trigger="schedule",
        process=1,
        outcome=outcome,  # type: ignore[arg-type]
        ended_at=begun + minutes * MINUTE if ended else None,
        steps=[
            StepRecord("Landing", begun, 1.0),
            StepRecord(step, begun, minutes * 60 if ended else None),
        ],
    )


def found(
    records: Sequence[RunRecord], now: datetime, due: Due | None = None, silent: float = 0
) -> list[RunAlert]:
    return run_alerts.find(records, now, due, lambda _: now - silent * MINUTE)


def kinds(*arguments: object, **more: object) -> list[str]:
    return [alert.kind for alert in found(*arguments, **more)]  # type: ignore[arg-type]


def test_a_failed_run_alerts_until_one_is_published() -> None:
    by_hand = run("interrupted", 6.5)
    by_hand.trigger = "manual"
    failed = [run("failed", 7), by_hand, run("failed", 6), run("published", 5)]
    (alert,) = found(failed, DAY + 8 * HOUR)
    assert alert.kind == "run_failed"
    # since the first of them
    assert alert.since == DAY + 6 * HOUR + 2 * MINUTE
    assert "the 2nd time in a row" in alert.sentence
    assert kinds([run("running", 7.9), *failed], DAY + 8 * HOUR) == ["run_failed"]
    assert kinds([run("published", 7.5), *failed], DAY + 8 * HOUR) == []


def test_a_part_by_hand_is_no_alert() -> None:
    part = run("failed", 7)
    part.steps = part.steps[1:]
    part.steps[0].name = "Building the warehouse"
    assert kinds([part], DAY + 8 * HOUR) == []


def test_a_run_that_was_told_to_stop_alerts_unless_its_starter_sees_it() -> None:
    terminated = run("interrupted", 6)
    (alert,) = found([terminated], DAY + 8 * HOUR)
    assert alert.kind == "run_stopped"
    assert alert.sentence.startswith("The run of 2026-07-01 06:00 UTC was told to stop")
    assert kinds([run("published", 7), terminated], DAY + 8 * HOUR) == []
    terminated.trigger = "manual"
    assert kinds([terminated], DAY + 8 * HOUR) == []


def test_what_fails_after_the_publication_is_no_failed_run() -> None:
    published = run("failed", 7, step="Publishing the marts")
    assert kinds([published], DAY + 8 * HOUR) == ["run_failed"]
    published.steps.append(StepRecord("Summing up", DAY))
    assert kinds([published, run("failed", 6)], DAY + 8 * HOUR) == []


def test_a_stopped_run_says_in_which_step() -> None:
    (alert,) = found([run("stopped", 7, step="Building the warehouse")], DAY + 8 * HOUR)
    assert alert.kind == "run_stopped"
    assert alert.sentence.startswith(
        "The run of 2026-07-01 07:00 UTC was stopped without a word in the step “Building the "
    )


@pytest.mark.parametrize(
    ("usual", "silent", "running", "expected"),
    [
        (1, 14, 14, []),
        (1, 15, 15, ["run_stuck"]),  # silent for a quarter of an hour
        (1, 0, 29, []),
        (1, 0, 30, ["run_stuck"]),  # it says something, and goes on for ever
        (20, 59, 59, []),
        (20, 60, 60, ["run_stuck"]),  # the step usually takes 20 minutes
        (20, 0, 59, []),
        (20, 0, 60, ["run_stuck"]),
        (None, 0, 359, []),  # a first run may be large
        (None, 0, 360, ["run_stuck"]),
    ],
)
def test_a_run_is_stuck_by_what_is_usual(
    usual: float | None, silent: float, running: float, expected: list[str]
) -> None:
    past = (
        [run("published", hour, usual, "Building the warehouse") for hour in (3, 2, 1)]
        if (usual)
        else []
    )
    now = DAY + 5 * HOUR + running * MINUTE
    records = [run("running", 5, step="Building the warehouse"), *past]
    assert kinds(records, now, silent=silent) == expected


def test_a_run_is_missed_once_the_grace_is_over() -> None:
    due = Due("0 6 * * *", "Europe/Berlin", HOUR)  # 04:00 UTC
    yesterday = [run("published", -20)]
    assert kinds(yesterday, DAY + 4.99 * HOUR, due) == []
    (alert,) = found(yesterday, DAY + 5 * HOUR, due)
    assert (alert.kind, alert.since) == ("run_missed", DAY + 4 * HOUR)
    assert "due at 2026-07-01 04:00 UTC; the last began at 2026-06-30 04:00 UTC" in alert.sentence
    assert kinds(yesterday, DAY + 5 * HOUR, None) == []
    # one that began in time and failed is another alert, and so is one that does not end
    assert kinds([run("failed", 4.1), *yesterday], DAY + 6 * HOUR, due) == ["run_failed"]
    assert kinds([run("running", 3.9), *yesterday], DAY + 5 * HOUR, due) == ["run_stuck"]
    # a home that is younger has missed none
    assert kinds([], DAY + 6 * HOUR, due) == []
    assert kinds([run("published", 4.5)], DAY + 6 * HOUR, due) == []


def test_when_clocks_change_the_hour_stays() -> None:
    due = Due("0 6 * * *", "Europe/Berlin", HOUR)
    old = run("published", 0)
    old.started_at = datetime(2026, 10, 24, 4)
    (alert,) = run_alerts.find([old], datetime(2026, 10, 25, 6, 1), due, lambda _: DAY)
    assert alert.since == datetime(2026, 10, 25, 5)


def test_on_a_day_without_a_run_none_is_missed() -> None:
    due = Due("30 5 * * 1-5", "UTC", HOUR)
    friday = run("published", 48 + 5.5)  # 3 July
    assert kinds([friday], DAY + (48 + 24 + 12) * HOUR, due) == []
    assert kinds([friday], DAY + (5 * 24 + 6) * HOUR, due) == []
    (alert,) = found([friday], DAY + (5 * 24 + 7) * HOUR, due)
    assert (alert.kind, alert.since) == ("run_missed", datetime(2026, 7, 6, 5, 30))


def test_the_reason_holds_no_values() -> None:
    record = run("failed", 7)
    record.message = (
        "Could not convert string 'Jane Doe' for jane@example.com DE89370400440532013000\nrow 2"
    )
    (alert,) = found([record], DAY + 8 * HOUR)
    assert alert.reason == "Could not convert string '•••' for ••• •••"
    record.failures = [
        FailureRecord("assert_payers_are_known", "test", failing_rows=2),
        FailureRecord("fct_items", "model", "Conversion: 'Jane Doe'"),
    ]
    (alert,) = found([record], DAY + 8 * HOUR)
    assert alert.reason == "2 rows break “payers are known”; “fct items” could not be built"


def test_a_notice_is_told_to_its_team_for_as_long_as_it_is_kept() -> None:
    record = run("published", 7)
    record.notices = [
        NoticeRecord("access_refused", "page", "access", "Refused", DAY, None),
        NoticeRecord("warehouse_lost", "ticket", "w", "It was gone", DAY, DAY + 24 * HOUR),
    ]
    told = alerts.noticed([run("failed", 8), record, run("published", 6)], DAY + 9 * HOUR)
    assert [(one.alert_name, one.for_routes()["team"], one.opened_at) for one in told] == [
        ("access_refused", "data_platform", DAY),
        ("warehouse_lost", "data_platform", DAY),
    ]
    (left,) = alerts.noticed([record], DAY + 24 * HOUR)
    assert left.alert_name == "access_refused"


@pytest.mark.parametrize(
    ("error", "failed", "is_silent"),
    [
        ("OSError", None, True),  # the planned work on a disk
        ("DbtFailed", FailureRecord("fct_items", "model"), True),
        ("DbtFailed", FailureRecord("assert_cents_have_a_place", "test", failing_rows=1), False),
        ("JournalError", None, False),
    ],
)
def test_a_window_silences_a_failed_run_unless_what_must_hold_does_not(
    error: str, failed: FailureRecord | None, is_silent: bool
) -> None:
    record = run("failed", 7)
    record.error, record.failures = error, [failed] if failed else []
    (found_alert,) = found([record], DAY + 8 * HOUR)
    alert = alerts.of_run(found_alert)
    window = Control("c", ControlKind.MAINTENANCE_WINDOW, "w", DAY, None, "", "", DAY, "*", "*")
    assert (controls.silencing(asdict(alert), [window]) is window) == is_silent
    assert alerts.can_be_taken(alert) == is_silent


def test_a_failed_test_reaches_people_with_its_rows_and_without_personal_data(
    home: Home, receiver: Receiver
) -> None:
    configure(home, receiver)
    failure = Failure("test.x", "assert_cents_have_a_place", "test", failing_rows=1)
    failure.rows = [
        {
            "failure": "amount is not allocated + adjusted + open",
            "item_id": "INV-17",
            "amount": Decimal("12.50"),
            "payer_name": "Jane Doe",
            "remittance": "rent, Jane",
        }
    ]
    with (
        pytest.raises(DbtFailed),
        run_records.recording(home, "schedule"),
        progress.current().step("Landing"),
    ):
        raise DbtFailed("It does not hold: Jane Doe", [failure])
    assert after_run.tell(home) is None
    (page,) = receiver.at("chat")
    assert page["title"].endswith("failed in the step “Landing”, and published nothing")
    assert "1 row breaks “cents have a place”" in page["message"]
    said = "`amount is not allocated + adjusted + open: item_id INV-17; amount 12.50"
    assert said in page["message"]
    assert "payer_name •••" in page["message"]
    assert "Jane" not in str(page)
    assert "First: " in page["message"] and "run_failed.md" in page["message"]
    # the page of people who may see them has the rows whole
    (record,) = run_records.read(home)
    assert "Jane Doe" in record.failures[0].rows[0]
    with run_records.recording(home, "manual"):
        for step in ("Landing", "Publishing the marts"):
            with progress.current().step(step):
                pass
    after_run.tell(home)
    assert receiver.at("chat")[1]["title"].startswith("Over: The run of")


def test_a_run_that_cannot_begin_is_on_record_and_told(home: Home, receiver: Receiver) -> None:
    configure(home, receiver)
    spool.path_of(home).parent.mkdir(parents=True)
    spool.path_of(home).write_text("no database", encoding="utf-8")
    with pytest.raises(TieoutError):
        runner.run(home, Settings.from_environment({}), "watch")
    (record,) = run_records.read(home)
    assert (record.outcome, record.trigger) == ("failed", "watch")
    (page,) = receiver.at("chat")
    assert "UTC failed, and published nothing: " in page["message"]
    assert "spool" in page["message"]


def test_a_failed_run_is_told_while_the_database_of_notifications_does_not_answer(
    home: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(home, receiver)
    with monkeypatch.context() as down:
        down.setenv("TIEOUT_REVIEW_DATABASE", "postgresql://nobody@127.0.0.1:9/none")
        with (
            pytest.raises(InboxUnavailable),
            runner.telling(home),
            run_records.recording(home, "schedule"),
            progress.current().step("Landing"),
        ):
            inbox.of(home)  # the run fails by it, and tells
        (page,) = receiver.at("chat")
        assert "failed in the step “Landing”, and published nothing: " in page["message"]
        assert '"alerts_sent_unrecorded"' in logs.path_of(home).read_text(encoding="utf-8")
        with pytest.raises(InboxUnavailable):  # nothing is left to tell, and that is said
            deliver(home, wall_clock() + MINUTE)
        assert len(deliver(home, wall_clock() + 61 * MINUTE)) == 2  # nobody has taken it
        assert len(receiver.at("chat")) == 2
    assert {one.event for one in deliver(home, wall_clock())} == {"firing"}
    assert not (home.runs / "told_unrecorded.json").exists()


def test_a_run_of_dagsters_tells_once_it_has_ended(home: Home, receiver: Receiver) -> None:
    configure(home, receiver)

    @dg.op
    def fails(writer: SingleWriter) -> None:
        with progress.current().step("Landing"):
            raise ValueError("the disk is full")

    @dg.job(resource_defs={"writer": SingleWriter(home=str(home.root))})
    def job() -> None:
        fails()

    assert not job.execute_in_process(raise_on_error=False).success
    (page,) = receiver.at("chat")
    assert (
        "failed in the step “Landing”, and published nothing: the disk is full" in (page["message"])
    )


def test_the_next_run_tells_of_a_killed_one_before_it_begins(
    home: Home, receiver: Receiver
) -> None:
    with run_records.recording(home, "schedule"), progress.current().step("Landing"):
        (path,) = run_records.folder(home).glob("*.json")
        killed = path.read_text(encoding="utf-8")
    path.write_text(killed, encoding="utf-8")  # as if the process had gone here
    configure(home, receiver)
    told_by_then = []

    @dg.op
    def publishes(writer: SingleWriter) -> None:
        told_by_then.extend(receiver.at("chat"))
        for step in ("Landing", "Publishing the marts"):
            with progress.current().step(step):
                pass

    @dg.job(resource_defs={"writer": SingleWriter(home=str(home.root))})
    def job() -> None:
        publishes()

    assert job.execute_in_process().success
    (page,) = told_by_then
    assert "was stopped without a word in the step “Landing”" in page["message"]
    assert receiver.at("chat")[1]["title"].startswith("Over: The run of")


def test_the_sensor_sees_what_no_run_can_tell(home: Home, receiver: Receiver) -> None:
    sensor = build_alert_sensor(home)

    def tick() -> str:
        told = sensor(dg.build_sensor_context())
        assert isinstance(told, dg.SkipReason)
        return str(told.skip_message)

    assert tick().startswith("Alerts reach nobody")
    configure(home, receiver)
    assert tick() == "Nothing is to be told."
    with run_records.recording(home, "schedule"), progress.current().step("Landing"):
        (path,) = run_records.folder(home).glob("*.json")
        long_ago = (wall_clock() - 7 * HOUR - datetime(1970, 1, 1)).total_seconds()
        os.utime(path, (long_ago, long_ago))
        assert tick() == "2 of 2 notifications were delivered."
        (page,) = receiver.at("chat")
        assert "has said nothing in the step “Landing” for 7 h" in page["message"]


def test_one_alert_speaks_for_the_runs(home: Home, receiver: Receiver) -> None:
    configure(home, receiver)
    text = (home.root / "alerts.yml").read_text(encoding="utf-8")
    text = text.replace("runs: unscheduled", 'runs: {due: "06:00", grace_minutes: 5}')
    (home.root / "alerts.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="full"), run_records.recording(home, "schedule"):
        with progress.current().step("Landing"):
            raise ValueError("full")
    (record,) = run_records.folder(home).glob("*.json")
    later = wall_clock() + timedelta(days=2)
    told = deliver(home, later)
    assert {one.alert_name for one in told} == {"run_failed"}
    assert "Of the same cause: run missed (page)" in receiver.at("chat")[0]["message"]
    assert record.exists() and later > NOW
