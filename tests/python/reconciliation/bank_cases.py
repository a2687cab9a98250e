"""Cases of the hard cases' company that come in files of the bank itself (camt).

The same statement and notification for two accounts: to one the statement comes first, to the
other the notification. The notification states no booking date, and tells only a part of what the
statement does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.python.reconciliation.books import Books
from tests.python.reconciliation.conftest import Company

STATEMENT_FIRST = "DE27100777770209299700"
NOTIFICATION_FIRST = "DE88100900001234567892"


@dataclass(frozen=True)
class Entry:
    """An entry of EUR; `details` are references and amounts, a text is the payer's."""

    reference: str
    amount: str
    details: Sequence[tuple[str, str]] = ()
    text: str = ""

    def xml(self, days: str) -> str:
        details = "".join(
            f"<TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef></Refs>"
            f"<Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls>"
            for reference, amount in self.details
        )
        if self.text:
            details = f"<TxDtls><RmtInf><Ustrd>{self.text}</Ustrd></RmtInf></TxDtls>"
        return (
            f"<Ntry><Amt Ccy='EUR'>{self.amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>"
            f"{days}<AcctSvcrRef>{self.reference}</AcctSvcrRef><NtryDtls>{details}</NtryDtls></Ntry>"
        )


def invoice_of(account: str) -> str:
    """The number of the invoice that a payment to this account names."""
    return f"B-240{account[2:4]}"


def statement(account: str) -> str:
    """The camt.053 of 15 June, with booking dates."""
    entries = (
        Entry("SPLIT", "61.86"),
        Entry("PARTLY", "51.32", [("P1", "20.65"), ("P2", "30.67")]),
        Entry("TEXT", "7.03"),
        Entry("OTHERS", "40.15", [("O1", "15.07"), ("O2", "25.08")]),
        Entry("ONLY-STATEMENT", "3.01"),
        Entry("PAID", "88.83"),
    )
    days = "<BookgDt><Dt>2026-06-15</Dt></BookgDt><ValDt><Dt>2026-06-16</Dt></ValDt>"
    return _message("053", "BkToCstmrStmt", "Stmt", account, [e.xml(days) for e in entries])


def notification(account: str) -> str:
    """The camt.054 of it: value dates only."""
    entries = (
        # all details of an entry that the statement states whole
        Entry("SPLIT", "61.86", [("S1", "10.61"), ("S2", "20.62"), ("S3", "30.63")]),
        # under a reference and a total of its own: one detail of the statement, and a new one
        Entry("BULK", "61.36", [("P2", "30.67"), ("P3", "30.69")]),
        Entry("TEXT", "7.03", text="thanks for all"),
        # one detail of both, and the other under another name than the statement's
        Entry("OTHERS", "40.15", [("O2", "25.08"), ("O3", "15.07")]),
        Entry("ONLY-NOTIFICATION", "4.02"),
        Entry("PAID", "88.83", text=invoice_of(account)),
    )
    days = "<ValDt><Dt>2026-06-16</Dt></ValDt>"
    return _message(
        "054", "BkToCstmrDbtCdtNtfctn", "Ntfctn", account, [e.xml(days) for e in entries]
    )


def _message(kind: str, root: str, tag: str, account: str, entries: Sequence[str]) -> str:
    return (
        f"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.08'><{root}>"
        f"<GrpHdr><CreDtTm>2026-06-18T06:00:00</CreDtTm></GrpHdr><{tag}><Id>{kind}-1</Id>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>EUR</Ccy></Acct>{''.join(entries)}"
        f"</{tag}></{root}></Document>"
    )


def statement_and_notification(books: Books) -> None:
    for account in (STATEMENT_FIRST, NOTIFICATION_FIRST):
        books.invoice(
            books.customer(f"c24{account[2:4]}"), invoice_of(account), "88.83", "2026-06-01"
        )
    books.bank_file(statement(STATEMENT_FIRST))
    books.bank_file(notification(NOTIFICATION_FIRST))


def notification_and_statement(books: Books, _: Company) -> None:
    books.bank_file(notification(STATEMENT_FIRST))
    books.bank_file(statement(NOTIFICATION_FIRST))
