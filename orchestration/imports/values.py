"""Dates and amounts as people and programs write them, and which way a whole column means them.

Nothing is guessed from one value: `DateFacts` and `NumberFacts` look at all values of a column, and
say `None` where they leave it open.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestration.imports.vocabulary import contract, plain, vocabulary

DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "day first", "month first", "year first"
DATE_ORDERS = (DAY_FIRST, MONTH_FIRST, YEAR_FIRST)
COMMA, POINT = "1.234,56", "1,234.56"
NUMBER_STYLES = (POINT, COMMA)

_TWO_DIGIT_YEARS_FROM = 1970
_TIME = (
    r"(?:(?:T|\s|,|\bat\b|\bum\b)+(?P<h>\d{1,2})[:.](?P<m>\d{2})(?:[:.](?P<s>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<ap>[AaPp]\.?[Mm]\.?)?\s*(?:Uhr)?\s*"
    r"(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?"
)
_NUMERIC = re.compile(
    r"(?P<a>\d{1,4})\s?(?P<sep>[./-])\s?(?P<b>\d{1,2})\s?(?P=sep)\s?(?P<c>\d{1,4})" + _TIME
)
_NAMED = re.compile(
    r"(?:[^\W\d]{2,12}\.?,\s*)?(?:"
    r"(?P<d1>\d{1,2})(?:\.|st|nd|rd|th|er)?[\s./-]*(?:de\s+)?(?P<n1>[^\W\d]{3,12})\.?[\s./,-]*"
    r"(?:del?\s+)?(?P<y1>\d{4}|\d{2})"
    r"|(?P<n2>[^\W\d]{3,12})\.?\s+(?P<d2>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y2>\d{4})"
    r"|(?P<y3>\d{4})[\s./-]+(?P<n3>[^\W\d]{3,12})\.?[\s./-]+(?P<d3>\d{1,2}))" + _TIME
)
_COMPACT = re.compile(r"(?P<a>\d{4})(?P<b>\d{2})(?P<c>\d{2})" + _TIME)
_SPACES = str.maketrans({c: " " for c in "\u00a0\u2007\u2009\u202f\t\r\n"} | {"’": "'", "`": "'"})
_MINUS = str.maketrans({c: "-" for c in "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"})
_AMOUNT = re.compile(
    r"(?P<s1>[+-]?)\s*(?P<pre>[^\d\s+\-.,'()][^\d+\-,'()]{0,5}?)?\s*(?P<s2>[+-]?)\s*"
    r"(?P<core>\d[\d.,' ]*|[.,]\d+)\s*(?P<s3>[+-]?)\s*(?P<post>[^\d\s+\-.,'()][^\d+\-,'()]{0,9})?"
    r"\s*(?P<s4>[+-]?)"
)
_INDIAN = r"[1-9]\d?(?:,\d{2})+,\d{3}"
_CORES = {
    POINT: re.compile(rf"(?:[1-9]\d{{0,2}}(?:[,' ]\d{{3}})+|{_INDIAN}|\d+|)(?:\.\d*)?"),
    COMMA: re.compile(r"(?:[1-9]\d{0,2}(?:[.' ]\d{3})+|\d+|)(?:,\d*)?"),
}
SPREADSHEET_ERRORS = frozenset(
    {"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#FORMULA!"}
)


class Exact(str):
    """Text of a spreadsheet's own number or date: already a plain decimal or ISO 8601."""

    __slots__ = ()


class Unreadable(Exception):
    """A value that its column's way of writing does not allow; the message says how to mend it."""


@dataclass(frozen=True)
class Moment:
    """A day, and the time on it where one is stated; `offset` as written, in hours."""

    day: date
    clock: tuple[int, int, int] | None = None
    offset: float | None = None


@lru_cache(maxsize=50_000)
def read_moment(text: str, order: str | None) -> Moment:
    """A date with or without a time. `order` says what a date of three numbers starts with.

    A year of four digits in front, and a month by its name, need no order.

    Raises:
        Unreadable: when the text is no such date, or needs an order and there is none.
    """
    text = text.translate(_SPACES).strip()
    if found := _NUMERIC.fullmatch(text):
        parts = (found["a"], found["b"], found["c"])
        year, month, day = _ordered(parts, order, text)
    elif found := _COMPACT.fullmatch(text):
        year, month, day = int(found["a"]), int(found["b"]), int(found["c"])
    elif found := _NAMED.fullmatch(text):
        pick = next(n for n in "123" if found["d" + n])
        named = vocabulary().months.get(plain(found["n" + pick]))
        if named is None:
            raise Unreadable("is not a date: its month is not known")
        year, month, day = _year(found["y" + pick]), named, int(found["d" + pick])
    else:
        raise Unreadable("is not a date; write it as 2026-01-31")
    try:
        value = date(year, month, day)
    except ValueError:
        raise Unreadable(f"is not a day of the calendar when read {order or 'so'}") from None
    if found["h"] is None:
        return Moment(value)
    hour = int(found["h"])
    if half := (found["ap"] or "").upper().replace(".", ""):
        if not 1 <= hour <= 12:
            raise Unreadable("is not a time of the clock")
        hour = hour % 12 + (12 if half == "PM" else 0)
    clock = (hour, int(found["m"]), int(found["s"] or 0))
    if hour > 23 or clock[1] > 59 or clock[2] > 60:
        raise Unreadable("is not a time of the clock")
    return Moment(value, clock, _offset(found["z"]))


def iso_date(text: str, order: str | None) -> str:
    """The day of a date or timestamp, as the contract writes it. Raises `Unreadable`."""
    return read_moment(text, order).day.isoformat()


def iso_timestamp(text: str, order: str | None, zone: str | None) -> str:
    """A moment as the contract writes it: with its offset where one is stated or `zone` gives one.

    `zone` is an IANA name or a common abbreviation. Raises `Unreadable`.
    """
    moment = read_moment(text, order)
    if moment.clock is None:
        return moment.day.isoformat()
    hour, minute, second = moment.clock
    local = datetime(
        moment.day.year, moment.day.month, moment.day.day, hour, minute, min(second, 59)
    )
    offset = moment.offset
    if offset is not None:
        aware = local.replace(tzinfo=timezone(timedelta(hours=offset)))
    elif zone:
        aware = local.replace(tzinfo=_zone(zone))
    else:
        return local.isoformat()
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=200)
def _zone(name: str) -> ZoneInfo | timezone:
    hours = vocabulary().zones.get(name.strip().upper())
    if hours is not None:
        return timezone(timedelta(hours=hours))
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unreadable(f"has the time zone {name!r}, which is not known") from None


def is_zone(name: str) -> bool:
    """Whether a time zone is known."""
    try:
        _zone(name)
    except Unreadable:
        return False
    return True


def _offset(text: str | None) -> float | None:
    if text is None:
        return None
    if text in ("Z", "UTC", "GMT"):
        return 0.0
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours = int(digits[:2]) + int(digits[2:]) / 60
    if hours > 18:
        raise Unreadable("has an offset from UTC that no place has")
    return -hours if text[0] == "-" else hours


def _ordered(parts: tuple[str, str, str], order: str | None, text: str) -> tuple[int, int, int]:
    first, second, third = parts
    if len(first) == 4:
        return int(first), int(second), int(third)
    if len(first) == 3 or len(third) == 3 or (len(third) == 1):
        raise Unreadable("is not a date; write it as 2026-01-31")
    if order is None:
        raise Unreadable("does not say whether the day or the month comes first")
    if order == YEAR_FIRST:
        if len(third) == 4:
            raise Unreadable("does not start with the year")
        return _year(first), int(second), int(third)
    if order == DAY_FIRST:
        return _year(third), int(second), int(first)
    return _year(third), int(first), int(second)


def _year(text: str) -> int:
    if len(text) == 4:
        return int(text)
    year = 1900 + int(text)
    return year if year >= _TWO_DIGIT_YEARS_FROM else year + 100


@dataclass
class DateFacts:
    """What the values of a column say about the order of day, month and year."""

    values: int = 0
    unreadable: int = 0
    self_evident: int = 0
    alike: int = 0
    either: int = 0
    only: dict[str, int] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    open_example: str = ""

    def add(self, text: str, line: int) -> None:
        """Look at one value."""
        self.values += 1
        if isinstance(text, Exact):
            self._self_evident_or_not(text)
            return
        fits = _orders_that_fit(text)
        if fits is None:
            self._self_evident_or_not(text)
        elif not fits:
            self.unreadable += 1
        elif len(fits) == 1 or len({day for _, day in fits}) == 1:
            if len(fits) > 1:
                self.alike += 1
            else:
                order = fits[0][0]
                self.only[order] = self.only.get(order, 0) + 1
                self.shown.setdefault(order, f"line {line:,}: {text.strip()}")
        else:
            self.either += 1
            self.open_example = self.open_example or text.strip()

    def _self_evident_or_not(self, text: str) -> None:
        try:
            read_moment(text, None)
        except Unreadable:
            self.unreadable += 1
        else:
            self.self_evident += 1

    @property
    def readable(self) -> int:
        return self.values - self.unreadable

    @property
    def order(self) -> str | None:
        """The order that all values allow: None when there is more than one, or none.

        Dates whose day equals their month read the same either way.
        """
        if len(self.only) == 1:
            return next(iter(self.only))
        if not self.only and not self.either:
            return DAY_FIRST if self.alike else YEAR_FIRST
        return None

    @property
    def is_contradictory(self) -> bool:
        """Whether some values can only be read one way and others only another."""
        return len(self.only) > 1


@lru_cache(maxsize=50_000)
def _orders_that_fit(text: str) -> tuple[tuple[str, date], ...] | None:
    """The orders that make a date of three numbers; None where the text needs no order."""
    found = _NUMERIC.fullmatch(text.translate(_SPACES).strip())
    if not found or len(found["a"]) == 4:
        return None
    # A year of two digits in front is rare, and never what a date with points or a late year is.
    orders = (DAY_FIRST, MONTH_FIRST)
    fits = []
    for order in orders:
        try:
            fits.append((order, read_moment(text, order).day))
        except Unreadable:
            continue
    if not fits and len(found["c"]) == 2:
        try:
            fits.append((YEAR_FIRST, read_moment(text, YEAR_FIRST).day))
        except Unreadable:
            return ()
    return tuple(fits)


@dataclass(frozen=True)
class Amount:
    """A number without its sign, as decimal text, and what stood around it."""

    digits: str
    is_negative: bool = False
    token: str = ""
    side: str = ""

    @property
    def text(self) -> str:
        """Plain decimal text with its sign; a side of debit is negative."""
        negative = self.is_negative != (self.side == "debit")
        return f"-{self.digits}" if negative and self.digits.strip("0.") else self.digits


@lru_cache(maxsize=50_000)
def read_amount(text: str, style: str | None) -> Amount:
    """An amount with thousands marks, currency, sign before or after, brackets, CR or DR.

    `style` says which mark comes before the decimals; None takes what leaves no doubt.

    Raises:
        Unreadable: when the text is no amount in that style.
    """
    found, is_bracketed = _taken_apart(text)
    core = found["core"].strip()
    if style is None:
        styles = {"point": POINT, "comma": COMMA, "either": POINT, "same": POINT}
        kind = _style_of(core)
        if kind not in styles or kind == "either":
            raise Unreadable("does not say whether its mark is for thousands or decimals")
        style = styles[kind]
    if not _CORES[style].fullmatch(core) or core in (".", ","):
        raise Unreadable(f"is not an amount written as {style}")
    signs = [found[name] for name in ("s1", "s2", "s3", "s4") if found[name]]
    if len(signs) > 1 or (signs and is_bracketed):
        raise Unreadable("has more than one sign")
    whole, mark, decimals = core.partition("." if style == POINT else ",")
    digits = re.sub(r"\D", "", whole).lstrip("0") or "0"
    digits = f"{digits}.{decimals}" if mark and decimals else digits
    pre, post = (found["pre"] or "").strip(), (found["post"] or "").strip()
    side = vocabulary().sides.get(plain(post), "") if post else ""
    if side:
        post = ""
    token = _currency_token(pre, post)
    return Amount(digits, is_bracketed or "-" in signs, token, side)


def _taken_apart(text: str) -> tuple[re.Match[str], bool]:
    bare = text.translate(_SPACES).translate(_MINUS).strip()
    is_bracketed = bare.startswith("(") and bare.endswith(")")
    if is_bracketed:
        bare = bare[1:-1].strip()
    elif "(" in bare:
        # a currency outside of the brackets: EUR (12.50)
        opened = re.fullmatch(r"([^\d()]{0,5})\((.*)\)([^\d()]{0,5})", bare)
        if opened:
            is_bracketed = True
            bare = f"{opened[1].strip()} {opened[2].strip()} {opened[3].strip()}".strip()
    found = _AMOUNT.fullmatch(bare)
    if not found:
        raise Unreadable("is not an amount; write it as 1234.50")
    return found, is_bracketed


def _currency_token(pre: str, post: str) -> str:
    if pre and post and pre != post:
        raise Unreadable("names two currencies")
    token = pre or post
    words = vocabulary()
    known = (
        not token
        or token in words.signs
        or token in words.ambiguous_signs
        or token.upper() in contract().currencies
    )
    if not known:
        raise Unreadable(f"carries {token!r}, which is no currency")
    return token


def currency_of(token: str) -> str | None:
    """The currency that a sign or code stands for; None for `$` and others that several share."""
    words = vocabulary()
    if token in words.signs:
        return words.signs[token]
    code = token.upper()
    return code if code in contract().currencies else None


def _style_of(core: str) -> str:
    """`point`, `comma`, `either` (1,234 and 1.234), `same` (no mark at all) or `none`."""
    fits = {style for style, pattern in _CORES.items() if pattern.fullmatch(core)}
    if len(fits) == 1:
        return "point" if POINT in fits else "comma"
    if not fits:
        return "none"
    return "either" if "." in core or "," in core else "same"


@dataclass
class NumberFacts:
    """What the values of a column say about decimal marks, currencies and signs."""

    values: int = 0
    unreadable: int = 0
    negatives: int = 0
    sided: int = 0
    either: int = 0
    only: dict[str, int] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    tokens: Counter[str] = field(default_factory=Counter)
    open_examples: dict[str, str] = field(default_factory=dict)
    """Of values that fit both ways of writing, the first with each mark."""

    def add(self, text: str, line: int) -> None:
        """Look at one value."""
        self.values += 1
        if isinstance(text, Exact):
            self.negatives += text.startswith("-")
            return
        looked = _look(text)
        if looked is None:
            self.unreadable += 1
            return
        kind, token, is_negative, is_sided = looked
        self.negatives += is_negative
        self.sided += is_sided
        self.tokens[token] += 1
        if kind == "either":
            self.either += 1
            mark = "." if "." in text else ","
            self.open_examples.setdefault(mark, f"line {line:,}: {text.strip()}")
        elif kind in ("point", "comma"):
            style = POINT if kind == "point" else COMMA
            self.only[style] = self.only.get(style, 0) + 1
            self.shown.setdefault(style, f"line {line:,}: {text.strip()}")

    @property
    def readable(self) -> int:
        return self.values - self.unreadable

    @property
    def open_example(self) -> str:
        """A value that fits both ways of writing."""
        return next(iter(self.open_examples.values()), "").rpartition(": ")[2]

    @property
    def style(self) -> str | None:
        """The way of writing that all values allow; None when open or contradictory."""
        if len(self.only) == 1:
            return next(iter(self.only))
        return POINT if not self.only and not self.either else None

    @property
    def is_contradictory(self) -> bool:
        return len(self.only) > 1

    @property
    def currencies(self) -> set[str]:
        """Signs and codes that stand beside the amounts."""
        return {token for token in self.tokens if token}


@lru_cache(maxsize=50_000)
def _look(text: str) -> tuple[str, str, bool, bool] | None:
    try:
        found, is_bracketed = _taken_apart(text)
        kind = _style_of(found["core"].strip())
        if kind == "none":
            return None
        amount = read_amount(text, COMMA if kind == "comma" else POINT if kind != "either" else
                             COMMA if "." in found["core"] else POINT)  # fmt: skip
    except Unreadable:
        return None
    return kind, amount.token, is_bracketed or amount.is_negative, bool(amount.side)
