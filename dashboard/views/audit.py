"""Audit: does the chain hold, who decided what, what was judged, and what an auditor takes."""

from __future__ import annotations

import tempfile
from datetime import date
from html import escape
from pathlib import Path

import streamlit as st

from dashboard import access, address, data, deciding, match_account, rules, verification
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.auditor import export
from orchestration.home import Home, TieoutError, wall_clock
from orchestration.journal import JournalError, anchor_files, read_anchors
from orchestration.review.access_log import Event
from orchestration.review.actions import Action, Intent
from orchestration.review.people import NotPermitted, Permission

NOW = {
    "auto_closed": "the match stands",
    "approved": "the match is closed",
    "reversed": "the match is undone",
    "rejected": "the suggestion is rejected",
    "suggested": "it still waits for a person",
    "pending_approval": "it waits for a second person",
}
PAGE_ROWS = 25
SHOWN_BLOCKS = 12
MOST_ENTRIES = 150_000
PARTS = {
    "chain": "Chain",
    "sample": "Sample to judge",
    "people": "Who did what",
    "versions": "New versions of rules",
    "export": "Export",
}
OUTCOMES = {"": "All", "open": "To be judged", "confirmed": "Judged right", "false": "Judged false"}
WHICH = {
    "different": "Where they differ",
    "only_stable": "Only the old one closes",
    "only_canary": "Only the new one closes",
    "all": "All",
}


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


# ---- chain


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


# ---- sample


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
            ui.Column("Close", _close, "w"),
            ui.Column("Judgement", _outcome, "n"),
            ui.money_column("Amount", "amount"),
            ui.Column("Drawn", lambda row: ui.moment(row["sampled_at"]), "n"),
        ],
        rows,
        "Nothing in the sample fits.",
        name="sample",
    )
    ui.pages(rows[0]["row_count"] if rows else 0, PAGE_ROWS, page_key)


def _close(row: ui.Row) -> str:
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


# ---- who did what


def people() -> None:
    """What people decided, by whom, and what came of it."""
    found = data.query("audit_people")
    names = {row["actor"]: row["decision_count"] for row in found}
    address.one("person", ["", *names], "")
    address.one("action", None, "")
    left, right = st.columns(2)
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
    address.remember("person", person or "")
    address.remember("action", action or "")
    page_key = ui.key("people-page", person, action)
    rows = data.query(
        "audit_decisions",
        person=person or "",
        action=action or "",
        limit=PAGE_ROWS,
        offset=(ui.chosen_page(page_key) - 1) * PAGE_ROWS,
    )
    total = rows[0]["row_count"] if rows else 0
    st.html(f'<p class="t-lead" id="people-count"><b>{fmt.counted(total, "decision")}</b></p>')
    ui.table(
        [
            ui.Column("When", lambda row: ui.moment(row["decided_at"] or row["occurred_at"]), "n"),
            ui.Column("Who", _who, "n"),
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


SEALED_ACTIONS = (
    "approve_match", "reject_match", "create_match", "unmatch", "write_off", "mark_duplicate",
    "not_a_duplicate", "mark_not_ours", "assign", "comment", "escalate", "resolve",
)  # fmt: skip


def _who(row: ui.Row) -> str:
    second = (
        f'<span class="t-sub">with {escape(row["approved_by"])}</span>'
        if row["approved_by"]
        else ""
    )
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


# ---- versions


def versions() -> None:
    """New versions of rules beside the old ones, on the same matches."""
    found = data.query("audit_comparisons")
    if not found:
        ui.empty(
            "No rule is tried in a new version. Add a row of the rule with a higher version and a "
            "canary_share below 1 to seeds/match_rules.csv; every run then says here what both "
            "versions would close."
        )
        return
    for row in found:
        name = escape(rules.title(row))
        st.html(
            f'<p class="t-lead t-trial"><b>{name}</b>: version {escape(row["canary_version"])} on '
            f"{fmt.percent(row['canary_share'], 0)} of parties. "
            f"Of {fmt.count(row['compared_count'])} matches it closes "
            f"<b>{fmt.count(row['canary_count'])}</b>, "
            f"version {escape(row['stable_version'])} closes "
            f"<b>{fmt.count(row['stable_count'])}</b>: "
            f"{_compared(row, 'different', 'different_count')} differ "
            f"({_compared(row, 'only_canary', 'only_canary_count')} only the new one closes, "
            f"{_compared(row, 'only_stable', 'only_stable_count')} only the old one).</p>"
        )
    address.one("rule", None, "")
    address.one("which", list(WHICH), "different")
    rule = st.query_params.get("rule", "") or found[0]["rule_id"]
    chosen = next((row for row in found if row["rule_id"] == rule), found[0])
    which = st.segmented_control(
        "Matches", list(WHICH), format_func=WHICH.__getitem__, key="which", required=True
    )
    address.remember("which", which or "different", "different")
    page_key = ui.key("trial-page", chosen["rule_id"], which)
    rows = data.query(
        "audit_comparison_rows",
        rule=chosen["rule_id"],
        which=which or "different",
        limit=PAGE_ROWS,
        offset=(ui.chosen_page(page_key) - 1) * PAGE_ROWS,
    )
    ui.table(
        [
            ui.Column("Match", _close, "w"),
            ui.money_column("Amount", "amount"),
            ui.money_column("Difference", "difference_amount"),
            ui.Column(
                f"Version {chosen['stable_version']}",
                lambda row: _closes(row["stable_closes"]),
                "n",
            ),
            ui.Column(
                f"Version {chosen['canary_version']}",
                lambda row: _closes(row["canary_closes"]),
                "n",
            ),
            ui.text_column("Decided by version", "decided_version"),
            ui.Column("Is now", lambda row: ui.status(row["decision"]), "n"),
        ],
        rows,
        "On no match do they differ.",
        f"{rules.title(chosen)}: certificates count for neither version.",
        name="trial",
    )
    ui.pages(rows[0]["row_count"] if rows else 0, PAGE_ROWS, page_key)


def _compared(row: ui.Row, which: str, field: str) -> str:
    target = ui.link("audit", show="versions", rule=row["rule_id"], which=which)
    return ui.anchor(fmt.count(row[field]), target if row[field] else None)


def _closes(closes: bool) -> str:
    return ui.badge("closes", "good") if closes else ui.badge("leaves it", "calm", "–")


# ---- export


def exports() -> None:
    """A zip file that an auditor can verify without tieout."""
    ui.note(
        "One zip file with the chosen entries as they were sealed, all block headers, the anchors, "
        "the proofs, and a verifier in plain Python that needs nothing of tieout. It holds names "
        "and bank texts: whoever takes it is noted in the access log."
    )
    try:
        may = access.person().may(Permission.AUDIT)
    except TieoutError as error:
        st.error(str(error))
        return
    address.one("whole", ["all", "people"], "all")
    what = st.segmented_control(
        "What",
        ["all", "people"],
        format_func={"all": "Everything", "people": "What people decided"}.__getitem__,
        key="whole",
        required=True,
    )
    left, right, _ = st.columns([1, 1, 2])
    first = left.date_input("Sealed from", value=None, key="export-from")
    last = right.date_input("Sealed until", value=None, key="export-until")
    scope = export.Scope(
        first_day=first if isinstance(first, date) else None,
        last_day=last if isinstance(last, date) else None,
        only_people=what == "people",
    )
    home = Home.from_environment()
    entries = counted(str(home.root), scope, _head())
    st.html(
        f'<p class="t-lead" id="export-count"><b>{fmt.count(entries)} '
        f"{'entry' if entries == 1 else 'entries'}</b>: "
        f"{escape(scope.describe())}.</p>"
    )
    if entries > MOST_ENTRIES:
        ui.note("That is more than a browser should carry. On the server, the same file is made by")
        st.code("tieout audit-export audit.zip", language="shell")
        return
    if not may:
        ui.note("Taking an export takes the role auditor.")
    key = ui.key("export", scope, entries)
    if st.button(
        "Make the export", key="make-export", type="primary", disabled=not may or not entries
    ):
        made = make(home, scope)
        if made is not None:
            # one at a time: it may be large
            st.session_state["audit-export"] = (key, made)
    made_for, made = st.session_state.get("audit-export", ("", b""))
    if made_for == key:
        st.download_button(
            f"Download ({len(made) / 1e6:,.1f} MB)",
            made,
            file_name="tieout-audit.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            key="take-export",
        )
        st.code("python verify.py tieout-audit.zip", language="shell")


def _head() -> str:
    newest = data.query("audit_sealed", limit=1)
    return newest[0]["block_hash"] if newest else ""


@st.cache_data(show_spinner=False, max_entries=64)
def counted(root: str, scope: export.Scope, head_of_the_chain: str) -> int:
    """How many entries an export would hold, as long as nothing more is sealed."""
    return export.count(Home(Path(root)), scope)


def make(home: Home, scope: export.Scope) -> bytes | None:
    """The zip file, with progress; None where it may not be made, which is said."""
    try:
        person = access.require(Permission.AUDIT)
        access.note(
            person, Event.EXPORTED, Permission.AUDIT, what="audit journal", scope=scope.describe()
        )
        bar = st.progress(0.0, "Collecting the entries")

        def told(done: int, total: int) -> None:
            bar.progress(done / max(total, 1), f"{fmt.count(done)} of {fmt.count(total)} entries")

        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "audit.zip"
            export.write(
                home,
                target,
                scope,
                made_by=person.name,
                made_at=wall_clock(),
                progress=told,
            )
            bar.empty()
            return target.read_bytes()
    except (NotPermitted, TieoutError) as error:
        st.error(str(error))
        return None


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
        "versions": versions,
        "export": exports,
    }[show or "chain"]()


render()
