"""Plans about what a run suggests: agree to it, or say no."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.review.people import Person
from orchestration.review.planning.changes import (
    changes_by,
    ends,
    told_changes,
    told_difference,
    told_ends,
)
from orchestration.review.planning.facts import (
    Facts,
    Impossible,
    decision_on,
    in_base,
    label_of,
    told_decided,
)
from orchestration.review.planning.intents import Intent, Plan
from orchestration.review.published import CaseException, Match
from orchestration.review.wording import listed


def approve(
    known: Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    """Agree to a suggestion."""
    match = _suggestion(known, intent, exceptions)
    if match.ordered_by is not None and match.ordered_by.casefold() == person.subject.casefold():
        raise Impossible("It is your own order: another person has to agree to it.")
    changes = changes_by(known, match, closing=True)
    for change in changes:
        if (other := decision_on(known, change.item_key)) is not None:
            raise Impossible(told_decided(other))
        if known.touched.get(change.item_key):
            raise Impossible(f"Another of these decisions takes {change.label}: one at a time.")
    closes, staying = ends(known, exceptions, changes)
    return Plan(
        intent,
        subject,
        feed_action="approve_match",
        match_id=match.match_id,
        exception_id=exceptions[0].exception_id,
        sentences=(
            f"Approve: {match.explanation}",
            *told_changes(changes),
            *told_difference(match),
            *told_ends(closes, staying, exceptions),
        ),
        changes=changes,
        closes=tuple(closes),
        base_amount=in_base(known, match.amount, match.currency),
    )


def reject(
    known: Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    """Say no to a suggestion."""
    match = _suggestion(known, intent, exceptions)
    return Plan(
        intent,
        subject,
        feed_action="reject_match",
        match_id=match.match_id,
        exception_id=exceptions[0].exception_id,
        sentences=(
            f"Reject: {match.explanation}",
            "It is not suggested again, and its items stay open: "
            f"{listed([label_of(known, p.item_key) for p in match.parts])}.",
        ),
    )


def _suggestion(known: Facts, intent: Intent, exceptions: Sequence[CaseException]) -> Match:
    candidates = [match_id for e in exceptions for match_id in e.candidates]
    if intent.match_id:
        match = known.matches.get(intent.match_id)
        if match is None:
            raise Impossible("The suggestion is no longer made.")
    else:
        open_ones = {m: known.matches[m] for m in candidates if m in known.matches}
        if len(open_ones) != 1:
            raise Impossible(
                "Several suggestions fit: choose one of them."
                if open_ones
                else "There is no suggestion: match by hand."
            )
        [match] = open_ones.values()
    if match.decision not in ("suggested", "pending_approval"):
        raise Impossible(
            f"The match is {match.decision.replace('_', ' ')} already"
            + (f", by {match.decided_by}." if match.decided_by else ".")
        )
    for decision in known.active:
        if decision.match_id == match.match_id and decision.feed_action in (
            "approve_match",
            "reject_match",
        ):
            raise Impossible(told_decided(decision))
    return match
