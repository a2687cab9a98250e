"""The life of a record: what happened to it and to the records that its money touched, in order.

An invoice is paid by a charge, the charge is part of a payout, the payout is a bank line, and the
bank line is in the ledger: the walk follows that chain through the matches that hold, each once,
and `events` tells all of it as sentences. Nothing is added up here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dashboard import data, events
from dashboard.events import Event, Item

MOST_RECORDS = 12
MOST_HOPS = 4
MOST_OF_A_MATCH = 6
MOST_EVENTS = 200


@dataclass
class Life:
    """Records and their events, in order."""

    own: tuple[Item, ...]
    others: list[Item] = field(default_factory=list)
    """The records that the money of the own ones runs through."""

    more: int = 0
    """Records that were left out, such as the other charges of a payout."""

    facts: dict[Item, data.Row] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    sealed: list[data.Row] = field(default_factory=list)
    """The audit entries among them, as they were sealed."""

    is_cut: bool = False

    @property
    def items(self) -> list[Item]:
        """All records, the own ones first."""
        return [*self.own, *self.others]


@dataclass
class _Walk:
    """What was met on the way: events as the trace tells them, and the items of their matches."""

    life: Life
    trace: list[data.Row] = field(default_factory=list)
    allocations: dict[str, list[data.Row]] = field(default_factory=dict)

    def go(self, only_match: str | None) -> None:
        """Follow the money from the own records; for one match alone, stay with its items."""
        frontier = list(self.life.own)
        for hop in range(MOST_HOPS + 1):
            met = self._trace_of(frontier, only_match)
            self.trace += met
            named = dict.fromkeys(_matches_of(met))
            new = [match for match in named if match not in self.allocations]
            for match in new:
                self.allocations[match] = []
            for row in data.query("life_allocations", matches=new) if new else []:
                self.allocations[row["match_id"]].append(row)
            if only_match or hop == MOST_HOPS:
                return
            frontier = self._others(frontier, met, new)
            if not frontier:
                return
            self.life.others += frontier

    def _trace_of(self, items: Sequence[Item], only_match: str | None) -> list[data.Row]:
        ids = list(dict.fromkeys(identifier for _, identifier in items))
        rows = [
            {**row, "facts": _parsed(row["detail"])}
            for row in data.query("life_trace", item_ids=ids)
            if _item(row) in items
        ]
        if only_match is None:
            return rows
        return [row for row in rows if row["facts"].get("match_id") in (None, only_match)]

    def _others(
        self, frontier: Sequence[Item], met: Sequence[data.Row], new: Sequence[str]
    ) -> list[Item]:
        """The other sides of the matches that hold and were not passed before."""
        undone = {row["facts"].get("match_id") for row in met if row["event"] == "reversed"}
        found: dict[Item, None] = {}
        for row in met:
            match = row["facts"].get("match_id")
            if row["event"] != "matched" or match not in new or match in undone:
                continue
            members = self.allocations[match]
            side = next((m["side"] for m in members if _item(m) == _item(row)), None)
            beyond = [m for m in members if m["side"] != side]
            found |= dict.fromkeys(_item(m) for m in beyond[:MOST_OF_A_MATCH])
            if beyond:
                self.life.more += beyond[0]["side_count"] - len(beyond[:MOST_OF_A_MATCH])
        known = set(self.life.items)
        fresh = [item for item in found if item not in known]
        room = MOST_RECORDS - len(self.life.others)
        self.life.more += max(0, len(fresh) - room)
        return fresh[: max(0, room)]


def of_item(item_type: str, item_id: str) -> Life:
    """The life of one record and of what its money touched."""
    return _told(Life(((item_type, item_id),)), None)


def of_match(match_id: str) -> Life:
    """The life of one match: of the items that it holds, or proposes to."""
    rows = data.query("life_allocations", matches=[match_id])
    return _told(Life(tuple(_item(row) for row in rows)), match_id)


def _told(life: Life, only_match: str | None) -> Life:
    walk = _Walk(life)
    walk.go(only_match)
    ids = list(dict.fromkeys(identifier for _, identifier in life.items))
    life.facts = {
        _item(row): row
        for row in data.query("life_items", item_ids=ids)
        if _item(row) in life.items
    }
    match_ids = list(walk.allocations)
    if only_match and only_match not in match_ids:
        match_ids.append(only_match)
    matches = {row["match_id"]: row for row in data.query("life_matches", matches=match_ids)}
    exceptions = [
        row for row in data.query("life_exceptions", item_ids=ids) if _item(row) in life.items
    ]
    orders = data.query("life_orders", matches=match_ids, item_ids=ids)
    subjects = [
        *match_ids,
        *(row["exception_id"] for row in exceptions),
        *(row["decision_id"] for row in orders),
    ]
    life.sealed = data.query("life_audit", subjects=subjects)
    told = [
        *events.landings(walk.trace, life.own),
        *events.marks(walk.trace),
        *events.decisions(walk.trace, matches, walk.allocations),
        *events.exceptions(walk.trace, exceptions),
        *events.orders(orders),
        *events.postings(data.query("life_postings", matches=match_ids), matches),
        *events.sealed(life.sealed),
    ]
    if only_match is None:
        told += events.considered(life.own[0], told)
    told.sort(key=_place)
    life.is_cut = len(told) > MOST_EVENTS
    life.events = told[:MOST_EVENTS]
    return life


def _place(event: Event) -> tuple[bool, datetime, int, str]:
    return event.at is None, event.at or datetime(1, 1, 1), event.step, event.sentence


def _parsed(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _matches_of(trace: Sequence[data.Row]) -> list[str]:
    return [row["facts"]["match_id"] for row in trace if row["facts"].get("match_id")]


def _item(row: Mapping[str, Any]) -> Item:
    return row["item_type"], row["item_id"]
