"""What has been decided, and how far each decision has come.

proposed -> (declined | withdrawn | seconded) -> pending -> exported -> sealed | refused

Nothing of this is stored: votes, withdrawals, exports and the publication are read and say it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from orchestration.home import Home
from orchestration.review import inbox
from orchestration.review.people import Permission
from orchestration.review.published import ItemKey, NothingPublished, Published, opened
from orchestration.review.tables import decisions, exports, votes, withdrawals
from orchestration.review.wording import moment


class State(StrEnum):
    """How far a decision has come."""

    PROPOSED = "proposed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"
    EXPORTED = "exported"
    SEALED = "sealed"
    REFUSED = "refused"
    WITHOUT_EFFECT = "without_effect"


ACTIVE = frozenset({State.PROPOSED, State.PENDING, State.EXPORTED})
"""Decided, and no run shows it yet."""


@dataclass(frozen=True)
class Change:
    """What becomes of the open amount of an item."""

    reconciliation: str
    item_type: str
    item_id: str
    label: str
    currency: str
    open_before: Decimal
    open_after: Decimal

    @property
    def item_key(self) -> ItemKey:
        return (self.reconciliation, self.item_type, self.item_id)


@dataclass(frozen=True)
class Decision:
    """A decision as the inbox holds it; `decided_at` is naive UTC.

    `sentences` and `changes` are what the person was shown; `why` says what a person needs to
    know about the state, such as the reason of a refusal.
    """

    decision_id: str
    decided_at: datetime
    actor: str
    actor_name: str
    action: str
    """What the person did (`actions.Action`); the feed's word for it is `feed_action`."""
    feed_action: str
    case_id: str
    match_id: str | None
    exception_id: str | None
    items: tuple[Mapping[str, Any], ...]
    reason_code: str | None
    comment: str | None
    follows: str
    basis: str
    second_permission: Permission | None
    intent: Mapping[str, Any]
    sentences: tuple[str, ...]
    changes: tuple[Change, ...]
    state: State
    why: str
    second: str | None
    """Who seconded or declined it."""
    second_name: str | None
    final_at: datetime | None
    """When it no longer waited for anybody."""
    base_amount: Decimal | None = None
    """What limits were held against, in the reporting currency."""
    exported_as_of: datetime | None = None
    """Its moment in the feed, which is the company's."""

    @property
    def is_active(self) -> bool:
        """Whether it is still to be seen in a publication."""
        return self.state in ACTIVE


def of_cases(home: Home, case_ids: Iterable[str]) -> dict[str, list[Decision]]:
    """All decisions on cases, oldest first; also on `match:<id>` and `learned_payer:<key>`."""
    wanted = sorted(set(case_ids))
    found: dict[str, list[Decision]] = {case_id: [] for case_id in wanted}
    for decision in _read(home, decisions.c.case_id.in_(wanted)):
        found[decision.case_id].append(decision)
    return found


def by_id(home: Home, decision_ids: Iterable[str]) -> dict[str, Decision]:
    """Decisions by their id; unknown ones are left out."""
    found = _read(home, decisions.c.decision_id.in_(sorted(set(decision_ids))))
    return {decision.decision_id: decision for decision in found}


def active(home: Home) -> list[Decision]:
    """Everything that no publication shows yet, oldest first: for marks in a queue."""
    if not inbox.exists(home):
        return []
    with inbox.of(home).reading() as connection, _published(home) as published:
        return active_in(connection, published)


def proposed(home: Home) -> list[Decision]:
    """What waits for a second person, oldest first."""
    return [decision for decision in active(home) if decision.state is State.PROPOSED]


def latest(home: Home, *, actor: str | None = None, limit: int = 100) -> list[Decision]:
    """The latest decisions of everybody or of one person, newest first."""
    wanted = sa.select(decisions.c.decision_id).order_by(decisions.c.decision_id.desc())
    if actor is not None:
        wanted = wanted.where(decisions.c.actor == actor)
    found = _read(home, decisions.c.decision_id.in_(wanted.limit(limit)))
    return found[::-1]


def active_in(connection: Connection, published: Published | None) -> list[Decision]:
    """The same inside a transaction."""
    settled = _settled(str(connection.engine.url), published.path if published else "")
    wanted = sa.select(decisions.c.decision_id).where(decisions.c.decision_id > settled.up_to)
    unknown = [
        decision_id
        for (decision_id,) in connection.execute(wanted.order_by(decisions.c.decision_id))
        if decision_id not in settled.ids
    ]
    found: list[Decision] = []
    for start in range(0, len(unknown), _CHUNK):
        chunk = unknown[start : start + _CHUNK]
        for decision in _told(published, _joined(connection, decisions.c.decision_id.in_(chunk))):
            if decision.is_active:
                found.append(decision)
            else:
                settled.ids.add(decision.decision_id)
    return found


def one_in(
    connection: Connection, published: Published | None, decision_id: str
) -> Decision | None:
    """One decision, inside a transaction."""
    found = _told(published, _joined(connection, decisions.c.decision_id == decision_id))
    return found[0] if found else None


def since_in(
    connection: Connection, published: Published | None, start: datetime
) -> list[Decision]:
    """Everything that was decided since a moment, oldest first, inside a transaction."""
    return _told(published, _joined(connection, decisions.c.decided_at >= start))


_CHUNK = 500


class _Settled:
    """Decisions that a process knows to be at their end, for one publication."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.up_to = ""


@lru_cache(maxsize=8)
def _settled(_url: str, _path: str) -> _Settled:
    return _Settled()


def _read(home: Home, condition: sa.ColumnElement[bool]) -> list[Decision]:
    if not inbox.exists(home):
        return []
    with inbox.of(home).reading() as connection, _published(home) as published:
        return _told(published, _joined(connection, condition))


def _joined(connection: Connection, condition: sa.ColumnElement[bool]) -> list[RowMapping]:
    return list(
        connection.execute(
            sa.select(
                decisions,
                votes.c.verdict,
                votes.c.actor.label("second"),
                votes.c.actor_name.label("second_name"),
                votes.c.comment.label("vote_comment"),
                votes.c.voted_at,
                withdrawals.c.withdrawn_at,
                withdrawals.c.comment.label("withdrawal_comment"),
                exports.c.line,
            )
            .select_from(
                decisions.outerjoin(votes, votes.c.decision_id == decisions.c.decision_id)
                .outerjoin(withdrawals, withdrawals.c.decision_id == decisions.c.decision_id)
                .outerjoin(exports, exports.c.decision_id == decisions.c.decision_id)
            )
            .where(condition)
            .order_by(decisions.c.decision_id)
        ).mappings()
    )


def _told(published: Published | None, rows: Collection[RowMapping]) -> list[Decision]:
    exported = [row["decision_id"] for row in rows if row["line"] is not None]
    sealed: dict[str, dict[str, Any]] = {}
    if published is not None and exported:
        sealed = {
            row["decision_id"]: row for row in published.rows("sealed", decision_ids=exported)
        }
    return [_decision(row, sealed.get(row["decision_id"]), published) for row in rows]


def _decision(
    row: RowMapping, sealed: Mapping[str, Any] | None, published: Published | None
) -> Decision:
    shown = json.loads(row["preview"])
    state, why = _state(row, sealed, published)
    needs_second = row["second_permission"] is not None
    final_at = row["voted_at"] if needs_second else row["decided_at"]
    return Decision(
        decision_id=row["decision_id"],
        decided_at=row["decided_at"],
        actor=row["actor"],
        actor_name=row["actor_name"],
        action=shown["intent"]["action"],
        feed_action=row["action"],
        case_id=row["case_id"],
        match_id=row["match_id"],
        exception_id=row["exception_id"],
        items=tuple(json.loads(row["items"] or "[]")),
        reason_code=row["reason_code"],
        comment=row["comment"],
        follows=row["follows"],
        basis=row["basis"],
        second_permission=Permission(row["second_permission"]) if needs_second else None,
        intent=shown["intent"],
        sentences=tuple(shown["sentences"]),
        changes=tuple(
            Change(
                **{
                    **change,
                    "open_before": Decimal(change["open_before"]),
                    "open_after": Decimal(change["open_after"]),
                }
            )
            for change in shown["changes"]
        ),
        state=state,
        why=why,
        second=row["second"],
        second_name=row["second_name"],
        final_at=final_at if state is not State.WITHDRAWN else None,
        base_amount=Decimal(shown["base_amount"]) if shown.get("base_amount") else None,
        exported_as_of=None if row["line"] is None else _moment_of(row["line"]),
    )


def _state(
    row: RowMapping, sealed: Mapping[str, Any] | None, published: Published | None
) -> tuple[State, str]:
    if row["withdrawn_at"] is not None:
        return State.WITHDRAWN, row["withdrawal_comment"] or ""
    if row["second_permission"] is not None and row["verdict"] is None:
        return State.PROPOSED, "A second person has to agree."
    if row["verdict"] == "declined":
        said = f": {row['vote_comment']}" if row["vote_comment"] else "."
        return State.DECLINED, f"{row['second_name']} declined it{said}"
    if sealed is not None:
        return _outcome(row["action"], sealed)
    if row["line"] is None:
        return State.PENDING, "The next run takes it up."
    taken = _moment_of(row["line"])
    if published is not None and taken > published.run.as_of:
        return (
            State.EXPORTED,
            f"It counts in runs that speak for {moment(taken)} or later; the last one speaks for "
            f"{moment(published.run.as_of)}.",
        )
    return State.EXPORTED, "A run is to take it up."


def _moment_of(line: str) -> datetime:
    return datetime.fromisoformat(json.loads(line)["decided_at"].rstrip("Z"))


def _outcome(action: str, sealed: Mapping[str, Any]) -> tuple[State, str]:
    where = f"Sealed in block {sealed['block']}."
    if sealed["outcome"] == "refused":
        return State.REFUSED, sealed["refusal_meaning"] or "The run refused it."
    if sealed["outcome"] == "pending_approval":
        return State.SEALED, f"{where} It waits as a suggestion for another person's approval."
    if action == "approve_match" and sealed["match_decision"] not in (
        "approved",
        "auto_closed",
        "reversed",
    ):
        return (
            State.WITHOUT_EFFECT,
            "The suggestion was no longer made when the run came: the facts have changed.",
        )
    if action == "unmatch" and sealed["match_id"] and sealed["match_decision"] != "reversed":
        return State.WITHOUT_EFFECT, "The match stood no longer when the run came."
    return State.SEALED, where


@contextmanager
def _published(home: Home) -> Iterator[Published | None]:
    """The current publication; None where there is none yet."""
    with ExitStack() as stack:
        published = None
        with suppress(NothingPublished):
            published = stack.enter_context(opened(home))
        yield published
