"""On-call: is the line running, what is broken, and what to do about it; what needs you first."""

from __future__ import annotations

from collections import Counter
from html import escape

import streamlit as st

from dashboard import alert_groups, data, near_real_time, run_history, slo_board, status, told
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.home import wall_clock

QUARANTINE_ROWS = 10
QUARANTINE_STATES = {"unresolved": "Unresolved", "resolved": "Resolved", "": "All"}

_STANDING: dict[str, tuple[str, ui.Tone]] = {
    "silent": ("silent", "bad"),
    "late": ("later than usual", "watch"),
    "in_time": ("as usual", "good"),
    "unknown": ("too few to tell", "calm"),
}


def verdict(row: data.Row, audit: data.Row, published: data.Row, urgent: Counter[str]) -> None:
    """Is the line running, what is broken, what waits for whom: in one sentence.

    `urgent` counts the alert groups that nobody has taken, by severity.
    """
    said = status.of_runs(status.records(), published, wall_clock())
    is_running = all(sentence.tone in ("good", "calm") for sentence in said)
    chain = "the audit chain is intact" if not _audit_faults(audit) else "the audit chain is broken"
    line = "The line is running" if is_running else "The line is not running as it should"
    pages, tickets = urgent["page"], urgent["ticket"]
    calls = (
        f"{fmt.counted(pages, 'alert')} {'calls' if pages == 1 else 'call'} for somebody at once"
        if pages
        else "no alert calls for somebody at once"
    )
    waiting = f"{tickets} more {'waits' if tickets == 1 else 'wait'}" if tickets else ""
    risk = (
        f"{ui.money(row['at_risk'], published['reporting_currency'])} may not arrive"
        if row["at_risk"] and published["reporting_currency"]
        else ""
    )
    missed = (
        f"{row['slis_missed']} of {row['slis_measured']} service levels are missed"
        if row["slis_missed"]
        else f"all {row['slis_measured']} service levels that can be measured are met"
    )
    parts = [line, chain, calls, waiting, risk, missed]
    sentence = "; ".join(part for part in parts if part)
    st.html(f'<p class="t-lead" id="verdict">{sentence}.</p>')


def _audit_faults(audit: data.Row) -> list[str]:
    faults = (
        ("gaps", "block numbers with a gap before them"),
        ("broken_links", "blocks that do not name the hash of the block before"),
        ("wrong_hashes", "blocks whose hash is not that of their content"),
        ("wrong_counts", "blocks with another number of entries than they say"),
        ("orphans", "entries that belong to no block"),
    )
    return [f"{fmt.count(audit[field])} {text}" for field, text in faults if audit[field]]


def unmatched() -> None:
    """How long items have been open past their window; every bar leads to its items."""
    rows = data.query("on_call_unmatched")
    total, old = rows[0]["all_items"], rows[0]["old_items"]
    st.header("Unmatched by age", anchor="unmatched")
    if not total:
        ui.empty("Nothing is open past its matching window.")
        return
    ui.note(
        f"{fmt.count(old)} of {fmt.counted(total, 'item')} past the matching window have been so "
        "for more than 30 days."
    )
    bars = "".join(
        '<div class="t-hbar">'
        f"<span>{escape(row['title'])}</span>"
        + ui.anchor(
            f'<i style="width:{float(row["share_of_most"] or 0) * 100:.0f}%"></i>'
            f"<b>{fmt.count(row['items'])}</b>",
            ui.link("rows", of="unmatched", age=row["age"]) if row["items"] else None,
        )
        + f"<small>{_in_review(row['in_review'])}</small></div>"
        for row in rows
    )
    st.html(f'<div class="t-hbars" id="unmatched-bars">{bars}</div>')


def _in_review(count: int) -> str:
    return f"{fmt.count(count)} with a suggestion" if count else ""


def top_customers() -> None:
    """The ten customers with most money at risk."""
    rows = data.query("on_call_customers")
    st.header("Customers by money at risk", anchor="customers")
    if not rows:
        ui.empty("No money is at risk.")
        return
    ui.table(
        [
            ui.Column("Customer", _customer, "w"),
            ui.money_column(
                "At risk",
                "at_risk",
                target=lambda row: (
                    ui.link("exceptions", customer=row["customer_id"], risk="yes")
                    if row["customer_id"]
                    else ui.link("exceptions", risk="yes")
                ),
                share_field="share_of_most",
            ),
            ui.count_column("Cases", "cases"),
            ui.text_column("Mostly because", "usual_cause", fmt.label, "w"),
        ],
        rows,
        "",
        f"The first {len(rows)} of {fmt.counted(rows[0]['all_customers'], 'customer')}; all of "
        f"them: {fmt.money(rows[0]['all_at_risk'], rows[0]['currency'])}.",
        name="top-customers",
    )


def _customer(row: ui.Row) -> str:
    if row["customer_id"] is None:
        return "Of no one customer (payouts, unknown payers)"
    sub = " · ".join(str(part) for part in (row["customer_id"], row["tier"]) if part)
    return (
        f'{escape(row["legal_name"] or row["customer_id"])}<span class="t-sub">{escape(sub)}</span>'
    )


def freshness() -> None:
    """Every feed: whether it is later than usual, what waits from it, what was refused."""
    st.header("Feeds", anchor="feeds")
    feeds = data.query("on_call_freshness")
    ui.table(
        [
            ui.Column("Standing", lambda row: ui.badge(*_STANDING[row["standing"]]), "n"),
            ui.text_column("Feed", "feed", kind="n"),
            ui.Column("Last landed", _landed, "n"),
            ui.Column("Usually every", lambda row: fmt.hours(row["usual_hours"]), "r"),
            ui.Column("Rows that day", lambda row: fmt.count(row["last_rows"]), "r"),
            ui.Column("Usually", lambda row: fmt.count(row["usual_rows"]), "r"),
            ui.count_column(
                "Past their window",
                "waiting_items",
                lambda row: ui.link("rows", of="unmatched", feed=row["feed"]),
            ),
            ui.count_column("Quarantined", "rows_quarantined"),
            ui.count_column("Re-delivered", "rows_redelivered"),
            ui.count_column("Backfills", "backfills"),
            ui.Column("Control totals", _control, "n"),
        ],
        feeds,
        "No file has landed yet.",
        "Usual: the median over the days on which the feed landed. Rows read = loaded + "
        "re-delivered + quarantined, for every file.",
        name="freshness",
    )
    with st.expander("Last landed files"):
        feed = st.selectbox(
            "Feed",
            ["", *(row["feed"] for row in feeds)],
            format_func=lambda name: name or "All feeds",
            key="batch_feed",
        )
        ui.table(
            [
                ui.Column("Landed", lambda row: ui.moment(row["landed_at"]), "n"),
                ui.text_column("Feed", "feed"),
                ui.text_column("File", "file_name", kind="w"),
                ui.text_column("Format", "format", kind="n"),
                ui.count_column("Read", "rows_read"),
                ui.count_column("Loaded", "rows_loaded"),
                ui.count_column("Re-delivered", "rows_redelivered"),
                ui.count_column("Quarantined", "rows_quarantined"),
                ui.text_column("Backfill", "is_backfill", kind="n"),
                ui.Column("Control total", _control_of_file, "n"),
                ui.text_column("Batch", "batch_id", fmt.short, "n"),
            ],
            data.query("on_call_batches", feed=feed),
            "No file has landed yet.",
            name="batches",
        )


def _landed(row: ui.Row) -> str:
    ago = fmt.hours(row["hours_since_landed"])
    return f'{ui.moment(row["landed_at"])}<span class="t-sub">{ago} before as of</span>'


def _control(row: ui.Row) -> str:
    broken = row["control_totals_broken"]
    return ui.badge(f"{broken} broken", "bad") if broken else ui.badge("none broken", "calm")


def _control_of_file(row: ui.Row) -> str:
    if row["control_total_ok"] is None:
        return "none given"
    return ui.badge("adds up", "good") if row["control_total_ok"] else ui.badge("broken", "bad")


def quarantine() -> None:
    """Every rejected row or file, the reason, and how to mend it."""
    st.header("Quarantine")
    ui.note(
        "A rejected row is mended by correcting it at its source and landing it again in any new "
        "file of the same feed, under the same key. A rejected file is mended by landing a "
        "corrected file with the same name. Never edit a landed file: it is evidence."
    )
    state = st.segmented_control(
        "Show",
        list(QUARANTINE_STATES),
        default="unresolved",
        required=True,
        format_func=QUARANTINE_STATES.__getitem__,
        key="quarantine_state",
        label_visibility="collapsed",
    )
    page_key = ui.key("quarantine_page", state)
    page = ui.chosen_page(page_key)
    rows = data.query(
        "on_call_quarantine",
        state=state,
        limit=QUARANTINE_ROWS,
        offset=(page - 1) * QUARANTINE_ROWS,
    )
    ui.table(
        [
            ui.text_column("Feed", "feed"),
            ui.Column("Where", _where, "w"),
            ui.text_column("Column", "column_name", kind="w"),
            ui.Column(
                "Value",
                lambda row: f'<span class="t-mono">{escape(fmt.short(row["value"], 60))}</span>',
                "w",
            ),
            ui.text_column("Reason", "reason", kind="w"),
            ui.Column("How to mend", _mend, "w"),
            ui.text_column("Since", "quarantined_at", fmt.timestamp, "n"),
        ],
        rows,
        "Nothing is in quarantine."
        if state == "unresolved"
        else "No row or file is in this state.",
        name="quarantine",
    )
    ui.pages(rows[0]["row_count"] if rows else 0, QUARANTINE_ROWS, page_key)


def _where(row: ui.Row) -> str:
    line = "" if row["line_number"] is None else f"line {fmt.count(row['line_number'])}"
    where = ", ".join(part for part in ("whole file" if row["is_file"] else "", line) if part)
    return f'{fmt.escaped(row["file_name"])}<span class="t-sub">{where}</span>'


def _mend(row: ui.Row) -> str:
    if row["resolved_by_batch_id"]:
        return f"{ui.badge('mended', 'good')} by {fmt.escaped(row['resolved_by_file'])}"
    if row["is_file"]:
        return f"Land a corrected file named {fmt.escaped(row['file_name'])}."
    if row["column_name"]:
        return f"Correct {escape(row['column_name'])} at the source, land the row again."
    return "Correct the row at the source, land it again."


def audit_chain(audit: data.Row) -> None:
    """Whether the sealed decisions still hang together."""
    st.header("Audit chain")
    faults = _audit_faults(audit)
    if not audit["blocks"]:
        ui.empty("No decision has been sealed yet.")
        return
    ui.facts(
        [
            ("Chain", ui.badge("intact", "good") if not faults else ui.badge("broken", "bad")),
            ("Blocks", fmt.count(audit["blocks"])),
            ("Decisions", fmt.count(audit["entries"])),
            ("Last sealed", fmt.timestamp(audit["sealed_at"])),
            ("Head", f'<span class="t-mono">{fmt.escaped(audit["head"])}</span>'),
        ]
    )
    for fault in faults:
        st.error(fault, icon=":material/error:")
    ui.note(
        "Checked here: numbering, links, block hashes, entry counts. The verify command recomputes "
        "every entry and compares the head with the anchors kept outside."
    )


def render() -> None:
    """The page."""
    st.title("On-call")
    published = data.query_one("publication")
    audit = data.query_one("on_call_audit")
    noted = status.noted()
    runs = data.query("on_call_runs")
    alerts = alert_groups.loudest_first([*told.run_rows(), *data.query("on_call_alerts")])
    urgent = alert_groups.urgent(alerts, noted)
    verdict(
        data.query_one("on_call_summary"),
        audit,
        published,
        Counter(group.speaker["severity"] for group in urgent),
    )
    run_history.show_broken(status.records(), runs)
    alert_groups.pauses(noted)
    told.show_standing()
    alert_groups.show(alerts, noted, published["reporting_currency"])
    alert_groups.pause_buttons(noted, runs[0]["auto_closed"] if runs else None)
    alert_groups.recurring_windows(noted)
    run_history.show(status.records(), runs)
    slo_board.show()
    freshness()
    near_real_time.show(published["reporting_currency"])
    left, right = st.columns([2, 3], gap="large")
    with left:
        unmatched()
    with right:
        top_customers()
    quarantine()
    audit_chain(audit)


render()
