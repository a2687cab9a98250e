"""What happened to records, told as sentences with their particulars; `life` puts them in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Literal, TypeAlias

from dashboard import components as ui
from dashboard import data, proofs, rules, sources
from dashboard import format as fmt

Item: TypeAlias = tuple[str, str]
"""Type and id."""

Kind = Literal["source", "decision", "candidate", "exception", "person", "posting", "audit"]

KINDS: Mapping[Kind, str] = {
    "source": "Source rows",
    "decision": "Matches",
    "candidate": "Candidates",
    "exception": "Exceptions",
    "person": "People",
    "posting": "Postings",
    "audit": "Audit trail",
}

# Within one moment, which all decisions of a run share: what had to be there before what.
_STEP: Mapping[str, int] = {
    "quarantined": 0, "landed": 1, "set_aside": 2, "suspected": 2, "became_due": 3,
    "candidate": 4, "suggested": 5, "person": 6, "matched": 7, "rejected": 8, "reversed": 8,
    "exception_opened": 9, "exception_resolved": 10, "posting": 11, "audit": 12,
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """One thing that happened: a sentence (safe HTML), and particulars that are folded away."""

    at: datetime | None
    step: int
    kind: Kind
    sentence: str
    detail: str = ""
    items: tuple[Item, ...] = ()
    run_id: str | None = None
    tone: ui.Tone = "calm"


def _item(row: Mapping[str, Any]) -> Item:
    return row["item_type"], row["item_id"]


def item_link(item: Item, text: str | None = None) -> str:
    """A record's id (or other text) as a link to its life."""
    return ui.anchor(
        f'<span class="t-mono">{escape(text or item[1])}</span>',
        ui.link("record", item_type=item[0], item_id=item[1]),
    )


def landings(trace: Sequence[data.Row], own: Sequence[Item]) -> list[Event]:
    """Each version of a record that landed; of the own ones with the row as it came."""
    landed = [row for row in trace if row["event"] == "landed"]
    batches = {
        row["batch_id"]: row
        for row in data.query(
            "life_batches",
            batches=[row["facts"]["batch_id"] for row in landed if "batch_id" in row["facts"]],
        )
    }
    rows = {
        record: sources.landed_versions(
            record[1],
            [
                batches[row["facts"]["batch_id"]]["feed"]
                for row in landed
                if _item(row) == record and row["facts"].get("batch_id") in batches
            ],
        )
        for record in own[:2]
    }
    found = []
    for row in landed:
        batch_id = row["facts"].get("batch_id")
        batch = batches.get(batch_id)
        version = str(row["facts"].get("version", "1"))
        came = rows.get(_item(row), {}).get(batch_id, [])
        name = batch["file_name"] if batch else fmt.short(batch_id)
        where = ui.anchor(escape(name), ui.link("debug", part="sources", batch=batch_id))
        line = f", row {came[0].row.row_number:,}" if came else ""
        changed = sources.changes_in_words(came)
        if version == "1":
            sentence = f"Landed from {where}{line}."
        else:
            sentence = f"Version {escape(version)} landed from {where}{line}."
        if changed:
            sentence += f" {changed}"
        found.append(
            Event(
                row["occurred_at"],
                _STEP["landed"],
                "source",
                sentence,
                sources.rows_html(came),
                (_item(row),),
                row["run_id"],
            )
        )
    return found


_TOLD_ELSEWHERE = (
    "landed", "matched", "suggested", "rejected", "reversed", "exception_opened",
    "exception_resolved", "posted",
)  # fmt: skip


def marks(trace: Sequence[data.Row]) -> list[Event]:
    """What befell a record besides matches: refused rows, copies, deadlines."""
    found = []
    for row in trace:
        facts = row["facts"]
        kind: Kind = "source"
        tone: ui.Tone = "watch"
        match row["event"]:
            case "quarantined":
                sentence = (
                    f"A row with this key was refused: {fmt.escaped(facts.get('reason'))} "
                    f"({fmt.escaped(facts.get('file_name'))}, line "
                    f"{fmt.escaped(facts.get('line_number'))})."
                )
            case "set_aside" if facts.get("reason") == "own_transfer":
                sentence = (
                    "Set aside as a transfer between own accounts, with "
                    f"{fmt.escaped(facts.get('other'))}."
                )
            case "set_aside":
                sentence = (
                    f"Set aside as a copy of {_original(row)} "
                    f"({escape(fmt.label(facts.get('rule_id')).lower())})."
                )
            case "suspected":
                sentence = (
                    f"Perhaps a copy of {_original(row)} "
                    f"({escape(fmt.label(facts.get('rule_id')).lower())}); a person decides."
                )
            case "became_due":
                name = escape(fmt.label(facts.get("reconciliation")).lower())
                sentence = f"A match was due by now, and it was open in {name}."
                kind = "exception"
            case event if event in _TOLD_ELSEWHERE:
                continue
            case event:
                particulars = ", ".join(
                    f"{escape(name)} {escape(value)}" for name, value in fmt.pairs(row["detail"])
                )
                sentence = f"{escape(fmt.label(event))}: {particulars}."
                tone = "calm"
        found.append(
            Event(
                row["occurred_at"], _STEP.get(row["event"], 1), kind, sentence,
                items=(_item(row),), run_id=row["run_id"], tone=tone,
            )
        )  # fmt: skip
    return found


def _known(entries: Sequence[tuple[str, str]]) -> str:
    """Labelled facts as HTML, those left out that say nothing."""
    return ui.facts_html([(term, html) for term, html in entries if html != fmt.NONE])


def _original(row: data.Row) -> str:
    original = row["facts"].get("original")
    return item_link((row["item_type"], original)) if original else "another one"


_VERBS: Mapping[str, tuple[str, ui.Tone]] = {
    "matched": ("Matched", "good"),
    "suggested": ("Suggested", "watch"),
    "rejected": ("Rejected", "bad"),
    "reversed": ("Undone", "bad"),
}


def decisions(
    trace: Sequence[data.Row],
    matches: Mapping[str, data.Row],
    allocations: Mapping[str, Sequence[data.Row]],
) -> list[Event]:
    """Matches, suggestions, rejections, reversals: each once, with all records it concerns."""
    grouped: dict[tuple[str, str, Any], list[data.Row]] = {}
    for row in trace:
        if row["event"] in _VERBS and row["facts"].get("match_id"):
            key = (row["facts"]["match_id"], row["event"], row["occurred_at"])
            grouped.setdefault(key, []).append(row)
    found = []
    for (match_id, event, at), rows in grouped.items():
        match = matches.get(match_id)
        verb, tone = _VERBS[event]
        sentence = f"<b>{verb}</b> in {escape(fmt.label(rows[0]['facts'].get('reconciliation')))}"
        detail = ""
        if match:
            sentence += f", {ui.money(match['amount'], match['currency'])}"
            if event == "reversed" and match["reversal_reason"]:
                sentence += f", because: {escape(fmt.label(match['reversal_reason']).lower())}"
            sentence += f". {fmt.escaped(match['explanation'])}"
            detail = match_detail(match, allocations.get(match_id, ()))
        found.append(
            Event(
                at, _STEP[event], "decision", sentence, detail,
                tuple(dict.fromkeys(_item(row) for row in rows)), rows[0]["run_id"], tone,
            )
        )  # fmt: skip
    return found


def match_detail(match: data.Row, allocations: Sequence[data.Row]) -> str:
    """A match's rule and its items, as HTML."""
    entries = [
        (
            "Match",
            ui.anchor(ui.hash_text(match["match_id"]), ui.link("debug", find=match["match_id"])),
        ),
        (
            "Rule",
            ui.anchor(
                escape(rules.title(match)),
                ui.link("debug", part="rules", rule=match["rule_id"]),
            )
            + f'<span class="t-sub">{fmt.escaped(match["rule_id"])} '
            f"v{fmt.escaped(match['rule_version'])}</span>",
        ),
        ("Confidence", fmt.percent(match["confidence"])),
        ("Decision", ui.status(match["decision"])),
        ("By", fmt.escaped(match["decided_by"])),
    ]  # fmt: skip
    if match["difference_amount"]:
        entries.append(
            (
                "Difference",
                f"{ui.money(match['difference_amount'], match['currency'])} "
                f"{escape(fmt.label(match['adjustment_kind']).lower())}",
            )
        )
    if match["ambiguity"]:
        entries.append(("Why it asks", escape(fmt.label(match["ambiguity"]))))
    left_out = match["item_count"] - len(allocations)
    return _known(entries) + ui.table_html(
        [
            ui.text_column("Side", "side", fmt.label),
            ui.item_column(),
            ui.money_column("Allocated", "allocated_amount"),
            ui.money_column("Adjusted", "adjusted_amount"),
            ui.text_column("As", "adjustment_kind", fmt.label),
        ],
        allocations,
        f"{left_out:,} more items belong to it." if left_out > 0 else "",
    )


def exceptions(trace: Sequence[data.Row], known: Sequence[data.Row]) -> list[Event]:
    """Each exception when it opened and, where it has been, when it was resolved."""
    runs = {
        (row["facts"].get("exception_id"), row["event"]): row["run_id"]
        for row in trace
        if row["event"] in ("exception_opened", "exception_resolved")
    }
    found = []
    for row in known:
        link = ui.anchor(
            escape(fmt.label(row["exception_type"])),
            ui.link("exceptions", exception=row["exception_id"]),
        )
        detail = _known(
            [
                ("Severity", ui.severity(row["severity"])),
                ("Status", ui.status(row["status"])),
                ("Likely cause", escape(fmt.label(row["root_cause"]))),
                ("SLA due", ui.moment(row["sla_due_at"])),
                ("Assigned to", fmt.escaped(row["assigned_to"])),
                ("What to do", fmt.escaped(row["recommendation"])),
                ("Last comment", fmt.escaped(row["last_comment"])),
            ]
        )
        opened = (
            f"<b>Exception</b> in {escape(fmt.label(row['reconciliation']))}: {link}, "
            f"{ui.money(row['amount'], row['currency'])}. {fmt.escaped(row['detail'])}"
        )
        event = "exception_opened"
        found.append(
            Event(
                row["opened_at"], _STEP[event], "exception", opened, detail, (_item(row),),
                runs.get((row["exception_id"], event)), "bad",
            )
        )  # fmt: skip
        if row["resolved_at"]:
            by = f" by {fmt.escaped(row['resolved_by'])}" if row["resolved_by"] else ""
            resolved = (
                f"<b>Resolved</b>: {link}, {escape(fmt.label(row['resolution']).lower())}{by}."
            )
            event = "exception_resolved"
            found.append(
                Event(
                    row["resolved_at"], _STEP[event], "exception", resolved, "", (_item(row),),
                    runs.get((row["exception_id"], event)), "good",
                )
            )  # fmt: skip
    return found


def considered(own: Item, events: Sequence[Event]) -> list[Event]:
    """What was looked at for a record and not taken; told where its last decision stands."""
    candidates = data.query("record_candidates", item_type=own[0], item_id=own[1])
    if not candidates:
        return []
    moments = [
        event.at
        for event in events
        if event.at and own in event.items and event.kind in ("decision", "exception")
    ]
    best = candidates[0]
    other = best["other_item_id"] or best["match_id"]
    sentence = (
        f"{fmt.counted(len(candidates), 'candidate')} considered and not taken. "
        f"The best, <span class='t-mono'>{fmt.escaped(other)}</span>: "
        f"{fmt.escaped(best['why_not'])}"
    )
    detail = ui.table_html(candidate_columns(), candidates)
    at = max(moments, default=None)
    return [Event(at, _STEP["candidate"], "candidate", sentence, detail, (own,))]


def candidate_columns() -> list[ui.Column]:
    """How a candidate is shown, wherever it is."""
    return [
        ui.count_column("Rank", "rank"),
        ui.Column("Candidate", _candidate, "w"),
        ui.text_column("Date", "event_date", fmt.day, "n"),
        ui.money_column("Amount", "amount"),
        ui.text_column("Customer", "customer", kind="w"),
        ui.text_column("Score", "score", fmt.plain, "r"),
        ui.Column("Evidence", _evidence, "w"),
        ui.text_column("Why not", "why_not", kind="w"),
    ]


def _candidate(row: ui.Row) -> str:
    if row["other_item_id"]:
        return ui.item_column("", "other_item_type", "other_item_id").render(row)
    match = ui.anchor(
        f'<span class="t-mono">{escape(fmt.short(row["match_id"], 20))}</span>',
        ui.link("debug", find=row["match_id"]),
    )
    return f'match {match}<span class="t-sub">{escape(row["explanation"] or "")}</span>'


def _evidence(row: ui.Row) -> str:
    return " · ".join(
        f"{escape(name)}\N{NO-BREAK SPACE}<b>{escape(value)}</b>"
        for name, value in fmt.pairs(row["score_parts"])
    )


def orders(orders: Sequence[data.Row]) -> list[Event]:
    """What people ordered, and whether it was done."""
    found = []
    for row in orders:
        done = "done" if row["outcome"] == "done" else fmt.label(row["outcome"]).lower()
        sentence = (
            f"<b>{fmt.escaped(row['actor'])}</b> ordered: "
            f"{escape(fmt.label(row['action']).lower())} ({escape(done)})"
        )
        if row["refusal"]:
            sentence += f". Refused: {fmt.escaped(row['refusal'])}"
        if row["comment"]:
            sentence += f" “{fmt.escaped(row['comment'])}”"
        detail = _known(
            [
                ("Decision", f'<span class="t-mono">{fmt.escaped(row["decision_id"])}</span>'),
                ("Seconded by", fmt.escaped(row["approved_by"])),
                ("Items", fmt.escaped(row["items"])),
            ]
        )
        found.append(
            Event(
                row["decided_at"], _STEP["person"], "person", sentence, detail,
                tone="bad" if row["refusal"] else "calm",
            )
        )  # fmt: skip
    return found


def postings(lines: Sequence[data.Row], matches: Mapping[str, data.Row]) -> list[Event]:
    """Each posting with its lines; one that is not posted yet stands with its match."""
    grouped: dict[str, list[data.Row]] = {}
    for line in lines:
        grouped.setdefault(line["posting_key"], []).append(line)
    found = []
    for key, rows in grouped.items():
        first = rows[0]
        debit = next((row for row in rows if row["debit_amount"]), first)
        credit = next((row for row in rows if row["credit_amount"]), first)
        what = "Reversal" if first["reverses_posting_key"] else "Posting"
        sentence = (
            f"<b>{what} {escape(fmt.label(first['posting_status']).lower())}</b>: "
            f"{ui.money(debit['debit_amount'], debit['currency'])} debit "
            f"{fmt.escaped(debit['account_code'])}, credit {fmt.escaped(credit['account_code'])}"
            + (f" and {len(rows) - 2} more lines" if len(rows) > 2 else "")
            + "."
        )
        if first["last_error"]:
            sentence += f" The last attempt failed: {fmt.escaped(first['last_error'])}"
        detail = _known(
            [
                ("Posting key", ui.hash_text(key)),
                ("Posting date", fmt.day(first["posting_date"])),
                ("Attempts", fmt.count(first["attempts"])),
                ("Number in the ledger", fmt.escaped(first["external_id"])),
            ]
        ) + ui.table_html(
            [
                ui.text_column("Account", "account_code", kind="n"),
                ui.money_column("Debit", "debit_amount"),
                ui.money_column("Credit", "credit_amount"),
                ui.money_column("Debit, reporting", "base_debit_amount", "base_currency"),
                ui.money_column("Credit, reporting", "base_credit_amount", "base_currency"),
                ui.text_column("Memo", "memo", kind="w"),
            ],
            rows,
        )
        match = matches.get(first["match_id"])
        at: datetime | None = first["posted_at"]
        if at is None and match:
            at = match["decided_at"]
        found.append(
            Event(
                at, _STEP["posting"], "posting", sentence, detail,
                tone="bad" if first["last_error"] else "calm",
            )
        )  # fmt: skip
    return found


def sealed(entries: Sequence[data.Row]) -> list[Event]:
    """Each sealed entry, with what was recomputed of it."""
    proven = proofs.of(entries)
    found = []
    for row in entries:
        proof = proven.get((row["block"], row["position"]))
        badge, tone = proofs.badge(proof)
        sentence = (
            f"<b>Sealed</b> as entry {row['position']:,} of block {row['block']:,}: "
            f"{escape(fmt.label(row['entry_type']).lower())} by {fmt.escaped(row['actor'])}. "
            f"{badge}"
        )
        found.append(
            Event(
                row["occurred_at"], _STEP["audit"], "audit", sentence,
                proofs.detail(row, proof), run_id=row["run_id"], tone=tone,
            )
        )  # fmt: skip
    return found
