"""Cases of the hard cases' company that are about bills of vendors and the money that pays them.

There is no master of vendors: a payee is known by what was paid to it before.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.python.reconciliation.books import Books
from tests.python.reconciliation.conftest import Company


def bill(
    books: Books,
    vendor: str,
    number: str,
    *amounts: str,
    day: str = "2026-05-04",
    currency: str = "EUR",
    bill_id: str | None = None,
) -> str:
    """A bill with a line per amount; returns its id."""
    for place, amount in enumerate(amounts, start=1):
        books.add(
            "vendor_invoices",
            vendor_invoice_id=bill_id or f"vb-{number}",
            line_id=str(place),
            vendor_invoice_number=number,
            vendor_id=vendor,
            amount=amount,
            currency=currency,
            invoice_date=day,
        )
    return bill_id or f"vb-{number}"


def paid(
    books: Books, payee: str, entry: str, amount: str, text: str = "", day: str = "2026-05-20"
) -> None:
    """Money out of the company's account, to an account of the payee."""
    books.receipt(
        None,
        entry,
        f"-{amount}",
        day,
        text,
        counterparty_name=payee,
        counterparty_account=f"VACC{payee.replace(' ', '')}",
    )


def quoted_bills(books: Books) -> None:
    """One bill of three lines; three bills and a credit note by one debit; a cent less."""
    bill(books, "7001", "AF-40001", "70", "59.50", "-10")
    paid(books, "Amber Freight", "b1", "119.50", "AF-40001")
    for number, amount in (("AF-40002", "310.20"), ("AF-40003", "44.80"), ("AF-40004", "-25")):
        bill(books, "7001", number, amount)
    paid(books, "Amber Freight", "b2", "330", "AF-40002 AF-40003 less AF-40004")
    bill(books, "7001", "AF-40005", "88.01")
    paid(books, "Amber Freight", "b3", "88", "AF-40005")


def part_payments(books: Books) -> None:
    """To a payee that is known; the rest goes out on the second day. To a stranger it is asked."""
    bill(books, "7002", "BP-41001", "60")
    paid(books, "Birch Paper", "b4", "60", "BP-41001")
    bill(books, "7002", "BP-41002", "500")
    paid(books, "Birch Paper", "b5", "200", "BP-41002")
    bill(books, "7003", "CS-41003", "500")
    paid(books, "A Stranger", "b6", "200", "CS-41003")


def the_rest_is_paid(books: Books, _: Company) -> None:
    paid(books, "Birch Paper", "b5rest", "300", "BP-41002", day="2026-07-01")


def amounts_alone(books: Books) -> None:
    """They close for a payee that is known, and for nobody else."""
    bill(books, "7004", "DL-42001", "71.10")
    paid(books, "Delta Lifts", "b7", "71.10", "DL-42001")
    bill(books, "7004", "DL-42002", "913.37")
    paid(books, "Delta Lifts", "b8", "913.37")
    bill(books, "7005", "EM-42003", "414.14")
    paid(books, "Another Stranger", "b9", "414.14")


def sums_alone(books: Books) -> None:
    """One debit for two of three bills, without a word."""
    bill(books, "7012", "JC-47001", "33.03")
    paid(books, "Jade Couriers", "b17", "33.03", "JC-47001")
    for number, amount in (("JC-47002", "211.17"), ("JC-47003", "87.45"), ("JC-47004", "912.03")):
        bill(books, "7012", number, amount)
    paid(books, "Jade Couriers", "b18", "298.62")


def paid_too_much(books: Books) -> None:
    """More than the bill says, and a bill that was paid already."""
    bill(books, "7006", "FK-43001", "20")
    paid(books, "Fjord Kitchens", "b10", "20", "FK-43001")
    bill(books, "7006", "FK-43002", "150")
    paid(books, "Fjord Kitchens", "b11", "165", "FK-43002")
    paid(books, "Fjord Kitchens", "b12", "20", "FK-43001", day="2026-06-02")


def not_paid(books: Books) -> None:
    """A bill of April, a bill that was entered twice, and money that goes out for neither."""
    bill(books, "7007", "GH-44001", "640", day="2026-04-02")
    bill(books, "7007", "GH-44002", "77.70", bill_id="vb-first", day="2026-06-20")
    bill(books, "7007", "gh 44002", "77.70", bill_id="vb-again", day="2026-06-21")
    paid(books, "Landlord", "b13", "1200", "rent for June")


def numbers_of_two(books: Books) -> None:
    """Two vendors write one number; so do a vendor and the company itself."""
    bill(books, "7008", "2026-45001", "100", bill_id="vb-one")
    bill(books, "7009", "2026-45001", "250", bill_id="vb-other")
    paid(books, "Third Stranger", "b14", "100", "2026-45001")
    c = books.customer("cb1")
    books.invoice(c, "HV-45002", "300", "2026-05-02")
    bill(books, "7010", "HV-45002", "300")
    books.receipt(c, "b15", "300", "2026-05-20", "HV-45002")


def money_comes_back(books: Books) -> None:
    """A vendor pays a credit note out."""
    bill(books, "7011", "CN-46001", "-52.25")
    books.receipt(
        None, "b16", "52.25", "2026-05-20", "your credit CN-46001", counterparty_name="Icicle Foods"
    )


def a_payment_comes_back(books: Books) -> None:
    """The bank returns it, and the bill is owed as before; another one is paid again."""
    for number, entry, amount in (("KM-48001", "b19", "340.40"), ("KM-48002", "b20", "71.05")):
        bill(books, "7013", number, amount)
        paid(books, "Kestrel Media", entry, amount, number)
        books.receipt(
            None,
            f"{entry}back",
            amount,
            "2026-05-23",
            f"Return {number}",
            counterparty_name="Kestrel Media",
            counterparty_account="VACCKestrelMedia",
            bank_transaction_code="PMNT-RCDT-RRTN",
        )
    paid(books, "Kestrel Media", "b20again", "71.05", "KM-48002", day="2026-05-28")


FIRST_DAY: tuple[Callable[[Books], None], ...] = (
    quoted_bills,
    part_payments,
    amounts_alone,
    sums_alone,
    paid_too_much,
    not_paid,
    numbers_of_two,
    money_comes_back,
    a_payment_comes_back,
)

SECOND_DAY: tuple[Callable[[Books, Company], None], ...] = (the_rest_is_paid,)
