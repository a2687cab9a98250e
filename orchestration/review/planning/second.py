"""Whether a second person has to agree to a plan, and what that takes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from orchestration.review.limits import limit_of
from orchestration.review.people import Permission, Person
from orchestration.review.planning.facts import Facts, Impossible, in_base
from orchestration.review.planning.intents import NOTES, Action, Plan
from orchestration.review.wording import money


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
    amount = made.base_amount or Decimal(0)
    if action is Action.WRITE_OFF:
        amount += _written_off_beside(known, made)
    if amount > limit.together_up_to:
        raise Impossible(
            f"{money(amount, currency)} are above what two persons may decide "
            f"({money(limit.together_up_to, currency)})."
        )
    why = ""
    permission = Permission.APPROVE
    if action is Action.WRITE_OFF:
        permission = Permission.WRITE_OFF
        why = "Every write-off takes two persons"
    elif not person.may(Permission.APPROVE):
        why = "You may propose it"
    elif amount > limit.alone_up_to:
        why = (
            f"{money(amount, currency)} are above the {money(limit.alone_up_to, currency)} that "
            "you may decide alone"
        )
    if not why:
        return replace(made, sentences=(*made.sentences, "It happens with the next run."))
    told = f"{why}: another person has to agree before the next run does it."
    return replace(
        made,
        second_permission=permission,
        why_second=told,
        sentences=(*made.sentences, told),
    )


def _written_off_beside(known: Facts, made: Plan) -> Decimal:
    """What other decisions that no run has executed write off the same items, in base currency.

    A limit holds for an item, however many decisions it is split over.
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
    return sum([*others, *together], Decimal(0))
