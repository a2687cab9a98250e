"""Events: what is told before its time, and what only other records rest on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.python.splits.books import Books, Row, Steps, quoted, timestamp

# told before its time


def _tomorrow(books: Books) -> str:
    """After the next run, and before one a day later."""
    return timestamp(books.now + timedelta(hours=12))


def invoice_and_charge_of_tomorrow(books: Books) -> Steps:
    later = _tomorrow(books)
    books.charge(books.invoice(issued_at=later), created_at=later)
    yield


def payout_of_tomorrow(books: Books) -> Steps:
    charge = books.charge(books.invoice(), payout_id=books.name("po"))
    payout = {
        "gateway": charge["gateway"],
        "payout_id": charge["payout_id"],
        "amount": charge["amount"],
        "currency": charge["currency"],
        "created_at": _tomorrow(books),
        "bank_reference": books.name("PO").upper(),
        "status": "paid",
    }
    books.land("gateway_payouts", payout)
    yield


def lines_of_tomorrow(books: Books) -> Steps:
    """Of the bank, of the books, and of a vendor's bill."""
    day = (books.now + timedelta(days=1)).date().isoformat()
    books.bank_line(booking_date=day, amount="55.00", remittance_information="early")
    line = books.row("ledger_entries", "debit_amount is not null")
    if line:
        entry = {"entry_id": books.name("JE"), "posting_date": day, "reference": books.name("REF")}
        books.land("ledger_entries", line | entry)
    bill = books.row("vendor_invoices")
    if bill:
        names = {"vendor_invoice_id": books.name("vb"), "vendor_invoice_number": books.name("TB")}
        books.land("vendor_invoices", bill | names | {"invoice_date": day})
    yield


def version_of_tomorrow(books: Books) -> Steps:
    """It holds from its moment on."""
    later = _tomorrow(books)
    invoice = books.row("billing_invoices", "status = 'open' and total_amount > 2")
    if invoice:
        total = invoice["total_amount"] + 1
        books.correct("billing_invoices", invoice, total_amount=total, updated_at=later)
    customer = books.row("crm_customers")
    if customer:
        name = f"Kommende {customer['legal_name']}"
        books.correct("crm_customers", customer, legal_name=name, updated_at=later)
    yield


def closed_match_confirmed(books: Books, **more: Any) -> Steps:
    found = books.one(
        "select match_id from fct_matches where decision = 'auto_closed' "
        f"and decided_at < timestamp '{books.now}' - interval 1 hour"
    )
    if found:
        books.decide("approve_match", match_id=found[0], **more)
    yield


def closed_match_confirmed_tomorrow(books: Books) -> Steps:
    yield from closed_match_confirmed(books, decided_at=_tomorrow(books))


def entry_answered_tomorrow(books: Books) -> Steps:
    found = books.one(
        "select distinct posting_key from fct_journal_entries where posting_status = 'ready'"
    )
    if found:
        books.land(
            "posting_results",
            {
                "posting_key": found[0],
                "attempt": 1,
                "attempted_at": _tomorrow(books),
                "status": "posted",
                "external_id": f"L-{found[0]}",
            },
        )
    yield


# what others rest on


def _invoice_and_memo(books: Books) -> tuple[Row, Row]:
    invoice = books.invoice()
    more = {"related_invoice_id": invoice["invoice_id"], "total_amount": "10.00"}
    memo = books.invoice(
        document_type="credit_memo",
        customer_id=invoice["customer_id"],
        **more,
    )
    return invoice, memo


def original_gets_terms(books: Books) -> Steps:
    """The terms of what a document corrects are its own."""
    invoice, _ = _invoice_and_memo(books)
    name = {"customer_id": invoice["customer_id"], "related_invoice_id": invoice["invoice_id"]}
    books.invoice(**name)
    yield
    books.correct("billing_invoices", invoice, payment_terms="3/10 net 30")
    yield


def customer_gets_terms_and_a_name(books: Books) -> Steps:
    name = books.name("CUS")
    customer = {"customer_id": name, "legal_name": "Terms Ltd"}
    books.land("crm_customers", customer)
    for kind in ("invoice", "credit_memo"):
        books.invoice(customer_id=name, document_type=kind)
    yield
    changed = {"payment_terms": "2/10 net 30", "updated_at": books.earlier}
    books.land("crm_customers", customer | changed | {"legal_name": "Quite Another GmbH"})
    yield


def copy_renumbered(books: Books) -> Steps:
    """A document is known by the numbers of its copies, too."""
    issued = [timestamp(books.now - timedelta(hours=hours)) for hours in (9, 8)]
    copies = []
    for kind in ("invoice", "credit_memo"):
        key = {"idempotency_key": books.name("key"), "document_type": kind}
        first = books.invoice(**key, issued_at=issued[0])
        same = {name: first[name] for name in ("customer_id", "currency", "total_amount")}
        copies.append(books.invoice(**key, **same, issued_at=issued[1]))
    yield
    for copy in copies:
        number = books.name("CN").upper()
        books.correct("billing_invoices", copy, invoice_number=number, updated_at=books.earlier)
    yield
    for copy in copies:
        books.correct(
            "billing_invoices", copy, idempotency_key=None, updated_at=timestamp(books.now)
        )
    yield


def bank_line_told_again_with_charges(books: Books) -> Steps:
    """What a later file tells of a line, the line tells, too."""
    line = {
        "account_id": books.account(),
        "entry_id": books.name("line"),
        "bank_reference": books.name("BR"),
        "booking_date": books.today,
        "amount": "77.10",
        "currency": "EUR",
        "remittance_information": "told twice",
    }
    books.land("bank_transactions", line)
    yield
    more = {"counterparty_name": "Later Payer", "charges_amount": "-4.00"}
    books.land("bank_transactions", line | more | {"entry_id": books.name("again")})
    yield


def closed_invoice_of_another_day(books: Books) -> Steps:
    """Nothing of what it owes changes."""
    found = books.closed()
    row = books.row("billing_invoices", f"invoice_id = {quoted(found[0])}") if found else None
    if row:
        issued = row["issued_at"] - timedelta(days=1)
        books.correct("billing_invoices", row, issued_at=issued)
    yield


def rate_of_today(books: Books) -> Steps:
    """And nothing else lands."""
    row = books.row("fx_rates", "quote_currency = 'USD'")
    if row:
        books.land("fx_rates", row | {"rate_date": books.now.date()})
    yield
