"""Homes whose publication fires what a test says, and a receiver beside them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.alerting import deliver
from orchestration.home import Home
from orchestration.review import inbox
from tests.python.alerting.receiver import Receiver, receiving
from tests.python.review.conftest import database, postgresql

__all__ = ["database", "postgresql"]

NOW = datetime(2026, 7, 1, 6, 5)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second try of a pass follows at once."""
    monkeypatch.setattr(deliver, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home").create()
    yield made
    inbox.forget(inbox.url_of(made))


def alert(name: str, severity: str, group: str, **more: Any) -> Mapping[str, Any]:
    """A row of fct_alerts that fires."""
    fingerprint = hashlib.sha256(f"{name}|{severity}|{group}".encode()).hexdigest()
    return {
        "alert_id": fingerprint[::-1],
        "fingerprint": fingerprint,
        "alert_name": name,
        "severity": severity,
        "state": "firing",
        "root_cause": group,
        "group_key": group,
        "subject": "critical",
        "opened_at": datetime(2026, 7, 1, 6),
        "summary": f"It is about {name}. The cause is {group}",
        "runbook": "orchestration/runbooks/critical_exceptions.md",
        "item_count": 2,
        "revenue_at_risk": Decimal("1234.50"),
        **more,
    }


PAGE = alert("critical_exceptions", "page", "payout_late")
TICKET = alert("high_exceptions", "ticket", "payout_late", state="suppressed")
OTHER = alert("quarantine_waiting", "ticket", "feed:fx_rates", root_cause="feed_incomplete")


def fires(home: Home, *rows: Mapping[str, Any]) -> None:
    """Publish that these alerts hold; those with `resolved_at` do no longer."""
    path = home.masked / f"{len(list(home.masked.glob('*')))}.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.fct_alerts (alert_id varchar, fingerprint varchar, "
            "alert_name varchar, severity varchar, state varchar, root_cause varchar, "
            "group_key varchar, subject varchar, opened_at timestamp, resolved_at timestamp, "
            "summary varchar, runbook varchar, item_count bigint, revenue_at_risk decimal(38, 10))"
        )
        connection.execute("create table marts.agg_executive_daily as select 'EUR' as currency")
        for row in rows:
            connection.execute(
                f"insert into marts.fct_alerts ({', '.join(row)}) "
                f"values ({', '.join('?' * len(row))})",
                list(row.values()),
            )
    home.serving_masked.unlink(missing_ok=True)
    os.symlink(path, home.serving_masked)


ON_CALL = """
people:
  ada: {name: Ada, to: ada}
  bo: {name: Bo, to: bo}
rotations:
  finance:
    zone: Europe/Berlin
    handover: monday 09:00
    starts: 2026-06-29
    people: [ada, bo]
    escalate_after_minutes: 15
    escalate_to: [bo]
"""


def configure(home: Home, receiver: Receiver, **addresses: str) -> None:
    """Pages to Ada, who is on call, and to the chat; tickets to the chat."""
    known = {name: receiver.url(name) for name in ("ada", "bo", "chat")} | addresses
    listed = "".join(f"\n  {name}: {address}" for name, address in known.items())
    (home.root / "alerts.yml").write_text(
        f"destinations:{listed}\n"
        "routes:\n"
        "  - severity: page\n    to: [on-call:finance, chat]\n"
        "  - severity: ticket\n    to: chat\n"
        "runs: unscheduled\n",
        encoding="utf-8",
    )
    (home.root / "oncall.yml").write_text(ON_CALL, encoding="utf-8")
