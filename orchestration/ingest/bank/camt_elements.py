"""What the elements of a camt message say: statements, entries, details.

Elements are told by their local name, in every version of the standard. What is read is reduced to
small records that keep no XML alive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from orchestration.ingest.bank.model import (
    EntrySource,
    EntryStatus,
    ReferredDocument,
    StatementControl,
)
from orchestration.ingest.bank.values import (
    EXACT,
    ZERO,
    Problem,
    account_number,
    currency_code,
    iso_date,
    plain_amount,
    provided,
    tidy,
)

SIGNS = {"CRDT": 1, "DBIT": -1}
# Where a detail states its amount, in the order they are believed.
AMOUNT_KINDS = ("Amt", "TxAmt", "CntrValAmt", "InstdAmt")
_OPENING = ("OPBD", "PRCD")
_STATUSES: dict[str, EntryStatus] = {
    "BOOK": "BOOK",
    "PDNG": "PDNG",
    "INFO": "INFO",
    "FUTR": "PDNG",  # since version 8: will be booked on a later day
}

_YES_OR_NO = {"true": True, "1": True, "false": False, "0": False}

# An amount and its currency.
Money = tuple[Decimal, str]


@dataclass(frozen=True, slots=True)
class Charge:
    """Signed like a movement; ``is_included`` None where the bank does not say it."""

    amount: Decimal
    currency: str
    is_included: bool | None = None


# --- reading elements by local name -----------------------------------------------------------


@lru_cache(maxsize=1024)
def local_name(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition("}")[2]


def _parts(element: Any) -> dict[str, Any]:
    """The first child of each name; looking children up one by one costs ten times as much."""
    found: dict[str, Any] = {}
    if element is not None:
        for child in element:
            found.setdefault(local_name(child.tag), child)
    return found


def _children(element: Any, name: str) -> Iterator[Any]:
    yield from element.iterchildren("{*}" + name)


def _find(element: Any, *path: str) -> Any:
    for name in path:
        if element is None:
            return None
        element = next(_children(element, name), None)
    return element


def _text(element: Any, *path: str) -> str | None:
    found = _find(element, *path) if path else element
    return None if found is None else tidy(found.text)


def _code_or_text(element: Any) -> str | None:
    """A code given as ``Cd`` or ``Prtry`` (itself a text or an ``Id``/``Cd``), or as plain text."""
    parts = _parts(element)
    if not parts:
        return _text(element)
    own = parts.get("Prtry")
    return _text(parts.get("Cd")) or _text(own) or _text(own, "Cd") or _text(own, "Id")


def _choice(element: Any) -> str | None:
    """The code of a ``Tp`` that may or may not wrap it in ``CdOrPrtry``."""
    wrapped = _find(element, "CdOrPrtry")
    return _code_or_text(element if wrapped is None else wrapped)


def _dated(element: Any, where: str, column: str) -> date | None:
    """The stated date of a choice of ``Dt`` and ``DtTm``; None when the element is absent."""
    if element is None:
        return None
    parts = _parts(element)
    text = _text(parts.get("Dt")) or _text(parts.get("DtTm")) or _text(element)
    return None if text is None else iso_date(text, where, column)


# --- what an entry and its details say ---------------------------------------------------------


@dataclass(slots=True)
class Party:
    """One side of a movement."""

    name: str | None = None
    account: str | None = None


@dataclass(slots=True)
class Remittance:
    """Free text, the structured reference, and the documents the payer refers to."""

    text: str | None = None
    reference: str | None = None
    documents: list[ReferredDocument] = field(default_factory=list)


@dataclass(slots=True)
class Detail:
    """What one ``TxDtls`` says, freed from its XML."""

    reference: str | None
    sign: int | None
    amounts: dict[str, Money]
    charges: list[Charge]
    debtor: Party
    creditor: Party
    remittance: Remittance
    information: str | None
    end_to_end_id: str | None
    code: str | None
    is_return: bool
    return_reason: str | None

    def parts(self) -> tuple[str, ...]:
        """Its content as text, to make a key of an entry that has no reference."""
        amount, currency = self.amounts.get("Amt") or self.amounts.get("TxAmt") or (ZERO, "")
        return (
            self.reference or "",
            str(amount.normalize(EXACT)),
            currency,
            str(self.sign or ""),
            self.end_to_end_id or "",
            self.debtor.name or "",
            self.creditor.name or "",
            self.remittance.text or "",
        )


@dataclass(slots=True)
class Entry:
    """What one ``Ntry`` says beside its details."""

    reference: str | None
    amount: Decimal
    currency: str
    is_credit: bool
    status: EntryStatus | None
    booking_date: date
    is_booking_date_assumed: bool
    value_date: date | None
    code: str | None
    is_reversal: bool
    charges: list[Charge]
    amounts: dict[str, Money]
    information: str | None


@dataclass(slots=True)
class _Balance:
    code: str
    amount: Decimal
    currency: str | None
    day: date | None


class Statement:
    """The head of a statement or notification, and its running control totals."""

    def __init__(self, element: Any, source: EntrySource) -> None:
        self.source = source
        self.identification = _text(element, "Id")
        self.account_id = _account(_find(element, "Acct", "Id"))
        self.owner = _text(element, "Acct", "Ownr", "Nm")
        self.currency = _text(element, "Acct", "Ccy")
        self.created = _text(element, "CreDtTm") or _created_of_message(element)
        self.period = _find(element, "FrToDt")
        self.balances: list[_Balance] = []
        self.problems: list[Problem] = []
        self._read_balances(element)
        self.total = ZERO
        self.currencies: set[str] = set()
        self.is_whole = True

    def _read_balances(self, element: Any) -> None:
        """Take all balances stated so far; some banks state the closing one after the entries."""
        self.balances, self.problems = [], []
        for balance in _children(element, "Bal"):
            self._add_balance(balance)

    def _add_balance(self, element: Any) -> None:
        code = _choice(_find(element, "Tp")) or ""
        if code not in (*_OPENING, "CLBD", "ITBD"):
            return
        amount = _find(element, "Amt")
        try:
            number = plain_amount(_text(element, "Amt"), f"balance {code}", "closing_balance")
            day = _dated(_find(element, "Dt"), f"balance {code}", "closing_balance")
        except Problem as problem:
            problem.reason += " The entries are loaded; the statement's total is not checked."
            self.problems.append(problem)
            return
        if _text(element, "CdtDbtInd") == "DBIT":
            number = number.copy_negate()
        self.balances.append(_Balance(code, number, amount.get("Ccy"), day))

    def _balance(self, codes: tuple[str, ...], last: bool = False) -> _Balance | None:
        for code in codes:
            found = [
                b
                for b in self.balances
                if b.code == code and self.currency in (None, b.currency, "")
            ] or [b for b in self.balances if b.code == code]
            if found:
                return found[-1 if last else 0]
        return None

    def opening(self) -> _Balance | None:
        """The opening balance; on a later page of a statement its first intermediate one."""
        return self._balance((*_OPENING, "ITBD"))

    def closing(self) -> _Balance | None:
        """The closing balance; on an earlier page of a statement its last intermediate one."""
        found = self._balance(("CLBD",)) or self._balance(("ITBD",), last=True)
        return None if found is self.opening() else found

    def days(self) -> tuple[date | None, date | None]:
        """The first and last day of the statement, as stated or by its balances."""

        def stated(*names: str) -> date | None:
            for name in names:
                text = _text(self.period, name)
                if text:
                    try:
                        return iso_date(text, name, "from_date")
                    except Problem:
                        return None
            return None

        opening, closing = self.opening(), self.closing()
        return (
            stated("FrDtTm", "FrDt") or (opening.day if opening else None),
            stated("ToDtTm", "ToDt") or (closing.day if closing else None),
        )

    def booking_day(self, value_date: date | None) -> date | None:
        """The day an entry without booking date was booked on.

        A closing balance speaks for its day: all entries of a statement of one day are of that
        day. Else the value date, the end of the period, or the day the message was made.
        """
        opening, closing = self.opening(), self.closing()
        if opening and closing and opening.code == "OPBD" and opening.day == closing.day:
            return closing.day
        if value_date:
            return value_date
        last = self.days()[1]
        if last is None and self.created:
            try:
                last = iso_date(self.created, "CreDtTm", "booking_date")
            except Problem:
                return None
        return last

    def add(self, entry: Entry) -> None:
        """Count a booked entry."""
        if entry.status in (None, "BOOK"):
            self.total = EXACT.add(self.total, entry.amount)
            self.currencies.add(entry.currency)

    def control(self, element: Any) -> StatementControl:
        """The control totals, once all entries were read. ``element`` may hold late balances."""
        self._read_balances(element)
        opening, closing = self.opening(), self.closing()
        currency = self.currency or (closing.currency if closing else None)
        currency = currency or (opening.currency if opening else None)
        ok: bool | None = None
        if opening and closing:
            currency = closing.currency or currency
            same = {opening.currency or currency, currency, *self.currencies} == {currency}
            ok = same and self.is_whole and EXACT.add(opening.amount, self.total) == closing.amount
        from_date, to_date = self.days()
        return StatementControl(
            account_id=self.account_id or "",
            statement_id=self.identification,
            currency=currency or next(iter(sorted(self.currencies)), None),
            opening_balance=opening.amount if opening else None,
            entries_total=self.total,
            closing_balance=closing.amount if closing else None,
            ok=ok,
            from_date=from_date,
            to_date=to_date,
        )


def _created_of_message(element: Any) -> str | None:
    message = element.getparent()
    return None if message is None else _text(message, "GrpHdr", "CreDtTm")


def _readable(text: str | None, where: str, column: str, unread: list[Problem]) -> Decimal | None:
    """An amount beside the one that is booked; one that is no number is added to ``unread``."""
    if tidy(text) is None:
        return None
    try:
        return plain_amount(text, where, column)
    except Problem as problem:
        unread.append(problem.with_traceback(None))  # A traceback keeps the XML alive.
        return None


def _amounts(parts: dict[str, Any], where: str, unread: list[Problem]) -> dict[str, Money]:
    """Every readable amount of an entry or detail with its currency, by where it is stated."""
    stated = {"Amt": parts.get("Amt")}
    for kind, wrapper in _parts(parts.get("AmtDtls")).items():
        if kind in AMOUNT_KINDS:
            stated[kind] = _find(wrapper, "Amt")
    found = {}
    for kind, amount in stated.items():
        if amount is not None and amount.get("Ccy"):
            place = "Amt" if kind == "Amt" else f"AmtDtls/{kind}/Amt"
            column = "amount" if kind == "Amt" else "original_amount"
            number = _readable(amount.text, f"{where}/{place}", column, unread)
            if number is not None:
                found[kind] = (number, amount.get("Ccy").strip().upper())
    return found


def _charges(element: Any, where: str, unread: list[Problem]) -> list[Charge]:
    """Charges (negative) and what is given back of them, in both layouts of the standard."""
    found = []
    for charges in _children(element, "Chrgs"):
        records = list(_children(charges, "Rcrd"))
        total = _find(charges, "TtlChrgsAndTaxAmt")
        for record in records or [charges]:
            amount = _find(record, "Amt")
            if amount is None and not records:
                amount = total
            if amount is None:
                continue
            number = _readable(amount.text, f"{where}/Chrgs", "charges_amount", unread)
            if number is None:
                continue
            if _text(record, "CdtDbtInd") != "CRDT":
                number = number.copy_negate()
            found.append(
                Charge(
                    number,
                    (amount.get("Ccy") or "").strip().upper(),
                    _YES_OR_NO.get((_text(record, "ChrgInclInd") or "").lower()),
                )
            )
    return found


def _party(parties: dict[str, Any], role: str) -> Party:
    """Name and account of one side: the party itself, else the ultimate party behind it."""
    name = None
    for candidate in (role, "Ultmt" + role):
        if candidate in parties:
            party = _parts(parties[candidate])
            name = (
                _text(party.get("Nm"))
                or _text(party.get("Pty"), "Nm")
                or _text(party.get("Agt"), "FinInstnId", "Nm")
            )
            if name:
                break
    return Party(name, _account(_find(parties.get(role + "Acct"), "Id")))


def _account(element: Any) -> str | None:
    """The IBAN, else another number, of an account's ``Id``."""
    parts = _parts(element)
    own = parts.get("PrtryAcct")
    return account_number(
        _text(parts.get("IBAN")) or _text(parts.get("Othr"), "Id") or _text(own, "Id")
    )


def _referred_amount(
    strd: Any, number: str, kind: str | None, unread: list[Problem]
) -> tuple[Decimal | None, Decimal | None]:
    """The amount a structured remittance states for its document, and the discount taken."""
    stated = _find(strd, "RfrdDocAmt")
    if stated is None:
        return None, None

    def read(name: str) -> Decimal | None:
        column = "discount_amount" if name == "DscntApldAmt" else "amount"
        where = f"TxDtls/RmtInf/Strd/RfrdDocAmt/{name} of document {number}"
        return _readable(said(name), where, column, unread)

    def said(name: str) -> str | None:
        return _text(stated, name) or _text(stated, name, "Amt")

    # The first that is stated counts: what is due does not stand in for an unreadable payment.
    name = next((n for n in ("RmtdAmt", "CdtNoteAmt", "DuePyblAmt") if said(n)), "RmtdAmt")
    amount, discount = read(name), read("DscntApldAmt")
    if amount is not None and (name == "CdtNoteAmt" or kind == "CREN"):
        amount = amount.copy_abs().copy_negate()
    return amount, discount


def _remittance(element: Any, unread: list[Problem]) -> Remittance:
    """Free text, the creditor reference and the referred documents of a ``RmtInf``."""
    found = Remittance()
    if element is None:
        return found
    texts = [_text(line) for line in _children(element, "Ustrd")]
    blocks = list(_children(element, "Strd"))
    for strd in blocks:
        parts = _parts(strd)
        creditor = _parts(parts.get("CdtrRefInf"))
        reference = provided(_text(creditor.get("Ref")) or _text(creditor.get("CdtrRef")))
        documents = []
        if "RfrdDocInf" in parts:
            for document in _children(strd, "RfrdDocInf"):
                number = provided(_text(document, "Nb") or _text(document, "RfrdDocNb"))
                if number:
                    documents.append((number, _choice(_find(document, "Tp"))))
        # One payment of several references with amounts: the reference stands for the document.
        if not documents and reference and len(blocks) > 1:
            documents = [(reference, _choice(creditor.get("Tp")))]
        for number, kind in documents:
            amount, discount = None, None
            if len(documents) == 1:
                amount, discount = _referred_amount(strd, number, kind, unread)
            found.documents.append(ReferredDocument(number, amount, kind, discount))
        found.reference = found.reference or reference
        if "AddtlRmtInf" in parts:
            texts.extend(_text(line) for line in _children(strd, "AddtlRmtInf"))
    found.text = " ".join(text for text in texts if text) or None
    return found


def _bank_transaction_code(element: Any) -> str | None:
    """``PMNT-RCDT-ESCT`` (domain, family, sub-family), else the bank's proprietary code."""
    code = _parts(element)
    domain = _parts(code.get("Domn"))
    family = _parts(domain.get("Fmly"))
    parts = (_text(domain.get("Cd")), _text(family.get("Cd")), _text(family.get("SubFmlyCd")))
    return "-".join(part for part in parts if part) or _text(code.get("Prtry"), "Cd")


def read_detail(element: Any, unread: list[Problem]) -> Detail:
    """What a ``TxDtls`` says; unreadable amounts are left out and added to ``unread``.

    Without the detail's own amount its entry stays whole.
    """
    parts = _parts(element)
    references = _parts(parts.get("Refs"))
    parties = _parts(parts.get("RltdPties"))
    returned = parts.get("RtrInf")
    return_reason = None
    if returned is not None:
        reason = _code_or_text(_find(returned, "Rsn"))
        more = [_text(line) for line in _children(returned, "AddtlInf")]
        said = (reason, " ".join(text for text in more if text))
        return_reason = ": ".join(text for text in said if text) or None
    return Detail(
        reference=provided(_text(references.get("AcctSvcrRef"))),
        sign=SIGNS.get(_text(parts.get("CdtDbtInd")) or ""),
        amounts=_amounts(parts, "TxDtls", unread),
        charges=_charges(element, "TxDtls", unread) if "Chrgs" in parts else [],
        debtor=_party(parties, "Dbtr"),
        creditor=_party(parties, "Cdtr"),
        remittance=_remittance(parts.get("RmtInf"), unread),
        information=_text(parts.get("AddtlTxInf")),
        end_to_end_id=provided(_text(references.get("EndToEndId"))),
        code=_bank_transaction_code(parts.get("BkTxCd")),
        is_return=returned is not None,
        return_reason=return_reason,
    )


def _status(element: Any, source: EntrySource) -> EntryStatus | None:
    text = _code_or_text(element)
    if text is None:
        # A statement lists what is booked; a notification without a status promises nothing.
        return None if source == "statement" else "INFO"
    if text not in _STATUSES:
        raise Problem(
            "entry_status",
            text,
            f"Ntry/Sts: {text!r} is none of {', '.join(_STATUSES)}, so nobody can tell whether the "
            "entry is booked. Ask the bank for a corrected file.",
        )
    return _STATUSES[text]


def reference_of_entry(element: Any, statement: Statement) -> str | None:
    """The bank's reference of a ``Ntry``, else the statement's id and the number of the entry."""
    parts = _parts(element)
    reference = provided(_text(parts.get("AcctSvcrRef")))
    number = provided(_text(parts.get("NtryRef")))
    if reference is None and number is not None:
        reference = f"{statement.identification or ''}:{number}"
    return reference


def read_entry(element: Any, statement: Statement, unread: list[Problem]) -> Entry:
    """What a ``Ntry`` says; raises :class:`Problem` when it cannot be an item.

    Unreadable amounts beside its own are left out and added to ``unread``.
    """
    if statement.account_id is None:
        raise Problem(
            "account_id",
            None,
            "Stmt/Acct/Id: the statement names no account (IBAN or Othr/Id), so its entries belong "
            "nowhere. Ask the bank for a corrected file.",
        )
    parts = _parts(element)
    stated = parts.get("Amt")
    amount = plain_amount(_text(stated), "Ntry/Amt")
    indicator = _text(parts.get("CdtDbtInd"))
    if indicator not in SIGNS:
        raise Problem(
            "amount",
            indicator,
            f"Ntry/CdtDbtInd: {indicator!r} is neither CRDT nor DBIT, so the amount has no "
            "direction. Ask the bank for a corrected file.",
        )
    if amount < ZERO:
        raise Problem(
            "amount",
            _text(stated),
            f"Ntry/Amt: a negative amount beside CdtDbtInd {indicator} has two directions. "
            "Ask the bank for a corrected file.",
        )
    currency = currency_code(
        (stated.get("Ccy") if stated is not None else None) or statement.currency, "Ntry/Amt/@Ccy"
    )
    value_date = _dated(parts.get("ValDt"), "Ntry/ValDt", "value_date")
    stated_date = _dated(parts.get("BookgDt"), "Ntry/BookgDt", "booking_date")
    booking_date = stated_date or statement.booking_day(value_date)
    if booking_date is None:
        raise Problem(
            "booking_date",
            None,
            "Ntry/BookgDt: there is no booking date, and neither a value date nor a date of the "
            "statement to take instead. Ask the bank for a corrected file.",
        )
    return Entry(
        reference=reference_of_entry(element, statement),
        amount=amount if indicator == "CRDT" else amount.copy_negate(),
        currency=currency,
        is_credit=indicator == "CRDT",
        status=_status(parts.get("Sts"), statement.source),
        booking_date=booking_date,
        is_booking_date_assumed=stated_date is None,
        value_date=value_date,
        code=_bank_transaction_code(parts.get("BkTxCd")),
        is_reversal=(_text(parts.get("RvslInd")) or "").lower() in ("true", "1"),
        charges=_charges(element, "Ntry", unread) if "Chrgs" in parts else [],
        amounts=_amounts(parts, "Ntry", unread),
        information=_text(parts.get("AddtlNtryInf")),
    )
