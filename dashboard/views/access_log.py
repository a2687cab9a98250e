"""Access log: who was refused, who saw personal data, who took data out, who signed in.

It is no part of the publication: it lies in the review inbox, as it happens. What people decided
is on the page Audit, sealed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape

import streamlit as st

from dashboard import access, address
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review import access_log
from orchestration.review.access_log import Entry, Event
from orchestration.review.people import IN_WORDS, LOCAL_PREFIX, Permission

PAGE_ROWS = 50
DAYS = {"1": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days", "all": "All of it"}
DEFAULT_DAYS = "7"

WORDS: dict[Event, tuple[str, ui.Tone, str]] = {
    Event.DENIED: ("Refused", "bad", "✕"),
    Event.SAW_PERSONAL_DATA: ("Saw personal data", "calm", "○"),
    Event.EXPORTED: ("Took data out", "watch", "▲"),
    Event.SIGNED_IN: ("Signed in", "good", "✓"),
}


def view() -> None:
    """What people tried and saw, narrowed by what is in the address."""
    st.title("Access log")
    access.require(Permission.ADMINISTER)
    home = Home.from_environment()
    address.one("days", list(DAYS), DEFAULT_DAYS)
    days = st.session_state["days"]
    since = None if days == "all" else wall_clock() - timedelta(days=int(days))
    try:
        counted = access_log.counts(home, since)
        headline(counted, days)
        event, actor = filters(counted)
        entries(home, event, actor, since, days)
    except TieoutError as error:
        ui.empty(f"The review inbox cannot be read, and the log with it. {error}")
    st.html(
        '<p class="t-note">What people decided on cases is sealed in the journal: '
        + ui.anchor("who decided what", ui.link("audit", show="people"))
        + ".</p>"
    )


def headline(counted: list[access_log.Count], days: str) -> None:
    """How much of each there was, by how many people."""

    def card(event: Event, nothing: str) -> ui.Card:
        total, people = access_log.total(counted, event)
        title, tone, _ = WORDS[event]
        by = f"by {fmt.count(people)} {'person' if people == 1 else 'people'}" if total else nothing
        return ui.Card(
            title,
            fmt.count(total),
            escape(by),
            tone if total else "calm",
            ui.link("access_log", event=event.value, days=days) if total else None,
            "Show them",
            f"card-{event.value}",
        )

    ui.cards(
        [
            card(Event.DENIED, "nobody asked for more than they may"),
            card(Event.EXPORTED, "nothing was taken out"),
            card(Event.SAW_PERSONAL_DATA, "nobody saw names, accounts or texts"),
            card(Event.SIGNED_IN, "no login, or nobody came"),
        ]
    )


def filters(counted: list[access_log.Count]) -> tuple[Event | None, str | None]:
    """What is chosen, and kept in the address."""
    names = {entry.actor: entry.actor_name for entry in counted}
    events = [event.value for event in Event]
    address.one("event", ["", *events], "")
    # whoever is in the address stays there, also where a filter leaves nothing of them
    address.one("person", None, "")
    chosen: str = st.session_state["person"]
    people = sorted({*names, chosen} - {""})

    def what(code: str) -> str:
        return WORDS[Event(code)][0] if code else "Everything"

    def who(subject: str) -> str:
        return _called(subject, names.get(subject, subject)) if subject else "Everybody"

    now = (what(st.session_state["event"]), who(chosen), DAYS[st.session_state["days"]])
    with st.expander(" · ".join(now), icon=":material/filter_list:"):
        left, middle, right = st.columns(3)
        event = left.selectbox("What", ["", *events], format_func=what, key="event")
        actor = middle.selectbox("Who", ["", *people], format_func=who, key="person")
        days = right.selectbox("When", list(DAYS), format_func=DAYS.__getitem__, key="days")
    address.remember("event", event or "")
    address.remember("person", actor or "")
    address.remember("days", days, DEFAULT_DAYS)
    return Event(event) if event else None, actor or None


def entries(
    home: Home, event: Event | None, actor: str | None, since: datetime | None, days: str
) -> None:
    """One line an entry, newest first."""
    page_key = ui.key("access-page", event, actor, days)
    offset = (ui.chosen_page(page_key) - 1) * PAGE_ROWS
    found = access_log.entries(
        home, event=event, actor=actor, since=since, limit=PAGE_ROWS, offset=offset
    )
    total, _ = access_log.total(access_log.counts(home, since), event, actor)
    rows = [{"entry": entry} for entry in found]
    found_count = f"{fmt.count(total)} {'entry' if total == 1 else 'entries'}"
    st.html(f'<p class="t-lead" id="access-count"><b>{found_count}</b></p>')
    ui.table(
        [
            ui.Column("When", lambda row: ui.moment(row["entry"].at), "n"),
            ui.Column("Who", lambda row: _who(row["entry"]), "w"),
            ui.Column("What", lambda row: _event(row["entry"]), "n"),
            ui.Column("Where, and on what", lambda row: _about(row["entry"]), "w"),
        ],
        rows,
        "Nothing of the kind in this time. Choose a longer one, or everything.",
        "Seeing is noted once in a session for a page and its record; masked pages are not.",
        name="access-log",
        stacked=True,
    )
    ui.pages(total, PAGE_ROWS, page_key)


def _called(subject: str, name: str) -> str:
    return name if subject in (name, f"{LOCAL_PREFIX}{name}") else f"{name} ({subject})"


def _who(entry: Entry) -> str:
    sub = f'<span class="t-sub">{escape(entry.actor)}</span>'
    return ui.anchor(escape(entry.actor_name), ui.link("access_log", person=entry.actor)) + sub


def _event(entry: Entry) -> str:
    word, tone, mark = WORDS[entry.event]
    return ui.badge(word, tone, mark)


def _about(entry: Entry) -> str:
    detail = dict(entry.detail)
    page = detail.pop("page", None)
    asked = f"to {IN_WORDS[entry.permission]}" if entry.permission else ""
    parts = [asked, f"on {fmt.label(page)}" if page else ""]
    lead = escape(" ".join(part for part in parts if part))
    if item := detail.get("item_id"):
        target = ui.link("record", item_type=detail.get("item_type"), item_id=item)
        lead += " " + ui.anchor(f'<span class="t-mono">{escape(item)}</span>', target)
        detail = {k: v for k, v in detail.items() if k not in ("item_id", "item_type")}
    rest = ", ".join(f"{fmt.label(name)}: {value}" for name, value in detail.items())
    return lead + (f'<span class="t-sub">{escape(rest)}</span>' if rest else "") or fmt.NONE


view()
