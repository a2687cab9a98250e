"""The SLO board: each objective in words, its value over time, and its error budget."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from dashboard import components as ui
from dashboard import data
from dashboard import format as fmt

SPARK_WIDTH, SPARK_HEIGHT = 150, 30

DIMENSIONS = {"company": "Company", "tier": "Customer tier", "gateway": "Gateway", "batch": "File"}
PARTS = {
    "all": "All of it",
    "none": "None of them",
    "no_match": "Runs that matched no invoice",
}
BREAKDOWN_WINDOWS = (
    ("1 day", "one_day"),
    ("7 days", "seven_days"),
    ("28 days", "four_weeks"),
    ("This month", "this_month"),
)
BREAKDOWN_ROWS = 50


def show() -> None:
    """A row an objective, what is missed first."""
    rows = data.query("on_call_slo_board")
    st.header("Service levels", anchor="slos")
    ui.table(
        [
            ui.Column("28 days", lambda row: ui.met(row["met"]), "n"),
            ui.Column("Objective", _objective, "w"),
            ui.Column("Value", _value, "r"),
            ui.Column("60 days, each over 7", lambda row: spark(row["points"], row["target"]), "n"),
            ui.Column("Error budget left", _budget, "n"),
            ui.Column("Burn rate", _burn, "n"),
        ],
        rows,
        "No indicator has been measured yet.",
        "A burn rate of 1× spends exactly the budget of its window. No data: nothing happened that "
        "the indicator counts.",
        name="slos",
    )
    _breakdowns()
    with st.expander("What each counts"):
        ui.table(
            [
                ui.text_column("Objective", "title", kind="w"),
                ui.text_column("What it says", "meaning", kind="w"),
                ui.text_column("Counted", "numerator_counts", kind="w"),
                ui.text_column("Of", "denominator_counts", kind="w"),
                ui.text_column("What restates a past window", "restated", kind="w"),
            ],
            rows,
            "No objective has been published yet.",
            "Written in orchestration/slo, the only place where an objective is. Restated: events "
            "about which something became known on a later day than the one on which a run first "
            "saw theirs.",
            name="slo-definitions",
        )


def _breakdowns() -> None:
    """The indicators by part, and what an invoice cost there."""
    with st.expander("By tier, gateway and file"):
        dimension = st.segmented_control(
            "By",
            list(DIMENSIONS),
            default="tier",
            required=True,
            format_func=DIMENSIONS.__getitem__,
            key="breakdown",
            label_visibility="collapsed",
        )
        rows = data.query("on_call_breakdowns", dimension=dimension, limit=BREAKDOWN_ROWS)
        total = rows[0]["row_count"] if rows else 0
        ui.table(
            [
                ui.Column("Met, 28 days", _met, "n"),
                ui.Column(DIMENSIONS[dimension], _part, "w"),
                ui.Column("Indicator", _indicator, "w"),
                *(_window_column(heading, field) for heading, field in BREAKDOWN_WINDOWS),
                ui.count_column("Events, 28 days", "events"),
            ],
            rows,
            "Nothing has been measured yet.",
            (f"The first {len(rows)} of {fmt.count(total)}. " if total > len(rows) else "")
            + "Cost: each invoice that a run matched bears the same part of what its time cost "
            "(seeds/engine_prices.csv); runs that matched none are told by themselves.",
            name="breakdowns",
        )


def _met(row: ui.Row) -> str:
    """Of costs nothing is promised."""
    return fmt.NONE if row["unit"] == "money" else ui.met(row["met"])


def _part(row: ui.Row) -> str:
    if row["part"] in PARTS:
        return PARTS[row["part"]]
    return fmt.escaped(row["file_name"] or row["part"])


def _indicator(row: ui.Row) -> str:
    return escape(row["title"] or fmt.label(row["sli"]))


def _window_column(heading: str, field: str) -> ui.Column:
    def value(row: ui.Row) -> str:
        if row["unit"] == "money" and row[field] is not None:
            return fmt.cost(row[field], row["currency"])
        return escape(fmt.measure(row[field], row["unit"]))

    return ui.Column(heading, value, "r")


def _objective(row: ui.Row) -> str:
    goal = fmt.measure(row["target"], row["unit"])
    sign = "at least" if row["direction"] == "at_least" else "below"
    promised = ""
    if row["objective"] is not None and row["unit"] != "ratio":
        promised = f", in {fmt.percent(row['objective'], 2).rstrip()} of events"
    return (
        f"<b>{escape(row['title'] or fmt.label(row['slo']))}</b>"
        f'<span class="t-sub">{escape(f"{sign} {goal}{promised}")}</span>'
    )


def _value(row: ui.Row) -> str:
    if row["value"] is None:
        return fmt.NONE
    counted = f"{fmt.plain(row['numerator'])} of {fmt.plain(row['denominator'])}"
    below = f'<span class="t-sub">{escape(counted)}</span>' if row["unit"] == "ratio" else ""
    restated = (
        f'<span class="t-sub">{fmt.count(row["restated_events"])} restated</span>'
        if row["restated_events"]
        else ""
    )
    return f"<b>{escape(fmt.measure(row['value'], row['unit']))}</b>{below}{restated}"


def _budget(row: ui.Row) -> str:
    left = row["budget_remaining"]
    if left is None:
        return '<span class="t-sub">no data</span>'
    if row["is_overspent"]:
        return (
            '<span class="t-budget bad"><i style="width:100%"></i></span>'
            f'<span class="t-sub">✕ overspent by {fmt.percent(-left, 0)}</span>'
        )
    tone = "watch" if left < 0.25 else "good"
    return (
        f'<span class="t-budget {tone}"><i style="width:{float(left) * 100:.0f}%"></i></span>'
        f'<span class="t-sub">{fmt.percent(left, 0)} of {escape(row["budget_window"])} left</span>'
    )


def _burn(row: ui.Row) -> str:
    rates = [rate for rate in row["burn_rates"] or [] if rate["rate"] is not None]
    if not rates:
        return fmt.NONE
    return " ".join(
        f'<span class="t-burn{" over" if rate["rate"] > 1 else ""}">'
        f"{escape(rate['window'])} <b>{escape(fmt.times(rate['rate']))}</b></span>"
        for rate in rates
    )


def spark(points: Sequence[Mapping[str, Any]] | None, target: Any) -> str:
    """The values as a line, the target dashed. Positions are floats; the figures stand beside."""
    values = [
        (place, float(point["value"]))
        for place, point in enumerate(points or [])
        if point["value"] is not None
    ]
    if len(values) < 2:
        return '<span class="t-sub">no history</span>'
    goal = None if target is None else float(target)
    seen = [value for _, value in values] + ([goal] if goal is not None else [])
    low, high = min(seen), max(seen)
    span = (high - low) or 1.0
    last = max(len(points or []) - 1, 1)

    def x(place: int) -> float:
        return 2 + place / last * (SPARK_WIDTH - 6)

    def y(value: float) -> float:
        return 3 + (high - value) / span * (SPARK_HEIGHT - 6)

    line = " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in values)
    dashed = (
        f'<line x1="0" x2="{SPARK_WIDTH}" y1="{y(goal):.1f}" y2="{y(goal):.1f}" '
        'stroke="#7b8a99" stroke-dasharray="4 3"/>'
        if goal is not None
        else ""
    )
    end = values[-1]
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SPARK_WIDTH}" height="{SPARK_HEIGHT}">'
        f'{dashed}<polyline points="{line}" fill="none" stroke="#0b5c8a" stroke-width="1.6"/>'
        f'<circle cx="{x(end[0]):.1f}" cy="{y(end[1]):.1f}" r="2.4" fill="#0b5c8a"/></svg>'
    )
    # as an image: the page's own HTML is kept free of drawings
    encoded = b64encode(drawing.encode()).decode()
    return (
        f'<img class="t-spark" width="{SPARK_WIDTH}" height="{SPARK_HEIGHT}" '
        f'alt="values of the last 60 days" src="data:image/svg+xml;base64,{encoded}">'
    )
