"""Bills of vendors against the money that pays them (`bill_cases.py`), in the two days' company."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.python.reconciliation.books import ACCOUNT
from tests.python.reconciliation.conftest import Company
from tests.python.reconciliation.two_days import TwoDays, invoice

pytestmark = pytest.mark.slow


def bill(company: Company, name: str) -> tuple[str, Decimal]:
    """Status and open amount of a bill, signed as what is owed to a vendor."""
    [row] = company.rows(
        "select status, open_amount from fct_items "
        f"where reconciliation = 'bill_to_payment' and item_id = 'vb-{name}'"
    )
    return row


def outgoing(company: Company, entry: str) -> tuple[str, Decimal]:
    """Status and open amount of a bank line among the payments of bills."""
    [row] = company.rows(
        "select status, open_amount from fct_items "
        f"where reconciliation = 'bill_to_payment' and item_id = '{ACCOUNT}/{entry}'"
    )
    return row


def finding(company: Company, item: str) -> tuple[str, str]:
    """Type and root cause of the one open exception of an item of `bill_to_payment`."""
    [row] = company.rows(
        "select exception_type, root_cause from fct_exceptions "
        f"where reconciliation = 'bill_to_payment' and item_id = '{item}' and status = 'open'"
    )
    return row


def test_bills_that_a_debit_quotes_are_paid(company: TwoDays) -> None:
    """By their lines' sum, several by one debit, credit notes taken off, and to a cent."""
    for name in ("AF-40001", "AF-40002", "AF-40003", "AF-40004", "AF-40005"):
        assert bill(company, name) == ("closed", 0)
    for entry in ("b1", "b2", "b3"):
        assert outgoing(company, entry) == ("closed", 0)


def test_a_part_payment_counts_for_a_payee_that_is_known(company: TwoDays) -> None:
    [(open_first,)] = company.rows_first(
        "select open_amount from fct_items where item_id = 'vb-BP-41002'"
    )
    assert open_first == -300
    assert bill(company, "BP-41002") == ("closed", 0)
    assert bill(company, "CS-41003") == ("in_review", -500)
    assert finding(company, f"{ACCOUNT}/b6") == ("needs_approval", "payer_unknown")


def test_a_bare_amount_counts_for_a_payee_that_is_known(company: TwoDays) -> None:
    assert bill(company, "DL-42002") == ("closed", 0)
    assert outgoing(company, "b9")[1] == Decimal("-414.14")
    assert bill(company, "EM-42003")[1] == Decimal("-414.14")


def test_one_debit_without_a_word_pays_the_only_bills_that_add_up_to_it(company: TwoDays) -> None:
    assert outgoing(company, "b18") == ("closed", 0)
    assert bill(company, "JC-47002") == bill(company, "JC-47003") == ("closed", 0)
    assert bill(company, "JC-47004") == ("open", Decimal("-912.03"))


def test_what_a_vendor_got_too_much_is_said(company: TwoDays) -> None:
    assert finding(company, f"{ACCOUNT}/b11") == ("overpayment", "vendor_overpaid")
    assert outgoing(company, "b11") == ("partial", -15)
    assert finding(company, f"{ACCOUNT}/b12") == ("duplicate_payment", "bill_paid_twice")


def test_bills_without_a_payment_and_money_without_a_bill(company: TwoDays) -> None:
    assert finding(company, "vb-GH-44001") == ("unmatched_past_window", "bill_not_paid")
    assert finding(company, f"{ACCOUNT}/b13") == ("unexplained_bank_line", "bank_line_unknown")
    assert bill(company, "first") == ("open", Decimal("-77.70"))
    assert finding(company, "vb-again") == ("duplicate_invoice", "invoiced_twice")


def test_a_number_of_two_vendors_pays_neither_by_itself(company: TwoDays) -> None:
    assert bill(company, "other")[1] == -250
    assert bill(company, "one")[0] in ("in_review", "closed")
    # a customer who quotes our own number pays us, whoever else writes it
    assert invoice(company, "HV-45002")[0] == "settled"
    assert bill(company, "HV-45002") == ("open", -300)


def test_a_credit_note_is_paid_out_by_its_vendor(company: TwoDays) -> None:
    """The credit is listed with the receipts too, as explained elsewhere."""
    assert bill(company, "CN-46001") == ("closed", 0)
    assert outgoing(company, "b16") == ("closed", 0)
    assert (
        company.value(
            "select set_aside_reason from fct_items where reconciliation = 'invoice_to_receipt' "
            f"and item_id = '{ACCOUNT}/b16'"
        )
        == "explained_elsewhere"
    )


def test_paying_a_bill_clears_the_payable(company: TwoDays) -> None:
    """The bank is credited with what the payable is debited with."""
    lines = company.rows(
        """
        select lines.account_code, sum(lines.debit_amount - lines.credit_amount)
        from fct_journal_entries as lines
        inner join fct_match_allocations as allocations
            on lines.match_id = allocations.match_id
        where allocations.item_id = 'vb-AF-40005'
        group by lines.account_code
        order by lines.account_code
        """
    )
    assert lines == [
        ("1000", Decimal("-88.00")), ("2000", Decimal("88.01")), ("6960", Decimal("-0.01")),
    ]  # fmt: skip


def test_a_payment_that_came_back_pays_nothing(company: TwoDays) -> None:
    assert bill(company, "KM-48001") == ("open", Decimal("-340.40"))
    assert outgoing(company, "b19") == outgoing(company, "b19back") == ("closed", 0)
    assert bill(company, "KM-48002") == ("closed", 0)
    assert outgoing(company, "b20again") == ("closed", 0)
    assert outgoing(company, "b20back") == ("closed", 0)
