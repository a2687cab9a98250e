"""The contract of the feeds, read from the dbt source file that is its only place."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from orchestration.home import PROJECT_DIR, TieoutError

CONTRACT_FILE = PROJECT_DIR / "models" / "staging" / "_feeds__sources.yml"
CURRENCIES_FILE = PROJECT_DIR / "seeds" / "currencies.csv"

# libyaml's where it is there: it reads the contract in a tenth of the time
_YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

BANK_LANDING = "bank_statements"
"""The landing folder that takes bank formats; it is no feed of its own."""

BANK_FEED = "bank_transactions"
"""The feed that the items of bank files arrive in."""

REMITTANCE_FEED = "remittance_advice_lines"
"""The feed that the structured remittance of bank files arrives in."""

SQL_TYPES = {
    "text": "VARCHAR",
    "currency": "VARCHAR",
    "json": "VARCHAR",
    "list": "VARCHAR[]",
    "money": "DECIMAL(38,10)",
    "quantity": "DECIMAL(38,10)",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
}
"""Type in Parquet of every kind of column."""

SYSTEM_COLUMNS = {
    "_batch_id": "VARCHAR",
    "_row_number": "BIGINT",
    "_row_hash": "VARCHAR",
    "_run_sequence": "BIGINT",
    "_extra": "VARCHAR",
}
"""What ingest adds to every row of raw."""

MAX_DECIMALS = 10
"""Digits after the point of quantities, unit prices and rates."""


@dataclass(frozen=True)
class Column:
    """One column of a feed. `currency` names the column that says in what a money is."""

    name: str
    kind: str
    is_key: bool = False
    required: bool = False
    domain: tuple[str, ...] = ()
    currency: str | None = None
    signed: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    elements: tuple[str, ...] = ()

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.kind]


@dataclass(frozen=True)
class Feed:
    """One feed: its columns in contract order and the rules that speak of whole rows."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    event_column: str | None = None
    version_column: str | None = None
    status_column: str | None = None
    pending_values: tuple[str, ...] = ()
    exactly_one_of: tuple[str, ...] = ()
    time_zone: str = "UTC"

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if column.required]

    @property
    def raw_types(self) -> dict[str, str]:
        """Name and type of every column in raw, in order."""
        return {column.name: column.sql_type for column in self.columns} | SYSTEM_COLUMNS


@dataclass(frozen=True)
class Contract:
    """All feeds, and the minor digits of all known currencies."""

    version: str
    feeds: Mapping[str, Feed]
    currencies: Mapping[str, int] = field(repr=False)

    @cached_property
    def landing_folders(self) -> frozenset[str]:
        return frozenset(self.feeds) | {BANK_LANDING}

    def with_time_zones(self, zones: Mapping[str, str]) -> Contract:
        """The contract with other time zones for timestamps without an offset, by feed.

        Raises:
            TieoutError: when a feed or a zone is not known.
        """
        feeds = dict(self.feeds)
        for name, zone in zones.items():
            if name not in feeds:
                raise TieoutError(
                    f"A time zone is set for {name!r}, which is no feed. "
                    f"The feeds are: {', '.join(sorted(feeds))}."
                )
            feeds[name] = replace(feeds[name], time_zone=_zone(zone, name))
        return replace(self, feeds=feeds)


def load_contract(environment: Mapping[str, str] | None = None) -> Contract:
    """The contract of the project, with the time zones of `TIEOUT_TIME_ZONES`.

    `TIEOUT_TIME_ZONES` is `feed=zone` pairs with commas between, such as
    `bank_transactions=Europe/Berlin,ledger_entries=America/Toronto`.

    Raises:
        TieoutError: when the contract contradicts itself or the variable cannot be understood.
    """
    environment = os.environ if environment is None else environment
    contract = read_contract(CONTRACT_FILE, CURRENCIES_FILE)
    return contract.with_time_zones(_zones(environment.get("TIEOUT_TIME_ZONES", "")))


def read_currencies(currencies_file: Path) -> dict[str, int]:
    """Minor digits by ISO 4217 code."""
    with open(currencies_file, encoding="utf-8", newline="") as handle:
        return {row["code"]: int(row["minor_digits"]) for row in csv.DictReader(handle)}


def read_contract(contract_file: Path, currencies_file: Path) -> Contract:
    """Read the source file and the currency seed, once in a process while they stay as they are.

    Raises:
        TieoutError: when the contract contradicts itself.
    """
    modified_ns = tuple(path.stat().st_mtime_ns for path in (contract_file, currencies_file))
    return _read(contract_file, currencies_file, modified_ns)


@lru_cache(maxsize=4)
def _read(contract_file: Path, currencies_file: Path, _modified_ns: tuple[int, ...]) -> Contract:
    document = yaml.load(contract_file.read_text(encoding="utf-8"), _YamlLoader)
    source = next(source for source in document["sources"] if source["name"] == "feeds")
    meta = source["config"]["meta"]
    feeds = [_feed(table, meta["time_zone"]) for table in source["tables"]]
    currencies = read_currencies(currencies_file)
    return Contract(
        version=str(meta["contract_version"]),
        feeds={feed.name: feed for feed in feeds},
        currencies=currencies,
    )


def _feed(table: Mapping[str, Any], default_zone: str) -> Feed:
    meta = table["config"]["meta"]
    columns = tuple(_column(table["name"], column) for column in table["columns"])
    feed = Feed(
        name=table["name"],
        columns=columns,
        key=tuple(meta["key"]),
        event_column=meta.get("event_column"),
        version_column=meta.get("version_column"),
        status_column=meta.get("status_column"),
        pending_values=tuple(meta.get("pending_values", ())),
        exactly_one_of=tuple(meta.get("exactly_one_of", ())),
        time_zone=_zone(meta.get("time_zone", default_zone), table["name"]),
    )
    flagged = tuple(column.name for column in columns if column.is_key)
    named = [feed.event_column, feed.version_column, feed.status_column, *feed.exactly_one_of]
    named += [column.currency for column in columns]
    unknown = {name for name in named if name} - set(feed.names)
    if flagged != feed.key or unknown:
        raise TieoutError(
            f"{CONTRACT_FILE.name}: {feed.name} has the key {feed.key} and flags {flagged}; "
            f"columns that it names and does not have: {sorted(unknown)}."
        )
    return feed


def _column(feed: str, column: Mapping[str, Any]) -> Column:
    meta = column["config"]["meta"]
    kind = meta["kind"]
    if SQL_TYPES.get(kind, "").lower() != column["data_type"]:
        raise TieoutError(
            f"{CONTRACT_FILE.name}: {feed}.{column['name']} is {column['data_type']}, "
            f"which is not the type of kind {kind!r}."
        )
    return Column(
        name=column["name"],
        kind=kind,
        is_key=meta.get("key", False),
        required=meta.get("required", False),
        domain=tuple(meta.get("domain", ())),
        currency=meta.get("currency"),
        signed=meta.get("signed", False),
        minimum=Decimal(meta["minimum"]) if "minimum" in meta else None,
        maximum=Decimal(meta["maximum"]) if "maximum" in meta else None,
        elements=tuple(meta.get("elements", ())),
    )


def _zones(text: str) -> dict[str, str]:
    zones = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        feed, separator, zone = pair.partition("=")
        if not separator:
            raise TieoutError(
                f"TIEOUT_TIME_ZONES={text!r}: {pair!r} is not of the form feed=zone, "
                "such as bank_transactions=Europe/Berlin."
            )
        zones[feed.strip()] = zone.strip()
    return zones


def _zone(name: str, feed: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TieoutError(
            f"{name!r}, the time zone of {feed}, is no IANA name such as Europe/Berlin."
        ) from error
    return name
