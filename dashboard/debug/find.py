"""Find anything by its id, number or amount, and tell its life."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from html import escape

import streamlit as st

from dashboard import address, data, events, life, project, record, timeline
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.ingest.contract import CURRENCIES_FILE, read_currencies
from orchestration.telemetry.ids import trace_id_of

LEAST_PREFIX = 3
"""Characters; fewer begin too many ids."""

_AMOUNT = re.compile(r"(?:([A-Za-z]{3})\s*)?[-+−]?\s*(\d[\d.,'’\s]*)\s*([A-Za-z]{3})?")
_WHAT = {
    "item": "Item", "match": "Match", "exception": "Exception", "batch": "File", "run": "Run",
    "posting": "Posting", "customer": "Customer", "audit entry": "Audit entry",
    "refused row": "Refused row",
}  # fmt: skip


def amounts(text: str) -> tuple[list[Decimal], str]:
    """The amounts that a text may mean, both signs, and its currency; none when it is no amount.

    `1.234,50`, `1,234.50` and `1234,5` mean one; `1.234` is a thousand, or a dinar's fraction.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if not found or (found[1] and found[3]):
        return [], ""
    currency = (found[1] or found[3] or "").upper()
    if currency and currency not in read_currencies(CURRENCIES_FILE):
        return [], ""
    digits = re.sub(r"[\s'’]", "", found[2]).rstrip(".,")
    marks = [mark for mark in digits if mark in ".,"]
    readings = set()
    if not marks:
        readings.add(digits)
    elif len(set(marks)) == 2:
        last = marks[-1]
        if marks.count(last) > 1:
            return [], ""
        readings.add(digits.replace("," if last == "." else ".", "").replace(last, "."))
    else:
        mark = marks[0]
        groups = digits.split(mark)
        if all(len(group) == 3 for group in groups[1:]) and len(groups[0]) <= 3:
            readings.add(digits.replace(mark, ""))
        if len(marks) == 1:
            readings.add(digits.replace(mark, "."))
    values = sorted(Decimal(reading) for reading in readings)
    return [signed for value in values for signed in dict.fromkeys((value, -value))], currency


def look_up(text: str) -> list[data.Row]:
    """What has this id, number or amount; if nothing, what begins with it."""
    rows = data.query("debug_find", find=text, folded="no")
    values, currency = amounts(text)
    if values:
        written = [f"{value:f}" for value in values]
        rows += data.query("debug_find_amount", amounts=written, currency=currency)
    if not rows and len(text) >= LEAST_PREFIX:
        rows = data.query("debug_find_prefix", find=text)
    if not rows:
        rows = data.query("debug_find", find=text, folded="yes")
    return rows


def part() -> None:
    """The search box, and what it leads to."""
    address.one("find", None, "")
    text = st.text_input(
        "Find",
        placeholder="Id, number or amount: INV-2026-000043, ch_…, m_…, run-…, 1,234.50",
        key="find",
        icon=":material/search:",
        label_visibility="collapsed",
    )
    text = (text or "").strip()
    if text != st.query_params.get("find", "").strip():
        st.query_params.pop("hit", None)
    address.remember("find", text)
    if not text:
        ui.empty(
            "Paste the id, number or amount of an invoice, payment, bank entry, payout, ledger "
            "line, customer, match, exception, posting, file or run. One hit opens its life."
        )
        return
    rows = look_up(text)
    chosen = st.query_params.get("hit", "")
    if chosen:
        rows = [row for row in rows if f"{row['kind']}:{row['key']}" == chosen] or rows
    if not rows:
        ui.empty(
            f"Nothing in this publication has or begins with “{text}”. Ids are told apart by upper "
            "and lower case where they differ in nothing else; amounts are exact."
        )
        return
    if len(rows) == 1:
        tell(rows[0])
    else:
        hits(rows, text)


def hits(rows: Sequence[data.Row], text: str) -> None:
    """A short list that says what each hit is."""
    total = max([len(rows), *(row.get("row_count") or 0 for row in rows)])
    shown = f", the first {len(rows)}" if total > len(rows) else ""
    hint = ". An amount with its currency (EUR 149.00) has fewer." if total > len(rows) else ""
    st.html(f'<p class="t-lead" id="hits"><b>{fmt.counted(total, "hit")}</b>{shown}{hint}</p>')

    def what(row: ui.Row) -> str:
        return escape(fmt.label(row["qualifier"]) if row["kind"] == "item" else _WHAT[row["kind"]])

    def known_as(row: ui.Row) -> str:
        title = row["title"] or ""
        return fmt.NONE if not title or row["key"].endswith(title) else escape(title)

    def key(row: ui.Row) -> str:
        target = ui.link("debug", find=text, hit=f"{row['kind']}:{row['key']}")
        return ui.anchor(f'<span class="t-mono">{fmt.escaped(row["key"])}</span>', target)

    ui.table(
        [
            ui.Column("What", what, "n"),
            ui.Column("Id", key, "w"),
            ui.Column("Known as", known_as, "w"),
            ui.customer_column(),
            ui.text_column("Date", "happened_on", fmt.day, "n"),
            ui.money_column("Amount", "amount"),
            ui.Column("Standing", lambda row: ui.status(row["status"]), "n"),
        ],
        rows,
        "No hit.",
        name="hits",
    )


def tell(hit: data.Row) -> None:
    """The life of one hit, by what it is."""
    match hit["kind"]:
        case "item":
            record.page(hit["qualifier"], hit["key"])
        case "match":
            match(hit["key"])
        case "posting":
            ui.note(f"Posting {hit['key']} belongs to this match.")
            match(hit["qualifier"])
        case "exception":
            exception(hit["key"])
        case "audit entry":
            ui.note(f"The entry is about {hit['qualifier']} {hit['key']}.")
            match(hit["key"]) if hit["qualifier"] == "match" else exception(hit["key"])
        case "run":
            run(hit["key"])
        case "customer":
            customer(hit)
        case _:
            batch = hit["key"].partition(":")[0]
            ui.note(fmt.text(hit["title"]))
            st.html(
                ui.anchor(
                    f"Open the file of this {escape(_WHAT[hit['kind']].lower())}",
                    ui.link("debug", part="sources", batch=batch),
                )
            )


def match(match_id: str) -> None:
    """One match: its rule, its items, and what happened to them in it."""
    found = data.query("life_matches", matches=[match_id])
    if not found:
        ui.empty(f"The match {match_id} is not in this publication.")
        return
    [row] = found
    st.html(
        f'<p class="t-lead" id="subject">Match <b class="t-mono">{escape(match_id)}</b> '
        f"{ui.status(row['decision'])} {fmt.escaped(row['explanation'])}</p>"
    )
    st.html(events.match_detail(row, data.query("life_allocations", matches=[match_id])))
    ui.note(project.rule_meaning(row["pass"], row["relation"]))
    st.header("Its life")
    timeline.show(life.of_match(match_id))


def exception(exception_id: str) -> None:
    """The exception, and the life of the item that it was raised on."""
    found = data.query("exception", exception=exception_id)
    if not found:
        ui.empty(f"The exception {exception_id} is not in this publication.")
        return
    row = found[0]
    st.html(
        f'<p class="t-lead" id="subject">Exception {ui.severity(row["severity"])} '
        + ui.anchor(
            escape(fmt.label(row["exception_type"])),
            ui.link("exceptions", exception=exception_id),
        )
        + f" {ui.status(row['status'])} {fmt.escaped(row['detail'])}</p>"
    )
    if row["item_id"]:
        record.page(row["item_type"], row["item_id"])


def customer(hit: data.Row) -> None:
    """A customer and its newest items."""
    st.html(
        f'<p class="t-lead" id="subject">Customer <b>{fmt.escaped(hit["title"])}</b> '
        f'<span class="t-mono">{fmt.escaped(hit["key"])}</span></p>'
    )
    rows = data.query("debug_customer_items", customer=hit["key"])
    total = rows[0]["row_count"] if rows else 0
    ui.table(
        [
            ui.item_column(),
            ui.text_column("Number", "document_number", kind="w"),
            ui.text_column("Date", "event_date", fmt.day, "n"),
            ui.money_column("Amount", "amount"),
            ui.money_column("Open", "open_amount"),
            ui.Column("Status", lambda row: ui.status(row["status"]), "n"),
        ],
        rows,
        "No item names this customer.",
        f"The newest {len(rows)} of {fmt.count(total)} items." if total > len(rows) else "",
        name="customer-items",
    )


def run(run_id: str) -> None:
    """What one run read, decided and sealed."""
    row = data.query_one("debug_run", run=run_id)
    st.html(f'<p class="t-lead" id="subject">Run <b class="t-mono">{escape(run_id)}</b></p>')
    ui.facts(
        [
            ("As of", ui.moment(row["as_of"])),
            ("Started", f"{ui.moment(row['started_at'])} by {fmt.escaped(row['trigger'])}"),
            ("Took", fmt.seconds(row["seconds"])),
            ("Rows in", fmt.count(row["rows_in"])),
            (
                "Matches made",
                ui.anchor(
                    fmt.count(row["matches_made"]),
                    ui.link("rows", of="matches", run=run_id) if row["matches_made"] else None,
                ),
            ),
            ("Closed by itself", fmt.count(row["auto_closed"])),
            ("Exceptions opened", fmt.count(row["exceptions_opened"])),
            ("Exceptions resolved", fmt.count(row["exceptions_resolved"])),
            ("Sealed as block", fmt.count(row["block"])),
            ("Entries sealed", fmt.count(row["entry_count"])),
            ("Root", ui.hash_text(row["root_hash"])),
            # what the collector of traces and the structured log know it by
            ("Trace", f'<span class="t-mono">{trace_id_of(run_id)}</span>'),
        ]
    )
    st.header("Files that it read")
    ui.table(
        [
            ui.text_column("Feed", "feed"),
            ui.Column(
                "File",
                lambda file: ui.anchor(
                    escape(file["file_name"]),
                    ui.link("debug", part="sources", batch=file["batch_id"]),
                ),
                "w",
            ),
            ui.count_column("Read", "rows_read"),
            ui.count_column("Loaded", "rows_loaded"),
            ui.count_column("Quarantined", "rows_quarantined"),
        ],
        data.query("debug_run_batches", run=run_id),
        "It read no new file.",
        name="run-batches",
    )
