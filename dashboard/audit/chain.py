"""The sealed chain: its blocks, its anchors, and a verification that a person can start."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import components as ui
from dashboard import data, verification
from dashboard import format as fmt
from orchestration.home import Home
from orchestration.journal import JournalError, anchor_files, read_anchors

SHOWN_BLOCKS = 12


def anchored() -> tuple[str, ui.Tone, str]:
    """Where the head of the chain is anchored outside of it, in words."""
    home = Home.from_environment()
    known = {row["block"]: row["block_hash"] for row in data.query("audit_sealed", limit=1)}
    places = []
    for path in anchor_files(home):
        try:
            anchors = {int(anchor["block"]): anchor["block_hash"] for anchor in read_anchors(path)}
        except (JournalError, OSError):
            return "unreadable", "bad", f"{path.name} was changed or cannot be read"
        for block, block_hash in known.items():
            if anchors.get(block) == block_hash:
                places.append(path.name)
            elif block in anchors:
                return "contradicted", "bad", f"{path.name} names another head of block {block}"
    if not known:
        return "nothing sealed", "calm", ""
    if not places:
        return "not anchored", "watch", "no anchor file can be read here"
    if len(places) == 1:
        return "anchored", "good", "beside the journal; a second place is safer (TIEOUT_ANCHORS)"
    return "anchored twice", "good", "beside the journal and in a second place"


def chain() -> None:
    """The blocks, and a verification that a person can start."""
    st.subheader("Verification")
    ui.note(
        "Recomputes every entry's hash from the journal's own files, the tree of every block, the "
        "chain and the anchors: what “tieout verify” does. A million entries take about a minute."
    )
    state = verification.verifier(Home.from_environment().root).state()
    # looked at every second only while one is under way
    is_running = state is not None and state.holds is None
    st.fragment(verify, run_every=1.0 if is_running else None)(is_running)
    st.subheader("Sealed blocks")
    rows = data.query("audit_sealed", limit=SHOWN_BLOCKS)
    ui.table(
        [
            ui.count_column("Block", "block"),
            ui.Column("Sealed", lambda row: ui.moment(row["sealed_at"]), "n"),
            ui.text_column("Run", "run_id", kind="n"),
            ui.count_column("Entries", "entry_count"),
            ui.Column("Hash", lambda row: ui.hash_text(row["block_hash"]), "n"),
        ],
        rows,
        "Nothing is sealed yet. The first run that decides something seals it.",
        f"The newest of {fmt.counted(rows[0]['row_count'], 'block')}." if rows else "",
        name="blocks",
    )


def verify(was_running: bool) -> None:
    """Start a verification, follow it, and say how it ended."""
    verifier = verification.verifier(Home.from_environment().root)
    state = verifier.state()
    is_running = state is not None and state.holds is None
    if was_running and not is_running:
        st.rerun()
    if st.button(
        "Verifying…" if is_running else "Verify again" if state else "Verify now",
        key="verify",
        disabled=is_running,
        icon=":material/verified:",
    ):
        verifier.start()
        st.rerun()
    if state is None:
        ui.empty("Nobody has started a verification from this page since it was opened.")
    elif state.holds is None:
        st.progress(
            state.share,
            f"{fmt.count(state.done)} of {fmt.count(state.total)} entries recomputed"
            if state.total
            else "Reading the headers of all blocks",
        )
    else:
        badge = ui.badge("holds", "good") if state.holds else ui.badge("does not hold", "bad")
        lines = "<br>".join(escape(line) for line in state.verdict.splitlines())
        st.html(
            f'<div class="t-match" id="verdict">{badge} {lines}'
            f'<span class="t-sub">ended {ui.moment(state.ended_at)}</span></div>'
        )
