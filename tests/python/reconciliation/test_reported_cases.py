"""What people of the trade have reported in public (`reported_cases.py`): the right value of each.

The cases live in the company of the hard cases, as written and shuffled. Those about rows that are
refused stand with the ingest; those about copies of bank lines, balance chains, charges and
returns, and about what a run frees, in modules of their own.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.python.reconciliation import reported_cases
from tests.python.reconciliation.conftest import Company
from tests.python.reconciliation.two_days import (
    TwoDays,
    explanations,
    invoice,
    open_exceptions,
    partners,
    payment,
)

pytestmark = pytest.mark.slow

# Said of an invoice, they blame the customer.
CUSTOMER_IS_BLAMED = {"customer_has_not_paid", "customer_underpaid"}


def amount(text: str) -> Decimal:
    return Decimal(text)


def lines(company: Company, account: str) -> list[tuple[Decimal, str]]:
    """Amount and status of each bank line of an account among the receipts, by amount."""
    return company.rows(
        "select amount, status from fct_items where reconciliation = 'invoice_to_receipt' "
        f"and item_id like '{account}/%' order by all"
    )


def amounts(company: Company, account: str) -> list[Decimal]:
    """The amounts of an account's bank lines, each once, in whatever reconciliation they are."""
    return [
        found
        for (found,) in company.rows(
            "select any_value(amount) as amount from fct_items "
            f"where item_id like '{account}/%' group by item_id order by amount"
        )
    ]


def findings(company: Company, item_id: str, reconciliation: str = "invoice_to_receipt") -> set:
    """Type, root cause and amount of the open exceptions of an item."""
    return set(
        company.rows(
            "select exception_type, root_cause, amount from fct_exceptions "
            f"where item_id = '{item_id}' and reconciliation = '{reconciliation}' "
            "and status = 'open'"
        )
    )


def matches_of(company: Company, item_id: str) -> list[tuple[str, str]]:
    """Decision and explanation of the receipts' matches of an item that are not undone."""
    return company.rows(
        "select matches.decision, matches.explanation from fct_matches as matches "
        "inner join fct_match_allocations as allocations "
        "on matches.match_id = allocations.match_id "
        f"where allocations.item_id = '{item_id}' "
        "and matches.reconciliation = 'invoice_to_receipt' and matches.decision <> 'reversed'"
    )


def test_2_dropped_and_added_zeros_mean_the_same_number(company: Company) -> None:
    assert partners(company, "r02a") == [["GALA-00006"]]
    assert partners(company, "r02b") == [["GALA-00009"]]
    for number in ("GALA-00060", "GALA-00090"):
        assert invoice(company, number)[0] == "open"


def test_4_an_entry_that_cannot_be_read_is_refused_loudly(company: Company) -> None:
    """With its line, and the statement's total says how much is missing."""
    assert lines(company, reported_cases.MINUS) == [(amount("162.30"), "closed")]
    [(line, reason)] = company.rows(
        "select line_number, reason from fct_quarantine where value like '%D-97,36%'"
    )
    assert line > 0 and "D-97,36" in reason
    assert company.rows(
        "select exception_type, severity, abs(amount) from fct_exceptions "
        f"where item_id like '{reported_cases.MINUS}/%' and status = 'open'"
    ) == [("control_total_mismatch", "critical", amount("97.36"))]


def test_4_a_dash_inside_a_statement_ends_nothing(company: Company) -> None:
    assert lines(company, reported_cases.DASH) == [(amount("271.85"), "closed")]
    assert invoice(company, "WA-40271")[0] == "settled"


def test_4_a_cancelled_withdrawal_is_nobodys_payment(company: Company) -> None:
    """RD undoes the debit of the same text; the reference of more than 16 characters is kept."""
    account = reported_cases.STORNO
    assert [line for line in lines(company, account) if line[1] == "open"] == []
    assert amounts(company, account) == [-640, -58, 640]
    assert (
        company.rows(
            "select exception_type from fct_exceptions where status = 'open' "
            f"and item_id like '{account}/%' and exception_type = 'unidentified_receipt'"
        )
        == []
    )
    assert (
        company.value(
            "select count(distinct item_id) from fct_items "
            f"where item_id = '{account}/UPI-200000000007-LONGTAIL'"
        )
        == 1
    )


def test_6_ofx_of_any_dialect_is_read_line_by_line(company: Company) -> None:
    accounts = {
        reported_cases.SAME_FITID: ["-5.20", "1270.64", "3418.70"],
        reported_cases.FIRST_CARD: ["-19.00", "-19.00", "-0.55"],
        reported_cases.SECOND_CARD: ["66.44"],
        reported_cases.ONE_LINE: ["-12.00"],
    }
    for account, expected in accounts.items():
        assert amounts(company, account) == [amount(text) for text in expected]
    for number in ("CL-6201", "CL-6202", "CL-6203"):
        assert invoice(company, number)[0] == "settled"


def test_8_a_discount_over_two_instalments(company: Company) -> None:
    assert partners(company, "r08a") == partners(company, "r08b") == [["HM-80200"]]
    assert invoice(company, "HM-80200") == ("settled", 1176, 24, 0)


def test_9_a_cent_more_is_rounding_and_two_are_named(company: Company) -> None:
    assert invoice(company, "KL-90699") == ("settled", amount("6.99"), 0, 0)
    assert payment(company, "r09a") == ("closed", amount("6.99"), 0)
    assert invoice(company, "KL-91798") == ("settled", amount("17.98"), 0, 0)
    assert payment(company, "r09b") == ("partial", amount("17.98"), amount("0.02"))
    assert open_exceptions(company, "r09b") == ["overpayment"]


def test_10_what_a_payout_withholds_is_told_until_its_row_comes(company: TwoDays) -> None:
    first = company.first_day
    item = ("knit/kp", "gateway_to_payout")
    assert findings(first, *item) == {
        ("payout_mismatch", "gateway_reports_differ", amount("-17.15"))
    }
    assert (
        first.value(
            "select status from fct_items where reconciliation = 'gateway_to_payout' "
            "and item_id = 'knit/kp'"
        )
        != "closed"
    )
    assert findings(company, *item) == set()
    assert set(
        company.rows(
            "select status from fct_items where item_id like 'knit/%' "
            "and reconciliation in ('gateway_to_payout', 'payout_to_bank')"
        )
    ) == {("closed",)}
    for number in ("GARN-1101", "GARN-1102"):
        assert invoice(company, number)[0] == "settled"


def test_12_dollars_into_a_home_account_at_the_rate_of_the_day(company: Company) -> None:
    assert partners(company, "r12") == [["AT-12600"]]
    assert invoice(company, "AT-12600") == ("settled", 600, 0, 0)


def test_23_a_gateways_conversion_is_booked_within_its_tolerance_and_asked_beyond(
    company: Company,
) -> None:
    assert invoice(company, "SB-23120") == ("matched", amount("118.80"), amount("1.20"), 0)
    assert invoice(company, "SB-23250") == ("matched", 245, 5, 0)
    assert invoice(company, "SB-23410") == ("in_review", 0, 0, 410)
    assert [decision for decision, _ in matches_of(company, "pay/r23c")] == ["suggested"]


def test_24_a_refund_reopens_and_its_failure_closes_again(company: TwoDays) -> None:
    first = company.first_day
    assert invoice(first, "KK-24130") == ("refunded", 0, 0, 130)
    assert {kind for kind, _, _ in findings(first, "pay/r24re")} == {"refund_without_credit"}
    assert invoice(company, "KK-24130") == ("matched", 130, 0, 0)
    for item in ("id-KK-24130", "pay/r24re"):
        assert findings(company, item) == set()


def test_24_nobody_says_of_our_refund_that_the_customer_pays_a_part(company: TwoDays) -> None:
    first = company.first_day
    [(_, explanation)] = matches_of(first, "pay/r24re")
    assert "pays a part" not in explanation
    assert not {cause for _, cause, _ in findings(first, "id-KK-24130")} & CUSTOMER_IS_BLAMED


def test_26_a_payment_of_a_void_document_is_a_question(company: Company) -> None:
    assert partners(company, "r26") == []
    assert ["RS-26109"] in partners(company, "r26", "suggested")
    assert ["RS-26101"] not in partners(company, "r26", "suggested")
    assert payment(company, "r26") == ("in_review", 0, amount("487.60"))


@pytest.mark.parametrize(
    ("entry", "numbers"),
    [
        pytest.param("r27a", ["FC-27101", "FC-27102", "FC-27103"], id="told by their ends"),
        pytest.param(
            "r27b", ["FC-27104", "FC-27105", "FC-27106", "FC-27107"], id="the first and the last"
        ),
    ],
)
def test_27_a_shortened_list_is_the_documents_that_explain_its_amount(
    company: Company, entry: str, numbers: list[str]
) -> None:
    """Closed or proposed, but all of them, and nothing is called overpaid."""
    assert [*partners(company, entry), *partners(company, entry, "suggested")] == [numbers]
    assert "overpayment" not in open_exceptions(company, entry)


def test_35_a_document_made_void_gives_its_payment_back(company: TwoDays) -> None:
    assert invoice(company.first_day, "MP-35101")[0] == "settled"
    assert invoice(company, "MP-35101")[0] == "void"
    assert partners(company, "r35", "reversed") == [["MP-35101"]]
    assert payment(company, "r35") == ("open", 0, 347)
    assert open_exceptions(company, "r35") == ["unapplied_credit"]


def test_37_what_is_left_after_disputes(company: Company) -> None:
    assert invoice(company, "DC-37101") == ("disputed", 65, 0, 45)
    assert invoice(company, "DC-37102") == ("disputed", 0, 0, 210)
    assert invoice(company, "DC-37103") == ("matched", 310, 0, 0)
    assert company.value(
        "select open_amount from fct_items where reconciliation = 'invoice_to_receipt' "
        "and item_id = 'pay/r37b-dp'"
    ) == amount("-4.50")
    for name in ("r37a", "r37b"):
        assert {kind for kind, _, _ in findings(company, f"pay/{name}-dp")} == {"chargeback"}


def test_37_a_dispute_is_not_called_a_part_payment(company: Company) -> None:
    for name, number in (("r37a", "DC-37101"), ("r37b", "DC-37102")):
        [(_, explanation)] = matches_of(company, f"pay/{name}-dp")
        assert "pays a part" not in explanation
        causes = {cause for _, cause, _ in findings(company, f"id-{number}")}
        assert not causes & CUSTOMER_IS_BLAMED


def test_38_two_refunds_and_one_credit_memo_leave_nothing_open(company: Company) -> None:
    assert invoice(company, "ZR-38101") == ("matched", 270, 0, 0)
    assert invoice(company, "CN-38101")[3] == 0
    assert (
        company.value(
            "select count(*) from fct_items where reconciliation = 'invoice_to_receipt' "
            "and item_id like 'pay/r38%' and open_amount <> 0"
        )
        == 0
    )


def test_42_the_pages_of_a_statement_are_one_statement(company: Company) -> None:
    assert lines(company, reported_cases.PAGES) == [
        (amount("43.15"), "closed"),
        (amount("44.25"), "closed"),
    ]
    assert (
        company.rows(
            "select exception_type from fct_exceptions where status = 'open' "
            f"and item_id like '{reported_cases.PAGES}/%' and reconciliation = 'invoice_to_receipt'"
        )
        == []
    )


def test_46_equal_amounts_close_by_number_or_name_and_never_by_guess(company: Company) -> None:
    for place in range(reported_cases.EQUAL_PAYERS):
        found = partners(company, f"r46-{place}")
        assert found == ([] if place % 3 == 2 else [[f"VB-4610{place:02d}"]])
    for place in range(reported_cases.EQUAL_PAYMENTS):
        assert partners(company, f"r46m{place}") == []
        assert explanations(company, f"r46m{place}") != []
