"""What people do by hand: it is done at once, stands in every later run, and nothing is lost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.python.reconciliation.landings import Company

pytestmark = pytest.mark.slow

INVOICES = {
    "hand-10000": "10000.00",
    "hand-200": "200.00",
    "hand-off": "40.15",
    "hand-off-big": "900.25",
    "hand-off-own": "901.25",
    "hand-refused": "63.17",
    "hand-undo": "77.31",
    "hand-asked": "88.43",
}


def _item(item_id: str, item_type: str = "invoice", amount: str | None = None) -> dict[str, str]:
    item = {"item_type": item_type, "item_id": item_id}
    return item | {"amount": amount} if amount else item


def _matches(company: Company, item_id: str) -> list[tuple]:
    return company.rows(
        "select match_id from fct_match_allocations "
        f"where item_id = '{item_id}' and reconciliation = 'invoice_to_receipt' order by 1"
    )


def land(company: Company, day: int) -> None:
    """What this module adds to the story of each day."""
    [_first, _second, _third][day](company)


def _first(company: Company) -> None:
    document = {
        "customer_id": "CUS-000002",
        "issued_at": "2026-06-25T09:00:00Z",
        "due_date": "2026-09-30",
    }
    company.invoices(
        *(document | {"invoice_id": name, "total_amount": INVOICES[name]} for name in INVOICES),
        document
        | {"invoice_id": "hand-memo", "total_amount": "50.00", "document_type": "credit_memo"},
    )
    company.bank_lines(
        {
            "entry_id": "hand-8000",
            "booking_date": "2026-06-29",
            "amount": "8000.00",
            "counterparty_name": "A name that nobody knows",
            "remittance_information": "thanks",
        }
    )
    company.charges(
        {
            "transaction_id": "hand-undo-charge",
            "created_at": "2026-06-29T09:00:00Z",
            "customer_id": "CUS-000002",
            "amount": "77.31",
            "invoice_reference": "hand-undo",
        },
    )


def _second(company: Company) -> None:
    bank_line = _item("ACC-EUR-TEST/hand-8000", "bank_transaction")
    [(undone,)] = _matches(company, "hand-undo")
    link, write_off = {"action": "create_match"}, {"action": "write_off"}
    company.decide(
        link | {"decision_id": "o-link", "items": [_item("hand-10000"), bank_line]},
        link
        | {
            "decision_id": "o-memo",
            "items": [_item("hand-200"), _item("hand-memo", "credit_memo")],
        },
        write_off | {"decision_id": "o-off", "items": [_item("hand-off")], "comment": "small"},
        write_off | {"decision_id": "o-off-big", "items": [_item("hand-off-big")]},
        write_off | {"decision_id": "o-off-own", "items": [_item("hand-off-own")]},
        link
        | {"decision_id": "o-unknown", "items": [_item("hand-refused"), _item("nothing-here")]},
        link
        | {
            "decision_id": "o-more",
            "items": [_item("hand-refused", amount="63.18"), _item("hand-memo", "credit_memo")],
        },
        {"decision_id": "o-undo", "action": "unmatch", "match_id": undone},
    )
    company.charges(
        {
            "transaction_id": "hand-1500",
            "created_at": "2026-07-01T09:00:00Z",
            "customer_id": "CUS-000002",
            "amount": "1500.00",
            "invoice_reference": "hand-10000",
        },
        {
            "transaction_id": "hand-200",
            "created_at": "2026-07-01T09:00:00Z",
            "customer_id": "CUS-000002",
            "amount": "200.00",
            "invoice_reference": "hand-200",
        },
    )


def _third(company: Company) -> None:
    [(pending,)] = _matches(company, "hand-off-big")
    [(own,)] = _matches(company, "hand-off-own")
    approve = {"action": "approve_match"}
    company.decide(
        approve | {"decision_id": "o-agree", "match_id": pending, "actor": "ben"},
        approve | {"decision_id": "o-agree-own", "match_id": own, "actor": "ana"},
    )


def _invoice(company: Company, invoice_id: str, run: int) -> tuple:
    return company.row(
        "select reconciliation_status, matched_amount, adjusted_amount, open_amount "
        f"from fct_invoices where invoice_id = '{invoice_id}'",
        run,
    )


@pytest.mark.parametrize("run", [1, 2])
def test_a_payment_joins_what_was_linked_by_hand(story: Company, run: int) -> None:
    """Invoice 10,000; 8,000 linked by hand; 1,500 arrives with the reference: 500 stay open."""
    assert _invoice(story, "hand-10000", run) == (
        "partially_matched",
        Decimal(9500),
        0,
        Decimal(500),
    )
    assert story.rows(
        "select matches.method, matches.decision, matches.decided_by, allocations.allocated_amount "
        "from fct_match_allocations as allocations "
        "inner join fct_matches as matches on allocations.match_id = matches.match_id "
        "where allocations.item_id = 'hand-10000' order by 1 desc",
        run,
    ) == [
        ("manual", "approved", "ana", Decimal(8000)),
        ("deterministic", "auto_closed", "tieout", Decimal(1500)),
    ]


@pytest.mark.parametrize("run", [1, 2])
def test_a_credit_linked_by_hand_is_not_undone_by_the_payment(story: Company, run: int) -> None:
    """Invoice 200, credit 50 linked by hand, 200 paid: 150 applied, 50 unapplied."""
    assert _invoice(story, "hand-200", run)[3] == 0
    assert story.row(
        "select allocated_amount, unapplied_amount from fct_receipts "
        "where item_id = 'stripe/hand-200'",
        run,
    ) == (Decimal(150), Decimal(50))


def test_a_write_off_closes_and_posts_to_its_account(story: Company) -> None:
    assert _invoice(story, "hand-off", 1) == ("written_off", 0, Decimal("40.15"), 0)
    assert story.rows(
        "select account_code, debit_amount, credit_amount from fct_journal_entries as lines "
        "inner join fct_match_allocations as allocations "
        "on lines.match_id = allocations.match_id "
        "where allocations.item_id = 'hand-off' order by 1",
        1,
    ) == [("1200", 0, Decimal("40.15")), ("6930", Decimal("40.15"), 0)]


def test_above_the_limit_another_person_agrees_first(story: Company) -> None:
    """Until then the item waits in review; one's own agreement is none."""
    for invoice, status in (("hand-off-big", "written_off"), ("hand-off-own", "in_review")):
        assert _invoice(story, invoice, 1)[0] == "in_review"
        assert _invoice(story, invoice, 2)[0] == status
    assert story.rows(
        "select decision_id, outcome from fct_orders where decision_id like 'o-off%' order by 1"
    ) == [("o-off", "done"), ("o-off-big", "done"), ("o-off-own", "pending_approval")]
    assert story.row(
        "select matches.decided_by from fct_matches as matches "
        "inner join fct_orders as orders on matches.match_id = orders.match_id "
        "where orders.decision_id = 'o-off-big'"
    ) == ("ben",)


def test_what_cannot_be_done_is_refused_with_a_reason_and_sealed(story: Company) -> None:
    """The first reason stays; the item has an exception, and is open as before."""
    assert story.rows(
        "select decision_id, refusal from fct_orders where outcome = 'refused' order by 1"
    ) == [("o-more", "more_than_open"), ("o-unknown", "unknown_item")]
    assert story.row("select count(*) from fct_audit_log where entry_type = 'order_refused'") == (
        2,
    )
    assert story.rows(
        "select exception_type, status from fct_exceptions where item_id = 'hand-refused'"
    ) == [("order_refused", "open")]
    assert _invoice(story, "hand-refused", 2)[0] == "open"


def test_undoing_frees_every_item_and_is_not_proposed_again(story: Company) -> None:
    """The reversal is posted with the sides swapped; no half of the link is left."""
    assert _invoice(story, "hand-undo", 0)[0] == "matched"
    for run in (1, 2):
        assert _invoice(story, "hand-undo", run) == ("open", 0, 0, Decimal("77.31"))
        assert story.rows(
            "select status, allocated_amount from fct_items "
            "where item_id = 'stripe/hand-undo-charge' and reconciliation = 'invoice_to_receipt'",
            run,
        ) == [("open", 0)]
        assert story.rows(
            "select matches.decision from fct_matches as matches "
            "inner join fct_match_allocations as allocations "
            "on matches.match_id = allocations.match_id where allocations.item_id = 'hand-undo'",
            run,
        ) == [("reversed",)]
    assert story.rows(
        "select sum(lines.debit_amount) - sum(lines.credit_amount), "
        "count(distinct lines.posting_key) from fct_journal_entries as lines "
        "inner join fct_match_allocations as allocations "
        "on lines.match_id = allocations.match_id "
        "where allocations.item_id = 'hand-undo' group by lines.account_code",
    ) == [(0, 2), (0, 2)]


def test_a_run_without_news_changes_nothing_and_the_proof_holds(story: Company) -> None:
    before = story.tieout.home.serving.resolve()
    story.tieout.succeed("run")
    assert story.tieout.home.serving.resolve() == before
    story.tieout.succeed("verify")
