"""Rules of matching in words: what a rule looks for, and whether it may close by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from dashboard import components as ui
from dashboard import format as fmt
from orchestration import controls
from orchestration.home import Home, TieoutError, wall_clock

_RELATIONS = {
    "exact": "equal amounts",
    "rounding": "rounding difference",
    "discount": "early-payment discount",
    "withholding": "tax withheld",
    "charges": "bank charges",
    "short_pay": "agreed short payment",
    "advised": "as the remittance advice says",
    "partial": "paid in part",
    "overpaid": "overpaid",
    "cross_currency": "another currency",
    "invoice_rate": "another currency, invoice's rate",
    "mismatch": "amounts differ",
}

ADJUSTMENTS = {
    "fx": "Exchange difference",
    "discount": "Early-payment discount",
    "withholding": "Tax withheld by the payer",
    "charges": "Bank charges",
    "rounding": "Rounding",
    "short_pay": "Agreed short payment",
    "write_off": "Written off",
    "adjustment": "Adjustment",
}


def title(row: ui.Row) -> str:
    """What a rule looks for, in a few words: `Reference in text, equal amounts`."""
    if not row.get("pass"):
        return fmt.label(row["rule_id"])
    relation = row["relation"] or ""
    if relation in ("manual", "write_off"):
        return {"manual": "Linked by a person", "write_off": "Written off by a person"}[relation]
    return f"{fmt.label(row['pass'])}, {_RELATIONS.get(relation, fmt.label(relation).lower())}"


def sentence(row: ui.Row) -> str:
    """What the rule's pass looks for and how its two sides compare, as the project states it."""
    return " ".join(filter(None, (row["pass_meaning"], row["relation_meaning"])))


def with_pauses(rows: Sequence[ui.Row]) -> list[ui.Row]:
    """The rows, each told whether people have paused the closing of its rule (`is_paused`)."""
    try:
        noted = controls.of_inbox(Home.from_environment())
    except TieoutError:
        return list(rows)  # the line at the top says that the inbox does not answer
    paused = {
        control.rule_id
        for control in controls.in_force(noted, wall_clock())
        if control.kind is controls.Kind.CLOSING_PAUSED and control.customer_id == controls.ALL
    }
    return [
        {**row, "is_paused": row["rule_id"] in paused or controls.ALL in paused} for row in rows
    ]


def standing(row: ui.Row) -> tuple[ui.Tone, str, str]:
    """Tone, a word, and why: whether a version of a rule closes matches without a person."""
    judged = (
        f"{fmt.count(row['error_count'])} of {fmt.count(row['audited_count'])} judged false"
        if row["audited_count"]
        else "none judged yet"
    )
    if row["certification"] is None:
        return "calm", "not listed", "the rule is not in this publication"
    if not row["is_in_force"]:
        return "calm", "out of force", "a later version took its place"
    if row.get("is_paused"):
        return "watch", "paused", "a person has paused it; the line at the top says who"
    if row["breaker_state"] == "open":
        until = fmt.day(_moment(row["breaker_until"]))
        return "bad", "stopped", f"until {until}: {row['breaker_evidence'] or 'too many undone'}"
    if not row["closes_by_itself"]:
        return "calm", "asks a person", "by its design it closes nothing alone"
    if not row["is_certified"]:
        needed = (
            f"{fmt.count(row['least_audited'])} judged would earn it back"
            if row["least_audited"]
            else "no number of judged ones earns it with so many errors"
        )
        if row["certification"] == "by_construction":
            return "bad", "certificate lost", f"{judged}; {needed}. People decide until then"
        return "watch", "not certified yet", f"{judged}; {needed}"
    if row["canary_share"] is not None and row["canary_share"] < 1:
        return "watch", "on canary", f"tried on {fmt.percent(row['canary_share'], 0)} of parties"
    if row["certification"] == "by_construction":
        return "good", "certified", f"by its construction; {judged}"
    return "good", "certified", f"by audit; {judged}"


def standing_html(row: ui.Row) -> str:
    """The badge of `standing` with its reason below."""
    tone, word, why = standing(row)
    return f'{ui.badge(word, tone)}<span class="t-sub">{escape(why)}</span>'


def _moment(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None
