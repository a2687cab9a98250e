"""What the project says about itself: models with their SQL and description, queries, seeds.

Read from the files that are installed with the dashboard, so that what a page shows is the text
that ran. Names come from addresses, so only names that the project has are looked up.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dashboard import data
from orchestration.home import PROJECT_DIR

_MART = re.compile(r"\bmarts\.([a-z_]+)")
_REFERENCE = re.compile(r"\bref\('([a-z_0-9]+)'\)|\bsource\('([a-z_]+)',\s*'([a-z_]+)'\)")


@dataclass(frozen=True)
class Model:
    """A model of the dbt project, as its files tell it."""

    name: str
    path: str
    sql: str
    description: str
    columns: tuple[tuple[str, str, str], ...]
    """Name, type and description."""

    @property
    def reads(self) -> list[str]:
        """The models and sources that its SQL names, in order."""
        found = [match[1] or f"{match[2]}.{match[3]}" for match in _REFERENCE.finditer(self.sql)]
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Query:
    """A query of the dashboard."""

    name: str
    sql: str

    @property
    def purpose(self) -> str:
        """What its first comment says."""
        lines = []
        for line in self.sql.splitlines():
            if not line.startswith("--"):
                break
            lines.append(line.removeprefix("--").strip())
        return " ".join(lines)

    @property
    def marts(self) -> list[str]:
        """The marts that it reads."""
        return sorted(set(_MART.findall(self.sql)))


@cache
def models() -> Mapping[str, Path]:
    """The SQL file of every model, by name."""
    return {path.stem: path for path in sorted((PROJECT_DIR / "models").rglob("*.sql"))}


@cache
def model(name: str) -> Model | None:
    """A model; None when the project has none of that name."""
    path = models().get(name)
    if path is None:
        return None
    documented = _documented(path.with_suffix(".yml"), name)
    columns = tuple(
        (
            str(column["name"]),
            str(column.get("data_type") or ""),
            " ".join(str(column.get("description") or "").split()),
        )
        for column in documented.get("columns") or []
    )
    return Model(
        name,
        path.relative_to(PROJECT_DIR).as_posix(),
        path.read_text(encoding="utf-8"),
        " ".join(str(documented.get("description") or "").split()),
        columns,
    )


def _documented(path: Path, name: str) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for entry in document.get("models") or []:
        if entry.get("name") == name:
            return dict(entry)
    return {}


@cache
def queries() -> Mapping[str, Query]:
    """Every query of the dashboard, by name."""
    return {
        path.stem: Query(path.stem, data.sql(path.stem))
        for path in sorted(data.QUERIES.glob("*.sql"))
    }


@cache
def seed(name: str, key: str, value: str) -> Mapping[str, str]:
    """A seed's column by its key: what a code means."""
    path = PROJECT_DIR / "seeds" / f"{name}.csv"
    with open(path, encoding="utf-8", newline="") as handle:
        return {row[key]: row[value] for row in csv.DictReader(handle)}


def rule_meaning(pass_name: str | None, relation: str | None) -> str:
    """What a rule of a pass and relation looks for, and how its two sides then compare."""
    looks_for = seed("passes", "pass", "meaning").get(pass_name or "", "")
    compares = seed("match_relations", "relation", "meaning").get(relation or "", "")
    return f"{looks_for} {compares}".strip()
