"""Plans that move no money: whose a case is, what is said about it, that it is settled."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.review.people import Person
from orchestration.review.planning.changes import told_ends
from orchestration.review.planning.facts import Facts, Impossible
from orchestration.review.planning.intents import Action, Intent, Plan
from orchestration.review.published import CaseException, Item
from orchestration.review.wording import money

_LONGEST_SUBJECT = 320


def assign(
    known: Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    """Say whose the case is."""
    assignee = intent.assignee.strip() or person.subject
    if not assignee.isprintable() or len(assignee) > _LONGEST_SUBJECT:
        raise Impossible("The name of the person to assign it to holds what does not show.")
    who = "you" if assignee == person.subject else assignee
    return Plan(
        intent,
        subject,
        feed_action="assign",
        exception_id=exceptions[0].exception_id,
        items=({"item_type": "person", "item_id": assignee},),
        sentences=(f"Assign the case to {who}.",),
    )


def comment_on(
    known: Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    """Comment on the case, or escalate it."""
    return Plan(
        intent,
        subject,
        feed_action=str(intent.action),
        exception_id=exceptions[0].exception_id,
        sentences=(
            "Escalate the case." if intent.action is Action.ESCALATE else "Comment on the case.",
        ),
    )


def resolve(
    known: Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    """Close the case without moving money."""
    lead = exceptions[0]
    item = known.items.get(lead.item_key)
    if item is not None and _must_have_exception(known, item):
        raise Impossible(
            f"{money(abs(item.open_amount), item.currency)} of {item.label} are still open past "
            "the time to wait: match them, write them off, or say that they are a duplicate or "
            "not ours."
        )
    if not intent.reason_code and not intent.comment.strip():
        raise Impossible("Say why: whoever looks at it later reads it.")
    return Plan(
        intent,
        subject,
        feed_action="resolve",
        exception_id=lead.exception_id,
        sentences=(
            "Resolve the case without moving money.",
            *told_ends([lead.exception_id], [], exceptions[:1]),
        ),
        closes=(lead.exception_id,),
        base_amount=abs(lead.base_amount) if lead.base_amount is not None else None,
    )


def _must_have_exception(known: Facts, item: Item) -> bool:
    if item.status in ("closed", "set_aside"):
        return False
    return item.status == "in_review" or (
        item.due_for_match_at is not None and item.due_for_match_at <= known.published.run.as_of
    )
