"""What becomes of open amounts and of cases, and that in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from orchestration.review.decisions import Change
from orchestration.review.planning.facts import Facts, Impossible
from orchestration.review.published import CaseException, Item, Match
from orchestration.review.wording import capitalized, counted, money


def changes_by(known: Facts, match: Match, *, closing: bool) -> tuple[Change, ...]:
    """What making a match, or undoing it, does to its items.

    Raises:
        Impossible: where an item is not listed any more.
    """
    changes = []
    for part in match.parts:
        item = known.items.get(part.item_key)
        if item is None:
            raise Impossible(f"{part.item_id} is not listed any more.")
        moved = part.closed_amount if closing else -part.closed_amount
        changes.append(change_of(item, item.open_amount, moved))
    return tuple(changes)


def change_of(item: Item, open_before: Decimal, closed: Decimal) -> Change:
    """What becomes of an item of which an amount is closed."""
    return Change(
        *item.key,
        label=item.label,
        currency=item.currency,
        open_before=open_before,
        open_after=open_before - closed,
    )


def told_changes(changes: Sequence[Change]) -> list[str]:
    """What becomes of each item, as sentences."""
    told = []
    for change in changes:
        after = "nothing" if change.open_after == 0 else money(change.open_after, change.currency)
        before = money(change.open_before, change.currency) if change.open_before else "nothing"
        told.append(f"{capitalized(change.label)}: open {before} → {after}.")
    return told


def told_difference(match: Match) -> list[str]:
    """What of a match is no money but an adjustment, as a sentence."""
    adjusted = sum((part.adjusted_amount for part in match.parts), Decimal(0))
    if not adjusted:
        return []
    [currency, *_] = sorted({part.currency for part in match.parts if part.adjusted_amount})
    return [f"Of this {money(abs(adjusted), currency)} are closed as an adjustment, and posted."]


def ends(
    known: Facts, exceptions: Sequence[CaseException], changes: Sequence[Change]
) -> tuple[list[str], list[Change]]:
    """Exceptions that end because their item is closed, and the changes that leave one open."""
    after = {change.item_key: change for change in changes}
    closes = [
        e.exception_id
        for e in exceptions
        if e.item_key in after and after[e.item_key].open_after == 0
    ]
    return closes, [change for change in changes if change.open_after != 0]


def told_ends(
    closes: Sequence[str], staying: Sequence[Change], exceptions: Sequence[CaseException]
) -> list[str]:
    """Whether the case closes, and what stays open, as sentences."""
    told = []
    if closes and len(closes) == len(exceptions):
        told.append("The case closes.")
    elif closes:
        told.append(f"{len(closes)} of {counted(len(exceptions), 'exception')} of the case close.")
    for change in staying:
        told.append(
            f"{money(abs(change.open_after), change.currency)} of {change.label} stay open."
        )
    return told
