"""Plans for what a person puts together or writes off: items, and how much of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from orchestration.review.people import Person
from orchestration.review.planning.changes import change_of, ends, told_changes, told_ends
from orchestration.review.planning.facts import (
    Facts,
    Impossible,
    decision_on,
    in_base,
    named_once,
    pending_on,
    told_decided,
)
from orchestration.review.planning.intents import Intent, NamedItem, Plan
from orchestration.review.published import CaseException, Item, ItemKey
from orchestration.review.wording import (
    capitalized,
    day,
    listed,
    minor_digits,
    money,
    plain,
    round_half_up,
)


def create(
    known: Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    """Match items by hand."""
    named = named_once(intent)
    if len(named) < 2:
        raise Impossible("Name at least two items that stand against each other.")
    reconciliation = _common_reconciliation(known, named, exceptions[0].reconciliation)
    lines = [_line(known, item, reconciliation) for item in named]
    currency = min(
        line.item.currency
        for line in lines
        if line.item.side == "expected" or all(other.item.side != "expected" for other in lines)
    )
    lines = [replace(line, rate=_rate(known, line.item, currency)) for line in lines]
    stated = [part.of_item for part in _laid_out(lines, currency)]
    # the run lays out what the order states, and rounds again
    parts = _laid_out(
        [replace(line, capacity=part) for line, part in zip(lines, stated, strict=True)], currency
    )
    idle = [line.item.label for line, part in zip(lines, parts, strict=True) if part.of_item == 0]
    if idle:
        raise Impossible(
            f"{capitalized(listed(idle))}: not needed, because the others cover each other already."
        )
    changes = tuple(
        change_of(line.item, line.available, line.sign * part.of_item)
        for line, part in zip(lines, parts, strict=True)
    )
    closes, staying = ends(known, exceptions, changes)
    covered = sum(
        (part.of_match for line, part in zip(lines, parts, strict=True) if line.is_to_cover),
        Decimal(0),
    )
    rates = {
        line.item.currency: f"1 {line.item.currency} of {day(line.item.event_date)} counts as "
        f"{plain(line.rate)} {currency}."
        for line in lines
        if line.item.currency != currency
    }
    return Plan(
        intent,
        subject,
        feed_action="create_match",
        exception_id=exceptions[0].exception_id,
        items=tuple(_feed_item(line.item, part) for line, part in zip(lines, stated, strict=True)),
        sentences=(
            f"Match {listed([line.item.label for line in lines])} by hand, over "
            f"{money(covered, currency)}.",
            *rates.values(),
            *told_changes(changes),
            *told_ends(closes, staying, exceptions),
        ),
        changes=changes,
        closes=tuple(closes),
        base_amount=in_base(known, covered, currency),
    )


def write_off(
    known: Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    """Write off what is open of items."""
    lead = exceptions[0]
    named = named_once(intent) or [NamedItem(lead.item_type, lead.item_id)]
    reconciliation = _common_reconciliation(known, named, lead.reconciliation)
    lines = [_line(known, item, reconciliation) for item in named]
    currencies = sorted({line.item.currency for line in lines})
    if len(currencies) > 1:
        raise Impossible(f"The items are in {listed(currencies)}: write off one at a time.")
    changes = tuple(
        change_of(line.item, line.available, line.sign * line.capacity) for line in lines
    )
    closes, staying = ends(known, exceptions, changes)
    total = sum((line.capacity for line in lines), Decimal(0))
    return Plan(
        intent,
        subject,
        feed_action="write_off",
        exception_id=lead.exception_id,
        items=tuple(_feed_item(line.item, line.capacity) for line in lines),
        sentences=(
            f"Write off {money(total, currencies[0])} of "
            f"{listed([line.item.label for line in lines])}.",
            *told_changes(changes),
            *told_ends(closes, staying, exceptions),
        ),
        changes=changes,
        closes=tuple(closes),
        base_amount=in_base(known, total, currencies[0]),
    )


def _rate(known: Facts, item: Item, currency: str) -> Decimal:
    """What the run converts the item with; only rates to the reporting currency are published."""
    if item.currency == currency:
        return Decimal(1)
    reporting = known.published.run.reporting_currency
    if currency != reporting:
        raise Impossible(
            f"{capitalized(item.label)} is in {item.currency}, the match would be in {currency}: "
            f"by hand, match items of one currency, or documents in {reporting}."
        )
    rate = known.published.rate(item.currency, item.event_date)
    if rate is None:
        raise Impossible(f"No exchange rate is known for {item.label}.")
    return rate


@dataclass(frozen=True)
class _Line:
    """An item of an order: what is open of it for this order, and how much is asked."""

    item: Item
    available: Decimal
    capacity: Decimal
    rate: Decimal = Decimal(1)
    """Units of the match's currency for one of the item's."""

    @property
    def sign(self) -> int:
        return 1 if self.available > 0 else -1

    @property
    def is_to_cover(self) -> bool:
        return (self.item.side == "expected") == (self.available > 0)


def _common_reconciliation(known: Facts, named: Sequence[NamedItem], preferred: str) -> str:
    listed_in = [
        {
            reconciliation
            for reconciliation, item_type, item_id in known.items
            if (item_type, item_id) == (item.item_type, item.item_id)
        }
        for item in named
    ]
    for item, where in zip(named, listed_in, strict=True):
        if not where:
            raise Impossible(f"{item.item_id} is not listed: nothing of that id has landed.")
    common = set.intersection(*listed_in)
    if not common:
        raise Impossible("The items are not listed in one reconciliation together.")
    usable = {
        reconciliation
        for reconciliation in common
        if all(
            known.items[reconciliation, item.item_type, item.item_id].status != "set_aside"
            for item in named
        )
    } or common
    return preferred if preferred in usable else min(usable)


def _line(known: Facts, named: NamedItem, reconciliation: str) -> _Line:
    item = known.items[reconciliation, named.item_type, named.item_id]
    if item.status == "set_aside":
        reason = (item.set_aside_reason or "for no reason").replace("_", " ")
        raise Impossible(f"{capitalized(item.label)} is set aside: {reason}.")
    elsewhere = {other for item_id, other in known.held if item_id == item.item_id} - {
        reconciliation
    }
    if item.item_type == "bank_transaction" and elsewhere and reconciliation != "bank_to_ledger":
        raise Impossible(f"{capitalized(item.label)} is explained by {listed(sorted(elsewhere))}.")
    available = item.open_amount - pending_on(known, item.key)
    if available == 0 or (available > 0) != (item.open_amount > 0):
        other = decision_on(known, item.key)
        raise Impossible(
            told_decided(other) if other is not None else f"Nothing is open of {item.label}."
        )
    if named.amount is None:
        return _Line(item, available, abs(available))
    if not named.amount.is_finite():
        raise Impossible(f"{named.amount} is no amount.")
    asked = abs(named.amount)
    if asked == 0:
        raise Impossible(f"Say how much of {item.label}.")
    if named.amount < 0 < available:
        raise Impossible(f"{plain(named.amount)} is below zero, and {item.label} is not.")
    if asked > abs(available):
        if asked.adjusted() > 40:
            raise Impossible(f"{named.amount} is more than any amount can be.")
        raise Impossible(
            f"{money(asked, item.currency)} are more than what is open of {item.label}: "
            f"{money(abs(available), item.currency)}."
        )
    if asked != round_half_up(asked, minor_digits(item.currency)):
        raise Impossible(f"{named.amount} has more digits than {item.currency} has.")
    return _Line(item, available, asked)


@dataclass(frozen=True)
class _Covered:
    """How much of an item is covered, in its own currency and in the match's."""

    of_item: Decimal
    of_match: Decimal


def _laid_out(lines: Sequence[_Line], currency: str) -> list[_Covered]:
    """How much of each item is covered: both sides laid out as ranges, as the models do it
    (`macros/cascade/cover_orders.sql`)."""
    capacities = {line.item.key: _rounded(line.capacity * line.rate, currency) for line in lines}
    sides = {
        side: sum(
            (capacities[line.item.key] for line in lines if line.is_to_cover is side), Decimal(0)
        )
        for side in (True, False)
    }
    if not all(sides.values()):
        raise Impossible("The items do not stand against each other: choose some of each side.")
    total = min(sides.values())
    used = {True: Decimal(0), False: Decimal(0)}
    covered: dict[ItemKey, _Covered] = {}
    for line in sorted(
        lines,
        key=lambda line: (
            0 if line.available < 0 else 1,
            str(line.item.event_date or ""),
            line.item.key,
        ),
    ):
        capacity = capacities[line.item.key]
        part = max(Decimal(0), min(capacity, total - used[line.is_to_cover]))
        used[line.is_to_cover] += capacity
        if part == capacity:
            own = line.capacity
        elif line.item.currency == currency:
            own = part
        else:
            own = _rounded(line.capacity * part / capacity, line.item.currency)
        covered[line.item.key] = _Covered(own, part)
    return [covered[line.item.key] for line in lines]


def _rounded(amount: Decimal, currency: str) -> Decimal:
    return round_half_up(amount, minor_digits(currency))


def _feed_item(item: Item, amount: Decimal) -> dict[str, str]:
    return {
        "item_type": item.item_type,
        "item_id": item.item_id,
        "amount": plain(amount),
        "reconciliation": item.reconciliation,
    }
