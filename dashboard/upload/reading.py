"""How a file is read, shown before it lands: totals to tick off, what does not fit, first rows."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape

import streamlit as st

from dashboard import components as ui
from dashboard import format as fmt
from orchestration.imports import maps
from orchestration.imports.command import rule_said
from orchestration.imports.maps import Map
from orchestration.imports.offer import BankSummary
from orchestration.imports.reading import Reading, Shown, Total, problems_by_kind
from orchestration.imports.vocabulary import contract

SHOWN_PROBLEMS = 12


def label(column: str) -> str:
    """A feed's column as words."""
    return fmt.label(column)


def controls(found: Map, reading: Reading) -> None:
    """Counts and sums to tick against the source."""
    part = "of the first " if reading.is_partial else ""
    entries = [
        (
            "Rows that can be read",
            f"<b>{fmt.count(reading.good)}</b> of {part}{fmt.count(reading.rows)}",
        )
    ]
    account = found.columns.get("account_id")
    if account is not None and account.constant is not None:
        entries.insert(0, ("Account, which the file does not say", escape(account.constant)))
    if reading.bad:
        entries.append(("Rows with problems", ui.badge(f"{reading.bad:,}", "watch")))
    for why, count in reading.left_out.items():
        entries.append(("Left out", f"{fmt.count(count)} · {escape(why)}"))
    if reading.repeats:
        entries.append(("Say the same as another row", fmt.count(reading.repeats)))
    entries += [(f"Sum of {label(t.column).lower()}", total_html(t)) for t in reading.totals]
    for stated in reading.stated:
        if stated.agrees is None:
            continue
        badge = (
            ui.badge("agrees with the rows", "good")
            if stated.agrees
            else ui.badge(f"the rows come to {figures(str(stated.counted))}", "bad")
        )
        entries.append((f"Total in line {stated.line:,}: {figures(str(stated.stated))}", badge))
    if reading.first_day:
        span = f"{reading.first_day} to {reading.last_day}"
        entries.append(("Dates", escape(span)))
    ui.facts(entries)


def total_html(total: Total) -> str:
    """A sum with its currency, and both directions where there are two."""
    if not total.currency:
        return escape(f"{total.amount:,}")
    html = f"<b>{ui.money(total.amount, total.currency)}</b>"
    if total.incoming and total.outgoing:
        html += (
            f'<span class="t-sub">{escape(fmt.number(total.incoming, total.currency, True))} in, '
            f"{escape(fmt.number(total.outgoing, total.currency))} out</span>"
        )
    return html


def problems(reading: Reading) -> None:
    """What does not fit: line, column, value, and how to mend it."""
    if not reading.problems:
        return
    shown = reading.problems[:SHOWN_PROBLEMS]
    rows = [
        {"line": p.line, "column": p.column, "value": p.value, "reason": p.reason} for p in shown
    ]
    caption = (
        "Rows with problems go to quarantine with this reason; the others do not wait for them. "
        "Mend the file and land it again, and they are resolved."
    )
    if reading.problem_count > len(shown):
        kinds = "; ".join(
            f"{times:,} × {column}: {reason}"
            for column, reason, times in list(problems_by_kind(reading))[:4]
        )
        caption = f"{reading.problem_count:,} problems in all. {kinds}. {caption}"
    ui.table(
        [
            ui.count_column("Line", "line"),
            ui.text_column("Column", "column"),
            ui.text_column("Value", "value", kind="w"),
            ui.text_column("What is wrong, and how to mend it", "reason", kind="w"),
        ],
        rows,
        "",
        caption,
        name="upload-problems",
    )


def preview(found: Map, reading: Reading) -> None:
    """The first rows as they would be read, with what stands in the file below each value."""
    if not reading.preview:
        return
    columns = telling_columns(found, list(reading.preview[0].values))
    header = {maps.folded(name): place for place, name in enumerate(found_header(found, reading))}
    feed = contract().feeds[found.feed]
    head_cells = "".join(
        f'<th scope="col" class="{"r" if feed.column(c).kind == "money" else ""}">'
        f'{escape(label(c))}<span class="t-sub">{escape(rule_said(found.columns[c]))}</span></th>'
        for c in columns
    )
    body = "".join(
        f'<tr><td class="r">{shown.line:,}</td>'
        + "".join(preview_cell(found, shown, c, header) for c in columns)
        + "</tr>"
        for shown in reading.preview[:6]
    )
    ui.note("As it would be read; in grey, what stands in the file where that differs.")
    st.html(
        '<div class="t-scroll"><table class="t t-upload-preview" id="table-upload-preview">'
        f'<thead><tr><th scope="col" class="r">Line</th>{head_cells}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def telling_columns(found: Map, columns: Sequence[str]) -> list[str]:
    """Columns that tell something of their own: no made ids, and no second reading of the same."""
    told: list[str] = []
    for column in columns:
        rule = found.columns[column]
        if not rule.hash_of and all(found.columns[other] != rule for other in told):
            told.append(column)
    return told


def found_header(found: Map, reading: Reading) -> Sequence[str]:
    """The columns of the file itself: those of a preset are fewer."""
    return reading.header or found.header


def preview_cell(found: Map, shown: Shown, column: str, header: dict[str, int]) -> str:
    """A value, with its text in the file below where that is another."""
    looked = found.columns[column].reads
    places = [header[maps.folded(n)] for n in looked if maps.folded(n) in header]
    original = " · ".join(shown.original[p].strip() for p in places if shown.original[p].strip())
    value = shown.values[column]
    is_money = contract().feeds[found.feed].column(column).kind == "money"
    is_bad = any(p.column == ", ".join(looked) for p in shown.problems) and bool(looked)
    if is_bad:
        html = ui.badge("not readable", "watch")
    else:
        html = escape(figures(value) if is_money else value) or fmt.NONE
    if original and original != value:
        html += f'<span class="t-sub">{escape(original)}</span>'
    return f'<td class="{"r" if is_money else "w" if len(value) > 24 else "n"}">{html}</td>'


def figures(value: str) -> str:
    """An amount as it is read, with thousands set apart; anything else as it is."""
    try:
        exact = Decimal(value)
        whole = exact if "." not in value or len(value.partition(".")[2]) > 1 else f"{exact:.2f}"
        return f"{Decimal(whole):,}".replace("-", fmt.MINUS)
    except ArithmeticError:
        return value


def bank(found: BankSummary) -> None:
    """What a bank file holds."""
    entries = [
        ("Items", f"<b>{fmt.count(found.items)}</b>"),
        ("Accounts", escape(", ".join(found.accounts))),
        *((f"Sum in {t.currency}", total_html(t)) for t in found.totals),
    ]
    if found.first_day:
        entries.append(("Dates", escape(f"{found.first_day} to {found.last_day}")))
    if found.rejected:
        entries.append(("Cannot be read", ui.badge(f"{found.rejected:,} items", "watch")))
    if found.statements:
        badge = (
            ui.badge(f"{found.unbalanced} do not add up", "bad")
            if found.unbalanced
            else ui.badge("balances add up", "good")
        )
        entries.append(("Statements", f"{fmt.count(found.statements)} {badge}"))
    ui.facts(entries)
