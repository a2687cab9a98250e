"""The company of the hard cases over its two days, and what a test asks of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tieout_process import Tieout

from orchestration.home import Home
from tests.python.reconciliation import (
    bank_cases,
    bill_cases,
    copy_cases,
    doubtful_cases,
    reported_cases,
)
from tests.python.reconciliation.books import ACCOUNT, Books
from tests.python.reconciliation.conftest import Company
from tests.python.reconciliation.hard_cases import FIRST_DAY, SECOND_DAY

FIRST, SECOND = "2026-07-01T06:00:00Z", "2026-07-02T06:00:00Z"


@dataclass(frozen=True)
class TwoDays(Company):
    """A company after its second day; `first` is what its first run published."""

    first: Path

    def rows_first(self, sql: str) -> list[tuple]:
        return self.read(self.first, sql)

    @property
    def first_day(self) -> Company:
        """The same company, of which everything is asked as its first run published it."""
        return AsPublished(self.tieout, self.first)


@dataclass(frozen=True)
class AsPublished(Company):
    """A company as one of its runs published it."""

    published: Path

    def rows(self, sql: str) -> list[tuple]:
        return self.read(self.published, sql)


def live_two_days(home: Home, shuffle: int | None) -> TwoDays:
    books = Books()
    books.add("bank_accounts", account_id=ACCOUNT, currency="EUR", ledger_account_code="1000")
    for case in (
        *FIRST_DAY,
        bank_cases.statement_and_notification,
        *doubtful_cases.FIRST_DAY,
        *bill_cases.FIRST_DAY,
        *reported_cases.FIRST_DAY,
        *copy_cases.FIRST_DAY,
    ):
        case(books)
    books.land(home.create().landing, "first", shuffle=shuffle)
    first = Company(Tieout(home, as_of=FIRST))
    first.tieout.succeed("run")
    after_first = home.serving.resolve()
    books = Books()
    for news in (
        *SECOND_DAY,
        bank_cases.notification_and_statement,
        *bill_cases.SECOND_DAY,
        *reported_cases.SECOND_DAY,
        *copy_cases.SECOND_DAY,
    ):
        news(books, first)
    books.land(home.landing, "second", shuffle=shuffle)
    tieout = Tieout(home, as_of=SECOND)
    tieout.succeed("run")
    return TwoDays(tieout, after_first)


def invoice(company: Company, number: str) -> tuple[str, Decimal, Decimal, Decimal]:
    """Status, matched, adjusted and open amount of a document."""
    [row] = company.rows(
        "select reconciliation_status, matched_amount, adjusted_amount, open_amount "
        f"from fct_invoices where invoice_number = '{number}'"
    )
    return row


def payment(company: Company, entry: str) -> tuple[str, Decimal, Decimal]:
    """Status, allocated and open amount of a bank line among the receipts."""
    [row] = company.rows(
        "select status, allocated_amount, open_amount from fct_items "
        f"where reconciliation = 'invoice_to_receipt' and item_id = '{ACCOUNT}/{entry}'"
    )
    return row


def partners(company: Company, entry: str, decision: str = "auto_closed") -> list[list[str]]:
    """For each match of a bank line with this decision: the numbers of its documents."""
    return [
        numbers
        for (numbers,) in company.rows(
            f"""
            select list_sort(list(invoices.invoice_number))
            from fct_match_allocations as payments
            inner join fct_matches as matches on payments.match_id = matches.match_id
            inner join fct_match_allocations as documents on payments.match_id = documents.match_id
            inner join fct_invoices as invoices on documents.item_id = invoices.invoice_id
            where
                payments.item_id = '{ACCOUNT}/{entry}'
                and matches.reconciliation = 'invoice_to_receipt'
                and matches.decision = '{decision}'
                and documents.side = 'expected'
            group by payments.match_id
            order by all
            """
        )
    ]


def explanations(company: Company, entry: str) -> list[str]:
    """What the live or suggested matches of a bank line say."""
    return [
        text
        for (text,) in company.rows(
            f"""
            select matches.explanation
            from fct_match_allocations as payments
            inner join fct_matches as matches on payments.match_id = matches.match_id
            where
                payments.item_id = '{ACCOUNT}/{entry}'
                and matches.reconciliation = 'invoice_to_receipt'
                and matches.decision in ('auto_closed', 'approved', 'suggested')
            order by all
            """
        )
    ]


def open_exceptions(company: Company, entry: str) -> list[str]:
    """What a person is asked about a bank line among the receipts."""
    return [
        kind
        for (kind,) in company.rows(
            "select exception_type from fct_exceptions where status = 'open' "
            f"and reconciliation = 'invoice_to_receipt' and item_id = '{ACCOUNT}/{entry}'"
        )
    ]


def candidates(company: Company, entry: str) -> list[str]:
    """Why what was considered for a bank line was not taken, best first."""
    return [
        reason
        for (reason,) in company.rows(
            "select why_not from fct_match_candidates where reconciliation = 'invoice_to_receipt' "
            f"and item_id = '{ACCOUNT}/{entry}' order by rank"
        )
    ]
