"""Values as banks write them: amounts, dates, accounts, text. Pure functions, no I/O."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache

from orchestration.ingest.bank.model import BankReject
from orchestration.ingest.contract import CURRENCIES_FILE, read_currencies

# Sums and signs are exact: the default context rounds to 28 digits, DECIMAL(38,10) holds more.
EXACT = Context(prec=80)
ZERO = Decimal(0)

# What the contract has for currencies without a minor unit: gold, drawing rights, `XXX`.
_NO_MINOR_UNIT = 10

_PLAIN_AMOUNT = re.compile(r"[+-]?(?:\d{1,26}(?:\.\d{0,10}0*)?|\.\d{1,10})\Z")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d*\Z")
_THOUSANDS_BY_COMMA = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3})+\.\d*|(?:,\d{3}){2,})\Z")
_THOUSANDS_BY_POINT = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d*\Z")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}\Z")
_NOT_PROVIDED = {"", "NOTPROVIDED", "NOTAVAILABLE", "NONREF", "NONE"}


class Problem(Exception):
    """One value of one entry is wrong: becomes a :class:`BankReject` of that entry."""

    def __init__(self, column: str | None, value: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason

    def as_reject(
        self, ordinal: int, account_id: str | None = None, bank_reference: str | None = None
    ) -> BankReject:
        """The reject of the entry with this ordinal, and its key as far as it was read."""
        return BankReject(ordinal, self.column, self.value, self.reason, account_id, bank_reference)


def minor_digits(currency: str | None) -> int:
    """Decimal digits of the currency by the contract; 2 where it is not listed."""
    return _known_digits().get(currency or "", 2)


def has_minor_unit(currency: str) -> bool:
    """Whether digits without a decimal point say an amount of this currency."""
    return minor_digits(currency) < _NO_MINOR_UNIT


@cache
def _known_digits() -> Mapping[str, int]:
    """From the contract's own file: formats with implied decimals need them before its checks."""
    return read_currencies(CURRENCIES_FILE)


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Sum without the rounding of the default decimal context."""
    total = ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def round_to_minor(amount: Decimal, currency: str | None) -> Decimal:
    """Round half up to the currency's minor unit."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_UP, EXACT)


def plain_amount(text: str | None, where: str, column: str = "amount") -> Decimal:
    """Read plain decimal text with a point, such as ``1234.50``.

    Raises :class:`Problem` naming ``where`` (the field in the bank's file) when it is not one.
    """
    stripped = (text or "").strip()
    if not _PLAIN_AMOUNT.match(stripped):
        stated = f"{text!r} is not a decimal number" if stripped else "there is no amount"
        raise Problem(
            column,
            text,
            f"{where}: {stated}; expected digits with a decimal point, such as 1234.50. "
            "Ask the bank for a corrected file.",
        )
    return Decimal(stripped)


def comma_amount(text: str | None, where: str, column: str = "amount") -> Decimal:
    """Read an amount whose decimal mark is a comma or a point (SWIFT, OFX), optionally signed.

    A lone comma or point is the decimal mark; with both, the last one is and the others separate
    thousands. Raises :class:`Problem` when it is no number.
    """
    plain = (text or "").strip()
    if _THOUSANDS_BY_COMMA.match(plain):
        plain = plain.replace(",", "")
    elif _THOUSANDS_BY_POINT.match(plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif _DECIMAL_COMMA.match(plain):
        plain = plain.replace(",", ".")
    else:
        return plain_amount(text, where, column)
    return plain_amount(plain, where, column)


def checked_date(year: int, month: int, day: int, text: str, where: str, column: str) -> date:
    """A calendar date, or :class:`Problem` with the text as the bank wrote it."""
    try:
        return date(year, month, day)
    except ValueError:
        raise Problem(
            column,
            text,
            f"{where}: {text!r} is not a calendar date. Ask the bank for a corrected file.",
        ) from None


def iso_date(text: str, where: str, column: str) -> date:
    """The stated date of an ISO 8601 date or timestamp; an offset does not move it."""
    found = re.match(r"\s*(\d{4})-(\d\d)-(\d\d)(?:\Z|[T\sZ+-])", text)
    if not found:
        raise Problem(
            column,
            text,
            f"{where}: {text!r} is not a date; expected YYYY-MM-DD or an ISO 8601 timestamp. "
            "Ask the bank for a corrected file.",
        )
    return checked_date(int(found[1]), int(found[2]), int(found[3]), text, where, column)


def short_date(text: str, where: str, column: str) -> date:
    """A SWIFT or BAI2 date YYMMDD; years 80 to 99 lie in the last century, as SWIFT has it."""
    if not re.match(r"\d{6}\Z", text):
        raise Problem(
            column,
            text,
            f"{where}: {text!r} is not a date; expected six digits YYMMDD. "
            "Ask the bank for a corrected file.",
        )
    year = int(text[:2])
    return checked_date(
        year + (1900 if year >= 80 else 2000), int(text[2:4]), int(text[4:]), text, where, column
    )


def tidy(text: str | None) -> str | None:
    """Collapse white space and drop control characters; None when nothing is left."""
    if not text:
        return None
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split()) or None


def joined(*parts: str | None) -> str | None:
    """Join texts with one space, leaving out those that are empty or contained in an earlier one.

    Banks repeat the same text in several fields; a reader of the item wants it once.
    """
    kept: list[str] = []
    for part in parts:
        text = tidy(part)
        if text and not any(text in earlier for earlier in kept):
            kept.append(text)
    return " ".join(kept) or None


def provided(text: str | None) -> str | None:
    """The reference, or None for the placeholders banks write when there is none."""
    tidied = tidy(text)
    if tidied is None or tidied.upper().replace(" ", "") in _NOT_PROVIDED:
        return None
    return tidied


def account_number(text: str | None) -> str | None:
    """An account number as given, without spaces; an IBAN in upper case."""
    if not text:
        return None
    compact = "".join((tidy(text) or "").split())
    upper = compact.upper()
    return (upper if _IBAN.match(upper) else compact) or None


def looks_like_iban(text: str) -> bool:
    """Whether the text has the shape of an IBAN, whatever its check digits."""
    return _IBAN.match(text) is not None


def is_iban(text: str) -> bool:
    """Whether the text is an IBAN with right check digits (ISO 13616)."""
    if not _IBAN.match(text):
        return False
    digits = "".join(str(int(c, 36)) for c in text[4:] + text[:4])
    return int(digits) % 97 == 1


def currency_code(text: str | None, where: str) -> str:
    """An upper-cased three-letter currency code, or :class:`Problem`."""
    code = (text or "").strip().upper()
    if not re.match(r"[A-Z]{3}\Z", code):
        raise Problem(
            "currency",
            text,
            f"{where}: {text!r} is not a currency; expected a code of three letters such as EUR. "
            "Ask the bank for a corrected file.",
        )
    return code


def fingerprint(parts: Iterable[str]) -> str:
    """The first 16 hex digits of the SHA-256 of the parts, each ended by U+001F."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\x1f")
    return digest.hexdigest()[:16]
