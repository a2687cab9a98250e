"""Events: what comes after its time, or undoes what has long been closed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.python.splits.books import Books, Row, Steps, quoted, timestamp

# rates


def rate_of_a_day_gone_by(books: Books) -> Steps:
    """A day between two rates gets one of its own."""
    row = books.row("fx_rates", f"rate_date < date '{books.today}' - 10")
    if row:
        day = row["rate_date"] + timedelta(days=books.draw.choice([1, 2]))
        books.land("fx_rates", row | {"rate_date": day, "rate": row["rate"] * Decimal("1.01")})
    yield


def rate_corrected(books: Books) -> Steps:
    """Of a day and currency that something was closed in."""
    found = books.one(
        "select currency, event_date from fct_items where currency <> 'EUR' and status = 'closed'"
    )
    if found:
        row = books.row(
            "fx_rates",
            f"quote_currency = '{found[0]}' and rate_date between date '{found[1]}' - 3 "
            f"and date '{found[1]}'",
        )
        if row:
            books.correct("fx_rates", row, rate=row["rate"] * Decimal("1.02"))
    yield


def rate_of_an_unknown_currency(books: Books) -> Steps:
    """What is closed in it can be valued only when its rate comes."""
    unknown = [
        currency
        for currency in ("NOK", "CAD", "AUD", "PLN")
        if books.row("fx_rates", f"quote_currency = '{currency}'") is None
    ]
    if unknown:
        day = books.now.date() - timedelta(days=15)
        issued = timestamp(books.now - timedelta(days=14))
        invoice = books.invoice(currency=unknown[0], issued_at=issued)
        books.charge(invoice)
        yield
        rate = {"base_currency": "EUR", "quote_currency": unknown[0], "source": "ECB", "rate": "7"}
        books.land("fx_rates", *(rate | {"rate_date": day + timedelta(days=d)} for d in range(16)))
    yield


# what came first, comes last


def invoice_whose_earlier_copy_comes(books: Books) -> Steps:
    row = books.row("billing_invoices", "idempotency_key is not null and status = 'open'")
    if row:
        issued = row["issued_at"] - timedelta(minutes=5)
        copy = {"invoice_id": books.name("in"), "invoice_number": books.name("CP").upper()}
        books.land("billing_invoices", row | copy | {"issued_at": issued, "updated_at": issued})
    yield


def invoice_written_twice(books: Books) -> Steps:
    """Line by line the same within the week, until a line of the first is told otherwise."""
    first = books.invoice(issued_at=timestamp(books.now - timedelta(days=9)))
    second = books.invoice(
        customer_id=first["customer_id"],
        total_amount=first["total_amount"],
        issued_at=timestamp(books.now - timedelta(days=6)),
    )
    lines = [
        {"invoice_id": invoice["invoice_id"], "line_id": "1", "description": "audit"}
        | {"quantity": "1", "amount": invoice["total_amount"], "currency": invoice["currency"]}
        for invoice in (first, second)
    ]
    books.land("billing_invoice_lines", *lines)
    yield
    books.correct("billing_invoice_lines", lines[0], description="advice")
    yield
    # as it was, and a third that carries the number of the first, without a key of its own
    books.correct("billing_invoice_lines", lines[0])
    books.invoice(
        customer_id=first["customer_id"],
        total_amount=first["total_amount"],
        invoice_number=f"{first['invoice_number']}-COPY",
    )
    yield


def copy_of_a_key_becomes_a_neighbour(books: Books) -> Steps:
    """A copy by its key looks like nobody's neighbour; what it copied is voided, so it does."""
    key = books.name("key")
    original = books.invoice(
        idempotency_key=key, issued_at=timestamp(books.now - timedelta(days=20))
    )
    like = books.invoice(issued_at=timestamp(books.now - timedelta(days=8)))
    content = {"customer_id": like["customer_id"], "total_amount": like["total_amount"]}
    books.invoice(
        **content, idempotency_key=key, issued_at=timestamp(books.now - timedelta(days=6))
    )
    yield
    books.correct("billing_invoices", original, status="void")
    yield


def charge_whose_earlier_copy_comes(books: Books) -> Steps:
    invoice = books.invoice(issued_at=timestamp(books.now - timedelta(days=20)))
    charge = books.charge(invoice, idempotency_key=books.name("key"))
    yield
    created = timestamp(books.now - timedelta(days=3))
    other = {"transaction_id": books.name("ch"), "created_at": created}
    books.land("gateway_transactions", charge | other)
    yield


def bank_line_told_again(books: Books) -> Steps:
    row = books.row("bank_transactions", "amount > 0")
    if row:
        again = {"entry_id": books.name("portal"), "statement_id": None}
        books.land("bank_transactions", row | again)
    yield


def bank_line_told_by_a_statement(books: Books) -> Steps:
    """An export told it first; the bank's own statement of that day follows."""
    row = books.row("bank_transactions", "statement_id is null and amount > 1 and currency = 'EUR'")
    if row:
        day, amount = row["booking_date"].strftime("%y%m%d"), f"{row['amount']:.2f}"
        opening, closing = "100,00", f"{row['amount'] + 100:.2f}".replace(".", ",")
        name = books.name("stmt")
        books.land_statement(
            name,
            f":20:{name}\n:25:{row['account_id']}\n:28C:1/1\n:60F:C{day}EUR{opening}\n"
            f":61:{day}{day[2:]}C{amount.replace('.', ',')}NTRFNONREF//{name}\n"
            f":86:{row['remittance_information'] or 'payment'}\n:62F:C{day}EUR{closing}\n-\n",
        )
    yield


def bank_line_told_by_a_notification_first(books: Books) -> Steps:
    """Under the bank's reference; the statement of that day follows."""
    reference = books.name("R").upper()
    line = {"account_id": books.account(), "booking_date": books.today, "amount": "64.50"}
    told = {"bank_reference": reference, "entry_reference": reference, "entry_amount": "64.50"}
    notified = {"entry_id": f"{reference}~n", "entry_source": "notification"}
    books.bank_line(**line, **told, **notified, entry_status="BOOK", end_to_end_id=reference)
    yield
    books.bank_line(**line, **told, entry_id=reference, entry_source="statement")
    yield


def bill_whose_earlier_copy_comes(books: Books) -> Steps:
    bill = books.row("vendor_invoices")
    if bill:
        copy = {"vendor_invoice_id": books.name("vb")}
        day = bill["invoice_date"] - timedelta(days=1)
        books.land("vendor_invoices", bill | copy | {"invoice_date": day})
    yield


def payee_known_by_a_later_payment(books: Books) -> Steps:
    """Money went to an account, and to a name, before a payment said whose they are."""
    vendor = books.row("vendor_invoices")
    if not vendor:
        return
    account, name = books.name("AC").upper(), f"Payee {books.name('of')}"
    line = {"account_id": books.account(), "currency": vendor["currency"]}
    books.bank_line(**line, amount="-33.10", counterparty_account=account)
    books.bank_line(**line, amount="-33.20", counterparty_name=name)
    yield
    number = books.name("PB").upper()
    bill = {"vendor_invoice_id": books.name("vb"), "vendor_invoice_number": number}
    amounts = {"amount": "717.40", "quantity": None, "unit_price": None}
    books.land("vendor_invoices", vendor | bill | amounts | {"invoice_date": books.today})
    books.bank_line(
        **line,
        amount="-717.40",
        counterparty_account=account,
        counterparty_name=name,
        remittance_information=number,
    )
    yield


def rows_of_long_ago(books: Books) -> Steps:
    past = books.now - timedelta(days=400)
    invoice = books.invoice(issued_at=timestamp(past), updated_at=timestamp(past))
    books.charge(invoice, created_at=timestamp(past + timedelta(days=2)))
    books.bank_line(
        booking_date=past.date(),
        amount=invoice["total_amount"],
        remittance_information=invoice["invoice_number"],
    )
    yield


def ledger_line_comes_late(books: Books) -> Steps:
    """The books get an entry for what the bank has told long ago."""
    found = books.one(
        "select item_id from fct_items where reconciliation = 'bank_to_ledger' "
        "and item_type = 'bank_transaction' and status = 'open'"
    )
    account, _, entry = found[0].partition("/") if found else ("", "", "")
    line = books.row(
        "bank_transactions", f"account_id = {quoted(account)} and entry_id = {quoted(entry)}"
    )
    known = books.row("bank_accounts", f"account_id = {quoted(account)}")
    if line and known and known["ledger_account_code"]:
        side = "debit_amount" if line["amount"] > 0 else "credit_amount"
        books.land(
            "ledger_entries",
            {
                "entry_id": books.name("JE"),
                "line_id": "1",
                "account_code": known["ledger_account_code"],
                "posting_date": line["booking_date"],
                side: abs(line["amount"]),
                "currency": line["currency"],
                "reference": entry,
                "posted_by": "erp",
            },
        )
    yield


def advice_comes_late(books: Books) -> Steps:
    invoice = books.row("billing_invoices", "status = 'open' and currency = 'EUR'")
    line = books.row("bank_transactions", "amount > 0 and end_to_end_id is not null")
    if invoice and line:
        books.land(
            "remittance_advice_lines",
            {
                "remittance_id": books.name("RA"),
                "line_id": "1",
                "payment_reference": line["end_to_end_id"],
                "invoice_reference": invoice["invoice_number"],
                "amount": min(line["amount"], invoice["total_amount"]),
                "currency": line["currency"],
            },
        )
    yield


# money that goes back


def credit_memo_for_what_is_closed(books: Books) -> Steps:
    found = books.closed()
    row = books.row("billing_invoices", f"invoice_id = {quoted(found[0])}") if found else None
    if row:
        books.invoice(
            document_type="credit_memo",
            customer_id=row["customer_id"],
            currency=row["currency"],
            total_amount=row["total_amount"],
            related_invoice_id=row["invoice_id"],
        )
    yield


def _goes_back(books: Books, kind: str, sign: int = -1) -> Row | None:
    found = books.closed("'charge'")
    gateway, _, name = found[0].partition("/") if found else ("", "", "")
    charge = books.row(
        "gateway_transactions",
        f"gateway = {quoted(gateway)} and transaction_id = {quoted(name)}",
    )
    if charge is None:
        return None
    row = charge | {
        "transaction_id": books.name("back"),
        "type": kind,
        "amount": sign * charge["amount"],
        "fee_amount": None,
        "net_amount": sign * charge["amount"],
        "created_at": books.earlier,
        "available_on": None,
        "payout_id": None,
        "idempotency_key": None,
        "related_transaction_id": charge["transaction_id"],
    }
    books.land("gateway_transactions", row)
    return row


def refund_of_what_is_closed(books: Books) -> Steps:
    _goes_back(books, "refund")
    yield


def chargeback_then_reversed(books: Books) -> Steps:
    row = _goes_back(books, "chargeback")
    if row:
        yield
        amounts = {"amount": -row["amount"], "net_amount": -row["net_amount"]}
        won = {"transaction_id": books.name("won"), "type": "chargeback_reversal"}
        books.land("gateway_transactions", row | amounts | won | {"created_at": books.earlier})
    yield


def bank_payment_returned(books: Books) -> Steps:
    found = books.closed("'bank_transaction'")
    account, _, entry = found[0].partition("/") if found else ("", "", "")
    line = books.row(
        "bank_transactions", f"account_id = {quoted(account)} and entry_id = {quoted(entry)}"
    )
    if line:
        kept = ["account_id", "currency", "counterparty_name", "counterparty_account"]
        kept += ["remittance_information", "end_to_end_id"]
        books.bank_line(
            **{name: line[name] for name in kept},
            amount=-line["amount"],
            is_reversal="true",
            return_reason="AC04",
        )
    yield


# bank accounts and statements


def account_comes_late(books: Books) -> Steps:
    """Lines of an account that nobody has described yet."""
    account = books.name("ACC")
    invoice = books.invoice()
    paid = {"amount": invoice["total_amount"], "remittance_information": invoice["invoice_number"]}
    books.bank_line(account_id=account, **paid)
    books.bank_line(account_id=account, amount="-12.00", remittance_information="fee")
    yield
    described = {"account_id": account, "currency": "EUR", "ledger_account_code": "1899"}
    books.land("bank_accounts", described)
    yield


def account_described_anew(books: Books) -> Steps:
    row = books.row("bank_accounts", "ledger_account_code is not null")
    books.correct("bank_accounts", row, ledger_account_code="1898")
    yield


def gap_of_statements_closed(books: Books) -> Steps:
    """Of three statements in a chain the second comes last."""
    account, first = books.name("CHAIN"), books.now.date() - timedelta(days=6)
    books.land("bank_accounts", {"account_id": account, "currency": "EUR"})
    opening, texts = 1000, []
    for place in range(3):
        amount = books.draw.randrange(50, 900)
        day = (first + timedelta(days=place)).strftime("%y%m%d")
        texts.append(
            f":20:{account}{place}\n:25:{account}\n:28C:{place + 1}/1\n"
            f":60F:C{day}EUR{opening},\n:61:{day}{day[2:]}C{amount},NTRFNONREF//B{place}{account}\n"
            f":86:weekly delivery\n:62F:C{day}EUR{opening + amount},\n-\n"
        )
        opening += amount
    for place in (0, 2):
        books.land_statement(f"{account}_{place}", texts[place])
    yield
    books.land_statement(f"{account}_1", texts[1])
    yield
