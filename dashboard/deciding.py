"""Deciding from a page: why, exactly what would happen, and then that or the reason why not."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from dashboard import access
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.home import Home, TieoutError
from orchestration.review import actions, decisions
from orchestration.review.access_log import Event
from orchestration.review.actions import Intent
from orchestration.review.decisions import State
from orchestration.review.people import NotPermitted, Permission
from orchestration.review.planning.intents import NEEDS_REASON, TITLES, Action

_STATES: dict[State, tuple[ui.Tone, str]] = {
    State.PROPOSED: ("watch", "waits for a second person"),
    State.PENDING: ("watch", "waits for the next run"),
    State.EXPORTED: ("watch", "on its way into a run"),
    State.SEALED: ("good", "sealed"),
    State.REFUSED: ("bad", "refused"),
    State.DECLINED: ("calm", "declined"),
    State.WITHDRAWN: ("calm", "withdrawn"),
    State.WITHOUT_EFFECT: ("calm", "without effect"),
}


def button(label: str, intent: Intent, key: str, *, kind: str = "secondary") -> None:
    """A button that asks why and shows what would happen before anything does.

    Whoever may not do it sees it greyed, with the roles that may; actions check for themselves.
    """
    refusal = _refusal(intent)
    if st.button(
        label,
        key=key,
        type="primary" if kind == "primary" else "secondary",
        disabled=bool(refusal),
        help=refusal or None,
    ):
        st.dialog(TITLES[intent.action])(_ask)(intent, key)


def _refusal(intent: Intent) -> str:
    """Why this person may not even propose it; empty where they may."""
    asked = [Permission.DECIDE]
    if intent.action in (Action.CONFIRM_MATCH, Action.UNMATCH):
        asked.append(Permission.AUDIT)
    try:
        person = access.person()
        if not any(person.may(permission) for permission in asked):
            person.require(asked[0])
    except TieoutError as error:
        return str(error)
    return ""


def at_once(intent: Intent) -> bool:
    """Preview and apply in one step, for what moves no money; whether it was done."""
    home = Home.from_environment()
    try:
        person = access.person()
        actions.apply(home, person, actions.preview(home, person, intent))
    except NotPermitted as error:
        _note_denied(error, intent)
        st.error(str(error))
        return False
    except TieoutError as error:
        st.error(str(error))
        return False
    return True


def _ask(intent: Intent, key: str) -> None:
    home = Home.from_environment()
    needs_reason = intent.action in NEEDS_REASON
    reason = st.text_area(
        "Why?" if needs_reason else "Why? (optional)",
        key=f"{key}-why",
        placeholder="It is sealed with the decision.",
    )
    intent = replace(intent, comment=(reason or "").strip())
    try:
        person = access.person()
        # what it would do is shown before the reason is written
        asked = replace(intent, comment=intent.comment or "–") if needs_reason else intent
        shown = actions.preview(home, person, asked)
    except NotPermitted as error:
        _note_denied(error, intent)
        st.error(str(error))
        return
    except TieoutError as error:
        st.error(str(error))
        return
    for _, sentence in shown.problems:
        st.warning(sentence)
    if shown.sentences:
        told = "".join(f"<li>{escape(sentence)}</li>" for sentence in shown.sentences)
        st.html(f'<p class="t-lead">This will happen:</p><ul class="t-told">{told}</ul>')
    if shown.needs_second:
        why = next((plan.why_second for plan in shown.plans if plan.why_second), "")
        st.info(why or "It waits until another person agrees to it.")
    if st.button(
        "Propose it" if shown.needs_second else "Decide it",
        key=f"{key}-apply",
        type="primary",
        disabled=not shown.plans or (needs_reason and not intent.comment),
    ):
        try:
            actions.apply(home, person, shown)
        except TieoutError as error:
            st.error(str(error))
            return
        st.rerun()


def _note_denied(error: NotPermitted, intent: Intent) -> None:
    access.note(
        access.person(), Event.DENIED, action=intent.action.value,
        on=intent.match_id or intent.learned_key or intent.case_id, reason=str(error),
    )  # fmt: skip


def said(subjects: list[str]) -> list[decisions.Decision]:
    """What people decided on `match:<id>` or `learned_payer:<key>`, oldest first."""
    try:
        found = decisions.of_cases(Home.from_environment(), subjects)
    except TieoutError as error:
        st.warning(f"The review inbox cannot be read: {error}")
        return []
    return [decision for subject in subjects for decision in found[subject]]


def active() -> list[decisions.Decision]:
    """Everything decided that no publication shows yet, oldest first."""
    try:
        return decisions.active(Home.from_environment())
    except TieoutError as error:
        st.warning(f"The review inbox cannot be read: {error}")
        return []


def line(decision: decisions.Decision) -> str:
    """A decision of the inbox and how far it is, as HTML."""
    tone, word = _STATES[decision.state]
    title = TITLES.get(Action(decision.action), fmt.label(decision.action))
    text = (
        f"<b>{escape(title)}</b> by {escape(decision.actor_name)}, {ui.moment(decision.decided_at)}"
    )
    # what people write may name anybody
    sees = access.person().may(Permission.SEE_PERSONAL_DATA)
    if decision.comment and sees:
        text += f": {escape(decision.comment)}"
    if decision.why and sees:
        text += f'<span class="t-sub">{escape(decision.why)}</span>'
    return f"{ui.badge(word, tone)} {text}"


def show_active(found: list[decisions.Decision]) -> None:
    """Decisions that are under way, each with how far it is."""
    for decision in found:
        if decision.is_active:
            st.html(f'<div class="t-empty">{line(decision)}</div>')
