"""On-call's part on events: what waits, what started runs and at which cost, and what other
thresholds would have meant."""

from __future__ import annotations

from decimal import Decimal
from html import escape

import streamlit as st

from dashboard import components as ui
from dashboard import data
from dashboard import format as fmt
from orchestration.home import Home, parse_as_of
from orchestration.intake import status

_TOLD = {
    "event": "An event of high value, at once",
    "tick": "Events that could wait",
    "landing": "Files that landed",
    "review": "Decisions of people",
    "schedule": "The schedule",
    "manual": "A person",
}


def show(reporting_currency: str) -> None:
    """Both tables, and how receivers and consumers are, where there are any."""
    rows = data.query("on_call_triggers")
    if not rows:
        return
    st.header("What starts runs", anchor="triggers")
    said = _said(status.read(Home.from_environment()))
    if said:
        ui.note(said)
    ui.table(
        [
            ui.Column("Started by", _started_by, "w"),
            ui.count_column("Runs", "runs"),
            ui.count_column("Rows read", "rows_in"),
            ui.count_column("Matches", "matches_made"),
            ui.text_column("Share of matches", "share_of_matches", _percent, "r"),
            ui.text_column("Usual time", "usual_seconds", fmt.seconds, "r"),
            ui.Column(
                "Cost of a match", lambda row: fmt.cost(row["cost_per_match"], row["currency"]), "r"
            ),
        ],
        rows,
        "",
        "The last 28 days. Cost: the run's time at the price of its engine "
        "(seeds/engine_prices.csv), over the matches that it made.",
        name="triggers",
    )
    thresholds = data.query("on_call_thresholds", reporting_currency=reporting_currency)
    if not thresholds:
        return
    with st.expander("What if events started runs from another amount on?"):
        ui.table(
            [
                ui.money_column("From", "least_amount"),
                ui.count_column("Charges at once", "charges"),
                ui.text_column("Share of charges", "share_of_charges", _percent, "r"),
                ui.text_column("Share of money", "share_of_amount", _percent, "r"),
                ui.Column("Runs a day", lambda row: f"{float(row['runs_a_day']):.1f}", "r"),
                ui.Column(
                    "Cost a day",
                    lambda row: fmt.cost(row["cost_a_day"], row["cost_currency"]),
                    "r",
                ),
            ],
            thresholds,
            "",
            f"Charges in {reporting_currency} of the last 28 days, against each threshold; those "
            "that come within one run's usual time share a run. The rest waits for its tick. The "
            "policy in force: seeds/intake_policies.csv.",
            name="thresholds",
        )


def _started_by(row: ui.Row) -> str:
    code = row["started_by"]
    return f'{escape(_TOLD.get(code, fmt.label(code)))}<span class="t-sub">{escape(code)}</span>'


def _percent(value: float | Decimal | None) -> str:
    return fmt.percent(None if value is None else Decimal(str(value)))


def _said(sections: dict[str, dict[str, object]]) -> str:
    """How the intake is, in a sentence; empty where there is none."""
    parts = []
    spool, consumer = sections.get("spool", {}), sections.get("consumer", {})
    receiver = sections.get("receiver", {})
    if receiver:
        refused = sum(
            value
            for name, value in receiver.items()
            if name.startswith(status.REFUSED) and isinstance(value, int)
        )
        parts.append(
            f"The receiver has kept {fmt.counted(_count(receiver, 'received'), 'event')} since it "
            f"started and refused {fmt.count(refused)}"
        )
    if consumer:
        parts.append(
            f"the stream's consumer lags by {fmt.counted(_count(consumer, 'lag'), 'message')}"
        )
    watch = sections.get("watch", {})
    unreadable = watch.get("unreadable")
    if isinstance(unreadable, dict) and unreadable:
        parts.append(
            f"{fmt.counted(sum(unreadable.values()), 'event')} cannot be read, because the map of "
            f"{', '.join(sorted(unreadable))} is broken"
        )
    if isinstance(watch.get("policies"), str):
        parts.append(
            "events start no run, because a row of seeds/intake_policies.csv is wrong; the watch's "
            "log says which"
        )
    if isinstance(watch.get("trouble"), str):
        parts.append("the watch cannot look for reasons to run; its log says why")
    parts += [
        f"the {name} was stopped in order at {fmt.timestamp(parse_as_of(str(told['at'])))}, "
        "and not started again"
        for name, told in sections.items()
        if told.get(status.STOPPED)
    ]
    if spool:
        outcomes = spool.get("outcomes")
        unknown = outcomes.get("unknown", 0) if isinstance(outcomes, dict) else 0
        parts.append(
            f"{fmt.counted(unknown, 'event')} of types that no map knows "
            f"{'is' if unknown == 1 else 'are'} kept"
        )
    return "; ".join(parts) + "." if parts else ""


def _count(section: dict[str, object], name: str) -> int:
    value = section.get(name)
    return value if isinstance(value, int) else 0
