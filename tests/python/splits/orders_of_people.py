"""Events: what people order, and what the ledger answers."""

from __future__ import annotations

import json

from orchestration.controls import ALL, Kind
from tests.python.splits.books import OPEN_ITEMS, RECEIPTS, Books, Steps, as_written, quoted

# people


def match_undone(books: Books) -> Steps:
    found = books.one("select match_id from fct_matches where decision = 'auto_closed'")
    if found:
        books.decide("unmatch", match_id=found[0])
    yield


def ledger_match_undone(books: Books) -> Steps:
    found = books.one(
        "select match_id from fct_matches "
        "where decision = 'auto_closed' and reconciliation = 'bank_to_ledger'"
    )
    if found:
        books.decide("unmatch", match_id=found[0])
    yield


def match_approved(books: Books) -> Steps:
    found = books.one("select match_id from fct_matches where decision = 'suggested'")
    if found:
        books.decide("approve_match", match_id=found[0])
    yield


def match_rejected(books: Books) -> Steps:
    found = books.one("select match_id from fct_matches where decision = 'suggested'")
    if found:
        books.decide("reject_match", match_id=found[0])
    yield


def linked_by_hand_then_undone(books: Books) -> Steps:
    invoice = books.one(
        f"select item_id, open_amount from fct_items where {RECEIPTS} and {OPEN_ITEMS} "
        "and item_type = 'invoice' and currency = 'EUR'"
    )
    receipt = books.one(
        f"select item_type, item_id, open_amount from fct_items where {RECEIPTS} and {OPEN_ITEMS} "
        "and side = 'actual' and currency = 'EUR'"
    )
    if invoice and receipt:
        amount = as_written(min(invoice[1], receipt[2]))
        items = [
            {"item_type": "invoice", "item_id": invoice[0], "amount": amount},
            {"item_type": receipt[0], "item_id": receipt[1], "amount": amount},
        ]
        books.decide("create_match", items=json.dumps(items))
        yield
        found = books.one(
            "select match_id from fct_match_allocations where item_type = 'invoice' "
            f"and item_id = {quoted(invoice[0])}"
        )
        if found:
            books.decide("unmatch", match_id=found[0])
    yield


def written_off_then_approved(books: Books) -> Steps:
    found = books.one(
        f"select item_id from fct_items where {RECEIPTS} and {OPEN_ITEMS} and item_type = 'invoice'"
    )
    if found:
        item = {"item_type": "invoice", "item_id": found[0]}
        books.decide("write_off", items=json.dumps([item]), comment="small")
        yield
        pending = books.one(
            "select match_id from fct_matches where decision = 'suggested' and method = 'manual'"
        )
        if pending:
            books.decide("approve_match", match_id=pending[0], actor="ben")
    yield


def copy_marked(books: Books) -> Steps:
    found = books.one(
        "select exception_id from fct_exceptions where status <> 'resolved' "
        "and exception_type in ('suspected_copy', 'suspected_duplicate', 'duplicate_invoice')"
    )
    if found:
        marks = ["mark_duplicate", "not_a_duplicate"]
        books.decide(books.draw.choice(marks), exception_id=found[0])
    yield


def marked_not_ours(books: Books) -> Steps:
    found = books.one(
        "select item_type, item_id from fct_items where status = 'open' "
        "and item_type = 'bank_transaction'"
    )
    if found:
        item = {"item_type": found[0], "item_id": found[1]}
        books.decide("mark_not_ours", items=json.dumps([item]))
    yield


def exception_worked_on(books: Books) -> Steps:
    found = books.one("select exception_id from fct_exceptions where status <> 'resolved'")
    if found:
        books.decide("assign", exception_id=found[0], comment="mine")
        yield
        books.decide("resolve", exception_id=found[0], comment="told them")
    yield


def order_that_cannot_be_done(books: Books) -> Steps:
    items = [
        {"item_type": "invoice", "item_id": "nothing-here"},
        {"item_type": "bank_transaction", "item_id": "nor/here"},
    ]
    books.decide("create_match", items=json.dumps(items))
    books.decide("unmatch", match_id="no-such-match")
    yield


# postings


def entries_posted(books: Books) -> Steps:
    keys = [
        key
        for (key,) in books.ask(
            "select distinct posting_key from fct_journal_entries "
            "where external_id is null order by posting_key"
        )
    ]
    failed = books.draw.sample(keys, min(3, len(keys)))
    for place, key in enumerate(failed):
        status = ["posted", "failed", "rejected"][place]
        result = {"posting_key": key, "attempt": 1, "attempted_at": books.earlier}
        told = {"external_id": f"L-{key}"} if status == "posted" else {"error": "locked period"}
        books.land("posting_results", result | {"status": status} | told)
    yield
    for key in failed[1:]:
        result = {"posting_key": key, "attempt": 2, "attempted_at": books.earlier}
        books.land("posting_results", result | {"status": "posted", "external_id": f"L-{key}"})
    yield


def paused_then_resumed(books: Books) -> Steps:
    """What a rule would close is suggested meanwhile, what is ready is held, an alert is silent."""
    rule = books.one(
        "select distinct rule_id from fct_matches "
        f"where decision = 'auto_closed' and {RECEIPTS} and method <> 'manual'"
    )
    alert = books.one("select fingerprint from fct_alerts where state = 'firing'")
    paused = [(Kind.POSTING_PAUSED, ALL)]
    paused += [(Kind.CLOSING_PAUSED, rule[0])] if rule else []
    paused += [(Kind.ALERT_ACKNOWLEDGED, alert[0])] if alert else []
    for kind, key in paused:
        books.control(kind, key)
    books.charge(books.invoice())
    yield
    for kind, key in paused:
        books.control(kind, key, is_over=True)
    yield


def paused_then_resumed_for_a_customer(books: Books) -> Steps:
    """What is theirs is suggested and held meanwhile, also what becomes theirs; others go on."""
    invoice = books.invoice()
    ready = books.one(
        "select distinct lines.item_id from fct_journal_entries as lines "
        "inner join fct_invoices as invoices on lines.item_id = invoices.invoice_id "
        "where lines.posting_status = 'ready' and lines.item_type = 'invoice' "
        f"and invoices.customer_id <> '{invoice['customer_id']}'"
    )
    theirs = books.row("billing_invoices", f"invoice_id = '{ready[0]}'") if ready else None
    paused = [
        (kind, f"{ALL}:{invoice['customer_id']}")
        for kind in (Kind.POSTING_PAUSED, Kind.CLOSING_PAUSED)
    ]
    for kind, key in paused:
        books.control(kind, key)
    books.charge(invoice)
    yield
    books.correct("billing_invoices", theirs, customer_id=invoice["customer_id"])
    yield
    for kind, key in paused:
        books.control(kind, key, is_over=True)
    yield
