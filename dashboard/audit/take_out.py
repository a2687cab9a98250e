"""A zip file that an auditor can verify without tieout."""

from __future__ import annotations

import tempfile
from datetime import date
from html import escape
from pathlib import Path

import streamlit as st

from dashboard import access, address, data
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.auditor import export
from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review.access_log import Event
from orchestration.review.people import NotPermitted, Permission

MOST_ENTRIES = 150_000


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
