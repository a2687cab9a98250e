"""Events: what is told before its time, and what only other records rest on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from tests.python.splits.books import OPEN_ITEMS, RECEIPTS, Books, Steps, quoted, timestamp

MANY = 26
"""More documents than one finding each is worth."""

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


def payer_learned_then_removed_tomorrow(books: Books) -> Steps:
    """A payment teaches whose account it is, and a person says from tomorrow on that it is not."""
    account = books.name("AC").upper()
    invoice = books.invoice(currency="EUR")
    books.bank_line(
        amount=invoice["total_amount"],
        counterparty_account=account,
        remittance_information=invoice["invoice_number"],
    )
    day = (books.now + timedelta(days=1)).date().isoformat()
    books.bank_line(booking_date=day, amount="31.00", counterparty_account=account)
    yield
    customer = books.row("crm_customers", f"customer_id = {quoted(invoice['customer_id'])}")
    books.correct("crm_customers", customer, parent_customer_id=books.name("parent"))
    yield
    key = {"item_type": "learned_payer", "item_id": f"account/{account.replace('-', '')}"}
    books.decide("unmatch", items=json.dumps([key]), decided_at=_tomorrow(books))
    yield


def payouts_told_by_the_bank_first(books: Books) -> Steps:
    """By the name of a gateway that has paid out nothing yet, or by what names a payout."""
    gateway, payout, reference = books.name("gw"), books.name("po"), books.name("PO").upper()
    books.bank_line(amount="81.00", counterparty_name=gateway)
    books.bank_line(amount="82.00", remittance_information=payout)
    books.bank_line(amount="83.00", remittance_information=reference)
    yield
    for name, of in ((books.name("po"), gateway), (payout, "stripe")):
        books.land(
            "gateway_payouts",
            {
                "gateway": of,
                "payout_id": name,
                "amount": "12.00",
                "currency": "EUR",
                "created_at": books.earlier,
                "bank_reference": reference if name == payout else books.name("PO").upper(),
                "status": "paid",
            },
        )
    yield


# what others rest on


def original_gets_terms(books: Books) -> Steps:
    """The terms of what a document corrects are its own."""
    invoice = books.invoice()
    same = {"customer_id": invoice["customer_id"], "related_invoice_id": invoice["invoice_id"]}
    for kind in ("invoice", "credit_memo"):
        books.invoice(**same, document_type=kind)
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


def earlier_and_earlier_copies_come(books: Books) -> Steps:
    """A copy stays one, of another original."""
    key = {"idempotency_key": books.name("key")}
    for hours in (7, 8, 9):
        issued = timestamp(books.now - timedelta(hours=hours))
        first = books.invoice(**key, issued_at=issued)
        key |= {name: first[name] for name in ("customer_id", "currency", "total_amount")}
        if hours > 7:
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


def _of_another_day(books: Books, item_types: str) -> None:
    """What it owes stays."""
    found = books.closed(item_types)
    row = books.row("billing_invoices", f"invoice_id = {quoted(found[0])}") if found else None
    if row:
        books.correct("billing_invoices", row, issued_at=row["issued_at"] - timedelta(days=1))


def closed_invoice_of_another_day(books: Books) -> Steps:
    _of_another_day(books, "'invoice'")
    yield


def closed_memo_of_another_day(books: Books) -> Steps:
    _of_another_day(books, "'credit_memo'")
    yield


def part_linked_by_hand_then_the_rest_paid(books: Books) -> Steps:
    """What is left of a payment rests on whether its invoice is closed."""
    long_ago = books.now - timedelta(days=60)
    invoice = books.invoice(issued_at=timestamp(long_ago), total_amount="90.00")
    account, line = books.account(), books.name("line")
    books.bank_line(
        account_id=account,
        entry_id=line,
        booking_date=(long_ago + timedelta(days=9)).date().isoformat(),
        amount="91.50",
        remittance_information="something",
    )
    yield
    items = [
        {"item_type": "invoice", "item_id": invoice["invoice_id"], "amount": "50.00"},
        {"item_type": "bank_transaction", "item_id": f"{account}/{line}", "amount": "50.00"},
    ]
    books.decide("create_match", items=json.dumps(items))
    yield
    books.charge(invoice, amount="40.00")
    yield


def charge_used_up_by_its_fee(books: Books) -> Steps:
    """And a bank line by its charges; there is no money, and something to post."""
    invoice = books.invoice(total_amount="3.00")
    books.charge(invoice, fee_amount="3.00", net_amount="0.00")
    yield
    books.bank_line(amount="0.00", charges_amount="-5.00", remittance_information="nothing left")
    yield


def money_changed_between_accounts(books: Books) -> Steps:
    reference = books.name("FX").upper()
    legs = [("EUR", "-100.00"), ("USD", "111.00")]
    accounts = [books.name("OWN") for _ in legs]
    for account, (currency, _) in zip(accounts, legs, strict=True):
        books.land("bank_accounts", {"account_id": account, "currency": currency})
    for account, (currency, amount) in zip(accounts, legs, strict=True):
        books.bank_line(
            account_id=account,
            currency=currency,
            amount=amount,
            remittance_information=reference,
        )
        yield


def many_documents_come_twice(books: Books) -> Steps:
    """So many that all of it is one finding."""
    issued = timestamp(books.now - timedelta(hours=9))
    firsts = [
        books.invoice(idempotency_key=books.name("key"), issued_at=issued) for _ in range(MANY)
    ]
    again = [row | {"invoice_id": books.name("in"), "issued_at": books.earlier} for row in firsts]
    books.land("billing_invoices", *again)
    yield
    books.correct("billing_invoices", again[0], total_amount="1.00")
    books.correct("billing_invoices", again[1], idempotency_key=None, invoice_number="APART-1")
    yield


def rule_found_to_be_false(books: Books) -> Steps:
    """People undo what it closed, so that it asks them from then on, and they answer."""
    found = books.ask(
        "select match_id from fct_matches where decision = 'auto_closed' "
        "and rule_id = 'ir_stated_exact' order by decided_at desc, match_id limit 5"
    )
    for (match_id,) in found:
        books.decide("unmatch", match_id=match_id)
    yield
    for _ in range(2):
        books.charge(books.invoice())
    yield
    asked = books.ask(
        "select match_id from fct_matches where decision = 'suggested' "
        "and rule_id = 'ir_stated_exact' order by match_id limit 2"
    )
    answers = ["approve_match", "reject_match"]
    for action, (match_id,) in zip(answers, asked, strict=False):
        books.decide(action, match_id=match_id)
    yield


def written_off_then_declined(books: Books) -> Steps:
    """What waited for a second person is open again."""
    found = books.one(
        f"select item_id from fct_items where {RECEIPTS} and {OPEN_ITEMS} and item_type = 'invoice'"
    )
    if found:
        item = {"item_type": "invoice", "item_id": found[0]}
        books.decide("write_off", items=json.dumps([item]), comment="not worth it")
        yield
        for (match_id,) in books.ask(
            "select match_id from fct_matches where method = 'manual' "
            "and decision in ('suggested', 'pending_approval') order by match_id"
        ):
            books.decide("reject_match", match_id=match_id, actor="ben")
    yield


def order_and_receipt_corrected(books: Books) -> Steps:
    """What a bill rests on."""
    order, receipt = books.row("purchase_orders"), books.row("goods_receipts")
    if order:
        books.correct("purchase_orders", order, quantity=order["quantity"] + 1)
    if receipt:
        books.correct("goods_receipts", receipt, quantity=receipt["quantity"] + 1)
    yield


def rate_of_today(books: Books) -> Steps:
    """And nothing else lands."""
    row = books.row("fx_rates", "quote_currency = 'USD'")
    if row:
        books.land("fx_rates", row | {"rate_date": books.now.date()})
    yield
