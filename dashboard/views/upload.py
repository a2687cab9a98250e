"""Your own data: files with headers of their own, looked at, landed, and reconciled."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

import streamlit as st

from dashboard import access
from dashboard import components as ui
from dashboard import format as fmt
from dashboard.upload import state as upload_state
from dashboard.upload.card import card
from dashboard.upload.state import Waiting
from orchestration.home import Home, TieoutError
from orchestration.imports import background, landing, maps, missing, spool
from orchestration.imports.offer import Offer
from orchestration.imports.reading import apply
from orchestration.imports.vocabulary import vocabulary
from orchestration.review.people import NotPermitted, Permission

ENDINGS = ["csv", "tsv", "txt", "xlsx", "xlsm", "xml", "sta", "mt940", "940", "bai", "bai2", "ofx"]


def receive(home: Home) -> None:
    """The box that takes files; each waits under the home until it is landed."""
    given = st.file_uploader(
        "Drop files here: invoices, customers, payments, bank statements",
        type=ENDINGS,
        accept_multiple_files=True,
        help="CSV, TSV or XLSX with headers of their own; exports of Stripe, PayPal, Adyen, "
        "Shopify and banks; camt, MT940, BAI2, OFX. Nothing lands before you say so.",
        key=f"upload-box-{st.session_state.get('upload-round', 0)}",
    )
    files = upload_state.waiting()
    here = set()
    for file in given:
        path = spool.keep(home, file.getbuffer())
        identity = f"{path.name}/{file.name}"
        here.add(identity)
        files.setdefault(identity, Waiting(path, file.name))
    for identity in list(files):
        if identity not in here:
            del files[identity]


def land(home: Home, files: Sequence[tuple[Waiting, Offer]]) -> bool:
    """Land every file that is ready; each is read whole and checked before it is written."""
    person = access.require(Permission.LAND_FILES)
    is_all = True
    for file, offer in files:
        try:
            if offer.bank is not None:
                done = [landing.land_bank_file(home, file.path, file.name, offer.bank, person)]
            else:
                done = land_mapped(home, file, offer)
            file.landed = done
        except NotPermitted:
            raise
        except TieoutError as error:
            is_all = False
            st.error(f"{file.name}: {error}")
    return is_all


def land_mapped(home: Home, file: Waiting, offer: Offer) -> list[landing.Landed]:
    """Land what the maps make of a file, and keep a new map."""
    assert offer.source is not None
    person = access.require(Permission.LAND_FILES)
    done = []
    for proposal in offer.proposals:
        assert proposal.map is not None
        with tempfile.TemporaryDirectory(prefix="tieout-import-") as folder:
            mapped = Path(folder) / "mapped.csv"
            reading = apply(offer.source, proposal.map, mapped)
            if reading.taken == 0 and len(offer.proposals) > 1:
                continue
            done.append(
                landing.land_mapped(
                    home, file.path, file.name, mapped, proposal.map, reading, person
                )
            )
        if not proposal.map.is_preset and not offer.is_own_map:
            maps.save(home, proposal.map)
    return done


def coming(ready: Sequence[tuple[Waiting, Offer]]) -> tuple[set[str], set[str]]:
    """Feeds and `feed.column` of files that are ready."""
    feeds, columns = set(), set()
    for _, offer in ready:
        if offer.bank is not None:
            feeds.add("bank_transactions")
        for proposal in offer.proposals:
            if proposal.map is not None:
                feeds.add(proposal.map.feed)
                columns |= {f"{proposal.map.feed}.{name}" for name in proposal.map.columns}
    return feeds, columns


def what_runs(home: Home, feeds: set[str], columns: set[str]) -> None:
    """What runs with what is there, and what is missing for the rest."""
    st.header("What runs with this")
    rows = [
        {"title": s.title, "runs": s.runs, "says": "" if s.runs else s.says}
        for s in missing.standings(home, feeds, columns)
    ]
    ui.table(
        [
            ui.Column(
                "Standing",
                lambda row: (
                    ui.badge("runs", "good") if row["runs"] else ui.badge("not yet", "calm")
                ),
                "n",
            ),
            ui.Column(
                "Reconciliation",
                lambda row: (
                    escape(row["title"])
                    + (f'<span class="t-sub">{escape(row["says"])}</span>' if row["says"] else "")
                ),
                "w",
            ),
        ],
        rows,
        "",
        name="upload-standings",
    )


def progress(home: Home) -> None:
    """How far the run is, looked at every second; when it has ended, what it came to."""
    state = background.state(home)
    if state is None:
        return
    if not state.is_running:
        ended(state)
        return

    @st.fragment(run_every=1.0)
    def bar() -> None:
        now = background.state(home)
        if now is None or not now.is_running:
            st.rerun()
            return
        st.progress(now.share, f"Reconciling: {now.step} …")

    bar()


def ended(state: background.RunState) -> None:
    """What a run came to, with the way on."""
    if state.status == 0:
        st.html(
            f'<p class="t-lead" id="run-ended">{ui.badge("reconciled and published", "good")} See '
            f"{ui.anchor('the figures', ui.link('executive'))}, "
            f"{ui.anchor('what needs a person', ui.link('exceptions'))} and "
            f"{ui.anchor('what was matched', ui.link('matches'))}.</p>"
        )
        with st.expander("What the run says"):
            st.code(state.tail, language=None)
        return
    st.html(f'<p class="t-lead" id="run-ended">{ui.badge("the run failed", "bad")}</p>')
    st.code(state.tail, language=None)


def history(home: Home) -> None:
    """What was landed this way so far."""
    landed = landing.history(home)
    if not landed:
        return
    st.header("Landed so far")
    rows = [
        {
            "original": one.original,
            "feed": vocabulary().feeds[one.feed].title,
            "rows": one.rows - one.left_out,
            "bad": one.bad,
            "map": f"{one.map_name}, replaced since" if one.is_replaced else one.map_name,
            "at": one.at,
            "by": one.by,
        }
        for one in landed[:20]
    ]
    ui.table(
        [
            ui.text_column("File", "original", kind="w"),
            ui.text_column("As", "feed"),
            ui.count_column("Rows", "rows"),
            ui.count_column("With problems", "bad", lambda row: ui.link("on_call")),
            ui.text_column("Map", "map"),
            ui.Column("Landed", lambda row: ui.moment(row["at"]), "n"),
            ui.text_column("By", "by"),
        ],
        rows,
        "",
        f"The originals are kept under {home.uploads.name}/, maps under {home.maps.name}/.",
        name="upload-history",
    )


def known_exports() -> None:
    """The exports that need no map, in one line."""
    titles = [found.title for found in maps.presets()]
    if titles:
        with st.popover("Exports that are known already"):
            st.markdown("\n".join(f"- {title}" for title in dict.fromkeys(titles)))


def render() -> None:
    """The page."""
    st.title("Your own data")
    person = access.person()
    if not person.may(Permission.LAND_FILES):
        ui.empty(
            "Landing files takes the role analyst, controller or admin; you can look at all else."
        )
        return
    home = Home.from_environment()
    spool.clear(home)
    st.html(
        '<p class="t-lead">Drop your exports as they are. You see how each column is read and the '
        "totals to tick off before anything lands; then one run reconciles it all.</p>"
    )
    receive(home)
    files = list(upload_state.waiting().values())
    ready = []
    for file in files:
        offer = card(home, file)
        if offer is not None and not file.landed:
            ready.append((file, offer))
    actions(home, files, ready)
    progress(home)
    feeds, columns = coming(ready)
    if files or missing.landed_feeds(home):
        what_runs(home, feeds, columns)
    else:
        known_exports()
    history(home)


def start(home: Home) -> None:
    """Start a run, or say why none can be started."""
    person = access.require(Permission.LAND_FILES)
    try:
        background.start(home, person)
    except TieoutError as error:
        st.session_state["upload-trouble"] = str(error)


def actions(home: Home, files: Sequence[Waiting], ready: Sequence[tuple[Waiting, Offer]]) -> None:
    """Land, land and reconcile, or reconcile what has landed."""
    state = background.state(home)
    is_running = state is not None and state.is_running
    count = fmt.counted(len(ready), "file")
    if trouble := st.session_state.pop("upload-trouble", ""):
        st.warning(trouble)
    with st.container(horizontal=True, key="upload-actions"):
        if ready:
            both = st.button(
                f"Land {count} and reconcile",
                type="primary",
                disabled=is_running,
                key="land-and-run",
            )
            only = st.button(f"Land {count}", key="land")
            if (both or only) and land(home, ready):
                if both:
                    start(home)
                st.rerun()
        elif missing.landed_feeds(home):
            is_new = any(file.landed for file in files)
            if st.button(
                "Reconcile what has landed", type="primary" if is_new else "secondary",
                disabled=is_running, key="run",
            ):  # fmt: skip
                start(home)
                st.rerun()
        waits = len(files) - len(ready) - len([file for file in files if file.landed])
        if waits:
            ui.note(f"{fmt.counted(waits, 'file')} cannot land yet; see above.")


render()
