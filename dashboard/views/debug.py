"""Debug: any id's whole life, the rules, what sources delivered, and the SQL behind a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard import address
from dashboard.debug import behind, files, find, rule_book

PARTS: Mapping[str, tuple[str, Callable[[], None]]] = {
    "find": ("Find", find.part),
    "rules": ("Rules", rule_book.part),
    "sources": ("Sources", files.part),
    "sql": ("SQL", behind.part),
}


def render() -> None:
    """The page of `?part=…`."""
    st.title("Debug")
    address.one("part", list(PARTS), "find")
    chosen = st.segmented_control(
        "Part",
        list(PARTS),
        format_func=lambda name: PARTS[name][0],
        required=True,
        key="part",
        label_visibility="collapsed",
    )
    if chosen != st.query_params.get("part", "find"):
        # turned to by hand: what the address says of the part before goes
        st.query_params.clear()
    address.remember("part", chosen or "find", "find")
    PARTS[chosen or "find"][1]()


render()
