"""Maintenance windows that open again and again: the form for one, and the list of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from html import escape
from zoneinfo import available_timezones

import streamlit as st

from dashboard import access, status
from orchestration import controls
from orchestration.controls import WEEKDAYS, Recurrence
from orchestration.home import Home, TieoutError
from orchestration.review.people import Permission

DAY_TITLES = dict(
    zip(
        WEEKDAYS,
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
)


def recurring_form(key: str, group_key: str = controls.ALL) -> None:
    """On which days, from when, how long and why; until somebody ends it."""
    zones = sorted(available_timezones())
    here = st.context.timezone or "UTC"
    with st.expander("Again and again, on weekdays"), st.form(f"{key}-recurs", border=False):
        days = st.pills(
            "On",
            list(WEEKDAYS),
            format_func=DAY_TITLES.__getitem__,
            selection_mode="multi",
            key=f"{key}-days",
        )
        opens = st.time_input("From", time(22), key=f"{key}-opens")
        zone = st.selectbox(
            "By the clocks of",
            zones,
            index=zones.index(here) if here in zones else zones.index("UTC"),
            key=f"{key}-zone",
        )
        minutes = st.number_input("Minutes", 1, 1440, 60, step=15, key=f"{key}-minutes")
        why = st.text_input("Why, each time", max_chars=200, key=f"{key}-recurs-why")
        if st.form_submit_button("Repeat it", type="primary"):
            try:
                controls.open_window(
                    Home.from_environment(),
                    access.require(Permission.OPERATE),
                    None,
                    why,
                    group_key=group_key,
                    recurs=Recurrence(tuple(days), f"{opens:%H:%M}", zone, int(minutes)),
                )
            except TieoutError as error:
                st.error(str(error), icon=":material/error:")
            else:
                status.noted_in.clear()
                st.rerun()


def said(recurs: str) -> str:
    """A recurrence in words, as safe HTML."""
    told = Recurrence.read(recurs)
    days = ", ".join(DAY_TITLES[day] for day in told.weekdays)
    return escape(f"{days} from {told.starts} ({told.zone}), {told.minutes} minutes")


def about(windows: Sequence[controls.Control]) -> str:
    """How many there are, for a heading."""
    return f"Recurring maintenance windows ({len(windows)})"
