"""What people read and press for each action on a case, and which fit what."""

from __future__ import annotations

from collections.abc import Mapping

from orchestration.review.actions import Action

BUTTONS: Mapping[Action, str] = {
    Action.APPROVE_MATCH: "Approve",
    Action.REJECT_MATCH: "Reject",
    Action.CREATE_MATCH: "Match by hand",
    Action.UNMATCH: "Undo a match",
    Action.WRITE_OFF: "Write off",
    Action.MARK_DUPLICATE: "Duplicate",
    Action.NOT_A_DUPLICATE: "Not a duplicate",
    Action.MARK_NOT_OURS: "Not ours",
    Action.ASSIGN: "Assign",
    Action.COMMENT: "Comment",
    Action.ESCALATE: "Escalate",
    Action.RESOLVE: "Resolve",
}
DONE: Mapping[Action, str] = {
    Action.APPROVE_MATCH: "Approved",
    Action.REJECT_MATCH: "Rejected",
    Action.CREATE_MATCH: "Matched by hand",
    Action.UNMATCH: "Match undone",
    Action.WRITE_OFF: "Written off",
    Action.MARK_DUPLICATE: "Marked as a duplicate",
    Action.NOT_A_DUPLICATE: "Said to be no duplicate",
    Action.MARK_NOT_OURS: "Marked as not ours",
    Action.ASSIGN: "Assigned",
    Action.COMMENT: "Commented",
    Action.ESCALATE: "Escalated",
    Action.RESOLVE: "Resolved",
    Action.CONFIRM_MATCH: "Confirmed for the audit",
    Action.FORGET_PAYER: "Forgotten",
}
KEYS: Mapping[Action, str] = {
    Action.APPROVE_MATCH: "a",
    Action.REJECT_MATCH: "x",
    Action.CREATE_MATCH: "m",
    Action.WRITE_OFF: "w",
}
LIKELIEST: Mapping[str, Action] = {
    "duplicate_invoice": Action.MARK_DUPLICATE,
    "suspected_duplicate": Action.MARK_DUPLICATE,
    "suspected_copy": Action.MARK_DUPLICATE,
    "unexplained_bank_line": Action.MARK_NOT_OURS,
    "fx_residual": Action.WRITE_OFF,
}
# What only the customer can settle, by root cause: the button, and the note that it begins.
ASK: Mapping[str, tuple[str, str]] = {
    "customer_underpaid": ("Ask for", "Asked {who} for the remaining {amount} of {what}."),
    "customer_has_not_paid": ("Remind of", "Reminded {who} of {amount} of {what}."),
}
COPIES = frozenset({"duplicate_invoice", "suspected_duplicate", "suspected_copy"})
BULK = (
    Action.APPROVE_MATCH,
    Action.MARK_DUPLICATE,
    Action.NOT_A_DUPLICATE,
    Action.MARK_NOT_OURS,
    Action.WRITE_OFF,
    Action.REJECT_MATCH,
    Action.ASSIGN,
    Action.ESCALATE,
    Action.COMMENT,
    Action.RESOLVE,
)
