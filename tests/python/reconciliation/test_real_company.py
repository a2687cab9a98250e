"""A real company's books: bank lines of a date and an amount, invoices in other currencies."""

from __future__ import annotations

import pytest

from tests.python.reconciliation.conftest import COMPANY, Company

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("feed", "item_type", "key", "amount"),
    [
        ("billing_invoices", "invoice", "invoice_id", "total_amount"),
        ("bank_transactions", "bank_transaction", "entry_id", "amount"),
    ],
)
def test_every_landed_row_is_an_item_with_its_amount(
    real: Company, feed: str, item_type: str, key: str, amount: str
) -> None:
    """Held against the files themselves, read by nothing of this project."""
    lost = real.rows(
        f"""
        select landed.{key}
        from read_csv('{COMPANY}/{feed}/{feed}.csv', all_varchar = true) as landed
        left join fct_items as items
            on
                items.item_type = '{item_type}'
                and (items.item_id = landed.{key} or items.item_id like '%/' || landed.{key})
                and items.amount = cast(landed.{amount} as decimal(38, 10))
        group by landed.{key}
        having count(items.item_id) <> 1
        """
    )
    assert lost == []


def test_every_bill_is_an_item_with_the_sum_of_its_lines(real: Company) -> None:
    """But for one whose number is missing: it is in quarantine."""
    lost = real.rows(
        f"""
        with bills as (
            select vendor_invoice_id, currency, sum(cast(amount as decimal(38, 10))) as amount
            from read_csv('{COMPANY}/vendor_invoices/vendor_invoices.csv', all_varchar = true)
            where vendor_invoice_number is not null
            group by all
        )
        select bills.*
        from bills
        left join fct_items as items
            on
                items.reconciliation = 'bill_to_payment'
                and items.item_id = bills.vendor_invoice_id
                and items.currency = bills.currency
                and items.amount = -bills.amount
        where items.item_id is null
        """
    )
    assert lost == []


def test_money_out_is_looked_at_for_bills_and_closes_none_by_itself(real: Company) -> None:
    """Its bank lines name nobody: a bare number pays no bill."""
    [(debits, closed)] = real.rows(
        """
        select count(*), count(*) filter (status = 'closed')
        from fct_items
        where reconciliation = 'bill_to_payment' and side = 'actual' and amount < 0
        """
    )
    assert debits > 100
    assert closed == 0
    assert (
        real.value(
            "select count(*) from fct_matches "
            "where reconciliation = 'bill_to_payment' and decision = 'auto_closed'"
        )
        == 0
    )


def test_every_ledger_line_is_loaded_or_rejected_with_a_reason(real: Company) -> None:
    landed = real.value(
        f"select count(*) from read_csv('{COMPANY}/ledger_entries/ledger_entries.csv')"
    )
    [(read, loaded, redelivered, quarantined)] = real.rows(
        """
        select rows_read, rows_loaded, rows_redelivered, rows_quarantined
        from fct_batches where feed = 'ledger_entries'
        """
    )
    assert (read, loaded + redelivered + quarantined) == (landed, landed)
    assert quarantined == real.value(
        "select count(*) from fct_quarantine where feed = 'ledger_entries' and reason <> ''"
    )


def test_nothing_closes_across_currencies_by_bare_numbers(real: Company) -> None:
    """What the rate of a day makes likely is shown to a person."""
    decisions = {
        decision
        for (decision,) in real.rows(
            """
            select distinct matches.decision
            from fct_match_allocations as allocations
            inner join fct_matches as matches on allocations.match_id = matches.match_id
            group by matches.match_id, matches.decision
            having count(distinct allocations.currency) > 1
            """
        )
    }
    assert decisions <= {"suggested"}


# Which invoice a receipt paid, by the company's own ledger: the bank line is a line of the entry
# that takes the receivable away, with the amount that the invoice's entry had set up.
BOOKED = f"""
    with
    lines as (select * from read_csv('{COMPANY}/ledger_entries/ledger_entries.csv')),
    receivables as (
        select distinct document_id as invoice_id, debit_amount as amount
        from lines
        where posted_by = 'ACCREC' and account_code = '610' and debit_amount is not null
    ),
    payments as (
        select
            entry_id,
            max(case when account_code = '100' then line_id end) as bank_entry_id,
            sum(case when account_code = '610' then credit_amount end) as amount
        from lines
        where posted_by = 'ACCRECPAYMENT'
        group by entry_id
    ),
    booked as (
        select 'chequing/' || payments.bank_entry_id as payment_id, receivables.invoice_id
        from payments
        inner join receivables on payments.amount = receivables.amount
    )
"""


def test_what_is_suggested_across_currencies_is_what_the_company_booked(real: Company) -> None:
    [(suggested, right)] = real.rows(
        BOOKED
        + """
        select count(*), count(booked.invoice_id)
        from fct_match_allocations as documents
        inner join fct_match_allocations as payments
            on documents.match_id = payments.match_id and payments.side = 'actual'
        left join booked
            on documents.item_id = booked.invoice_id and payments.item_id = booked.payment_id
        where documents.reconciliation = 'invoice_to_receipt' and documents.side = 'expected'
        """
    )
    assert right >= 18
    assert right == suggested


def test_what_the_company_booked_is_suggested_or_among_the_first_candidates(real: Company) -> None:
    """The rest was paid at a rate that no bank gives (seven per cent less), or months after."""
    [(booked, first)] = real.rows(
        BOOKED
        + """
        select count(*), count(*) filter (
            where exists (
                select 1
                from fct_match_candidates as candidates
                where
                    candidates.item_type = 'bank_transaction'
                    and candidates.item_id = booked.payment_id
                    and candidates.other_item_id = booked.invoice_id
                    and candidates.rank <= 3
            )
            or exists (
                select 1
                from fct_match_allocations as documents
                inner join fct_match_allocations as payments
                    on documents.match_id = payments.match_id
                where
                    documents.item_id = booked.invoice_id
                    and payments.item_id = booked.payment_id
            )
        )
        from booked
        """
    )
    assert booked == 54
    assert first >= 46


def test_what_is_not_matched_is_an_exception_with_a_reason(real: Company) -> None:
    unexplained = real.rows(
        """
        select items.item_type, items.item_id
        from fct_items as items
        left join fct_exceptions as exceptions
            on
                items.reconciliation = exceptions.reconciliation
                and items.item_type = exceptions.item_type
                and items.item_id = exceptions.item_id
                and exceptions.root_cause is not null
        where
            items.status in ('open', 'partial', 'in_review')
            and items.due_for_match_at <= timestamp '2020-10-01'
            and exceptions.exception_id is null
        """
    )
    assert unexplained == []
