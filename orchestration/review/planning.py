"""What an action would do, worked out from the publication and from what others have decided.

The same function makes the preview and checks it again when it is applied. It decides nothing:
runs do, by the same rules (`models/intermediate/orders`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from orchestration.review.decisions import Change, Decision, State
from orchestration.review.limits import limit_of
from orchestration.review.people import Permission, Person
from orchestration.review.published import (
    CaseException,
    Item,
    ItemKey,
    Match,
    Published,
    facts,
)
from orchestration.review.wording import (
    capitalized,
    counted,
    listed,
    minor_digits,
    money,
    plain,
    round_half_up,
    storable,
)


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
    why_second: str = ""
    basis: str = ""
    follows: str = ""
    problem: str = ""


@dataclass
class _Facts:
    """Everything that plans are made from, read once for all of them."""

    exceptions: Mapping[str, Sequence[CaseException]]
    matches: Mapping[str, Match]
    items: Mapping[ItemKey, Item]
    case_of_match: Mapping[str, str]
    held: set[tuple[str, str]]
    active: Sequence[Decision]
    last: Mapping[str, str]
    published: Published
    touched: dict[ItemKey, Decimal] = field(default_factory=dict)
    """By item, how much other plans of the same preview move."""


class _Impossible(Exception):
    """Why an intent cannot be done, as a sentence."""


def subject_of(intent: Intent, case_of_match: Mapping[str, str]) -> str:
    """What the decision is on, so that two people who act on the same thing meet."""
    if intent.learned_key:
        return f"learned_payer:{intent.learned_key}"
    if intent.case_id:
        return intent.case_id
    return case_of_match.get(intent.match_id) or f"match:{intent.match_id}"


def plan(
    published: Published,
    person: Person,
    intents: Sequence[Intent],
    active: Sequence[Decision],
    last: Mapping[str, str],
) -> list[Plan]:
    """One plan for each intent, in order; an earlier one is taken into account by the later.

    `active` is what nobody has executed yet, `last` the last decision on each subject.
    """
    known = _gather(published, intents, active, last)
    plans = []
    for intent in intents:
        subject = subject_of(intent, known.case_of_match)
        try:
            made = _plan_one(known, person, intent, subject)
        except _Impossible as impossible:
            last_one = known.last.get(subject, "")
            made = Plan(intent, subject, follows=last_one, problem=str(impossible))
        plans.append(made)
        if not made.problem:
            for change in made.changes:
                moved = change.open_before - change.open_after
                known.touched[change.item_key] = known.touched.get(change.item_key, Decimal(0)) + (
                    moved
                )
    return plans


def _gather(
    published: Published,
    intents: Sequence[Intent],
    active: Sequence[Decision],
    last: Mapping[str, str],
) -> _Facts:
    named_matches = {intent.match_id for intent in intents if intent.match_id}
    case_of_match = published.cases_of(named_matches)
    cases = {intent.case_id for intent in intents if intent.case_id} | set(case_of_match.values())
    exceptions = published.exceptions(cases) if cases else {}
    matches = published.matches(
        named_matches
        | {match_id for group in exceptions.values() for e in group for match_id in e.candidates}
    )
    named = {(item.item_type, item.item_id) for intent in intents for item in intent.items}
    named |= {(e.item_type, e.item_id) for group in exceptions.values() for e in group}
    named |= {(p.item_type, p.item_id) for match in matches.values() for p in match.parts}
    items = published.items(named)
    bank_lines = {
        item.item_id
        for intent in intents
        for item in intent.items
        if item.item_type == "bank_transaction"
    }
    return _Facts(
        exceptions=exceptions,
        matches=matches,
        items=items,
        case_of_match=case_of_match,
        held=published.held_elsewhere(bank_lines),
        active=active,
        last=last,
        published=published,
    )


def _plan_one(known: _Facts, person: Person, intent: Intent, subject: str) -> Plan:
    if len(intent.comment) > LONGEST_COMMENT:
        raise _Impossible(f"The comment is longer than {LONGEST_COMMENT} characters.")
    if intent.action in NEEDS_REASON and not intent.comment.strip():
        raise _Impossible("Say why: whoever looks at it later reads it.")
    if intent.action is Action.FORGET_PAYER:
        made = _forget(known, intent, subject)
    elif intent.action in (Action.UNMATCH, Action.CONFIRM_MATCH):
        made = _about_live_match(known, intent, subject)
    else:
        exceptions = known.exceptions.get(subject, ())
        if not exceptions:
            raise _Impossible("The case is no longer open: nothing is left to do.")
        made = _PLANNERS[intent.action](known, person, intent, subject, exceptions)
    made = replace(
        made,
        reason_code=made.reason_code or intent.reason_code or None,
        basis=_basis(known, made),
        follows=known.last.get(subject, ""),
    )
    return _with_second(known, person, made)


# ---- suggestions


def _suggestion(known: _Facts, intent: Intent, exceptions: Sequence[CaseException]) -> Match:
    candidates = [match_id for e in exceptions for match_id in e.candidates]
    if intent.match_id:
        match = known.matches.get(intent.match_id)
        if match is None:
            raise _Impossible("The suggestion is no longer made.")
    else:
        open_ones = {m: known.matches[m] for m in candidates if m in known.matches}
        if len(open_ones) != 1:
            raise _Impossible(
                "Several suggestions fit: choose one of them."
                if open_ones
                else "There is no suggestion: match by hand."
            )
        [match] = open_ones.values()
    if match.decision not in ("suggested", "pending_approval"):
        raise _Impossible(
            f"The match is {match.decision.replace('_', ' ')} already"
            + (f", by {match.decided_by}." if match.decided_by else ".")
        )
    for decision in known.active:
        if decision.match_id == match.match_id and decision.feed_action in (
            "approve_match",
            "reject_match",
        ):
            raise _Impossible(_decided_already(decision))
    return match


def _approve(
    known: _Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    match = _suggestion(known, intent, exceptions)
    if match.ordered_by is not None and match.ordered_by.casefold() == person.subject.casefold():
        raise _Impossible("It is your own order: another person has to agree to it.")
    changes = _changes_by(known, match, closing=True)
    for change in changes:
        if (other := _decision_on(known, change.item_key)) is not None:
            raise _Impossible(_decided_already(other))
        if known.touched.get(change.item_key):
            raise _Impossible(f"Another of these decisions takes {change.label}: one at a time.")
    closes, staying = _ends(known, exceptions, changes)
    return Plan(
        intent,
        subject,
        feed_action="approve_match",
        match_id=match.match_id,
        exception_id=exceptions[0].exception_id,
        sentences=(
            f"Approve: {match.explanation}",
            *_told(changes),
            *_difference(match),
            *_what_ends(closes, staying, exceptions),
        ),
        changes=changes,
        closes=tuple(closes),
        base_amount=_in_base(known, match.amount, match.currency),
    )


def _reject(
    known: _Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
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
            f"{listed([_label(known, p.item_key) for p in match.parts])}.",
        ),
    )


# ---- by hand


def _create(
    known: _Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    named = _named_once(intent)
    if len(named) < 2:
        raise _Impossible("Name at least two items that stand against each other.")
    reconciliation = _common_reconciliation(known, named, exceptions[0].reconciliation)
    lines = [_line(known, item, reconciliation) for item in named]
    currency = min(
        line.item.currency
        for line in lines
        if line.item.side == "expected" or all(other.item.side != "expected" for other in lines)
    )
    lines = [replace(line, rate=_rate(known, line.item, currency)) for line in lines]
    stated = [part.of_item for part in _laid_out(lines, currency)]
    # the run lays out what the order states, and rounds again
    parts = _laid_out(
        [replace(line, capacity=part) for line, part in zip(lines, stated, strict=True)], currency
    )
    idle = [line.item.label for line, part in zip(lines, parts, strict=True) if part.of_item == 0]
    if idle:
        raise _Impossible(
            f"{capitalized(listed(idle))}: not needed, because the others cover each other already."
        )
    changes = tuple(
        _change(line.item, line.available, line.sign * part.of_item)
        for line, part in zip(lines, parts, strict=True)
    )
    closes, staying = _ends(known, exceptions, changes)
    covered = sum(
        (part.of_match for line, part in zip(lines, parts, strict=True) if line.is_to_cover),
        Decimal(0),
    )
    rates = {
        line.item.currency: f"1 {line.item.currency} of {line.item.event_date} counts as "
        f"{plain(line.rate)} {currency}."
        for line in lines
        if line.item.currency != currency
    }
    return Plan(
        intent,
        subject,
        feed_action="create_match",
        exception_id=exceptions[0].exception_id,
        items=tuple(_feed_item(line.item, part) for line, part in zip(lines, stated, strict=True)),
        sentences=(
            f"Match {listed([line.item.label for line in lines])} by hand, over "
            f"{money(covered, currency)}.",
            *rates.values(),
            *_told(changes),
            *_what_ends(closes, staying, exceptions),
        ),
        changes=changes,
        closes=tuple(closes),
        base_amount=_in_base(known, covered, currency),
    )


def _rate(known: _Facts, item: Item, currency: str) -> Decimal:
    """What the run converts the item with; only rates to the reporting currency are published."""
    if item.currency == currency:
        return Decimal(1)
    reporting = known.published.run.reporting_currency
    if currency != reporting:
        raise _Impossible(
            f"{capitalized(item.label)} is in {item.currency}, the match would be in {currency}: "
            f"by hand, match items of one currency, or documents in {reporting}."
        )
    rate = known.published.rate(item.currency, item.event_date)
    if rate is None:
        raise _Impossible(f"No exchange rate is known for {item.label}.")
    return rate


def _write_off(
    known: _Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    lead = exceptions[0]
    named = _named_once(intent) or [NamedItem(lead.item_type, lead.item_id)]
    reconciliation = _common_reconciliation(known, named, lead.reconciliation)
    lines = [_line(known, item, reconciliation) for item in named]
    currencies = sorted({line.item.currency for line in lines})
    if len(currencies) > 1:
        raise _Impossible(f"The items are in {listed(currencies)}: write off one at a time.")
    changes = tuple(_change(line.item, line.available, line.sign * line.capacity) for line in lines)
    closes, staying = _ends(known, exceptions, changes)
    total = sum((line.capacity for line in lines), Decimal(0))
    return Plan(
        intent,
        subject,
        feed_action="write_off",
        exception_id=lead.exception_id,
        items=tuple(_feed_item(line.item, line.capacity) for line in lines),
        sentences=(
            f"Write off {money(total, currencies[0])} of "
            f"{listed([line.item.label for line in lines])}.",
            *_told(changes),
            *_what_ends(closes, staying, exceptions),
        ),
        changes=changes,
        closes=tuple(closes),
        base_amount=_in_base(known, total, currencies[0]),
    )


@dataclass(frozen=True)
class _Line:
    """An item of an order: what is open of it for this order, and how much is asked."""

    item: Item
    available: Decimal
    capacity: Decimal
    rate: Decimal = Decimal(1)
    """Units of the match's currency for one of the item's."""

    @property
    def sign(self) -> int:
        return 1 if self.available > 0 else -1

    @property
    def is_to_cover(self) -> bool:
        return (self.item.side == "expected") == (self.available > 0)


def _named_once(intent: Intent) -> list[NamedItem]:
    named: dict[tuple[str, str], NamedItem] = {}
    for item in intent.items:
        if (item.item_type, item.item_id) in named:
            raise _Impossible(f"{item.item_id} is named twice.")
        named[item.item_type, item.item_id] = item
    return list(named.values())


def _common_reconciliation(known: _Facts, named: Sequence[NamedItem], preferred: str) -> str:
    listed_in = [
        {
            reconciliation
            for reconciliation, item_type, item_id in known.items
            if (item_type, item_id) == (item.item_type, item.item_id)
        }
        for item in named
    ]
    for item, where in zip(named, listed_in, strict=True):
        if not where:
            raise _Impossible(f"{item.item_id} is not listed: nothing of that id has landed.")
    common = set.intersection(*listed_in)
    if not common:
        raise _Impossible("The items are not listed in one reconciliation together.")
    usable = {
        reconciliation
        for reconciliation in common
        if all(
            known.items[reconciliation, item.item_type, item.item_id].status != "set_aside"
            for item in named
        )
    } or common
    return preferred if preferred in usable else min(usable)


def _line(known: _Facts, named: NamedItem, reconciliation: str) -> _Line:
    item = known.items[reconciliation, named.item_type, named.item_id]
    if item.status == "set_aside":
        reason = (item.set_aside_reason or "for no reason").replace("_", " ")
        raise _Impossible(f"{capitalized(item.label)} is set aside: {reason}.")
    elsewhere = {other for item_id, other in known.held if item_id == item.item_id} - {
        reconciliation
    }
    if item.item_type == "bank_transaction" and elsewhere and reconciliation != "bank_to_ledger":
        raise _Impossible(f"{capitalized(item.label)} is explained by {listed(sorted(elsewhere))}.")
    available = item.open_amount - _pending_on(known, item.key)
    if available == 0 or (available > 0) != (item.open_amount > 0):
        other = _decision_on(known, item.key)
        raise _Impossible(
            _decided_already(other) if other is not None else f"Nothing is open of {item.label}."
        )
    if named.amount is None:
        return _Line(item, available, abs(available))
    if not named.amount.is_finite():
        raise _Impossible(f"{named.amount} is no amount.")
    asked = abs(named.amount)
    if asked == 0:
        raise _Impossible(f"Say how much of {item.label}.")
    if asked != round(asked, minor_digits(item.currency)):
        raise _Impossible(f"{plain(asked)} has more digits than {item.currency} has.")
    if asked > abs(available):
        raise _Impossible(
            f"{money(asked, item.currency)} are more than what is open of {item.label}: "
            f"{money(abs(available), item.currency)}."
        )
    return _Line(item, available, asked)


@dataclass(frozen=True)
class _Covered:
    """How much of an item is covered, in its own currency and in the match's."""

    of_item: Decimal
    of_match: Decimal


def _laid_out(lines: Sequence[_Line], currency: str) -> list[_Covered]:
    """How much of each item is covered: both sides laid out as ranges, as the models do it
    (`macros/cascade/cover_orders.sql`)."""
    capacities = {line.item.key: _rounded(line.capacity * line.rate, currency) for line in lines}
    sides = {
        side: sum(
            (capacities[line.item.key] for line in lines if line.is_to_cover is side), Decimal(0)
        )
        for side in (True, False)
    }
    if not all(sides.values()):
        raise _Impossible("The items do not stand against each other: choose some of each side.")
    total = min(sides.values())
    used = {True: Decimal(0), False: Decimal(0)}
    covered: dict[ItemKey, _Covered] = {}
    for line in sorted(
        lines,
        key=lambda line: (
            0 if line.available < 0 else 1,
            str(line.item.event_date or ""),
            line.item.key,
        ),
    ):
        capacity = capacities[line.item.key]
        part = max(Decimal(0), min(capacity, total - used[line.is_to_cover]))
        used[line.is_to_cover] += capacity
        if part == capacity:
            own = line.capacity
        elif line.item.currency == currency:
            own = part
        else:
            own = _rounded(line.capacity * part / capacity, line.item.currency)
        covered[line.item.key] = _Covered(own, part)
    return [covered[line.item.key] for line in lines]


def _rounded(amount: Decimal, currency: str) -> Decimal:
    return round_half_up(amount, minor_digits(currency))


def _feed_item(item: Item, amount: Decimal) -> dict[str, str]:
    return {
        "item_type": item.item_type,
        "item_id": item.item_id,
        "amount": plain(amount),
        "reconciliation": item.reconciliation,
    }


# ---- words about an item


def _mark(
    known: _Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    lead = exceptions[0]
    named = _named_once(intent)
    if named:
        targets = [_common_item(known, item) for item in named]
        items: tuple[Mapping[str, str], ...] | None = tuple(
            {"item_type": item.item_type, "item_id": item.item_id} for item in targets
        )
        exception_id = None
    else:
        targets = [_common_item(known, NamedItem(lead.item_type, lead.item_id))]
        items = None
        exception_id = lead.exception_id
    for target in targets:
        if (other := _decision_on(known, target.key)) is not None:
            raise _Impossible(_decided_already(other))
    labels = listed([target.label for target in targets])
    many = (
        f" It stands for {counted(lead.item_count, 'line')} of one file: all are meant."
        if not named and (lead.item_count or 1) > 1 and lead.item_count
        else ""
    )
    if intent.action is Action.NOT_A_DUPLICATE:
        if any(target.item_type == "charge" for target in targets):
            raise _Impossible(
                f"{capitalized(labels)} repeats the idempotency key of another charge, so the "
                "gateway took the money twice: pay it back, or resolve the case."
            )
        if all(not _is_suspected(target, exceptions) for target in targets):
            raise _Impossible(f"{capitalized(labels)}: nobody takes it for a duplicate.")
        sentence = f"{capitalized(labels)} is no duplicate and takes part in matching.{many}"
        return Plan(
            intent,
            subject,
            feed_action="not_a_duplicate",
            exception_id=exception_id,
            items=items,
            sentences=(sentence,),
            changes=tuple(
                Change(
                    *target.key,
                    label=target.label,
                    currency=target.currency,
                    open_before=Decimal(0),
                    open_after=target.amount,
                )
                for target in targets
                if target.status == "set_aside"
            ),
            closes=tuple(e.exception_id for e in exceptions),
        )
    is_duplicate = intent.action is Action.MARK_DUPLICATE
    if is_duplicate and all(target.set_aside_reason == "duplicate" for target in targets):
        return Plan(
            intent,
            subject,
            feed_action="resolve",
            exception_id=lead.exception_id,
            reason_code="duplicate",
            sentences=(
                f"{capitalized(labels)} stays set aside as a duplicate.{many}",
                *_what_ends([lead.exception_id], [], exceptions[:1]),
            ),
            closes=(lead.exception_id,),
        )
    what = "as a duplicate" if is_duplicate else "as not ours"
    changes = tuple(
        Change(
            *target.key,
            label=target.label,
            currency=target.currency,
            open_before=target.open_amount,
            open_after=Decimal(0),
        )
        for target in targets
        if target.status != "set_aside"
    )
    undone = [
        target.label
        for target in targets
        if target.status != "set_aside" and target.open_amount != target.amount
    ]
    base = [_in_base(known, abs(target.amount), target.currency) for target in targets]
    # a document that was issued twice is voided where it was issued
    stays = is_duplicate and any(target.status != "set_aside" for target in targets)
    keys = {(target.item_type, target.item_id) for target in targets}
    ends = tuple(
        e.exception_id for e in exceptions if not stays and (e.item_type, e.item_id) in keys
    )
    return Plan(
        intent,
        subject,
        feed_action=str(intent.action),
        exception_id=exception_id,
        items=items,
        sentences=(
            f"{capitalized(labels)} is set aside {what}.{many}",
            *(
                f"{money(change.open_before, change.currency)} of {change.label} no longer count "
                "as open."
                for change in changes
                if change.open_before
            ),
            *([f"What {listed(undone)} is matched with comes apart."] if undone else []),
            *(
                ["The case stays until it is voided where it was issued, or resolved."]
                if stays
                else _what_ends(ends, [], exceptions)
            ),
        ),
        changes=changes,
        closes=ends,
        base_amount=sum(base, Decimal(0)),
    )


def _common_item(known: _Facts, named: NamedItem) -> Item:
    """The item in the reconciliation where most of it is to be seen: open before set aside."""
    found = [
        item
        for item in known.items.values()
        if (item.item_type, item.item_id) == (named.item_type, named.item_id)
    ]
    if not found:
        raise _Impossible(f"{named.item_id} is not listed: nothing of that id has landed.")
    return min(
        found,
        key=lambda item: (
            item.reconciliation == "bank_to_ledger",
            item.status == "set_aside",
            item.reconciliation,
        ),
    )


def _is_suspected(item: Item, exceptions: Sequence[CaseException]) -> bool:
    return item.set_aside_reason in ("duplicate", "suspected_copy") or any(
        e.exception_type in ("suspected_duplicate", "suspected_copy", "duplicate_invoice")
        for e in exceptions
    )


# ---- notes


def _assign(
    known: _Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    assignee = intent.assignee.strip() or person.subject
    who = "you" if assignee == person.subject else assignee
    return Plan(
        intent,
        subject,
        feed_action="assign",
        exception_id=exceptions[0].exception_id,
        items=({"item_type": "person", "item_id": assignee},),
        sentences=(f"Assign the case to {who}.",),
    )


def _comment(
    known: _Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    return Plan(
        intent,
        subject,
        feed_action=str(intent.action),
        exception_id=exceptions[0].exception_id,
        sentences=(
            "Escalate the case." if intent.action is Action.ESCALATE else "Comment on the case.",
        ),
    )


def _resolve(
    known: _Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    lead = exceptions[0]
    item = known.items.get(lead.item_key)
    if item is not None and _must_have_exception(known, item):
        raise _Impossible(
            f"{money(abs(item.open_amount), item.currency)} of {item.label} are still open past "
            "the time to wait: match them, write them off, or say that they are a duplicate or "
            "not ours."
        )
    if not intent.reason_code and not intent.comment.strip():
        raise _Impossible("Say why: whoever looks at it later reads it.")
    return Plan(
        intent,
        subject,
        feed_action="resolve",
        exception_id=lead.exception_id,
        sentences=(
            "Resolve the case without moving money.",
            *_what_ends([lead.exception_id], [], exceptions[:1]),
        ),
        closes=(lead.exception_id,),
        base_amount=abs(lead.base_amount) if lead.base_amount is not None else None,
    )


def _must_have_exception(known: _Facts, item: Item) -> bool:
    if item.status in ("closed", "set_aside"):
        return False
    return item.status == "in_review" or (
        item.due_for_match_at is not None and item.due_for_match_at <= known.published.run.as_of
    )


# ---- standing matches, and what was learned


def _about_live_match(known: _Facts, intent: Intent, subject: str) -> Plan:
    match = known.matches.get(intent.match_id)
    if match is None:
        raise _Impossible("The match is not listed.")
    if not match.is_live:
        raise _Impossible(f"The match does not stand: it is {match.decision.replace('_', ' ')}.")
    for decision in known.active:
        if decision.match_id == match.match_id:
            raise _Impossible(_decided_already(decision))
    if intent.action is Action.CONFIRM_MATCH:
        return Plan(
            intent,
            subject,
            feed_action="approve_match",
            match_id=match.match_id,
            sentences=(f"Confirm for the audit: {match.explanation}",),
        )
    changes = _changes_by(known, match, closing=False)
    return Plan(
        intent,
        subject,
        feed_action="unmatch",
        match_id=match.match_id,
        sentences=(
            f"Undo: {match.explanation}",
            *_told(changes),
            "What it posted is reversed, and it is not made again.",
        ),
        changes=changes,
        base_amount=_in_base(known, match.amount, match.currency),
    )


def _forget(known: _Facts, intent: Intent, subject: str) -> Plan:
    rows = known.published.rows("learned_payer", learned_key=intent.learned_key)
    if not rows:
        raise _Impossible("Nothing of that key was learned.")
    [row] = rows
    if row["status"] == "removed":
        raise _Impossible(f"{row['removed_by']} has removed it already.")
    if any(decision.case_id == subject for decision in known.active):
        raise _Impossible("Somebody has decided to remove it already.")
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


# ---- shared


def _changes_by(known: _Facts, match: Match, *, closing: bool) -> tuple[Change, ...]:
    changes = []
    for part in match.parts:
        item = known.items.get(part.item_key)
        if item is None:
            raise _Impossible(f"{part.item_id} is not listed any more.")
        moved = part.closed_amount if closing else -part.closed_amount
        changes.append(_change(item, item.open_amount, moved))
    return tuple(changes)


def _change(item: Item, open_before: Decimal, closed: Decimal) -> Change:
    return Change(
        *item.key,
        label=item.label,
        currency=item.currency,
        open_before=open_before,
        open_after=open_before - closed,
    )


def _told(changes: Sequence[Change]) -> list[str]:
    told = []
    for change in changes:
        after = "nothing" if change.open_after == 0 else money(change.open_after, change.currency)
        before = money(change.open_before, change.currency) if change.open_before else "nothing"
        told.append(f"{capitalized(change.label)}: open {before} → {after}.")
    return told


def _difference(match: Match) -> list[str]:
    adjusted = sum((part.adjusted_amount for part in match.parts), Decimal(0))
    if not adjusted:
        return []
    [currency, *_] = sorted({part.currency for part in match.parts if part.adjusted_amount})
    return [f"Of this {money(abs(adjusted), currency)} are closed as an adjustment, and posted."]


def _ends(
    known: _Facts, exceptions: Sequence[CaseException], changes: Sequence[Change]
) -> tuple[list[str], list[Change]]:
    """Exceptions that end because their item is closed, and the changes that leave one open."""
    after = {change.item_key: change for change in changes}
    closes = [
        e.exception_id
        for e in exceptions
        if e.item_key in after and after[e.item_key].open_after == 0
    ]
    return closes, [change for change in changes if change.open_after != 0]


def _what_ends(
    closes: Sequence[str], staying: Sequence[Change], exceptions: Sequence[CaseException]
) -> list[str]:
    told = []
    if closes and len(closes) == len(exceptions):
        told.append("The case closes.")
    elif closes:
        told.append(f"{len(closes)} of {counted(len(exceptions), 'exception')} of the case close.")
    for change in staying:
        told.append(
            f"{money(abs(change.open_after), change.currency)} of {change.label} stay open."
        )
    return told


def _pending_on(known: _Facts, key: ItemKey) -> Decimal:
    """What of the open amount other decisions take, signed as the item.

    What a proposal would open again is not open yet: it may be declined.
    """
    pending = sum(
        (
            change.open_before - change.open_after
            for decision in known.active
            for change in decision.changes
            if change.item_key == key
            and not (
                decision.state is State.PROPOSED
                and abs(change.open_after) > abs(change.open_before)
            )
        ),
        Decimal(0),
    )
    return pending + known.touched.get(key, Decimal(0))


def _decision_on(known: _Facts, key: ItemKey) -> Decision | None:
    """The last decision that moves an item and that no run has executed."""
    for decision in reversed(known.active):
        if any(change.item_key == key for change in decision.changes):
            return decision
    return None


def _decided_already(decision: Decision) -> str:
    waits = (
        "it waits for a second person"
        if decision.state is State.PROPOSED
        else "the next run takes it up"
    )
    title = TITLES[Action(decision.action)].lower()
    return f"{decision.actor_name} has decided already ({title}); {waits}."


def _label(known: _Facts, key: ItemKey) -> str:
    item = known.items.get(key)
    return item.label if item is not None else key[2]


def _in_base(known: _Facts, amount: Decimal, currency: str) -> Decimal:
    """About what an amount is in the reporting currency; without a rate the bare amount."""
    reporting = known.published.run.reporting_currency
    if currency == reporting:
        return abs(amount)
    ratio = known.published.base_ratios.get(currency, Decimal(1))
    return (abs(amount) * ratio).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _with_second(known: _Facts, person: Person, made: Plan) -> Plan:
    """Whether a second person has to agree, and what that takes.

    Raises:
        _Impossible: above what two persons may decide.
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
        raise _Impossible(
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


def _written_off_beside(known: _Facts, made: Plan) -> Decimal:
    """What other decisions that no run has executed write off the same items, in base currency.

    A limit holds for an item, however many decisions it is split over.
    """
    keys = {change.item_key for change in made.changes}
    others = [
        _in_base(known, change.open_before - change.open_after, change.currency)
        for decision in known.active
        if decision.action == Action.WRITE_OFF
        for change in decision.changes
        if change.item_key in keys
    ]
    together = [
        _in_base(known, known.touched.get(change.item_key, Decimal(0)), change.currency)
        for change in made.changes
    ]
    return sum([*others, *together], Decimal(0))


def _basis(known: _Facts, made: Plan) -> str:
    """A hash of all that the plan rests on: what was published, and what others have decided."""
    exceptions = known.exceptions.get(made.case_id, ())
    matches = [
        known.matches[match_id]
        for match_id in sorted(
            {m for e in exceptions for m in e.candidates} | {made.match_id or ""}
        )
        if match_id in known.matches
    ]
    keys = {e.item_key for e in exceptions} | {change.item_key for change in made.changes}
    keys |= {part.item_key for match in matches for part in match.parts}
    items = {key: known.items[key] for key in sorted(keys) if key in known.items}
    others = sorted(
        decision.decision_id
        for decision in known.active
        if any(change.item_key in keys for change in decision.changes)
        and decision.case_id != made.case_id
    )
    content = [facts(exceptions, items, matches), others]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


_PLANNERS = {
    Action.APPROVE_MATCH: _approve,
    Action.REJECT_MATCH: _reject,
    Action.CREATE_MATCH: _create,
    Action.WRITE_OFF: _write_off,
    Action.MARK_DUPLICATE: _mark,
    Action.NOT_A_DUPLICATE: _mark,
    Action.MARK_NOT_OURS: _mark,
    Action.ASSIGN: _assign,
    Action.COMMENT: _comment,
    Action.ESCALATE: _comment,
    Action.RESOLVE: _resolve,
}
