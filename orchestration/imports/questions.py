"""What only a person can say about a file."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.imports.profile import ColumnFacts
from orchestration.imports.values import DATE_ORDERS, NUMBER_STYLES, Unreadable, read_moment


@dataclass(frozen=True)
class Question:
    """What only a person can say. Without `choices` the answer is free text."""

    key: str
    text: str
    why: str
    choices: tuple[tuple[str, str], ...] = ()


def dates_question(column: ColumnFacts, why: str) -> Question:
    """Whether dates of a column start with the day or the month."""
    example = column.dates.open_example or next(iter(column.dates.shown.values()), "")
    choices = tuple((order, _reading_of(example, order)) for order in DATE_ORDERS[:2])
    return Question(
        "dates", f"In {column.name!r}, does {example.rpartition(': ')[2]} start with the day or "
        "the month?", why, choices,
    )  # fmt: skip


def _reading_of(example: str, order: str) -> str:
    """An order of dates, and what it makes of an example."""
    try:
        day = read_moment(example.rpartition(": ")[2], order).day
    except Unreadable:
        return order
    return f"{order}: {day.day} {day:%b %Y}"


def numbers_question(column: ColumnFacts, why: str) -> Question:
    """What the marks in amounts of a column mean."""
    example = column.numbers.open_example or next(iter(column.numbers.shown.values()), "")
    choices = ((NUMBER_STYLES[0], "point for decimals: 1,234.56"),
               (NUMBER_STYLES[1], "comma for decimals: 1.234,56"))  # fmt: skip
    return Question(
        "numbers", f"In {column.name!r}, what does the mark in {example.rpartition(': ')[2]} mean?",
        why, choices,
    )  # fmt: skip
