"""Game days: the short form of all failure modes of the field, and the long form of each by itself.

The short form takes four runs. Its faults are put together into two copies of one company, as far
as they do not hide each other: a silent feed speaks for customers who have not paid, and a gateway
that says nothing cannot lose its ids. "And only it" is shown of such a group there. There is no
twin: what four days without a run raise in any company is written here, and money is compared with
what the company knows. Only the first copy is put right, so of the second files, rows and proofs
are compared, and no money. The long form (`make gameday`, `make test-stories`) has a twin, each
fault by itself, and its repair.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.alerting import outbox
from orchestration.gamedays import command, losses, small_disk
from orchestration.gamedays.company import Company
from orchestration.gamedays.drill import Outcome, Stage, _judge, alone, stage
from orchestration.gamedays.receiver import receiving, silence
from orchestration.gamedays.scenarios import SCENARIOS, named
from orchestration.gamedays.signals import Expected, Signal, raised
from orchestration.home import Home, TieoutError
from orchestration.review import inbox
from tests.python.tieout_process import Tieout

FAILURE_MODES = {
    "missing ids",
    "duplicates",
    "currency",
    "late payments",
    "schema change",
    "backlog",
    "false positives",
    "unauthorized access",
    "provider outage",
    "time zones",
}
"""Of the field."""

TOGETHER = (
    (
        "gateway_outage",
        "doubled_invoices",
        "currency",
        "queue_surge",
        "wrong_time_zone",
        "unauthorized_access",
    ),
    ("late_payments", "missing_ids", "changed_schema", "loose_threshold"),
)
"""The faults of each copy of the short form."""


LATE_RUN = [
    Signal(f"slo_burn_{window}", "", "unknown", "time_to_reconciliation")
    for window in ("very_fast", "fast", "hour", "day", "three_days")
]
"""What four days without a run raise: what landed on them was matched late."""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    ready = alone(tmp_path_factory.mktemp("company"))
    return replace(ready, alerts=[*ready.alerts, *LATE_RUN])


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return stage(tmp_path_factory.mktemp("twins"))


def test_each_fault_raises_its_own_alert_and_nothing_is_lost(company: Stage) -> None:
    _passes(company.drill(named([*TOGETHER[0]])))


def test_each_fault_of_the_others_raises_its_own_alert(company: Stage) -> None:
    _passes(company.drill(named([*TOGETHER[1]]), repairs=False))


@pytest.mark.thorough
@pytest.mark.parametrize("name", SCENARIOS)
def test_each_game_day_by_itself(twins: Stage, name: str) -> None:
    _passes(twins.drill(named([name])))


def _passes(outcome: Outcome) -> None:
    assert outcome.failures == [], outcome.describe()
    assert len(outcome.delivered) >= len(outcome.scenarios), outcome.describe()


def test_the_short_form_has_every_failure_mode_of_the_field() -> None:
    played = {SCENARIOS[name].failure_mode for names in TOGETHER for name in names}
    assert played == FAILURE_MODES


def test_an_alert_counts_where_its_twin_has_none_or_counts_less() -> None:
    twin = [Signal("a", "page", "x", "", 3), Signal("b", "page", "x", "", 3)]
    now = [
        Signal("a", "page", "x", "", 4),
        Signal("b", "page", "x", "", 4),
        Signal("c", "page", "x", ""),
    ]
    found = raised(now, twin, [Expected("a")])
    assert [signal.name for signal in found] == ["a", "c"]


def test_a_drill_whose_alert_does_not_fire_has_failed() -> None:
    scenario = SCENARIOS["gateway_outage"]
    other = Signal("high_exceptions", "ticket", "invoiced_twice", "high")
    said = _judge([scenario], [other])
    assert "did not fire" in said[0] and said[1].startswith("Another alert fired")
    silent = Signal("feed_silent", "ticket", "feed_late", "gateway_transactions", is_silent=True)
    assert "did not fire" in _judge([scenario], [silent])[0]
    assert Outcome([scenario], wrong=said).describe().endswith("FAILED\n")


def test_a_drill_that_lost_something_has_failed_and_says_what() -> None:
    scenario = SCENARIOS["tampering"]
    lost = Outcome([scenario], lost=["invoice 1: not there; without the fault 5 matched."])
    assert "  lost       invoice 1: not there" in lost.describe()
    assert lost.describe().endswith("FAILED\n")
    whole = Outcome([scenario], kept="every landed file is accounted for").describe()
    assert "  lost       nothing: every landed file is accounted for\n  passed\n" in whole


def test_money_that_differs_from_the_twin_is_told() -> None:
    twin = {"invoice 1": "5 matched"}
    assert losses.differences(dict(twin), twin) == []
    assert losses.differences({}, twin) == ["invoice 1: not there; without the fault 5 matched."]
    assert losses.differences({**twin, "invoice 1_twice": "0 matched"}, twin, ("twice",)) == []


def test_homes_are_compared_document_by_document(
    reconciled_copy: Tieout, reconciled: Tieout, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = reconciled.home, reconciled_copy.home
    assert command.compare(one, other) == 0
    assert capsys.readouterr().out.endswith(" documents and matches agree, 0 differ.\n")
    with duckdb.connect(str(other.serving.resolve())) as connection:
        [(invoice,)] = connection.execute(
            "update marts.fct_invoices set open_amount = 12.5, matched_amount = 0 "
            "where invoice_id = (select min(invoice_id) from marts.fct_invoices) "
            "returning invoice_id"
        ).fetchall()
    assert command.compare(one, other) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"invoice {invoice}"
    assert said[1].startswith(f"  {one.root}: ")
    assert said[2].startswith(f"  {other.root}: 0 matched and 12.5 open, ")
    assert said[3].endswith(", 1 differ.")


def test_a_delivery_of_days_is_the_deliveries_of_each_day() -> None:
    first = date(2026, 5, 11)
    company = Company(first)
    whole = company.deliver(first, first + timedelta(days=6))
    days = [
        company.deliver(first + timedelta(days=day), first + timedelta(days=day))
        for day in range(7)
    ]
    for feed in ("billing_invoices", "gateway_transactions", "gateway_payouts", "fx_rates"):
        assert whole.rows[feed] == [row for day in days for row in day.rows[feed]]
    assert "".join(whole.statements.values()) == "".join(
        text for day in days for text in day.statements.values()
    )


def test_a_copy_calls_nobody_of_the_real_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    for name in ("alerts.yml", "oncall.yml"):
        (home.root / name).write_text("people: real", encoding="utf-8")
    with receiving() as receiver:
        receiver.route(home)
    told = "".join(path.read_text(encoding="utf-8") for path in home.root.glob("*.yml"))
    assert "real" not in told and "127.0.0.1" in told
    silence(home)
    assert not list(home.root.glob("*.yml"))


def test_on_a_small_disk_nothing_fits_and_the_home_comes_back_as_it_is(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    (home.root / "kept").write_bytes(b"x" * 100_000)
    room = 1 << 20
    if not small_disk.move_to(home, room):
        assert (home.root / "kept").exists()
        pytest.skip("nothing can be mounted here")
    try:
        (home.root / "small").write_bytes(b"x" * (room // 4))
        with pytest.raises(OSError, match="No space left"):
            (home.root / "large").write_bytes(b"x" * room)
    finally:
        small_disk.leave(home)
    assert {"kept", "small", "large"} <= {path.name for path in home.root.iterdir()}
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    small_disk.leave(home)


def test_what_was_told_of_a_group_before_the_faults_is_no_word_of_them(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    told_at = datetime(2026, 6, 11, 6)
    told = outbox.Notification(
        notification_id="n1", created_at=told_at, fingerprint="f", incident=1, event="firing",
        round=0, destination="chat", person=None, level=0, alert_name="feed_silent",
        severity="ticket", group_key="feed:x", title="Ticket: x", body="",
    )  # fmt: skip
    with inbox.of(home).writing() as connection:
        outbox.add(connection, [told])
    outbox.note(home, told, 1, "delivered", told_at)
    signal = Signal("feed_silent", "ticket", "feed_late", "x", group="feed:x")
    for since, unheard in ((told_at, 0), (told_at + timedelta(seconds=1), 1)):
        outcome = Outcome([SCENARIOS["gateway_outage"]], raised=[(told_at, signal)])
        outcome.judge_delivery(home, since, arrived=1)
        assert len(outcome.wrong) == unheard and len(outcome.delivered) == 1 - unheard
    inbox.forget(inbox.url_of(home))


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(TieoutError, match="gateway_outage"):
        named(["gateway"])
