"""What a person sees of who they are: the page before a login, and the menu on every page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from dashboard import access, server
from dashboard import format as fmt
from orchestration.home import TieoutError
from orchestration.review.people import IN_WORDS, NotPermitted, Permission, Person, Role


def page(error: TieoutError) -> None:
    """In place of every page, while nobody is let in: why, and what to do."""
    if isinstance(error, access.SignInNeeded):
        st.title("Sign in to tieout")
        st.markdown("Who you are and what you may do comes from your company's identity provider.")
        for provider, label in providers().items():
            if st.button(label, key=f"sign-in-{provider or 'default'}", type="primary"):
                st.login(provider or None)
        if st.user.to_dict().get("is_logged_in"):
            st.caption(f"{error} Please sign in again.")
    elif isinstance(error, access.NoRole):
        access.note_once(
            error.person, access.Event.DENIED, reason="signed in, and has no role here"
        )
        st.title("You are signed in, but not let in")
        st.markdown(
            f"{escape(str(error))} Ask whoever manages accounts for one of the roles "
            f"{', '.join(Role)}, then sign in again."
        )
        if st.button("Sign out"):
            st.logout()
    else:
        st.title("Nobody can be let in")
        st.text(str(error))


def not_noted(error: TieoutError) -> None:
    """In place of a page whose seeing cannot be kept in the access log."""
    st.title("Nothing can be shown")
    st.markdown(
        "This page holds personal data. Who sees it is kept in the access log, which cannot be "
        "written to. This page works again when the review inbox does."
    )
    st.text(str(error))


def not_permitted(error: NotPermitted) -> None:
    """In place of a page, or the rest of it, that asks for more than the person may."""
    st.title("You may not see this page")
    st.markdown(f"{escape(str(error))} That you asked is in the access log.")


def providers() -> Mapping[str, str]:
    """The configured identity providers, and what the button of each says."""
    section = server.login()
    if "client_id" in section:
        return {"": "Sign in"}
    named = [name for name, entry in section.items() if isinstance(entry, Mapping)]
    return {name: f"Sign in with {fmt.label(name)}" for name in named if name != "client_kwargs"}


def menu(person: Person) -> None:
    """Name, roles and what they allow, at the top right; in local mode it says so."""
    local = access.is_local()
    with st.container(key="person-menu-local" if local else "person-menu", width="content"):
        label = f"Local mode: {person.name}" if local else person.name
        with st.popover(label, icon=":material/person:", type="tertiary"):
            st.html(described(person, local))
            if not local and st.button("Sign out", icon=":material/logout:"):
                st.logout()


def described(person: Person, is_local: bool) -> str:
    """Who a person is and what they may do, as HTML."""
    roles = ", ".join(sorted(person.roles)) or "none"
    may = [words for permission, words in IN_WORDS.items() if person.may(permission)]
    lines = "".join(f"<li>{escape(words)}</li>" for words in may)
    hidden = (
        ""
        if person.may(Permission.SEE_PERSONAL_DATA)
        else "<p>Names, accounts, addresses and texts are masked for you.</p>"
    )
    mode = (
        f"<p><b>Local mode: no login.</b> You act as {escape(person.name)}, the user of this "
        "machine, and pages are served to it alone.</p>"
        if is_local
        else f"<p><b>{escape(person.name)}</b><br>{escape(person.subject)}</p>"
    )
    allowed = f"<p>You may:</p><ul>{lines}</ul>" if may else "<p>You may look.</p>"
    return f'<div class="t-person">{mode}<p>Roles: {escape(roles)}</p>{allowed}{hidden}</div>'
