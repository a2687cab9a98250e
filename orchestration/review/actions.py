"""Deciding: preview what would happen, then apply exactly that, or learn that the case has changed.

Everything is checked where it is written, inside one transaction that no other writer is in:
permission, four eyes, and that the case is as it was when the preview was made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from orchestration.home import Home, TieoutError
from orchestration.review import decisions as decided
from orchestration.review import inbox
from orchestration.review.decisions import Decision, State
from orchestration.review.people import (
    NotPermitted,
    Permission,
    Person,
    Role,
    is_local,
    spelled,
)
from orchestration.review.planning import plan
from orchestration.review.planning.intents import (
    TITLES,
    Action,
    Intent,
    NamedItem,
    Plan,
    subject_of,
)
from orchestration.review.published import Published, opened
from orchestration.review.tables import decisions, votes, withdrawals
from orchestration.review.used import Used, used_by
from orchestration.review.wording import listed, moment, plain, storable

__all__ = [
    "Action",
    "CaseChanged",
    "Intent",
    "NamedItem",
    "NotPossible",
    "Preview",
    "apply",
    "decline",
    "preview",
    "second",
    "withdraw",
]


class CaseChanged(TieoutError):
    """Since the preview was made, somebody has decided or a run has changed the case.

    Nothing was done. `changes` says it case by case: (case_id, sentence).
    """

    def __init__(self, changes: Sequence[tuple[str, str]]) -> None:
        self.changes = tuple(changes)
        told = list(dict.fromkeys(sentence for _, sentence in changes))
        super().__init__(" ".join(told) + " Nothing was done; look at it again.")


class NotPossible(TieoutError):
    """What was asked cannot be done; the message says why."""


@dataclass(frozen=True)
class Preview:
    """What will happen if the person goes on.

    `plans` are what is done, `problems` what is left out: (case_id, sentence).
    """

    person: Person
    plans: tuple[Plan, ...]
    problems: tuple[tuple[str, str], ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, in plain sentences."""
        return tuple(sentence for made in self.plans for sentence in made.sentences)

    @property
    def needs_second(self) -> bool:
        """Whether any of it waits for another person."""
        return any(made.second_permission is not None for made in self.plans)


def preview(home: Home, person: Person, intents: Intent | Sequence[Intent]) -> Preview:
    """Work out what one intent, or one intent for each of many cases, would do.

    Raises:
        NotPermitted: when the person may not do it at all.
        NothingPublished: when there is nothing to decide on.
        InboxUnavailable: when the inbox does not answer.
    """
    asked = [intents] if isinstance(intents, Intent) else list(intents)
    _require(person, asked)
    with inbox.of(home).reading() as connection, opened(home) as published:
        plans = _planned(connection, published, person, asked)
    return Preview(
        person,
        tuple(made for made in plans if not made.problem),
        tuple((made.case_id, made.problem) for made in plans if made.problem),
    )


def apply(home: Home, person: Person, shown: Preview) -> list[str]:
    """Decide what the preview shows, all of it or nothing; returns the ids of the decisions.

    Raises:
        CaseChanged: when a case is not as it was shown; says who changed it, and when.
        NotPossible: when the preview holds nothing that can be done.
        NotPermitted: when the person may not do it, or the preview was made for another.
        InboxUnavailable: when the inbox does not answer.
    """
    if person.subject != shown.person.subject:
        raise NotPermitted("The preview was made for another person.")
    if not shown.plans:
        raise NotPossible(" ".join(sentence for _, sentence in shown.problems) or "Nothing to do.")
    asked = [made.intent for made in shown.plans]
    _require(person, asked)
    with inbox.of(home).writing() as connection, opened(home) as published:
        now_made = _planned(connection, published, person, asked)
        _refuse_changes(connection, published, shown.plans, now_made)
        at = inbox.next_moment(connection)
        ids: list[str] = []
        last: dict[str, str] = {}
        for made in now_made:
            decision_id = inbox.new_id("d", at, len(ids))
            follows = last.get(made.case_id, made.follows)
            _insert(connection, person, made, decision_id, follows, at)
            last[made.case_id] = decision_id
            ids.append(decision_id)
        return ids


def second(home: Home, person: Person, decision_id: str, comment: str = "") -> None:
    """Agree to another person's proposal.

    Raises:
        NotPermitted: when the person may not agree to it, or it is their own.
        NotPossible: when it does not wait (any more).
        CaseChanged: when the case is no longer as the proposer saw it.
    """
    with inbox.of(home).writing() as connection, opened(home) as published:
        proposal = _proposal(connection, published, decision_id)
        _require_other(person, proposal)
        _refuse_changed_proposal(connection, published, proposal)
        _vote(connection, person, proposal, "seconded", comment)


def decline(home: Home, person: Person, decision_id: str, comment: str) -> None:
    """Say no to another person's proposal; the case is free again.

    Raises:
        NotPermitted: when the person may not, or it is their own.
        NotPossible: when it does not wait (any more), or no reason is given.
    """
    if not comment.strip():
        raise NotPossible("Say why you decline: the proposer reads it.")
    with inbox.of(home).writing() as connection, opened(home) as published:
        proposal = _proposal(connection, published, decision_id)
        _require_other(person, proposal)
        _vote(connection, person, proposal, "declined", comment)


def withdraw(home: Home, person: Person, decision_id: str, comment: str = "") -> None:
    """Take back one's own decision that waits, or that no file carries yet.

    Raises:
        NotPermitted: when it is another person's.
        NotPossible: when it is too late, or it is a note.
    """
    with inbox.of(home).writing() as connection, opened(home) as published:
        decision = _found(connection, published, decision_id)
        if decision.actor != person.subject:
            raise NotPermitted(f"It is the decision of {decision.actor_name}.")
        if decision.state not in (State.PROPOSED, State.PENDING):
            raise NotPossible(_too_late(decision))
        connection.execute(
            withdrawals.insert().values(
                decision_id=decision_id,
                withdrawn_at=inbox.next_moment(connection),
                actor=person.subject,
                comment=storable(comment) or None,
            )
        )


# ---- permissions


def _require(person: Person, intents: Iterable[Intent]) -> None:
    for intent in intents:
        if intent.action is Action.CONFIRM_MATCH:
            person.require(Permission.AUDIT)
        elif intent.action is Action.UNMATCH and person.may(Permission.AUDIT):
            pass  # the auditor's no: proposed, as everything of theirs
        else:
            person.require(Permission.DECIDE)


def _require_other(person: Person, proposal: Decision) -> None:
    permission = proposal.second_permission
    assert permission is not None
    person.require(permission)
    if spelled(proposal.actor) == spelled(person.subject):
        raise NotPermitted("It is your own proposal: another person has to agree to it.")
    if is_local(proposal.actor) != is_local(person.subject):
        raise NotPermitted(
            f"{proposal.actor_name} proposed it "
            f"{'in local mode' if is_local(proposal.actor) else 'with a login'}, and "
            f"{person.name} is {'in local mode' if is_local(person.subject) else 'signed in'}: "
            "nobody can tell whether that is another person."
        )


# ---- the case as it is now


def _planned(
    connection: Connection, published: Published, person: Person, intents: Sequence[Intent]
) -> list[Plan]:
    active = decided.active_in(connection, published)
    matches = {intent.match_id for intent in intents if intent.match_id}
    cases = published.cases_of(matches) if matches else {}
    subjects = sorted({subject_of(intent, cases) for intent in intents})
    return plan(
        published,
        person,
        intents,
        active,
        _last_decisions(connection, subjects),
        used_by(connection, published, person),
    )


def _last_decisions(connection: Connection, subjects: Sequence[str]) -> Mapping[str, str]:
    rows = connection.execute(
        sa.select(decisions.c.case_id, sa.func.max(decisions.c.decision_id))
        .where(decisions.c.case_id.in_(subjects))
        .group_by(decisions.c.case_id)
    )
    return {str(case_id): str(decision_id) for case_id, decision_id in rows}


def _refuse_changes(
    connection: Connection,
    published: Published,
    shown: Sequence[Plan],
    now_made: Sequence[Plan],
) -> None:
    changes: list[tuple[str, str]] = []
    for before, now in zip(shown, now_made, strict=True):
        is_comment = before.intent.action is Action.COMMENT
        if now.follows != before.follows and not is_comment:
            changes.append((before.case_id, _who_decided(connection, now.follows)))
        elif now.problem:
            changes.append((before.case_id, now.problem))
        elif now.basis != before.basis and not is_comment:
            changes.append((before.case_id, _what_changed(connection, published, before)))
        elif replace(now, follows="", basis="") != replace(before, follows="", basis=""):
            changes.append((before.case_id, "What would happen is no longer what was shown."))
    if changes:
        raise CaseChanged(changes)


def _who_decided(connection: Connection, decision_id: str) -> str:
    row = (
        connection.execute(sa.select(decisions).where(decisions.c.decision_id == decision_id))
        .mappings()
        .one()
    )
    title = TITLES[Action(json.loads(row["preview"])["intent"]["action"])].lower()
    return f"{row['actor_name']} has decided on it at {moment(row['decided_at'])} ({title})."


def _what_changed(connection: Connection, published: Published, before: Plan) -> str:
    keys = {change.item_key for change in before.changes}
    for decision in reversed(decided.active_in(connection, published)):
        if decision.case_id != before.case_id and any(
            change.item_key in keys for change in decision.changes
        ):
            return (
                f"{decision.actor_name} has decided at {moment(decision.decided_at)} on "
                f"{listed([c.label for c in decision.changes if c.item_key in keys])}."
            )
    run = published.run
    return (
        f"A run has changed it: {run.run_id}, finished at {moment(run.finished_at)}, speaks for "
        f"{moment(run.as_of)}."
    )


def _found(connection: Connection, published: Published, decision_id: str) -> Decision:
    decision = decided.one_in(connection, published, decision_id)
    if decision is None:
        raise NotPossible(f"There is no decision {decision_id}.")
    return decision


def _proposal(connection: Connection, published: Published, decision_id: str) -> Decision:
    decision = _found(connection, published, decision_id)
    if decision.state is not State.PROPOSED:
        raise NotPossible(_too_late(decision))
    return decision


def _too_late(decision: Decision) -> str:
    return {
        State.WITHDRAWN: f"{decision.actor_name} has withdrawn it.",
        State.DECLINED: f"{decision.second_name} has declined it.",
        State.PENDING: f"{decision.second_name or decision.actor_name} has agreed to it already.",
        State.EXPORTED: "It is on its way into a run; undo what comes of it afterwards.",
    }.get(decision.state, "A run has taken it up already.")


def _refuse_changed_proposal(
    connection: Connection, published: Published, proposal: Decision
) -> None:
    intent = Intent.from_json(proposal.intent)
    # whatever the proposer is by now, the proposal is one that needs a second person
    proposer = Person(proposal.actor, proposal.actor_name, frozenset({Role.ANALYST}))
    others = [
        decision
        for decision in decided.active_in(connection, published)
        if decision.decision_id != proposal.decision_id
    ]
    [made] = plan(published, proposer, [intent], others, {}, Used())
    if made.problem:
        raise CaseChanged([(proposal.case_id, made.problem)])
    if made.basis != proposal.basis:
        raise CaseChanged([(proposal.case_id, _what_changed(connection, published, made))])


# ---- writing


def _insert(
    connection: Connection,
    person: Person,
    made: Plan,
    decision_id: str,
    follows: str,
    at: datetime,
) -> None:
    shown = {
        "intent": made.intent.to_json(),
        "base_amount": None if made.base_amount is None else plain(made.base_amount),
        "sentences": list(made.sentences),
        "changes": [
            {
                **asdict(change),
                "open_before": plain(change.open_before),
                "open_after": plain(change.open_after),
            }
            for change in made.changes
        ],
    }
    connection.execute(
        decisions.insert().values(
            decision_id=decision_id,
            decided_at=at,
            actor=person.subject,
            actor_name=person.name,
            action=made.feed_action,
            match_id=made.match_id,
            exception_id=made.exception_id,
            items=None if made.items is None else json.dumps(made.items, ensure_ascii=False),
            reason_code=made.reason_code,
            comment=made.intent.comment or None,
            case_id=made.case_id,
            follows=follows,
            basis=made.basis,
            second_permission=made.second_permission,
            preview=json.dumps(shown, ensure_ascii=False),
        )
    )


def _vote(
    connection: Connection, person: Person, proposal: Decision, verdict: str, comment: str
) -> None:
    connection.execute(
        votes.insert().values(
            decision_id=proposal.decision_id,
            voted_at=inbox.next_moment(connection),
            actor=person.subject,
            actor_name=person.name,
            verdict=verdict,
            comment=storable(comment) or None,
        )
    )
