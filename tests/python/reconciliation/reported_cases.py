"""Cases of the hard cases' company that people of the trade have reported in public.

Each is the kind of a report, told anew: other names, accounts and amounts. Customers are named
after the case, `r02a` for the first one of case 2.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.python.reconciliation.books import Books
from tests.python.reconciliation.conftest import Company

MINUS, DASH, STORNO = (
    "DE44700700100000004101", "DE17700700100000004102", "DE87700700100000004103",
)  # fmt: skip
PAGES = "DE12700700100000004200"
SAME_FITID, FIRST_CARD, SECOND_CARD, ONE_LINE = "R06-CHK", "R06-CARD-A", "R06-CARD-B", "R06-XML"
EQUAL_PAYERS, EQUAL_INVOICES, EQUAL_PAYMENTS = 30, 24, 21


def leading_zeros_dropped(books: Books) -> None:
    """A payer writes a zero less or more; another number has it behind, with the same amount."""
    one, other = books.customer("r02a"), books.customer("r02b")
    for number, customer, amount in (
        ("GALA-00006", one, "61.15"), ("GALA-00060", other, "61.15"),
        ("GALA-00009", one, "63.25"), ("GALA-00090", other, "63.25"),
    ):  # fmt: skip
        books.invoice(customer, number, amount, "2026-05-01")
    payer = {"counterparty_name": "ILSE KRON"}
    books.receipt(None, "r02a", "61.15", "2026-05-20", "GALA-0006", **payer)
    books.receipt(None, "r02b", "63.25", "2026-05-20", "Rechnung GALA-000009 danke", **payer)


def mt940_dialects(books: Books) -> None:
    """A minus behind the mark, a dash after the opening balance, a cancelled withdrawal (RD)."""
    c = books.customer("r04", legal_name="Weberei Anders OHG")
    books.invoice(c, "WA-40162", "162.30", "2026-05-01")
    books.invoice(c, "WA-40271", "271.85", "2026-05-01")
    books.bank_file(f""":20:R04A
:25:{MINUS}
:28C:00001/001
:60F:C260519EUR900,00
:61:2605200520D-97,36NMSCNONREF//R04-1
:86:KORREKTUR ENTGELT
:61:2605200520C162,30NTRFNONREF//R04-2
:86:166?00GUTSCHRIFT?20WA-40162?32WEBEREI ANDERS OHG
:62F:C260520EUR1159,66
-
""")
    books.bank_file(f""":20:R04B
:25:{DASH}
:28C:00011/001
:60M:C260519EUR2,00
-
:61:2605200520C271,85N062NONREF//R04-3
:86:166?00GUTSCHRIFT?20WA-40271?32WEBEREI ANDERS OHG
:62F:C260520EUR273,85
-
""")
    books.bank_file(f""":20:R04C
:25:{STORNO}
:28C:1/1
:60F:C260516EUR3000,00
:61:2605170517DR640,00N003NONREF
:86:083?00BARGELDAUSZAHLUNG KASSE?107731?3037050299
:61:2605170517RDR640,00N068NONREF
:86:899?00STORNO BAR KASSE?107731?3037050299
:61:2605170517D58,00NMSCUPI-200000000007-LONGTAIL
:86:UPI/NAMELESS PAYEE
:62F:C260517EUR2942,00
-
""")


def ofx_dialects(books: Books) -> None:
    """One FITID for three lines, empty ones, decimal commas, a card's end tag, XML in one line."""
    c = books.customer("r06", legal_name="Confeitaria Lua Ltda")
    for number, amount in (("CL-6201", "1270.64"), ("CL-6202", "3418.70"), ("CL-6203", "66.44")):
        books.invoice(c, number, amount, "2026-05-01")
    head = "".join(
        f"{line}\n"
        for line in (
            "OFXHEADER:100", "DATA:OFXSGML", "VERSION:102", "SECURITY:NONE", "ENCODING:USASCII",
            "CHARSET:1252", "COMPRESSION:NONE", "OLDFILEUID:NONE", "NEWFILEUID:NONE", "",
        )
    )  # fmt: skip

    def line(kind: str, day: str, amount: str, fitid: str, memo: str) -> str:
        return (
            f"<STMTTRN>\n<TRNTYPE>{kind}\n<DTPOSTED>{day}\n<TRNAMT>{amount}\n<FITID>{fitid}\n"
            f"<MEMO>{memo}\n</STMTTRN>\n"
        )

    books.bank_file(
        f"{head}<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR\n<BANKACCTFROM><BANKID>1"
        f"<ACCTID>{SAME_FITID}<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST><DTSTART>20260501"
        "<DTEND>20260531\n"
        + line("CREDIT", "20260510120000[-3:BRT]", "1270,64", "20260510001", "CL-6201")
        + line("CREDIT", "20260511120000[-3:BRT]", "3.418,70", "20260510001", "CL-6202")
        + line("DEBIT", "20260511120000[-3:BRT]", "-5,20", "20260510001", "TARIFA")
        + "</BANKTRANLIST><LEDGERBAL><BALAMT>4684,14<DTASOF>20260531</LEDGERBAL></STMTRS>"
        "</STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )
    books.bank_file(
        f"{head}<OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS><CURDEF>EUR\n<CCACCTFROM>"
        f"<ACCTID>{FIRST_CARD}</CCACCTFROM><BANKTRANLIST><DTSTART>20260501<DTEND>20260531\n"
        + line("DEBIT", "20260512", "-19.00", "", "PARKING") * 2
        + line("DEBIT", "20260513", "-0.55", "", "FOREIGN FEE")
        + "</BANKTRANLIST><LEDGERBAL><BALAMT>-38.55<DTASOF>20260531</LEDGERBAL></STMTRS>"
        "</CCSTMTTRNRS><CCSTMTTRNRS><CCSTMTRS><CURDEF>EUR\n<CCACCTFROM>"
        f"<ACCTID>{SECOND_CARD}</CCACCTFROM><BANKTRANLIST>"
        + line("CREDIT", "20260513", "66.44", "", "CL-6203")
        + "</BANKTRANLIST></STMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>\n"
    )
    books.bank_file(
        '<?xml version="1.0" encoding="utf-8" ?><?OFX OFXHEADER="200" VERSION="202" '
        'SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?><OFX><BANKMSGSRSV1><STMTTRNRS>'
        "<STMTRS><CURDEF>EUR</CURDEF><BANKACCTFROM><BANKID>1</BANKID>"
        f"<ACCTID>{ONE_LINE}</ACCTID><ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM><BANKTRANLIST>"
        "<DTSTART>20260501</DTSTART><DTEND>20260531</DTEND><STMTTRN><TRNTYPE>DEBIT</TRNTYPE>"
        "<DTPOSTED>20260515</DTPOSTED><TRNAMT>-12.00</TRNAMT><FITID>1</FITID>"
        "<MEMO>2 Aufladung(en) für Konto – Köche</MEMO></STMTTRN></BANKTRANLIST></STMTRS>"
        "</STMTTRNRS></BANKMSGSRSV1></OFX>"
    )


def discount_over_two_instalments(books: Books) -> None:
    """2/10 net 30: 600 at once, the rest less two percent of the whole within the ten days."""
    c = books.customer("r08")
    books.invoice(c, "HM-80200", "1200.00", "2026-05-12", payment_terms="2/10 net 30")
    books.receipt(c, "r08a", "600.00", "2026-05-14", "HM-80200 first half")
    books.receipt(c, "r08b", "576.00", "2026-05-20", "HM-80200 rest less 2 % discount")


def rounded_up(books: Books) -> None:
    """Cash rounding: a cent, and two."""
    c = books.customer("r09")
    books.invoice(c, "KL-90699", "6.99", "2026-05-01")
    books.invoice(c, "KL-91798", "17.98", "2026-05-01")
    books.receipt(c, "r09a", "7.00", "2026-05-20", "KL-90699")
    books.receipt(c, "r09b", "18.00", "2026-05-20", "KL-91798")


def payout_withheld(books: Books) -> None:
    """A payout is less than its transactions; the row that says so comes a day later."""
    c = books.customer("r10")
    for name, number, amount, fee, net in (
        ("r10a", "GARN-1101", "50.00", "1.55", "48.45"),
        ("r10b", "GARN-1102", "31.00", "0.90", "30.10"),
    ):
        books.invoice(c, number, amount, "2026-05-01")
        books.charge(
            "", name, amount, "2026-05-10", number, gateway="knit", payout_id="kp",
            fee_amount=fee, net_amount=net,
        )  # fmt: skip
    books.add(
        "gateway_payouts", gateway="knit", payout_id="kp", amount="61.40", currency="EUR",
        created_at="2026-05-12T00:00:00Z", arrival_date="2026-05-14", bank_reference="KNITPO10",
        status="paid",
    )  # fmt: skip
    books.receipt(
        None, "r10 bank", "61.40", "2026-05-14", "KNIT PAYOUT KNITPO10",
        counterparty_name="KNIT PAYMENTS EUROPE",
    )  # fmt: skip


def payout_withheld_is_explained(books: Books, _: Company) -> None:
    books.charge(
        "", "r10c", "-17.15", "2026-05-11", gateway="knit", payout_id="kp", type="adjustment",
        net_amount="-17.15",
    )  # fmt: skip


def foreign_invoice_home_account(books: Books) -> None:
    """A document in dollars, paid into an account in euros at the rate of the day."""
    c = books.customer("r12")
    books.invoice(c, "AT-12600", "600.00", "2026-05-01", "USD")
    books.receipt(c, "r12", "480.00", "2026-05-20", "AT-12600", counterparty_account="")


def settlement_currency(books: Books) -> None:
    """Documents in dollars, charges in euros after the gateway's own conversion."""
    c = books.customer("r23")
    for name, number, invoiced, charged in (
        ("r23a", "SB-23120", "120.00", "95.04"),  # 1 % below the rate of the day
        ("r23b", "SB-23250", "250.00", "196.00"),  # 2 %
        ("r23c", "SB-23410", "410.00", "319.80"),  # 2.5 %
    ):
        books.invoice(c, number, invoiced, "2026-05-01", "USD")
        books.charge(c, name, charged, "2026-05-20", number)


def refund_fails(books: Books) -> None:
    """A refund of all that was paid, which has failed a day later."""
    c = books.customer("r24")
    books.invoice(c, "KK-24130", "130.00", "2026-05-03")
    books.charge(c, "r24ch", "130.00", "2026-05-10", "KK-24130")
    books.charge(c, "r24re", "-130.00", "2026-05-15", type="refund", related_transaction_id="r24ch")


def refund_has_failed(books: Books, _: Company) -> None:
    books.charge(
        "r24", "r24re", "-130.00", "2026-05-15", type="refund", related_transaction_id="r24ch",
        status="failed",
    )  # fmt: skip


def void_and_issued_again(books: Books) -> None:
    """A payment names a document that is void and was issued again; a third has its amount."""
    c = books.customer("r26")
    for number, issued, status in (
        ("RS-26101", "2026-05-01", "void"),
        ("RS-26102", "2026-05-04", "open"),
        ("RS-26109", "2026-05-06", "open"),
    ):
        books.invoice(c, number, "487.60", issued, status=status)
    books.receipt(c, "r26", "487.60", "2026-05-20", "RS-26101")


def shortened_lists(books: Books) -> None:
    """Numbers told by their ends, and by the first and the last of them."""
    c = books.customer("r27")
    for number, amount in (
        ("FC-27101", "111.10"), ("FC-27102", "222.35"), ("FC-27103", "313.45"),
        ("FC-27104", "414.55"), ("FC-27105", "52.75"), ("FC-27106", "63.95"),
        ("FC-27107", "74.05"),
    ):  # fmt: skip
        books.invoice(c, number, amount, "2026-05-01")
    books.receipt(c, "r27a", "646.90", "2026-05-20", "FC-27101/02/03")
    books.receipt(c, "r27b", "605.30", "2026-05-21", "Rechnungen FC-27104 bis FC-27107")


def void_after_match(books: Books) -> None:
    """A document is made void after its payment was matched."""
    c = books.customer("r35")
    books.invoice(c, "MP-35101", "347.00", "2026-05-01", updated_at="2026-05-01T09:00:00Z")
    books.receipt(c, "r35", "347.00", "2026-05-20", "MP-35101")


def void_after_match_goes_on(books: Books, _: Company) -> None:
    books.invoice(
        "r35", "MP-35101", "347.00", "2026-05-01", status="void",
        updated_at="2026-07-01T09:00:00Z",
    )  # fmt: skip


def disputes(books: Books) -> None:
    """A dispute of a part, one above the charge, and one that was won."""
    c = books.customer("r37")
    for name, number, amount, disputed in (
        ("r37a", "DC-37101", "110.00", "-45.00"),
        ("r37b", "DC-37102", "210.00", "-214.50"),
        ("r37c", "DC-37103", "310.00", "-310.00"),
    ):
        books.invoice(c, number, amount, "2026-05-01")
        books.charge(c, name, amount, "2026-05-10", number)
        books.charge(
            c, f"{name}-dp", disputed, "2026-05-15", type="chargeback",
            related_transaction_id=name,
        )  # fmt: skip
    books.charge(
        c, "r37c-dr", "310.00", "2026-05-25", type="chargeback_reversal",
        related_transaction_id="r37c-dp",
    )  # fmt: skip


def two_refunds_one_memo(books: Books) -> None:
    c = books.customer("r38")
    books.invoice(c, "ZR-38101", "270.00", "2026-05-01")
    books.invoice(
        c, "CN-38101", "95.00", "2026-05-18", document_type="credit_memo",
        related_invoice_id="id-ZR-38101",
    )  # fmt: skip
    books.charge(c, "r38", "270.00", "2026-05-10", "ZR-38101")
    for name, amount in (("r38a", "-65.00"), ("r38b", "-30.00")):
        books.charge(c, name, amount, "2026-05-16", type="refund", related_transaction_id="r38")


def pages_of_a_statement(books: Books) -> None:
    """One statement in two pages, each a message of its own."""
    c = books.customer("r42", legal_name="Amsel Touristik GmbH")
    books.invoice(c, "AT-42101", "43.15", "2026-05-01")
    books.invoice(c, "AT-42102", "44.25", "2026-05-01")
    frame = "BANKNL2A\n940\nBANKNL2A\n:20:BANK OF EXAMPLE\n"
    text = ":86:/TRTP/SEPA OVERBOEKING/NAME/AMSEL TOURISTIK GMBH/REMI/{}/EREF/NOTPROVIDED\n"
    books.bank_file(
        f"{frame}:25:{PAGES}\n:28:07901/01\n:60F:C260520EUR12,00\n"
        f":61:2605200520C43,15N196NONREF\n{text.format('AT-42101')}:62M:C260520EUR55,15\n-\n"
        f"{frame}:25:{PAGES}\n:28:07901/02\n:60M:C260520EUR55,15\n"
        f":61:2605200520C44,25N196NONREF\n{text.format('AT-42102')}:62F:C260520EUR99,40\n-\n"
    )


def equal_amounts_in_bulk(books: Books) -> None:
    """Everybody pays the same: a third with a number, a third by name, a third says nothing.

    One customer has more equal documents than payments, and says nothing either.
    """
    for place in range(EQUAL_PAYERS):
        c = books.customer(
            f"r46-{place}", legal_name=f"Mitglied {place:02d} Sommer", bank_accounts=""
        )
        books.invoice(c, f"VB-4610{place:02d}", "47.30", f"2026-05-{place % 20 + 1:02d}")
        books.receipt(
            None, f"r46-{place}", "47.30", f"2026-05-{place % 20 + 6:02d}",
            f"VB-4610{place:02d}" if place % 3 == 0 else "BEITRAG MAI",
            counterparty_name=f"MITGLIED {place:02d} SOMMER" if place % 3 == 1 else "",
        )  # fmt: skip
    c = books.customer("r46")
    for place in range(EQUAL_INVOICES):
        books.invoice(c, f"FL-4620{place:02d}", "13.70", f"2026-05-{place % 12 + 1:02d}")
    for place in range(EQUAL_PAYMENTS):
        books.receipt(c, f"r46m{place}", "13.70", f"2026-05-{place % 12 + 14:02d}", "SAMMELZAHLUNG")


FIRST_DAY: tuple[Callable[[Books], None], ...] = (
    leading_zeros_dropped, mt940_dialects, ofx_dialects, discount_over_two_instalments, rounded_up,
    payout_withheld, foreign_invoice_home_account, settlement_currency, refund_fails,
    void_and_issued_again, shortened_lists, void_after_match, disputes, two_refunds_one_memo,
    pages_of_a_statement, equal_amounts_in_bulk,
)  # fmt: skip

SECOND_DAY: tuple[Callable[[Books, Company], None], ...] = (
    payout_withheld_is_explained, refund_has_failed, void_after_match_goes_on,
)  # fmt: skip
