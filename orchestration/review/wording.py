"""Amounts, moments and lists as they stand in sentences."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache

from orchestration.home import PROJECT_DIR

WIDE = Context(prec=76)
"""As many digits as two amounts of the contract multiplied have."""


def money(amount: Decimal, currency: str) -> str:
    """`1,234.50 EUR`, with the digits of the currency, and more where the amount has more."""
    digits = max(minor_digits(currency), -int(amount.normalize().as_tuple().exponent))
    text = f"{amount:,.{digits}f}"
    return (text if currency == "XXX" else f"{text} {currency}").replace("-", "−")


def plain(amount: Decimal) -> str:
    """An amount as files carry it: no separators, no trailing zeros."""
    return f"{amount.normalize():f}"


@cache
def minor_digits_by_currency() -> dict[str, int]:
    """From `seeds/currencies.csv`."""
    path = PROJECT_DIR / "seeds" / "currencies.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["code"]: int(row["minor_digits"]) for row in csv.DictReader(file)}


def minor_digits(currency: str) -> int:
    """Decimals of a currency; 2 where it is not known."""
    return minor_digits_by_currency().get(currency, 2)


def round_half_up(amount: Decimal, digits: int) -> Decimal:
    """Rounded as the models round: half away from zero; of any size that a feed may hold."""
    return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, WIDE)


def day(on: date | None) -> str:
    """`1 Jul 2026`."""
    return "an unknown day" if on is None else f"{on.day} {on:%b %Y}"


def moment(at: datetime) -> str:
    """`1 Jul 2026 06:00 UTC`."""
    return f"{day(at)} {at:%H:%M} UTC"


def capitalized(text: str) -> str:
    """The text with its first letter as a capital, the rest untouched."""
    return text[:1].upper() + text[1:]


def counted(number: int, one: str, many: str = "") -> str:
    """`1 case`, `3 cases`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def storable(text: str) -> str:
    """A text without what no database keeps: NUL, and halves of characters."""
    return without_unstorable(text).strip()


def without_unstorable(text: str) -> str:
    """The same, with its blanks: an id is compared as it is."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")
