"""Your own data: files with headers of their own, looked at, landed, and reconciled."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from itertools import islice
from pathlib import Path

import streamlit as st

from dashboard import access, upload_state
from dashboard import components as ui
from dashboard import format as fmt
from dashboard.upload_state import Waiting
from orchestration.home import Home, TieoutError
from orchestration.imports import background, landing, maps, missing, spool
from orchestration.imports.command import rule_said
from orchestration.imports.maps import Map
from orchestration.imports.offer import BankSummary, Offer, answers_of
from orchestration.imports.propose import OFFERED, Proposal, Question
from orchestration.imports.reading import Reading, Shown, Total, apply, problems_by_kind
from orchestration.imports.source import Source
from orchestration.imports.vocabulary import contract, vocabulary
from orchestration.review.people import NotPermitted, Permission

ENDINGS = ["csv", "tsv", "txt", "xlsx", "xlsm", "xml", "sta", "mt940", "940", "bai", "bai2", "ofx"]
SHOWN_PROBLEMS = 12
NONE = "— not in the file —"


def label(column: str) -> str:
    """A feed's column as words."""
    return fmt.label(column)


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


def look(home: Home, file: Waiting) -> tuple[Offer | None, str]:
    """What a file is, or why it cannot be read."""
    try:
        with st.spinner(f"Looking at {file.name} …", show_time=True):
            return file.offer(home), ""
    except TieoutError as error:
        return None, str(error)


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
        if offer.questions:
            as_delivered(offer.source)
            questions(file, offer)
        for proposal in offer.proposals:
            if proposal.map is not None:
                what_it_becomes(file, offer, proposal)
        return offer if offer.is_ready else None


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
    st.html(
        f'<p class="t-lead"><b>{"One thing is" if count == 1 else f"{count} things are"} not in '
        "the file.</b> Your answers are kept: the next file of this shape does not ask.</p>"
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
    if file.landed:
        return
    preview(found, reading)
    how(file, offer, proposal, reading)


def controls(found: Map, reading: Reading) -> None:
    """Counts and sums to tick against the source."""
    part = "of the first " if reading.is_partial else ""
    entries = [
        (
            "Rows that can be read",
            f"<b>{fmt.count(reading.good)}</b> of {part}{fmt.count(reading.rows)}",
        )
    ]
    account = found.columns.get("account_id")
    if account is not None and account.constant is not None:
        entries.insert(0, ("Account, which the file does not say", escape(account.constant)))
    if reading.bad:
        entries.append(("Rows with problems", ui.badge(f"{reading.bad:,}", "watch")))
    for why, count in reading.left_out.items():
        entries.append(("Left out", f"{fmt.count(count)} · {escape(why)}"))
    if reading.repeats:
        entries.append(("Say the same as another row", fmt.count(reading.repeats)))
    entries += [(f"Sum of {label(t.column).lower()}", total_html(t)) for t in reading.totals]
    for stated in reading.stated:
        if stated.agrees is None:
            continue
        badge = (
            ui.badge("agrees with the rows", "good")
            if stated.agrees
            else ui.badge(f"the rows come to {figures(str(stated.counted))}", "bad")
        )
        entries.append((f"Total in line {stated.line:,}: {figures(str(stated.stated))}", badge))
    if reading.first_day:
        span = f"{reading.first_day} to {reading.last_day}"
        entries.append(("Dates", escape(span)))
    ui.facts(entries)


def total_html(total: Total) -> str:
    """A sum with its currency, and both directions where there are two."""
    if not total.currency:
        return escape(f"{total.amount:,}")
    html = f"<b>{ui.money(total.amount, total.currency)}</b>"
    if total.incoming and total.outgoing:
        html += (
            f'<span class="t-sub">{escape(fmt.number(total.incoming, total.currency, True))} in, '
            f"{escape(fmt.number(total.outgoing, total.currency))} out</span>"
        )
    return html


def problems(reading: Reading) -> None:
    """What does not fit: line, column, value, and how to mend it."""
    if not reading.problems:
        return
    shown = reading.problems[:SHOWN_PROBLEMS]
    rows = [
        {"line": p.line, "column": p.column, "value": p.value, "reason": p.reason} for p in shown
    ]
    caption = (
        "Rows with problems go to quarantine with this reason; the others do not wait for them. "
        "Mend the file and land it again, and they are resolved."
    )
    if reading.problem_count > len(shown):
        kinds = "; ".join(
            f"{times:,} × {column}: {reason}"
            for column, reason, times in list(problems_by_kind(reading))[:4]
        )
        caption = f"{reading.problem_count:,} problems in all. {kinds}. {caption}"
    ui.table(
        [
            ui.count_column("Line", "line"),
            ui.text_column("Column", "column"),
            ui.text_column("Value", "value", kind="w"),
            ui.text_column("What is wrong, and how to mend it", "reason", kind="w"),
        ],
        rows,
        "",
        caption,
        name="upload-problems",
    )


def preview(found: Map, reading: Reading) -> None:
    """The first rows as they would be read, with what stands in the file below each value."""
    if not reading.preview:
        return
    columns = telling_columns(found, list(reading.preview[0].values))
    header = {maps.folded(name): place for place, name in enumerate(found_header(found, reading))}
    feed = contract().feeds[found.feed]
    head_cells = "".join(
        f'<th scope="col" class="{"r" if feed.column(c).kind == "money" else ""}">'
        f'{escape(label(c))}<span class="t-sub">{escape(rule_said(found.columns[c]))}</span></th>'
        for c in columns
    )
    body = "".join(
        f'<tr><td class="r">{shown.line:,}</td>'
        + "".join(preview_cell(found, shown, c, header) for c in columns)
        + "</tr>"
        for shown in reading.preview[:6]
    )
    ui.note("As it would be read; in grey, what stands in the file where that differs.")
    st.html(
        '<div class="t-scroll"><table class="t t-upload-preview" id="table-upload-preview">'
        f'<thead><tr><th scope="col" class="r">Line</th>{head_cells}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def telling_columns(found: Map, columns: Sequence[str]) -> list[str]:
    """Columns that tell something of their own: no made ids, and no second reading of the same."""
    told: list[str] = []
    for column in columns:
        rule = found.columns[column]
        if not rule.hash_of and all(found.columns[other] != rule for other in told):
            told.append(column)
    return told


def found_header(found: Map, reading: Reading) -> Sequence[str]:
    """The columns of the file itself: those of a preset are fewer."""
    return reading.header or found.header


def preview_cell(found: Map, shown: Shown, column: str, header: dict[str, int]) -> str:
    """A value, with its text in the file below where that is another."""
    looked = found.columns[column].reads
    places = [header[maps.folded(n)] for n in looked if maps.folded(n) in header]
    original = " · ".join(shown.original[p].strip() for p in places if shown.original[p].strip())
    value = shown.values[column]
    is_money = contract().feeds[found.feed].column(column).kind == "money"
    is_bad = any(p.column == ", ".join(looked) for p in shown.problems) and bool(looked)
    if is_bad:
        html = ui.badge("not readable", "watch")
    else:
        html = escape(figures(value) if is_money else value) or fmt.NONE
    if original and original != value:
        html += f'<span class="t-sub">{escape(original)}</span>'
    return f'<td class="{"r" if is_money else "w" if len(value) > 24 else "n"}">{html}</td>'


def figures(value: str) -> str:
    """An amount as it is read, with thousands set apart; anything else as it is."""
    try:
        exact = Decimal(value)
        whole = exact if "." not in value or len(value.partition(".")[2]) > 1 else f"{exact:.2f}"
        return f"{Decimal(whole):,}".replace("-", fmt.MINUS)
    except ArithmeticError:
        return value


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
    grid = st.columns(3)
    for place, column in enumerate(feed.columns):
        rule = found.columns.get(column.name)
        with grid[place % 3]:
            current = rule.source[0] if rule and len(rule.source) == 1 else None
            special = rule_said(rule) if rule and current is None else ""
            texts = [special, *options] if special else options
            index = texts.index(current) if current in texts else 0
            star = " *" if column.required else ""
            picked = st.selectbox(
                f"{label(column.name)}{star}", texts, index=index,
                key=ui.key("column", file.key, found.feed, column.name, special, current),
            )  # fmt: skip
            if picked != texts[index]:
                changed[f"from:{column.name}"] = "" if picked == NONE else picked
                changed[f"set:{column.name}"] = ""
    return changed if len(changed) > 1 else {}


def bank(found: BankSummary) -> None:
    """What a bank file holds."""
    entries = [
        ("Items", f"<b>{fmt.count(found.items)}</b>"),
        ("Accounts", escape(", ".join(found.accounts))),
        *((f"Sum in {t.currency}", total_html(t)) for t in found.totals),
    ]
    if found.first_day:
        entries.append(("Dates", escape(f"{found.first_day} to {found.last_day}")))
    if found.rejected:
        entries.append(("Cannot be read", ui.badge(f"{found.rejected:,} items", "watch")))
    if found.statements:
        badge = (
            ui.badge(f"{found.unbalanced} do not add up", "bad")
            if found.unbalanced
            else ui.badge("balances add up", "good")
        )
        entries.append(("Statements", f"{fmt.count(found.statements)} {badge}"))
    ui.facts(entries)


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
                "",
                lambda row: (
                    ui.badge("runs", "good") if row["runs"] else ui.badge("not yet", "calm")
                ),
                "n",
            ),
            ui.Column(
                "",
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
            "map": one.map_name,
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
