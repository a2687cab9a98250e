"""What an action on a case needs to be told before it can be previewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from html import escape

import streamlit as st

from dashboard import case_queue, data
from dashboard import case_view as view
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.review.actions import Action, Intent, NamedItem
from orchestration.review.people import Person
from orchestration.review.planning.intents import NEEDS_REASON
from orchestration.review.reasons import reasons_of

HAND_ROWS = 14
UNSAID = "…"
"""In place of a comment that is still to be written, so that the rest can be previewed."""


def form(
    case: view.Case, action: Action, begun: Mapping[str, str], person: Person
) -> Intent | None:
    """What an action needs to be told; None while it is not enough to preview."""
    item = case.item
    intent = Intent(action, case_id=case.case_id, match_id=begun["match_id"])
    match action:
        case Action.CREATE_MATCH if item is not None:
            items = _by_hand(case, item)
            if items is None:
                return None
            intent = replace(intent, items=items)
        case Action.WRITE_OFF if item is not None:
            amount = _write_off_amount(item)
            if amount is None:
                return None
            named = NamedItem(item["item_type"], item["item_id"], amount)
            intent = replace(intent, items=(named,))
        case Action.UNMATCH if item is not None:
            match_id = _live_match(item)
            if match_id is None:
                return None
            intent = replace(intent, match_id=match_id)
        case Action.MARK_DUPLICATE | Action.NOT_A_DUPLICATE | Action.MARK_NOT_OURS if (
            item is not None and not case.exception["is_case_lead"]
        ):
            intent = replace(intent, items=(NamedItem(item["item_type"], item["item_id"]),))
        case Action.ASSIGN:
            intent = replace(intent, assignee=assignee(person))
    return intent


def with_words(intent: Intent) -> Intent:
    """Ask for the reason where there is a choice, and for a comment where one may be wanted."""
    action = intent.action
    reason = ""
    needs = action in NEEDS_REASON
    options = reasons_of(action)
    left, right = st.columns([1, 2]) if options else (None, st.container())
    if left is not None:
        with left:
            reason = st.selectbox(
                "Reason", ["", *options], key="x_in_reason",
                format_func=lambda code: options.get(code, "Choose, or say it"),
            ) or ""  # fmt: skip
    with right:
        comment = st.text_input(
            "Why" if needs else "Comment",
            key="x_in_comment",
            placeholder="Whoever looks at it later reads this." if needs else "Optional",
        )
    said = (comment or "").strip() or (UNSAID if needs else "")
    return replace(intent, reason_code=reason, comment=said)


def assignee(person: Person) -> str:
    names = [row["code"] for row in data.query("exceptions_assignees")]
    chosen = st.selectbox(
        "To whom",
        list(dict.fromkeys([person.subject, *names])),
        format_func=lambda code: f"Me ({person.name})" if code == person.subject else code,
        accept_new_options=True,
        key="x_in_assignee",
    )
    return chosen or person.subject


def _write_off_amount(item: data.Row) -> Decimal | None:
    whole = abs(item["open_amount"])
    text = st.text_input(
        f"How much of {fmt.money(whole, item['currency'])}",
        value=fmt.decimal_text(whole, item["currency"]),
        key="x_in_amount",
    )
    return typed_amount(text or "", item["currency"])


def typed_amount(text: str, currency: str) -> Decimal | None:
    """An amount as typed, read as pages write it where it can be read in two ways; where it is
    none, that is said and None returned."""
    digits = fmt.minor_digits(currency)
    for amount in case_queue.amounts(text):
        if -int(amount.normalize().as_tuple().exponent) <= digits:
            return amount
    st.html(f'<p class="t-alarm watch">“{escape(text)}” is no amount in {escape(currency)}.</p>')
    return None


def _live_match(item: data.Row) -> str | None:
    rows = data.query(
        "case_matches",
        reconciliation=item["reconciliation"],
        item_type=item["item_type"],
        item_id=item["item_id"],
    )
    if not rows:
        ui.empty("No match of this item stands.")
        return None
    told = {row["match_id"]: row["explanation"] or row["match_id"] for row in rows}
    return st.radio("Which match", list(told), format_func=told.__getitem__, key="x_in_match")


def key_of(row: data.Row) -> str:
    return f"{row['item_type']}:{row['item_id']}"


def _is_to_cover(row: data.Row) -> bool:
    """Whether an item is what others pay: an open invoice, or money that has to go back."""
    return (row["side"] == "expected") == (row["open_amount"] > 0)


def _offered(case: view.Case, item: data.Row) -> list[data.Row]:
    """Items that can be matched by hand with the item: candidates, the customer's, those found."""
    rows: list[data.Row] = [row for candidate in case.candidates for row in candidate.others]
    if item["party_id"]:
        rows += data.query(
            "case_customer",
            reconciliation=item["reconciliation"],
            party=item["party_id"],
            item_type=item["item_type"],
            item_id=item["item_id"],
        )
    sought = st.text_input(
        "Find another item", key="x_in_find", placeholder="Number, amount, bank text, name, id"
    )
    found: list[data.Row] = []
    if sought and sought.strip():
        found = data.query(
            "case_find",
            reconciliation=item["reconciliation"],
            currency=item["currency"],
            words=sought.lower().split(),
            amounts=[str(amount) for amount in case_queue.amounts(sought)],
        )
        if not found:
            ui.note("Nothing open fits that.")
    offered = {
        key_of(row): row
        for row in [*found, *rows]
        if row["open_amount"] and row["currency"] == item["currency"]
        and row["status"] not in ("closed", "set_aside") and key_of(row) != key_of(item)
    }  # fmt: skip
    ticked = [key for key in offered if st.session_state.get(f"x_in_take_{key}")]
    return [offered[key] for key in dict.fromkeys([*ticked, *list(offered)[:HAND_ROWS]])]


def _by_hand(case: view.Case, item: data.Row) -> tuple[NamedItem, ...] | None:
    """Tick what belongs together and say how much; what is left is shown at once."""
    offered = _offered(case, item)
    if not offered:
        ui.empty("Nothing open on the other side is known of this party: find it above.")
        return None
    mine = _is_to_cover(item)
    taken: list[tuple[data.Row, Decimal | None]] = []
    is_sound = True
    for row in sorted(offered, key=lambda row: (_is_to_cover(row) == mine,)):
        key = key_of(row)
        left, right = st.columns([4, 1.2], vertical_alignment="center")
        with left:
            who = f" · {row['customer']}" if row.get("customer") else ""
            day = fmt.day(row["due_date"] or row["event_date"])
            beside = " · with it" if _is_to_cover(row) == mine else ""
            is_taken = st.checkbox(
                _plain(
                    f"{view.name(row)}{who} · {day} · "
                    f"{fmt.money(row['open_amount'], row['currency'])} open{beside}"
                ),
                key=f"x_in_take_{key}",
            )
        if not is_taken:
            continue
        with right:
            text = st.text_input(
                f"Amount of {view.name(row)}", key=f"x_in_much_{key}", placeholder="all that fits",
                label_visibility="collapsed",
            )  # fmt: skip
        amount = typed_amount(text, row["currency"]) if text else None
        is_sound = is_sound and (amount is not None or not text)
        taken.append((row, amount))
    placed = remaining(item, taken, mine)
    _remaining_line(item, placed)
    if not taken or not is_sound or placed.left < 0:
        return None
    return (
        NamedItem(item["item_type"], item["item_id"]),
        *(NamedItem(row["item_type"], row["item_id"], amount) for row, amount in placed.parts),
    )


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return "".join(f"\\{char}" if char in r"\`*_{}[]()#+-.!|<>~:$" else char for char in text)


@dataclass(frozen=True)
class Placed:
    """How a split stands: what is to be placed, what is, what is left, and each item's part."""

    whole: Decimal
    placed: Decimal
    parts: tuple[tuple[data.Row, Decimal], ...]

    @property
    def left(self) -> Decimal:
        """Below zero when more is placed than there is."""
        return self.whole - self.placed


def remaining(
    item: data.Row, taken: Sequence[tuple[data.Row, Decimal | None]], mine: bool
) -> Placed:
    """What is left of an item after what was ticked; without an amount, one takes what fits."""
    whole = abs(item["open_amount"])
    beside = [(row, amount or abs(row["open_amount"])) for row, amount in taken
              if _is_to_cover(row) == mine]  # fmt: skip
    against = [(row, amount) for row, amount in taken if _is_to_cover(row) != mine]
    whole += sum((amount for _, amount in beside), Decimal(0))
    placed = sum((amount for _, amount in against if amount is not None), Decimal(0))
    parts: list[tuple[data.Row, Decimal]] = []
    for row, amount in against:
        if amount is None:
            amount = max(Decimal(0), min(abs(row["open_amount"]), whole - placed))
            placed += amount
        parts.append((row, amount))
    return Placed(whole, placed, tuple([*parts, *beside]))


def _remaining_line(item: data.Row, placed: Placed) -> None:
    currency = item["currency"]
    if placed.left < 0:
        state = ui.badge(f"{fmt.money(-placed.left, currency)} too much", "bad")
    elif placed.left == 0:
        state = ui.badge("nothing left", "good")
    else:
        state = ui.badge(f"{fmt.money(placed.left, currency)} left", "watch")
    st.html(
        f'<p class="x-left" id="remaining" role="status">{ui.money(placed.placed, currency)} of '
        f"{ui.money(placed.whole, currency)} placed {state}</p>"
    )
