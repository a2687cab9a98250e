"""What payments say and who sends them, as cases of the company of `hard_cases.py`.

`DOCUMENTS_BY_PAYMENT` says which documents each payment closes by itself; none is for people.
"""

from __future__ import annotations

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from tests.python.reconciliation.books import Books

DOCUMENTS_BY_PAYMENT = {
    "over a line end": ["00301"],
    "without zeros": ["00302"],
    "rf": ["00303"],
    "rf mistyped": [],
    "kid": ["00305"],
    "inside a word": [],
    "order": ["00312"],
    "mistyped": ["00387"],
    "wrong number": [],
    "number of another": ["00721"],
    "old number": ["00731"],
    "list": ["00741", "00742"],
    "customer number": ["00751"],
    "deposit": ["00501", "00502"],
    "deposit in parts": ["00503", "00504"],
    "umlauts lost": ["00601"],
    "cut": ["00602"],
}

CUSTOMERS = [
    ("CUS-000003", "Zeta Foods Ltd", "DE11111111111111111111"),
    ("CUS-000004", "Quince One Ltd", "DE44444444444444444444"),
    ("CUS-000005", "Quince Two Ltd", "DE55555555555555555555"),
    ("CUS-000006", "Deposit One Ltd", ""),
    ("CUS-000007", "Deposit Two Ltd", ""),
    ("CUS-000008", "Müller & Söhne GmbH & Co. KG", ""),
    ("CUS-000009", "Internationale Donauhandelsgesellschaft mbH", ""),
]

INVOICES = [
    # how references are written
    ("00301", "CUS-000003", "301.00"),
    ("00302", "CUS-000003", "302.00"),
    ("00303", "CUS-000003", "303.00"),
    ("00304", "CUS-000003", "304.00"),
    ("00305", "CUS-000003", "305.00"),
    ("47552", "CUS-000003", "306.00"),
    # equal amounts: weak words choose
    ("00313", "CUS-000003", "55.00"),
    ("00387", "CUS-000003", "55.00"),
    # a wrong number: both owe the same
    ("00401", "CUS-000004", "400.00"),
    ("00402", "CUS-000005", "400.00"),
    # a number that is somebody else's, and one that is paid: amount and payer tell
    ("00712", "CUS-000004", "99.00"),
    ("00721", "CUS-000003", "71.10"),
    ("00731", "CUS-000003", "88.80"),
    # a shortened list
    ("00741", "CUS-000003", "21.00"),
    ("00742", "CUS-000003", "22.00"),
    # the payer is named by number
    ("00751", "CUS-000005", "123.45"),
    # a deposit for several customers
    ("00501", "CUS-000006", "100.00"),
    ("00502", "CUS-000007", "200.00"),
    ("00503", "CUS-000006", "500.00"),
    ("00504", "CUS-000007", "700.00"),
    # looser names
    ("00601", "CUS-000008", "601.00"),
    ("00602", "CUS-000009", "602.00"),
]

ADVICE = [
    ("DEPOSIT-1", "Invoice INV-2026-00501", "100.00"),
    ("DEPOSIT-1", "inv/2026/502", "200.00"),
    ("DEPOSIT-2", "INV-2026-00503", "400.00"),
    ("DEPOSIT-2", "INV-2026-00504", "500.00"),
]


def creditor_reference(payload: str) -> str:
    """A creditor reference (ISO 11649) by another implementation than ours."""
    return f"RF{mod_97_10.calc_check_digits(payload + 'RF')}{payload}"


def kid(payload: str) -> str:
    """A KID with a Luhn digit, by another implementation than ours."""
    return payload + luhn.calc_check_digit(payload)


def what_payments_say(books: Books) -> None:
    for customer, name, account in CUSTOMERS:
        books.customer(customer, legal_name=name, bank_accounts=account)
    due = {"due_date": "2026-07-19"}
    for number, customer, amount in INVOICES:
        books.invoice(customer, f"INV-2026-{number}", amount, "2026-05-20", **due)
    for place in (1, 2):
        books.invoice(
            "CUS-000003", f"INV-2026-0031{place}", "44.00", "2026-05-20",
            purchase_order_number=f"PO-450000{place}", **due,
        )  # fmt: skip
    for place, (payment, number, amount) in enumerate(ADVICE):
        books.add(
            "remittance_advice_lines", remittance_id=payment, line_id=str(place),
            payment_reference=payment, invoice_reference=number, amount=amount, currency="EUR",
        )  # fmt: skip
    zeta = {"counterparty_account": "DE11111111111111111111"}
    pay(books, "over a line end", "301.00", "Rechnung INV-2026-003\n01 vom 20.05.", **zeta)
    pay(books, "without zeros", "302.00", "re. inv/2026/302", **zeta)
    pay(books, "order", "44.00", "for order 4500002", **zeta)
    pay(books, "mistyped", "55.00", "INV-2026-00378", **zeta)
    pay(books, "number of another", "71.10", "INV-2026-00712", **zeta)
    pay(books, "old number", "88.80", "INV-2026-00301", **zeta)
    pay(books, "list", "43.00", "INV-2026-00741/42", **zeta)
    pay(
        books, "rf", "303.00",
        structured_reference=creditor_reference("INV202600303"), **zeta,
    )  # fmt: skip
    somebody = {"counterparty_name": "Somebody"}
    pay(books, "customer number", "123.45", "for cus-000005, May", **somebody)
    pay(books, "rf mistyped", "304.00", structured_reference="RF00INV202600304", **somebody)
    pay(books, "kid", "305.00", structured_reference=kid("000003" + "202600305"), **somebody)
    pay(books, "inside a word", "306.00", "2026-47552more", **somebody)
    pay(
        books, "wrong number", "400.00", "INV-2026-00402",
        counterparty_account="DE44444444444444444444",
    )  # fmt: skip
    deposited = {"counterparty_name": "Clearing House"}
    pay(books, "deposit", "300.00", end_to_end_id="DEPOSIT-1", **deposited)
    pay(books, "deposit in parts", "900.00", end_to_end_id="DEPOSIT-2", **deposited)
    pay(books, "umlauts lost", "601.00", counterparty_name="MULLER SOHNE")
    pay(books, "cut", "602.00", counterparty_name="Internationale Donauhandelsgesellsc")


def pay(books: Books, entry: str, amount: str, text: str = "", **more: str) -> None:
    books.receipt(None, entry, amount, "2026-06-03", text, **more)
