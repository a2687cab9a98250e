"""Cases of the hard cases' company in which files tell of a movement more than once, or not at all.

Every case has an account of its own. Payers write the number of an invoice of that amount.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.python.reconciliation.books import Books
from tests.python.reconciliation.conftest import Company

GROWING = "DE02700700100000005101"
FORMATS = "DE72700700100000005102"
FITIDS = "K53-CURRENT"
TWINS = "DE45700700100000005103"
EXPORT = "DE18700700100000005104"
DETAILS = "DE88700700100000005105"
GAP = "DE61700700100000005106"
CHARGES = "DE34700700100000005107"
TAKEN = "DE07700700100000005108"
DAY = "2026-06-10"


@dataclass(frozen=True)
class Entry:
    """An entry of EUR; `inside` is what `TxDtls` says, `references` what the bank calls it."""

    amount: str
    text: str = ""
    references: str = ""
    inside: str = ""

    def xml(self, day: str) -> str:
        sign = "DBIT" if self.amount.startswith("-") else "CRDT"
        details = self.inside or f"<TxDtls><RmtInf><Ustrd>{self.text}</Ustrd></RmtInf></TxDtls>"
        return (
            f"<Ntry><Amt Ccy='EUR'>{self.amount.lstrip('-')}</Amt><CdtDbtInd>{sign}</CdtDbtInd>"
            f"<Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
            f"{self.references}<NtryDtls>{details}</NtryDtls></Ntry>"
        )


def number(name: str) -> str:
    return f"<NtryRef>{name}</NtryRef>"


def reference(name: str) -> str:
    return f"<AcctSvcrRef>{name}</AcctSvcrRef>"


def camt(
    account: str, name: str, opening: str, closing: str, entries: Sequence[Entry], day: str = DAY
) -> str:
    """A camt.053 of one day."""
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, amount in (("OPBD", opening), ("CLBD", closing))
    )
    return (
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt>"
        f"<GrpHdr><CreDtTm>{day}T20:00:00</CreDtTm></GrpHdr><Stmt><Id>{name}</Id>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>EUR</Ccy></Acct>{balances}"
        f"{''.join(entry.xml(day) for entry in entries)}</Stmt></BkToCstmrStmt></Document>"
    )


def ofx(account: str, balance: str, entries: Sequence[tuple[str, str, str]]) -> str:
    """An OFX of June; entries are FITID, amount and text."""
    told = "".join(
        f"<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260610<TRNAMT>{amount}<FITID>{name}<MEMO>{text}"
        "</STMTTRN>"
        for name, amount, text in entries
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
        f"<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1<ACCTID>{account}"
        f"<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST><DTSTART>20260601<DTEND>20260630{told}"
        f"</BANKTRANLIST><LEDGERBAL><BALAMT>{balance}<DTASOF>20260630</LEDGERBAL></STMTRS>"
        "</STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )


def owed(books: Books, customer: str, *invoices: tuple[str, str]) -> None:
    name = books.customer(customer)
    for number_of_it, amount in invoices:
        books.invoice(name, number_of_it, amount, "2026-06-01")


def downloads_of_one_day(books: Books) -> None:
    """In the morning one entry, in the evening two; each download names itself anew."""
    owed(books, "k07", ("KM-70701", "312.36"), ("KM-70702", "555.08"))
    one, other = Entry("312.36", "KM-70701", number("1")), Entry("555.08", "KM-70702", number("2"))
    books.bank_file(camt(GROWING, "0900", "0.00", "312.36", [one]))
    books.bank_file(camt(GROWING, "2100", "0.00", "867.44", [one, other]))


def one_format(books: Books) -> None:
    owed(books, "k20", ("KF-72001", "771.25"), ("KF-72002", "54.90"))
    books.bank_file(
        f""":20:K20
:25:{FORMATS}
:28C:55/1
:60F:C260609EUR100,00
:61:2606100610C771,25NTRFNONREF//M17
:86:166?20KF-72001
:61:2606100610C54,90NTRFNONREF//M18
:86:166?20KF-72002
:62F:C260610EUR926,15
-
"""
    )


def the_other_format(books: Books, _: Company) -> None:
    """The same day as camt, with other references."""
    entries = [
        Entry("771.25", "KF-72001", reference("C17")),
        Entry("54.90", "KF-72002", reference("C18")),
    ]
    books.bank_file(camt(FORMATS, "C055", "100.00", "926.15", entries))


def first_fitids(books: Books) -> None:
    owed(books, "k53", ("KO-75301", "431.35"))
    books.bank_file(ofx(FITIDS, "900.00", [("A1", "431.35", "KO-75301")]))


def new_fitids(books: Books, _: Company) -> None:
    books.bank_file(ofx(FITIDS, "900.00", [("Z9", "431.35", "KO-75301")]))


def twins(books: Books) -> None:
    owed(books, "k54", ("KT-75401", "66.60"), ("KT-75402", "66.60"))
    entries = [Entry("66.60", "KT-75401"), Entry("66.60", "KT-75402")]
    books.bank_file(camt(TWINS, "first", "0.00", "133.20", entries))


def twins_again_and_more(books: Books, _: Company) -> None:
    """Told again in other words, with a third one of that amount; the next day follows."""
    owed(books, "k55", ("KT-75403", "66.60"), ("KT-75404", "66.60"))
    entries = [
        Entry("66.60", "PAYMENT KT-75401"), Entry("66.60", "PAYMENT KT-75402"),
        Entry("66.60", "PAYMENT KT-75403"),
    ]  # fmt: skip
    books.bank_file(camt(TWINS, "second", "0.00", "199.80", entries))
    following = [Entry("66.60", "PAYMENT KT-75404")]
    books.bank_file(camt(TWINS, "third", "199.80", "266.40", following))


def statement_beside_an_export(books: Books) -> None:
    owed(books, "k56", ("KX-75601", "87.10"), ("KX-75602", "88.20"), ("KX-75603", "88.20"))
    entries = [Entry("87.10", "KX-75601", reference("E1")), Entry("88.20", "x", reference("E2"))]
    books.bank_file(camt(EXPORT, "E", "0.00", "175.30", entries))


def export_beside_a_statement(books: Books, company: Company) -> None:
    """The rows of the export: two that the statement has, and one that it has not."""
    for entry, amount, text in (
        ("X1", "87.10", "KX-75601"), ("X2", "88.20", "KX-75602"), ("X3", "88.20", "KX-75603"),
    ):  # fmt: skip
        books.receipt("k56", entry, amount, DAY, text, account_id=EXPORT)


def entry_without_details(books: Books) -> None:
    owed(books, "k57", ("KD-75701", "20.65"), ("KD-75702", "30.67"))
    books.bank_file(camt(DETAILS, "plain", "0.00", "51.32", [Entry("51.32", "batch")]))


def details_a_day_later(books: Books, _: Company) -> None:
    details = "".join(
        f"<TxDtls><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
        for amount, text in (("20.65", "KD-75701"), ("30.67", "KD-75702"))
    )
    entry = Entry("51.32", references=reference("BATCH"), inside=details)
    books.bank_file(camt(DETAILS, "full", "0.00", "51.32", [entry]))


def chain_with_a_gap(books: Books) -> None:
    for name, opening, closing, amount, day in (
        ("12", "1000.00", "1200.20", "200.20", "2026-06-08"),
        ("14", "1455.45", "1765.75", "310.30", "2026-06-11"),
    ):
        entry = Entry(amount, "no number", reference(f"G{name}"))
        books.bank_file(camt(GAP, name, opening, closing, [entry], day))


def the_statement_between(books: Books, _: Company) -> None:
    entry = Entry("255.25", "no number", reference("G13"))
    books.bank_file(camt(GAP, "13", "1200.20", "1455.45", [entry], "2026-06-09"))


def charges_inside_and_outside(books: Books) -> None:
    """385 of 400 with charges that the bank debits by themselves; two payments booked net."""
    owed(
        books, "k58", ("KC-75801", "400.00"), ("KC-75802", "140.00"), ("KC-75803", "160.00")
    )  # fmt: skip

    def detail(amount: str, charge: str, is_inside: str, text: str) -> str:
        return (
            f"<TxDtls><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Chrgs><Rcrd>"
            f"<Amt Ccy='EUR'>{charge}</Amt><CdtDbtInd>DBIT</CdtDbtInd>"
            f"<ChrgInclInd>{is_inside}</ChrgInclInd></Rcrd></Chrgs>"
            "<RltdPties><Dbtr><Nm>k58 Ltd</Nm></Dbtr>"
            "<DbtrAcct><Id><Othr><Id>ACCk58</Id></Othr></Id></DbtrAcct></RltdPties>"
            f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
        )

    entries = [
        Entry("385.00", "", reference("C1"), detail("385.00", "15.00", "false", "KC-75801")),
        Entry("-15.00", "Charges for C1", reference("C2")),
        Entry(
            "298.50", "", reference("C3"),
            detail("140.00", "0.75", "true", "KC-75802")
            + detail("160.00", "0.75", "true", "KC-75803"),
        ),
    ]  # fmt: skip
    books.bank_file(camt(CHARGES, "C", "0.00", "668.50", entries))


def payout_that_is_taken(books: Books) -> None:
    """More went back than came in: the gateway takes the difference from the account."""
    books.charge(
        "k22", "kt1", "20.00", "2026-06-08", payout_id="kneg", fee_amount="0.80", net_amount="19.20"
    )
    books.charge(
        "k22", "kt2", "-42.60", "2026-06-08", payout_id="kneg", type="refund", net_amount="-42.60"
    )
    books.add(
        "gateway_payouts", gateway="pay", payout_id="kneg", amount="-23.40", currency="EUR",
        created_at="2026-06-09T00:00:00Z", arrival_date=DAY, bank_reference="KNEG2340",
        status="paid",
    )  # fmt: skip
    books.receipt(None, "N1", "-23.40", DAY, "KNEG2340", account_id=TAKEN)


FIRST_DAY: tuple[Callable[[Books], None], ...] = (
    downloads_of_one_day, one_format, first_fitids, twins, statement_beside_an_export,
    entry_without_details, chain_with_a_gap, charges_inside_and_outside, payout_that_is_taken,
)  # fmt: skip
SECOND_DAY: tuple[Callable[[Books, Company], None], ...] = (
    the_other_format, new_fitids, twins_again_and_more, export_beside_a_statement,
    details_a_day_later, the_statement_between,
)  # fmt: skip
