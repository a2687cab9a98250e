"""Whether a second person has to agree to a plan, and what that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from orchestration.review.limits import limit_of, row_of
from orchestration.review.people import Permission, Person, is_local
from orchestration.review.planning.facts import Facts, Impossible, in_base
from orchestration.review.planning.intents import NOTES, Action, Plan
from orchestration.review.wording import listed, money


def with_second(known: Facts, person: Person, made: Plan) -> Plan:
    """Whether a second person has to agree, and what that takes.

    Raises:
        Impossible: above what two persons may decide.
    """
    action = made.intent.action
    if action in NOTES:
        return made
    currency = known.published.run.reporting_currency or ""
    limit = limit_of(made.feed_action, person.subject)
    row = row_of(made.feed_action, person.subject)
    own = amount = made.base_amount or Decimal(0)
    if action is Action.WRITE_OFF:
        amount += _written_off_beside(known, made)
    if amount > limit.together_up_to:
        raise Impossible(
            f"{money(amount, currency)} are above what two persons may decide "
            f"({money(limit.together_up_to, currency)})."
        )
    both = _used(known.used.together, known.used_here.together, row)
    alone = _used(known.used.alone, known.used_here.alone, row)
    if own and own + alone + both > limit.together_per_day:
        raise Impossible(
            f"With it, what you decide and propose on one day is above "
            f"{money(limit.together_per_day, currency)}."
        )
    why = ""
    permission = Permission.APPROVE
    if action is Action.WRITE_OFF:
        permission = Permission.WRITE_OFF
        why = "Every write-off takes two persons"
    elif made.gives_up:
        permission = Permission.WRITE_OFF
        why = "It gives up what is owed, as a write-off does"
    elif not person.may(Permission.APPROVE):
        why = "You may propose it"
    elif amount > limit.alone_up_to:
        why = (
            f"{money(amount, currency)} are above the {money(limit.alone_up_to, currency)} that "
            "you may decide alone"
        )
    elif own and own + alone > limit.alone_per_day:
        why = (
            f"With it, what you decide alone on one day is above "
            f"{money(limit.alone_per_day, currency)}"
        )
    elif unpriced := _unpriced(known, made):
        why = f"No rate from {listed(unpriced)} to {currency} is known to hold a limit against"
    if not why:
        return replace(made, sentences=(*made.sentences, "It happens with the next run."))
    told = f"{why}: another person has to agree before the next run does it."
    if is_local(person.subject):
        told += " It is marked as not independent: local mode cannot tell people apart."
    return replace(
        made,
        second_permission=permission,
        why_second=told,
        sentences=(*made.sentences, told),
    )


def _used(before: Mapping[str, Decimal], here: Mapping[str, Decimal], row: str) -> Decimal:
    return before.get(row, Decimal(0)) + here.get(row, Decimal(0))


def _unpriced(known: Facts, made: Plan) -> list[str]:
    """Currencies of what is moved that nothing says the worth of."""
    reporting = known.published.run.reporting_currency
    moved = {c.currency for c in made.changes if c.open_before != c.open_after}
    return sorted(moved - {reporting} - known.published.base_ratios.keys())


def _written_off_beside(known: Facts, made: Plan) -> Decimal:
    """What else is written off the same items, in base currency: sealed, waiting, or planned here.

    A limit holds for an item, however many decisions and runs it is split over.
    """
    keys = {change.item_key for change in made.changes}
    others = [
        in_base(known, change.open_before - change.open_after, change.currency)
        for decision in known.active
        if decision.action == Action.WRITE_OFF
        for change in decision.changes
        if change.item_key in keys
    ]
    together = [
        in_base(known, known.touched.get(change.item_key, Decimal(0)), change.currency)
        for change in made.changes
    ]
    sealed = [
        in_base(known, amount, currency)
        for key, (amount, currency) in known.published.written_off(keys).items()
    ]
    return sum([*others, *together, *sealed], Decimal(0))
