"""What the last publication says of cases, items and matches: what a decision is taken on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import Home, TieoutError
from orchestration.review.wording import day

_QUERIES = Path(__file__).parent / "queries"

ItemKey = tuple[str, str, str]
"""Reconciliation, item type, item id."""


class NothingPublished(TieoutError):
    """There is no publication to decide on."""


@dataclass(frozen=True)
class Item:
    """An item in one reconciliation."""

    reconciliation: str
    side: str
    item_type: str
    item_id: str
    party_id: str | None
    event_date: date | None
    currency: str
    amount: Decimal
    open_amount: Decimal
    status: str
    set_aside_reason: str | None
    due_for_match_at: datetime | None
    document_number: str | None
    row_hash: str | None

    @property
    def key(self) -> ItemKey:
        return (self.reconciliation, self.item_type, self.item_id)

    @property
    def label(self) -> str:
        """The item as it stands in a sentence."""
        kind = {"bank_transaction": "bank line"}.get(
            self.item_type, self.item_type.replace("_", " ")
        )
        name = f"{kind} {self.document_number or self.item_id}"
        if self.item_type == "bank_transaction" and self.event_date is not None:
            return f"{name} of {day(self.event_date)}"
        return name


@dataclass(frozen=True)
class CaseException:
    """An open exception of a case."""

    exception_id: str
    case_id: str
    is_case_lead: bool
    reconciliation: str
    exception_type: str
    root_cause: str
    item_type: str
    item_id: str
    amount: Decimal | None
    currency: str | None
    base_amount: Decimal | None
    item_count: int | None
    candidates: tuple[str, ...]

    @property
    def item_key(self) -> ItemKey:
        return (self.reconciliation, self.item_type, self.item_id)


@dataclass(frozen=True)
class Part:
    """What a match closes of an item, signed as the item; `adjusted_amount` is contained."""

    match_id: str
    reconciliation: str
    item_type: str
    item_id: str
    closed_amount: Decimal
    adjusted_amount: Decimal
    currency: str

    @property
    def item_key(self) -> ItemKey:
        return (self.reconciliation, self.item_type, self.item_id)


@dataclass(frozen=True)
class Match:
    """A match with its parts; `ordered_by` is the person whose order it is."""

    match_id: str
    reconciliation: str
    rule_id: str
    decision: str
    explanation: str
    amount: Decimal
    currency: str
    decided_by: str | None
    is_live: bool
    ordered_by: str | None
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Run:
    """The run that was published."""

    run_id: str
    as_of: datetime
    finished_at: datetime
    reporting_currency: str | None


class Published:
    """One publication, open for the questions of one action."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: str) -> None:
        self._connection = connection
        self.path = path

    @cached_property
    def run(self) -> Run:
        """The run that the publication shows."""
        rows = self.rows("publication")
        if not rows:
            raise NothingPublished("The publication shows no run: `tieout run` publishes again.")
        return Run(**rows[0])

    def exceptions(self, case_ids: Iterable[str]) -> dict[str, list[CaseException]]:
        """The open exceptions of cases, the lead first."""
        found: dict[str, list[CaseException]] = {}
        for row in self.rows("exceptions", case_ids=sorted(set(case_ids))):
            candidates = tuple(json.loads(row.pop("candidate_match_ids") or "[]"))
            found.setdefault(row["case_id"], []).append(CaseException(**row, candidates=candidates))
        return found

    def cases_of(self, match_ids: Iterable[str]) -> dict[str, str]:
        """The case in which each suggestion waits; those that wait in none are left out."""
        wanted = sorted(set(match_ids))
        if not wanted:
            return {}
        rows = self.rows("cases_of_matches", match_ids=wanted)
        return {row["match_id"]: row["case_id"] for row in rows}

    def matches(self, match_ids: Iterable[str]) -> dict[str, Match]:
        """Matches by id; unknown ones are left out."""
        wanted = sorted(set(match_ids))
        if not wanted:
            return {}
        parts: dict[str, list[Part]] = {}
        for row in self.rows("allocations", match_ids=wanted):
            parts.setdefault(row["match_id"], []).append(Part(**row))
        return {
            row["match_id"]: Match(**row, parts=tuple(parts.get(row["match_id"], ())))
            for row in self.rows("matches", match_ids=wanted)
        }

    def items(self, named: Iterable[tuple[str, str]]) -> dict[ItemKey, Item]:
        """Items by (item_type, item_id), in every reconciliation that lists them."""
        wanted = sorted(set(named))
        if not wanted:
            return {}
        rows = self.rows(
            "items",
            item_types=[item_type for item_type, _ in wanted],
            item_ids=[item_id for _, item_id in wanted],
        )
        return {item.key: item for item in (Item(**row) for row in rows)}

    def held_elsewhere(self, bank_lines: Iterable[str]) -> set[tuple[str, str]]:
        """Bank lines that live matches hold, as (item id, reconciliation)."""
        wanted = sorted(set(bank_lines))
        if not wanted:
            return set()
        return {
            (row["item_id"], row["reconciliation"])
            for row in self.rows("held_elsewhere", item_ids=wanted)
        }

    def written_off(self, keys: Iterable[ItemKey]) -> dict[ItemKey, tuple[Decimal, str]]:
        """What standing matches have written off items, with the currency."""
        wanted = set(keys)
        rows = self.rows("written_off", item_ids=sorted({key[2] for key in wanted}))
        found = {
            (row["reconciliation"], row["item_type"], row["item_id"]): (
                row["amount"], row["currency"],
            )
            for row in rows
        }  # fmt: skip
        return {key: found[key] for key in sorted(wanted & found.keys())}

    @cached_property
    def base_ratios(self) -> dict[str, Decimal]:
        """By currency, what one unit is about in the reporting currency."""
        return {
            row["currency"]: abs(row["base_amount"] / row["amount"])
            for row in self.rows("currencies")
        }

    def rate(self, currency: str, day: date | None) -> Decimal | None:
        """Units of the reporting currency for one of `currency` on a day; None without a rate."""
        try:
            rows = self.rows("rate", currency=currency, day=day)
        except duckdb.CatalogException:  # published before rates were
            return None
        return rows[0]["rate"] if rows else None

    def rows(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of `queries/<name>.sql`."""
        cursor = self._connection.execute(_sql(name), parameters)
        columns = [column[0] for column in cursor.description or []]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@contextmanager
def opened(home: Home) -> Iterator[Published]:
    """The current publication of a home.

    Raises:
        NothingPublished: when there is none that can be read.
    """
    path = os.path.realpath(home.serving)
    try:
        connection = duckdb.connect(path, read_only=True)
    except duckdb.Error as error:
        raise NothingPublished(
            f"{home.serving} cannot be read: `tieout run` publishes first."
        ) from error
    with connection:
        yield Published(connection, path)


@cache
def _sql(name: str) -> str:
    return (_QUERIES / f"{name}.sql").read_text(encoding="utf-8")


def facts(
    exceptions: Iterable[CaseException], items: Mapping[ItemKey, Item], matches: Iterable[Match]
) -> list[Any]:
    """What a decision rests on, in a form that can be compared and hashed."""
    return [
        sorted(
            [e.exception_id, e.exception_type, e.root_cause, _text(e.amount), list(e.candidates)]
            for e in exceptions
        ),
        sorted(
            [*item.key, _text(item.open_amount), item.status, item.set_aside_reason or "",
             item.row_hash or ""]
            for item in items.values()
        ),
        sorted([match.match_id, match.decision] for match in matches),
    ]  # fmt: skip


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount.normalize():f}"
