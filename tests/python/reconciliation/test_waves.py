"""The same facts give the same matches, in however many runs they come (`wave_cases.py`).

One company gets them in two waves, with a person's order in the second; another one gets all at
once. What a run frees is read in that run like any other line.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from tieout_process import Tieout

from orchestration.home import Home
from tests.python.reconciliation.again import run_again
from tests.python.reconciliation.books import ACCOUNT, Books
from tests.python.reconciliation.conftest import Company
from tests.python.reconciliation.two_days import FIRST, SECOND, invoice, open_exceptions, partners
from tests.python.reconciliation.wave_cases import CASES, once

pytestmark = pytest.mark.slow

# what only the company in waves has: an order of a person, about a match of its first run
UNDONE = "w17"

LIVE = """
    select
        matches.reconciliation, matches.rule_id, matches.decision, matches.explanation,
        string_agg(
            item_type || ' ' || item_id || ' ' || allocated_amount || '+' || adjusted_amount, '; '
            order by item_type, item_id
        ) as items
    from fct_matches as matches
    inner join fct_match_allocations as parts on matches.match_id = parts.match_id
    where matches.decision not in ('reversed', 'rejected')
    group by matches.match_id, 1, 2, 3, 4
    order by all
"""
ITEMS = """
    select
        reconciliation, item_type, item_id, status, set_aside_reason, amount, allocated_amount,
        adjusted_amount, open_amount
    from fct_items order by all
"""
DOCUMENTS = """
    select
        invoice_number, reconciliation_status, matched_amount, adjusted_amount, open_amount
    from fct_invoices order by all
"""
QUEUE = """
    select reconciliation, item_type, item_id, exception_type, root_cause, amount
    from fct_exceptions where status <> 'resolved' order by all
"""


def two_waves(person: bool) -> tuple[Books, Books]:
    first, second = Books(), Books()
    first.add("bank_accounts", account_id=ACCOUNT, currency="EUR")
    for case in CASES:
        case(first, second)
    if person:
        c = first.customer(UNDONE)
        first.invoice(c, "WU-50001", "80", "2026-05-01")
        first.invoice(c, "WU-50002", "80", "2026-05-18")
        first.receipt(c, UNDONE, "80", "2026-05-20", "WU-50001")
    return first, second


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> Company:
    home = Home(tmp_path_factory.mktemp("waves") / "home").create()
    first, second = two_waves(person=True)
    first.land(home.landing, "first")
    company = Company(Tieout(home, as_of=FIRST))
    company.tieout.succeed("run")
    [(match_id,)] = company.rows(
        f"select match_id from fct_match_allocations where item_id = '{ACCOUNT}/{UNDONE}'"
    )
    second.add(
        "review_decisions",
        decision_id="undo",
        decided_at="2026-07-01T09:00:00Z",
        actor="ana",
        action="unmatch",
        match_id=str(match_id),
    )
    second.land(home.landing, "second")
    company = Company(Tieout(home, as_of=SECOND))
    company.tieout.succeed("run")
    return company


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Company:
    home = Home(tmp_path_factory.mktemp("once") / "home").create()
    once(*two_waves(person=False)).land(home.landing, "all")
    company = Company(Tieout(home, as_of=SECOND))
    company.tieout.succeed("run")
    return company


@pytest.mark.parametrize("question", [LIVE, ITEMS, DOCUMENTS, QUEUE])
def test_waves_end_as_all_at_once(waves: Company, at_once: Company, question: str) -> None:
    def answers(company: Company) -> set[str]:
        rows = (json.dumps(row, default=str) for row in company.rows(question))
        return {row for row in rows if UNDONE not in row and "WU-5000" not in row}

    assert answers(waves) == answers(at_once)
    assert len(answers(waves)) > 5


def test_the_same_facts_again_decide_nothing_new(at_once: Company, tmp_path: Path) -> None:
    run_again(at_once, tmp_path, SECOND)


@pytest.fixture(params=["waves", "at_once"])
def company(request: pytest.FixtureRequest) -> Company:
    return request.getfixturevalue(request.param)


def status(company: Company, number: str) -> tuple[str, Decimal]:
    """Status and open amount of a document."""
    found = invoice(company, number)
    return found[0], found[3]


def cause(company: Company, item_id: str) -> list[tuple[str, str]]:
    """What a person is asked about an item, and why."""
    return company.rows(
        "select exception_type, root_cause from fct_exceptions where status = 'open' "
        f"and reconciliation = 'invoice_to_receipt' and item_id = '{item_id}'"
    )


def together(company: Company, item_id: str) -> list[str]:
    """All items of the live matches of an item."""
    return [
        other
        for (other,) in company.rows(
            f"""
            select distinct others.item_id
            from fct_match_allocations as own
            inner join fct_matches as matches on own.match_id = matches.match_id
            inner join fct_match_allocations as others on own.match_id = others.match_id
            where
                own.item_id = '{item_id}'
                and matches.decision in ('auto_closed', 'approved')
                and matches.reconciliation <> 'gateway_to_payout'
            order by 1
            """
        )
    ]


def test_a_freed_payment_still_names_its_invoice(company: Company) -> None:
    assert partners(company, "w1") == [] and partners(company, "w3") == []
    assert status(company, "WC-41002") == ("open", 500)
    assert status(company, "WC-41003") == ("partially_matched", 77)
    assert [status(company, f"WV-4200{n}")[0] for n in (1, 2)] != ["void", "settled"]


def test_a_corrected_payout_is_still_the_one_that_the_line_names(company: Company) -> None:
    assert together(company, f"{ACCOUNT}/w5") == []
    assert company.rows(
        "select item_id from fct_exceptions where status = 'open' "
        "and exception_type = 'payout_missing_in_bank'"
    ) == [("nordpay/wpoB",)]


def test_memo_and_refund_join_what_they_undo(company: Company) -> None:
    assert partners(company, "w4a") == partners(company, "w4b") == [["WK-43001", "WR-43001"]]
    assert together(company, "pay/wm1r") == ["id-WM-45001", "id-WN-45001", "pay/wm1", "pay/wm1r"]
    assert status(company, "WM-45001") == ("refunded", 0)
    assert together(company, "pay/wm2r") == ["id-WM-45002", "id-WN-45002", "pay/wm2", "pay/wm2r"]
    assert status(company, "WM-45002") == ("matched", 0)


def test_a_former_number_is_not_the_nearest(company: Company) -> None:
    assert partners(company, "w6") == [["RE-2026-77110"]]


def test_a_bounced_debit_reopens_what_it_paid(company: Company) -> None:
    assert together(company, f"{ACCOUNT}/w9a") == [f"{ACCOUNT}/w9a", f"{ACCOUNT}/w9c"]
    assert together(company, f"{ACCOUNT}/w9b") == [f"{ACCOUNT}/w9b", f"{ACCOUNT}/w9d"]
    for number, amount in (("WB-46001", 100), ("WB-46002", 200)):
        assert status(company, number) == ("open", amount)
        assert cause(company, f"id-{number}") == [("payment_returned", "payment_came_back")]
    assert cause(company, f"{ACCOUNT}/w9c") == []
    assert cause(company, f"{ACCOUNT}/w9d") == [("payment_returned", "return_not_explained")]
    [(open_amount,)] = company.rows(
        f"select open_amount from fct_items where item_id = '{ACCOUNT}/w9d' "
        "and reconciliation = 'invoice_to_receipt'"
    )
    assert open_amount == -3


def test_of_two_equal_payments_none_is_said_to_have_come_back(company: Company) -> None:
    assert [status(company, f"WB-4610{n}") for n in (1, 2)] == [("settled", 0), ("settled", 0)]
    assert open_exceptions(company, "w10r") != []


def test_a_refund_on_purpose_is_no_return(company: Company) -> None:
    assert status(company, "WG-47001") == ("refunded", 60)
    assert cause(company, "id-WG-47001") == [("unmatched_past_window", "refund_undocumented")]
    [(text,)] = company.rows(
        "select matches.explanation from fct_matches as matches "
        "inner join fct_match_allocations as parts on matches.match_id = parts.match_id "
        "where parts.item_id = 'id-WG-47001' and matches.decision = 'auto_closed'"
    )
    assert "gone back" in text and "a part of" not in text


def test_nobody_is_asked_who_paid_what_we_had_paid(company: Company) -> None:
    for place in ("w12", "w14"):
        pair = [f"{ACCOUNT}/{place}a", f"{ACCOUNT}/{place}b"]
        assert together(company, pair[1]) == pair
        assert [cause(company, line) for line in pair] == [[], []]
    assert status(company, "WO-48001") == ("open", 1840)


def test_an_advice_for_a_stranger_is_held_against_what_the_payer_owes(company: Company) -> None:
    assert ["WA-49001"] not in partners(company, "w16")
    assert status(company, "WA-49001")[1] == 500


def test_what_a_person_undoes_is_not_closed_elsewhere_in_that_run(waves: Company) -> None:
    assert partners(waves, UNDONE) == []
    assert [status(waves, f"WU-5000{n}") for n in (1, 2)] == [("open", 80), ("in_review", 80)]


def test_equals_are_asked_about_among_what_was_open_with_them(company: Company) -> None:
    """Paid for in full is the one that no payment names, and not before that is beyond doubt."""
    assert partners(company, "w21b") == [["WE-51001"]]
    assert status(company, "WE-51002") == ("partially_matched", 180)
    for entry in ("w22", "w24a", "w24b", "w25b"):
        assert partners(company, entry) == [], entry
    assert partners(company, "w25a") == [["WE-54005"]]
    assert partners(company, "w26a") == [["WE-55102", "WE-55109"]]
    assert partners(company, "w26b") == [[f"WE-551{place:02d}" for place in (0, 3, 4, 7, 12)]]
    assert partners(company, "w27b") == []
