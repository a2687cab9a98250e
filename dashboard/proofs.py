"""Proofs of sealed entries, recomputed in the page by the project's own recipe."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from dashboard import components as ui
from dashboard import data
from dashboard import format as fmt
from orchestration.home import Home
from orchestration.journal import Block, JournalError, anchor_files, read_anchors
from orchestration.proof import Proof, Tree, prove

LARGEST_UNASKED = 150_000
"""Entries of a block; the tree of a larger one takes a second or two, and is asked for."""

ASKED = "prove_large_blocks"
_MARKS = {True: "✓", False: "✕", None: "○"}


def of(entries: Sequence[data.Row]) -> dict[tuple[int, int], Proof]:
    """Proofs by block and position; entries of large blocks have none until they are asked for."""
    if not entries:
        return {}
    blocks = [Block(**row) for row in data.query("proof_blocks")]
    anchors = _anchors()
    proven = {}
    for number in sorted({row["block"] for row in entries}):
        mine = [row for row in entries if row["block"] == number]
        if (mine[0]["entry_count"] or 0) > LARGEST_UNASKED and not st.session_state.get(ASKED):
            continue
        positions = tuple(row["position"] for row in mine)
        tree = _tree(data.used().key, number, positions)
        for row in mine:
            proven[number, row["position"]] = prove(
                row, tree, blocks, anchors, is_masked=data.is_masked()
            )
    return proven


@st.cache_data(show_spinner=False, max_entries=64)
def _tree(_key: data.PublicationKey, block: int, positions: tuple[int, ...]) -> Tree:
    """The tree over a block's entries; only the ways up to some of them are kept."""
    [row] = data.run_sql(data.used(), "proof_hashes", {"block": block})
    return Tree.over(bytes.fromhex(row["hashes"] or ""), positions)


def _anchors() -> list[dict[str, object]]:
    """Of every anchor file that can be read; a broken one anchors nothing."""
    found = []
    for path in anchor_files(Home.from_environment()):
        try:
            found += read_anchors(path)
        except (JournalError, OSError):
            continue
    return found


def ask(entries: Sequence[data.Row]) -> None:
    """A button where proofs of large blocks have not been asked for."""
    largest = max((row["entry_count"] or 0 for row in entries), default=0)
    if largest > LARGEST_UNASKED and not st.session_state.get(ASKED):
        st.button(
            f"Prove the sealed entries (hashes {fmt.count(largest)} entries)",
            on_click=lambda: st.session_state.update({ASKED: True}),
            icon=":material/verified:",
        )


def badge(proof: Proof | None) -> tuple[str, ui.Tone]:
    """Whether the entry is proven, in a word, and its tone."""
    if proof is None:
        return ui.badge("not recomputed yet", "calm"), "calm"
    if proof.holds:
        return ui.badge("proven", "good"), "good"
    return ui.badge(f"NOT proven: {proof.broken[0].title.lower()}", "bad"), "bad"


def detail(entry: data.Row, proof: Proof | None) -> str:
    """The entry, each step of its proof, and its way up the tree, as HTML."""
    html = ui.facts_html(
        [
            (
                "Subject",
                f"{fmt.escaped(entry['subject_type'])} {ui.hash_text(entry['subject_id'])}",
            ),
            ("Run", fmt.escaped(entry["run_id"])),
            ("Entry hash", _mono(entry["entry_hash"])),
            (
                "Source rows",
                "<br>".join(_mono(value) for value in entry["source_hashes"]) or fmt.NONE,
            ),
        ]
    )
    if proof is not None:
        steps = "".join(
            f'<li class="{"bad" if step.holds is False else "good" if step.holds else "calm"}">'
            f"<b>{_MARKS[step.holds]} {escape(step.title)}</b> {escape(step.detail)}</li>"
            for step in proof.steps
        )
        html += f'<ol class="t-proof">{steps}</ol>'
        if proof.path:
            path = "".join(
                f"<li>{escape(side)} {_mono(beside)}</li>" for side, beside in proof.path
            )
            html += (
                f"<details><summary>The way up the tree ({len(proof.path)} hashes)</summary>"
                f'<ol class="t-path">{path}</ol></details>'
            )
    html += (
        "<details><summary>What was sealed</summary>"
        f'<pre class="t-pre">{escape(fmt.indented(entry["payload"]))}</pre></details>'
    )
    return html


def _mono(value: object) -> str:
    return f'<span class="t-mono">{fmt.escaped(value)}</span>'
