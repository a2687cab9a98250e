"""What every bank-file reader hands over: items, rejects, and control totals.

Money is :class:`decimal.Decimal` in major units of the named currency, signed from the account
holder's point of view (a credit is positive, a debit negative). Dates are the dates the bank
states; a timestamp with an offset keeps its stated date.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

BankFormat = Literal["camt.053", "camt.054", "mt940", "mt942", "bai2", "ofx1", "ofx2"]
EntrySource = Literal["statement", "notification"]
EntryStatus = Literal["BOOK", "PDNG", "INFO"]


class BankFileError(Exception):
    """The file as a whole cannot be read; nothing after this point can be trusted.

    It is raised by ``read_bank_file`` or while the rows are consumed: in both cases the caller
    rejects the whole file. ``line`` is the 1-based line of the file, where one is known.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True)
class ReferredDocument:
    """A document the payer says this payment settles.

    ``amount`` is in the currency of the movement's remittance and is negative for a credit note;
    None when the payer names the document without an amount. ``discount_amount`` is what the payer
    deducted, positive. ``document_type`` is the payer's code (``CINV``, ``CREN``, ``SCOR``, ...).
    """

    number: str
    amount: Decimal | None = None
    document_type: str | None = None
    discount_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BankRow:
    """One item: a transaction detail, or an entry that has no details with amounts.

    ``bank_reference`` is the entry id of the input contract as the bank gives it, before the
    content-hash and collision handling of the ingest; None when the bank gives no reference.
    ``entry_reference`` is what the details of one entry share and what a notification has in common
    with the statement entry it describes: the bank's reference of the entry, or a key made of its
    content where the bank gives none and the entry has several items. Banks do reuse references, so
    an entry is told by account, entry_reference, booking_date and entry_amount together.
    ``entry_amount`` is the signed amount of that entry. ``original_amount`` is positive, in
    ``original_currency``, and only given where that is another currency. ``charges_amount`` is
    negative for a charge and is information: ``amount`` is what the bank booked. ``entry_status``
    None means booked. ``is_booking_date_assumed`` is True where the bank states no booking date and
    another one of its dates stands in, else None, so that rows without it keep their hash.
    ``ordinal`` counts the items and rejects of the file from 1.
    """

    account_id: str
    bank_reference: str | None
    booking_date: date
    amount: Decimal
    currency: str
    ordinal: int
    value_date: date | None = None
    counterparty_name: str | None = None
    counterparty_account: str | None = None
    remittance_information: str | None = None
    end_to_end_id: str | None = None
    bank_transaction_code: str | None = None
    statement_id: str | None = None
    original_amount: Decimal | None = None
    original_currency: str | None = None
    entry_reference: str | None = None
    entry_amount: Decimal | None = None
    entry_source: EntrySource = "statement"
    entry_status: EntryStatus | None = None
    structured_reference: str | None = None
    charges_amount: Decimal | None = None
    is_reversal: bool = False
    return_reason: str | None = None
    is_booking_date_assumed: Literal[True] | None = None
    referred_documents: list[ReferredDocument] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BankReject:
    """An entry or detail that cannot be loaded; the others of its file still are.

    ``column`` is the contract column that failed, ``value`` the text as the bank wrote it.
    ``account_id`` and ``bank_reference`` are the key of the item as far as it could be read: a
    valid item with that key makes good for this one.
    """

    ordinal: int
    column: str | None
    value: str | None
    reason: str
    account_id: str | None = None
    bank_reference: str | None = None


@dataclass(frozen=True, slots=True)
class StatementControl:
    """Control totals of one statement of one account.

    ``ok`` is whether opening balance + booked entries = closing balance (for formats that give
    other control totals: whether those agree), None when the statement does not give enough to
    tell. ``entries_total`` is the signed sum of its booked entries as far as they could be read.
    """

    account_id: str
    statement_id: str | None
    currency: str | None
    opening_balance: Decimal | None
    entries_total: Decimal
    closing_balance: Decimal | None
    ok: bool | None
    from_date: date | None = None
    to_date: date | None = None


@dataclass(slots=True)
class BankFile:
    """A bank file told by its content; ``rows`` may be consumed once, streamed from disk.

    ``statements`` is complete once ``rows`` is exhausted.
    """

    format: BankFormat
    rows: Iterator[BankRow | BankReject]
    statements: list[StatementControl]
