"""One case, side by side: what it is about, and what could explain it, in a clerk's words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import groupby
from typing import Any

import streamlit as st

from dashboard import components as ui
from dashboard import data, life, runbooks, timeline
from dashboard import format as fmt
from dashboard.case_words import COPIES

KINDS = {
    "bank_transaction": "Bank line",
    "ledger_entry": "Ledger entry",
    "vendor_invoice": "Bill",
    "purchase_order_line": "Order line",
}
DOCUMENTS = frozenset({"invoice", "credit_memo", "vendor_invoice"})
PARTS = {
    "prior": "Before comparing",
    "amount": "Amount",
    "party": "Payer",
    "reference": "Number",
    "days": "Days between",
    "shared_words": "Words in both",
    "contradicting_words": "Words against",
    "unmatched_words": "Words in one only",
}
SHOWN_FIRST = 3


@dataclass(frozen=True)
class Candidate:
    """What could explain an item: another item, or a match that holds several."""

    rows: Sequence[data.Row]

    @property
    def lead(self) -> data.Row:
        """The row that tells what holds for the candidate as a whole."""
        return self.rows[0]

    @property
    def match_id(self) -> str | None:
        """The match that would be made; none where the candidate is only another item."""
        return self.lead["match_id"]

    @property
    def is_proposed(self) -> bool:
        """Whether the machine suggests it and a person's word is all that is missing."""
        return bool(self.match_id) and self.lead["decision"] in ("suggested", "pending_approval")

    @property
    def others(self) -> Sequence[data.Row]:
        """The items on the other side."""
        return [row for row in self.rows if not row["is_same_side"]] or self.rows

    @property
    def key(self) -> str:
        """A name of the candidate within its case."""
        return str(self.match_id or f"{self.lead['item_type']}:{self.lead['item_id']}")


@dataclass(frozen=True)
class Case:
    """All exceptions of a case with their items, and the one that is looked at."""

    exception: data.Row
    members: Sequence[data.Row]
    candidates: Sequence[Candidate]
    original: data.Row | None = None
    """What the item repeats, where it is a copy or may be one."""

    @property
    def case_id(self) -> str:
        """The id that its exceptions share."""
        return str(self.exception["case_id"])

    @property
    def item(self) -> data.Row | None:
        """The item that is looked at; none where the exception is about no single item."""
        for member in self.members:
            if member["exception_id"] == self.exception["exception_id"]:
                return member if member["item_id"] and member["side"] else None
        return None

    @property
    def is_resolved(self) -> bool:
        """Whether nothing is left to decide."""
        return all(member["exception_status"] == "resolved" for member in self.members)

    @property
    def proposals(self) -> Sequence[Candidate]:
        """The candidates that can be approved as they are."""
        return [candidate for candidate in self.candidates if candidate.is_proposed]


def load(exception_id: str) -> Case | None:
    """The case of an exception; None when the publication does not hold it."""
    found = data.query("exception", exception=exception_id)
    if not found:
        return None
    exception = found[0]
    members = data.query("case_members", case=exception["case_id"])
    rows: list[data.Row] = []
    if exception["item_id"] is not None:
        rows = data.query(
            "case_candidates",
            reconciliation=exception["reconciliation"],
            item_type=exception["item_type"],
            item_id=exception["item_id"],
            proposed=json.loads(exception["candidate_match_ids"] or "[]"),
        )
    original: list[data.Row] = []
    if exception["exception_type"] in COPIES:
        original = data.query(
            "case_original",
            reconciliation=exception["reconciliation"],
            item_type=exception["item_type"],
            item_id=exception["item_id"],
        )
    grouped = groupby(rows, lambda row: (row["rank"], row["match_id"], row["match_id"] or row))
    candidates = [Candidate(list(group)) for _, group in grouped]
    return Case(exception, members, candidates, original[0] if original else None)


def kind(item_type: str | None) -> str:
    """What an item is called on a desk."""
    return KINDS.get(item_type or "", fmt.label(item_type))


def name(row: ui.Row) -> str:
    """An item by what people call it: its number, else its id."""
    number = row["document_number"]
    if row["item_type"] in DOCUMENTS and number:
        return f"{kind(row['item_type'])} {number}"
    if row["item_type"] == "bank_transaction" and number:
        return f"{kind(row['item_type'])} “{number}”"
    return f"{kind(row['item_type'])} {row['item_id']}"


def record_link(row: ui.Row, text: str) -> str:
    """Words as a link to the whole life of an item."""
    return ui.anchor(
        escape(text), ui.link("record", item_type=row["item_type"], item_id=row["item_id"])
    )


def sentence(row: ui.Row) -> str:
    """An item as a clerk would read it out, as safe HTML."""
    parts = [f"<b>{record_link(row, name(row))}</b>"]
    if row["customer"] and row["customer"] != row["document_number"]:
        parts.append(f" of {escape(row['customer'])}")
    elif row["customer_id"] and not row["customer"] and row["item_type"] in DOCUMENTS:
        parts.append(f" of {escape(row['customer_id'])}")
    if row["currency"]:
        parts.append(f", {ui.money(row['amount'], row['currency'])}")
        if row["open_amount"] == 0:
            parts.append(" (nothing open)")
        elif row["open_amount"] != row["amount"]:
            parts.append(f" ({ui.money(row['open_amount'], row['currency'])} open)")
    if row["due_date"]:
        parts.append(f", due {fmt.day(row['due_date'])}")
    elif row["event_date"]:
        parts.append(f", of {fmt.day(row['event_date'])}")
    if row["memo"]:
        parts.append(f", text “{escape(row['memo'])}”")
    return "".join(parts)


def head(case: Case, place: str) -> None:
    """What is wrong, how much, how urgent, who has it: one glance."""
    row = case.exception
    clock = fmt.sla_clock(row["sla_minutes_left"], row["status"] == "resolved")
    late = row["sla_minutes_left"] is not None and row["sla_minutes_left"] < 0
    badges = [
        ui.severity(row["severity"]),
        ui.status(row["status"]),
        ui.badge(clock, "bad" if late else "calm"),
    ]
    if row["assigned_to"]:
        badges.append(ui.badge(row["assigned_to"], "calm", "→"))
    st.html(
        '<header class="x-head">'
        f'<h2 id="detail">{escape(fmt.label(row["exception_type"]))}'
        f'<span class="x-total">{ui.money(row["amount"], row["currency"])}</span></h2>'
        f'<p class="x-badges">{" ".join(badges)} <span class="x-place">{escape(place)}</span></p>'
        f'<p class="x-detail">{escape(_capital(row["detail"]))}</p></header>'
    )


def _capital(text: str | None) -> str:
    return f"{text[0].upper()}{text[1:]}" if text else ""


def left(case: Case) -> None:
    """The item, and what else belongs to its case."""
    item = case.item
    if item is None:
        ui.empty("This exception is not about a single item; what to do stands below.")
        return
    st.html('<h3 class="x-h">What it is about</h3>')
    st.html(f'<div class="x-panel">{_item(item)}</div>')
    shown = {
        (row["item_type"], row["item_id"])
        for candidate in case.proposals[:SHOWN_FIRST]
        for row in candidate.others
    }
    rest = [
        row
        for row in case.members
        if row["exception_id"] != item["exception_id"]
        and row["currency"]
        and (row["item_type"], row["item_id"]) not in shown
    ]
    if rest:
        ui.table(
            [
                ui.Column("Also in this case", _member, "w"),
                ui.money_column("Open", "open_amount"),
            ],
            rest,
            "",
            "One decision about the case settles all of it.",
            name="case",
        )


def _member(row: ui.Row) -> str:
    target = ui.link("exceptions", exception=row["exception_id"])
    day = fmt.day(row["due_date"] or row["event_date"])
    return (
        ui.anchor(escape(name(row)), target)
        + f'<span class="t-sub">{escape(day)}'
        + (f" · {escape(row['memo'])}" if row["memo"] else "")
        + "</span>"
    )


def _item(row: data.Row) -> str:
    """The item as labelled facts."""
    entries = [(kind(row["item_type"]), record_link(row, str(row["document_number"] or "")))]
    if not row["document_number"]:
        entries = [(kind(row["item_type"]), record_link(row, row["item_id"]))]
    if row["customer"] or row["customer_id"]:
        who = escape(row["customer"] or row["customer_id"])
        known = [part for part in (row["customer"] and row["customer_id"], row["country"]) if part]
        if row["tier"]:
            known.append(f"{row['tier']} tier")
        if known:
            who += f'<span class="t-sub">{escape(" · ".join(known))}</span>'
        title = "Customer" if row["reconciliation"] == "invoice_to_receipt" else "Party"
        entries.append((title, who))
    if row["memo"]:
        entries.append(("Text", f"“{escape(row['memo'])}”"))
    issued = "Issued" if row["item_type"] in DOCUMENTS else "Booked"
    entries.append((issued, fmt.day(row["event_date"])))
    if row["due_date"]:
        late = row["days_overdue"] or 0
        sub = f'<span class="t-sub">{fmt.counted(late, "day")} overdue</span>' if late > 0 else ""
        entries.append(("Due", fmt.day(row["due_date"]) + sub))
    entries.append(("Amount", ui.money(row["amount"], row["currency"])))
    if row["allocated_amount"]:
        entries.append(("Paid or covered", ui.money(row["allocated_amount"], row["currency"])))
    if row["adjusted_amount"]:
        entries.append(("Adjusted", ui.money(row["adjusted_amount"], row["currency"])))
    entries.append(("Open", f"<b>{ui.money(row['open_amount'], row['currency'])}</b>"))
    standing = ui.status(row["status"])
    if row["set_aside_reason"]:
        standing += f'<span class="t-sub">{escape(fmt.label(row["set_aside_reason"]))}</span>'
    entries.append(("Status", standing))
    if row["document_number"] and row["document_number"] != row["item_id"]:
        entries.append(("Id", f'<span class="t-mono">{escape(row["item_id"])}</span>'))
    body = "".join(f"<div><dt>{escape(term)}</dt><dd>{html}</dd></div>" for term, html in entries)
    return f'<dl class="x-facts">{body}</dl>'


def evidence(candidate: Candidate) -> list[tuple[str, str]]:
    """What speaks for a candidate and against it: (sign, words)."""
    row = candidate.lead
    weights = _weights(row["score_parts"])
    found: list[tuple[str, str]] = []
    gap = row["gap_amount"]
    many = len(candidate.others) > 1
    amounts = "the amounts together are" if many else "the amount is"
    closed = not candidate.match_id and row["open_amount"] == 0
    if closed:
        found.append(("−", "nothing of it is open any more"))
    elif gap is not None:
        if gap == 0:
            found.append(("+", f"{amounts} the same"))
        else:
            size = fmt.money(abs(gap), row["gap_currency"])
            found.append(("−", f"{amounts} {size} {'more' if gap > 0 else 'less'}"))
    else:
        found.append(("−", "it is in another currency"))
    if row["is_same_party"]:
        found.append(("+", f"both are of {row['customer'] or row['customer_id']}"))
    elif row["mine_party_id"] and row["customer_id"]:
        found.append(("−", f"it is of {row['customer'] or row['customer_id']}, another party"))
    else:
        found.append(("·", "the payer is not known"))
    for part, for_it, against in (
        ("reference", "a number in the text fits", "no number in the text fits"),
        ("shared_words", "rare words stand in both", "few words stand in both"),
        ("contradicting_words", "no words contradict", "some words contradict"),
    ):
        weight = weights.get(part)
        if weight:
            found.append(("+", for_it) if weight > 0 else ("−", against))
    days = row["days_after"]
    if days is not None:
        size = fmt.counted(abs(days), "day")
        words = "on the same day" if days == 0 else f"{size} apart"
        weight = weights.get("days")
        found.append(("·" if weight is None else "+" if weight > 0 else "−", words))
    return found


def _weights(score_parts: str | None) -> dict[str, float]:
    """The weighed parts of a score; empty where a rule, not a weighing, proposes."""
    parts = json.loads(score_parts or "{}")
    if "prior" not in parts:
        return {}
    return {part: float(value) for part, value in parts.items()}


def candidate_html(candidate: Candidate, number: int) -> str:
    """A candidate as sentences: what it is, what speaks for and against it, why not by itself."""
    items = "".join(f"<li>{sentence(row)}</li>" for row in candidate.others)
    marks = {"+": "x-plus", "−": "x-minus", "·": "x-so"}
    signs = {"+": "for it", "−": "against it", "·": "open"}
    told = "".join(
        f'<span class="{marks[sign]}"><b aria-label="{signs[sign]}">{sign}</b> '
        f"{escape(words)}</span>"
        for sign, words in evidence(candidate)
    )
    row = candidate.lead
    tail = ""
    if row["why_not"]:
        asked = "Why it was not closed" if candidate.is_proposed else "Why not"
        tail = f'<p class="x-why"><b>{asked}:</b> {escape(row["why_not"])}</p>'
    sure = ""
    if candidate.is_proposed and row["confidence"] is not None:
        sure = f'<span class="x-sure">{fmt.percent(row["confidence"])} sure</span>'
    title = f"Suggestion {number}" if candidate.is_proposed else f"Other {number}"
    return (
        f'<div class="x-candidate{" is-proposed" if candidate.is_proposed else ""}">'
        f'<div class="x-label">{title}{sure}</div><ul>{items}</ul>'
        f'<p class="x-evidence">{told}</p>{tail}</div>'
    )


def original_html(row: data.Row, item: data.Row) -> str:
    """The item that a copy repeats, and in what the two agree."""
    told = [
        (row["amount"] == item["amount"], "the amount is the same", "the amounts differ"),
        (row["party_id"] == item["party_id"], "both are of one party", "they are of two parties"),
    ]
    if row["memo"] or item["memo"]:
        told.append((row["memo"] == item["memo"], "the text is the same", "the texts differ"))
    days = abs((item["event_date"] - row["event_date"]).days)
    apart = fmt.counted(days, "day") + " apart" if days else "of the same day"
    signs = "".join(
        f'<span class="{"x-plus" if holds else "x-minus"}">'
        f'<b aria-label="{"for it" if holds else "against it"}">{"+" if holds else "−"}</b> '
        f"{escape(yes if holds else no)}</span>"
        for holds, yes, no in told
    )
    file = f'<span class="t-sub">came in {escape(row["file_name"])}</span>'
    return (
        f'<div class="x-candidate"><ul><li>{sentence(row)} {ui.status(row["status"])}'
        f"{file if row['file_name'] else ''}</li></ul>"
        f'<p class="x-evidence">{signs}<span class="x-so">· {apart}</span></p></div>'
    )


def waterfall(candidate: Candidate) -> dict[str, Any] | None:
    """The weighed parts of a candidate's score as a signed waterfall; None where none were weighed.

    Bars go right for what speaks for it and left for what speaks against it; the sums are made in
    the chart.
    """
    weights = _weights(candidate.lead["score_parts"])
    if not weights:
        return None
    ordered = sorted(weights.items(), key=lambda part: (part[0] != "prior", -abs(part[1])))
    values = [
        {"order": order, "part": PARTS.get(part, fmt.label(part)), "weight": weight,
         "text": f"{weight:+.1f}".replace("-", fmt.MINUS),
         "sign": "for" if weight >= 0 else "against"}
        for order, (part, weight) in enumerate(ordered)
    ]  # fmt: skip
    y = {
        "field": "part",
        "type": "nominal",
        "sort": {"field": "order"},
        "axis": {
            "title": None,
            "domain": False,
            "ticks": False,
            "labelLimit": 130,
            "labelOverlap": False,
        },
    }
    return {
        "data": {"values": values},
        "height": 24 * len(values),
        "description": "Waterfall: what speaks for the candidate and against it, part by part.",
        "transform": [
            {"window": [{"op": "sum", "field": "weight", "as": "end"}],
             "sort": [{"field": "order"}]},
            {"calculate": "datum.end - datum.weight", "as": "start"},
        ],
        "layer": [
            {
                "mark": {"type": "bar", "height": 13},
                "encoding": {
                    "y": y,
                    "x": {"field": "start", "type": "quantitative",
                          "axis": {"title": None, "grid": True, "gridColor": "#e2e7ec",
                                   "labels": False, "ticks": False, "domain": False}},
                    "x2": {"field": "end"},
                    "color": {"field": "sign", "type": "nominal", "legend": None,
                              "scale": {"domain": ["for", "against"],
                                        "range": ["#2f7d9c", "#c4622d"]}},
                },
            },
            {
                "transform": [
                    {"calculate": "max(datum.start, datum.end)", "as": "edge"}
                ],
                "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 11,
                         "color": "#37444f"},
                "encoding": {"y": y, "x": {"field": "edge", "type": "quantitative"},
                             "text": {"field": "text"}},
            },
            {"mark": {"type": "rule", "color": "#7b8a99"}, "encoding": {"x": {"datum": 0}}},
        ],
        "config": {"view": {"stroke": None}, "axis": {"labelColor": "#37444f"}},
    }  # fmt: skip


def right(case: Case, choose: Any) -> None:
    """The candidates, best first; those that only lost are folded away.

    `choose(candidate)` shows what a person may do with a candidate.
    """
    item = case.item
    if case.original is not None and item is not None:
        st.html('<h3 class="x-h">What it repeats</h3>')
        with st.container(border=True, key="x-original"):
            st.html(original_html(case.original, item))
        if not case.candidates:
            return
    st.html('<h3 class="x-h">What could explain it</h3>')
    if not case.candidates:
        ui.empty(
            "Nothing open on the other side shares a number, or the party and the amount, with it."
        )
        return
    shown = list(case.proposals[:SHOWN_FIRST]) or list(case.candidates[:2])
    rest = [candidate for candidate in case.candidates if candidate not in shown]
    for number, candidate in enumerate(shown, 1):
        with st.container(border=True, key=f"x-candidate-{number}", gap="small"):
            st.html(candidate_html(candidate, number))
            chart = waterfall(candidate)
            if chart is not None:
                with st.expander("How it was weighed"):
                    st.vega_lite_chart(chart)
                    ui.note(
                        "Bars to the right speak for it, bars to the left against it; "
                        "where the last one ends, that sure the weighing is."
                    )
            choose(candidate)
    if rest:
        with st.expander(f"Why the others lost ({len(rest)})"):
            st.html(
                "".join(
                    candidate_html(candidate, number)
                    for number, candidate in enumerate(rest, len(shown) + 1)
                )
            )


def guidance(case: Case) -> None:
    """What to do: the recommendation, then the runbook with this case's values in it."""
    row = case.exception
    if row["recommendation"]:
        st.html(f'<p class="t-lead">{escape(row["recommendation"])}</p>')
    if row["who_acts"]:
        ui.note(f"Who acts: {fmt.label(row['who_acts'])}.")
    body = runbooks.text(row["runbook"]) if row["runbook"] else None
    if body is None:
        ui.empty(f"Runbook: {row['runbook'] or 'none is written for this.'}")
        return
    values = {
        key: row[key]
        for key in ("item_type", "item_id", "customer_id", "exception_id", "case_id",
                    "reconciliation", "currency", "amount", "root_cause", "sla_due_at")
    } | {"who_acts": fmt.label(row["who_acts"]) if row["who_acts"] else None}  # fmt: skip
    told, queries = runbooks.parted(runbooks.filled_in(body, values))
    with st.container(key=ui.key("runbook", row["exception_id"])):
        st.markdown(told)
        if queries:
            with st.expander("Look it up in the data"):
                st.markdown(queries)


def customer(case: Case) -> None:
    """The other open items of the customer: what it may have meant to pay, or has paid."""
    item = case.item
    if item is None or not item["party_id"]:
        ui.empty("The party is not known.")
        return
    rows = data.query(
        "case_customer",
        reconciliation=item["reconciliation"],
        party=item["party_id"],
        item_type=item["item_type"],
        item_id=item["item_id"],
    )
    total = rows[0]["row_count"] if rows else 0
    shown = f"The first {len(rows)} of {fmt.count(total)}." if total > len(rows) else ""
    ui.table(
        [
            ui.Column("Open item", _open_item, "w"),
            ui.text_column("Date", "event_date", fmt.day, "n"),
            ui.text_column("Due", "due_date", fmt.day, "n"),
            ui.money_column("Amount", "amount"),
            ui.money_column("Open", "open_amount"),
            ui.Column("Status", lambda row: ui.status(row["status"]), "n"),
        ],
        rows,
        f"{item['customer'] or item['party_id']} has nothing else open here.",
        shown,
        name="case-customer",
    )


def _open_item(row: ui.Row) -> str:
    html = record_link(row, name(row))
    if row["memo"]:
        html += f'<span class="t-sub">“{escape(row["memo"])}”</span>'
    if row["exception_id"]:
        target = ui.link("exceptions", exception=row["exception_id"])
        html += f'<span class="t-sub">{ui.anchor("has a case", target)}</span>'
    return html


def history(case: Case, decisions: Sequence[tuple[datetime, str, str]]) -> None:
    """What people decided about the case, newest first, and the life of its item.

    `decisions`: (when, what as safe HTML, who) of people's decisions about the case.
    """
    body = "".join(
        f'<li><span class="x-when">{ui.moment(when)}</span> {what}'
        f'<span class="t-sub">{escape(who)}</span></li>'
        for when, what, who in sorted(decisions, key=lambda entry: entry[0], reverse=True)
    )
    if body:
        st.html(f'<ol class="x-timeline">{body}</ol>')
    item = case.item
    if item is not None:
        chosen = life.of_item(item["item_type"], item["item_id"])
        own = [e for e in chosen.events if not e.items or set(chosen.own).intersection(e.items)]
        st.html(timeline.html(own, chosen))
        st.html(f"<p class='t-note'>{record_link(item, 'Where its money came from and went')}</p>")
    elif not body:
        ui.empty("Nothing is recorded yet.")


def sources(case: Case) -> None:
    """Where the items of the case came from, and the hash that their decision will rest on."""
    rows = [row for row in case.members if row["currency"]]
    for candidate in case.proposals[:SHOWN_FIRST]:
        rows.extend(
            row
            for row in data.query(
                "case_sources",
                reconciliation=case.exception["reconciliation"],
                items=[f"{other['item_type']}:{other['item_id']}" for other in candidate.rows],
            )
            if not any(row["item_id"] == known["item_id"] for known in rows)
        )
    ui.table(
        [
            ui.Column("Item", lambda row: record_link(row, name(row)), "w"),
            ui.text_column("Feed", "feed"),
            ui.text_column("File", "file_name", kind="w"),
            ui.Column("Landed", lambda row: ui.moment(row["landed_at"]), "n"),
            ui.Column("Row hash", lambda row: ui.hash_text(row["row_hash"]), "n"),
        ],
        rows,
        "No source row is published for this case.",
        "The item leads to its whole record: raw rows and versions, decisions, postings.",
        name="case-sources",
    )
