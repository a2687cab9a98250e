"""How a value is written on a page and in a downloaded file.

Money stays `Decimal` from the file to the screen: it is never a float, never rounded away, and
never added up here. An amount is always written with its currency.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

NONE = "–"
MINUS = "\N{MINUS SIGN}"
DEFAULT_MINOR_DIGITS = 2

# ISO 4217 currencies whose minor unit is not the hundredth.
MINOR_DIGITS: Mapping[str, int] = {
    **dict.fromkeys(
        (
            "BIF", "BYR", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF",
            "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
    # Metals, units of account and the like have no minor unit: as many digits as there are.
    **dict.fromkeys(
        ("XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA"),
        0,
    ),
}  # fmt: skip
NO_CURRENCY = "XXX"

_ABBREVIATIONS = {
    "sla": "SLA", "fx": "FX", "id": "ID", "sli": "SLI", "slo": "SLO", "csv": "CSV",
}  # fmt: skip

_SHA256 = re.compile("[0-9a-f]{64}")

# What a spreadsheet takes for the start of a formula, full-width forms included.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def minor_digits(currency: str) -> int:
    """How many digits the currency has after the point; 0 for quantities (XXX)."""
    if currency == NO_CURRENCY:
        return 0
    return MINOR_DIGITS.get(currency, DEFAULT_MINOR_DIGITS)


def decimal_text(amount: Decimal, currency: str) -> str:
    """Plain decimal text with the currency's minor digits: `-1234.50`.

    Digits beyond the minor unit are kept when they are not zero: a residue is shown, not hidden.
    """
    # Text, not arithmetic: Decimal operations round to 28 digits, amounts may have 38.
    whole, _, fraction = f"{amount:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(minor_digits(currency), "0")
    text = f"{whole}.{fraction}" if fraction else whole
    return text if amount else text.removeprefix("-")


def number(amount: Decimal, currency: str, signed: bool = False) -> str:
    """`−1,234.50` without the code; `signed` writes a plus too."""
    text = decimal_text(amount, currency)
    sign = MINUS if text.startswith("-") else "+" if signed and amount else ""
    whole, point, fraction = text.removeprefix("-").partition(".")
    return f"{sign}{int(whole):,}{point}{fraction}"


def money(amount: Decimal | None, currency: str | None, signed: bool = False) -> str:
    """`EUR −1,234.50`; a dash when there is no amount; quantities (XXX) without a code.

    `signed` writes a plus before what is above zero.

    Raises `TypeError` for a float, which can not hold money.
    """
    if amount is None:
        return NONE
    if not isinstance(amount, Decimal):
        raise TypeError(f"money must be Decimal, not {type(amount).__name__}: {amount!r}")
    if not currency:
        raise ValueError(f"the amount {amount} has no currency")
    if currency == NO_CURRENCY:
        return number(amount, currency, signed)
    return f"{currency} {number(amount, currency, signed)}"


def rounded(amount: Decimal | None, currency: str | None) -> str:
    """`EUR 13.5 M`, `EUR 0.57 M`, `EUR 46,757`: three figures to read; below 10,000 exact.

    The exact amount belongs beside it, as a tooltip or in an export (`components.rounded`).

    Raises as `money` does.
    """
    exact = money(amount, currency)
    if amount is None or abs(amount) < 10_000:
        return exact
    size = abs(amount)
    if size < 100_000:
        scaled, digits, unit = size, 0, ""
    elif size < 999_500_000:
        scaled, unit = size.scaleb(-6), " M"
        digits = 2 if scaled < Decimal("9.995") else 1 if scaled < Decimal("99.95") else 0
    else:
        scaled, unit = size.scaleb(-9), " bn"
        digits = 2 if scaled < Decimal("9.995") else 1
    text = f"{scaled.quantize(Decimal(1).scaleb(-digits), rounding='ROUND_HALF_UP'):,}{unit}"
    sign = MINUS if amount < 0 else ""
    return f"{sign}{text}" if currency == NO_CURRENCY else f"{currency} {sign}{text}"


def count(value: int | Decimal | None) -> str:
    """`12,345`."""
    return NONE if value is None else f"{int(value):,}".replace("-", MINUS)


def counted(value: int | Decimal, noun: str) -> str:
    """`1 block`, `2 blocks`."""
    return f"{count(value)} {noun}" if value == 1 else f"{count(value)} {noun}s"


def percent(value: Decimal | None, digits: int = 1) -> str:
    """A fraction as per cent, cut (not rounded up), so that 99.96 % never reads 100.0 %."""
    if value is None:
        return NONE
    scaled = Decimal(value) * 100
    quantum = Decimal(1).scaleb(-digits)
    cut = scaled.quantize(quantum, rounding="ROUND_DOWN")
    return f"{cut}\N{NO-BREAK SPACE}%".replace("-", MINUS)


def times(value: Decimal | None) -> str:
    """A multiple: `6.84×`."""
    return NONE if value is None else f"{plain(round(value, 2))}×"


def plain(value: Decimal | int | None) -> str:
    """A number without a unit, without trailing zeros: `0.95`, `1,200`."""
    if value is None:
        return NONE
    text = f"{Decimal(value):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", MINUS)


def measure(value: Decimal | None, unit: str | None) -> str:
    """An indicator's value in its unit (`ratio`, `hours`, `count`, `seconds`, …)."""
    if value is None:
        return NONE
    match unit:
        case "ratio" | "fraction" | "share":
            return percent(value, 2)
        case "hours":
            return hours(value)
        case "seconds":
            return seconds(value)
        case "count" | "items" | "exceptions" | None | "":
            # whole, but on the mean day
            return plain(round(value, 2))
        case _:
            return f"{plain(value)} {label(unit).lower()}"


def hours(value: Decimal | int | None) -> str:
    """A span of hours as people say it: `45 min`, `7 h`, `3 d 4 h`, `62 d`."""
    if value is None:
        return NONE
    minutes = int(Decimal(value) * 60)
    sign, minutes = (MINUS, -minutes) if minutes < 0 else ("", minutes)
    if minutes < 60:
        return f"{sign}{minutes} min"
    whole_hours = minutes // 60
    if whole_hours < 48:
        return f"{sign}{whole_hours} h"
    days, rest = divmod(whole_hours, 24)
    if days >= 14 or not rest:
        return f"{sign}{days} d"
    return f"{sign}{days} d {rest} h"


def seconds(value: Decimal | int | float | None) -> str:
    """A run time: `0.4 s`, `42 s`, `3 min 05 s`, `1 h 02 min`."""
    if value is None:
        return NONE
    span = Decimal(str(value))
    if span < 10:
        return f"{span:.1f} s"
    whole = int(span)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def sla_clock(minutes_left: int | None, is_resolved: bool) -> str:
    """How an SLA stands: `5 h left`, `late by 3 d`; once resolved `met` or `missed`.

    `minutes_left` is the time from the resolution, or from the data's as of, to the due time.
    """
    if minutes_left is None:
        return "no SLA"
    if is_resolved:
        return "met" if minutes_left >= 0 else "missed"
    span = hours(Decimal(abs(minutes_left)) / 60)
    return f"{span} left" if minutes_left >= 0 else f"late by {span}"


def cost(value: float | Decimal | None, currency: str | None) -> str:
    """What machines cost, mostly parts of a cent: `0.00000207 EUR`; for HTML."""
    if value is None or not currency:
        return "not known"
    number = float(value)
    told = f"{number:,.2f}" if abs(number) >= 1 else f"{Decimal(f'{number:.3g}'):f}"
    return f"{told} {escape(currency)}"


def timestamp(value: datetime | None) -> str:
    """`3 Jun 2026 23:59 UTC`; all timestamps here are naive and mean UTC."""
    return NONE if value is None else f"{day(value)} {value:%H:%M} UTC"


def day(value: date | datetime | None) -> str:
    """`3 Jun 2026`: read in one way everywhere, unlike 03/06. The models write sentences alike."""
    return NONE if value is None else f"{value.day} {value:%b %Y}"


def label(code: str | None) -> str:
    """A code as words: `unmatched_past_window` → `Unmatched past window`."""
    if not code:
        return NONE
    words = [_ABBREVIATIONS.get(word, word) for word in code.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def short(value: str | None, length: int = 12) -> str:
    """The start of a long hash or id, with an ellipsis."""
    if not value:
        return NONE
    return value if len(value) <= length + 1 else f"{value[:length]}…"


def shorter_hash(value: str) -> str:
    """A SHA-256 in hex cut to its start; any other text as it is."""
    return short(value) if _SHA256.fullmatch(value) else value


def escaped(value: Any) -> str:
    """Any value as text that is safe inside HTML."""
    return escape(text(value))


def text(value: Any) -> str:
    """Any other value as text."""
    if value is None or value == "":
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal | int):
        return plain(value)
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, date):
        return day(value)
    return str(value)


def pairs(value: str | None) -> list[tuple[str, str]]:
    """A JSON object as (label, text) pairs in its own order; numbers keep their exact text."""
    if not value:
        return []
    try:
        document = json.loads(value, parse_float=str, parse_int=str)
    except ValueError:
        return [("Detail", value)]
    if not isinstance(document, dict):
        return [("Detail", _flat(document))]
    return [(label(key), _flat(item)) for key, item in document.items()]


def indented(value: str | None) -> str:
    """JSON text over several lines, numbers as they stand there; other text as it is."""
    try:
        document = json.loads(value or "", parse_float=str, parse_int=str)
    except ValueError:
        return value or NONE
    return json.dumps(document, indent=2, ensure_ascii=False)


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_flat(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_flat(item)}" for key, item in value.items())
    return text(value)


def csv_cell(value: Any, currency: str | None) -> str:
    """One cell of a download: numbers stay numbers, text cannot become a formula.

    `currency` gives a decimal its minor digits; without one it is written without trailing zeros.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            if currency:
                return decimal_text(value, currency)
            return plain(value).replace(",", "").replace(MINUS, "-")
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%S}Z"
        case date():
            return f"{value:%Y-%m-%d}"
        case list() | tuple():
            return safe_text(json.dumps(value, default=str, ensure_ascii=False))
        case _:
            return safe_text(str(value))


def safe_text(value: str) -> str:
    """Text with `'` before it when a spreadsheet would take it for a formula."""
    if value.startswith(_FORMULA_STARTS) or value.lstrip().startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def to_csv(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    currency_of: Mapping[str, str] | None = None,
) -> bytes:
    """A UTF-8 CSV file (with BOM, CRLF), guarded against formulas.

    `currency_of` names, for an amount column, the column that holds its currency.
    """
    currency_of = currency_of or {}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(
            [csv_cell(row[column], row.get(currency_of.get(column, ""))) for column in columns]
        )
    return out.getvalue().encode("utf-8-sig")
