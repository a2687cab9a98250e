"""Plans about what stands: matches that were made, and what was learned."""

from __future__ import annotations

from orchestration.review.planning.changes import changes_by, told_changes
from orchestration.review.planning.facts import Facts, Impossible, in_base, told_decided
from orchestration.review.planning.intents import Action, Intent, Plan
from orchestration.review.wording import counted


def about_standing_match(known: Facts, intent: Intent, subject: str) -> Plan:
    """Undo a match that stands, or confirm it for the audit."""
    match = known.matches.get(intent.match_id)
    if match is None:
        raise Impossible("The match is not listed.")
    if not match.is_live:
        raise Impossible(f"The match does not stand: it is {match.decision.replace('_', ' ')}.")
    for decision in known.active:
        if decision.match_id == match.match_id:
            raise Impossible(told_decided(decision))
    if intent.action is Action.CONFIRM_MATCH:
        return Plan(
            intent,
            subject,
            feed_action="approve_match",
            match_id=match.match_id,
            sentences=(f"Confirm for the audit: {match.explanation}",),
        )
    changes = changes_by(known, match, closing=False)
    return Plan(
        intent,
        subject,
        feed_action="unmatch",
        match_id=match.match_id,
        sentences=(
            f"Undo: {match.explanation}",
            *told_changes(changes),
            "What it posted is reversed, and it is not made again.",
        ),
        changes=changes,
        base_amount=in_base(known, match.amount, match.currency),
    )


def forget_payer(known: Facts, intent: Intent, subject: str) -> Plan:
    """Take back what was learned of a payer."""
    rows = known.published.rows("learned_payer", learned_key=intent.learned_key)
    if not rows:
        raise Impossible("Nothing of that key was learned.")
    [row] = rows
    if row["status"] == "removed":
        raise Impossible(f"{row['removed_by']} has removed it already.")
    if any(decision.case_id == subject for decision in known.active):
        raise Impossible("Somebody has decided to remove it already.")
    return Plan(
        intent,
        subject,
        feed_action="unmatch",
        items=({"item_type": "learned_payer", "item_id": intent.learned_key},),
        sentences=(
            f"The {row['key_kind']} {row['key_value']} no longer stands for customer "
            f"{row['customer_id']}; what was learned from "
            f"{counted(row['match_count'], 'match', 'matches')} stays removed.",
            "Matches that were made stay; they can be undone one by one.",
        ),
    )
