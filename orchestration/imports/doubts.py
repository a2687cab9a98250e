"""A map held against a later file: does the file bear out how the map reads its dates and amounts?

A map says once how its files are written. A file in which that cannot be right (another program
wrote it, somebody changed a setting), or in which an amount could as well be a thousand times
another one and nothing settles it, is asked about again; the answer is for this file alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from orchestration.imports.maps import Map, Rule
from orchestration.imports.profile import ColumnFacts
from orchestration.imports.questions import Question, dates_question, numbers_question
from orchestration.imports.values import POINT, NumberFacts, currency_of
from orchestration.imports.vocabulary import contract
from orchestration.ingest.contract import Column, Feed

FactsOf = Callable[[Rule], list[ColumnFacts]]
Answers = Mapping[str, str]


def of_dates(
    given: Map, feed: Feed, rules: dict[str, Rule], facts: FactsOf, answers: Answers,
    questions: list[Question],
) -> bool:  # fmt: skip
    """Ask where dates can only be read in another order than the map says.

    Dates that fit both orders are what the map is for, and no doubt. Returns whether an answer
    went into the rules.
    """
    is_answered = False
    for name, rule in list(rules.items()):
        order = given.order_of(name)
        if feed.column(name).kind not in ("date", "timestamp") or order is None:
            continue
        for column in facts(rule)[:1]:
            against = {o: shown for o, shown in column.dates.shown.items() if o != order}
            if not against:
                continue
            if told := answers.get(f"dates:{name}") or answers.get("dates"):
                rules[name] = replace(rule, dates=told)
                is_answered = True
                continue
            (shown, *_) = against.values()
            why = f"The map reads dates {order}, and this file has {shown}."
            questions.append(dates_question(column, why))
    return is_answered


def of_numbers(
    given: Map, feed: Feed, rules: dict[str, Rule], facts: FactsOf, answers: Answers,
    questions: list[Question],
) -> bool:  # fmt: skip
    """Ask where amounts contradict the map's mark of decimals, or nothing in the file confirms it.

    `2.000` is two, or two thousand. By the map it is one of both; the file bears that out where
    another amount of it can only be read so, or where the currency leaves no other reading.
    Returns whether an answer went into the rules.
    """
    is_answered = False
    looked: list[tuple[str, str, ColumnFacts]] = []
    for name, rule in rules.items():
        style = given.style_of(name)
        if feed.column(name).kind in ("money", "quantity") and style and rule.constant is None:
            looked += [
                (name, style, column)
                for column in facts(rule)
                if column.is_numbers or column.numbers.readable
            ]
    confirmed = {style for _, style, column in looked if style in column.numbers.only}
    for name, style, column in looked:
        digits = _digits(feed.column(name), rules, facts)
        why = _doubt(column.numbers, style, digits, style in confirmed)
        if not why:
            continue
        if told := answers.get(f"numbers:{name}") or answers.get("numbers"):
            rules[name] = replace(rules[name], numbers=told)
            is_answered = True
        else:
            questions.append(numbers_question(column, why))
    return is_answered


def _doubt(numbers: NumberFacts, style: str, digits: set[int], is_confirmed: bool) -> str:
    """Why amounts of a column may not be what the map takes them for; empty where they are.

    `digits` are those that the currencies of the column have; none where it has no currency.
    """
    against = [shown for other, shown in numbers.shown.items() if other != style]
    if against:
        return f"The map reads amounts as {style}, and this file has {against[0]}."
    if not numbers.open_examples or is_confirmed:
        return ""
    decimal, thousands = (".", ",") if style == POINT else (",", ".")
    as_decimals = numbers.open_examples.get(decimal)
    as_thousands = numbers.open_examples.get(thousands)
    if as_decimals and digits != {3}:
        return (
            f"The map reads {as_decimals.rpartition(': ')[2]} with three decimals ({style}), and "
            "no other amount of this file shows that its marks are meant so."
        )
    if as_thousands and (not digits or 3 in digits):
        return (
            f"The map reads {as_thousands.rpartition(': ')[2]} as thousands ({style}), and no "
            "other amount of this file shows that its marks are meant so."
        )
    return ""


def _digits(column: Column, rules: Mapping[str, Rule], facts: FactsOf) -> set[int]:
    """Decimals of the currencies that an amount is in, as far as the map and the file say them."""
    rule = rules.get(column.currency or "")
    if rule is None:
        return set()
    texts = [rule.constant] if rule.constant is not None else []
    texts += [rule.default] if rule.default else []
    for looked in facts(rule):
        if looked.has_more_values and not rule.currency_in:
            return set()
        texts += looked.numbers.currencies if rule.currency_in else list(looked.values)
    known = contract().currencies
    codes = {currency_of(text.strip()) for text in texts if text}
    return {known[code] for code in codes if code is not None}
