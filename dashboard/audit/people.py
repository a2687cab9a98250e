"""Who did what: people's decisions that runs have sealed, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from dashboard import address, data
from dashboard import components as ui
from dashboard import format as fmt
from orchestration import source_rows
from orchestration.home import Home, TieoutError
from orchestration.review import export, provenance
from orchestration.review.actions import Action
from orchestration.review.people import is_independent

PAGE_ROWS = 25
NOW = {
    "auto_closed": "the match stands",
    "approved": "the match is closed",
    "reversed": "the match is undone",
    "rejected": "the suggestion is rejected",
    "suggested": "it still waits for a person",
    "pending_approval": "it waits for a second person",
}
WRITTEN = {"": "Everybody", "file": "Files, not the workbench"}
SEALED_ACTIONS = (
    "approve_match", "reject_match", "create_match", "unmatch", "write_off", "mark_duplicate",
    "not_a_duplicate", "mark_not_ours", "assign", "comment", "escalate", "resolve",
)  # fmt: skip


def people() -> None:
    """What people decided, by whom, and what came of it."""
    found = data.query("audit_people")
    names = {row["actor"]: row["decision_count"] for row in found}
    by_file = _by_file()
    address.one("person", ["", *names], "")
    address.one("action", None, "")
    address.one("written", list(WRITTEN), "")
    left, right, far = st.columns(3)
    person = left.selectbox(
        "Person",
        ["", *names],
        format_func=lambda who: f"{who} ({fmt.count(names[who])})" if who else "Everybody",
        key="person",
    )
    actions = [""] + [action.value for action in Action if action.value in SEALED_ACTIONS]
    action = right.selectbox(
        "What", actions, format_func=lambda code: fmt.label(code) if code else "All", key="action"
    )
    written = far.selectbox(
        "Written by", list(WRITTEN), format_func=WRITTEN.__getitem__, key="written"
    )
    address.remember("written", written or "")
    address.remember("person", person or "")
    address.remember("action", action or "")
    page_key = ui.key("people-page", person, action, written)
    rows = data.query(
        "audit_decisions",
        person=person or "",
        action=action or "",
        written=written or "",
        by_file=sorted(by_file),
        limit=PAGE_ROWS,
        offset=(ui.chosen_page(page_key) - 1) * PAGE_ROWS,
    )
    total = rows[0]["row_count"] if rows else 0
    st.html(f'<p class="t-lead" id="people-count"><b>{fmt.counted(total, "decision")}</b></p>')
    if by_file:
        told = f"{fmt.counted(len(by_file), 'decision')} came by a file"
        st.html(
            f'<p class="t-note">{ui.anchor(told, ui.link("audit", show="people", written="file"))} '
            "that the workbench did not write. Who decided, and who agreed, is the word of whoever "
            "wrote it.</p>"
        )
    files = _files([row["decision_id"] for row in rows if row["decision_id"] in by_file])
    ui.table(
        [
            ui.Column("When", lambda row: ui.moment(row["decided_at"] or row["occurred_at"]), "n"),
            ui.Column("Who", lambda row: _who(row, files), "n"),
            ui.Column("What", _what, "w"),
            ui.Column("On what", _on_what, "w"),
            ui.Column("What came of it", _came_of_it, "w"),
            ui.Column("Sealed", lambda row: f"{row['block']}.{row['position']}", "n"),
        ],
        rows,
        "No person has decided anything that a run has sealed. Decisions of the workbench are "
        "sealed by the next run.",
        "Sealed: block and position in the journal.",
        name="people",
    )
    ui.pages(total, PAGE_ROWS, page_key)


def _by_file() -> set[str]:
    """Ids of the decisions that the inbox did not write."""
    rows = data.query("audit_said")
    try:
        return provenance.by_file(
            Home.from_environment(),
            [(row["decision_id"], row["actor"], row["payload"]) for row in rows],
        )
    except TieoutError as error:
        st.warning(f"Which decisions came by file cannot be told: {error}")
        return set()


def _files(decision_ids: list[str]) -> dict[str, str]:
    """The landed file of each decision that came by one; blank where raw does not tell."""
    home = Home.from_environment()
    batches = {
        decision_id: [v.batch_id for v in source_rows.versions(home, export.FEED, decision_id)]
        for decision_id in decision_ids
    }
    wanted = sorted({batch for found in batches.values() for batch in found})
    names = {
        row["batch_id"]: row["file_name"] for row in data.query("life_batches", batches=wanted)
    }
    return {
        decision_id: ", ".join(names[batch] for batch in found if batch in names)
        for decision_id, found in batches.items()
    }


def _who(row: ui.Row, files: Mapping[str, str]) -> str:
    second = ""
    if row["approved_by"]:
        second = f'<span class="t-sub">with {escape(row["approved_by"])}</span>'
        if not is_independent(row["actor"], row["approved_by"]):
            second += ui.badge("not independent", "watch")
    if row["decision_id"] in files:
        second += ui.badge("by file", "watch")
        second += f'<span class="t-sub">{escape(files[row["decision_id"]])}</span>'
    return escape(row["actor"]) + second


def _what(row: ui.Row) -> str:
    comment = f'<span class="t-sub">“{escape(row["comment"])}”</span>' if row["comment"] else ""
    return escape(fmt.label(row["action"])) + comment


def _on_what(row: ui.Row) -> str:
    if row["match_id"]:
        html = ui.anchor(
            escape(row["explanation"] or row["match_id"]),
            ui.link("matches", match=row["match_id"]) if row["explanation"] else None,
        )
        if row["amount"] is not None:
            html += f'<span class="t-sub">{ui.money(row["amount"], row["currency"])}</span>'
        return html
    if row["exception_id"]:
        return ui.anchor(
            escape(row["detail"] or fmt.label(row["exception_type"])),
            ui.link("exceptions", exception=row["exception_id"]),
        )
    return escape(row["explanation"] or row["items"] or fmt.NONE)


def _came_of_it(row: ui.Row) -> str:
    if row["outcome"]:
        why = row["refusal_meaning"]
        below = f'<span class="t-sub">{escape(why)}</span>' if why else ""
        return ui.badge(
            fmt.label(row["outcome"]).lower(), "bad" if row["outcome"] == "refused" else "good"
        ) + below  # fmt: skip
    if row["match_id"] and not row["decision"]:
        return ui.badge("no such match", "bad")
    if row["decision"]:
        return NOW.get(row["decision"], escape(fmt.label(row["decision"])))
    return fmt.NONE
