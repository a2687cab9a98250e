"""ISO 20022 camt.053 (statement) and camt.054 (debit and credit notification), all versions.

One tolerant reader: elements are told by their local name, so the version, a wrong namespace and
an envelope around the message do not matter. The file is streamed: a detail is reduced to a small
record when it ends and its XML is freed, an entry becomes items when it ends.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import Any

from lxml import etree

from orchestration.ingest.bank.camt_details import Details, charged, find_split, merged
from orchestration.ingest.bank.camt_elements import (
    Detail,
    Entry,
    Money,
    Party,
    Remittance,
    Statement,
    local_name,
    read_detail,
    read_entry,
    reference_of_entry,
)
from orchestration.ingest.bank.model import (
    BankFileError,
    BankReject,
    BankRow,
    StatementControl,
)
from orchestration.ingest.bank.source import Limits
from orchestration.ingest.bank.values import (
    EXACT,
    ZERO,
    Problem,
    fingerprint,
)

_STATEMENT_TAGS = ("Stmt", "Ntfctn")


# --- from entries to items -----------------------------------------------------------------------


def _other_currency(amounts: dict[str, Money], currency: str) -> tuple[Decimal | None, str | None]:
    for kind in ("InstdAmt", "TxAmt", "CntrValAmt", "Amt"):
        amount, other = amounts.get(kind, (None, None))
        if amount and other != currency:
            return amount.copy_abs(), other
    return None, None


def _counterparty(
    detail: Detail, is_credit: bool, is_reversed: bool, statement: Statement
) -> Party:
    """The debtor of a credit, the creditor of a debit; never the account itself.

    A reversal or return keeps the roles of the payment it undoes, so there the party by direction
    can be the account's owner; then the counterparty is the other one.
    """
    one, other = detail.debtor, detail.creditor
    if not is_credit:
        one, other = other, one
    is_own = one.account is not None and one.account == statement.account_id
    is_owner = (
        is_reversed
        and one.name is not None
        and statement.owner is not None
        and one.name.casefold() == statement.owner.casefold()
    )
    is_unnamed = one.name is None and one.account is None
    if (is_own or is_owner or (is_unnamed and is_reversed)) and (other.name or other.account):
        return other if other.account != statement.account_id else Party(other.name)
    return one


_NOTHING = Detail(None, None, {}, [], Party(), Party(), Remittance(), None, None, None, False, None)


def _item(
    entry: Entry,
    detail: Detail | None,
    statement: Statement,
    *,
    amount: Decimal,
    reference: str | None,
    entry_reference: str | None,
    is_alone: bool,
    ordinal: int,
) -> BankRow:
    """One item; ``is_alone`` says that the entry's own texts, charges and amounts are its own."""
    said = detail or _NOTHING
    is_credit = entry.is_credit if amount == ZERO else amount > ZERO
    is_reversal = entry.is_reversal or said.is_return
    party = _counterparty(said, is_credit, is_reversal, statement)
    original = _other_currency(said.amounts, entry.currency)
    amounts = list(said.amounts.values())
    if is_alone:
        amounts += entry.amounts.values()
    charges = charged(said.charges, entry.currency, amount, amounts)
    text = said.remittance.text or said.information
    if is_alone:
        if original[0] is None:
            original = _other_currency(entry.amounts, entry.currency)
        if charges is None:
            charges = charged(entry.charges, entry.currency, amount, amounts)
        text = text or entry.information
    return BankRow(
        account_id=statement.account_id or "",
        bank_reference=reference,
        booking_date=entry.booking_date,
        amount=amount,
        currency=entry.currency,
        ordinal=ordinal,
        value_date=entry.value_date,
        counterparty_name=party.name,
        counterparty_account=party.account,
        remittance_information=text,
        end_to_end_id=said.end_to_end_id,
        bank_transaction_code=said.code or entry.code,
        statement_id=statement.identification,
        original_amount=original[0],
        original_currency=original[1],
        entry_reference=entry_reference,
        entry_amount=entry.amount,
        entry_source=statement.source,
        entry_status=entry.status,
        structured_reference=said.remittance.reference,
        charges_amount=charges,
        is_reversal=is_reversal,
        return_reason=said.return_reason,
        is_booking_date_assumed=entry.is_booking_date_assumed or None,
        referred_documents=said.remittance.documents,
    )


def _items(
    entry: Entry, details: Details, statement: Statement, unnamed: Counter[str], ordinal: int
) -> Iterator[BankRow]:
    """The items of one entry, numbered from ``ordinal``."""
    amount_of = find_split(entry, details)
    if amount_of is None:
        yield _item(
            entry,
            merged(details),
            statement,
            amount=entry.amount,
            reference=entry.reference,
            entry_reference=entry.reference,
            is_alone=True,
            ordinal=ordinal,
        )
        return
    entry_reference = entry.reference or _made_reference(entry, details, statement, unnamed)
    for position, detail in enumerate(details, start=1):
        reference = detail.reference
        if reference is None and entry.reference is not None:
            reference = f"{entry.reference}#{position}"
        yield _item(
            entry,
            detail,
            statement,
            amount=amount_of(detail),
            reference=reference,
            entry_reference=entry_reference,
            is_alone=len(details) == 1,
            ordinal=ordinal + position - 1,
        )


def _made_reference(
    entry: Entry, details: Details, statement: Statement, unnamed: Counter[str]
) -> str:
    """A key for the details of an entry without reference, the same in every file that has it."""
    head = [
        statement.account_id or "",
        str(entry.booking_date),
        str(entry.value_date or ""),
        str(entry.amount.normalize(EXACT)),
        entry.currency,
        entry.code or "",
    ]
    key = fingerprint(chain(head, (part for detail in details for part in detail.parts())))
    unnamed[key] += 1
    return f"e{key}-{unnamed[key]}"


# --- the file ----------------------------------------------------------------------------------


class _Guarded:
    """The bytes for the XML parser, with caps on nesting and on XML that frees no memory."""

    def __init__(self, content: io.BufferedReader, limits: Limits) -> None:
        self._content = content
        self._limits = limits
        self._gap = 0

    def read(self, size: int) -> bytes:
        """The next bytes; raises :class:`BankFileError` when no entry ends for too long."""
        data = self._content.read(size)
        self._gap += len(data)
        if self._gap > self._limits.max_gap:
            raise BankFileError(
                f"{self._limits.max_gap} bytes of XML hold no entry and no detail: this is no bank "
                "statement. Fetch the file again."
            )
        return data

    def freed(self) -> None:
        """An entry or a detail ended and its XML was freed."""
        self._gap = 0

    def check_depth(self, element: Any) -> None:
        """Refuse elements nested deeper than any statement's."""
        depth = sum(1 for _ in element.iterancestors())
        if depth > self._limits.max_depth:
            raise BankFileError(
                f"elements are nested deeper than {self._limits.max_depth}: no bank statement is.",
                element.sourceline,
            )


def read_camt(
    content: io.BufferedReader, statements: list[StatementControl], limits: Limits
) -> Iterator[BankRow | BankReject]:
    """Stream the items of a camt.053 or camt.054; fills ``statements`` on the way.

    Raises :class:`BankFileError` while iterating when the XML is not well-formed, carries a DTD,
    or holds an intraday report (camt.052) or no statement at all.
    """
    guarded = _Guarded(content, limits)
    events = etree.iterparse(
        guarded,
        events=("start", "end"),
        tag=["{*}" + name for name in (*_STATEMENT_TAGS, "Rpt", "Ntry", "TxDtls")],
        load_dtd=False,
        no_network=True,
        resolve_entities=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        yield from _read_events(events, statements, guarded)
    except etree.XMLSyntaxError as error:
        raise BankFileError(
            f"the XML is not well-formed ({error.msg}): the file was cut off or damaged on its "
            "way, or is no camt message. Fetch it again and land the complete file.",
            error.lineno or None,
        ) from error


def _read_events(
    events: Any, statements: list[StatementControl], guarded: _Guarded
) -> Iterator[BankRow | BankReject]:
    ordinal = 0
    unnamed: Counter[str] = Counter()
    details = Details()
    unread: list[Problem] = []
    statement: Statement | None = None
    head: Any = None
    last_entry: Any = None
    last_detail: Any = None
    has_statement = False
    for event, element in events:
        name = local_name(element.tag)
        if event == "start":
            if not has_statement and element.getroottree().docinfo.doctype:
                raise BankFileError(DOCTYPE_REASON)
            guarded.check_depth(element)
            if name == "Rpt":
                raise BankFileError(INTRADAY_REASON, element.sourceline)
            if name in _STATEMENT_TAGS:
                statement, head, has_statement = None, element, True
            continue
        guarded.freed()
        if name == "TxDtls":
            details.append(read_detail(element, unread))
            element.clear()
            if last_detail is not None and last_detail.getparent() is element.getparent():
                element.getparent().remove(last_detail)
            last_detail = element
        elif name == "Ntry" and head is not None:
            statement = statement or _statement(head)
            try:
                entry = read_entry(element, statement, unread)
            except Problem as problem:
                ordinal += 1
                statement.is_whole = False
                reference = reference_of_entry(element, statement)
                yield problem.as_reject(ordinal, statement.account_id, reference)
            else:
                statement.add(entry)
                for row in _items(entry, details, statement, unnamed, ordinal + 1):
                    ordinal = row.ordinal
                    yield row
                named = f"entry {entry.reference}" if entry.reference else "entry"
                for beside in unread:
                    ordinal += 1
                    beside.reason += f" The {named} is loaded, without this amount."
                    # Without the item's key: that the item loads does not make good for it.
                    yield beside.as_reject(ordinal)
            details.clear()
            unread.clear()
            element.clear()
            if last_entry is not None and last_entry.getparent() is head:
                head.remove(last_entry)
            last_entry, last_detail = element, None
        elif name in _STATEMENT_TAGS:
            statement = statement or _statement(head)
            control = statement.control(element)
            for unreadable in statement.problems:
                ordinal += 1
                yield unreadable.as_reject(ordinal)
            statements.append(control)
            element.clear()
            statement, head, last_entry = None, None, None
    if not has_statement:
        raise BankFileError(
            "the message holds no statement (Stmt) or notification (Ntfctn): there is nothing to "
            "load. Ask the bank for the complete camt.053."
        )


def _statement(head: Any) -> Statement:
    name = local_name(head.tag)
    return Statement(head, "statement" if name == "Stmt" else "notification")


DOCTYPE_REASON = (
    "the XML carries a document type declaration (DOCTYPE). No bank message does, and it can make "
    "a reader fetch files or fill the memory. Remove it, or ask the bank for a clean file."
)
INTRADAY_REASON = (
    "this is a camt.052, an intraday account report: its entries are not final and come again in "
    "the statement. Land the camt.053 of the day instead."
)
