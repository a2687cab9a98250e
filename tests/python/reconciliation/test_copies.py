"""One movement that several files tell counts once, and one that no file tells is missed.

The cases (`copy_cases.py`) live in the company of the hard cases, as written and shuffled.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.python.reconciliation import copy_cases
from tests.python.reconciliation.two_days import TwoDays, invoice

pytestmark = pytest.mark.slow


def counted(company: TwoDays, account: str) -> list[Decimal]:
    """Amounts of an account's lines that take part among the receipts, least first."""
    return [
        amount
        for (amount,) in company.rows(
            "select amount from fct_items where reconciliation = 'invoice_to_receipt' "
            f"and item_type = 'bank_transaction' and item_id like '{account}/%' "
            "and set_aside_reason is distinct from 'suspected_copy' order by amount"
        )
    ]


def exceptions(company: TwoDays, account: str) -> list[tuple[str, str, str]]:
    """Item, kind and status of what people were asked about the lines of an account."""
    return company.rows(
        "select item_id, exception_type, status from fct_exceptions "
        f"where item_type = 'bank_transaction' and item_id like '{account}/%' "
        "and exception_type <> 'missing_in_ledger' order by all"
    )


def amounts(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.parametrize(
    ("account", "expected", "paid"),
    [
        pytest.param(
            copy_cases.GROWING, ("312.36", "555.08"), ("KM-70701", "KM-70702"),
            id="the evening's download has the morning's entry",
        ),
        pytest.param(
            copy_cases.FORMATS, ("54.90", "771.25"), ("KF-72001", "KF-72002"), id="another format",
        ),
        pytest.param(copy_cases.FITIDS, ("431.35",), ("KO-75301",), id="new FITIDs"),
        pytest.param(
            copy_cases.TWINS, ("66.60",) * 4,
            ("KT-75401", "KT-75402", "KT-75403", "KT-75404"),
            id="twins are two, told again none more, a third is new, and the next day follows",
        ),
        pytest.param(
            copy_cases.DETAILS, ("20.65", "30.67"), ("KD-75701", "KD-75702"),
            id="details that come a day later split the entry",
        ),
    ],
)  # fmt: skip
def test_what_balances_prove_to_be_one_line_is_one(
    company: TwoDays, account: str, expected: tuple[str, ...], paid: tuple[str, ...]
) -> None:
    assert counted(company, account) == amounts(*expected)
    for number in paid:
        assert invoice(company, number)[0] == "settled", number
    assert {status for _, _, status in exceptions(company, account)} <= {"resolved"}


def test_what_nothing_proves_waits_for_a_person(company: TwoDays) -> None:
    account = copy_cases.EXPORT
    # the export has two of 88.20, the statement one: one of them is new
    assert counted(company, account) == amounts("87.10", "88.20", "88.20")
    aside = company.rows(
        "select amount, set_aside_reason, allocated_amount from fct_items "
        f"where reconciliation = 'invoice_to_receipt' and item_id like '{account}/X%' "
        "and status = 'set_aside' order by amount"
    )
    assert aside == [
        (Decimal("87.10"), "suspected_copy", 0), (Decimal("88.20"), "suspected_copy", 0),
    ]  # fmt: skip
    asked = [
        (kind, status)
        for item, kind, status in exceptions(company, account)
        if "/X" in item and kind == "suspected_copy"
    ]
    assert asked == [("suspected_copy", "open")] * 2
    assert not company.rows(
        "select 1 from fct_exceptions where exception_type = 'duplicate_payment' "
        f"and item_id like '{account}/%'"
    )
    assert not company.rows(f"select 1 from fct_receipts where item_id = '{account}/X1'")


def test_a_gap_in_the_chain_is_said_until_it_is_closed(company: TwoDays) -> None:
    account = copy_cases.GAP
    said = company.rows_first(
        "select item_id, amount, recommendation from fct_exceptions "
        f"where exception_type = 'statement_missing' and item_id like '{account}/%'"
    )
    [(item, amount, recommendation)] = said
    assert (item, amount) == (f"{account}/G14", Decimal("255.25"))
    for told in (account, "8 Jun 2026", "11 Jun 2026", "255.25 EUR"):
        assert told in recommendation
    # closed, the line asks only what it asked before
    assert not company.rows(
        "select 1 from fct_exceptions where exception_type = 'statement_missing' "
        f"and status <> 'resolved' and item_id like '{account}/%'"
    )


def test_charges_outside_the_amount_explain_nothing(company: TwoDays) -> None:
    _, matched, adjusted, rest = invoice(company, "KC-75801")
    assert (matched, adjusted, rest) == (Decimal(385), Decimal(0), Decimal(15))


@pytest.mark.parametrize(("number", "net"), [("KC-75802", "139.25"), ("KC-75803", "159.25")])
def test_a_batch_booked_net_is_split(company: TwoDays, number: str, net: str) -> None:
    assert invoice(company, number) == ("settled", Decimal(net), Decimal("0.75"), Decimal(0))


def test_what_a_gateway_takes_closes_with_its_rows_and_the_debit(company: TwoDays) -> None:
    closed = company.rows(
        "select reconciliation, item_id, status from fct_items where item_id in "
        f"('pay/kneg', 'pay/kt1', 'pay/kt2', '{copy_cases.TAKEN}/N1') "
        "and reconciliation in ('gateway_to_payout', 'payout_to_bank') order by all"
    )
    assert closed == [
        ("gateway_to_payout", "pay/kneg", "closed"),
        ("gateway_to_payout", "pay/kt1", "closed"),
        ("gateway_to_payout", "pay/kt2", "closed"),
        ("payout_to_bank", f"{copy_cases.TAKEN}/N1", "closed"),
        ("payout_to_bank", "pay/kneg", "closed"),
    ]
    assert company.rows(
        "select posting_kind, sum(debit_amount), sum(credit_amount) from fct_journal_entries "
        "where reconciliation = 'payout_to_bank' and item_id in "
        f"('pay/kneg', '{copy_cases.TAKEN}/N1') group by posting_kind order by posting_kind"
    ) == [
        ("bank_transaction", Decimal(0), Decimal("23.40")),
        ("payout", Decimal("23.40"), Decimal(0)),
    ]
