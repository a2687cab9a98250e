"""Decisions of one call that cannot all be meant."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.review.planning.intents import NOTES, TITLES, Action, Plan

_WHOLE_CASE = frozenset(
    {
        Action.RESOLVE,
        Action.MARK_DUPLICATE,
        Action.NOT_A_DUPLICATE,
        Action.MARK_NOT_OURS,
        Action.FORGET_PAYER,
    }
)
"""What a case takes once, and nothing that moves money beside it."""


def contradictions(plans: Sequence[Plan]) -> dict[int, str]:
    """By place of a plan, with which other one it cannot stand; neither of two is done.

    One match is approved, rejected, undone or confirmed once; a case is marked or resolved once,
    with nothing beside it; and it is one person's.
    """
    first: dict[tuple[str, str], int] = {}
    found: dict[int, str] = {}
    moves: dict[str, list[int]] = {}
    for place, made in enumerate(plans):
        if made.problem:
            continue
        action = made.intent.action
        if action not in NOTES:
            moves.setdefault(made.case_id, []).append(place)
        for claim in _claims(made):
            other = first.setdefault(claim, place)
            if other != place:
                _tell(plans, other, place, found)
    for places in moves.values():
        whole = [place for place in places if plans[place].intent.action in _WHOLE_CASE]
        for place in whole:
            for other in places:
                if other != place and place not in found:
                    _tell(plans, other, place, found)
    return found


def _claims(made: Plan) -> list[tuple[str, str]]:
    if made.match_id is not None:
        return [("match", made.match_id)]
    if made.intent.action is Action.ASSIGN:
        return [("assignee", made.case_id)]
    return []


def _tell(plans: Sequence[Plan], one: int, other: int, found: dict[int, str]) -> None:
    for place, beside in ((one, other), (other, one)):
        mine, theirs = plans[place], plans[beside]
        what = f"match {mine.match_id}" if mine.match_id else mine.case_id
        if mine.intent.action is theirs.intent.action:
            told = f"“{_title(mine)}” is asked twice of {what}: once is enough, and which is meant?"
        else:
            told = (
                f"“{_title(mine)}” and “{_title(theirs)}” are both asked of {what}: "
                "they contradict each other, so neither is done."
            )
        found.setdefault(place, told)


def _title(made: Plan) -> str:
    return TITLES[made.intent.action]
