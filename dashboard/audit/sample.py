"""The audit sample: one close after the other with its evidence, and how far each rule is."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import access, address, data, deciding, match_account, rules
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.home import TieoutError
from orchestration.review.actions import Action, Intent
from orchestration.review.people import Permission

PAGE_ROWS = 25
OUTCOMES = {"": "All", "open": "To be judged", "confirmed": "Judged right", "false": "Judged false"}


def sample() -> None:
    """One close of the sample after the other, with the evidence; below, how far each rule is."""
    try:
        may = access.person().may(Permission.AUDIT)
    except TieoutError as error:
        st.error(str(error))
        return
    under_way = {
        decision.match_id
        for decision in deciding.active()
        if decision.action in (Action.CONFIRM_MATCH, Action.UNMATCH) and decision.match_id
    }
    skipped: list[str] = st.session_state.setdefault("audit-skipped", [])
    rule = st.query_params.get("rule", "")
    waiting = data.query(
        "audit_sample",
        outcome="open",
        rule=rule,
        left_out=sorted(under_way | set(skipped)),
        limit=1,
        offset=0,
    )
    if under_way:
        st.html(
            f'<p class="t-lead" id="under-way">{ui.badge("wait for the next run", "watch")} '
            f"{fmt.count(len(under_way))} judged since this publication.</p>"
        )
    if waiting:
        one(waiting[0], may, skipped)
    elif skipped:
        ui.empty("Only skipped ones are left.")
        if st.button("Look at the skipped ones", key="unskip"):
            skipped.clear()
            st.rerun()
    else:
        ui.empty("The whole sample is judged. Each run draws more of what it closes.")
    st.subheader("The sample, by rule")
    ui.table(
        [
            ui.Column("Rule", _rule, "w"),
            ui.Column("May it close?", rules.standing_html, "w"),
            ui.Column("Judged", _judged, "r"),
            ui.count_column("Right", "confirmed_count", lambda row: _sampled(row, "confirmed")),
            ui.count_column("False", "false_count", lambda row: _sampled(row, "false")),
            ui.count_column("To judge", "open_count", lambda row: _sampled(row, "open")),
        ],
        rules.with_pauses(data.query("audit_sample_rules")),
        "The sample is empty: it is drawn from what rules close by themselves.",
        name="sample-rules",
    )
    listed()


def one(row: data.Row, may: bool, skipped: list[str]) -> None:
    """The next close to judge."""
    match_id = row["match_id"]
    left = ui.badge(fmt.counted(row["row_count"], "close") + " to judge", "watch")
    with st.container(border=True, key="judge"):
        st.html(
            f'<div class="t-match">{left} <b>{escape(row["explanation"] or match_id)}</b></div>'
        )
        match_account.show(match_id)
        st.html(
            '<p class="t-note">Does this money settle these items, and nothing else? '
            + ui.anchor("All about this match", ui.link("matches", match=match_id))
            + "</p>"
        )
        if not may:
            ui.note("Judging takes the role auditor; everybody may look.")
        with st.container(horizontal=True):
            if st.button(
                "It is right",
                key=f"right-{match_id}",
                type="primary",
                disabled=not may,
                icon=":material/check:",
            ) and deciding.at_once(Intent(Action.CONFIRM_MATCH, match_id=match_id)):
                st.rerun()
            if may:
                deciding.button(
                    "It is false", Intent(Action.UNMATCH, match_id=match_id), f"false-{match_id}"
                )
            if st.button("Skip", key=f"skip-{match_id}"):
                skipped.append(match_id)
                st.rerun()


def _rule(row: ui.Row) -> str:
    of_it = escape(fmt.label(row["reconciliation"]))
    return f'{escape(rules.title(row))}<span class="t-sub">{of_it}</span>'


def _judged(row: ui.Row) -> str:
    width = 100 * row["judged_share"]
    judged = row["sampled_count"] - row["open_count"]
    return (
        f"{fmt.count(judged)} of {fmt.count(row['sampled_count'])}"
        f'<span class="t-bar"><i style="width:{width:.0f}%"></i></span>'
    )


def _sampled(row: ui.Row, outcome: str) -> str:
    return ui.link("audit", show="sample", rule=row["rule_id"], outcome=outcome)


def listed() -> None:
    """The sample as a list."""
    address.one("outcome", list(OUTCOMES), "")
    address.one("rule", None, "")
    st.subheader("All of the sample")
    left, right = st.columns(2)
    outcome = left.selectbox(
        "Judgement", list(OUTCOMES), format_func=OUTCOMES.__getitem__, key="outcome"
    )
    rule = right.text_input("Rule", key="rule", placeholder="such as ir_text_exact")
    address.remember("outcome", outcome or "")
    address.remember("rule", (rule or "").strip())
    page_key = ui.key("sample-page", outcome, rule)
    rows = data.query(
        "audit_sample",
        outcome=outcome or "",
        rule=(rule or "").strip(),
        left_out=[],
        limit=PAGE_ROWS,
        offset=(ui.chosen_page(page_key) - 1) * PAGE_ROWS,
    )
    ui.table(
        [
            ui.Column("Close", close_html, "w"),
            ui.Column("Judgement", _outcome, "n"),
            ui.money_column("Amount", "amount"),
            ui.Column("Drawn", lambda row: ui.moment(row["sampled_at"]), "n"),
        ],
        rows,
        "Nothing in the sample fits.",
        name="sample",
    )
    ui.pages(rows[0]["row_count"] if rows else 0, PAGE_ROWS, page_key)


def close_html(row: ui.Row) -> str:
    return (
        ui.anchor(
            escape(row["explanation"] or row["match_id"]),
            ui.link("matches", match=row["match_id"]),
        )
        + f'<span class="t-sub">{escape(fmt.label(row["reconciliation"]))}</span>'
    )


def _outcome(row: ui.Row) -> str:
    tones: dict[str, tuple[str, ui.Tone]] = {
        "open": ("to be judged", "watch"),
        "confirmed": ("right", "good"),
        "false": ("false", "bad"),
    }
    return ui.badge(*tones[row["outcome"]])
