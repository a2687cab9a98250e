"""People, and a small publication on which they decide."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.home import Home
from orchestration.review.people import Person, Role
from tests.python.dashboard import small_company
from tests.python.dashboard.marts_file import publish

ANA = Person("ana@example.com", "Ana", frozenset({Role.ANALYST}))
BEN = Person("ben@example.com", "Ben", frozenset({Role.APPROVER}))
CARL = Person("carl@example.com", "Carl", frozenset({Role.CONTROLLER}))
VERA = Person("vera@example.com", "Vera", frozenset({Role.VIEWER}))
AUDREY = Person("audrey@example.com", "Audrey", frozenset({Role.AUDITOR}))


def company() -> small_company.Rows:
    """The small company as runs publish it: what stands, and what the currency is."""
    rows = small_company.rows()
    rows["fct_matches"] = [
        {**match, "is_live": match["decision"] == "auto_closed"} for match in rows["fct_matches"]
    ]
    # items are signed by what they do to money owed
    rows["fct_items"] = [
        {**item, "amount": -item["amount"], "open_amount": -item["open_amount"]}
        if item["item_type"] == "credit_memo"
        else {**item, "document_number": None}
        for item in rows["fct_items"]
    ]
    rows["fct_items"].append(
        {
            **rows["fct_items"][-1],
            "item_id": "DE89/E-2",
            "event_date": date(2026, 6, 2),
            "amount": Decimal("250.00"),
            "allocated_amount": Decimal("250.00"),
            "open_amount": Decimal(0),
            "status": "closed",
        }
    )
    rows["agg_executive_daily"] = [
        {**day, "currency": "EUR"} for day in rows["agg_executive_daily"]
    ]
    return rows


@pytest.fixture(scope="session")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the small company is published; not to be written to."""
    home = tmp_path_factory.mktemp("small") / "home"
    publish(home, small_company.RUN_ID, company())
    return home


@pytest.fixture
def published(home: Home, publication: Path) -> Home:
    """A home of one's own in which the small company is published."""
    shutil.copytree(publication, home.root, symlinks=True, dirs_exist_ok=True)
    return home
