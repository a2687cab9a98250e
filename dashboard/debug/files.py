"""What sources delivered: refused rows with their payload, files with their totals, balances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from typing import Any

import streamlit as st

from dashboard import address, data, sources
from dashboard import components as ui
from dashboard import format as fmt
from orchestration import source_rows
from orchestration.home import Home

PAGE_ROWS = 50
SAMPLE_ROWS = 20
VIEWS = {"refused": "Refused rows", "files": "Files", "balances": "Balance chain"}
STATES = {
    "": "All files",
    "rejected": "Rejected whole",
    "refused_rows": "With refused rows",
    "broken_total": "Control total broken",
    "doubtful": "Doubtful content",
}
_LINKS: dict[str, tuple[ui.Tone, str]] = {
    "first": ("calm", "chain begins"),
    "continues": ("good", "continues"),
    "overlaps": ("watch", "told before"),
    "gap": ("bad", "gap"),
}


def part() -> None:
    """One of the views, or one file."""
    batch = st.query_params.get("batch", "")
    if batch:
        one_file(batch)
        return
    address.one("view", list(VIEWS), "refused")
    view = st.segmented_control(
        "View",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        required=True,
        key="view",
        label_visibility="collapsed",
    )
    address.remember("view", view or "refused", "refused")
    {"refused": refused, "files": files, "balances": balances}[view or "refused"]()


def _feed() -> str:
    names = [row["feed"] for row in data.query("debug_feeds")]
    address.one("feed", ["", *names], "")
    feed = st.selectbox(
        "Feed",
        ["", *names],
        format_func=lambda name: name or "All feeds",
        key="feed",
        width=260,
    )
    address.remember("feed", feed or "")
    return feed or ""


def refused() -> None:
    """In which ways rows are refused, and for one way the rows with what stood there."""
    reason = st.query_params.get("reason", "")
    feed = _feed()
    if reason:
        one_reason(feed, reason)
        return
    rows = data.query("debug_refusals", feed=feed)
    ui.table(
        [
            ui.Column("Why it is refused", _reason, "w"),
            ui.count_column("Refused", "refused", _of_reason),
            ui.count_column("Unresolved", "unresolved", _of_reason),
            ui.Column("A value that was refused", _value, "w"),
            ui.count_column("Files", "files"),
            ui.text_column("Last", "last_at", fmt.timestamp, "n"),
        ],
        rows,
        "Nothing was refused: every row that landed was loaded.",
        name="refusals",
    )


def _of_reason(row: ui.Row) -> str:
    return ui.link("debug", part="sources", feed=row["feed"], reason=row["kind_of_reason"])


def _reason(row: ui.Row) -> str:
    whole = ui.badge("whole file", "watch") + " " if row["is_file"] else ""
    where = ", ".join(part for part in (row["feed"], row["column_name"]) if part)
    return (
        whole
        + ui.anchor(escape(row["kind_of_reason"]), _of_reason(row))
        + f'<span class="t-sub">{escape(where)}</span>'
    )


def _value(row: ui.Row) -> str:
    return f'<span class="t-mono">{escape(fmt.short(row["sample_value"], 60))}</span>'


def one_reason(feed: str, reason: str) -> None:
    """The rows that were refused for one reason, with their landed lines."""
    rows = data.query("debug_refused_rows", feed=feed, reason=reason, batch="")
    back = ui.anchor("all reasons", ui.link("debug", part="sources", feed=feed))
    total = rows[0]["row_count"] if rows else 0
    st.html(
        f'<p class="t-lead" id="reason"><b>{escape(reason)}</b> · {fmt.counted(total, "row")}'
        f"{f', the newest {len(rows)} shown' if total > len(rows) else ''} · back to {back}</p>"
    )
    payloads(rows)


def payloads(rows: Sequence[data.Row]) -> None:
    """Each refused row: where, why, and the line as it landed."""
    if not rows:
        ui.empty("No row was refused for this.")
        return
    body = "".join(
        '<section class="t-payload"><p>'
        + ui.anchor(
            escape(row["file_name"]), ui.link("debug", part="sources", batch=row["batch_id"])
        )
        + (f", line {row['line_number']:,}" if row["line_number"] else "")
        + f" · {fmt.escaped(row['reason'])} "
        + (
            ui.badge("mended", "good")
            if row["resolved_by_batch_id"]
            else ui.badge("unresolved", "watch")
        )
        + (
            f" · key {ui.anchor(_mono(row['row_key']), ui.link('debug', find=row['row_key']))}"
            if row["row_key"]
            else ""
        )
        + f"</p>{sources.payload_html(row)}</section>"
        for row in rows
    )
    st.html(f'<div id="payloads">{body}</div>')


def _mono(value: object) -> str:
    return f'<span class="t-mono">{fmt.escaped(value)}</span>'


def files() -> None:
    """Every landed file, what is wrong first."""
    address.one("state", list(STATES), "")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        feed = _feed()
        state = st.selectbox(
            "Files", list(STATES), format_func=STATES.__getitem__, key="state", width=260
        )
    address.remember("state", state or "")
    page_key = ui.key("files", feed, state)
    page = ui.chosen_page(page_key)
    rows = data.query(
        "debug_files",
        feed=feed,
        state=state or "",
        limit=PAGE_ROWS,
        offset=(page - 1) * PAGE_ROWS,
    )
    total = rows[0]["row_count"] if rows else 0
    st.html(f'<p class="t-lead" id="files-count"><b>{fmt.counted(total, "file")}</b></p>')
    ui.table(
        [
            ui.Column(
                "File",
                lambda row: (
                    ui.anchor(
                        escape(row["file_name"]),
                        ui.link("debug", part="sources", batch=row["batch_id"]),
                    )
                    + f'<span class="t-sub">{escape(row["feed"])}</span>'
                ),
                "w",
            ),
            ui.text_column("Landed", "landed_at", fmt.timestamp, "n"),
            ui.count_column("Read", "rows_read"),
            ui.count_column("Loaded", "rows_loaded"),
            ui.count_column("Re-delivered", "rows_redelivered"),
            ui.count_column("Refused", "rows_quarantined"),
            ui.Column("Control total", _control, "n"),
            ui.Column("Remarks", _remarks, "w"),
        ],
        rows,
        "No file is in this state.",
        "Read = loaded + re-delivered + refused, for every file.",
        name="files",
    )
    ui.pages(total, PAGE_ROWS, page_key)


def _control(row: ui.Row) -> str:
    if row["control_total_ok"] is None:
        return "none given"
    return ui.badge("adds up", "good") if row["control_total_ok"] else ui.badge("broken", "bad")


def _remarks(row: ui.Row) -> str:
    remarks = []
    if row["is_rejected"]:
        remarks.append(ui.badge("rejected whole", "bad"))
    if row["is_backfill"]:
        remarks.append(ui.badge("backfill", "calm"))
    for field, words in (
        ("naive_timestamps", "timestamps without an offset"),
        ("double_amounts", "amounts held as floats"),
        ("conflicting_versions", "conflicting versions"),
    ):
        if row[field]:
            remarks.append(ui.badge(f"{row[field]:,} {words}", "watch"))
    return " ".join(remarks)


def one_file(batch: str) -> None:
    """One landed file: its counts, its totals, its balances, what was refused, its first rows."""
    found = data.query("debug_file", batch=batch)
    back = ui.anchor("all files", ui.link("debug", part="sources", view="files"))
    if not found:
        ui.empty(f"No file with the batch id {batch} is in this publication.")
        st.html(f"<p>Back to {back}.</p>")
        return
    row = found[0]
    st.html(
        f'<p class="t-lead" id="subject">File <b>{escape(row["file_name"])}</b> of '
        f"{escape(row['feed'])} · back to {back}</p>"
    )
    ui.facts(
        [
            ("Landed", ui.moment(row["landed_at"])),
            (
                "Read by",
                ui.anchor(fmt.escaped(row["run_id"]), ui.link("debug", find=row["run_id"])),
            ),
            ("Format", fmt.escaped(row["format"])),
            ("Batch (SHA-256 of the file)", ui.hash_text(batch)),
            ("Rows read", fmt.count(row["rows_read"])),
            ("Loaded", fmt.count(row["rows_loaded"])),
            ("Re-delivered", fmt.count(row["rows_redelivered"])),
            ("Refused", fmt.count(row["rows_quarantined"])),
            ("Facts from", ui.moment(row["min_event_at"])),
            ("Facts until", ui.moment(row["max_event_at"])),
            ("Control total", f"{fmt.plain(row['control_total'])} {_control(row)}"),
            ("Remarks", _remarks(row) or fmt.NONE),
        ]
    )
    home = Home.from_environment()
    mine = [one for one in source_rows.balances(home) if one.batch_id == batch]
    if mine:
        st.header("Balances that it tells")
        chain(mine)
    if row["rows_quarantined"] or row["is_rejected"]:
        st.header("Refused rows")
        payloads(data.query("debug_refused_rows", feed=row["feed"], reason="", batch=batch))
    st.header("First rows as they came")
    sample = source_rows.of_batch(home, row["feed"], batch, SAMPLE_ROWS)
    if sample:
        st.html(sources.sample_html(sample))
    else:
        ui.empty("No row of it was loaded, or the raw rows are not on this machine.")


def balances() -> None:
    """The chain of balances of one account."""
    every = source_rows.balances(Home.from_environment())
    if not every:
        ui.empty("No statement with balances has landed, or raw rows are not on this machine.")
        return
    accounts = list(dict.fromkeys((one.account_id, one.currency or "") for one in every))
    names = [f"{account}/{currency}" for account, currency in accounts]
    address.one("account", names, names[0])
    account = st.segmented_control(
        "Account",
        names,
        format_func=lambda name: " ".join(name.rsplit("/", 1)),
        required=True,
        key="account",
    )
    address.remember("account", account or names[0], names[0])
    mine = [one for one in every if f"{one.account_id}/{one.currency or ''}" == account]
    gaps = [one for one in mine if one.link == "gap"]
    broken = [one for one in mine if one.control_total_ok is False]
    words = [
        ui.badge(fmt.counted(len(gaps), "gap"), "bad") if gaps else ui.badge("no gap", "good"),
        ui.badge(f"{len(broken)} do not add up", "bad")
        if broken
        else ui.badge("all add up", "good"),
    ]
    st.html(
        f'<p class="t-lead" id="chain"><b>{fmt.counted(len(mine), "statement")}</b>, '
        f"{fmt.day(mine[0].from_date)} to {fmt.day(mine[-1].to_date)}: {' '.join(words)}</p>"
    )
    chain(mine)


def chain(mine: Sequence[source_rows.Balance]) -> None:
    """Statements in the order of their days: opening, entries, closing, and the link before."""
    rows: list[dict[str, Any]] = [
        {**asdict(one), "currency": one.currency or fmt.NO_CURRENCY} for one in mine
    ]

    def link(row: ui.Row) -> str:
        tone, words = _LINKS[row["link"]]
        html = ui.badge(words, tone)
        if row["link"] == "gap":
            html += (
                '<span class="t-sub">opens with '
                f"{fmt.money(row['missing_amount'], row['currency'], signed=True)} "
                "against the closing before</span>"
            )
        return html

    ui.table(
        [
            ui.Column("Chain", link, "n"),
            ui.text_column("From", "from_date", fmt.day, "n"),
            ui.text_column("To", "to_date", fmt.day, "n"),
            ui.money_column("Opening", "opening_balance"),
            ui.money_column("Entries", "entries_total"),
            ui.money_column("Closing", "closing_balance"),
            ui.Column("Adds up", _adds_up, "n"),
            ui.text_column(
                "Statement",
                "statement_id",
                kind="n",
                target=lambda row: ui.link("debug", part="sources", batch=row["batch_id"]),
            ),
        ],
        rows,
        "No statement.",
        "Continues: another statement closes with what this one opens with. Adds up: opening and "
        "entries give the closing balance.",
        name="chain",
    )


def _adds_up(row: ui.Row) -> str:
    html = _control(row)
    if row["control_difference"]:
        off = fmt.money(row["control_difference"], row["currency"], signed=True)
        html += f'<span class="t-sub">closes {off} off</span>'
    return html
