"""What people may ask for, and what one such intent comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from orchestration.review.decisions import Change
from orchestration.review.people import Permission
from orchestration.review.wording import plain, storable, without_unstorable


class Action(StrEnum):
    """What a person may do about a case, a match or what was learned."""

    APPROVE_MATCH = "approve_match"
    REJECT_MATCH = "reject_match"
    CREATE_MATCH = "create_match"
    UNMATCH = "unmatch"
    WRITE_OFF = "write_off"
    MARK_DUPLICATE = "mark_duplicate"
    NOT_A_DUPLICATE = "not_a_duplicate"
    MARK_NOT_OURS = "mark_not_ours"
    ASSIGN = "assign"
    COMMENT = "comment"
    ESCALATE = "escalate"
    RESOLVE = "resolve"
    CONFIRM_MATCH = "confirm_match"
    """The auditor's yes to a match that closed by itself."""
    FORGET_PAYER = "forget_payer"
    """Take back what was learned of a payer."""


NOTES = frozenset({Action.ASSIGN, Action.COMMENT, Action.ESCALATE, Action.CONFIRM_MATCH})
"""Actions that move no money: one person suffices."""

NEEDS_REASON = frozenset({Action.COMMENT, Action.ESCALATE, Action.UNMATCH, Action.MARK_NOT_OURS})
"""Actions that must say why."""

LONGEST_COMMENT = 4000

TITLES: dict[Action, str] = {
    Action.APPROVE_MATCH: "Approve the suggestion",
    Action.REJECT_MATCH: "Reject the suggestion",
    Action.CREATE_MATCH: "Match by hand",
    Action.UNMATCH: "Undo the match",
    Action.WRITE_OFF: "Write off",
    Action.MARK_DUPLICATE: "Mark as a duplicate",
    Action.NOT_A_DUPLICATE: "Not a duplicate",
    Action.MARK_NOT_OURS: "Mark as not ours",
    Action.ASSIGN: "Assign",
    Action.COMMENT: "Comment",
    Action.ESCALATE: "Escalate",
    Action.RESOLVE: "Resolve",
    Action.CONFIRM_MATCH: "Confirm the match",
    Action.FORGET_PAYER: "Forget what was learned",
}


@dataclass(frozen=True)
class NamedItem:
    """An item that a person names, and how much of it (None: all that is open)."""

    item_type: str
    item_id: str
    amount: Decimal | None = None

    def __post_init__(self) -> None:
        for name in ("item_type", "item_id"):
            object.__setattr__(self, name, without_unstorable(getattr(self, name)))


@dataclass(frozen=True)
class Intent:
    """What a person wants done.

    `case_id` for everything about a case; `match_id` which suggestion, or the match to undo or
    confirm; `items` for matches by hand and write-offs of a part; `assignee` the subject of the
    person who is to work on it (empty: oneself); `learned_key` the key of what was learned.
    """

    action: Action
    case_id: str = ""
    match_id: str = ""
    items: tuple[NamedItem, ...] = ()
    reason_code: str = ""
    comment: str = ""
    assignee: str = ""
    learned_key: str = ""

    def __post_init__(self) -> None:
        for name in ("comment", "reason_code", "assignee"):
            object.__setattr__(self, name, storable(getattr(self, name)))
        for name in ("case_id", "match_id", "learned_key"):
            object.__setattr__(self, name, without_unstorable(getattr(self, name)))

    def to_json(self) -> dict[str, Any]:
        """As the inbox keeps it."""
        said = asdict(self)
        said["items"] = [
            {**asdict(item), "amount": None if item.amount is None else plain(item.amount)}
            for item in self.items
        ]
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Intent:
        """What the inbox kept."""
        items = tuple(
            NamedItem(
                item["item_type"],
                item["item_id"],
                None if item["amount"] is None else Decimal(item["amount"]),
            )
            for item in said["items"]
        )
        return cls(**{**said, "action": Action(said["action"]), "items": items})


@dataclass(frozen=True)
class Plan:
    """What one intent comes to. `problem` says why it cannot be done; then nothing else counts."""

    intent: Intent
    case_id: str
    """What the decision is on: a case, `match:<id>` or `learned_payer:<key>`."""
    feed_action: str = ""
    match_id: str | None = None
    exception_id: str | None = None
    items: tuple[Mapping[str, str], ...] | None = None
    reason_code: str | None = None
    sentences: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    closes: tuple[str, ...] = ()
    """Exceptions that end."""
    base_amount: Decimal | None = None
    second_permission: Permission | None = None
    gives_up: bool = False
    """Whether it gives up what somebody owes without saying what paid it."""
    why_second: str = ""
    basis: str = ""
    follows: str = ""
    problem: str = ""


def subject_of(intent: Intent, case_of_match: Mapping[str, str]) -> str:
    """What the decision is on, so that two people who act on the same thing meet."""
    if intent.learned_key:
        return f"learned_payer:{intent.learned_key}"
    if intent.case_id:
        return intent.case_id
    return case_of_match.get(intent.match_id) or f"match:{intent.match_id}"
