"""Acting on a case: what fits it, a preview of exactly what will happen, one button that does it.

Nothing is decided here: `orchestration.review.actions` plans, checks and writes, and refuses when
the case is no longer what the preview showed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import streamlit as st

from dashboard import access, case_forms, case_queue, data
from dashboard import case_view as view
from dashboard import components as ui
from dashboard import format as fmt
from dashboard.case_words import ASK, BUTTONS, COPIES, DONE, KEYS, LIKELIEST
from orchestration.home import Home, TieoutError
from orchestration.review import actions, decisions
from orchestration.review.actions import Action, CaseChanged, Intent, Preview
from orchestration.review.decisions import Decision, State
from orchestration.review.limits import limit_of
from orchestration.review.people import Permission, Person, is_independent
from orchestration.review.planning.intents import NEEDS_REASON, NOTES


@dataclass(frozen=True)
class Notice:
    """What came of the last action: its tone, its words, and what can be taken back."""

    tone: str
    text: str
    decision_ids: tuple[str, ...] = ()


def home() -> Home:
    """The home whose inbox is written to."""
    return Home.from_environment()


def decided(person: Person) -> case_queue.Decided:
    """Which cases have a decision that no run has sealed yet, for marks in the queue."""
    pending: dict[str, str] = {}
    waiting: dict[str, str] = {}
    for decision in decisions.active(home()):
        if Action(decision.action) in NOTES:
            continue
        if _may_second(person, decision):
            waiting[decision.case_id] = "waits for your approval"
        elif decision.state is State.PROPOSED:
            pending[decision.case_id] = "waits for a second person"
        else:
            pending[decision.case_id] = "decision pending"
    return case_queue.Decided(pending, waiting)


def _may_second(person: Person, decision: Decision) -> bool:
    return (
        decision.state is State.PROPOSED
        and decision.actor != person.subject
        and decision.second_permission is not None
        and person.may(decision.second_permission)
    )


# ---- what fits


def fitting(case: view.Case, as_of: Any) -> list[Action]:
    """The actions that make sense for a case, the likeliest first."""
    item = case.item
    fits: list[Action] = []
    if len(case.proposals) == 1:
        # of several that fit equally well, one is chosen where it stands
        fits += [Action.APPROVE_MATCH, Action.REJECT_MATCH]
    if case.exception["exception_type"] in COPIES:
        fits += [Action.MARK_DUPLICATE, Action.NOT_A_DUPLICATE]
    if item is not None:
        is_open = bool(item["open_amount"]) and item["status"] != "set_aside"
        if is_open:
            fits.append(Action.CREATE_MATCH)
        if is_open and not case.proposals:
            fits.append(Action.WRITE_OFF)
        if item["item_type"] == "bank_transaction" and item["status"] != "set_aside":
            fits.append(Action.MARK_NOT_OURS)
        if is_open and case.proposals:
            fits.append(Action.WRITE_OFF)
        if item["allocated_amount"]:
            fits.append(Action.UNMATCH)
    likeliest = LIKELIEST.get(case.exception["exception_type"])
    if likeliest in fits and not case.proposals:
        fits.remove(likeliest)
        fits.insert(0, likeliest)
    fits += [Action.ASSIGN, Action.COMMENT, Action.ESCALATE]
    if item is None or not _must_stay_open(item, as_of):
        fits.append(Action.RESOLVE)
    return fits


def _must_stay_open(item: data.Row, as_of: Any) -> bool:
    """Whether an item keeps its exception whatever people say: open, and its time to wait over."""
    if item["status"] in ("closed", "set_aside"):
        return False
    due = item["due_for_match_at"]
    return item["status"] == "in_review" or (due is not None and due <= as_of)


# ---- state


def start(
    case_id: str, action: Action, match_id: str = "", taken: Sequence[str] = (), comment: str = ""
) -> None:
    """Open the form of an action, with what is known already filled in."""
    st.session_state["x_act"] = {"case": case_id, "action": str(action), "match_id": match_id}
    for key in [key for key in st.session_state if str(key).startswith("x_in_")]:
        del st.session_state[key]
    for key in taken:
        st.session_state[f"x_in_take_{key}"] = True
    if comment:
        st.session_state["x_in_comment"] = comment


def stop() -> None:
    """Close the form."""
    st.session_state.pop("x_act", None)


def tell(notice: Notice) -> None:
    """Keep what came of an action, to be shown when the page runs again."""
    st.session_state["x_notice"] = notice
    st.session_state["x_notice_at"] = set()


def forget_notice() -> None:
    """The person has read it and moves on."""
    st.session_state.pop("x_notice", None)


def notice() -> None:
    """What came of the last action, with the way to take it back, until the person moves on.

    It is told where the person acted and on the case that opens next; links tell nobody that they
    were followed, so the third case shows it no more.
    """
    told: Notice | None = st.session_state.get("x_notice")
    if told is None:
        return
    seen: set[str] = st.session_state["x_notice_at"]
    seen.add(st.query_params.get("exception", ""))
    if len(seen) > 2:
        forget_notice()
        return
    with st.container(horizontal=True, key="x-notice", vertical_alignment="center"):
        st.html(f'<p class="t-alarm x-told {told.tone}" role="status">{escape(told.text)}</p>')
        if told.decision_ids:
            st.button("Take it back", on_click=take_back, args=(told.decision_ids,), key="x-undo")


def take_back(decision_ids: Sequence[str]) -> None:
    """Withdraw one's own decisions that no run has taken up."""
    try:
        person = access.require(Permission.DECIDE)
        for decision_id in decision_ids:
            actions.withdraw(home(), person, decision_id)
    except TieoutError as error:
        tell(Notice("bad", str(error)))
    else:
        tell(Notice("calm", "Taken back: the case is as it was before."))


# ---- one case


def standing(case: view.Case, person: Person) -> bool:
    """What people have decided that no run has sealed yet; whether any of it moves the case."""
    found = decisions.of_cases(home(), [case.case_id])[case.case_id]
    active = [decision for decision in found if decision.is_active]
    for decision in active:
        action = Action(decision.action)
        if action in NOTES and action is not Action.ASSIGN:
            continue
        with st.container(border=True, key=f"x-pending-{decision.decision_id}"):
            _pending(decision, person)
    return any(Action(decision.action) not in NOTES for decision in active)


def _pending(decision: Decision, person: Person) -> None:
    waits = decision.state is State.PROPOSED
    mine = decision.actor == person.subject
    if _may_second(person, decision):
        title, tone = "Waits for your approval", "watch"
    elif waits:
        title, tone = "Proposed: waits for a second person", "watch"
    else:
        title, tone = "Pending: becomes final with the next run", "good"
    who = "you" if mine else decision.actor_name
    action = Action(decision.action)
    did = f"{BUTTONS[action]}, proposed" if waits else DONE[action]
    sees = person.may(Permission.SEE_PERSONAL_DATA)
    said = f" “{escape(decision.comment)}”" if decision.comment and sees else ""
    agreed = f", seconded by {escape(decision.second_name)}" if decision.second_name else ""
    if decision.second and not is_independent(decision.actor, decision.second):
        agreed += f" {ui.badge('not independent: local mode', 'watch')}"
    badge = ui.badge(title, tone, "◐" if tone == "good" else None)  # type: ignore[arg-type]
    st.html(
        f'<div class="x-pending">{badge} <b>{escape(did)}</b> by '
        f"{escape(who)}, {ui.moment(decision.decided_at)}{agreed}.{said}"
        f"{_sentences(decision.sentences) if sees else ''}"
        + (f'<p class="t-note">{escape(decision.why)}</p>' if decision.why and sees else "")
        + "</div>"
    )
    with st.container(horizontal=True, gap="xsmall"):
        if _may_second(person, decision):
            key = f"x_in_vote_{decision.decision_id}"
            st.text_input("Comment (to decline: why)", key=key)
            st.button(
                "Agree",
                type="primary",
                shortcut="a",
                key=f"x-agree-{decision.decision_id}",
                on_click=vote,
                args=(decision.decision_id, True, key),
            )
            st.button(
                "Decline",
                key=f"x-decline-{decision.decision_id}",
                on_click=vote,
                args=(decision.decision_id, False, key),
            )
        elif mine and decision.state in (State.PROPOSED, State.PENDING):
            st.button(
                "Take it back", key=f"x-withdraw-{decision.decision_id}",
                on_click=take_back, args=((decision.decision_id,),),
            )  # fmt: skip


def vote(decision_id: str, agrees: bool, comment_key: str) -> None:
    """Agree to another person's proposal, or decline it."""
    comment = str(st.session_state.get(comment_key) or "")
    try:
        person = access.require(Permission.APPROVE)
        if agrees:
            actions.second(home(), person, decision_id, comment)
        else:
            actions.decline(home(), person, decision_id, comment)
    except TieoutError as error:
        tell(Notice("bad", str(error)))
    else:
        done = "You agreed: it becomes final with the next run." if agrees else "You declined it."
        tell(Notice("good" if agrees else "calm", done))


def bar(case: view.Case, fits: Sequence[Action], person: Person) -> None:
    """The actions that fit as buttons: the likeliest first and primary, the rest folded away."""
    asides = NOTES | {Action.RESOLVE}
    shown: Sequence[Action] = [action for action in fits if action not in asides][:4] or fits[:3]
    labels: dict[Action, str] = {}
    if ask := _ask(case, fits):
        amount = fmt.money(abs(case.exception["amount"]), case.exception["currency"])
        labels[Action.COMMENT] = f"{ask[0]} {amount}"
        labels[Action.WRITE_OFF] = f"Write off {amount}"
        first = [Action.COMMENT]
        if _is_small(case, person):
            first.insert(0, Action.WRITE_OFF)
        elif _is_put_forward(case, shown[0]):
            first.insert(0, shown[0])
        shown = list(dict.fromkeys([*first, *shown]))[:4]
    folded = [action for action in fits if action not in shown]
    # what nothing speaks for is offered, and not put forward
    primary = shown[0] if shown and (ask or _is_put_forward(case, shown[0])) else None
    with st.container(horizontal=True, key="x-actions", gap="xsmall"):
        for action in shown:
            match_id = ""
            if action in (Action.APPROVE_MATCH, Action.REJECT_MATCH):
                match_id = case.proposals[0].match_id or ""
            comment = ask[1] if ask and action is Action.COMMENT else ""
            st.button(
                labels.get(action, BUTTONS[action]),
                type="primary" if action is primary else "secondary",
                shortcut=KEYS.get(action),
                key=f"x-do-{action}",
                on_click=start,
                args=(case.case_id, action, match_id, (), comment),
            )
        if folded:
            with st.popover("More actions"):
                for action in folded:
                    st.button(
                        BUTTONS[action], key=f"x-do-{action}", width="stretch", on_click=start,
                        args=(case.case_id, action), type="tertiary",
                    )  # fmt: skip


def _ask(case: view.Case, fits: Sequence[Action]) -> tuple[str, str] | None:
    """What to ask the customer, where nobody else can settle it: the button's words and a note."""
    words = ASK.get(case.exception["root_cause"] or "")
    item = case.item
    if words is None or item is None or case.proposals or Action.WRITE_OFF not in fits:
        return None
    who = item["customer"] or item["party_id"] or "the customer"
    what = view.name(item)
    note = words[1].format(
        who=who,
        amount=fmt.money(abs(case.exception["amount"]), case.exception["currency"]),
        what=f"{what[:1].lower()}{what[1:]}",
    )
    return words[0], note


def _is_small(case: view.Case, person: Person) -> bool:
    """Whether a rest is so little that writing it off goes before asking for it."""
    row = case.exception
    if row["root_cause"] != "customer_underpaid" or row["base_amount"] is None:
        return False
    limit = limit_of(str(Action.WRITE_OFF), person.subject)
    return bool(abs(row["base_amount"]) <= limit.alone_up_to)


def _is_put_forward(case: view.Case, action: Action) -> bool:
    if action is Action.CREATE_MATCH:
        return any(_usable(case, candidate) for candidate in case.candidates)
    return action is Action.APPROVE_MATCH or action in LIKELIEST.values()


def _usable(case: view.Case, candidate: view.Candidate) -> list[data.Row]:
    """The items of a candidate that can be matched by hand with the case's item."""
    item = case.item
    if item is None or not item["open_amount"] or item["status"] == "set_aside":
        return []
    return [
        row
        for row in candidate.others
        if row["open_amount"] and row["currency"] == item["currency"]
        and row["status"] != "set_aside"
    ]  # fmt: skip


def for_candidate(case: view.Case, candidate: view.Candidate) -> None:
    """What can be done with one candidate: approve it as it is, or take it by hand."""
    if candidate.is_proposed:
        if len(case.proposals) > 1:
            place = [proposal.key for proposal in case.proposals].index(candidate.key) + 1
            with st.container(horizontal=True, gap="xsmall"):
                for action, label in (
                    (Action.APPROVE_MATCH, "Choose this one"),
                    (Action.REJECT_MATCH, "Reject"),
                ):
                    st.button(
                        label,
                        key=f"x-{action}-{candidate.key}",
                        shortcut=str(place) if action is Action.APPROVE_MATCH else None,
                        on_click=start,
                        args=(case.case_id, action, candidate.match_id or ""),
                    )
        return
    usable = _usable(case, candidate)
    if usable:
        st.button(
            "Match with this",
            key=f"x-choose-{candidate.key}",
            on_click=start,
            args=(
                case.case_id,
                Action.CREATE_MATCH,
                "",
                [*map(case_forms.key_of, usable)],
            ),
        )


def panel(case: view.Case, person: Person, onward: Callable[[], None]) -> None:
    """The form of the action that was begun: what it needs, what will happen, and the button.

    `onward` opens the next case once it is done.
    """
    begun = st.session_state.get("x_act")
    if not begun or begun["case"] != case.case_id:
        return
    action = Action(begun["action"])
    with st.container(border=True, key="x-form"):
        st.html(f'<h3 class="x-h">{escape(BUTTONS[action])}: what will happen</h3>')
        intent = case_forms.form(case, action, begun, person)
        if intent is None:
            st.button("Cancel", on_click=stop, key="x-cancel")
            return
        above = st.container()
        shown = preview([case_forms.with_words(intent)], person)
        if shown is not None:
            with above:
                _show_one(shown)
        decide(shown, BUTTONS[action], onward)


def preview(intents: Sequence[Intent], person: Person) -> Preview | None:
    """What the intents come to; where that cannot be said, why not is on the page."""
    try:
        return actions.preview(home(), person, list(intents))
    except TieoutError as error:
        st.error(str(error))
        return None


def decide(
    shown: Preview | None,
    label: str,
    onward: Callable[[], None],
    leave: Callable[[], None] = stop,
) -> None:
    """The button that does exactly what was shown, and the one that leaves it."""
    with st.container(horizontal=True, gap="xsmall", key="x-decide"):
        if shown is not None:
            if shown.needs_second:
                label = f"Propose: {label[:1].lower()}{label[1:]}"
            st.button(
                label,
                type="primary",
                disabled=not shown.plans,
                key="x-apply",
                shortcut="Ctrl+Enter",
                on_click=do,
                args=(shown, onward),
            )
        st.button("Cancel", on_click=leave, key="x-cancel")


def _show_one(shown: Preview) -> None:
    for _, problem in shown.problems:
        st.html(f'<p class="t-alarm watch">{escape(problem)}</p>')
    for plan in shown.plans:
        st.html(_sentences(plan.sentences))
        if plan.changes:
            ui.table(
                [
                    ui.text_column("Open amount of", "label", kind="w"),
                    ui.money_column("Now", "before"),
                    ui.money_column("After", "after"),
                ],
                [
                    {
                        "label": change.label[:1].upper() + change.label[1:],
                        "currency": change.currency,
                        "before": change.open_before,
                        "after": change.open_after,
                    }
                    for change in plan.changes
                ],
                "",
                name="preview",
            )
        if plan.second_permission is not None:
            st.html(f"<p>{ui.badge('a second person has to agree', 'watch')}</p>")


def _sentences(sentences: Sequence[str]) -> str:
    """Sentences as a list; those that the table of amounts tells are left to it."""
    told = "".join(f"<li>{escape(s)}</li>" for s in sentences if ": open " not in s)
    return f'<ul class="x-told-list">{told}</ul>' if told else ""


def do(shown: Preview, onward: Callable[[], None]) -> None:
    """Apply what was shown, with the comment as it now stands; cases that changed are left out."""
    comment = str(st.session_state.get("x_in_comment") or "").strip()
    action = shown.plans[0].intent.action
    if action in NEEDS_REASON and not comment:
        tell(Notice("watch", "Say why: whoever looks at it later reads it. Nothing was done."))
        return
    shown = replace(
        shown,
        plans=tuple(
            replace(plan, intent=replace(plan.intent, comment=comment)) for plan in shown.plans
        ),
    )
    skipped: list[tuple[str, str]] = []
    try:
        person = access.require(Permission.DECIDE)
        while True:
            try:
                ids = actions.apply(home(), person, shown)
                break
            except CaseChanged as changed:
                gone = dict(changed.changes)
                rest = tuple(plan for plan in shown.plans if plan.case_id not in gone)
                if not rest or len(rest) == len(shown.plans):
                    raise
                skipped += changed.changes
                shown = replace(shown, plans=rest)
    except TieoutError as error:
        tell(Notice("bad", str(error)))
        return
    stop()
    done = f"Proposed ({BUTTONS[action].lower()})" if shown.needs_second else DONE[action]
    if len(ids) > 1:
        done += f": {len(ids)} cases"
    final = "waits for a second person" if shown.needs_second else "becomes final with the next run"
    text = f"{done}; {final}."
    if skipped:
        told = " ".join(f"{fmt.short(case_id, 8)}: {sentence}" for case_id, sentence in skipped)
        text += f" Left out, because they changed meanwhile: {told}"
    onward()
    tell(Notice("watch" if skipped else "good", text, tuple(ids)))


# ---- what people decided, as history


def told(case: view.Case, person: Person) -> list[tuple[Any, str, str]]:
    """People's decisions about a case for its history: (when, what, who)."""
    entries = []
    for decision in decisions.of_cases(home(), [case.case_id])[case.case_id]:
        what = escape(DONE[Action(decision.action)])
        state = decision.state.value.replace("_", " ")
        tone = {"sealed": "good", "refused": "bad", "declined": "bad"}.get(state, "calm")
        what += f" {ui.badge(state, tone)}"  # type: ignore[arg-type]
        sees = person.may(Permission.SEE_PERSONAL_DATA)
        if decision.comment and sees:
            what += f' <q class="x-said">{escape(decision.comment)}</q>'
        if decision.why and sees:
            what += f'<span class="t-sub">{escape(decision.why)}</span>'
        who = decision.actor_name
        if decision.second_name:
            who += f", then {decision.second_name}"
            if decision.second and not is_independent(decision.actor, decision.second):
                who += " (not independent: local mode)"
        entries.append((decision.decided_at, what, who))
    return entries
