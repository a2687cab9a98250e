"""On-call: is the line running, is the data fresh, what is broken, and what to do about it."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import components as ui
from dashboard import data, runbooks
from dashboard import format as fmt

QUARANTINE_ROWS = 10
QUARANTINE_STATES = {"unresolved": "Unresolved", "resolved": "Resolved", "": "All"}


def summary(facts: data.Row, audit: data.Row) -> None:
    """Five figures: does anything need a person now?"""
    row = data.query_one("on_call_summary")
    chain_ok = not _audit_faults(audit)
    ui.cards(
        [
            ui.Card(
                "Alerts firing",
                fmt.count(row["firing"]),
                f"{fmt.count(row['paging'])} of them page someone",
                "bad" if row["paging"] else "watch" if row["firing"] else "good",
                name="card-alerts",
            ),
            ui.Card(
                "Indicators missed",
                f"{fmt.count(row['slis_missed'])} of {fmt.count(row['slis_measured'])}",
                "against their targets",
                "bad" if row["slis_missed"] else "good",
                name="card-slis",
            ),
            ui.Card(
                "In quarantine",
                fmt.count(row["quarantined"]),
                "rows and files not yet mended",
                "watch" if row["quarantined"] else "good",
                name="card-quarantine",
            ),
            ui.Card(
                "Control totals broken",
                fmt.count(row["control_totals_broken"]),
                "files whose sums do not add up",
                "bad" if row["control_totals_broken"] else "good",
                name="card-control-totals",
            ),
            ui.Card(
                "Audit chain",
                "intact" if chain_ok else "broken",
                f"{fmt.counted(audit['blocks'], 'block')}, {fmt.count(audit['entries'])} decisions",
                "good" if chain_ok else "bad",
                name="card-audit",
            ),
        ]
    )


def _audit_faults(audit: data.Row) -> list[str]:
    faults = (
        ("gaps", "block numbers with a gap before them"),
        ("broken_links", "blocks that do not name the hash of the block before"),
        ("wrong_hashes", "blocks whose hash is not that of their content"),
        ("wrong_counts", "blocks with another number of entries than they say"),
        ("orphans", "entries that belong to no block"),
    )
    return [f"{fmt.count(audit[field])} {text}" for field, text in faults if audit[field]]


def alerts(currency: str | None) -> None:
    """What fires, what it is about, what to do; apart from it what only informs or is over."""
    st.header("Alerts")
    rows = [{**row, "currency": currency} for row in data.query("on_call_alerts")]
    urgent = [row for row in rows if row["is_urgent"]]
    other = [row for row in rows if not row["is_urgent"]]
    columns = [
        ui.Column("Severity", lambda row: ui.severity(row["severity"]), "n"),
        ui.Column("State", _alert_state, "n"),
        ui.Column("Alert", _alert, "w"),
        ui.text_column("About", "group_key", kind="w", target=_alert_items),
        ui.text_column("Since", "opened_at", fmt.timestamp, "n"),
        ui.count_column("Items", "item_count"),
        ui.money_column("At risk", "revenue_at_risk"),
    ]
    ui.table(columns, urgent, "No alert is firing.", name="alerts")
    guides = list(dict.fromkeys(row["runbook"] for row in urgent if row["runbook"]))
    if guides:
        with st.expander("What to do"):
            for tab, runbook in zip(
                st.tabs([runbooks.title(guide) for guide in guides]), guides, strict=True
            ):
                with tab:
                    runbooks.show(runbook)
    if other:
        with st.expander(f"Informing, suppressed and resolved alerts ({len(other)})"):
            ui.table(columns, other, "None.", name="other-alerts")


def _alert_items(row: ui.Row) -> str | None:
    """The exceptions that an alert about a root cause is grouped by."""
    if not row["root_cause"] or row["group_key"] != row["root_cause"]:
        return None
    return ui.link("exceptions", cause=row["root_cause"])


def _alert_state(row: ui.Row) -> str:
    html = ui.status(row["state"])
    if row["state"] == "resolved":
        html += f'<span class="t-sub">{fmt.timestamp(row["resolved_at"])}</span>'
    if row["suppressed_by"]:
        html += f'<span class="t-sub">by {ui.hash_text(row["suppressed_by"])}</span>'
    return html


def _alert(row: ui.Row) -> str:
    return (
        f"<b>{escape(fmt.label(row['alert_name']))}</b>"
        f'<span class="t-sub">{fmt.escaped(row["summary"])}</span>'
    )


def indicators() -> None:
    """Every SLI with its target, and what is left of each error budget."""
    st.header("Service levels")
    windows = [row["window_days"] for row in data.query("on_call_sli_windows")]
    if not windows:
        ui.empty("No indicator has been measured yet.")
    else:
        window = st.segmented_control(
            "Window",
            windows,
            default=windows[len(windows) // 2],
            required=True,
            format_func=lambda days: f"{days} days",
            key="sli_window",
        )
        ui.table(
            [
                ui.Column("Target met", lambda row: ui.met(row["met"]), "n"),
                ui.text_column("Indicator", "sli", fmt.label),
                ui.Column("Value", lambda row: fmt.measure(row["value"], row["unit"]), "r"),
                ui.Column("Target", lambda row: fmt.measure(row["target"], row["unit"]), "r"),
                ui.text_column("Counted", "numerator", fmt.plain, "r"),
                ui.text_column("Out of", "denominator", fmt.plain, "r"),
            ],
            data.query("on_call_slis", window_days=window),
            "No indicator has been measured in this window.",
            name="slis",
        )
    error_budgets()


def error_budgets() -> None:
    """What each objective still may lose, and how fast it loses it."""
    st.header("Error budgets")
    windows = [row["window"] for row in data.query("on_call_budget_windows")]
    ui.table(
        [
            ui.text_column("Objective", "slo", fmt.label),
            ui.Column("Goal", lambda row: fmt.percent(row["objective"], 2), "r"),
            ui.text_column("Over", "window", kind="n"),
            ui.count_column("Events", "events"),
            ui.count_column("Bad", "bad_events"),
            ui.Column("Budget left", lambda row: fmt.percent(row["budget_remaining"]), "r"),
            *(ui.Column(f"Burn {window}", _burn(window), "r") for window in windows),
        ],
        data.query("on_call_error_budgets"),
        "No error budget has been computed yet.",
        "A burn rate of 1× spends exactly the budget of its window; below zero it is overspent.",
        name="error-budgets",
    )


def _burn(window: str) -> ui.Render:
    return lambda row: fmt.times(row["burn_rates"].get(window))


def runs() -> None:
    """The last runs."""
    st.header("Runs")
    ui.table(
        [
            ui.text_column("As of", "as_of", fmt.timestamp, "n"),
            ui.text_column("Run", "run_id", kind="n"),
            ui.text_column("Started by", "started_by", fmt.label),
            ui.text_column("Engine", "engine"),
            ui.text_column("Took", "seconds", fmt.seconds, "r"),
            ui.count_column("Rows in", "rows_in"),
            ui.count_column(
                "Matches",
                "matches_made",
                lambda row: ui.link("rows", of="matches", run=row["run_id"]),
            ),
            ui.count_column("Closed by itself", "auto_closed"),
            ui.count_column("Exceptions opened", "exceptions_opened"),
            ui.count_column("Resolved", "exceptions_resolved"),
        ],
        data.query("on_call_runs"),
        "No run is recorded.",
        name="runs",
    )


def freshness() -> None:
    """Every feed: when it last landed, what it brought, what was refused."""
    st.header("Freshness of feeds")
    feeds = data.query("on_call_freshness")
    ui.table(
        [
            ui.text_column("Feed", "feed"),
            ui.text_column("Last landed", "landed_at", fmt.timestamp, "n"),
            ui.text_column("Before as of", "hours_since_landed", fmt.hours, "r"),
            ui.text_column("Newest fact", "newest_event_at", fmt.timestamp, "n"),
            ui.count_column("Files", "batches"),
            ui.count_column("Rows read", "rows_read"),
            ui.count_column("Loaded", "rows_loaded"),
            ui.count_column("Re-delivered", "rows_redelivered"),
            ui.count_column("Quarantined", "rows_quarantined"),
            ui.count_column("Backfills", "backfills"),
            ui.Column("Control totals", _control, "n"),
        ],
        feeds,
        "No file has landed yet.",
        "Rows read = loaded + re-delivered + quarantined, for every file.",
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
                ui.text_column("Landed", "landed_at", fmt.timestamp, "n"),
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
    facts = data.query_one("publication")
    audit = data.query_one("on_call_audit")
    summary(facts, audit)
    alerts(facts["reporting_currency"])
    runs()
    freshness()
    quarantine()
    indicators()
    audit_chain(audit)


render()
