"""Whose account it is that pays: learned in one run, used in the next, taken back by a person."""

from __future__ import annotations

import pytest
from tieout_process import Tieout

from orchestration.home import Home
from tests.python.reconciliation.books import Books
from tests.python.reconciliation.conftest import Company
from tests.python.reconciliation.hard_cases import decide
from tests.python.reconciliation.test_cases import partners

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = "2026-03-10T06:00:00Z", "2026-03-20T06:00:00Z", "2026-03-30T06:00:00Z"
HUB = {"counterparty_account": "DE02100100100006820101"}
LEARNED = f"account/{HUB['counterparty_account']}"


def as_of(home: Home, moment: str) -> Company:
    """The company after a run at a moment."""
    tieout = Tieout(home, as_of=moment)
    tieout.succeed("run")
    return Company(tieout)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The first run learns that X pays by the hub; in the second it pays Y's invoice, then X's."""
    home = Home(tmp_path_factory.mktemp("payers") / "home").create()
    books = Books()
    x = books.customer("CUS-000001", legal_name="Xanthe Works GmbH", bank_accounts="")
    y = books.customer("CUS-000002", legal_name="Ypsilon Trading AG", bank_accounts="")
    books.invoice(x, "INV-2026-00101", "100.00", "2026-02-20")
    books.invoice(x, "INV-2026-00102", "150.00", "2026-02-20")
    books.invoice(x, "INV-2026-00103", "170.00", "2026-02-20")
    books.invoice(y, "INV-2026-00201", "200.00", "2026-02-20")
    named = {"counterparty_name": "Payments Hub", **HUB}
    books.receipt(None, "teaches", "100.00", "2026-03-05", "INV-2026-00101", **named)
    books.land(home.landing, "first")
    as_of(home, FIRST)
    books = Books()
    books.receipt(None, "quotes Y", "200.00", "2026-03-15", "INV-2026-00201", **HUB)
    books.receipt(None, "says nothing", "150.00", "2026-03-16", "thank you", **HUB)
    books.land(home.landing, "second")
    return as_of(home, SECOND)


def payer(company: Company, entry: str) -> str | None:
    [(customer,)] = company.rows(
        f"select customer_id from fct_receipts where item_id like '%/{entry}'"
    )
    return customer


def assert_matched(company: Company) -> None:
    assert partners(company, "quotes Y") == [["INV-2026-00201"]]
    assert partners(company, "says nothing") == [["INV-2026-00102"]]


def test_someone_else_pays(second: Company) -> None:
    """Y's invoice is matched by its number, and the account stays X's."""
    assert_matched(second)
    assert payer(second, "quotes Y") == payer(second, "says nothing") == "CUS-000001"


def test_a_run_over_the_same_facts_learns_nothing_more(second: Company) -> None:
    again = as_of(second.tieout.home, "2026-03-20T12:00:00Z")
    assert_matched(again)
    assert again.rows(
        "select status, customer_id, match_count, other_match_count from dim_learned_payers "
        f"where learned_key = '{LEARNED}'"
    ) == [("active", "CUS-000001", 1, 1)]


def test_a_person_removes_a_learned_link(second: Company) -> None:
    home = second.tieout.home
    books = Books()
    decide(
        books, "d1", "unmatch", items=[("learned_payer", LEARNED, None)],
        decided_at="2026-03-22T10:00:00Z",
    )  # fmt: skip
    books.receipt(None, "after removal", "170.00", "2026-03-25", "thank you", **HUB)
    books.land(home.landing, "third")
    third = as_of(home, THIRD)
    assert third.rows(
        f"select status, removed_by from dim_learned_payers where learned_key = '{LEARNED}'"
    ) == [("removed", "ana")]
    assert partners(third, "after removal") == []
    assert payer(third, "after removal") is None
