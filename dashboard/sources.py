"""Rows as their source delivered them, for those who may see personal data, masked for others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

import streamlit as st

from dashboard import data
from dashboard import format as fmt
from orchestration import source_rows
from orchestration.home import Home

MOST_CHANGES = 4
"""Changes of a version that its sentence names; the others are among the particulars."""


@dataclass(frozen=True)
class Came:
    """A row of raw, and the version of the same record before it."""

    row: source_rows.Version
    before: source_rows.Version | None


def may_see() -> bool:
    """Whether this person may see personal data."""
    return not data.is_masked()


@st.cache_data(show_spinner=False, max_entries=256)
def _versions(_key: data.PublicationKey, home: str, feed: str, item_id: str) -> list[Any]:
    return source_rows.versions(Home.from_environment(), feed, item_id)


def landed_versions(item_id: str, feeds: Sequence[str]) -> dict[str, list[Came]]:
    """The rows of a record by the batch that they came in, each with the one before it."""
    home = str(Home.from_environment().root)
    found: dict[str, list[Came]] = {}
    for feed in dict.fromkeys(source_rows.record_feed(feed) for feed in feeds):
        latest: dict[Any, source_rows.Version] = {}
        for row in _versions(data.used().key, home, feed, item_id):
            found.setdefault(row.batch_id, []).append(Came(row, latest.get(row.key)))
            latest[row.key] = row
    return found


def changes_in_words(came: Sequence[Came]) -> str:
    """What differs from the version before: `Status: open → void.`, as safe HTML."""
    changes = [
        (column, before, after)
        for one in came
        if one.before
        for column, before, after in source_rows.differences(one.before, one.row)
    ]
    if not changes:
        return "Nothing differs from the version before." if any(c.before for c in came) else ""
    named = "; ".join(
        f"{escape(fmt.label(column))}: {_value(column, before)} → {_value(column, after)}"
        for column, before, after in changes[:MOST_CHANGES]
    )
    more = len(changes) - MOST_CHANGES
    return f"{named}{f'; and {more} more' if more > 0 else ''}."


def rows_html(came: Sequence[Came]) -> str:
    """Each row field by field, what changed marked; empty where the rows are not here."""
    return "".join(_row_html(one) for one in came)


def _row_html(one: Came) -> str:
    changed = (
        {column for column, _, _ in source_rows.differences(one.before, one.row)}
        if one.before
        else set()
    )
    cells = "".join(
        f'<div class="{"changed" if column in changed else ""}"><dt>{escape(column)}</dt>'
        f"<dd>{_value(column, value)}"
        + (
            f'<span class="t-sub">was {_value(column, one.before.values.get(column))}</span>'
            if one.before and column in changed
            else ""
        )
        + "</dd></div>"
        for column, value in one.row.values.items()
        if value not in (None, "", []) or column in changed
    )
    return (
        f'<dl class="t-facts t-source">{cells}</dl>'
        f'<p class="t-note">Row {one.row.row_number:,} of its file, '
        f'row hash <span class="t-mono">{escape(one.row.row_hash)}</span></p>'
    )


def _value(column: str, value: Any) -> str:
    """A raw value as it stands there, or dots where it may name somebody."""
    if value is None or value == "":
        return fmt.NONE
    if source_rows.is_personal(column) and not may_see():
        return source_rows.HIDDEN
    if isinstance(value, Decimal):
        return escape(fmt.plain(value))
    if isinstance(value, datetime | date):
        return escape(value.isoformat(sep=" ") if isinstance(value, datetime) else str(value))
    if isinstance(value, list):
        return escape(", ".join(str(element) for element in value))
    return escape(str(value))


def sample_html(rows: Sequence[source_rows.Version]) -> str:
    """Rows as a table of the columns that hold anything, as HTML."""
    columns = [
        column
        for column in (rows[0].values if rows else ())
        if any(row.values.get(column) not in (None, "", []) for row in rows)
    ]
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in ("row", *columns))
    body = "".join(
        f'<tr><td class="r">{row.row_number:,}</td>'
        + "".join(f'<td class="n">{_value(name, row.values.get(name))}</td>' for name in columns)
        + "</tr>"
        for row in rows
    )
    return (
        '<div class="t-scroll"><table class="t" id="table-sample">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def payload_html(refused: data.Row) -> str:
    """The landed line behind a refused row, the refused column marked, as HTML.

    For those who may not see personal data only the columns that hold none are left; a line that
    is no record is hidden whole.
    """
    line = source_rows.landed_line(
        Home.from_environment(),
        refused["feed"],
        refused["file_name"],
        refused["batch_id"],
        refused["line_number"],
    )
    if line is None:
        return '<p class="t-note">The landed file is not there any more, or has no such line.</p>'
    caution = (
        '<p class="t-note">The file of this name has changed since; this is its line now.</p>'
        if line.is_same_file is False
        else ""
    )
    fields = source_rows.fields(line)
    if fields is not None:
        shown = (
            (name, value if may_see() else source_rows.without_personal({name: value})[name])
            for name, value in fields.items()
        )
        cells = "".join(
            f'<div class="{"changed" if name == refused["column_name"] else ""}">'
            f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>"
            for name, value in shown
            if value not in (None, "") or name == refused["column_name"]
        )
        raw = (
            f"<details><summary>As it stands in the file</summary>{_lines_html(line, refused)}"
            "</details>"
            if may_see()
            else ""
        )
        return f'{caution}<dl class="t-facts t-source">{cells}</dl>{raw}'
    if not may_see():
        return (
            f'{caution}<p class="t-note">Hidden: it may hold personal data, which your role may '
            "not see.</p>"
        )
    return caution + _lines_html(line, refused)


def _lines_html(line: source_rows.LandedLine, refused: data.Row) -> str:
    lines = "\n".join(
        f"<mark>{number:>5} {escape(text)}</mark>"
        if number == refused["line_number"] and len(line.lines) > 1
        else f"{number:>5} {escape(text)}"
        for number, text in line.lines
    )
    return f'<pre class="t-pre">{lines}</pre>'
