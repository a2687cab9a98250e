"""OFX 1 (SGML) and OFX 2 (XML): bank, credit-card and investment statements.

One tolerant reader for both: a stream of tags and texts, where a value ends at the next tag
whether or not it is closed. It knows no entities but the predefined and numeric ones and no DTD,
so the content cannot make it fetch or expand anything.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from orchestration.ingest.bank.detect import HEAD_BYTES, head_text
from orchestration.ingest.bank.model import (
    BankFileError,
    BankReject,
    BankRow,
    EntryStatus,
    StatementControl,
)
from orchestration.ingest.bank.source import Limits, decode_line
from orchestration.ingest.bank.values import (
    EXACT,
    ZERO,
    Problem,
    account_number,
    checked_date,
    comma_amount,
    currency_code,
    joined,
    plain_amount,
    provided,
    round_to_minor,
    tidy,
)

# Aggregates the reader looks into; every other tag is a value or is passed over.
_STATEMENTS = {"STMTRS", "CCSTMTRS", "INVSTMTRS"}
_TRANSACTIONS = {"STMTTRN", "STMTTRNP"}
_OWN_ACCOUNTS = {"BANKACCTFROM", "CCACCTFROM", "INVACCTFROM"}
_OTHER_ACCOUNTS = {"BANKACCTTO", "CCACCTTO"}
_AGGREGATES = (
    _STATEMENTS
    | _TRANSACTIONS
    | _OWN_ACCOUNTS
    | _OTHER_ACCOUNTS
    | {"OFX", "PAYEE", "CURRENCY", "ORIGCURRENCY", "LEDGERBAL", "AVAILBAL", "STATUS", "SONRS"}
    | {"BANKTRANLIST", "INVTRANLIST", "INVBANKTRAN"}
)
_TAG = re.compile(
    r"<(?:(!\[CDATA\[)(.*?)\]\]>|(/?)([A-Za-z][\w.-]*)([^<>]*)>"
    r"|(!--.*?--|[?!](?!--|\[CDATA)[^<>]*)>)",
    re.DOTALL,
)
_ENTITY = re.compile(r"&(?:(lt|gt|amp|apos|quot|nbsp)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": '"', "nbsp": " "}
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)(?:\d{0,6}(?:[.:]\d*)?)?\s*(?:\[[^\]]*\]?)?\s*\Z")
_MAX_VALUE = 1 << 20


def _declared_charset(head: bytes) -> str | None:
    """The charset the header names; None to try UTF-8 and fall back to Windows-1252."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    text = head_text(head)[:2048]
    xml = re.search(r"<\?xml[^>]*encoding\s*=\s*[\"']([\w.:-]+)", text)
    encoding = re.search(r"^\s*ENCODING\s*:\s*(\S+)", text, re.MULTILINE)
    charset = re.search(r"^\s*CHARSET\s*:\s*(\S+)", text, re.MULTILINE)
    named = None
    if xml:
        named = xml[1]
    elif encoding and encoding[1].upper() in ("UTF-8", "UTF8", "UNICODE"):
        named = "utf-8"
    elif charset and charset[1].upper() not in ("NONE", "CSUNICODE"):
        named = f"cp{charset[1]}" if charset[1].isdigit() else charset[1]
    try:
        found = codecs.lookup(named).name if named else None
    except LookupError:
        return None
    # ASCII and UTF-8 are often declared and not kept to: they are tried, not trusted.
    return None if found in ("ascii", "utf-8") else found


def _text_chunks(content: io.BufferedReader) -> Iterator[str]:
    """The content as text, in chunks."""
    head = content.peek(HEAD_BYTES)[:HEAD_BYTES]
    charset = _declared_charset(head)
    if charset:
        decoder = codecs.getincrementaldecoder(charset)("replace")
        while chunk := content.read(HEAD_BYTES):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)
        return
    rest = b""
    while chunk := content.read(HEAD_BYTES):
        chunk = rest + chunk
        cut = chunk.rfind(b"<")  # so that no character is cut in two
        rest = chunk[cut:] if cut > 0 else b""
        yield decode_line(chunk[: len(chunk) - len(rest)])
    yield decode_line(rest)


def _unescaped(text: str) -> str:
    """Text with its predefined and numeric entities replaced; anything else stays as it is."""
    if "&" not in text:
        return text

    def character(found: re.Match[str]) -> str:
        if found[1]:
            return _ENTITIES[found[1]]
        number = int(found[2]) if found[2] else int(found[3], 16)
        return chr(number) if 0x20 <= number < 0x110000 else " "

    return _ENTITY.sub(character, text)


def _tokens(content: io.BufferedReader) -> Iterator[tuple[str, str, str]]:
    """Tags with the text after them: (``open`` or ``close``, tag, text).

    Raises :class:`BankFileError` when one value is longer than any bank's.
    """
    buffer = ""
    tag: tuple[str, str] | None = None
    text: list[str] = []
    chunks = _text_chunks(content)
    is_last = False
    while not is_last:
        chunk = next(chunks, None)
        is_last = chunk is None
        buffer += chunk or ""
        if len(buffer) > _MAX_VALUE * 4:
            raise BankFileError(
                "a value or tag is longer than a megabyte: this is no OFX statement, or its tags "
                "were lost. Fetch the file again."
            )
        position = 0
        for found in _TAG.finditer(buffer):
            text.append(_unescaped(buffer[position : found.start()]))
            position = found.end()
            if found[1]:
                text.append(found[2])
                continue
            if found[4] is None:  # a comment or a processing instruction
                continue
            if tag:
                yield (*tag, "".join(text).strip())
            text = []
            tag = ("close" if found[3] else "open", found[4].upper())
            if found[5].endswith("/"):
                yield (*tag, "")
                tag = ("close", found[4].upper())
        buffer = buffer[position:]
    text.append(_unescaped(buffer))
    if tag:
        yield (*tag, "".join(text).strip())


@dataclass(slots=True)
class _Statement:
    account_id: str | None = None
    currency: str | None = None
    closing: Decimal | None = None
    from_date: date | None = None
    to_date: date | None = None
    total: Decimal = ZERO
    problems: list[Problem] = field(default_factory=list)

    def control(self) -> StatementControl:
        """Its totals; OFX gives no opening balance, so nothing can be checked."""
        return StatementControl(
            account_id=self.account_id or "",
            statement_id=None,
            currency=self.currency,
            opening_balance=None,
            entries_total=self.total,
            closing_balance=self.closing,
            ok=None,
            from_date=self.from_date,
            to_date=self.to_date,
        )


def ofx_date(text: str | None, tag: str, column: str) -> date:
    """The stated date of ``YYYYMMDD[HHMMSS[.XXX]][[offset:zone]]``; an offset does not move it."""
    found = _DATE.match((text or "").strip())
    if not found:
        stated = f"{text!r} is not a date" if text else "there is no date"
        raise Problem(
            column,
            text,
            f"{tag}: {stated}; expected YYYYMMDD or YYYYMMDDHHMMSS. "
            "Ask the bank for a corrected file.",
        )
    return checked_date(int(found[1]), int(found[2]), int(found[3]), text or "", tag, column)


def _row(values: dict[str, str], statement: _Statement, tag: str, ordinal: int) -> BankRow:
    """One transaction as an item; raises :class:`Problem` when it cannot be one."""
    if statement.account_id is None:
        raise Problem(
            "account_id",
            None,
            "ACCTID: the statement names no account before its transactions, so they belong "
            "nowhere. Ask the bank for a corrected file.",
        )
    is_pending = tag == "STMTTRNP"
    corrected = provided(values.get("CORRECTFITID"))
    if values.get("CORRECTACTION", "").upper() == "DELETE":
        raise Problem(
            "entry_id",
            values.get("CORRECTFITID"),
            f"CORRECTACTION: the bank withdraws its transaction {values.get('CORRECTFITID')!r}; "
            "loaded rows are never deleted. Mark that transaction 'not ours' in the review "
            "workbench if it was loaded.",
        )
    if corrected is not None:
        # Under the old id it would be a second item, for banks reuse references; under its own too.
        raise Problem(
            "entry_id",
            corrected,
            f"CORRECTFITID: the bank replaces its transaction {corrected!r} by this one of "
            f"{values.get('TRNAMT')}; as an item of its own the money would count twice. Land the "
            f"corrected values as a row of bank_transactions with account_id "
            f"{statement.account_id!r} and entry_id {corrected!r}: it is a new version of that "
            "transaction.",
        )
    day_tag = "DTTRAN" if is_pending else "DTPOSTED"
    booking_date = ofx_date(values.get(day_tag), day_tag, "booking_date")
    available = values.get("DTAVAIL") or values.get("VALUEDATE")
    value_date = ofx_date(available, "DTAVAIL", "value_date") if available else None
    amount = comma_amount(values.get("TRNAMT"), "TRNAMT")
    # CURRENCY: the amount is in that currency. ORIGCURRENCY: it was converted from that one.
    currency = currency_code(values.get("CURRENCY/CURSYM") or statement.currency, "CURDEF")
    original_amount, original_currency = None, values.get("ORIGCURRENCY/CURSYM")
    if original_currency:
        original_currency = currency_code(original_currency, "ORIGCURRENCY")
        rate = plain_amount(
            values.get("ORIGCURRENCY/CURRATE"), "ORIGCURRENCY/CURRATE", "original_amount"
        )
        if original_currency == currency or rate <= ZERO:
            original_currency = None
        else:
            original_amount = round_to_minor(
                EXACT.divide(amount.copy_abs(), rate), original_currency
            )
    check = (values.get("CHECKNUM") or "").strip()
    reference = provided(values.get("FITID"))
    status: EntryStatus | None = "PDNG" if is_pending else None
    return BankRow(
        account_id=statement.account_id,
        bank_reference=reference,
        booking_date=booking_date,
        amount=amount,
        currency=currency,
        ordinal=ordinal,
        value_date=value_date,
        counterparty_name=tidy(
            values.get("NAME") or values.get("PAYEE/NAME") or values.get("EXTDNAME")
        ),
        counterparty_account=account_number(values.get("TO/ACCTID")),
        remittance_information=joined(
            values.get("MEMO"), f"CHECKNUM {check}" if check.strip("0") else None
        ),
        bank_transaction_code=tidy(values.get("TRNTYPE", "").upper()),
        original_amount=original_amount,
        original_currency=original_currency,
        entry_reference=reference,
        entry_amount=amount,
        entry_status=status,
    )


def _closing(values: dict[str, str], statement: _Statement) -> None:
    """Take the ledger balance; one without an amount is a malformed value, not an absent one."""
    text = values.get("LEDGERBAL/BALAMT", "")
    if not text and not values.get("LEDGERBAL/DTASOF"):
        return
    try:
        statement.closing = comma_amount(text, "LEDGERBAL/BALAMT", "closing_balance")
    except Problem as problem:
        problem.reason += " The transactions are loaded; the statement has no closing balance."
        statement.problems.append(problem)


def read_ofx(
    content: io.BufferedReader, statements: list[StatementControl], limits: Limits
) -> Iterator[BankRow | BankReject]:
    """Stream the items of an OFX file; fills ``statements`` on the way.

    Raises :class:`BankFileError` while iterating when the file holds no statement, for instance
    only the bank's error message.
    """
    ordinal = 0
    found_statements = 0
    stack: list[str] = []
    statement: _Statement | None = None
    transaction: dict[str, str] | None = None
    balance: dict[str, str] = {}
    status: dict[str, str] = {}
    errors: list[Problem] = []

    def finish() -> Iterator[BankRow | BankReject]:
        """Hand over the transaction that is open."""
        nonlocal ordinal, transaction
        if transaction is None or statement is None:
            return
        ordinal += 1
        try:
            row = _row(transaction, statement, transaction["tag"], ordinal)
        except Problem as problem:
            # Also a correction goes by its own FITID: the original's loading does not make it good.
            yield problem.as_reject(
                ordinal, statement.account_id, provided(transaction.get("FITID"))
            )
        else:
            if row.entry_status is None:
                statement.total = EXACT.add(statement.total, row.amount)
            yield row
        transaction = None

    def close(name: str) -> Iterator[BankRow | BankReject]:
        """Leave an aggregate, and with it every one inside it that was not closed."""
        nonlocal ordinal, statement, balance, status
        while stack:
            left = stack.pop()
            if left in _TRANSACTIONS:
                yield from finish()
            elif left == "LEDGERBAL" and statement:
                _closing(balance, statement)
                balance = {}
            elif left == "STATUS":
                if status.get("SEVERITY", "").upper() == "ERROR":
                    errors.append(_refusal(status))
                status = {}
            elif left in _STATEMENTS and statement:
                for problem in statement.problems:
                    ordinal += 1
                    yield problem.as_reject(ordinal)
                statements.append(statement.control())
                statement = None
            if left == name:
                return

    for kind, tag, text in _tokens(content):
        if kind == "close":
            if tag in stack:
                yield from close(tag)
            continue
        if tag in _AGGREGATES and not (text and tag not in _STATEMENTS | _TRANSACTIONS):
            if tag in _TRANSACTIONS and tag in stack:  # the one before was never closed
                yield from close(tag)
            stack.append(tag)
            if tag in _STATEMENTS:
                found_statements += 1
                statement = _Statement()
            elif tag in _TRANSACTIONS:
                transaction = {"tag": tag}
            continue
        if not text:
            continue
        inner = stack[-1] if stack else ""
        if inner == "STATUS":
            status.setdefault(tag, text)
        elif statement is None:
            continue
        elif transaction is not None:
            if inner in _TRANSACTIONS:
                key = tag
            elif inner in _OTHER_ACCOUNTS:
                key = f"TO/{tag}"
            else:
                key = f"{inner}/{tag}"
            transaction.setdefault(key, text)
        elif tag == "ACCTID" and inner in _OWN_ACCOUNTS:
            statement.account_id = account_number(text)
        elif tag == "CURDEF":
            statement.currency = text.upper()
        elif inner == "LEDGERBAL":
            balance.setdefault(f"LEDGERBAL/{tag}", text)
        elif tag in ("DTSTART", "DTEND") and inner in ("BANKTRANLIST", "INVTRANLIST"):
            try:
                day = ofx_date(text, tag, "from_date")
            except Problem:
                continue
            if tag == "DTSTART":
                statement.from_date = day
            else:
                statement.to_date = day
    yield from close("")
    if not found_statements:
        said = f" The bank answered: {errors[0].value}." if errors else ""
        raise BankFileError(
            "the file holds no statement (STMTRS, CCSTMTRS or INVSTMTRS): there is nothing to load."
            f"{said} Download the statement again and land it."
        )
    for problem in errors:
        ordinal += 1
        yield problem.as_reject(ordinal)


def _refusal(status: dict[str, str]) -> Problem:
    said = " ".join(part for part in (status.get("CODE"), tidy(status.get("MESSAGE"))) if part)
    return Problem(
        None,
        said,
        f"STATUS: the bank refused a request with error {said}; the statement of that request is "
        "missing. Download it again and land it.",
    )
