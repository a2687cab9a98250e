"""The rules of a map as functions of one row's cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from orchestration.home import TieoutError
from orchestration.imports.maps import Map, Rule, folded
from orchestration.imports.source import Source
from orchestration.imports.values import (
    SPREADSHEET_ERRORS,
    Amount,
    Exact,
    Unreadable,
    currency_of,
    iso_date,
    iso_timestamp,
    read_amount,
)
from orchestration.imports.vocabulary import contract, plain, vocabulary
from orchestration.ingest.contract import Column

Cells = Sequence[str]
NEGATIVE_TYPES = ("refund", "chargeback", "fee")
POSITIVE_TYPES = ("charge", "chargeback_reversal")
"""Types of `gateway_transactions` whose sign the contract fixes; an adjustment has either."""

_IBAN = re.compile(r"\b([A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8})\b")
_NUMBER_BESIDE = re.compile(r"(?:konto|account|compte|cuenta|iban)", re.IGNORECASE)


@dataclass
class Row:
    """What one row has become so far. `signed` are amounts as the file states them."""

    values: dict[str, str] = field(default_factory=dict)
    signed: dict[str, Decimal] = field(default_factory=dict)


Reader = Callable[[Cells, Row], str]


def readers(found: Map, source: Source) -> dict[str, Reader]:
    """A function for each column of the feed but derived ids, those first that others look at.

    Raises:
        TieoutError: when the file lacks a column that the map needs.
    """
    places = {folded(name): place for place, name in enumerate(source.header)}
    missing = sorted(name for name in found.needs if folded(name) not in places)
    if missing:
        raise TieoutError(
            f"{source.name} has no column {', '.join(map(repr, missing))}, which the map "
            f"{found.name!r} reads. It has: {', '.join(source.header)}."
        )
    feed = contract().feeds[found.feed]
    made: dict[str, Reader] = {}
    for name, rule in found.columns.items():
        if rule.hash_of or (rule.optional and not _is_there(rule, places)):
            continue
        made[name] = _reader(found, feed.column(name), rule, places, source)
    return dict(sorted(made.items(), key=lambda item: _turn(found.columns[item[0]])))


def _turn(rule: Rule) -> int:
    """Amounts by type come after the type, a type by sign after the amounts."""
    return 1 if rule.sign == "by type" else 2 if rule.sign_of is not None else 0


def _is_there(rule: Rule, places: Mapping[str, int]) -> bool:
    looked = rule.source or rule.first_of or rule.reads
    return any(folded(name) in places for name in looked)


def _reader(
    found: Map, column: Column, rule: Rule, places: Mapping[str, int], source: Source
) -> Reader:
    def at(name: str) -> int:
        return places[folded(name)]

    if rule.ask is not None:
        raise TieoutError(f"{column.name} is still to be answered: {rule.ask}")
    if column.kind in ("money", "quantity") and rule.constant is None:
        return _amount_reader(found, column, rule, places)
    if rule.constant is not None:
        constant = rule.constant
        return lambda cells, row: constant
    if rule.above is not None:
        account = account_above(source)
        if account is None:
            raise TieoutError(
                f"{source.name} names no account above its header, as {column.name} expects. "
                f"Give it with --set {column.name}=IBAN."
            )
        return lambda cells, row: account
    if rule.sign_of is not None:
        looked, positive, negative = rule.sign_of, rule.positive or "", rule.negative or ""

        def by_sign(cells: Cells, row: Row) -> str:
            signed = row.signed.get(looked)
            if signed is None:
                raise Unreadable(f"cannot be told: {looked} is missing")
            return negative if signed < 0 else positive

        return by_sign
    if rule.currency_in is not None:
        place, style = at(rule.currency_in), found.numbers
        fallback = rule.default
        return lambda cells, row: _beside(cells[place], style, fallback)
    text = _text_reader(rule, places)
    convert = _conversion(found, column, rule, places)
    return lambda cells, row: convert(text(cells), cells)


def _text_reader(rule: Rule, places: Mapping[str, int]) -> Callable[[Cells], str]:
    names = rule.source or rule.first_of
    wanted = [places[folded(name)] for name in names if folded(name) in places]
    if len(wanted) == 1:
        (place,) = wanted
        return lambda cells: cells[place]
    if rule.first_of:
        return lambda cells: next((cells[p] for p in wanted if cells[p].strip()), "")

    def joined(cells: Cells) -> str:
        texts = dict.fromkeys(cells[p].strip() for p in wanted)
        return " ".join(text for text in texts if text)

    return joined


def _conversion(
    found: Map, column: Column, rule: Rule, places: Mapping[str, int]
) -> Callable[[str, Cells], str]:
    order = rule.dates or found.dates
    default = rule.default or ""

    def checked(text: str) -> str:
        bare = text.strip()
        if bare in SPREADSHEET_ERRORS:
            raise Unreadable(
                "is a formula whose result the file does not hold: open it in Excel and save it"
                if bare == "#FORMULA!"
                else "is an error of the spreadsheet; mend its formula"
            )
        return bare or default

    if rule.values or rule.otherwise is not None:
        table, otherwise = rule.values, rule.otherwise
        is_free = not column.domain and otherwise is None

        def looked_up(text: str, cells: Cells) -> str:
            bare = checked(text)
            value = table.get(folded(bare))
            if value is not None:
                return value
            if not bare or is_free:
                return bare
            if otherwise is not None:
                return otherwise
            allowed = " or ".join(column.domain)
            raise Unreadable(f"is not listed in the map: say whether it is {allowed}")

        return looked_up
    if column.kind == "date":

        def day(text: str, cells: Cells) -> str:
            bare = checked(text)
            return iso_date(bare, order) if bare else ""

        return day
    if column.kind == "timestamp":
        zone = rule.zone or found.zone
        zone_place = places.get(folded(rule.zone_from)) if rule.zone_from else None

        def moment(text: str, cells: Cells) -> str:
            bare = checked(text)
            if not bare:
                return ""
            stated = cells[zone_place].strip() if zone_place is not None else ""
            return iso_timestamp(bare, order, stated or zone)

        return moment
    if column.kind == "currency":

        def code(text: str, cells: Cells) -> str:
            bare = checked(text)
            return currency_of(bare) or bare.upper()

        return code
    if column.name == "account_id":
        return lambda text, cells: checked(text).replace(" ", "")
    return lambda text, cells: " ".join(checked(text).split())


def _amount_reader(found: Map, column: Column, rule: Rule, places: Mapping[str, int]) -> Reader:
    style = rule.numbers or found.numbers
    name, is_signed, is_required = column.name, column.signed, column.required
    credits = {folded(text) for text in rule.side_credit}
    debits = {folded(text) for text in rule.side_debit}
    side_place = places[folded(rule.side)] if rule.side else None

    def summed(names: Sequence[str], cells: Cells) -> Decimal:
        found_at = [places[folded(n)] for n in names if folded(n) in places]
        return sum((Decimal(number(cells[p], style) or "0") for p in found_at), Decimal(0))

    if rule.credit or rule.debit:
        credit = places[folded(rule.credit)] if rule.credit else None
        debit = places[folded(rule.debit)] if rule.debit else None

        def base(cells: Cells) -> str:
            plus = number(cells[credit], style) if credit is not None else ""
            minus = number(cells[debit], style) if debit is not None else ""
            if _is_zero(plus) and _is_zero(minus):
                return plus or minus
            if not _is_zero(plus) and not _is_zero(minus):
                raise Unreadable("stands in both columns, credit and debit; empty one")
            # Some write the debit column with a minus, others without: it takes money either way.
            return plus if not _is_zero(plus) else _negated(minus.removeprefix("-"))
    else:
        text = _text_reader(rule, places)

        def base(cells: Cells) -> str:
            return number(text(cells), style)

    def read(cells: Cells, row: Row) -> str:
        value = base(cells)
        if not value and rule.plus and (further := summed(rule.plus, cells)):
            value = "0" if further else ""
        if not value:
            return rule.default or ""
        if side_place is not None:
            side = _side(cells[side_place], credits, debits)
            value = (
                value.removeprefix("-") if side == "credit" else _negated(value.removeprefix("-"))
            )
        if rule.plus or rule.less:
            exact = Decimal(value) + summed(rule.plus, cells) - summed(rule.less, cells)
            value = format(exact, "f")
        if rule.sign == "reversed":
            value = _negated(value)
        elif rule.sign == "by type":
            kind = row.values.get("type", "")
            if kind in NEGATIVE_TYPES or kind in POSITIVE_TYPES:
                value = value.removeprefix("-")
            value = _negated(value) if kind in NEGATIVE_TYPES else value
        elif rule.sign in ("only positive", "only negative"):
            if _is_zero(value) or value.startswith("-") != (rule.sign == "only negative"):
                return ""
            value = value.removeprefix("-")
        row.signed[name] = Decimal(value)
        if rule.sign == "absolute":
            return value.removeprefix("-")
        if not is_signed and not is_required and value.startswith("-"):
            # The contract has no sign here, and nothing depends on the column.
            return ""
        return value

    return read


def number(text: str, style: str | None) -> str:
    """An amount as plain decimal text with its sign; empty for an empty cell.

    Raises:
        Unreadable: when the cell holds no amount.
    """
    if isinstance(text, Exact):
        return str(text)
    bare = text.strip()
    if not bare or bare in ("-", "–", "—"):
        return ""
    if bare in SPREADSHEET_ERRORS:
        raise Unreadable(
            "is a formula or an error and no amount: open the file in Excel and save it"
        )
    return read_amount(bare, style).text


def _beside(text: str, style: str | None, fallback: str | None) -> str:
    amount: Amount = read_amount(text.strip(), style)
    code = currency_of(amount.token) if amount.token else fallback
    if code is None:
        raise Unreadable(f"carries {amount.token or 'no sign'}, which does not say a currency")
    return code


def _side(cell: str, credits: set[str], debits: set[str]) -> str:
    text = folded(cell)
    if text in credits:
        return "credit"
    if text in debits:
        return "debit"
    if not credits and not debits:
        side = vocabulary().sides.get(plain(cell) or text)
        if side:
            return side
    raise Unreadable(f"has {cell!r} beside it, which says neither credit nor debit")


def _is_zero(text: str) -> bool:
    return not text.strip("-+0.")


def _negated(text: str) -> str:
    return text.removeprefix("-") if text.startswith("-") or _is_zero(text) else f"-{text}"


def account_above(source: Source) -> str | None:
    """The one IBAN, else the one account number, in the lines over the header."""
    ibans: set[str] = set()
    numbers: set[str] = set()
    for cells in source.above:
        line = " ".join(cells)
        for found in _IBAN.finditer(line.upper()):
            iban = found[1].replace(" ", "")
            if is_iban(iban):
                ibans.add(iban)
        if _NUMBER_BESIDE.search(line):
            numbers.update(n for n in re.findall(r"\b\d{6,20}\b", line.replace(" ", " ")))
    for candidates in (ibans, numbers):
        if len(candidates) == 1:
            return candidates.pop()
    return None


def is_iban(text: str) -> bool:
    """Whether the check digits hold (ISO 13616: the number read as digits leaves 1 modulo 97)."""
    if not 15 <= len(text) <= 34 or not text.isalnum() or not text.isascii():
        return False
    moved = text[4:] + text[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1
