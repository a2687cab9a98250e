"""Which rules fire, what becomes of their matches, and whether their confidence is earned."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from dashboard import address, charts, data, project, rules
from dashboard import components as ui
from dashboard import format as fmt

STANDINGS = {"hit": "With matches", "all": "All in force"}


def part() -> None:
    """The rules of a reconciliation, then confidence, calibration and drift."""
    names = [row["reconciliation"] for row in data.query("debug_reconciliations")]
    address.one("reconciliation", ["", *names], "")
    address.one("standing", list(STANDINGS), "hit")
    rule = st.query_params.get("rule", "")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reconciliation = st.selectbox(
            "Reconciliation",
            ["", *names],
            format_func=lambda name: fmt.label(name) if name else "All",
            key="reconciliation",
            width=260,
        )
        standing = st.segmented_control(
            "Rules",
            list(STANDINGS),
            format_func=STANDINGS.__getitem__,
            required=True,
            key="standing",
        )
    address.remember("reconciliation", reconciliation or "")
    address.remember("standing", standing or "hit", "hit")
    rows = data.query(
        "debug_rules",
        reconciliation=reconciliation or "",
        rule=rule,
        standing="all" if rule else standing or "hit",
    )
    if rule:
        every = ui.anchor(
            "all rules", ui.link("debug", part="rules", reconciliation=reconciliation)
        )
        st.html(f'<p class="t-lead">One rule. Back to {every}.</p>')
    book(rows)
    confidence(reconciliation or "", rule)
    calibration(reconciliation or "")
    drift(reconciliation or "")


def book(rows: Sequence[data.Row]) -> None:
    """Each rule by what people call it, its hits by what became of them, and its certificate."""

    def rows_of(decision: str = "") -> ui.Target:
        return lambda row: ui.link(
            "matches",
            rule=row["rule_id"],
            reconciliation=row["reconciliation"],
            decision=decision,
        )

    ui.table(
        [
            ui.Column("Rule", _rule, "w"),
            ui.text_column("Reconciliation", "reconciliation", fmt.label),
            ui.count_column("Matches", "hits", rows_of()),
            ui.count_column("Closed by itself", "closed", rows_of("auto_closed")),
            ui.count_column("Approved", "approved", rows_of("approved")),
            ui.count_column("Asks", "suggested", rows_of("waiting")),
            ui.count_column("Rejected", "rejected", rows_of("rejected")),
            ui.count_column("Undone", "reversed", rows_of("reversed")),
            ui.Column("Audited", _audited, "n"),
            ui.Column("Certificate", rules.standing_html, "w"),
        ],
        rows,
        "No rule has made a match yet. Show all rules that are in force instead.",
        "Asks: suggested to a person. False: closed by itself, and undone or judged wrong since.",
        name="rules",
    )


def _rule(row: ui.Row) -> str:
    version = f" v{row['rule_version']}" if row["rule_version"] else ""
    link = ui.anchor(escape(rules.title(row)), ui.link("debug", part="rules", rule=row["rule_id"]))
    return (
        f"<b>{link}</b>"
        f'<span class="t-sub">{escape(project.rule_meaning(row["pass"], row["relation"]))} '
        f'<span class="t-mono">{fmt.escaped(row["rule_id"])}{escape(version)}</span></span>'
    )


def _audited(row: ui.Row) -> str:
    if not row["audited_count"] and not row["error_count"]:
        return '<span class="t-sub">none yet</span>'
    text = f"{fmt.count(row['audited_count'])}, {fmt.count(row['error_count'])} false"
    return ui.badge(text, "bad") if row["error_count"] else escape(text)


def confidence(reconciliation: str, rule: str) -> None:
    """How sure matches were, and what became of them."""
    rows = data.query("debug_confidence", reconciliation=reconciliation, rule=rule)
    if not rows:
        st.header("How sure matches are")
        ui.empty("No match states a confidence.")
        return
    sure, closed = rows[0]["closed_sure"], rows[0]["closed_all"]
    st.header(f"{fmt.count(sure)} of {fmt.count(closed)} closed matches are at least 95 % sure")
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.vega_lite_chart(charts.confidence(rows), key="confidence-chart")

    def rows_of(decision: str) -> ui.Target:
        return lambda row: ui.link(
            "rows",
            of="matches",
            rule=rule,
            reconciliation=reconciliation,
            decision=decision,
            least=row["least_confidence"],
            below=row["below_confidence"],
        )

    with right:
        ui.table(
            [
                ui.Column("Confidence", _bounds("least_confidence", "below_confidence"), "n"),
                ui.count_column("Matches", "hits", rows_of("")),
                ui.count_column("Hold", "closed", rows_of("closed")),
                ui.count_column("Ask", "suggested", rows_of("asks")),
                ui.count_column("Refused", "refused", rows_of("refused")),
            ],
            rows,
            "No match states a confidence.",
            name="confidence",
        )


def _bounds(least: str, below: str) -> ui.Render:
    return lambda row: f"{fmt.percent(row[least], 0)} to {fmt.percent(row[below], 0)}"


def calibration(reconciliation: str) -> None:
    """Whether pairs that are said to be 90 % likely are right nine times in ten."""
    rows = data.query("debug_calibration", reconciliation=reconciliation)
    if not rows:
        st.header("Is a probability what it says?")
        ui.empty(
            "Not known yet: nobody has judged a probable match, and the weights in force are those "
            "that were shipped. Approve or reject suggestions, or run `tieout train`."
        )
        return
    largest = fmt.percent(rows[0]["largest_difference"])
    st.header(f"Probabilities are off by {largest} at most")
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.vega_lite_chart(charts.reliability(rows), key="reliability-chart")
    with right:
        ui.table(
            [
                ui.text_column("Held against", "evidence", fmt.label),
                ui.text_column("Reconciliation", "reconciliation", fmt.label),
                ui.Column("Probability", _bounds("lower_bound", "upper_bound"), "n"),
                ui.count_column(
                    "Judged",
                    "pair_count",
                    lambda row: (
                        ui.link(
                            "rows",
                            of="matches",
                            method="probabilistic",
                            reconciliation=row["reconciliation"],
                            least=fmt.plain(row["lower_bound"]),
                            below=fmt.plain(row["upper_bound"]),
                        )
                        if row["evidence"] == "reviewers"
                        else None
                    ),
                ),
                ui.Column("Said", lambda row: fmt.percent(row["mean_probability"]), "r"),
                ui.Column("Found", lambda row: fmt.percent(row["observed_share"]), "r"),
            ],
            rows,
            "No bin has evidence.",
            "Said: mean probability. Found: share that was right. Equal is perfect.",
            name="calibration",
        )


def drift(reconciliation: str) -> None:
    """Whether what is weighed now is like what the weights were learned from."""
    rows = data.query("debug_drift", reconciliation=reconciliation)
    if not rows:
        return
    st.header("Do pairs still look as they did when the weights were learned?")
    ui.table(
        [
            ui.Column(
                "Drift",
                lambda row: (
                    ui.badge("drifted", "bad")
                    if row["has_drifted"]
                    else ui.badge("as learned", "good")
                ),
                "n",
            ),
            ui.text_column("Reconciliation", "reconciliation", fmt.label),
            ui.text_column("Comparison", "comparison", fmt.label),
            ui.text_column("Stability index", "stability_index", fmt.plain, "r"),
            ui.text_column("Chance alone reaches", "critical_value", fmt.plain, "r"),
            ui.count_column("Pairs then", "training_pairs"),
            ui.count_column("Pairs now", "current_pairs"),
            ui.text_column("Weights", "weights_version", kind="n"),
        ],
        rows,
        "No drift is measured.",
        name="drift",
    )
