"""What an event says, as rows of the feeds: by its type, as `event_maps/<source>.yaml` tells it.

A row is not checked here. What the contract refuses lands like everything else and is quarantined
with its reason by the run, where people look for such things; so is a body that is no JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml

from orchestration.home import Home, TieoutError
from orchestration.ingest.contract import CONTRACT_FILE, CURRENCIES_FILE, read_contract

Outcome = Literal["landed", "unknown", "incomplete", "malformed"]

STANDARD = "standard"
"""The map of every source that has none of its own."""

MALFORMED_FEED = "gateway_transactions"
"""Where a body that nobody can read is quarantined."""

LONGEST_LINE = 10_000
_FOLDER = Path(__file__).parent / "event_maps"
_EPOCH = datetime(1970, 1, 1)

RowOf = Callable[[str], str | None]
"""The id of the row that an earlier event of the source made of an object."""


@dataclass(frozen=True)
class Read:
    """What one event comes to. `lines` are feed and JSON line; `rows` what these hold."""

    type: str
    outcome: Outcome
    lines: list[tuple[str, str]] = field(default_factory=list)
    rows: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    known: list[tuple[str, str]] = field(default_factory=list)
    """Object and the row that it became."""


def id_of(body: bytes) -> str | None:
    """The id that an event has in its own body; None when it has none."""
    event = _parsed(body)
    found = event.get("id") if isinstance(event, dict) else None
    return found if isinstance(found, str) and found else None


def read(home: Home, source: str, body: bytes, row_of: RowOf = lambda _: None) -> Read:
    """Turn an event into rows.

    Raises:
        TieoutError: when the source's map cannot be read.
    """
    found = map_of(home, source)
    try:
        return _read(found, body, row_of)
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise TieoutError(
            f"The map of events of source {source} says of a type or a column what cannot be done "
            f"({type(error).__name__}); see {_FOLDER} for maps that can be read."
        ) from error


def _read(found: Mapping[str, Any], body: bytes, row_of: RowOf) -> Read:
    event = _parsed(body)
    if not isinstance(event, dict) or not isinstance(event.get(found["type"]), str):
        return Read("", "malformed", [(MALFORMED_FEED, _as_line(body))])
    event_type = event[found["type"]]
    said = found["types"].get(event_type)
    if said is None:
        return Read(event_type, "unknown")
    objects = list(_objects(event, said))
    if not objects:
        return Read(event_type, "incomplete")
    result = Read(event_type, "landed")
    for item in objects:
        if not isinstance(item, dict):
            return Read(event_type, "malformed", [(said["feed"], _as_line(body))])
        if any(_at(item, path) is None for path in said.get("needs", ())):
            continue
        row = _row(found, said, item, row_of)
        result.rows.append((said["feed"], row))
        result.lines.append((said["feed"], json.dumps(row, ensure_ascii=False)))
        if "known_as" in said:
            object_id = _at(item, said["known_as"])
            if isinstance(object_id, str) and row.get("transaction_id"):
                result.known.append((object_id, str(row["transaction_id"])))
    return result if result.rows else Read(event_type, "incomplete")


def map_of(home: Home, source: str) -> dict[str, Any]:
    """The map of a source: of the home (`maps/events`), of the project, else the general one.

    Raises:
        TieoutError: when a file is no map.
    """
    for folder, name in ((home.maps / "events", source), (_FOLDER, source), (_FOLDER, STANDARD)):
        path = folder / f"{name}.yaml"
        if path.is_file():
            return _loaded(path, path.stat().st_mtime_ns)
    raise TieoutError(f"{_FOLDER} holds no map {STANDARD}.yaml: reinstall tieout.")


@lru_cache(maxsize=32)
def _loaded(path: Path, _: int) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        feeds = {said["feed"] for said in found["types"].values()}
        complete = isinstance(found["type"], str) and all(
            said["columns"] for said in found["types"].values()
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise TieoutError(f"{path} is no map of events: {error!r}.") from error
    unknown = feeds - set(_required())
    if unknown or not complete:
        raise TieoutError(f"{path} names feeds that there are not: {', '.join(sorted(unknown))}.")
    return dict(found)


@lru_cache(maxsize=1)
def _required() -> dict[str, tuple[str, ...]]:
    """Required columns by feed."""
    contract = read_contract(CONTRACT_FILE, CURRENCIES_FILE)
    return {name: tuple(feed.required) for name, feed in contract.feeds.items()}


@lru_cache(maxsize=1)
def _minor_digits() -> dict[str, int]:
    return dict(read_contract(CONTRACT_FILE, CURRENCIES_FILE).currencies)


def _parsed(body: bytes) -> Any:
    try:
        # numbers as they are written: no amount passes through a binary fraction
        return json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None


def _as_line(body: bytes) -> str:
    """A body as one line, as far as a line goes; nothing of it is JSON of an object then."""
    text = " ".join(body.decode("utf-8", errors="replace").split())[:LONGEST_LINE]
    return json.dumps(text, ensure_ascii=False)


def _objects(event: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[Any]:
    item = _at(event, said["of"])
    if said["columns"] == "as_they_are":
        yield from item if isinstance(item, list) else [item]
        return
    if not isinstance(item, dict):
        yield item
        return
    listed = _at(item, said["each"]) if "each" in said else [item]
    for one in listed if isinstance(listed, list) else []:
        outer = item if "each" in said else None
        yield {**one, "event": event, "outer": outer} if isinstance(one, dict) else one


def _row(
    found: Mapping[str, Any], said: Mapping[str, Any], item: Mapping[str, Any], row_of: RowOf
) -> dict[str, Any]:
    if said["columns"] == "as_they_are":
        # a column that is missing in all rows would reject the file instead of the row
        missing: dict[str, Any] = dict.fromkeys(_required()[said["feed"]])
        return missing | {name: _plain(value) for name, value in item.items()}
    digits = {**_minor_digits(), **found.get("minor_digits", {})}
    return {name: _column(column, item, digits, row_of) for name, column in said["columns"].items()}


def _column(
    column: Mapping[str, Any], item: Mapping[str, Any], digits: Mapping[str, int], row_of: RowOf
) -> Any:
    if "is" in column:
        return column["is"]
    if "row_of" in column:
        object_id = _first(item, column["row_of"])
        return row_of(object_id) or object_id if isinstance(object_id, str) else None
    value = _first(item, column["from"])
    if value is None:
        return column.get("otherwise")
    if "by_sign" in column:
        number = _number(value)
        return None if number is None else column["by_sign"][0 if number < 0 else 1]
    if "values" in column:
        return column["values"].get(value, column.get("otherwise"))
    if "minor" in column:
        number = _number(value)
        if number is None or number < column.get("least", number):
            return None
        places = digits.get(str(_at(item, column["minor"])).upper())
        return _amount(-number if column.get("sign") == "reversed" else number, places)
    if "as" in column:
        return _moment(value, column["as"])
    return _plain(value)


def _amount(number: Decimal, places: int | None) -> str | None:
    """An amount of smallest units in major ones; None without a currency that says how large."""
    return None if places is None else f"{number.scaleb(-places):f}"


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(value: Any, kind: str) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None if value is None else str(value)
    try:
        at = _EPOCH + timedelta(seconds=value)
    except OverflowError:
        return str(value)
    return f"{at:%Y-%m-%d}" if kind == "day" else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _first(item: Mapping[str, Any], paths: list[str]) -> Any:
    """The first value that stands at one of the paths, and is no object."""
    for path in paths:
        value = _at(item, path)
        if value is not None and not isinstance(value, dict | list):
            return value
    return None


def _at(item: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(item, dict):
            return None
        item = item.get(name)
    return item


def _plain(value: Any) -> Any:
    return f"{value:f}" if isinstance(value, Decimal) else value
