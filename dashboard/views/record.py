"""Record: one item, from the file it came in to where its money is now."""

from __future__ import annotations

import streamlit as st

from dashboard import components as ui
from dashboard import record


def render() -> None:
    """The page of `?item_type=…&item_id=…`."""
    item_type = st.query_params.get("item_type", "")
    item_id = st.query_params.get("item_id", "")
    st.title("Record")
    if not item_type or not item_id:
        ui.empty("No item chosen. Follow a link from a table to an item, or find it under Debug.")
        return
    record.page(item_type, item_id)


render()
