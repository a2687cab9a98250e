"""What comes after a match: corrections, credit memos, refunds, chargebacks, second thoughts.

A company of a few records lives through three days and one without news. It matters most that each
run ends: what is reversed and found again in one run must not get in its own way.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from tieout_process import Tieout

from orchestration.home import Home
from tests.python.reconciliation.landings import Company

pytestmark = pytest.mark.slow

ISSUED = {"customer_id": "C1", "issued_at": "2026-06-01T09:00:00Z", "due_date": "2026-09-30"}
INVOICES = {
    "7001": "100.00",
    "7002": "31.00",
    "7003": "40.00",
    "7004": "100.00",
    "7005": "57.00",
    "7006": "83.00",
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    company = Company(Tieout(Home(tmp_path_factory.mktemp("after") / "home").create()))
    for day in (_matched, _changed, _settled, _quiet):
        day(company)
        company.run()
    return company


def _charge(name: str, amount: str, **more: str) -> dict[str, str]:
    paid = {"customer_id": "C1", "created_at": "2026-06-20T09:00:00Z", "invoice_reference": name}
    return {"transaction_id": f"ch-{name}", "amount": amount} | paid | more


def _undoing(name: str, kind: str, undone: str, amount: str, day: str) -> dict[str, str]:
    return _charge(name, amount) | {
        "transaction_id": f"{kind}-{name}",
        "type": kind,
        "related_transaction_id": undone,
        "created_at": f"2026-07-0{day}T04:00:00Z",
    }


def _memo(name: str, invoice: str, amount: str) -> dict[str, str]:
    return ISSUED | {
        "invoice_id": name,
        "document_type": "credit_memo",
        "related_invoice_id": invoice,
        "total_amount": amount,
    }


def _matched(company: Company) -> None:
    company.land(
        "crm_customers",
        [{"customer_id": "C1", "legal_name": "Mill Ltd", "updated_at": "2026-01-01T00:00:00Z"}],
    )
    company.invoices(
        *(ISSUED | {"invoice_id": f"INV-{n}", "total_amount": a} for n, a in INVOICES.items()),
        _memo("m-memo", "INV-7003", "40.00"),
        _memo("m-first", "INV-7004", "100.00"),
        _memo("m-second", "INV-7004", "50.00"),
    )
    company.charges(
        _charge("INV-7001", "60.00"),
        _charge("INV-7002", "31.00"),
        _charge("INV-7005", "57.00"),
        # money that went back twice
        _charge("INV-7006", "83.00"),
        _undoing("INV-7006", "refund", "ch-INV-7006", "-83.00", "1"),
        _undoing("INV-7006", "chargeback", "ch-INV-7006", "-83.00", "1"),
    )


def _changed(company: Company) -> None:
    corrected = {"updated_at": "2026-07-02T05:00:00Z"}
    company.invoices(
        ISSUED | {"invoice_id": "INV-7001", "total_amount": "120.00"} | corrected,
        ISSUED | {"invoice_id": "INV-7002", "total_amount": "31.00", "status": "void"} | corrected,
    )
    company.charges(_undoing("INV-7005", "chargeback", "ch-INV-7005", "-57.00", "3"))
    [(match,)] = company.rows("select match_id from fct_match_allocations where item_id = 'm-memo'")
    company.decide({"decision_id": "apart", "action": "unmatch", "match_id": match})


def _settled(company: Company) -> None:
    company.charges(
        _undoing("INV-7005", "chargeback_reversal", "chargeback-INV-7005", "57.00", "4")
    )


def _quiet(company: Company) -> None:
    """Nothing lands."""


def _invoice(company: Company, name: str, run: int) -> tuple[object, ...]:
    return company.row(
        "select reconciliation_status, matched_amount, open_amount "
        f"from fct_invoices where invoice_id = 'INV-{name}'",
        run,
    )


def _decisions(company: Company, item: str, run: int) -> list[str]:
    return [
        decision
        for (decision,) in company.rows(
            "select matches.decision from fct_matches as matches "
            "inner join fct_match_allocations as allocations "
            "on matches.match_id = allocations.match_id "
            f"where allocations.item_id = '{item}' and allocations.reconciliation = "
            "'invoice_to_receipt' order by 1",
            run,
        )
    ]


def test_a_corrected_invoice_is_matched_anew(company: Company) -> None:
    """The same 60.00 of the same charge: another match than the one that was reversed."""
    assert _invoice(company, "7001", 0) == ("partially_matched", Decimal(60), Decimal(40))
    for run in (1, 2, 3):
        assert _invoice(company, "7001", run) == ("partially_matched", Decimal(60), Decimal(60))
        assert _decisions(company, "INV-7001", run) == ["auto_closed", "reversed"]


def test_a_void_invoice_gives_its_payment_back(company: Company) -> None:
    assert _invoice(company, "7002", 0)[0] == "matched"
    for run in (1, 2, 3):
        assert _invoice(company, "7002", run)[0] == "void"
        assert _decisions(company, "INV-7002", run) == ["reversed"]
        assert company.row(
            "select unapplied_amount from fct_receipts where item_id = 'stripe/ch-INV-7002'", run
        ) == (Decimal(31),)


def test_a_chargeback_opens_the_invoice_and_its_reversal_closes_it(company: Company) -> None:
    assert [_invoice(company, "7005", run)[::2] for run in range(4)] == [
        ("matched", 0),
        ("disputed", Decimal(57)),
        ("matched", 0),
        ("matched", 0),
    ]


def test_a_credit_memo_that_a_person_took_off_stays_off(company: Company) -> None:
    assert _invoice(company, "7003", 0)[0] == "credited"
    for run in (1, 2, 3):
        assert _invoice(company, "7003", run) == ("open", 0, Decimal(40))
        assert _decisions(company, "m-memo", run) == ["reversed"]


def test_more_credit_than_the_invoice_stays_with_it(company: Company) -> None:
    """The second memo has nothing to cover, and is no news in any later run."""
    for run in range(4):
        assert _invoice(company, "7004", run) == ("credited", Decimal(100), 0)
        assert _decisions(company, "m-first", run) == ["auto_closed"]
        assert company.row(
            "select sum(open_amount) from fct_items where item_id in ('m-first', 'm-second')", run
        ) == (Decimal(-50),)


def test_a_day_without_news_decides_nothing(company: Company) -> None:
    decided = (
        "select count(*) from fct_audit_log where entry_type in ('match_closed', 'match_reversed')"
    )
    assert company.row(decided, 3) == company.row(decided, 2)
