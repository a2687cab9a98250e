"""ISO 20022 camt.053 (statement) and camt.054 (debit and credit notification), all versions.

One tolerant reader: elements are told by their local name, so the version, a wrong namespace and
an envelope around the message do not matter. The file is streamed: a detail is reduced to a small
record when it ends and its XML is freed, an entry becomes items when it ends.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from orchestration.ingest.bank.model import (
    BankFileError,
    BankReject,
    BankRow,
    EntrySource,
    EntryStatus,
    ReferredDocument,
    StatementControl,
)
from orchestration.ingest.bank.source import Limits
from orchestration.ingest.bank.values import (
    EXACT,
    ZERO,
    Problem,
    Twins,
    account_number,
    currency_code,
    exact_sum,
    fingerprint,
    iso_date,
    joined,
    plain_amount,
    provided,
    tidy,
)

_STATEMENT_TAGS = ("Stmt", "Ntfctn")
_SIGNS = {"CRDT": 1, "DBIT": -1}
# Where a detail states its amount, in the order they are believed.
_AMOUNT_KINDS = ("Amt", "TxAmt", "CntrValAmt", "InstdAmt")
_OPENING = ("OPBD", "PRCD")
_STATUSES: dict[str, EntryStatus] = {
    "BOOK": "BOOK",
    "PDNG": "PDNG",
    "INFO": "INFO",
    "FUTR": "PDNG",  # since version 8: will be booked on a later day
}


# --- reading elements by local name -----------------------------------------------------------


def _children(element: Any, name: str) -> Iterator[Any]:
    return element.iterchildren("{*}" + name)  # type: ignore[no-any-return]


def _find(element: Any, *path: str) -> Any:
    for name in path:
        if element is None:
            return None
        element = next(_children(element, name), None)
    return element


def _text(element: Any, *path: str) -> str | None:
    found = _find(element, *path)
    return None if found is None else tidy(found.text)


def _code_or_text(element: Any) -> str | None:
    """A code given as ``Cd`` or ``Prtry`` (itself a text or an ``Id``/``Cd``), or as plain text."""
    if element is None:
        return None
    return (
        _text(element, "Cd")
        or _text(element, "Prtry")
        or _text(element, "Prtry", "Cd")
        or _text(element, "Prtry", "Id")
        or tidy(element.text)
    )


def _choice(element: Any) -> str | None:
    """The code of a ``Tp`` that may or may not wrap it in ``CdOrPrtry``."""
    wrapped = _find(element, "CdOrPrtry")
    return _code_or_text(element if wrapped is None else wrapped)


def _dated(element: Any, where: str, column: str) -> date | None:
    """The stated date of a choice of ``Dt`` and ``DtTm``; None when the element is absent."""
    if element is None:
        return None
    text = _text(element, "Dt") or _text(element, "DtTm") or tidy(element.text)
    return None if text is None else iso_date(text, where, column)


# --- what an entry and its details say ---------------------------------------------------------


@dataclass(slots=True)
class _Party:
    name: str | None = None
    account: str | None = None


@dataclass(slots=True)
class _Remittance:
    text: str | None = None
    reference: str | None = None
    documents: list[ReferredDocument] = field(default_factory=list)


@dataclass(slots=True)
class _Detail:
    """What one ``TxDtls`` says, freed from its XML."""

    reference: str | None
    sign: int | None
    amounts: dict[str, tuple[Decimal, str]]
    charges: list[tuple[Decimal, str]]
    debtor: _Party
    creditor: _Party
    remittance: _Remittance
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
class _Entry:
    reference: str | None
    amount: Decimal
    currency: str
    is_credit: bool
    status: EntryStatus | None
    booking_date: date
    value_date: date | None
    code: str | None
    is_reversal: bool
    charges: list[tuple[Decimal, str]]
    amounts: dict[str, tuple[Decimal, str]]
    information: str | None


@dataclass(slots=True)
class _Balance:
    code: str
    amount: Decimal
    currency: str | None
    day: date | None


class _Statement:
    """The head of a statement or notification, and its running control totals."""

    def __init__(self, element: Any, source: EntrySource) -> None:
        self.source = source
        self.identification = _text(element, "Id")
        account = _find(element, "Acct", "Id")
        self.account_id = account_number(
            _text(account, "IBAN") or _text(account, "Othr", "Id") or _text(account, "PrtryAcct")
        )
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
        self.twins = Twins()

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

    def add(self, entry: _Entry) -> None:
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


def _amounts(element: Any) -> dict[str, tuple[Decimal, str]]:
    """Every readable amount of an entry or detail with its currency, by where it is stated."""
    stated = {"Amt": _find(element, "Amt")}
    for kind in _AMOUNT_KINDS[1:]:
        stated[kind] = _find(element, "AmtDtls", kind, "Amt")
    found = {}
    for kind, amount in stated.items():
        if amount is not None and amount.get("Ccy"):
            try:
                found[kind] = (plain_amount(amount.text, kind), amount.get("Ccy").strip().upper())
            except Problem:
                continue
    return found


def _charges(element: Any) -> list[tuple[Decimal, str]]:
    """Charges signed like a movement (a charge is negative), in both layouts of the standard."""
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
            try:
                number = plain_amount(amount.text, "charges")
            except Problem:
                continue
            if _text(record, "CdtDbtInd") != "CRDT":
                number = number.copy_negate()
            found.append((number, (amount.get("Ccy") or "").strip().upper()))
    return found


def _party(parties: Any, role: str) -> _Party:
    """Name and account of one side: the party itself, else the ultimate party behind it."""
    if parties is None:
        return _Party()
    name = None
    for candidate in (role, "Ultmt" + role):
        party = _find(parties, candidate)
        name = (
            _text(party, "Nm")
            or _text(party, "Pty", "Nm")
            or _text(party, "Agt", "FinInstnId", "Nm")
        )
        if name:
            break
    account = _find(parties, role + "Acct", "Id")
    number = (
        _text(account, "IBAN") or _text(account, "Othr", "Id") or _text(account, "PrtryAcct", "Id")
    )
    return _Party(name, account_number(number))


def _referred_amount(strd: Any, kind: str | None) -> tuple[Decimal | None, Decimal | None]:
    """The amount a structured remittance states for its document, and the discount taken."""
    stated = _find(strd, "RfrdDocAmt")
    if stated is None:
        return None, None

    def read(name: str) -> Decimal | None:
        text = _text(stated, name) or _text(stated, name, "Amt")
        try:
            return None if text is None else plain_amount(text, name)
        except Problem:
            return None

    credit_note, discount = read("CdtNoteAmt"), read("DscntApldAmt")
    for name in ("RmtdAmt", "CdtNoteAmt", "DuePyblAmt"):
        amount = read(name)
        if amount is not None:
            is_credit = name == "CdtNoteAmt" or kind == "CREN"
            return (amount.copy_abs().copy_negate() if is_credit else amount), discount
    return credit_note, discount


def _remittance(element: Any) -> _Remittance:
    """Free text, the creditor reference and the referred documents of a ``RmtInf``."""
    found = _Remittance()
    if element is None:
        return found
    texts = [_text(line) for line in _children(element, "Ustrd")]
    blocks = list(_children(element, "Strd"))
    for strd in blocks:
        reference = provided(
            _text(strd, "CdtrRefInf", "Ref") or _text(strd, "CdtrRefInf", "CdtrRef")
        )
        reference_kind = _choice(_find(strd, "CdtrRefInf", "Tp"))
        documents = [
            (number, _choice(_find(document, "Tp")))
            for document in _children(strd, "RfrdDocInf")
            if (number := provided(_text(document, "Nb") or _text(document, "RfrdDocNb")))
        ]
        # One payment of several references with amounts: the reference stands for the document.
        if not documents and reference and len(blocks) > 1:
            documents = [(reference, reference_kind)]
        for number, kind in documents:
            amount, discount = _referred_amount(strd, kind) if len(documents) == 1 else (None, None)
            found.documents.append(ReferredDocument(number, amount, kind, discount))
        found.reference = found.reference or reference
        texts.extend(_text(line) for line in _children(strd, "AddtlRmtInf"))
    found.text = " ".join(text for text in texts if text) or None
    return found


def _bank_transaction_code(element: Any) -> str | None:
    """``PMNT-RCDT-ESCT`` (domain, family, sub-family), else the bank's proprietary code."""
    code = _find(element, "BkTxCd")
    parts = (
        _text(code, "Domn", "Cd"),
        _text(code, "Domn", "Fmly", "Cd"),
        _text(code, "Domn", "Fmly", "SubFmlyCd"),
    )
    return "-".join(part for part in parts if part) or _text(code, "Prtry", "Cd")


def _detail(element: Any) -> _Detail:
    returned = _find(element, "RtrInf")
    reason = _code_or_text(_find(returned, "Rsn"))
    more = [_text(line) for line in _children(returned, "AddtlInf")] if returned is not None else []
    parties = _find(element, "RltdPties")
    return _Detail(
        reference=provided(_text(element, "Refs", "AcctSvcrRef")),
        sign=_SIGNS.get(_text(element, "CdtDbtInd") or ""),
        amounts=_amounts(element),
        charges=_charges(element),
        debtor=_party(parties, "Dbtr"),
        creditor=_party(parties, "Cdtr"),
        remittance=_remittance(_find(element, "RmtInf")),
        information=_text(element, "AddtlTxInf"),
        end_to_end_id=provided(_text(element, "Refs", "EndToEndId")),
        code=_bank_transaction_code(element),
        is_return=returned is not None,
        return_reason=": ".join(t for t in (reason, " ".join(m for m in more if m)) if t) or None,
    )


def _status(element: Any, source: EntrySource) -> EntryStatus | None:
    status = _find(element, "Sts")
    text = _code_or_text(status)
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


def _entry(element: Any, statement: _Statement) -> _Entry:
    """Read an entry; raises :class:`Problem` when it cannot be an item."""
    where = "Ntry"
    if statement.account_id is None:
        raise Problem(
            "account_id",
            None,
            "Stmt/Acct/Id: the statement names no account (IBAN or Othr/Id), so its entries belong "
            "nowhere. Ask the bank for a corrected file.",
        )
    stated = _find(element, "Amt")
    amount = plain_amount(_text(stated), f"{where}/Amt")
    indicator = _text(element, "CdtDbtInd")
    if indicator not in _SIGNS:
        raise Problem(
            "amount",
            indicator,
            f"{where}/CdtDbtInd: {indicator!r} is neither CRDT nor DBIT, so the amount has no "
            "direction. Ask the bank for a corrected file.",
        )
    if amount < ZERO:
        raise Problem(
            "amount",
            _text(stated),
            f"{where}/Amt: a negative amount beside CdtDbtInd {indicator} has two directions. "
            "Ask the bank for a corrected file.",
        )
    currency = currency_code(stated.get("Ccy") or statement.currency, f"{where}/Amt/@Ccy")
    value_date = _dated(_find(element, "ValDt"), f"{where}/ValDt", "value_date")
    booking_date = _dated(_find(element, "BookgDt"), f"{where}/BookgDt", "booking_date")
    booking_date = booking_date or statement.booking_day(value_date)
    if booking_date is None:
        raise Problem(
            "booking_date",
            None,
            f"{where}/BookgDt: there is no booking date, and neither a value date nor a date of "
            "the statement to take instead. Ask the bank for a corrected file.",
        )
    reference = provided(_text(element, "AcctSvcrRef"))
    number = provided(_text(element, "NtryRef"))
    if reference is None and number is not None:
        reference = f"{statement.identification or ''}:{number}"
    return _Entry(
        reference=reference,
        amount=amount if indicator == "CRDT" else amount.copy_negate(),
        currency=currency,
        is_credit=indicator == "CRDT",
        status=_status(element, statement.source),
        booking_date=booking_date,
        value_date=value_date,
        code=_bank_transaction_code(element),
        is_reversal=(_text(element, "RvslInd") or "").lower() in ("true", "1"),
        charges=_charges(element),
        amounts=_amounts(element),
        information=_text(element, "AddtlNtryInf"),
    )


# --- from entries to items -----------------------------------------------------------------------


def split_amounts(entry: _Entry, details: list[_Detail]) -> list[Decimal] | None:
    """The signed amounts of the details when they sum to the entry, else None.

    Banks state a detail's amount in different places and its direction from either side, so each
    place in turn is tried, first with the details' own direction and then with the entry's; only
    a sum that is equal to the entry to the last digit is believed.
    """
    if not details:
        return None
    sign = 1 if entry.is_credit else -1

    def in_entry_currency(detail: _Detail, kinds: tuple[str, ...]) -> Decimal | None:
        for kind in kinds:
            amount, currency = detail.amounts.get(kind, (None, None))
            if amount is not None and currency == entry.currency:
                return amount
        return None

    for kinds in (_AMOUNT_KINDS, *((kind,) for kind in _AMOUNT_KINDS)):
        amounts: list[Decimal] = []
        for detail in details:
            amount = in_entry_currency(detail, kinds)
            if amount is None:
                break
            amounts.append(amount)
        if len(amounts) != len(details):
            continue
        for signs in ([detail.sign or sign for detail in details], [sign] * len(details)):
            signed = [a if s > 0 else a.copy_negate() for a, s in zip(amounts, signs, strict=True)]
            if exact_sum(signed) == entry.amount:
                return signed
    return None


def _other_currency(
    amounts: dict[str, tuple[Decimal, str]], currency: str
) -> tuple[Decimal | None, str | None]:
    for kind in ("InstdAmt", "TxAmt", "CntrValAmt", "Amt"):
        amount, other = amounts.get(kind, (None, None))
        if amount and other != currency:
            return amount.copy_abs(), other
    return None, None


def _counterparty(
    detail: _Detail, is_credit: bool, is_reversed: bool, statement: _Statement
) -> _Party:
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
        return other if other.account != statement.account_id else _Party(other.name)
    return one


def _charged(charges: list[tuple[Decimal, str]], currency: str) -> Decimal | None:
    own = [amount for amount, charged in charges if charged in ("", currency)]
    return exact_sum(own) if own else None


def _merged(details: list[_Detail]) -> _Detail | None:
    """The details of an entry that stays one item, as one: what they agree on, and all texts."""
    if len(details) <= 1:
        return details[0] if details else None

    def agreed(values: list[str | None]) -> str | None:
        return values[0] if len(set(values)) == 1 else None

    def side(parties: list[_Party]) -> _Party:
        return _Party(agreed([p.name for p in parties]), agreed([p.account for p in parties]))

    return _Detail(
        reference=None,
        sign=None,
        amounts={},
        charges=[charge for d in details for charge in d.charges],
        debtor=side([d.debtor for d in details]),
        creditor=side([d.creditor for d in details]),
        remittance=_Remittance(
            joined(*(d.remittance.text for d in details)),
            agreed([d.remittance.reference for d in details]),
            [document for d in details for document in d.remittance.documents],
        ),
        information=joined(*(d.information for d in details)),
        end_to_end_id=agreed([d.end_to_end_id for d in details]),
        code=agreed([d.code for d in details]),
        is_return=all(d.is_return for d in details),
        return_reason=agreed([d.return_reason for d in details]),
    )


_NOTHING = _Detail(
    None, None, {}, [], _Party(), _Party(), _Remittance(), None, None, None, False, None
)


def _item(
    entry: _Entry,
    detail: _Detail | None,
    statement: _Statement,
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
    charges = _charged(said.charges, entry.currency)
    text = said.remittance.text or said.information
    if is_alone:
        if original[0] is None:
            original = _other_currency(entry.amounts, entry.currency)
        if charges is None:
            charges = _charged(entry.charges, entry.currency)
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
        referred_documents=said.remittance.documents,
    )


def _items(
    entry: _Entry, details: list[_Detail], statement: _Statement, unnamed: Twins, ordinal: int
) -> Iterator[BankRow]:
    """The items of one entry, numbered from ``ordinal``."""
    amounts = split_amounts(entry, details)
    if amounts is None:
        yield statement.twins.told_apart(
            _item(
                entry,
                _merged(details),
                statement,
                amount=entry.amount,
                reference=entry.reference,
                entry_reference=entry.reference,
                is_alone=True,
                ordinal=ordinal,
            )
        )
        return
    entry_reference = entry.reference or _made_reference(entry, details, statement, unnamed)
    for position, (detail, amount) in enumerate(zip(details, amounts, strict=True), start=1):
        reference = detail.reference
        if reference is None and entry.reference is not None:
            reference = f"{entry.reference}#{position}"
        yield statement.twins.told_apart(
            _item(
                entry,
                detail,
                statement,
                amount=amount,
                reference=reference,
                entry_reference=entry_reference,
                is_alone=len(details) == 1,
                ordinal=ordinal + position - 1,
            )
        )


def _made_reference(
    entry: _Entry, details: list[_Detail], statement: _Statement, unnamed: Twins
) -> str:
    """A key for the details of an entry without reference, the same in every file that has it."""
    parts = [
        statement.account_id or "",
        str(entry.booking_date),
        str(entry.value_date or ""),
        str(entry.amount.normalize(EXACT)),
        entry.currency,
        entry.code or "",
        *(part for detail in details for part in detail.parts()),
    ]
    return f"e{fingerprint(parts)}-{unnamed.count(parts)}"


# --- the file --------------------------------------------------------------------------------------


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
    unnamed = Twins()
    details: list[_Detail] = []
    statement: _Statement | None = None
    head: Any = None
    read_entry: Any = None
    read_detail: Any = None
    has_statement = False
    for event, element in events:
        name = element.tag.rpartition("}")[2]
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
            details.append(_detail(element))
            element.clear()
            if read_detail is not None and read_detail.getparent() is element.getparent():
                element.getparent().remove(read_detail)
            read_detail = element
        elif name == "Ntry" and head is not None:
            statement = statement or _statement(head)
            try:
                entry = _entry(element, statement)
            except Problem as problem:
                ordinal += 1
                statement.is_whole = False
                yield problem.as_reject(ordinal)
            else:
                statement.add(entry)
                for row in _items(entry, details, statement, unnamed, ordinal + 1):
                    ordinal = row.ordinal
                    yield row
            details = []
            element.clear()
            if read_entry is not None and read_entry.getparent() is head:
                head.remove(read_entry)
            read_entry, read_detail = element, None
        elif name in _STATEMENT_TAGS:
            statement = statement or _statement(head)
            control = statement.control(element)
            for unreadable in statement.problems:
                ordinal += 1
                yield unreadable.as_reject(ordinal)
            statements.append(control)
            element.clear()
            statement, head, read_entry = None, None, None
    if not has_statement:
        raise BankFileError(
            "the message holds no statement (Stmt) or notification (Ntfctn): there is nothing to "
            "load. Ask the bank for the complete camt.053."
        )


def _statement(head: Any) -> _Statement:
    name = head.tag.rpartition("}")[2]
    return _Statement(head, "statement" if name == "Stmt" else "notification")


DOCTYPE_REASON = (
    "the XML carries a document type declaration (DOCTYPE). No bank message does, and it can make "
    "a reader fetch files or fill the memory. Remove it, or ask the bank for a clean file."
)
INTRADAY_REASON = (
    "this is a camt.052, an intraday account report: its entries are not final and come again in "
    "the statement. Land the camt.053 of the day instead."
)
