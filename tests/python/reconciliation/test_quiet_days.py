"""Two weeks of daily runs of a company in which nearly everybody pays in time by transfer.

A day's transfers land before the run of the next morning, as banks tell them: by their day alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.gamedays.company import (
    ACCOUNT,
    CUSTOMERS,
    Row,
    customer_id,
    customer_name,
    stamp,
    write_csv,
)
from orchestration.gamedays.company import Company as Master
from orchestration.home import Home
from tests.python.reconciliation.conftest import Company
from tests.python.tieout_process import Tieout

pytestmark = [pytest.mark.slow, pytest.mark.thorough]

DAY = timedelta(days=1)
FIRST_RUN = datetime(2026, 6, 15, 6, tzinfo=UTC)
HISTORY = 40
QUIET_DAYS = 14
TRANSFERS = 12
PAID_AFTER = 3 * DAY
TERMS = 14 * DAY
WINDOW = 14 * DAY
"""From the due date to the deadline of an invoice (seeds/match_windows.csv)."""

FEW, MANY = 3, TRANSFERS
FEW_ON = 7
"""The quiet day on which the deadline of three invoices passes that were paid short."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home before its first run: the master data, and forty days of history."""
    home = Home(tmp_path_factory.mktemp("quiet") / "home").create()
    start = FIRST_RUN.date() - HISTORY * DAY
    masters = Master(start).deliver(start, FIRST_RUN.date() + (QUIET_DAYS + 1) * DAY)
    masters.only("crm_customers", "bank_accounts", "fx_rates").land(home.landing)
    invoices: list[Row] = []
    lines: list[Row] = []
    for past in range(HISTORY, 1, -1):
        _add_day(FIRST_RUN - past * DAY, invoices, lines)
    _land(home, "history", invoices, lines)
    return home


def test_quiet_days_page_nobody_and_missed_deadlines_of_many_do(home: Home) -> None:
    pages: dict[int, list[tuple]] = {}
    for number in range(QUIET_DAYS + 2):
        run_at = FIRST_RUN + number * DAY
        invoices: list[Row] = []
        lines: list[Row] = []
        _add_day(run_at - DAY, invoices, lines)
        if number == FEW_ON:
            _add_short(run_at, FEW, invoices, lines)
        if number == QUIET_DAYS + 1:
            _add_short(run_at, MANY, invoices, lines)
        _land(home, f"day_{number:02}", invoices, lines)
        company = Company(Tieout(home, as_of=f"{run_at:%Y-%m-%dT%H:%M:%SZ}"))
        company.tieout.succeed("run")
        pages[number] = company.rows(
            "select alert_name, subject, root_cause from fct_alerts "
            "where severity = 'page' and state <> 'resolved' order by all"
        )
        if number > 0:
            matched, late = company.rows(
                "select events, bad_events from fct_error_budgets "
                "where slo = 'time_to_reconciliation' and \"window\" = '1h'"
            )[0]
            assert matched >= TRANSFERS and late == 0, f"day {number}: {late} of {matched} late"
    last = pages.pop(QUIET_DAYS + 1)
    assert {number: found for number, found in pages.items() if found} == {}
    assert ("slo_burn_very_fast", "reconciliation_success_rate", "customer_underpaid") in last
    assert {cause for _, _, cause in last} == {"customer_underpaid"}


def _add_day(day: datetime, invoices: list[Row], lines: list[Row]) -> None:
    """What is issued on a day, and the transfers for what was issued three days before."""
    for place in range(TRANSFERS):
        invoices.append(_invoice(day, f"Q{day:%m%d}{place:02}", place))
        issued = day - PAID_AFTER
        if issued >= FIRST_RUN - HISTORY * DAY:
            number = f"Q{issued:%m%d}{place:02}"
            lines.append(_line(day, number, place, _amount(issued, place)))


def _add_short(run_at: datetime, count: int, invoices: list[Row], lines: list[Row]) -> None:
    """Invoices whose deadline passes in the night before the run, paid short the day before."""
    issued = run_at - TERMS - WINDOW
    for place in range(count):
        number = f"S{issued:%m%d}{place:02}"
        amount = _amount(issued, place + TRANSFERS)
        invoices.append(_invoice(issued, number, place, amount))
        lines.append(_line(run_at - DAY, number, place, amount * Decimal("0.8")))


def _amount(issued: datetime, place: int) -> Decimal:
    """No two of them are equal, and none is the sum or a part of others."""
    return Decimal(100_000 + issued.timetuple().tm_yday * 97 + place * 4_211) / 100


def _invoice(issued: datetime, number: str, place: int, amount: Decimal | None = None) -> Row:
    at = stamp(issued.date(), 9)
    return {
        "invoice_id": f"in_{number}",
        "invoice_number": number,
        "document_type": "invoice",
        "customer_id": customer_id(place % CUSTOMERS),
        "issued_at": at,
        "due_date": f"{(issued + TERMS).date()}",
        "currency": "EUR",
        "total_amount": f"{amount or _amount(issued, place):.2f}",
        "status": "open",
        "updated_at": at,
    }


def _line(day: datetime, number: str, place: int, amount: Decimal) -> Row:
    return {
        "account_id": ACCOUNT,
        "entry_id": f"line-{day:%m%d}-{number}",
        "booking_date": f"{day.date()}",
        "amount": f"{amount:.2f}",
        "currency": "EUR",
        "counterparty_name": customer_name(place % CUSTOMERS),
        "remittance_information": f"Invoice {number}",
    }


def _land(home: Home, name: str, invoices: list[Row], lines: list[Row]) -> None:
    landing: Path = home.landing
    write_csv(landing / "billing_invoices" / f"{name}.csv", invoices)
    write_csv(landing / "bank_transactions" / f"{name}.csv", lines)
