"""A map says how the columns of one shape of file become the columns of a feed. It is YAML:

    name: kontoauszug
    feed: bank_transactions
    header: [Buchungstag, Betrag, Info]   # what its files have; tells them again
    dates: day first                      # day first, month first, year first
    numbers: 1.234,56                     # or 1,234.56
    columns:
      booking_date: {from: Buchungstag}
      amount: {from: Betrag}
      currency: {constant: EUR}
      remittance_information: {from: Info}
      entry_id: {hash_of: content}

The rule of a column has one of these:

    from: X | [X, Y]          the cell; several are joined by a space
    first_of: [X, Y]          the first that is not empty
    constant: text            the same for every row
    credit: X, debit: Y       an amount in two columns; debit is negative
    sign_of: column           with positive: a, negative: b; by the sign of a column of the feed
    currency_in: X            the sign or code beside the amount in X
    above: account            the IBAN or account number in the lines over the header
    hash_of: content          an id from what the row says, and its occurrence among equal ones

and may have: values (text of the file: value of the feed), otherwise (for texts not listed),
default (where empty), dates, numbers (as above, for this column), sign (as written, reversed,
absolute, only positive, only negative, or by type: refunds, chargebacks and fees negative), side
(from, credit: [...], debit: [...]: a column that says which), plus and less (columns of amounts
added or taken off), zone (IANA name) or zone_from (a column), optional (the column may be absent),
ask (a question of a preset). `only` and `except` choose rows: [{column: Status, is: [Completed]}],
or is: filled, is: empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from orchestration.files import write_text
from orchestration.home import Home, TieoutError
from orchestration.imports.source import Source, signature
from orchestration.imports.values import DATE_ORDERS, NUMBER_STYLES, is_zone
from orchestration.imports.vocabulary import contract

PRESETS = Path(__file__).resolve().parent / "presets"
SIGNS = ("as written", "reversed", "absolute", "by type", "only positive", "only negative")
_WAYS = (
    "from",
    "first_of",
    "constant",
    "credit",
    "sign_of",
    "currency_in",
    "above",
    "hash_of",
    "ask",
)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")


@dataclass(frozen=True)
class Rule:
    """How one column of the feed is read; the fields are those of the YAML."""

    source: tuple[str, ...] = ()
    first_of: tuple[str, ...] = ()
    constant: str | None = None
    credit: str | None = None
    debit: str | None = None
    sign_of: str | None = None
    positive: str | None = None
    negative: str | None = None
    currency_in: str | None = None
    above: str | None = None
    hash_of: str | None = None
    ask: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    default: str | None = None
    dates: str | None = None
    numbers: str | None = None
    sign: str | None = None
    side: str | None = None
    side_credit: tuple[str, ...] = ()
    side_debit: tuple[str, ...] = ()
    plus: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    zone: str | None = None
    zone_from: str | None = None
    optional: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of the file that the rule looks at."""
        named = (self.credit, self.debit, self.currency_in, self.side, self.zone_from)
        return (
            *self.source, *self.first_of, *self.plus, *self.less, *(name for name in named if name),
        )  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """A condition on a column of the file: one of `among`, or `filled`, or `empty`."""

    column: str
    among: tuple[str, ...] = ()
    state: str = ""

    def holds(self, cell: str) -> bool:
        """Whether a cell fits."""
        text = cell.strip()
        if self.state:
            return bool(text) == (self.state == "filled")
        return text.casefold() in self.among

    @property
    def said(self) -> str:
        return f"{self.column} is {self.state or ' or '.join(self.among)}"


@dataclass(frozen=True)
class Map:
    """One feed's map. `origin` is its file; `rests_on` what a preset was made from."""

    name: str
    feed: str
    header: tuple[str, ...]
    columns: Mapping[str, Rule]
    title: str = ""
    dates: str | None = None
    numbers: str | None = None
    zone: str | None = None
    only: tuple[Choice, ...] = ()
    excepted: tuple[Choice, ...] = ()
    rests_on: str = ""
    left_out: str = ""
    told_by: tuple[str, ...] = ()
    is_preset: bool = False
    origin: Path | None = None

    @property
    def shape(self) -> str:
        return signature(self.header)

    @property
    def reads(self) -> set[str]:
        """All columns of the file that any rule or condition looks at."""
        looked = {name for rule in self.columns.values() for name in rule.reads}
        return looked | {choice.column for choice in (*self.only, *self.excepted)}

    @property
    def needs(self) -> set[str]:
        """Columns that a file must have. Of several that may stand in, none is a must."""
        choices = {choice.column for choice in (*self.only, *self.excepted)}
        for rule in self.columns.values():
            if not rule.optional:
                choices |= set(rule.reads) - {*rule.first_of, rule.zone_from}
        return choices

    def order_of(self, column: str) -> str | None:
        """How the dates of a column are written."""
        return self.columns[column].dates or self.dates

    def style_of(self, column: str) -> str | None:
        """How the amounts of a column are written."""
        return self.columns[column].numbers or self.numbers


def folded(name: str) -> str:
    """A column's name as names of columns are compared."""
    return " ".join(name.split()).casefold()


def load_map(path: Path, *, is_preset: bool = False) -> Map:
    """Read one map.

    Raises:
        TieoutError: naming the file, the place in it and what may stand there.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise TieoutError(f"The map {path} cannot be read ({error}).") from error
    except yaml.YAMLError as error:
        raise TieoutError(f"The map {path} is not YAML: {error}") from error
    try:
        return replace(parse(document, path.stem), origin=path, is_preset=is_preset)
    except TieoutError as error:
        raise TieoutError(f"The map {path}: {error}") from error


def parse(document: Any, name: str) -> Map:
    """A map from what YAML holds.

    Raises:
        TieoutError: naming the place and what may stand there.
    """
    if not isinstance(document, Mapping):
        raise TieoutError("is empty or no mapping; it starts with `feed:` and `columns:`.")
    known = {
        "name", "title", "feed", "header", "dates", "numbers", "zone", "columns", "only", "except",
        "rests_on", "left_out", "told_by",
    }  # fmt: skip
    _only_known(document, known, "it")
    feeds = contract().feeds
    feed = str(document.get("feed", ""))
    if feed not in feeds:
        raise TieoutError(f"feed: {feed!r} is none; the feeds are {', '.join(sorted(feeds))}.")
    name = str(document.get("name", name))
    if not _NAME.fullmatch(name):
        raise TieoutError(f"name: {name!r} may hold small letters, digits, - and _ alone.")
    header = _texts(document.get("header"), "header")
    columns = document.get("columns")
    if not isinstance(columns, Mapping) or not columns:
        raise TieoutError("columns: names no column of the feed.")
    rules = {}
    for column, rule in columns.items():
        if column not in feeds[feed].names:
            raise TieoutError(
                f"columns: {column!r} is none of {feed}; it has {', '.join(feeds[feed].names)}."
            )
        rules[column] = _rule(rule, f"columns.{column}", feeds[feed].names)
    found = Map(
        name=name,
        feed=feed,
        header=tuple(header),
        columns=rules,
        title=str(document.get("title", "")),
        dates=_among(document, "dates", DATE_ORDERS, ""),
        numbers=_among(document, "numbers", NUMBER_STYLES, ""),
        zone=_zone(document, "zone", ""),
        only=_choices(document.get("only"), "only"),
        excepted=_choices(document.get("except"), "except"),
        rests_on=str(document.get("rests_on", "")),
        left_out=str(document.get("left_out", "")),
        told_by=tuple(_texts(document.get("told_by"), "told_by")),
    )
    listed = {folded(name) for name in found.header}
    lost = sorted(name for name in found.needs if folded(name) not in listed)
    if lost:
        raise TieoutError(
            f"columns: {', '.join(map(repr, lost))} is no column of `header:`, which lists what "
            "the files have."
        )
    return found


def dump(found: Map) -> str:
    """A map as YAML that a person reads and edits."""
    document: dict[str, Any] = {"name": found.name}
    if found.title:
        document["title"] = found.title
    document["feed"] = found.feed
    document["header"] = list(found.header)
    for key in ("dates", "numbers", "zone"):
        if value := getattr(found, key):
            document[key] = value
    for key, choices in (("only", found.only), ("except", found.excepted)):
        if choices:
            document[key] = [{"column": c.column, "is": c.state or list(c.among)} for c in choices]
    document["columns"] = {name: _rule_document(rule) for name, rule in found.columns.items()}
    head = (
        "# How files of this shape are read. Edit it by hand if you like; it is checked on use.\n"
        "# What may stand here: orchestration/imports/maps.py.\n"
    )
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=98)


def save(home: Home, found: Map) -> Path:
    """Keep a map under the home: in place of the one for the same rows of the same shape and feed.

    A map of that name for another shape stays; the new one gets a number.
    """
    known = saved_maps(home)
    name = found.name
    for other in known:
        if (other.shape, other.feed, other.only) == (found.shape, found.feed, found.only):
            name = other.name
            break
    else:
        taken = {other.name for other in known}
        number = 2
        while name in taken:
            name = f"{found.name[:56]}-{number}"
            number += 1
    path = home.maps / f"{name}.yaml"
    write_text(path, dump(replace(found, name=name)))
    return path


def saved_maps(home: Home) -> list[Map]:
    """The maps under the home, by name.

    Raises:
        TieoutError: when one of them is broken: it may be the very one that a file needs.
    """
    return [load_map(path) for path in sorted(home.maps.glob("*.yaml"))]


def presets() -> list[Map]:
    """The maps of known exports that come with the project, by name."""
    return [load_map(path, is_preset=True) for path in sorted(PRESETS.glob("*.yaml"))]


def fitting(maps: Sequence[Map], source: Source) -> list[Map]:
    """The maps for a file: of its very shape, else presets whose columns it has.

    A preset may be told by columns that it does not read. Several may fit: one file can hold rows
    of two feeds.
    """
    shape = signature(source.header)
    exact = [found for found in maps if not found.is_preset and found.shape == shape]
    if exact:
        return exact
    has = {folded(name) for name in source.header}
    fits = [
        found
        for found in maps
        if found.is_preset
        and all(folded(name) in has for name in found.needs)
        and all(folded(name) in has for name in found.told_by)
    ]
    # A preset that asks for more columns knows the file better.
    best = max((len(set(found.told_by) | found.needs) for found in fits), default=0)
    families = {_family(f) for f in fits if len(set(f.told_by) | f.needs) == best}
    return [found for found in fits if _family(found) in families]


def _family(found: Map) -> str:
    """Presets of one export share the start of their name: `adyen-settlement.payouts`."""
    return found.name.partition("__")[0]


@dataclass(frozen=True)
class Change:
    """A saved map whose files have changed shape: what is gone, what is new."""

    map: Map
    gone: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def is_harmless(self) -> bool:
        """Whether everything that the map reads is still there."""
        gone = {folded(name) for name in self.gone}
        return not any(folded(name) in gone for name in self.map.needs)

    @property
    def said(self) -> str:
        parts = []
        if self.gone:
            parts.append(f"no longer has {', '.join(map(repr, self.gone))}")
        if self.new:
            parts.append(f"now has {', '.join(map(repr, self.new))}")
        return f"looks like {self.map.name!r}, but {' and '.join(parts)}"


def changed(maps: Sequence[Map], source: Source) -> Change | None:
    """The saved map that the file most nearly fits, where three of five columns are the same."""
    has = {folded(name): name for name in source.header}
    best: tuple[float, str, Change] | None = None
    for found in maps:
        if found.is_preset:
            continue
        had = {folded(name): name for name in found.header}
        alike = len(had.keys() & has.keys()) / len(had.keys() | has.keys())
        if alike >= 0.6 and (best is None or alike > best[0]):
            gone = tuple(name for key, name in had.items() if key not in has)
            new = tuple(name for key, name in has.items() if key not in had)
            best = (alike, found.name, Change(found, gone, new))
    return best[2] if best else None


def _rule(document: Any, place: str, names: Sequence[str]) -> Rule:
    if not isinstance(document, Mapping):
        raise TieoutError(f"{place}: is no mapping such as {{from: Date}}.")
    known = {
        *_WAYS, "debit", "positive", "negative", "values", "otherwise", "default", "dates",
        "numbers", "sign", "side", "plus", "less", "zone", "zone_from", "optional",
    }  # fmt: skip
    _only_known(document, known, place)
    ways = [way for way in _WAYS if way in document]
    if ways not in (["credit"], *([way] for way in _WAYS)) and "debit" not in document:
        raise TieoutError(f"{place}: needs one of {', '.join(_WAYS)}; it has {ways or 'none'}.")
    if document.get("sign_of") and document["sign_of"] not in names:
        raise TieoutError(f"{place}.sign_of: {document['sign_of']!r} is no column of the feed.")
    if document.get("above") not in (None, "account"):
        raise TieoutError(f"{place}.above: only `account` is looked for over the header.")
    if document.get("hash_of") not in (None, "content"):
        raise TieoutError(f"{place}.hash_of: only `content`, all other columns that are read.")
    side = document.get("side", {})
    if side and (not isinstance(side, Mapping) or "from" not in side):
        raise TieoutError(f"{place}.side: {{from: column, credit: [...], debit: [...]}}.")
    values = document.get("values", {})
    if not isinstance(values, Mapping):
        raise TieoutError(f"{place}.values: pairs such as {{Rechnung: invoice}}.")
    return Rule(
        source=tuple(_texts(document.get("from"), f"{place}.from")),
        first_of=tuple(_texts(document.get("first_of"), f"{place}.first_of")),
        constant=_text(document, "constant", place),
        credit=_text(document, "credit", place),
        debit=_text(document, "debit", place),
        sign_of=_text(document, "sign_of", place),
        positive=_text(document, "positive", place),
        negative=_text(document, "negative", place),
        currency_in=_text(document, "currency_in", place),
        above=_text(document, "above", place),
        hash_of=_text(document, "hash_of", place),
        ask=_text(document, "ask", place),
        values={folded(str(key)): str(value) for key, value in values.items()},
        otherwise=_text(document, "otherwise", place),
        default=_text(document, "default", place),
        dates=_among(document, "dates", DATE_ORDERS, place),
        numbers=_among(document, "numbers", NUMBER_STYLES, place),
        sign=_among(document, "sign", SIGNS, place),
        side=side.get("from") if side else None,
        side_credit=tuple(_texts(side.get("credit"), f"{place}.side.credit")) if side else (),
        side_debit=tuple(_texts(side.get("debit"), f"{place}.side.debit")) if side else (),
        plus=tuple(_texts(document.get("plus"), f"{place}.plus")),
        less=tuple(_texts(document.get("less"), f"{place}.less")),
        zone=_zone(document, "zone", place),
        zone_from=_text(document, "zone_from", place),
        optional=document.get("optional", "false") == "true",
    )


def _rule_document(rule: Rule) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if rule.source:
        document["from"] = rule.source[0] if len(rule.source) == 1 else list(rule.source)
    if rule.first_of:
        document["first_of"] = list(rule.first_of)
    for key in (
        "constant", "credit", "debit", "sign_of", "positive", "negative", "currency_in", "above",
        "hash_of", "ask", "otherwise", "default", "dates", "numbers", "sign", "zone", "zone_from",
    ):  # fmt: skip
        if (value := getattr(rule, key)) is not None:
            document[key] = value
    if rule.values:
        document["values"] = dict(rule.values)
    if rule.side:
        document["side"] = {
            "from": rule.side, "credit": list(rule.side_credit), "debit": list(rule.side_debit),
        }  # fmt: skip
    for key in ("plus", "less"):
        if value := getattr(rule, key):
            document[key] = list(value)
    if rule.optional:
        document["optional"] = True
    return document


def _choices(document: Any, place: str) -> tuple[Choice, ...]:
    if document in (None, ""):
        return ()
    if not isinstance(document, list):
        raise TieoutError(f"{place}: is a list of {{column: Status, is: [Completed]}}.")
    choices = []
    for entry in document:
        if not isinstance(entry, Mapping) or set(entry) != {"column", "is"}:
            raise TieoutError(f"{place}: each entry is {{column: Status, is: [Completed]}}.")
        wanted = entry["is"]
        if wanted in ("filled", "empty"):
            choices.append(Choice(str(entry["column"]), state=str(wanted)))
        else:
            texts = tuple(text.casefold() for text in _texts(wanted, f"{place}.is"))
            choices.append(Choice(str(entry["column"]), among=texts))
    return tuple(choices)


def _only_known(document: Mapping[str, Any], known: set[str], place: str) -> None:
    unknown = sorted(set(document) - known)
    if unknown:
        raise TieoutError(
            f"{place}: {', '.join(map(repr, unknown))} means nothing here; known are "
            f"{', '.join(sorted(known))}."
        )


def _texts(value: Any, place: str) -> list[str]:
    if value in (None, ""):
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(text, str) for text in value):
        return list(value)
    raise TieoutError(f"{place}: is a name or a list of names.")


def _text(document: Mapping[str, Any], key: str, place: str) -> str | None:
    value = document.get(key)
    if value is None or isinstance(value, str):
        return value
    raise TieoutError(f"{place}.{key}: is one text.")


def _among(document: Mapping[str, Any], key: str, allowed: Sequence[str], place: str) -> str | None:
    value = document.get(key)
    if value is not None and value not in allowed:
        where = f"{place}.{key}" if place else key
        raise TieoutError(f"{where}: {value!r} is not one of {', '.join(allowed)}.")
    return value


def _zone(document: Mapping[str, Any], key: str, place: str) -> str | None:
    value = document.get(key)
    if value is not None and not is_zone(str(value)):
        where = f"{place}.{key}" if place else key
        raise TieoutError(f"{where}: {value!r} is no time zone such as Europe/Berlin.")
    return value
