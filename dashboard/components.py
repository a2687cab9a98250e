"""How values are laid out: cards, tables, facts, badges. Every value is escaped here.

Pages are made of HTML tables where the reader reads, because a table then is a real table (for a
screen reader, for print, for find-in-page), and every number in it can be a link to its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from html import escape
from typing import Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from dashboard import format as fmt

Row = Mapping[str, Any]
Tone = Literal["good", "watch", "bad", "calm"]
Render = Callable[[Row], str]
Target = Callable[[Row], str | None]

_MARKS: Mapping[Tone, str] = {"good": "✓", "watch": "▲", "bad": "✕", "calm": "○"}
_SEVERITY: Mapping[str, tuple[Tone, str]] = {
    "critical": ("bad", "◆"),
    "high": ("watch", "▲"),
    "medium": ("calm", "●"),
    "low": ("calm", "○"),
    "page": ("bad", "◆"),
    "ticket": ("watch", "▲"),
    "info": ("calm", "○"),
}
_STATUS_TONE: Mapping[str, Tone] = {
    "closed": "good", "matched": "good", "settled": "good", "applied": "good",
    "auto_closed": "good", "approved": "good", "resolved": "good", "credited": "good",
    "suggested": "watch", "pending_approval": "watch", "in_review": "watch", "partial": "watch",
    "partially_matched": "watch", "partially_applied": "watch", "escalated": "watch",
    "firing": "bad", "disputed": "bad", "reversed": "bad", "rejected": "bad",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A table column: its header, how a row's cell is rendered (as safe HTML), its alignment."""

    header: str
    render: Render
    kind: Literal["", "r", "n", "w"] = ""


def link(page: str, **parameters: Any) -> str:
    """A relative address of a page, with the given query parameters (nones and blanks left out)."""
    given = {name: value for name, value in parameters.items() if value not in (None, "")}
    return f"{page}?{urlencode(given, doseq=True)}" if given else page


def anchor(html: str, target: str | None) -> str:
    """Safe HTML as a link; without a target, just the HTML."""
    if target is None:
        return html
    return f'<a class="t-link" href="{escape(target, quote=True)}">{html}</a>'


def badge(text: str, tone: Tone, mark: str | None = None) -> str:
    """A word with a shape and a colour that say the same."""
    return f'<span class="t-badge {tone}">{mark or _MARKS[tone]} {escape(text)}</span>'


def mark(tone: Tone) -> str:
    """The shape that says what the colour says, for those who see no colour."""
    return f'<span class="t-mark {tone}" aria-hidden="true">{_MARKS[tone]}</span>'


def severity(code: str | None) -> str:
    """The badge of a severity."""
    tone, mark = _SEVERITY.get(code or "", ("calm", "○"))
    return badge(fmt.label(code), tone, mark)


def status(code: str | None) -> str:
    """The badge of a status."""
    return badge(fmt.label(code), _STATUS_TONE.get(code or "", "calm"))


def met(value: bool | None) -> str:
    """The badge of a target that is met, missed or not measurable."""
    if value is None:
        return badge("no data", "calm")
    return badge("met", "good") if value else badge("missed", "bad")


def moment(value: datetime | None) -> str:
    """A moment (naive UTC) in the reader's time zone, with UTC as its tooltip."""
    utc = escape(fmt.timestamp(value))
    zone = st.context.timezone
    if value is None or zone is None:
        return utc
    with suppress(ZoneInfoNotFoundError, ValueError):
        local = value.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        return (
            f'<time datetime="{value:%Y-%m-%dT%H:%M}Z" title="{utc}">'
            f"{fmt.day(local)} {local:%H:%M} {escape(local.tzname() or '')}</time>"
        )
    return utc


def money(amount: Decimal | None, currency: str | None) -> str:
    """An amount with its currency code, as HTML."""
    text = fmt.money(amount, currency)
    code, space, figures = text.rpartition(" ")
    if not space:
        return escape(text)
    return f'<span class="t-code">{escape(code)} </span>{escape(figures)}'


def rounded(amount: Decimal | None, currency: str | None) -> str:
    """An amount of three figures, the exact one as its tooltip, as HTML."""
    text = fmt.rounded(amount, currency).replace(" ", "\N{NO-BREAK SPACE}")
    return f'<span title="{escape(fmt.money(amount, currency), quote=True)}">{escape(text)}</span>'


def money_column(
    header: str,
    field: str,
    currency_field: str = "currency",
    target: Target = lambda row: None,
    share_field: str | None = None,
) -> Column:
    """A right-aligned amount, optionally a link to its rows, optionally with a bar below."""

    def render(row: Row) -> str:
        amount = row[field]
        html = money(amount, row[currency_field])
        if amount:
            html = anchor(html, target(row))
        if share_field and row[share_field]:
            width = min(100.0, 100 * float(row[share_field]))
            html += f'<span class="t-bar"><i style="width:{width:.0f}%"></i></span>'
        return html

    return Column(header, render, "r")


def count_column(header: str, field: str, target: Target = lambda row: None) -> Column:
    """A right-aligned count, optionally a link to its rows."""
    return Column(
        header,
        lambda row: anchor(fmt.count(row[field]), target(row) if row[field] else None),
        "r",
    )


def text_column(
    header: str,
    field: str,
    write: Callable[[Any], str] = fmt.text,
    kind: Literal["", "r", "n", "w"] = "",
    target: Target = lambda row: None,
) -> Column:
    """A text cell, optionally a link; moments are shown in the reader's time zone."""

    def render(row: Row) -> str:
        value = row[field]
        return anchor(
            moment(value) if write is fmt.timestamp else escape(write(value)), target(row)
        )

    return Column(header, render, kind)


def customer_column(header: str = "Customer") -> Column:
    """Name with the id below, or the id alone."""

    def render(row: Row) -> str:
        identifier = row["customer_id"]
        if identifier is None:
            return fmt.NONE
        name = row.get("customer") or row.get("legal_name")
        if not name:
            return escape(identifier)
        return f'{escape(name)}<span class="t-sub">{escape(identifier)}</span>'

    return Column(header, render, "w")


def item_column(
    header: str = "Item",
    type_field: str = "item_type",
    id_field: str = "item_id",
    number_field: str = "",
) -> Column:
    """An item, a link to its record, with its type below.

    It is named by its number, the id as its tooltip; without a number by its id.
    """

    def render(row: Row) -> str:
        identifier = row[id_field]
        if identifier is None:
            return fmt.NONE
        target = link("record", item_type=row[type_field], item_id=identifier)
        number = row[number_field] if number_field else None
        words = f'<span class="t-mono">{escape(identifier)}</span>'
        if number:
            words = f'<span title="{escape(identifier, quote=True)}">{escape(number)}</span>'
        return (
            anchor(words, target)
            + f'<span class="t-sub">{escape(fmt.label(row[type_field]))}</span>'
        )

    return Column(header, render, "w")


def table(
    columns: Sequence[Column],
    rows: Sequence[Row],
    empty: str,
    caption: str = "",
    name: str = "",
    stacked: bool = False,
) -> None:
    """A table, or the sentence `empty` when there are no rows.

    On a phone a row of a `stacked` table is a card: its first cell as the title, then what each
    other cell is and holds, empty ones left out.
    """
    if not rows:
        st.html(f'<div class="t-empty">{escape(empty)}</div>')
        return
    st.html(table_html(columns, rows, caption, name, stacked))


def table_html(
    columns: Sequence[Column],
    rows: Sequence[Row],
    caption: str = "",
    name: str = "",
    stacked: bool = False,
) -> str:
    """A table as HTML, to stand inside other HTML."""
    head = "".join(
        f'<th scope="col" class="{column.kind}">{escape(column.header)}</th>' for column in columns
    )
    body = "".join(
        "<tr>" + "".join(_cell(column, row, stacked) for column in columns) + "</tr>"
        for row in rows
    )
    foot = f"<caption>{escape(caption)}</caption>" if caption else ""
    identifier = f' id="table-{escape(name, quote=True)}"' if name else ""
    return (
        f'<div class="t-scroll"><table class="t{" t-stack" if stacked else ""}"{identifier}>'
        f"{foot}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(column: Column, row: Row, stacked: bool) -> str:
    html = column.render(row)
    if not stacked:
        return f'<td class="{column.kind}">{html}</td>'
    empty = " t-none" if html == fmt.NONE else ""
    header = escape(column.header, quote=True)
    return f'<td class="{column.kind}{empty}" data-th="{header}">{html}</td>'


def facts(entries: Sequence[tuple[str, str]]) -> None:
    """A list of labelled facts; values are safe HTML."""
    st.html(facts_html(entries))


def facts_html(entries: Sequence[tuple[str, str]]) -> str:
    """A list of labelled facts as HTML; values are safe HTML."""
    body = "".join(f"<div><dt>{escape(term)}</dt><dd>{html}</dd></div>" for term, html in entries)
    return f'<dl class="t-facts">{body}</dl>'


@dataclass(frozen=True)
class Card:
    """A figure with its title, one line of context, and a link to its rows; all safe HTML."""

    title: str
    value: str
    context: str = ""
    tone: Tone = "calm"
    target: str | None = None
    link_text: str = ""
    name: str = ""


def cards(entries: Sequence[Card], stacked: bool = False) -> None:
    """A row of figures that wraps on a narrow screen, or one below the other."""
    body = "".join(
        f'<section class="t-card {card.tone}" id="{escape(card.name, quote=True)}">'
        f"<h2>{escape(card.title)}</h2>"
        f'<div class="t-value">{card.value}</div>'
        + (f"<p>{card.context}</p>" if card.context else "")
        + (anchor(escape(card.link_text), card.target) if card.target else "")
        + "</section>"
        for card in entries
    )
    st.html(f'<div class="t-cards{" one" if stacked else ""}">{body}</div>')


def key(name: str, *parts: object) -> str:
    """A widget key that changes with `parts`, so that the widget starts anew when they change."""
    return f"{name}-{sha256(repr(parts).encode()).hexdigest()[:12]}"


def chosen_page(page_key: str) -> int:
    """The page, from 1, that the pagination under `page_key` stands on."""
    return int(st.session_state.get(page_key) or 1)


def pages(total: int, page_rows: int, page_key: str) -> None:
    """The pagination of a list of `total` rows; nothing when they fit on one page."""
    count = -(-total // page_rows)
    if count > 1:
        st.pagination(count, key=page_key)


def hash_text(value: str | None) -> str:
    """A long id or hash, cut, with the whole of it as its tooltip."""
    if value is None:
        return fmt.NONE
    cut = escape(fmt.short(value))
    return f'<span class="t-mono" title="{escape(value, quote=True)}">{cut}</span>'


def note(text: str) -> None:
    """A line of explanation."""
    st.html(f'<p class="t-note">{escape(text)}</p>')


def empty(text: str) -> None:
    """A sentence in place of something that is not there."""
    st.html(f'<div class="t-empty">{escape(text)}</div>')
