"""What sqlfluff sees in place of the project's macros: a call with the columns that it is given.

`{{ add_days('items.event_at', 'windows.window_days') }}` is linted as
`add_days(items.event_at, windows.window_days)`. So the SQL that people wrote is checked, not the
SQL that macros write for one engine, and the whole tree takes seconds. Macros that stand for more
than an expression are listed in `FRAGMENTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MACROS = Path(__file__).resolve().parents[3] / "macros"

FRAGMENTS: dict[str, Callable[..., Any]] = {
    "amount_type": lambda: "decimal(38, 10)",
    "compared_levels": lambda relation: f"pair_levels as (select * from {relation})",
    "compared_pairs": lambda open_model, words: f"select * from {open_model}",
    "comparisons": lambda: {"amount": "amount"},
    "connected_components": lambda bonds: f"components as (select * from {bonds})",
    "cover_orders": lambda relation, name: f"{name} as (select * from {relation})",
    "current_version": lambda feed: "select * from source",
    "date_spine": lambda first, last: "calendar",
    "expected_feeds": lambda: "select * from sources",
    "exception_members": lambda relation: [],
    "materialized": lambda: "materialized",
    "read_in_place": lambda: "not materialized",
    "mentions_of": lambda relation, keys, as_written=False: (
        f"mentions as (select * from {relation})"
    ),
    "runs_of_words": lambda relation, keys, longest: f"runs as (select * from {relation})",
    "open_after": lambda items, links: f"select * from {items}",
    "passes_of_differences": lambda: ["stated_reference"],
    "reduced_names": lambda relation: f"reduced_names as (select * from {relation})",
    "reference_links": lambda open_model, sources: f"select * from {open_model}",
    "sealed_decisions": lambda: "select * from stg_tieout__journal_entries",
    "set_parties": lambda units, name, credits="": f"select * from {units}",
    "settle": lambda items, links, defers_differences=False, asks_once=False: (
        f"select * from {items}"
    ),
    "sets_of": lambda target_side, units="units", parties="", smallest_set=2: (
        f"select * from {units}"
    ),
    "group_links": lambda: "grouped_links as (select * from links)",
    "burn_rate_alerts": lambda: "burn_alerts as (select * from budgets)",
    "control_alerts": lambda: (
        "stopped_rules as (select * from certificates), issued_while_paused as (select * from "
        "issued)"
    ),
    "feed_alerts": lambda: (
        "waiting_rejects as (select * from quarantine), silent_feeds as (select * from "
        "expected_feeds), unshown_statements as (select * from failed_statements)"
    ),
    "inhibited_alerts": lambda: "told_together as (select * from named)",
    "undone_matches": lambda: "select * from int_journal__reversals",
    "unit_of_scale": lambda digits: "0.01",
    "sealed_items": lambda model: f"select * from {model}",
    "unit_words": lambda open_model: f"select * from {open_model}",
    "units_of": lambda relation: f"units as (select * from {relation})",
    "declined_among": lambda links: f"declined_pairs as (select * from {links})",
    "weigh_pools": lambda pools, name: f"{name} as (select * from {pools})",
    "with_json_elements": lambda relation, column, element, fields: relation,
    "with_json_members": lambda relation, column, element, fields: relation,
    "unnest_list": lambda values, name, column: f"cross join {name}",
    "unnest_positions": lambda values, name, column, place: f"cross join {name}",
}


class adapter:  # the name that templates call it by
    """What models call of dbt's adapter."""

    @staticmethod
    def quote(name: str) -> str:
        return f'"{name}"'


class dbt:  # the name that templates call it by
    """dbt's own macros that models use."""

    @staticmethod
    def type_string() -> str:
        return "string"


execute = False


def texts(value: Any) -> Iterator[str]:
    """All texts inside a macro's argument, however nested."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)


def call(name: str) -> Callable[..., Any]:
    """A macro's stand-in: its name, called with the columns that its arguments mention."""

    def stub(*arguments: Any, **named: Any) -> str:
        columns: list[str] = []
        for text in texts([*arguments, *named.values()]):
            columns += re.findall(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*", text)
        return f"{name}({', '.join(dict.fromkeys(columns))})"

    return stub


def ctes(name: str) -> Callable[..., Any]:
    """The stand-in of a macro that holds CTEs: the last of them, which callers read."""
    return lambda *arguments, **named: f"{name} as (select * from {name}_source)"


for _file in sorted(MACROS.rglob("*.sql")):
    for _name, _body in re.findall(
        r"\bmacro ([a-z][a-z0-9_]*)\([^)]*\)\s*-?%\}(.*?)\{%-?\s*endmacro",
        _file.read_text(encoding="utf-8"),
        re.DOTALL,
    ):
        _ctes = re.findall(r"^(\w+) as \(", _body, re.MULTILINE)
        _holds_ctes = _ctes and not re.search(r"^with\b", _body, re.MULTILINE)
        globals()[_name] = FRAGMENTS.get(_name) or (ctes(_ctes[-1]) if _holds_ctes else call(_name))
