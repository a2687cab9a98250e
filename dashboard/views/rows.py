"""Rows: the list behind a number, as its link names it, with the sum that the number is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

import streamlit as st

from dashboard import close, data, drill, exports
from dashboard import components as ui
from dashboard import format as fmt

PAGE_ROWS = 50
DOWNLOAD_ROWS = 1_000_000
_NAMES = {"bucket": "days overdue", "window": "last days", "period": "up to the end of"}


def download(chosen: drill.RowSet, parameters: dict[str, Any]) -> bytes:
    """The whole list as sanitized CSV, made when the button is pressed."""
    rows = data.run_sql(
        data.used(), chosen.query, {**parameters, "limit": DOWNLOAD_ROWS, "offset": 0}
    )
    return fmt.to_csv(rows, chosen.csv_columns, drill.CSV_CURRENCY)


def workbook(chosen: drill.RowSet, parameters: dict[str, Any], total: int, shown: str) -> bytes:
    """The list as a workbook, as many rows as one is opened with at ease."""
    rows = data.run_sql(
        data.used(), chosen.query, {**parameters, "limit": exports.SHEET_ROWS, "offset": 0}
    )
    held = f"{fmt.counted(len(rows), 'row')} of {fmt.count(total)}"
    return exports.workbook(
        chosen.title,
        [("Filter", shown or "none"), ("Rows", held), ("Sum", chosen.note or "none")],
        [exports.Sheet("Rows", exports.fields(chosen.csv_columns, drill.CSV_CURRENCY), rows)],
    )


def lead(total: int, row: Mapping[str, Any] | None, chosen: drill.RowSet) -> str:
    """How many rows there are and what they add up to: in their currency, else in all."""
    parts = [f"<b>{fmt.counted(total, 'row')}</b>"]
    if row is None:
        return parts[0]
    sums = row.get("totals") or []
    base, currency = row.get("base_total"), row.get("reporting_currency")
    if len(sums) == 1:
        amount = ui.money(sums[0]["amount"], sums[0]["currency"])
        parts.append(f"<b>{amount}</b> {chosen.note}")
    elif base is not None:
        parts.append(f"<b>{ui.money(base, currency)}</b> {chosen.note}")
    html = " · ".join(parts)
    if len(sums) > 1:
        each = " · ".join(ui.money(one["amount"], one["currency"]) for one in sums)
        html += f'<span class="t-sub" id="rows-sums">made of {each}</span>'
    elif len(sums) == 1 and base is not None and sums[0]["currency"] != currency:
        html += f'<span class="t-sub" id="rows-sums">which is {ui.money(base, currency)}</span>'
    return html


def _value(name: str, value: str) -> str:
    """A filter's value in words; what the address holds wrongly, as it is."""
    if name == "period":
        try:
            return close.month(date.fromisoformat(value))
        except ValueError:
            return value
    return value


def render() -> None:
    """The page of `?of=…`."""
    chosen = drill.ROW_SETS.get(st.query_params.get("of", ""))
    if chosen is None:
        st.title("Rows")
        ui.empty("No list chosen. Follow the link of a number on another page.")
        return
    given: dict[str, Any] = {
        name: st.query_params.get(name, "") for name in chosen.open_parameters if name != "digits"
    }
    parameters = {**chosen.fixed, **given}
    if "digits" in chosen.open_parameters:
        reporting = data.query_one("publication")["reporting_currency"]
        parameters["digits"] = fmt.minor_digits(reporting) if reporting else 2
    shown = ", ".join(
        f"{_NAMES.get(name, fmt.label(name).lower())} {_value(name, value)}"
        for name, value in given.items()
        if value
    )
    page_key = ui.key("page", chosen.title, parameters)
    page = ui.chosen_page(page_key)
    rows = data.query(chosen.query, **parameters, limit=PAGE_ROWS, offset=(page - 1) * PAGE_ROWS)
    total = rows[0]["row_count"] if rows else 0
    with exports.title_row(chosen.title), st.popover("Export", icon=":material/download:"):
        name = f"tieout-{st.query_params['of']}"
        st.download_button(
            "Rows as XLSX", exports.later(partial(workbook, chosen, parameters, total, shown)),
            file_name=f"{name}.xlsx", mime=exports.XLSX, icon=":material/table_view:",
            on_click="ignore", disabled=not rows, width="stretch",
        )  # fmt: skip
        st.download_button(
            "Rows as CSV", exports.later(partial(download, chosen, parameters)),
            file_name=f"{name}.csv", mime="text/csv", icon=":material/csv:",
            on_click="ignore", disabled=not rows, width="stretch",
        )  # fmt: skip
        exports.print_button()
    filters = f'<span class="t-sub">Only: {fmt.escaped(shown)}</span>' if shown else ""
    first = rows[0] if rows else None
    st.html(f'<div class="t-lead" id="rows-lead">{lead(total, first, chosen)}{filters}</div>')
    ui.table(
        chosen.columns,
        rows,
        "No rows: nothing is left of this number, or the filter in the address matches nothing.",
        name="rows",
        stacked=True,
    )
    ui.pages(total, PAGE_ROWS, page_key)


render()
