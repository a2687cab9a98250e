"""What plans are made from: the publication, and what others have decided meanwhile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from orchestration.review.decisions import Decision, State
from orchestration.review.limits import row_of
from orchestration.review.people import Person
from orchestration.review.planning.intents import TITLES, Action, Intent, NamedItem, Plan
from orchestration.review.published import CaseException, Item, ItemKey, Match, Published, facts
from orchestration.review.used import Used
from orchestration.review.wording import WIDE, round_half_up


@dataclass
class Facts:
    """Everything that plans are made from, read once for all of them."""

    exceptions: Mapping[str, Sequence[CaseException]]
    matches: Mapping[str, Match]
    items: Mapping[ItemKey, Item]
    case_of_match: Mapping[str, str]
    held: set[tuple[str, str]]
    active: Sequence[Decision]
    last: Mapping[str, str]
    published: Published
    used: Used
    """Of the person's limits, by decisions that were taken today."""
    touched: dict[ItemKey, Decimal] = field(default_factory=dict)
    """By item, how much other plans of the same preview move."""
    used_here: Used = field(default_factory=Used)
    """Of the person's limits, by other plans of the same preview."""

    def note(self, made: Plan, person: Person) -> None:
        """Take a plan into account for the later ones."""
        for change in made.changes:
            moved = change.open_before - change.open_after
            self.touched[change.item_key] = self.touched.get(change.item_key, Decimal(0)) + moved
        if made.base_amount is not None:
            row = row_of(made.feed_action, person.subject)
            self.used_here.add(row, made.base_amount, is_alone=made.second_permission is None)


class Impossible(Exception):
    """Why an intent cannot be done, as a sentence."""


def gather(
    published: Published,
    intents: Sequence[Intent],
    active: Sequence[Decision],
    last: Mapping[str, str],
    used: Used,
) -> Facts:
    """Read what the intents name, what hangs on it, and what others have decided."""
    named_matches = {intent.match_id for intent in intents if intent.match_id}
    case_of_match = published.cases_of(named_matches)
    cases = {intent.case_id for intent in intents if intent.case_id} | set(case_of_match.values())
    exceptions = published.exceptions(cases) if cases else {}
    matches = published.matches(
        named_matches
        | {match_id for group in exceptions.values() for e in group for match_id in e.candidates}
    )
    named = {(item.item_type, item.item_id) for intent in intents for item in intent.items}
    named |= {(e.item_type, e.item_id) for group in exceptions.values() for e in group}
    named |= {(p.item_type, p.item_id) for match in matches.values() for p in match.parts}
    items = published.items(named)
    bank_lines = {
        item.item_id
        for intent in intents
        for item in intent.items
        if item.item_type == "bank_transaction"
    }
    return Facts(
        exceptions=exceptions,
        matches=matches,
        items=items,
        case_of_match=case_of_match,
        held=published.held_elsewhere(bank_lines),
        active=active,
        last=last,
        published=published,
        used=used,
    )


def named_once(intent: Intent) -> list[NamedItem]:
    """The items that a person names.

    Raises:
        Impossible: where one is named twice.
    """
    named: dict[tuple[str, str], NamedItem] = {}
    for item in intent.items:
        if (item.item_type, item.item_id) in named:
            raise Impossible(f"{item.item_id} is named twice.")
        named[item.item_type, item.item_id] = item
    return list(named.values())


def pending_on(known: Facts, key: ItemKey) -> Decimal:
    """What of the open amount other decisions take, signed as the item.

    What a proposal would open again is not open yet: it may be declined.
    """
    pending = sum(
        (
            change.open_before - change.open_after
            for decision in known.active
            for change in decision.changes
            if change.item_key == key
            and not (
                decision.state is State.PROPOSED
                and abs(change.open_after) > abs(change.open_before)
            )
        ),
        Decimal(0),
    )
    return pending + known.touched.get(key, Decimal(0))


def decision_on(known: Facts, key: ItemKey) -> Decision | None:
    """The last decision that moves an item and that no run has executed."""
    for decision in reversed(known.active):
        if any(change.item_key == key for change in decision.changes):
            return decision
    return None


def told_decided(decision: Decision) -> str:
    """Who has decided already, as a sentence."""
    waits = (
        "it waits for a second person"
        if decision.state is State.PROPOSED
        else "the next run takes it up"
    )
    title = TITLES[Action(decision.action)].lower()
    return f"{decision.actor_name} has decided already ({title}); {waits}."


def label_of(known: Facts, key: ItemKey) -> str:
    """An item as people call it."""
    item = known.items.get(key)
    return item.label if item is not None else key[2]


def in_base(known: Facts, amount: Decimal, currency: str) -> Decimal:
    """About what an amount is in the reporting currency; without a rate the bare amount."""
    reporting = known.published.run.reporting_currency
    if currency == reporting:
        return abs(amount)
    ratio = known.published.base_ratios.get(currency, Decimal(1))
    return round_half_up(WIDE.multiply(abs(amount), ratio), 2)


def basis_of(known: Facts, made: Plan) -> str:
    """A hash of all that the plan rests on: what was published, and what others have decided."""
    exceptions = known.exceptions.get(made.case_id, ())
    matches = [
        known.matches[match_id]
        for match_id in sorted(
            {m for e in exceptions for m in e.candidates} | {made.match_id or ""}
        )
        if match_id in known.matches
    ]
    keys = {e.item_key for e in exceptions} | {change.item_key for change in made.changes}
    keys |= {part.item_key for match in matches for part in match.parts}
    items = {key: known.items[key] for key in sorted(keys) if key in known.items}
    others = sorted(
        decision.decision_id
        for decision in known.active
        if any(change.item_key in keys for change in decision.changes)
        and decision.case_id != made.case_id
    )
    content = [facts(exceptions, items, matches), others]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
