"""Game days, the short form: nearly all faults in one company, and each one's own alert fires.

`make gameday` plays each by itself, against a twin without the fault.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from orchestration.gamedays import losses
from orchestration.gamedays.company import Company
from orchestration.gamedays.drill import Outcome, stage
from orchestration.gamedays.receiver import receiving, silence
from orchestration.gamedays.scenarios import SCENARIOS, named
from orchestration.gamedays.signals import Expected, Signal, raised
from orchestration.home import Home, TieoutError

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
    "gateway_outage",
    "late_statements",
    "missing_ids",
    "changed_schema",
    "poisoned_file",
    "doubled_invoices",
    "wrong_time_zone",
    "unauthorized_access",
    "tampering",
    "clock_skew",
    "disk_full",
)
"""The others need a company for themselves: they bring what would hide another fault."""


@pytest.mark.thorough
def test_each_fault_raises_its_own_alert_and_nothing_is_lost(tmp_path: Path) -> None:
    ready = stage(tmp_path)
    outcome = ready.drill(named([*TOGETHER]))
    assert outcome.wrong == [], outcome.describe()
    assert outcome.delivered, outcome.describe()


def test_each_failure_mode_of_the_field_has_its_game_day() -> None:
    assert {scenario.failure_mode for scenario in SCENARIOS.values()} >= FAILURE_MODES


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
    from orchestration.gamedays.drill import _judge

    scenario = SCENARIOS["gateway_outage"]
    other = Signal("high_exceptions", "ticket", "invoiced_twice", "high")
    said = _judge([scenario], [other])
    assert "did not fire" in said[0] and said[1].startswith("Another alert fired")
    assert Outcome([scenario], wrong=said).describe().endswith("FAILED\n")


def test_money_that_differs_from_the_twin_is_told() -> None:
    twin = {"invoice 1": ("EUR", "5.00")}
    assert losses.differences(dict(twin), twin) == []
    assert losses.differences({}, twin) != []
    assert losses.differences({**twin, "invoice 1_twice": ("EUR",)}, twin, ("twice",)) == []


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


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(TieoutError, match="gateway_outage"):
        named(["gateway"])
