"""What an action would do, worked out from the publication and from what others have decided.

The same function makes the preview and checks it again when it is applied. It decides nothing:
runs do, by the same rules (`models/intermediate/orders`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestration.review.decisions import Decision
from orchestration.review.people import Person
from orchestration.review.planning.by_hand import create, write_off
from orchestration.review.planning.contradictions import contradictions
from orchestration.review.planning.facts import Facts, Impossible, basis_of, gather
from orchestration.review.planning.intents import (
    LONGEST_COMMENT,
    NEEDS_REASON,
    Action,
    Intent,
    Plan,
    subject_of,
)
from orchestration.review.planning.marks import mark
from orchestration.review.planning.notes import assign, comment_on, resolve
from orchestration.review.planning.second import with_second
from orchestration.review.planning.standing import about_standing_match, forget_payer
from orchestration.review.planning.suggestions import approve, reject
from orchestration.review.published import Published
from orchestration.review.reasons import objection_to
from orchestration.review.used import Used


def plan(
    published: Published,
    person: Person,
    intents: Sequence[Intent],
    active: Sequence[Decision],
    last: Mapping[str, str],
    used: Used,
) -> list[Plan]:
    """One plan for each intent, in order; an earlier one is taken into account by the later.

    `active` is what nobody has executed yet, `last` the last decision on each subject, `used` what
    the person has used of their limits today.
    """
    known = gather(published, intents, active, last, used)
    objections = {}
    if len({subject_of(intent, known.case_of_match) for intent in intents}) < len(intents):
        # each by itself: of two that contradict each other the first leaves nothing to the second
        alone = [made for intent in intents for made in _plan_all(known, person, [intent], {})]
        objections = contradictions(alone)
    return _plan_all(known, person, intents, objections)


def _plan_all(
    known: Facts, person: Person, intents: Sequence[Intent], objections: Mapping[int, str]
) -> list[Plan]:
    known.touched.clear()
    known.used_here = Used()
    plans = []
    for place, intent in enumerate(intents):
        subject = subject_of(intent, known.case_of_match)
        try:
            if place in objections:
                raise Impossible(objections[place])
            made = _plan_one(known, person, intent, subject)
        except Impossible as impossible:
            last_one = known.last.get(subject, "")
            made = Plan(intent, subject, follows=last_one, problem=str(impossible))
        plans.append(made)
        if not made.problem:
            known.note(made, person)
    return plans


def _plan_one(known: Facts, person: Person, intent: Intent, subject: str) -> Plan:
    if len(intent.comment) > LONGEST_COMMENT:
        raise Impossible(f"The comment is longer than {LONGEST_COMMENT} characters.")
    if intent.action in NEEDS_REASON and not intent.comment.strip():
        raise Impossible("Say why: whoever looks at it later reads it.")
    if objection := objection_to(intent.action, intent.reason_code):
        raise Impossible(objection)
    if intent.action is Action.FORGET_PAYER:
        made = forget_payer(known, intent, subject)
    elif intent.action in (Action.UNMATCH, Action.CONFIRM_MATCH):
        made = about_standing_match(known, intent, subject)
    else:
        exceptions = known.exceptions.get(subject, ())
        if not exceptions:
            raise Impossible("The case is no longer open: nothing is left to do.")
        made = _PLANNERS[intent.action](known, person, intent, subject, exceptions)
    made = replace(
        made,
        reason_code=made.reason_code or intent.reason_code or None,
        basis=basis_of(known, made),
        follows=known.last.get(subject, ""),
    )
    return with_second(known, person, made)


_PLANNERS = {
    Action.APPROVE_MATCH: approve,
    Action.REJECT_MATCH: reject,
    Action.CREATE_MATCH: create,
    Action.WRITE_OFF: write_off,
    Action.MARK_DUPLICATE: mark,
    Action.NOT_A_DUPLICATE: mark,
    Action.MARK_NOT_OURS: mark,
    Action.ASSIGN: assign,
    Action.COMMENT: comment_on,
    Action.ESCALATE: comment_on,
    Action.RESOLVE: resolve,
}
