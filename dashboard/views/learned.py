"""Learned: what people's decisions have taught, from which of them, and how it is taken back."""

from __future__ import annotations

import csv
from collections.abc import Container
from decimal import Decimal
from html import escape

import streamlit as st

from dashboard import address, data, deciding, learned_weights
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.home import PROJECT_DIR, Home
from orchestration.review.actions import Action, Intent

PAGE_ROWS = 50
MOVES = 12
STATUSES = {
    "": "All",
    "active": "In use",
    "conflicting": "Pays for several: not used",
    "removed": "Taken back",
}
PARTS = {"payers": "Payers", "weights": "Weights", "agreements": "Agreed short payments"}
MACHINE = "tieout"


def overview() -> None:
    """One sentence, four figures."""
    row = data.query_one("learned_summary")
    trained = learned_weights.versions(Home.from_environment())
    answered = row["approved_count"] + row["rejected_count"] + row["reversed_count"]
    st.html(
        '<p class="t-lead" id="learned-verdict">'
        f"<b>{fmt.counted(row['active_count'], 'payer')}</b> in use that the customer master does "
        f"not have; people answered <b>{fmt.counted(answered, 'time')}</b> "
        f"({fmt.count(row['approved_count'])} approved, {fmt.count(row['rejected_count'])} "
        f"rejected, {fmt.count(row['reversed_count'])} undone); weights "
        f"<b>{_trained(len(trained) - 1)}</b>.</p>"
    )


def _trained(count: int) -> str:
    return {0: "as shipped", 1: "trained once"}.get(count, f"trained {count} times")


# ---- payers


def payers() -> None:
    """Accounts and names that matches have taught, and one of them in full."""
    chosen = st.query_params.get("payer")
    if chosen:
        one_payer(chosen)
        return
    ui.note(
        "Where a payment names its invoice, or a person approves the match, the account and the "
        "name it came under are taken for that customer's. Later payments from there are then "
        "known, also without a number. Choose one to see what taught it, and to take it back."
    )
    address.one("status", list(STATUSES), "")
    address.one("search", None, "")
    left, right = st.columns(2)
    status = left.selectbox("State", list(STATUSES), format_func=STATUSES.__getitem__, key="status")
    search = right.text_input("Find", placeholder="name, account or customer", key="search")
    address.remember("status", status or "")
    address.remember("search", (search or "").strip())
    page_key = ui.key("page", status, search)
    rows = data.query(
        "learned_payers",
        payer="",
        status=status or "",
        search=(search or "").strip(),
        limit=PAGE_ROWS,
        offset=(ui.chosen_page(page_key) - 1) * PAGE_ROWS,
    )
    under_way = {
        decision.case_id: decision
        for decision in deciding.active()
        if decision.action == Action.FORGET_PAYER
    }
    ui.table(
        [
            ui.Column("Name or account", _payer, "w"),
            ui.Column("Pays for", _pays_for, "w"),
            ui.Column("State", lambda row: _state(row, under_way), "w"),
            ui.Column("Taught by", _taught_by, "w"),
            ui.count_column("Matches", "match_count"),
            ui.count_column("For others", "other_match_count"),
        ],
        rows,
        "Nothing fits."
        if status or search
        else "Nothing is learned yet. It is learned from matches that an earlier run has sealed.",
        name="payers",
    )
    ui.pages(rows[0]["row_count"] if rows else 0, PAGE_ROWS, page_key)


def _payer(row: ui.Row) -> str:
    kind = "account" if row["key_kind"] == "account" else "name"
    return (
        ui.anchor(escape(row["key_value"]), ui.link("learned", payer=row["learned_key"]))
        + f'<span class="t-sub">{kind}</span>'
    )


def _pays_for(row: ui.Row) -> str:
    identifier = escape(row["customer_id"])
    name = ui.anchor(
        escape(row["customer"] or identifier), ui.link("customers", customer=row["customer_id"])
    )
    below = identifier if row["customer"] else "not in the customer master"
    return f'{name}<span class="t-sub">{below}</span>'


def _state(row: ui.Row, under_way: Container[str]) -> str:
    if f"learned_payer:{row['learned_key']}" in under_way:
        return ui.badge("being taken back", "watch")
    match row["status"]:
        case "active":
            since = row["applies_after"]
            below = f"for payments after {fmt.day(since)}" if since else "for all: a person said so"
            return ui.badge("in use", "good") + f'<span class="t-sub">{below}</span>'
        case "conflicting":
            return (
                ui.badge("not used", "watch")
                + '<span class="t-sub">it pays for several customers</span>'
            )
        case _:
            who = f"by {escape(row['removed_by'] or '')}, {ui.moment(row['removed_at'])}"
            return ui.badge("taken back", "calm") + f'<span class="t-sub">{who}</span>'


def _taught_by(row: ui.Row) -> str:
    if row["explanation"] is None:
        return f"a match that is no longer there, {ui.moment(row['last_seen_at'])}"
    by = row["decided_by"]
    who = "a rule" if by == MACHINE else by or "a person"
    target = ui.link("matches", match=row["last_match_id"])
    return (
        ui.anchor(escape(row["explanation"]), target)
        + f'<span class="t-sub">closed by {escape(who)}, {ui.moment(row["decided_at"])}</span>'
    )


def one_payer(learned_key: str) -> None:
    """What was learned of one key, from what, and taking it back."""
    st.html(ui.anchor("‹ All payers", "learned"))
    found = data.query("learned_payers", payer=learned_key, status="", search="", limit=1, offset=0)
    if not found:
        ui.empty(f"Nothing is learned under {learned_key} in this publication.")
        return
    row = found[0]
    kind = "The account" if row["key_kind"] == "account" else "The name"
    name = escape(row["customer"] or row["customer_id"])
    st.html(
        f'<p class="t-lead" id="payer-says">{kind} '
        f'<b class="t-mono">{escape(row["key_value"])}</b> '
        f"pays for <b>{name}</b>. {_state(row, ())}</p>"
    )
    others = row["other_match_count"]
    ui.facts(
        [
            ("Matches that say so", fmt.count(row["match_count"])),
            ("Matches for other customers", fmt.count(others)),
            ("First", ui.moment(row["first_seen_at"])),
            ("Last", ui.moment(row["last_seen_at"])),
            ("Customer", _pays_for(row)),
            ("The last match that taught it", _taught_by(row)),
        ]
    )
    said = deciding.said([f"learned_payer:{learned_key}"])
    deciding.show_active(said)
    if row["status"] == "removed":
        ui.note(
            "It was taken back and stays so: matches that teach it again change nothing. To let it "
            "count, give the account or alias to the customer in crm_customers."
        )
    elif not any(decision.is_active for decision in said):
        deciding.button(
            "Take it back",
            Intent(Action.FORGET_PAYER, learned_key=learned_key),
            "forget",
            kind="primary",
        )


# ---- weights


def weights() -> None:
    """Which version of the weights is in force, and what the last training moved."""
    home = Home.from_environment()
    found = learned_weights.versions(home)
    ui.note(
        "What a payment and an invoice have in common is weighed where no number decides. Approved "
        "and rejected suggestions and the matches by number teach what each likeness is worth, "
        "when somebody runs “tieout train”; every version is kept."
    )
    ui.table(
        [
            ui.Column(
                "Version", lambda row: f'<span class="t-mono">{escape(row["name"])}</span>', "n"
            ),
            ui.Column("Learned", lambda row: row["learned"], "n"),
            ui.Column("In force for", lambda row: escape(row["in_force"]), "w"),
            ui.Column("Checked on", lambda row: escape(row["known"]), "w"),
        ],
        [
            {
                "name": version.name,
                "learned": ui.moment(version.learned_at) if version.learned_at else "as shipped",
                "in_force": ", ".join(
                    fmt.label(name)
                    for name in version.reconciliations
                    if not any(name in later.reconciliations for later in found[place + 1 :])
                )
                or "nothing any more",
                "known": ", ".join(
                    f"{fmt.label(name)}: {fmt.count(pairs)} known pairs"
                    for name, pairs in version.known_pairs.items()
                )
                or fmt.NONE,
            }
            for place, version in reversed(list(enumerate(found)))
        ],
        "",
        name="weights",
    )
    if len(found) == 1:
        ui.empty("Nothing is trained yet. On the server: tieout train")
        return
    for name in found[-1].reconciliations:
        changed = learned_weights.moves(found, name)
        st.subheader(f"What moved: {fmt.label(name).lower()}", anchor=f"moved-{name}")
        ui.table(
            [
                ui.Column("When", _level, "w"),
                ui.Column("Spoke", lambda row: _worth(row["before"]), "n"),
                ui.Column("Speaks", lambda row: _worth(row["after"]), "n"),
                ui.Column("Change", lambda row: _signed(row["change"]), "r"),
            ],
            [
                {
                    "level": move.level,
                    "before": move.before,
                    "after": move.level.weight,
                    "change": move.change,
                }
                for move in changed[:MOVES]
            ],
            "The last training changed nothing here.",
            f"The {MOVES} largest of {fmt.count(len(changed))} changes. +0.7 doubles the odds that "
            "the two belong together, −0.7 halves them."
            if changed
            else "",
            name=f"moves-{name}",
        )
    ui.note("A training is taken back on the server; the version before it is in force again:")
    st.code("tieout train --take-back", language="shell")


def _level(row: ui.Row) -> str:
    level: learned_weights.Level = row["level"]
    title = learned_weights.COMPARISONS.get(level.comparison, fmt.label(level.comparison))
    if level.comparison == "prior":
        return escape(title)

    def write(bound: Decimal) -> str:
        return fmt.percent(bound, 2) if level.comparison == "amount" else fmt.plain(bound)

    least = f"{escape(title)} {write(level.lower)}"
    return f"{least} or more" if level.upper is None else f"{least} to below {write(level.upper)}"


def _worth(weight: Decimal) -> str:
    if abs(weight) < Decimal("0.05"):
        return "neither way"
    return f"{'for' if weight > 0 else 'against'} ({_signed(weight)})"


def _signed(weight: Decimal) -> str:
    return f"{round(weight, 2):+.2f}".replace("-", fmt.MINUS)


# ---- agreements


def agreements() -> None:
    """Which customers may keep a part, as people agreed."""
    path = PROJECT_DIR / "seeds" / "short_pay_agreements.csv"
    with open(path, encoding="utf-8", newline="") as file:
        agreed = list(csv.DictReader(file))
    ui.note(
        "A customer who keeps a part of each invoice by agreement is one row of the project's file "
        "seeds/short_pay_agreements.csv; the next run closes what fits it. Taking the row out, or "
        "giving it a last day (valid_to), takes it back for later payments."
    )
    ui.table(
        [
            ui.Column(
                "Customer",
                lambda row: ui.anchor(
                    escape(row["customer_id"]), ui.link("customers", customer=row["customer_id"])
                ),
                "w",
            ),
            ui.Column("Keeps up to", lambda row: fmt.percent(Decimal(row["rate"])), "r"),
            ui.Column(
                "At most",
                lambda row: ui.money(Decimal(row["largest_amount"]), row["currency"]),
                "r",
            ),
            ui.text_column("From", "valid_from", kind="n"),
            ui.text_column("Until", "valid_to", kind="n"),
        ],
        agreed,
        "Nothing is agreed. Where a customer keeps a part again and again, their short payments "
        "are cases until a row says that they may.",
        name="agreements",
    )
    st.subheader("What agreements have closed")
    ui.table(
        [
            ui.count_column("Invoices", "invoice_count"),
            ui.money_column("Kept", "amount"),
        ],
        data.query("learned_used"),
        "Nothing yet.",
        name="agreements-used",
    )


def render() -> None:
    """The page; which part is in the address."""
    st.title("Learned")
    overview()
    address.one("show", list(PARTS), "payers")
    show = st.segmented_control(
        "Part", list(PARTS), format_func=PARTS.__getitem__, key="show", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    address.remember("show", show or "payers", "payers")
    {"payers": payers, "weights": weights, "agreements": agreements}[show or "payers"]()


render()
