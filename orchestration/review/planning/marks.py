"""Plans for words about an item: a duplicate, none, not ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from orchestration.review.decisions import Change
from orchestration.review.people import Person
from orchestration.review.planning.changes import told_ends
from orchestration.review.planning.facts import (
    Facts,
    Impossible,
    decision_on,
    in_base,
    named_once,
    told_decided,
)
from orchestration.review.planning.intents import Action, Intent, NamedItem, Plan
from orchestration.review.published import CaseException, Item
from orchestration.review.wording import capitalized, counted, listed, money


def mark(
    known: Facts,
    person: Person,
    intent: Intent,
    subject: str,
    exceptions: Sequence[CaseException],
) -> Plan:
    """Mark an item as a duplicate, as none, or as not ours."""
    lead = exceptions[0]
    named = named_once(intent)
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
        if (other := decision_on(known, target.key)) is not None:
            raise Impossible(told_decided(other))
    labels = listed([target.label for target in targets])
    many = (
        f" It stands for {counted(lead.item_count, 'line')} of one file: all are meant."
        if not named and (lead.item_count or 1) > 1 and lead.item_count
        else ""
    )
    if intent.action is Action.NOT_A_DUPLICATE:
        if any(target.item_type == "charge" for target in targets):
            raise Impossible(
                f"{capitalized(labels)} repeats the idempotency key of another charge, so the "
                "gateway took the money twice: pay it back, or resolve the case."
            )
        if all(not _is_suspected(target, exceptions) for target in targets):
            raise Impossible(f"{capitalized(labels)}: nobody takes it for a duplicate.")
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
            base_amount=_worth(known, targets, lead, named),
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
                *told_ends([lead.exception_id], [], exceptions[:1]),
            ),
            closes=(lead.exception_id,),
            base_amount=_worth(known, targets, lead, named),
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
                else told_ends(ends, [], exceptions)
            ),
        ),
        changes=changes,
        closes=ends,
        gives_up=any(
            target.side == "expected"
            and target.item_type != "bank_transaction"
            and target.status != "set_aside"
            and not (is_duplicate and _is_suspected(target, exceptions))
            for target in targets
        ),
        base_amount=_worth(known, targets, lead, named),
    )


def _worth(
    known: Facts, targets: Sequence[Item], lead: CaseException, named: Sequence[NamedItem]
) -> Decimal:
    """What a word about items is worth, in base currency; of a mass, all of it."""
    base = sum(
        (in_base(known, abs(target.amount), target.currency) for target in targets), Decimal(0)
    )
    return base if named else max(base, abs(lead.base_amount or Decimal(0)))


def _common_item(known: Facts, named: NamedItem) -> Item:
    """The item in the reconciliation where most of it is to be seen: open before set aside."""
    found = [
        item
        for item in known.items.values()
        if (item.item_type, item.item_id) == (named.item_type, named.item_id)
    ]
    if not found:
        raise Impossible(f"{named.item_id} is not listed: nothing of that id has landed.")
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
