"""Record: one item, from the file it came in to where its money is now."""

from __future__ import annotations

import streamlit as st

from dashboard import components as ui
from dashboard import format as fmt
from dashboard import record


def render() -> None:
    """The page of `?item_type=…&item_id=…`."""
    item_type = st.query_params.get("item_type", "")
    item_id = st.query_params.get("item_id", "")
    st.title("Record")
    if not item_type or not item_id:
        ui.empty("No item chosen. Follow a link from a table to an item.")
        return
    st.html(
        f'<p class="t-lead">{fmt.escaped(fmt.label(item_type))} '
        f'<b class="t-mono">{fmt.escaped(item_id)}</b></p>'
    )
    st.header("Where it stands")
    record.standing(item_type, item_id)
    st.header("Matches")
    record.matches(item_type, item_id, [])
    st.header("Candidates considered")
    record.candidates(item_type, item_id)
    st.header("Exceptions")
    record.exceptions(item_type, item_id)
    st.header("Trace")
    record.trace(item_type, item_id)


render()
