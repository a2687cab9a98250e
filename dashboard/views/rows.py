"""Rows: the list behind a number, as its link names it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import components as ui
from dashboard import data, drill
from dashboard import format as fmt

PAGE_ROWS = 50
DOWNLOAD_ROWS = 1_000_000


def download(chosen: drill.RowSet, parameters: dict[str, str]) -> bytes:
    """The whole list as sanitized CSV, made when the button is pressed."""
    rows = data.stream(chosen.query, **parameters, limit=DOWNLOAD_ROWS, offset=0)
    return fmt.to_csv(rows, chosen.csv_columns, drill.CSV_CURRENCY)


def render() -> None:
    """The page of `?of=…`."""
    chosen = drill.ROW_SETS.get(st.query_params.get("of", ""))
    if chosen is None:
        st.title("Rows")
        ui.empty("No list chosen. Follow the link of a number on another page.")
        return
    given = {name: st.query_params.get(name, "") for name in chosen.open_parameters}
    parameters = {**chosen.fixed, **given}
    st.title(chosen.title)
    shown = ", ".join(
        f"{fmt.label(name).lower()} {value}" for name, value in given.items() if value
    )
    page_key = ui.key("page", chosen.title, parameters)
    page = ui.chosen_page(page_key)
    rows = data.query(chosen.query, **parameters, limit=PAGE_ROWS, offset=(page - 1) * PAGE_ROWS)
    total = rows[0]["row_count"] if rows else 0
    left, right = st.columns([4, 1], vertical_alignment="center")
    lead = [f"<b>{fmt.counted(total, 'row')}</b>"]
    if rows and given.get("currency") and "measured" in rows[0]:
        lead.append(f"<b>{ui.money(rows[0]['measured'], given['currency'])}</b> in all")
    if shown:
        lead.append(fmt.escaped(shown))
    left.html(f'<p class="t-lead" id="rows-lead">{" · ".join(lead)}</p>')
    right.download_button(
        "Download CSV",
        partial(download, chosen, parameters),
        file_name=f"tieout-{st.query_params['of']}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        disabled=not rows,
        width="stretch",
    )
    ui.table(chosen.columns, rows, "No rows.", name="rows")
    ui.pages(total, PAGE_ROWS, page_key)


render()
