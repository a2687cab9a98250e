"""Rules of kept tables (`meta.kept`, `macros/kept/keep.sql`), each made weaker in one place.

A weaker rule brings a part back less often than it should, or reads less than the part rests on:
an input does not touch, an answer of `asked` misses one of its branches, one change, one of the
columns that it compares or one of the values that it lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# libyaml's where it is there: it reads all models in a tenth of the time
_YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Rule = dict[str, Any]

NOTHING = "(select * from ({}) limit 0)"

NOT_KEPT = ("marketplace", "metering", "providers", "roaming", "tieout")
"""Folders of staging whose models are views, or compared whole."""

_FEED = re.compile(r"source\('feeds', '(\w+)'\)")
_CHANGES = re.compile(r"\bchanges\.(?!last_run\b)(\w+)")
_COMPARED = re.compile(
    r"select ([\w, ]+?)\s+from changes\.\w+(?:\s+where [^()]*?)?\s+group by ([\w, ]+?)\s+having"
)
_LISTED = re.compile(
    r"(?<!not )\bin \(('\w+'(?:, '\w+')+)\)|\(values (\('\w+'\)(?:, \('\w+'\))+)\)"
)
_WORDS = re.compile(
    r"'[^']*'|\(|\)|\bunion(?: all)?\b|\bor\b|\bwhere\b|\bgroup\b|\bhaving\b|\band\b"
)


@dataclass(frozen=True)
class Weaker:
    """A model's rule without what was `taken` from it; `says` is what is left there.

    `says` has one of `untouched` (an input), `asks` (all answers) and `reads` (all inputs); of a
    feed, whose rule is a macro's, it has none.
    """

    model: str
    taken: str
    says: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.model}: {self.taken}"

    def of(self, rule: Rule) -> Rule:
        """The model's rule, weaker; an input that does not touch is read whole."""
        if "asks" in self.says:
            return rule | {"asked": self.says["asks"]}
        if "reads" in self.says:
            return rule | {"read": self.says["reads"]}
        name = self.says["untouched"]
        read = {other: columns for other, columns in rule["read"].items() if other != name}
        return rule | {"read": read, "looked_up": [*as_list(rule.get("looked_up")), name]}


def read_yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_YamlLoader)


def all_weaker(project: Path) -> list[Weaker]:
    """Of all models that are kept part by part."""
    of_feeds = [
        Weaker(model, taken, {})
        for model, feed in staged_feeds(project).items()
        for taken in ("what has landed", *(["what was for later"] if feed else []))
    ]
    rules = kept_by_part(project)
    return of_feeds + [found for model, rule in rules.items() for found in weaker(model, rule)]


def kept_by_part(project: Path) -> dict[str, Rule]:
    """The rules that models have of their own, by name; those of feeds are one (`kept_of_feed`)."""
    rules = {}
    for path in sorted((project / "models").rglob("*.yml")):
        for model in read_yaml(path).get("models") or []:
            rule = ((model.get("config") or {}).get("meta") or {}).get("kept") or {}
            if rule.get("by"):
                rules[model["name"]] = rule
    return rules


def staged_feeds(project: Path) -> dict[str, str | None]:
    """The version column of the feed whose records a model stages, by the model's name."""
    described = read_yaml(project / "models" / "staging" / "_feeds__sources.yml")
    versions = {
        feed["name"]: feed["config"]["meta"].get("version_column")
        for source in described["sources"]
        for feed in source["tables"]
    }
    found = {}
    for path in sorted((project / "models" / "staging").rglob("stg_*.sql")):
        sql = path.read_text(encoding="utf-8")
        feed = _FEED.search(sql)
        is_of_versions = "appended_by:" in path.with_suffix(".yml").read_text(encoding="utf-8")
        is_table = path.parent.name not in NOT_KEPT and "materialized='view'" not in sql
        if feed and is_table and not is_of_versions:
            found[path.stem] = versions[feed[1]]
    return found


def weaker(model: str, rule: Rule) -> Iterator[Weaker]:
    """The rule without one of the things that it says, for each of them."""
    read, asked = rule.get("read", {}), as_list(rule.get("asked"))
    for name, columns in read.items():
        if isinstance(columns, dict):
            for column, values in columns.items():
                of = f" of {column}" if len(columns) > 1 else ""
                for taken, less in without(values):
                    reads = read | {name: columns | {column: less}}
                    yield Weaker(model, f"reads {name}, not {taken}{of}", {"reads": reads})
        else:
            yield Weaker(model, f"{name} does not touch", {"untouched": name})
    for place, answer in enumerate(asked):
        for taken, less in without(answer):
            asks = [*asked[:place], less, *asked[place + 1 :]]
            number = f" {place + 1}" if len(asked) > 1 else ""
            yield Weaker(model, f"asks{number}, not {taken}", {"asks": asks})


def without(sql: str) -> Iterator[tuple[str, str]]:
    """SQL that gives less, and what it does not give."""
    for number, found in enumerate(_CHANGES.finditer(sql), start=1):
        less = NOTHING.format("from " + found[0])
        yield f"changes {number} ({found[1]})", replaced(sql, found.span(), less)
    for number, (start, end) in enumerate(branches(sql), start=1):
        if not _CHANGES.search(sql, start, end):
            taken = f"branch {number}" if len(branches(sql)) > 1 else "anything"
            yield taken, replaced(sql, (start, end), NOTHING.format(sql[start:end]))
    for found in _COMPARED.finditer(sql):
        keys, columns = found[1].split(", "), found[2].split(", ")
        for column in (column for column in columns if column not in keys):
            others = ", ".join(other for other in columns if other != column)
            yield f"the column {column}", replaced(sql, found.span(2), others)
    for found in _LISTED.finditer(sql):
        group = 1 if found[1] else 2
        values = found[group].split(", ")
        for value in values:
            others = ", ".join(other for other in values if other != value)
            yield f"the value {value.strip('()')}", replaced(sql, found.span(group), others)
    for number, span in enumerate(alternatives(sql), start=1):
        yield f"alternative {number}", replaced(sql, span, "false")


def branches(sql: str) -> list[tuple[int, int]]:
    """Where the branches of unions begin and end; all of it where it is none."""
    found = [span for word, span in _operands(sql) if word == "union"]
    return found or [(0, len(sql))]


def alternatives(sql: str) -> list[tuple[int, int]]:
    """Where the operands of `or` begin and end."""
    return [span for word, span in _operands(sql) if word == "or"]


def _operands(sql: str) -> list[tuple[str, tuple[int, int]]]:
    """Operands of `union` and `or`, by the word between them."""
    words = [(m[0].split()[0], m.start(), m.end()) for m in _WORDS.finditer(sql) if m[0][0] != "'"]
    found: dict[tuple[int, int], str] = {}
    for place, (word, start, end) in enumerate(words):
        if word not in ("union", "or"):
            continue
        others = ["union"] if word == "union" else ["union", "or", "where", "group", "having"]
        begin, depth = 0, 0
        for other, _, other_end in reversed(words[:place]):
            depth += {")": 1, "(": -1}.get(other, 0)
            if depth < 0 or (depth == 0 and other in others):
                begin = other_end
                break
        stop, depth = len(sql), 0
        for other, other_start, _ in words[place + 1 :]:
            depth += {"(": 1, ")": -1}.get(other, 0)
            if depth < 0 or (depth == 0 and other in others):
                stop = other_start
                break
        found[_after_with(sql, begin, start)] = word
        found[_trimmed(sql, end, stop)] = word
    return [(word, span) for span, word in sorted(found.items())]


def _after_with(sql: str, start: int, end: int) -> tuple[int, int]:
    """Where a branch begins and ends, without the steps that all branches read."""
    start, end = _trimmed(sql, start, end)
    if not sql.startswith("with ", start):
        return start, end
    depth = 0
    for place in range(start, end):
        depth += {"(": 1, ")": -1}.get(sql[place], 0)
        if sql[place] == ")" and depth == 0 and not sql[place + 1 :].lstrip().startswith(","):
            return _trimmed(sql, place + 1, end)
    return start, end


def _trimmed(sql: str, start: int, end: int) -> tuple[int, int]:
    part = sql[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())


def replaced(sql: str, span: tuple[int, int], by: str) -> str:
    return sql[: span[0]] + by + sql[span[1] :]


def as_list(values: str | list[str] | None) -> list[str]:
    """As `macros/kept/keep.sql` has it."""
    return [] if values is None else [values] if isinstance(values, str) else list(values)
