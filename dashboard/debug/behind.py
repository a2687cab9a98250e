"""The SQL behind a number: every query of the app, and the models that it reads.

With the debug mode on, every page ends with the queries that it ran.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import address, data, project
from dashboard import components as ui
from dashboard import format as fmt

MODE = "debug_mode"
PARAMETER = "sql"

_PAGES = {
    "executive": "Executive", "on_call": "On-call", "exceptions": "Exceptions",
    "exception": "Exceptions", "rows": "Rows", "record": "Record", "life": "Record and Debug",
    "proof": "Record and Debug", "debug": "Debug", "publication": "Every page",
}  # fmt: skip


def page_of(query: str) -> str:
    """The page that a query belongs to, by the longest start of its name."""
    starts = [start for start in _PAGES if query.startswith(start)]
    if starts:
        return _PAGES[max(starts, key=len)]
    return fmt.label(query.partition("_")[0])


def part() -> None:
    """All queries by page, or one, or one model."""
    mode()
    model = st.query_params.get("model", "")
    query = st.query_params.get("query", "")
    if model:
        show_model(model)
        return
    if query:
        show_query(query)
        return
    address.one("search", None, "")
    search = st.text_input(
        "Find a query or table", placeholder="name, mart or words", key="search"
    ).strip()
    address.remember("search", search)
    rows = [
        {
            "page": page_of(one.name),
            "name": one.name,
            "purpose": one.purpose,
            "marts": one.marts,
        }
        for one in project.queries().values()
        if search.lower() in f"{one.name} {one.purpose} {' '.join(one.marts)}".lower()
    ]
    rows.sort(key=lambda row: (row["page"], row["name"]))
    ui.table(
        [
            ui.text_column("Page", "page", kind="n"),
            ui.Column("Query", _query, "w"),
            ui.Column("Reads", lambda row: _models(row["marts"]), "w"),
        ],
        rows,
        "No query has these words.",
        name="queries",
    )


def _query(row: ui.Row) -> str:
    link = ui.anchor(escape(row["name"]), ui.link("debug", part="sql", query=row["name"]))
    return f'{link}<span class="t-sub">{escape(row["purpose"])}</span>'


def mode() -> None:
    """The switch; the parameter of an address turns it on, too."""
    st.toggle(
        "Debug mode: every page ends with the SQL behind its numbers",
        value=is_on(),
        key="debug_switch",
        on_change=lambda: st.session_state.update({MODE: st.session_state["debug_switch"]}),
    )


def is_on() -> bool:
    """Whether this session wants to see SQL."""
    if st.query_params.get(PARAMETER) == "on":
        st.session_state[MODE] = True
    return bool(st.session_state.get(MODE))


def _models(names: list[str]) -> str:
    return ", ".join(
        ui.anchor(escape(name), ui.link("debug", part="sql", model=name)) for name in names
    )


def show_query(name: str) -> None:
    """One query: what it gives, what it reads, its text."""
    query = project.queries().get(name)
    back = ui.anchor("all queries", ui.link("debug", part="sql"))
    if query is None:
        ui.empty(f"There is no query {name}.")
        st.html(f"<p>Back to {back}.</p>")
        return
    st.html(
        f'<p class="t-lead" id="subject">Query <b>{escape(name)}</b> of {escape(page_of(name))} · '
        f"back to {back}</p>"
    )
    ui.note(query.purpose)
    st.html(f"<p>Reads {_models(query.marts)}.</p>" if query.marts else "")
    st.code(query.sql, language="sql", line_numbers=True)


def show_model(name: str) -> None:
    """One model: what it says of itself, its columns, its SQL, and what it reads."""
    model = project.model(name)
    back = ui.anchor("all queries", ui.link("debug", part="sql"))
    if model is None:
        ui.empty(f"There is no model {name} in the project: it may be a source or a seed.")
        st.html(f"<p>Back to {back}.</p>")
        return
    st.html(
        f'<p class="t-lead" id="subject">Model <b>{escape(name)}</b> '
        f'<span class="t-mono">{escape(model.path)}</span> · back to {back}</p>'
    )
    if model.description:
        ui.note(model.description)
    used = [one for one in project.queries().values() if name in one.marts]
    if used:
        named = ", ".join(
            ui.anchor(escape(one.name), ui.link("debug", part="sql", query=one.name))
            for one in used
        )
        st.html(f"<p>Read by {named}.</p>")
    if model.reads:
        st.html(f"<p>Reads {_models(model.reads)}.</p>")
    if model.columns:
        with st.expander(f"{len(model.columns)} columns"):
            ui.table(
                [
                    ui.text_column("Column", "name", kind="n"),
                    ui.text_column("Type", "type", kind="n"),
                    ui.text_column("What it is", "description", kind="w"),
                ],
                [
                    {"name": column, "type": kind, "description": words}
                    for column, kind, words in model.columns
                ],
                "No column is described.",
                name="columns",
            )
    st.code(model.sql, language="sql", line_numbers=True)


def footer() -> None:
    """In debug mode: the queries that this page ran, with their parameters."""
    if not is_on():
        return
    asked = data.asked()
    st.divider()
    with st.expander(f"SQL behind this page ({len(asked)} queries)", icon=":material/database:"):
        for name, parameters in asked.items():
            query = project.queries().get(name)
            if query is None:
                continue
            link = ui.link("debug", part="sql", query=name)
            st.html(
                f"<p>{ui.anchor(escape(name), link)} · {escape(query.purpose)} "
                f"Reads {_models(query.marts)}.</p>"
            )
            given = {key: value for key, value in parameters.items() if value not in ("", [], ())}
            if given:
                st.html(f'<p class="t-note t-mono">{fmt.escaped(given)}</p>')
            st.code(query.sql, language="sql")
