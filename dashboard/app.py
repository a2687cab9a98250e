"""The frame: what is shown when, on which publication. Start: `streamlit run dashboard/app.py`.

Every run of this script resolves the published file anew; a fragment looks again every few
seconds and reruns the page when a newer publication has taken its place.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import streamlit as st

from dashboard import access, address, data, links, server, sign_in, status
from dashboard import components as ui
from dashboard import format as fmt
from dashboard.debug import behind
from orchestration.home import TieoutError
from orchestration.review.people import NotPermitted

ICON = Path(__file__).parent / "icon.svg"
_FOOT = "font: 8pt sans-serif; color: #586674;"
REFRESH_SECONDS = float(os.environ.get("TIEOUT_DASHBOARD_REFRESH_SECONDS", "5"))

# By what people come for; pages that only links lead to are not in the menu.
PAGES = {
    "": [
        st.Page(
            "views/executive.py", title="Executive", icon=":material/monitoring:", default=True
        ),
        st.Page("views/exceptions.py", title="Exceptions", icon=":material/rule:"),
        st.Page("views/matches.py", title="Matches", icon=":material/join_inner:"),
        st.Page("views/customers.py", title="Customers", icon=":material/groups:"),
        st.Page("views/close.py", title="Close", icon=":material/event_available:"),
        st.Page("views/on_call.py", title="On-call", icon=":material/e911_emergency:"),
    ],
    "Proof": [
        st.Page("views/audit.py", title="Audit", icon=":material/verified_user:"),
        st.Page("views/learned.py", title="Learned", icon=":material/school:"),
        st.Page("views/access_log.py", title="Access log", icon=":material/policy:"),
    ],
    "Data": [
        st.Page("views/upload.py", title="Your own data", icon=":material/upload_file:"),
        st.Page("views/debug.py", title="Debug", icon=":material/search:"),
        st.Page("views/rows.py", title="Rows", visibility="hidden"),
        st.Page("views/record.py", title="Record", visibility="hidden"),
    ],
}

# Pages that lead to the first publication.
WITHOUT_PUBLICATION = {"upload"}


def main() -> None:
    """Show the chosen page on the current publication, or say that there is none."""
    st.set_page_config(page_title="tieout", page_icon=str(ICON), layout="wide")
    st.html(Path(__file__).parent / "style.css")
    person = access.person_or_refusal()
    page = st.navigation(PAGES, position="hidden" if isinstance(person, TieoutError) else "top")
    if isinstance(person, TieoutError):
        sign_in.page(person)
        return
    links.follow([page for group in PAGES.values() for page in group])
    sign_in.menu(person)
    try:
        publication = data.current()
    except data.NotPublishedError as error:
        st.session_state["_seen"] = None
        if page.url_path in WITHOUT_PUBLICATION:
            page.run()
        else:
            not_published(str(error))
        follow()
        return
    st.session_state["_seen"] = publication.key
    data.use(publication)
    try:
        access.note_arrival(page.url_path or "executive")
    except TieoutError as error:
        sign_in.not_noted(error)
        return
    try:
        with st.container(key="frame", gap=None):
            as_of_line(publication)
            status.line()
        follow()
        address.arrive()
        page.run()
        behind.footer()
        address.leave()
    except data.PublicationReplacedError:
        st.rerun()
    except NotPermitted as error:
        sign_in.not_permitted(error)
    except duckdb.Error as error:
        st.title("This publication cannot be shown")
        st.markdown(
            "It was made by another version of tieout than this dashboard. "
            "Run `tieout run` to publish again."
        )
        st.text(str(error))


def as_of_line(publication: data.Publication) -> None:
    """Say what the data is as of, which run made it, and when it was published."""
    facts = data.query_one("publication")
    st.html(
        '<div class="t-asof" id="as-of">'
        f"<span>Data as of <b>{ui.moment(facts['as_of'])}</b></span>"
        f'<span>run <b class="t-mono">{fmt.escaped(facts["run_id"])}</b></span>'
        f"<span>published <b>{ui.moment(publication.key.published_at)}</b></span>"
        f"<span>reporting currency <b>{fmt.escaped(facts['reporting_currency'])}</b></span>"
        "</div>"
    )
    # at the foot of every printed page: what it speaks of, and its number
    foot = f"tieout · as of {fmt.timestamp(facts['as_of'])} · {facts['run_id']}"
    st.html(
        "<style>@media print { @page { "
        f"@bottom-left {{ content: {json.dumps(foot, ensure_ascii=False)}; {_FOOT} }} "
        f'@bottom-right {{ content: counter(page) " / " counter(pages); {_FOOT} }} }} }}</style>'
    )


def not_published(reason: str) -> None:
    """The page before the first successful run."""
    st.title("Nothing is published yet")
    st.markdown(
        "This dashboard shows what the last successful run published. "
        "A run publishes only after all its tests have passed."
    )
    st.page_link("views/upload.py", label="Upload your own data", icon=":material/upload_file:")
    st.markdown("Or start a run on what has landed (a demo company, where nothing has):")
    st.code("tieout run", language="shell")
    st.text(reason)
    status.line_before_publication()


@st.fragment(run_every=REFRESH_SECONDS)
def follow() -> None:
    """Rerun the page when another publication is current than the one it shows."""
    try:
        key = data.current_key()
    except data.NotPublishedError:
        key = None
    if key != st.session_state.get("_seen"):
        st.rerun()


if __name__ == "__main__":
    main()
else:
    # `streamlit run` imports this file for the application, and runs it for every look at a page.
    app = st.App(__file__, secrets=server.secrets(), middleware=server.middleware())
