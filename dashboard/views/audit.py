"""Audit: does the chain hold, who decided what, what was judged, and what an auditor takes."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import address, data
from dashboard import components as ui
from dashboard import format as fmt
from dashboard.audit.chain import anchored, chain
from dashboard.audit.flags import flags
from dashboard.audit.people import people
from dashboard.audit.sample import sample
from dashboard.audit.take_out import exports
from dashboard.audit.versions import versions

PARTS = {
    "chain": "Chain",
    "sample": "Sample to judge",
    "people": "Who did what",
    "flags": "What was paused",
    "versions": "New versions of rules",
    "export": "Export",
}


def overview(with_figures: bool) -> None:
    """One sentence, and four figures where nothing else is asked for."""
    chain, row = data.query_one("on_call_audit"), data.query_one("audit_summary")
    faults = (
        chain["gaps"]
        + chain["broken_links"]
        + chain["wrong_hashes"]
        + chain["wrong_counts"]
        + chain["orphans"]
    )
    word, tone, why = anchored()
    judged = row["confirmed_count"] + row["false_count"]
    blocks, entries = fmt.counted(chain["blocks"], "block"), fmt.count(chain["entries"])
    if not chain["blocks"]:
        verdict = "Nothing is sealed yet. The first run that decides something seals it."
    elif faults:
        verdict = (
            f"{ui.badge('broken', 'bad')} <b>The chain does not hold</b>: "
            f"{fmt.counted(faults, 'fault')} in {blocks}. Verify it to learn which."
        )
    else:
        mark = ui.badge("holds", tone if tone != "calm" else "good")
        verdict = f"{mark} <b>The chain holds</b>: {entries} entries in {blocks}, {escape(word)}."
    st.html(f'<p class="t-lead" id="audit-verdict">{verdict}</p>')
    if not with_figures:
        return
    ui.cards(
        [
            ui.Card(
                "Chain",
                "broken" if faults else "whole" if chain["blocks"] else "empty",
                f"{entries} entries in {blocks}",
                "bad" if faults else "good" if chain["blocks"] else "calm",
                ui.link("audit", show="chain"),
                "Verify it",
                "card-chain",
            ),
            ui.Card("Head of the chain", escape(word), escape(why), tone, name="card-anchor"),
            ui.Card(
                "Sample judged",
                f"{fmt.count(judged)} of {fmt.count(row['sampled_count'])}",
                f"{fmt.count(row['false_count'])} false",
                "bad" if row["false_count"] else "watch" if row["open_count"] else "good",
                ui.link("audit", show="sample"),
                "Judge the next" if row["open_count"] else "Show the sample",
                "card-sample",
            ),
            ui.Card(
                "Decided by people",
                fmt.count(row["decision_count"]),
                f"by {fmt.count(row['people_count'])} people",
                target=ui.link("audit", show="people"),
                link_text="Who did what",
                name="card-people",
            ),
        ]
    )


def render() -> None:
    """The page; which part is in the address."""
    st.title("Audit")
    address.one("show", list(PARTS), "chain")
    show = st.session_state["show"] or "chain"
    overview(with_figures=show == "chain")
    show = st.segmented_control(
        "Part", list(PARTS), format_func=PARTS.__getitem__, key="show", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    address.remember("show", show or "chain", "chain")
    {
        "chain": chain,
        "sample": sample,
        "people": people,
        "flags": flags,
        "versions": versions,
        "export": exports,
    }[show or "chain"]()


render()
