"""The text of runbooks: Markdown files of this project, named by path in the marts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import components as ui
from dashboard import format as fmt

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / "orchestration" / "runbooks"
_CODE = re.compile(r"^`[a-z_]+`\n", re.MULTILINE)
_SECTION = re.compile(r"\n(?=#{1,5} )")

_PLACE = re.compile(r"\{\{(?P<name>[a-z_]+)\}\}")


@cache
def text(runbook: str) -> str | None:
    """The Markdown of a runbook; None when the project has no such file.

    Only files inside the project's own folder of runbooks are read, whatever the name says.
    """
    path = (PROJECT / runbook.partition("#")[0]).resolve()
    if path.suffix != ".md" or not path.is_relative_to(FOLDER) or not path.is_file():
        return None
    return demoted(path.read_text(encoding="utf-8"))


def demoted(markdown: str) -> str:
    """Markdown with its headings two levels lower, as it stands inside a page with a title."""
    lines = []
    is_code = False
    for line in markdown.splitlines():
        is_code ^= line.startswith("```")
        lines.append(f"##{line}" if line.startswith("#") and not is_code else line)
    return "\n".join(lines)


def parted(markdown: str) -> tuple[str, str]:
    """What a clerk reads, and the sections that hold a query, which an analyst runs."""
    read: list[str] = []
    queries: list[str] = []
    for section in _SECTION.split(_CODE.sub("", markdown)):
        (queries if "```" in section else read).append(section)
    return "\n\n".join(read), "\n\n".join(queries)


def filled_in(body: str, values: Mapping[str, Any]) -> str:
    """A runbook with values in place of `{{name}}`, quotes doubled where a query has them.

    What is not known stays as it is, so that one sees what is to be filled in.
    """

    def value_of(place: re.Match[str]) -> str:
        value = values.get(place["name"])
        if value is None:
            return place[0]
        if isinstance(value, Decimal):
            return f"{value.normalize():f}"  # as SQL has it, not as people do
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M} UTC"
        # on one line: a value ends no block of code
        return str(value).replace("'", "''").replace("\r", " ").replace("\n", " ")

    return _PLACE.sub(value_of, body)


def title(runbook: str) -> str:
    """A runbook's name as words."""
    return fmt.label(Path(runbook.partition("#")[0]).stem)


def show(runbook: str | None, within: str = "", values: Mapping[str, Any] | None = None) -> None:
    """The runbook with these values, or its name when its text is not part of this project.

    `within` says where, on a page that shows one more than once.
    """
    if not runbook:
        ui.empty("No runbook is written for this.")
        return
    body = text(runbook)
    if body is None:
        ui.empty(f"Runbook: {runbook}")
        return
    with st.container(key=ui.key("runbook", runbook, within)):
        st.markdown(filled_in(body, values or {}))
