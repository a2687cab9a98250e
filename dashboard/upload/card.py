"""One file that waits to land: what it is, what it asks, and how to change how it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import islice

import streamlit as st

from dashboard import components as ui
from dashboard import format as fmt
from dashboard.upload.reading import bank, controls, label, preview, problems
from dashboard.upload.state import Waiting
from orchestration.home import Home, TieoutError
from orchestration.imports import landing, maps
from orchestration.imports.command import rule_said
from orchestration.imports.maps import Map
from orchestration.imports.offer import Offer, answers_of
from orchestration.imports.propose import OFFERED, Proposal
from orchestration.imports.questions import Question
from orchestration.imports.reading import Reading
from orchestration.imports.source import Source
from orchestration.imports.vocabulary import contract, vocabulary
from orchestration.ingest.contract import Column

NONE = "— not in the file —"


def card(home: Home, file: Waiting) -> Offer | None:
    """Everything about one file. Returns its offer where it is ready to land."""
    offer, trouble = look(home, file)
    with st.container(border=True, key=f"upload-card-{file.key}"):
        if offer is None:
            head(file.name, ui.badge("cannot be read", "bad"), "")
            st.html(f'<p class="t-lead">{escape(trouble)}</p>')
            return None
        if offer.bank is not None:
            head(file.name, state_badge(file, True), f"{offer.bank.format}, passed on as it is")
            bank(offer.bank)
            return offer
        assert offer.source is not None and offer.profile is not None
        titles = [vocabulary().feeds[p.map.feed].title for p in offer.proposals if p.map]
        dialect = f"{offer.profile.rows:,} rows · {offer.source.dialect}"
        head(file.name, state_badge(file, offer.is_ready), f"{' and '.join(titles)} · {dialect}")
        for warning in offer.source.warnings:
            ui.note(warning)
        if offer.change:
            st.warning(f"This file {offer.change.said}. Look at how it is read.")
        sheets(file, offer)
        if not file.landed:
            landed_elsewhere(offer)
        if offer.questions:
            as_delivered(offer.source)
            questions(file, offer)
        for proposal in offer.proposals:
            if proposal.map is not None:
                what_it_becomes(file, offer, proposal)
        return offer if offer.is_ready else None


def look(home: Home, file: Waiting) -> tuple[Offer | None, str]:
    """What a file is, or why it cannot be read."""
    try:
        with st.spinner(f"Looking at {file.name} …", show_time=True):
            return file.offer(home), ""
    except TieoutError as error:
        return None, str(error)


def landed_elsewhere(offer: Offer) -> None:
    """Warn where the same file has landed as something else before."""
    assert offer.source is not None
    feeds = {proposal.map.feed for proposal in offer.proposals if proposal.map is not None}
    if not feeds:
        return
    for other in landing.elsewhere(Home.from_environment(), offer.source.sha256, feeds):
        st.warning(
            f"This very file has landed as {vocabulary().feeds[other.feed].title} on "
            f"{other.at:%Y-%m-%d %H:%M} UTC. Landed as something else too, its money counts twice."
        )


def head(name: str, badge: str, line: str) -> None:
    """The name of a file, how it stands, and what it is."""
    st.html(
        f'<div class="t-upload-head"><h2>{escape(name)}</h2>{badge}</div>'
        f'<p class="t-note">{escape(line)}</p>'
    )


def state_badge(file: Waiting, is_ready: bool) -> str:
    """Whether a file has landed, can land, or waits for answers."""
    if file.landed:
        again = all(not landed.is_new for landed in file.landed)
        return ui.badge("had landed before" if again else "landed", "good")
    return ui.badge("ready to land", "calm") if is_ready else ui.badge("asks something", "watch")


def as_delivered(source: Source) -> None:
    """The first rows as they stand, for whoever has to say what they mean."""
    head_cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in source.header)
    body = "".join(
        "<tr>"
        + "".join(f'<td class="n">{escape(cell[:60])}</td>' for cell in cells[: len(source.header)])
        + "</tr>"
        for _, cells in islice(source.rows(), 3)
    )
    st.html(
        f'<div class="t-scroll"><table class="t"><thead><tr>{head_cells}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def sheets(file: Waiting, offer: Offer) -> None:
    """The choice of a sheet, where a workbook has several."""
    assert offer.source is not None
    if len(offer.source.sheets) < 2:
        return
    names = list(offer.source.sheets)
    chosen = st.selectbox(
        "Sheet", names, index=names.index(offer.source.sheet), key=f"sheet-{file.key}"
    )
    if chosen != offer.source.sheet:
        file.sheet = chosen
        st.rerun()


def questions(file: Waiting, offer: Offer) -> None:
    """What only a person can say; nothing is chosen beforehand."""
    assert offer.source is not None
    count = len(offer.questions)
    kept = (
        "Your answers are for this file; its map stays as it is."
        if offer.is_own_map
        else "Your answers are kept: the next file of this shape does not ask."
    )
    st.html(
        f'<p class="t-lead"><b>{"One thing is" if count == 1 else f"{count} things are"} not in '
        f"the file.</b> {kept}</p>"
    )
    with st.form(f"ask-{file.key}", border=False):
        given = {q.key: answer(file, q, list(offer.source.header)) for q in offer.questions}
        if st.form_submit_button("Use these answers", type="primary"):
            file.answers |= {key: text.strip() for key, text in given.items() if text.strip()}
            if "feed" in file.answers:
                file.is_anew = True
            st.rerun()


def answer(file: Waiting, question: Question, header: list[str]) -> str:
    """The widget of one question, and what it holds."""
    key = f"answer-{file.key}-{question.key}"
    choices = list(question.choices)
    if question.key.startswith("from:"):
        choices = [(name, name) for name in header]
    if not choices:
        return str(st.text_input(question.text, key=key, help=question.why))
    labels = dict(choices)
    if len(choices) <= 3:
        chosen = st.radio(
            question.text, list(labels), index=None, format_func=lambda v: labels[v], key=key,
            horizontal=True, captions=None,
        )  # fmt: skip
    else:
        chosen = st.selectbox(
            question.text, list(labels), index=None, format_func=lambda v: labels[v], key=key
        )
    st.html(f'<p class="t-note">{escape(question.why)}</p>')
    return str(chosen or "")


def what_it_becomes(file: Waiting, offer: Offer, proposal: Proposal) -> None:
    """The rows as they would be read, totals to tick off, and what does not fit."""
    assert offer.source is not None and proposal.map is not None
    found = proposal.map
    if len(offer.proposals) > 1:
        st.subheader(vocabulary().feeds[found.feed].title)
    if proposal.questions:
        how(file, offer, proposal, None)
        return
    try:
        with st.spinner("Reading the file …", show_time=True):
            reading = file.reading(offer.source, found)
    except TieoutError as error:
        st.error(str(error))
        how(file, offer, proposal, None)
        return
    for text in reading.blocking:
        st.error(text)
    controls(found, reading)
    problems(reading)
    for landed in file.landed:
        if landed.feed == found.feed and landed.replaces:
            ui.note(landed.replaces)
    if file.landed:
        return
    before = landing.earlier(Home.from_environment(), offer.source.sha256, found.feed)
    if before is not None:
        ui.note(
            f"This very file was landed on {before.at:%Y-%m-%d %H:%M} UTC by the map "
            f"{before.map_name}. Landing it read in another way replaces that reading."
        )
    preview(found, reading)
    how(file, offer, proposal, reading)


def how(file: Waiting, offer: Offer, proposal: Proposal, reading: Reading | None) -> None:
    """How each column is read, what was taken for granted, and the way to change it."""
    assert offer.source is not None and proposal.map is not None
    found = proposal.map
    with st.expander("How it is read, and how to change that", key=f"how-{file.key}-{found.feed}"):
        if offer.known_as:
            what = "a map of yours" if offer.is_own_map else "a map that comes with tieout"
            st.html(f"<p>Known as <b>{escape(offer.known_as)}</b>, {what}.</p>")
        for note in proposal.notes:
            ui.note(note)
        if found.rests_on:
            ui.note(f"Rests on {found.rests_on}")
        if found.left_out:
            ui.note(f"Left out: {found.left_out}")
        if proposal.unused and not found.is_preset:
            ui.note(f"Not read: {', '.join(proposal.unused)}")
        if offer.known_as and len(offer.proposals) > 1:
            ui.note("This file fills two feeds; its maps are changed as YAML files.")
            return
        with st.form(f"columns-{file.key}", border=False):
            changed = column_choices(file, offer, found)
            if st.form_submit_button("Read it this way"):
                base = answers_of(found, offer.source) if offer.known_as else {}
                file.answers = {**base, **file.answers, **changed}
                file.is_anew = True
                st.rerun()
        with st.popover("The map as YAML"):
            st.code(maps.dump(found), language="yaml")


def column_choices(file: Waiting, offer: Offer, found: Map) -> dict[str, str]:
    """A choice for every column of the feed; returns what differs from the map."""
    assert offer.source is not None
    changed: dict[str, str] = {}
    feed = contract().feeds[found.feed]
    feeds = list(dict.fromkeys([*OFFERED, *contract().feeds]))
    chosen = st.selectbox(
        "This file holds", feeds, index=feeds.index(found.feed),
        key=f"feed-{file.key}-{found.feed}",
        format_func=lambda name: vocabulary().feeds[name].title,
    )  # fmt: skip
    if chosen != found.feed:
        return {"feed": chosen}
    changed["feed"] = found.feed
    options = [NONE, *offer.source.header]
    is_needed = [c for c in feed.columns if c.required or c.name in found.columns]
    others = [c for c in feed.columns if c not in is_needed]

    def choose(columns: Sequence[Column]) -> None:
        # row by row, so that their order holds on a phone
        for start in range(0, len(columns), 3):
            row = columns[start : start + 3]
            for place, column in zip(st.columns(3), row, strict=False):
                with place:
                    changed.update(_column_choice(file, found, column, options))

    choose(is_needed)
    if others:
        with st.expander(f"{fmt.counted(len(others), 'column')} more that a file may have"):
            choose(others)
    return changed if len(changed) > 1 else {}


def _column_choice(
    file: Waiting, found: Map, column: Column, options: Sequence[str]
) -> Mapping[str, str]:
    """Where one column of the feed comes from; what to change where that is not the map's."""
    rule = found.columns.get(column.name)
    current = rule.source[0] if rule and len(rule.source) == 1 else None
    special = rule_said(rule) if rule and current is None else ""
    texts = [special, *options] if special else list(options)
    index = texts.index(current) if current in texts else 0
    star = " *" if column.required else ""
    picked = st.selectbox(
        f"{label(column.name)}{star}", texts, index=index,
        key=ui.key("column", file.key, found.feed, column.name, special, current),
    )  # fmt: skip
    if picked == texts[index]:
        return {}
    return {
        f"from:{column.name}": "" if picked == NONE else picked,
        f"set:{column.name}": "",
    }
