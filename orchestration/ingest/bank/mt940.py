"""SWIFT MT940 (statement) and MT942 (interim report), as some thirty banks really write them.

An own reader instead of a library: the signs of reversals, the references and the details are
what reconciliation lives on, and the libraries lose some of them. Lines are grouped into fields,
fields into statements; an entry becomes an item when the next field after its details arrives.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from orchestration.ingest.bank.model import (
    BankFileError,
    BankReject,
    BankRow,
    StatementControl,
)
from orchestration.ingest.bank.source import Limits, text_lines
from orchestration.ingest.bank.values import (
    EXACT,
    ZERO,
    Problem,
    account_number,
    comma_amount,
    is_iban,
    joined,
    looks_like_iban,
    provided,
    short_date,
    tidy,
)

_FIELD = re.compile(r":(\d{2}[A-Z]?|NS):(.*)\Z", re.DOTALL)
# The SWIFT envelope around a message, and the lines that end one or announce the next.
_BLOCKS = re.compile(r"\{[1235]:(?:\{[^{}]*\}|[^{}])*\}|\{4:|-\}")
_ENDS = {"-", ":940:", ":942:"}
_ENTRY = re.compile(
    r"(?P<value>\d{6})(?P<entry>\d{4})?(?P<mark>R[DC]|E[DC]|[DC])(?P<funds>[A-Z])?\s?"
    r"(?P<amount>[\d.,]+) ?(?P<type>[A-Z][A-Z0-9 ]{3})?"
    r"(?P<customer>(?:(?!//).)*)(?://(?P<bank>.*))?\Z"
)
_BALANCE = re.compile(r"(?P<mark>[DC])(?P<day>\d{6})(?P<currency>[A-Z]{3})(?P<amount>[\d.,]+)\s*\Z")
_SUM = re.compile(r"(?P<count>\d*)(?P<currency>[A-Z]{3})(?P<amount>[\d.,]+)\s*\Z")
_FLOOR = re.compile(r"(?P<currency>[A-Z]{3})")


# --- details: field 86 -------------------------------------------------------------------------


@dataclass(slots=True)
class Details:
    """What field 86 says, whatever its structure."""

    remittance: str | None = None
    name: str | None = None
    account: str | None = None
    end_to_end_id: str | None = None
    structured_reference: str | None = None
    code: str | None = None
    is_return: bool = False
    return_reason: str | None = None
    original: tuple[Decimal, str] | None = None
    charges: Decimal | None = None


_SUBFIELDS = re.compile(r"(?P<code>\d{3})?(?P<mark>[?>~<^@])(?=\d\d)")
# Labels of the German banks inside the text of the subfields, and of the Dutch ones (slashes).
_SEPA = re.compile(
    r"(?:(?<=\s)|\A)"
    r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|PURP|BREF|RREF|RTRN|MTLG|IBAN|BIC)"
    r"(?:\+|(?<=MTLG):)"
)
_SLASHED = re.compile(
    r"/(EREF|REMI|NAME|IBAN|BIC|CNTP|BENM|ORDP|ISDT|CSID|MARF|TRTP|RTRN|PREF|IREF|PURP|ULTC|ULTD|"
    r"ULTB|ADDR|OCMT|CHGS|EXCH|SVCL|TRCD|KREF|ACCW|INIT|CREF|CITY)/"
)
_AMOUNT_WITH_CURRENCY = re.compile(r"([A-Z]{3})([\d.,]+)")
# German business transaction codes of returned direct debits and transfers.
_RETURN_CODES = {"108", "109", "159", "181", "182", "183", "184"}
_WRAP = 27  # characters of a subfield: a full one continues in the next without a space


def read_details(lines: list[str]) -> Details:
    """Read field 86 given as its lines.

    Structured by numbered subfields (``166?00...?20...``), by slashes (``/EREF/.../REMI/...``), or
    free text.
    """
    text = "".join(lines)
    start = _SUBFIELDS.match(text)
    if start:
        return _numbered(text, start)
    if _SLASHED.match(text):
        return _slashed(text)
    found = Details()
    _labelled(" ".join(lines).strip(), found)
    return found


def _numbered(text: str, start: re.Match[str]) -> Details:
    found = Details(code=start["code"])
    mark = start["mark"]
    subfields: dict[str, list[str]] = {}
    last = ""
    for part in text[start.start("mark") :].split(mark)[1:]:
        key, value = part[:2], part[2:]
        if not key.isdigit():  # the mark itself inside a text
            if last:
                subfields[last][-1] += mark + part
            continue
        last = key
        subfields.setdefault(key, []).append(value)
    texts = [
        value
        for key in sorted(subfields)
        if "20" <= key <= "29" or "60" <= key <= "63"
        for value in subfields[key]
    ]
    purpose = _unwrapped(texts)

    def one(*keys: str) -> str | None:
        return tidy(_unwrapped([value for key in keys for value in subfields.get(key, [])]))

    found.name = one("32", "33")
    found.account = account_number(one("38") or one("31"))
    if purpose:
        _labelled(purpose, found)
    else:
        found.remittance = one("00")
    if found.code in _RETURN_CODES:
        found.is_return = True
        found.return_reason = found.return_reason or one("34")
    return found


def _unwrapped(values: list[str]) -> str:
    """Subfields as one text: a full one goes on in the next, a shorter one is a line of its own."""
    text = previous = ""
    for value in values:
        is_wrapped = len(previous) >= _WRAP and not _SEPA.match(value)
        text += value if is_wrapped else " " + value
        previous = value
    return text.strip()


def _labelled(purpose: str, found: Details) -> None:
    """Take a purpose text apart by its SEPA labels; without any it is all remittance."""
    parts = _SEPA.split(purpose)
    labels = dict[str, list[str]]()
    for label, value in zip(parts[1::2], parts[2::2], strict=True):
        labels.setdefault(label, []).append(value)
    found.remittance = joined(parts[0], *labels.get("SVWZ", []), *labels.get("MTLG", []))
    found.end_to_end_id = provided(" ".join(labels.get("EREF", [])))
    found.name = found.name or tidy(" ".join(labels.get("ABWA", []) or labels.get("ABWE", [])))
    found.account = found.account or account_number("".join(labels.get("IBAN", [])))
    found.return_reason = tidy(" ".join(labels.get("RTRN", [])))
    found.is_return = found.return_reason is not None
    charges = tidy("".join(labels.get("COAM", [])))
    if charges and (amount := _readable(charges)) is not None:
        found.charges = amount.copy_abs().copy_negate()
    returned = tidy("".join(labels.get("OAMT", [])))
    if returned and (amount := _readable(returned)) is not None:
        found.original = (amount, "")


def _slashed(text: str) -> Details:
    found = Details()
    parts = _SLASHED.split(text)
    labels = dict[str, list[str]]()
    for label, value in zip(parts[1::2], parts[2::2], strict=True):
        labels.setdefault(label, []).append(value.strip("/"))

    def one(label: str) -> str | None:
        return tidy(" ".join(labels.get(label, [])))

    remittance = one("REMI")
    if remittance and (free := re.match(r"USTD//?(.*)\Z", remittance)):
        remittance = tidy(free[1])
    elif remittance and (strict_ := re.match(r"STRD/(?:(?:CUR|ISO)/)?(.*)\Z", remittance)):
        found.structured_reference, remittance = provided(strict_[1]), None
    found.remittance = joined(parts[0].strip("/"), remittance)
    found.end_to_end_id = provided(one("EREF"))
    found.name = one("NAME")
    counterparty = one("CNTP")
    if counterparty:  # account/BIC/name/city
        account, *more = counterparty.split("/")
        found.account = account_number(account)
        found.name = found.name or (tidy(more[1]) if len(more) > 1 else None)
    found.account = found.account or account_number(one("IBAN"))
    found.return_reason = one("RTRN")
    found.is_return = found.return_reason is not None
    _exchanged(text, found)
    return found


def _exchanged(text: str, found: Details) -> None:
    """Original amount (``/OCMT/``) and charges (``/CHGS/``)."""
    for label, value in re.findall(r"/(OCMT|CHGS)/([^/]+)", text):
        stated = _AMOUNT_WITH_CURRENCY.match(value)
        amount = _readable(stated[2]) if stated else None
        if stated is None or amount is None:
            continue
        if label == "OCMT":
            found.original = (amount, stated[1])
        else:
            found.charges = amount.copy_negate()


def _readable(text: str) -> Decimal | None:
    try:
        return comma_amount(text, "86")
    except Problem:
        return None


# --- statements ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _RawEntry:
    line: int
    text: list[str]
    details: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Balance:
    amount: Decimal
    currency: str
    day: date


class _Statement:
    """One message: its head, its balances, and the entries not yet handed over."""

    def __init__(self) -> None:
        self.reference: str | None = None
        self.number: str | None = None
        self.account_id: str | None = None
        self.opening: _Balance | None = None
        self.closing: _Balance | None = None
        self.currency: str | None = None
        self.is_interim = False
        self.sums: dict[str, Decimal] = {}
        self.credits = ZERO
        self.debits = ZERO
        self.total = ZERO
        self.is_whole = True
        self.has_entries = False
        self.waiting: list[_RawEntry] = []
        self.problems: list[Problem] = []

    @property
    def identification(self) -> str | None:
        return self.number or self.reference

    def is_statement(self) -> bool:
        """Whether there is anything in it but fragments."""
        has_balance = self.opening is not None or self.closing is not None
        return self.has_entries or (
            self.account_id is not None and (has_balance or self.is_interim)
        )

    def control(self) -> StatementControl:
        ok: bool | None = None
        if self.opening and self.closing:
            ok = (
                self.is_whole
                and self.opening.currency == self.closing.currency
                and EXACT.add(self.opening.amount, self.total) == self.closing.amount
            )
        elif self.sums:
            ok = (
                self.is_whole
                and self.sums.get("90C", self.credits) == self.credits
                and self.sums.get("90D", self.debits) == self.debits
            )
        return StatementControl(
            account_id=self.account_id or "",
            statement_id=self.identification,
            currency=self.currency,
            opening_balance=self.opening.amount if self.opening else None,
            entries_total=self.total,
            closing_balance=self.closing.amount if self.closing else None,
            ok=ok,
            from_date=self.opening.day if self.opening else None,
            to_date=self.closing.day if self.closing else None,
        )


def _balance(text: str, tag: str) -> _Balance:
    found = _BALANCE.match(text)
    if not found:
        raise Problem(
            "opening_balance" if tag.startswith("60") else "closing_balance",
            text,
            f":{tag}: {text!r} is not a balance; expected D or C, date, currency and amount, such "
            "as C240131EUR100,00. The entries are loaded; the statement's total is not checked.",
        )
    amount = comma_amount(found["amount"], f":{tag}:", "closing_balance")
    if found["mark"] == "D":
        amount = amount.copy_negate()
    return _Balance(amount, found["currency"], short_date(found["day"], f":{tag}:", "to_date"))


def _account(text: str) -> str | None:
    """The IBAN, else the account as given; an IBAN loses a bank code or currency around it."""
    number = account_number(text)
    if number is None:
        return None
    for candidate in (number, number[:-3], number.rpartition("/")[2]):
        if is_iban(candidate.upper()):
            return candidate.upper()
    return number


def _entry_day(value: date, text: str | None) -> date:
    """The booking date: month and day, in the year that lies nearest to the value date."""
    if text is None:
        return value
    days = []
    for year in (value.year - 1, value.year, value.year + 1):
        try:
            days.append(date(year, int(text[:2]), int(text[2:])))
        except ValueError:
            continue
    if not days:
        raise Problem(
            "booking_date",
            text,
            f":61: entry date {text!r} is not a month and day (MMDD). "
            "Ask the bank for a corrected file.",
        )
    return min(days, key=lambda day: abs((day - value).days))


def _parsed(raw: _RawEntry) -> tuple[re.Match[str] | None, list[str]]:
    """The first line of an entry in its parts, None when it is no entry, and the other lines."""
    first = raw.text[0].rstrip()
    rest = [line for line in raw.text[1:] if line.strip()]
    found = _ENTRY.match(first)
    if found is None and rest:  # some banks break the line before the amount
        found, rest = _ENTRY.match((first + rest[0]).rstrip()), rest[1:]
    return found, rest


def _references(found: re.Match[str]) -> tuple[str | None, str | None]:
    """The entry's reference, and the name that an old Dutch layout has after it."""
    customer = (found["customer"] or "").strip()
    name = None
    if len(customer) > 16 and found["customer"][15] == " ":
        # A reference padded to 16 characters, then the name.
        customer, name = found["customer"][:16].strip(), tidy(found["customer"][16:])
    return provided((found["bank"] or "").strip()[:35]) or provided(customer), name


def _row(raw: _RawEntry, statement: _Statement, ordinal: int) -> BankRow:
    """One entry as an item; raises :class:`Problem` when it cannot be one."""
    found, rest = _parsed(raw)
    if found is None:
        first = raw.text[0].rstrip()
        raise Problem(
            "amount",
            first,
            f":61: {first!r} is not an entry; expected value date, entry date, D or C, amount and "
            "type, such as 2401310131C100,00NTRFNONREF. Ask the bank for a corrected file.",
        )
    if statement.account_id is None:
        raise Problem(
            "account_id",
            None,
            f":25: is missing before the entry of line {raw.line}, so it belongs to no account. "
            "Land the complete statement, from :20: on.",
        )
    if statement.currency is None:
        raise Problem(
            "currency",
            None,
            f":60F: is missing before the entry of line {raw.line}, and no other field names the "
            "currency. Land the complete statement, from :20: on.",
        )
    value_date = short_date(found["value"], ":61: value date", "value_date")
    booking_date = _entry_day(value_date, found["entry"])
    amount = comma_amount(found["amount"], ":61: amount")
    # RC undoes a credit, RD undoes a debit; EC and ED are expected, not booked.
    if found["mark"] in ("D", "RC", "ED"):
        amount = amount.copy_negate()
    reference, name_in_line = _references(found)
    details = read_details(raw.details)
    account, name = details.account, details.name or name_in_line
    supplement = tidy(" ".join(rest))
    if supplement:
        exchanged = Details()
        _exchanged(supplement, exchanged)
        details.original = details.original or exchanged.original
        details.charges = exchanged.charges if details.charges is None else details.charges
        if account is None and looks_like_iban(supplement):
            account, supplement = supplement, None
        elif exchanged.original or exchanged.charges:
            supplement = None
    original, charges = details.original, details.charges
    # Charges are part of the amount where it is the original amount less them.
    is_own = original is not None and original[1] in ("", statement.currency)
    if charges and not (
        original and is_own and EXACT.subtract(amount, charges).copy_abs() == original[0].copy_abs()
    ):
        charges = None
    if is_own:
        original = None
    kind = tidy(found["type"])
    return BankRow(
        account_id=statement.account_id,
        bank_reference=reference,
        booking_date=booking_date,
        amount=amount,
        currency=statement.currency,
        ordinal=ordinal,
        value_date=value_date,
        counterparty_name=name,
        counterparty_account=account,
        remittance_information=joined(details.remittance, supplement),
        end_to_end_id=details.end_to_end_id,
        bank_transaction_code="+".join(c for c in (kind, details.code) if c) or None,
        statement_id=statement.identification,
        original_amount=original[0] if original else None,
        original_currency=original[1] if original else None,
        entry_reference=reference,
        entry_amount=amount,
        entry_source="notification" if statement.is_interim else "statement",
        entry_status="PDNG" if statement.is_interim or found["mark"][0] == "E" else None,
        structured_reference=details.structured_reference,
        charges_amount=charges,
        is_reversal=found["mark"] in ("RC", "RD") or details.is_return or kind == "NRTI",
        return_reason=details.return_reason,
        is_booking_date_assumed=True if found["entry"] is None else None,
    )


# --- the file ----------------------------------------------------------------------------------


def _fields(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str, list[str]]]:
    """Fields as line, tag and lines of text; an empty tag marks the end of a message."""
    current: tuple[int, str, list[str]] | None = None
    for number, raw in lines:
        line = raw.strip("\x00\x01\x03\x1a\ufeff")
        ends = "-}" in line or line.strip() in _ENDS
        if ends or "{" in line:
            line = _BLOCKS.sub("", line)
        found = _FIELD.match(line.lstrip())
        if found:
            if current:
                yield current
            current = (number, found[1], [found[2]])
        elif current and not ends and line.strip():
            current[2].append(line)
        if ends:
            if current:
                yield current
            current = None
            yield number, "", []
    if current:
        yield current


def read_mt940(
    content: io.BufferedReader, statements: list[StatementControl], limits: Limits
) -> Iterator[BankRow | BankReject]:
    """Stream the items of an MT940 or MT942 file; fills ``statements`` on the way.

    Raises :class:`BankFileError` while iterating when the file holds no statement.
    """
    ordinal = 0
    statement = _Statement()
    entry: _RawEntry | None = None

    def rows(is_last: bool) -> Iterator[BankRow | BankReject]:
        """Hand over the entries that wait; before the currency is known they wait on."""
        nonlocal ordinal
        if statement.currency is None and not is_last:
            return
        for raw in statement.waiting:
            ordinal += 1
            try:
                row = _row(raw, statement, ordinal)
            except Problem as problem:
                statement.is_whole = False
                found, _ = _parsed(raw)
                reference = _references(found)[0] if found else None
                yield problem.as_reject(ordinal, statement.account_id, reference)
                continue
            if row.entry_status is None or statement.is_interim:
                statement.total = EXACT.add(statement.total, row.amount)
            if row.amount < ZERO:
                statement.debits = EXACT.subtract(statement.debits, row.amount)
            else:
                statement.credits = EXACT.add(statement.credits, row.amount)
            yield row
        statement.waiting = []

    def close() -> Iterator[BankRow | BankReject]:
        nonlocal ordinal
        yield from rows(is_last=True)
        for problem in statement.problems:
            ordinal += 1
            yield problem.as_reject(ordinal)
        if statement.is_statement():
            statements.append(statement.control())

    for line, tag, text in _fields(text_lines(content, limits)):
        if tag == "86" or (tag == "25" and entry and _SUBFIELDS.match(text[0])):
            if entry:
                entry.details.extend(text)
            continue
        if tag == "NS" and entry:
            entry.details.extend(part[2:] for part in text if part[:2].isdigit())
            continue
        if entry:
            statement.waiting.append(entry)
            entry = None
            yield from rows(is_last=False)
        first = text[0].strip() if text else ""
        if tag == "20":
            yield from close()
            statement = _Statement()
            statement.reference = tidy(first)
        elif tag in ("25", "25P"):
            statement.account_id = _account(first)
        elif tag in ("28", "28C"):
            statement.number = tidy(first)
        elif tag in ("60F", "60M", "62F", "62M"):
            try:
                balance = _balance(first, tag)
            except Problem as problem:
                statement.problems.append(problem)
                continue
            statement.currency = statement.currency or balance.currency
            if tag[0:2] == "60":
                statement.opening, statement.is_interim = balance, False
            else:
                statement.closing = balance
        elif tag in ("13", "13D", "34F", "90C", "90D"):
            statement.is_interim = statement.opening is None
            if floor := _FLOOR.match(first):
                statement.currency = statement.currency or floor["currency"]
            if tag in ("90C", "90D") and (total := _SUM.match(first)):
                statement.currency = statement.currency or total["currency"]
                amount = _readable(total["amount"])
                if amount is not None:
                    statement.sums[tag] = amount
        elif tag == "61":
            statement.has_entries = True
            entry = _RawEntry(line, text)
    if entry:
        statement.waiting.append(entry)
    yield from close()
    if not statements:
        raise BankFileError(
            "there is no statement, only fragments: an account (:25:) with balances (:60F:, :62F:) "
            "or entries (:61:) are expected. Land the complete MT940, from :20: on."
        )
