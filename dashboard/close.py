"""The readiness to close a period, in words and with links: for its page and the executive page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

from dashboard import components as ui
from dashboard import data
from dashboard import format as fmt

NAMED_FINDINGS = 3

STATUS: Mapping[str, tuple[ui.Tone, str]] = {
    "passed": ("good", "holds"),
    "watch": ("watch", "look at it"),
    "blocks": ("bad", "blocks"),
    "not_applicable": ("calm", "does not apply"),
}

# What a check's figure leads to; the others lead to the accounts on the page of the close.
_ROWS: Mapping[str, Mapping[str, str]] = {
    "unexplained_bank_lines": {"of": "close_unexplained"},
    "blocking_exceptions": {"of": "close_blocking"},
    "postings_failed": {"of": "close_postings_failed"},
    "postings_waiting": {"of": "close_postings_waiting"},
    "outstanding_items": {"of": "close_outstanding"},
    "items_past_window": {"of": "close_past_window"},
    "suggestions_waiting": {"of": "close_suggestions"},
    "unapplied_receipts": {"of": "close_unapplied"},
}

_CASES: Mapping[str, str] = {
    "statement_totals": "control_total_mismatch",
    "statement_chain": "statement_missing",
}


def month(day: date) -> str:
    """`June 2026`."""
    return f"{day:%B %Y}"


def chain_faults() -> int:
    """In how many ways the chain of sealed blocks does not hold."""
    row = data.query_one("close_audit")
    return int(row["faults"])


def checks(period: str = "") -> list[data.Row]:
    """The checks of a period (its first day as text; else the last that is over), chain included.

    Empty when nothing is known of any period.
    """
    rows = data.query("close_checks", period=period)
    if not rows:
        return []
    faults = chain_faults()
    chain = {
        **rows[0],
        "check_code": "audit_chain",
        "title": "The chain of sealed decisions holds",
        "meaning": "A sealed block was changed or is missing. `tieout verify` names it.",
        "blocks_close": True,
        "status": "blocks" if faults else "passed",
        "item_count": faults,
        "counted": "fault" if faults == 1 else "faults",
        "phrase": "fault in the audit chain" if faults == 1 else "faults in the audit chain",
        "base_amount": None,
    }
    return [*rows, chain]


def badge(status: str) -> str:
    """A check's status as shape and word."""
    tone, word = STATUS[status]
    return ui.badge(word, tone)


def target(row: ui.Row) -> str | None:
    """Where the rows behind a check's figure are."""
    if not row["item_count"] or row["status"] == "not_applicable":
        return None
    period = row["period_start"].isoformat()
    if row["check_code"] in _ROWS:
        return ui.link("rows", **_ROWS[row["check_code"]], period=period)
    if row["check_code"] in _CASES:
        return ui.link("exceptions", type=_CASES[row["check_code"]])
    if row["check_code"] == "quarantined_rows":
        return ui.link("on_call")
    if row["check_code"] == "audit_chain":
        return ui.link("on_call")
    if row["check_code"] == "period_over":
        return None
    return ui.link("close", period=period) + "#bank-reconciliations"


def figure(row: ui.Row) -> str:
    """`39 bank lines are not`, a link to its rows; a dash when there is nothing."""
    if row["status"] == "not_applicable" or not row["item_count"]:
        return fmt.NONE
    return ui.anchor(f"{fmt.count(row['item_count'])} {escape(row['counted'])}", target(row))


def findings(rows: Sequence[ui.Row], status: str) -> list[str]:
    """What the checks of one status found, each a phrase with its number, as HTML."""
    return [
        ui.anchor(fmt.count(row["item_count"]), target(row)) + f" {escape(row['phrase'])}"
        for row in rows
        if row["status"] == status
    ]


def verdict(rows: Sequence[ui.Row]) -> tuple[ui.Tone, str]:
    """Whether the period can close, and what stands against it, as HTML."""
    name = month(rows[0]["period_start"])
    blocking = findings(rows, "blocks")
    if not blocking:
        watched = sum(1 for row in rows if row["status"] == "watch")
        if not watched:
            return "good", f"{name} can close"
        noun = "thing" if watched == 1 else "things"
        return "watch", f"{name} can close, with {watched} {noun} to look at"
    named = blocking[:NAMED_FINDINGS]
    rest = len(blocking) - len(named)
    if rest:
        named.append(f"{rest} more")
    listed = named[0] if len(named) == 1 else ", ".join(named[:-1]) + f" and {named[-1]}"
    return "bad", f"{name} cannot close yet: {listed}"
