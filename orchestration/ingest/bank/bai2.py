"""BAI2 cash management balance reports.

Amounts have implied decimals by the minor digits of the currency. Records continue on ``88``
lines; the text of a transaction may be continued line by line, and some banks put several records
on one line. The control totals of accounts, groups and the file are checked.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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
    currency_code,
    has_minor_unit,
    minor_digits,
    provided,
    short_date,
    tidy,
)

_CODES = ("01", "02", "03", "16", "49", "88", "98", "99")
_RECORD = re.compile(r"\s*(\d\d),(.*)\Z", re.DOTALL)
# A record ended by a slash, with the next record on the same line.
_SEVERAL = re.compile(r"(?<=/)\s+(?=(?:01|02|03|16|49|88|98|99),)")
# What tells a record from a text that happens to go on with its code, such as "16,000.00 USD".
_SHAPES = {
    "01": re.compile(r"(?:[^,]*,){4}"),
    "02": re.compile(r"(?:[^,]*,){3}"),
    "03": re.compile(r"[^,]+,\s*(?:[A-Za-z]{3})?\s*(?:,|/)"),
    "16": re.compile(r"\s*[^,.\s]{0,4}\s*,(?:\s*[+-]?\d*\s*(?:,|/|\Z)|[^,]*,)"),
    "49": re.compile(r"\s*[+-]?\d+\s*,\s*\d*\s*/?\s*\Z"),
    "98": re.compile(r"\s*[+-]?\d+\s*,[\d\s,]*/?\s*\Z"),
    "99": re.compile(r"\s*[+-]?\d+\s*,[\d\s,]*/?\s*\Z"),
}
_NUMBER_IN_TEXT = re.compile(r"\s*\d+(?:[.,]\d+)*(?:\s|/|\Z)")
_OPENING_LEDGER, _CLOSING_LEDGER = "010", "015"
_LABEL = re.compile(r"(EREF|DBNM|CRNM|DACT|CACT):\s*(.*)\Z")
# Many banks write records of 80 characters; a record starts with its code and a comma.
_FULL_WIDTH, _CODE_WIDTH = 80, 3
_NON_MONETARY = "890"
# Detail types that undo an earlier movement: reversals, returned and rejected items.
_REVERSALS = {"252", "255", "257", "258", "261", "266", "552", "555", "557", "558", "561", "566"}
# How far the bank stands with the day: only the final state of a day is a statement.
_INTERIM_SAME_DAY = "3"
_GROUP_STATUSES = {"2": "deleted", "4": "sent as a test only"}


def direction(code: str) -> int | None:
    """+1 for a credit, -1 for a debit, None for codes that are no movement.

    100-399 credits, 400-699 debits, 720-759 and 760-799 loan credits and debits, 920-959 and
    960-999 the bank's own credits and debits.
    """
    number = int(code) if code.isdigit() and len(code) == 3 else 0
    if 100 <= number <= 399 or 720 <= number <= 759 or 920 <= number <= 959:
        return 1
    if 400 <= number <= 699 or 760 <= number <= 799 or 960 <= number <= 999:
        return -1
    return None


@dataclass(slots=True)
class _Record:
    """A logical record: its fields up to the text, and its lines of text."""

    code: str
    line: int
    lines: list[str] = field(default_factory=list)
    physical_lines: int = 1

    def fields(self) -> list[str]:
        """All fields of a record without free text; a line's end is a field's end."""
        joined_lines = ",".join(line.strip().removesuffix("/") for line in self.lines)
        return [value.strip() for value in joined_lines.split(",")]


@dataclass(slots=True)
class _Group:
    as_of: date | None
    as_of_text: str
    currency: str | None
    status: str
    modifier: str
    total: int = 0
    accounts: int = 0
    records: int = 1


class _Account:
    """The running totals of one account of one group."""

    def __init__(self, record: _Record, group: _Group) -> None:
        values = record.fields()
        self.group = group
        self.account_id = account_number(values[0])
        self.problem: Problem | None = None
        self.currency = ""
        try:
            stated = values[1] if len(values) > 1 else ""
            self.currency = currency_code(stated or group.currency or "USD", "record 03: currency")
            if not has_minor_unit(self.currency):
                raise Problem(
                    "currency",
                    self.currency,
                    f"record 03: {self.currency} has no minor unit, so BAI2 amounts, which have no "
                    "decimal point, say nothing in it. Ask the bank for another format.",
                )
        except Problem as problem:
            self.problem = problem
        self.opening: Decimal | None = None
        self.closing: Decimal | None = None
        self.control = 0
        self.is_readable = True
        self.records = record.physical_lines
        self.total = ZERO
        self.is_whole = True
        self._summaries(values[2:])

    def _summaries(self, values: list[str]) -> None:
        """Balances and totals: type, amount, item count, funds type with its own fields."""
        position = 0
        while position < len(values):
            code = values[position]
            if not code:  # a separator too many before a continuation
                position += 1
                continue
            amount = values[position + 1] if position + 1 < len(values) else ""
            funds = values[position + 3] if position + 3 < len(values) else ""
            if amount:
                try:
                    number = _whole(amount, f"record 03: amount of type {code}")
                except Problem:
                    self.is_readable = False
                else:
                    self.control += number
                    if code == _OPENING_LEDGER:
                        self.opening = _major(number, self.currency)
                    elif code == _CLOSING_LEDGER:
                        self.closing = _major(number, self.currency)
            position += 4 + _funds_fields(funds, values[position + 4 :])

    def statement(self, stated: list[str] | None) -> StatementControl:
        """Its control totals; ``stated`` are the fields of its trailer (49)."""
        checks: list[bool] = []
        if stated:
            checks.append(self.is_readable and _is_number(stated[0], self.control))
            if len(stated) > 1 and stated[1]:
                checks.append(_is_number(stated[1], self.records))
        if self.opening is not None and self.closing is not None:
            checks.append(EXACT.add(self.opening, self.total) == self.closing)
        return StatementControl(
            account_id=self.account_id or "",
            statement_id=self.group.as_of_text or None,
            currency=self.currency or None,
            opening_balance=self.opening,
            entries_total=self.total,
            closing_balance=self.closing,
            ok=all(checks) and self.is_whole if checks else None,
            from_date=self.group.as_of,
            to_date=self.group.as_of,
        )


def _whole(text: str, where: str, column: str = "amount") -> int:
    """An amount in minor units, optionally signed."""
    if not re.match(r"[+-]?\d{1,30}\Z", text):
        raise Problem(
            column,
            text,
            f"{where}: {text!r} is not a whole number of minor units (BAI2 amounts have no decimal "
            "point). Ask the bank for a corrected file.",
        )
    return int(text)


def _is_number(text: str, expected: int) -> bool:
    return bool(re.match(r"[+-]?\d+\Z", text)) and int(text) == expected


def _major(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-minor_digits(currency), EXACT)


def _funds_fields(funds: str, following: list[str]) -> int:
    """How many fields a funds type brings with it."""
    kind = funds.upper()
    if kind == "V":
        return 2
    if kind == "S":
        return 3
    if kind == "D":
        count = following[0] if following else ""
        return 1 + 2 * int(count) if count.isdigit() and len(count) < 4 else 1
    return 0


def _goes_on(part: str) -> bool:
    """Whether what follows the text of a transaction is more of it, though it begins like a record.

    A record that is merely malformed is one still: it has to be refused, not to become a text.
    """
    found = _RECORD.match(part)
    if not found or found[1] not in _SHAPES:
        return not found or found[1] not in _CODES
    return not _SHAPES[found[1]].match(found[2])


def _parts(line: str, code: str | None) -> Iterator[str]:
    """The records of one line; ``code`` is that of the record before it."""
    start = 0
    for gap in _SEVERAL.finditer(line):
        own = _RECORD.match(line[start : gap.start()])
        if own and own[1] in _CODES and own[1] != "88":
            code = own[1]
        following = line[gap.end() :]
        next_gap = _SEVERAL.search(following)
        part = following[: next_gap.start()] if next_gap else following
        is_text = code == "16" and (
            _goes_on(part)
            or (part.startswith("88,") and _NUMBER_IN_TEXT.match(part, len("88,")) is not None)
        )
        if not is_text:
            yield line[start : gap.start()]
            start = gap.end()
    yield line[start:]


def _records(lines: Iterator[tuple[int, str]]) -> Iterator[_Record]:
    """Logical records with their continuations."""
    current: _Record | None = None
    for number, raw in lines:
        line = raw.strip("\x00\x1a")
        if not line.strip():
            continue
        for part in list(_parts(line, current.code if current else None)):
            found = _RECORD.match(part)
            is_in_text = current is not None and current.code == "16"
            if found and found[1] in _CODES and not (is_in_text and _goes_on(part)):
                if found[1] == "88" and current:
                    current.lines.append(found[2])
                    current.physical_lines += 1
                    continue
                if found[1] == "88":
                    raise BankFileError(
                        "a continuation (88) continues nothing. Ask for the complete file.",
                        number,
                    )
                if current:
                    yield current
                current = _Record(found[1], number, [found[2]])
            elif current and current.code == "16":
                # A line break inside a text: it goes on here, and is no record of its own.
                current.lines[-1] += " " + part
            else:
                raise BankFileError(
                    f"{part.strip()[:40]!r} is not a BAI2 record; a line starts with one of "
                    f"{', '.join(_CODES)} and a comma. Ask the bank for a corrected file.",
                    number,
                )
    if current:
        yield current


def _movement(record: _Record) -> tuple[list[str], list[str]]:
    """The fields of a transaction up to its customer reference, and the lines of its text.

    Fields are type, amount, funds type, the funds type's own fields, bank and customer reference.
    The text is whatever follows, commas and slashes included. Where a line ends before the text,
    only the fields of the funds type go on in the next line: banks end a record early and put the
    text alone into the continuation.
    """
    lines = list(record.lines)
    line = lines.pop(0).strip()
    values = line.removesuffix("/").split(",")
    while True:
        needed = 3 + _funds_fields(values[2] if len(values) > 2 else "", values[3:])
        if not lines or len(values) >= needed:
            break
        line = lines.pop(0).strip()
        if values[-1] == "":
            values.pop()
        values += line.removesuffix("/").split(",")
    text: list[str] = []
    if len(values) > needed + 2:
        text.append(",".join(values[needed + 2 :]))
    values = [value.strip() for value in values[: needed + 2]]
    for following in lines:
        piece = following.strip().removesuffix("/")
        # A line of full width was cut there; a shorter one ends with a word.
        if text and len(line) + _CODE_WIDTH == _FULL_WIDTH:
            text[-1] += piece
        else:
            text.append(piece)
        line = following.strip()
    return values + [""] * (needed + 2 - len(values)), text


def _labelled(text: list[str]) -> dict[str, str]:
    """The lines of a text that carry a label, such as ``EREF: 4711``."""
    found: dict[str, str] = {}
    for line in text:
        label = _LABEL.match(line.strip())
        if label and (value := tidy(label[2])):
            found.setdefault(label[1], value)
    return found


def _reference(text: str) -> str | None:
    """A reference, None for the zeros some banks write instead of nothing."""
    return provided(text) if text.strip("0 ") else None


def _row(record: _Record, account: _Account, ordinal: int) -> BankRow | None:
    """One transaction as an item, None when it is no movement; raises :class:`Problem`."""
    group = account.group
    values, text = _movement(record)
    code = values[0].zfill(3) if values[0] else ""
    if code == _NON_MONETARY:
        return None
    where = f"record 16, line {record.line}"
    if account.problem:
        raise account.problem
    if account.account_id is None:
        raise Problem(
            "account_id",
            None,
            f"{where}: its account record (03) has no account number. "
            "Ask the bank for a corrected file.",
        )
    sign = direction(code)
    if sign is None:
        raise Problem(
            "bank_transaction_code",
            values[0],
            f"{where}: type code {values[0]!r} is neither a credit (100-399, 720-759, 920-959) nor "
            "a debit (400-699, 760-799, 960-999). Ask the bank for a corrected file.",
        )
    amount = _major(_whole(values[1], f"{where}: amount"), account.currency)
    if group.status in _GROUP_STATUSES:
        raise Problem(
            None,
            group.status,
            f"{where}: its group (02) is {_GROUP_STATUSES[group.status]}, status {group.status}; "
            "it is not booked. Land the group that replaces it.",
        )
    if group.as_of is None:
        raise Problem(
            "booking_date",
            group.as_of_text,
            f"{where}: its group (02) has as-of date {group.as_of_text!r}; expected YYMMDD. "
            "Ask the bank for a corrected file.",
        )
    value_date = None
    funds = values[2].upper()
    if funds == "V" and values[3]:
        value_date = short_date(values[3], f"{where}: value date", "value_date")
    elif funds == "0":
        value_date = group.as_of
    signed = amount if sign > 0 else amount.copy_negate()
    reference = _reference(values[-2])
    labels = _labelled(text)
    is_interim = group.modifier == _INTERIM_SAME_DAY
    return BankRow(
        account_id=account.account_id,
        bank_reference=reference,
        booking_date=group.as_of,
        amount=signed,
        currency=account.currency,
        ordinal=ordinal,
        value_date=value_date,
        counterparty_name=labels.get("DBNM" if sign > 0 else "CRNM"),
        counterparty_account=account_number(labels.get("DACT" if sign > 0 else "CACT")),
        remittance_information=tidy(" ".join(text)),
        end_to_end_id=provided(labels.get("EREF")) or _reference(values[-1]),
        bank_transaction_code=code,
        statement_id=group.as_of_text or None,
        entry_reference=reference,
        entry_amount=signed,
        entry_source="notification" if is_interim else "statement",
        entry_status="PDNG" if is_interim else None,
        is_reversal=code in _REVERSALS,
    )


def _group(record: _Record) -> _Group:
    values = [*record.fields(), *[""] * 7]
    as_of: date | None = None
    try:
        as_of = short_date(values[3], "record 02: as-of date", "booking_date")
    except Problem:
        as_of = None
    return _Group(
        as_of=as_of,
        as_of_text=values[3],
        currency=values[5].upper() or None,
        status=values[2],
        modifier=values[6],
        records=record.physical_lines,
    )


def read_bai2(
    content: io.BufferedReader, statements: list[StatementControl], limits: Limits
) -> Iterator[BankRow | BankReject]:
    """Stream the items of a BAI2 file; fills ``statements`` on the way.

    A wrong control total makes the ``ok`` of its account False, one of a group or of the file that
    of every account in it. Raises :class:`BankFileError` while iterating when records are missing.
    """
    ordinal = 0
    group: _Group | None = None
    account: _Account | None = None
    group_start = 0
    totals = {"sum": 0, "groups": 0, "records": 0}
    is_complete = False

    def fail(start: int) -> None:
        for index in range(start, len(statements)):
            statements[index] = replace(statements[index], ok=False)

    def expected(what: str, record: _Record) -> BankFileError:
        return BankFileError(
            f"a record of type {record.code} without {what} before it: the file is cut or its "
            "records are out of order. Ask the bank for the complete file.",
            record.line,
        )

    for record in _records(text_lines(content, limits)):
        totals["records"] += record.physical_lines
        if group:
            group.records += record.physical_lines
        if record.code == "02":
            group, group_start = _group(record), len(statements)
            totals["groups"] += 1
        elif record.code == "03":
            if group is None:
                raise expected("a group (02)", record)
            account = _Account(record, group)
            group.accounts += 1
        elif record.code == "16":
            if account is None:
                raise expected("an account (03)", record)
            account.records += record.physical_lines
            stated = _movement(record)[0]
            if re.match(r"[+-]?\d{1,30}\Z", stated[1]):
                account.control += int(stated[1])
            try:
                row = _row(record, account, ordinal + 1)
            except Problem as problem:
                ordinal += 1
                account.is_whole = False
                reference = _reference(_movement(record)[0][-2])
                yield problem.as_reject(ordinal, account.account_id, reference)
                continue
            if row is None:
                continue
            ordinal += 1
            account.total = EXACT.add(account.total, row.amount)
            yield row
        elif record.code == "49":
            if account is None or group is None:
                raise expected("an account (03)", record)
            account.records += record.physical_lines
            group.total += account.control
            statements.append(account.statement(record.fields()))
            account = None
        elif record.code == "98":
            if group is None:
                raise expected("a group (02)", record)
            stated = [*record.fields(), "", ""]
            totals["sum"] += group.total
            if not (
                _is_number(stated[0], group.total)
                and (not stated[1] or _is_number(stated[1], group.accounts))
                and (not stated[2] or _is_number(stated[2], group.records))
            ):
                fail(group_start)
            group = account = None
        elif record.code == "99":
            stated = [*record.fields(), "", ""]
            is_complete = True
            if not (
                _is_number(stated[0], totals["sum"])
                and (not stated[1] or _is_number(stated[1], totals["groups"]))
                and (not stated[2] or _is_number(stated[2], totals["records"]))
            ):
                fail(0)
    if not is_complete:
        raise BankFileError(
            "the file has no file trailer (99): it was cut off on its way. Fetch it again and land "
            "the complete file."
        )
