"""Events: records that come in another version."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.python.splits.books import Books, Steps, quoted

# corrected versions


def invoice_corrected(books: Books) -> Steps:
    row = books.row("billing_invoices", "status = 'open' and total_amount > 2")
    if row:
        change = books.draw.choice([Decimal("0.5"), Decimal(1), Decimal("1.10")])
        total = (row["total_amount"] * change).quantize(Decimal(1)) + books.draw.choice([0, 1])
        books.correct("billing_invoices", row, total_amount=total)
    yield


def closed_invoice_corrected(books: Books) -> Steps:
    """Its match was sealed by another total."""
    found = books.closed()
    if found:
        row = books.row("billing_invoices", f"invoice_id = {quoted(found[0])}")
        if row:
            books.correct("billing_invoices", row, total_amount=row["total_amount"] + 7)
    yield


def invoice_renumbered(books: Books) -> Steps:
    row = books.row("billing_invoices", "status = 'open'")
    books.correct("billing_invoices", row, invoice_number=books.name("RE").upper())
    yield


def invoice_of_another_customer(books: Books) -> Steps:
    row, customer = books.row("billing_invoices", "status = 'open'"), books.row("crm_customers")
    if customer:
        books.correct("billing_invoices", row, customer_id=customer["customer_id"])
    yield


def charge_corrected(books: Books) -> Steps:
    row = books.row("gateway_transactions", "type = 'charge' and status = 'succeeded'")
    other = books.row("billing_invoices", "status = 'open'")
    if row and other:
        books.correct("gateway_transactions", row, invoice_reference=other["invoice_number"])
    yield


def charge_amount_corrected(books: Books) -> Steps:
    row = books.row("gateway_transactions", "type = 'charge' and status = 'succeeded'")
    if row:
        more = {"amount": row["amount"] + 1, "net_amount": row["net_amount"] + 1}
        books.correct("gateway_transactions", row, **more)
    yield


def bank_line_corrected(books: Books) -> Steps:
    row = books.row("bank_transactions", "amount > 0")
    other = books.row("billing_invoices", "status = 'open'")
    if row and other:
        text = f"{other['invoice_number']} {row['remittance_information'] or ''}"
        books.correct("bank_transactions", row, remittance_information=text)
    yield


def bank_amount_corrected(books: Books) -> Steps:
    row = books.row("bank_transactions", "statement_id is null and amount > 2")
    if row:
        books.correct("bank_transactions", row, amount=row["amount"] + 1)
    yield


def ledger_line_corrected(books: Books) -> Steps:
    row = books.row("ledger_entries", "debit_amount is not null")
    if row:
        changed = {"debit_amount": row["debit_amount"] + books.draw.choice([0, 3])}
        books.correct("ledger_entries", row, reference=books.name("REF"), **changed)
    yield


def payout_corrected(books: Books) -> Steps:
    row = books.row("gateway_payouts", "status = 'paid'")
    if row:
        books.correct("gateway_payouts", row, amount=row["amount"] - books.draw.choice([1, 5]))
    yield


def bill_corrected(books: Books) -> Steps:
    row = books.row("vendor_invoices")
    if row:
        books.correct("vendor_invoices", row, amount=row["amount"] + 2)
    yield


def bill_comes_late(books: Books) -> Steps:
    """For money that has left long ago."""
    vendor = books.row("vendor_invoices")
    line = books.row("bank_transactions", "amount < 0")
    if vendor and line:
        bill = {
            "vendor_invoice_id": books.name("vb"),
            "vendor_invoice_number": books.name("LB").upper(),
            "amount": -line["amount"],
            "quantity": None,
            "unit_price": None,
            "currency": line["currency"],
            "invoice_date": line["booking_date"] - timedelta(days=9),
        }
        books.land("vendor_invoices", vendor | bill)
    yield


# customers


def customer_renamed(books: Books) -> Steps:
    row = books.row("crm_customers")
    if row:
        books.correct("crm_customers", row, legal_name=f"Neue {row['legal_name']}")
    yield


def customer_known_by_another_name(books: Books) -> Steps:
    """The payer of a line that nobody could identify."""
    row = books.row("crm_customers")
    line = books.row("bank_transactions", "amount > 0 and counterparty_name is not null")
    if row and line:
        aliases = [*(row["aliases"] or []), line["counterparty_name"]]
        accounts = [*(row["bank_accounts"] or [])]
        if line["counterparty_account"] and books.draw.random() < 0.5:
            accounts.append(line["counterparty_account"])
        books.correct("crm_customers", row, aliases=aliases, bank_accounts=accounts)
    yield


def customer_loses_its_account(books: Books) -> Steps:
    row = books.row("crm_customers", "len(bank_accounts) > 0")
    books.correct("crm_customers", row, bank_accounts=[], aliases=[])
    yield


def customer_gets_a_parent(books: Books) -> Steps:
    row, parent = books.row("crm_customers"), books.row("crm_customers")
    if row and parent and row["customer_id"] != parent["customer_id"]:
        books.correct("crm_customers", row, parent_customer_id=parent["customer_id"])
    yield


def customer_comes_late(books: Books) -> Steps:
    """Billing knows one first; the customer list follows, with the name of an earlier payer."""
    line = books.row("bank_transactions", "amount > 0 and counterparty_name is not null")
    name = books.name("CUS")
    invoice = books.invoice(customer_id=name)
    books.charge(invoice)
    yield
    legal_name = line["counterparty_name"] if line else "Late Ltd"
    books.land("crm_customers", {"customer_id": name, "legal_name": legal_name})
    yield


# rows that are rejected, and statuses


def version_rejected_then_mended(books: Books) -> Steps:
    row = books.row("billing_invoices", "status = 'open'")
    if row:
        books.correct("billing_invoices", row, total_amount="1.234,50")
        yield
        books.correct("billing_invoices", row, total_amount=row["total_amount"] + 3)
    yield


def charge_rejected(books: Books) -> Steps:
    row = books.row("gateway_transactions")
    books.correct("gateway_transactions", row, currency="EURO")
    yield


def invoice_voided(books: Books) -> Steps:
    row = books.row("billing_invoices", "status = 'open' and document_type = 'invoice'")
    books.correct("billing_invoices", row, status="void")
    yield


def closed_invoice_voided_and_opened(books: Books) -> Steps:
    found = books.closed()
    row = books.row("billing_invoices", f"invoice_id = {quoted(found[0])}") if found else None
    books.correct("billing_invoices", row, status="void")
    yield
    books.correct("billing_invoices", row, status="open")
    yield


def draft_opened(books: Books) -> Steps:
    row = books.row("billing_invoices", "status in ('draft', 'void')")
    books.correct("billing_invoices", row, status="open")
    yield


def charge_failed(books: Books) -> Steps:
    row = books.row("gateway_transactions", "type = 'charge' and status = 'succeeded'")
    books.correct("gateway_transactions", row, status="failed")
    yield


def charge_pending_then_final(books: Books) -> Steps:
    row = books.charge(books.invoice(), status="pending")
    yield
    books.correct("gateway_transactions", row, status="succeeded")
    yield


def payout_failed(books: Books) -> Steps:
    row = books.row("gateway_payouts", "status = 'paid'")
    books.correct("gateway_payouts", row, status="failed")
    yield


def payout_pending_then_paid(books: Books) -> Steps:
    charge = books.charge(books.invoice(), payout_id=books.name("po"))
    payout = {
        "gateway": charge["gateway"],
        "payout_id": charge["payout_id"],
        "amount": charge["amount"],
        "currency": charge["currency"],
        "created_at": books.earlier,
        "bank_reference": books.name("PO").upper(),
        "status": "pending",
    }
    books.land("gateway_payouts", payout)
    yield
    books.land("gateway_payouts", payout | {"status": "paid"})
    books.bank_line(amount=payout["amount"], remittance_information=payout["bank_reference"])
    yield
