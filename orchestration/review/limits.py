"""How much one person may decide alone, and two together (`seeds/review_limits.csv`)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from orchestration.home import PROJECT_DIR

EVERYBODY = "*"
DEFAULT_ACTION = "create_match"
"""What holds for actions without a row of their own."""


@dataclass(frozen=True)
class Limit:
    """Amounts in the reporting currency: of one decision, and of all of one person on a day."""

    alone_up_to: Decimal
    together_up_to: Decimal
    alone_per_day: Decimal
    together_per_day: Decimal


def limit_of(action: str, actor: str) -> Limit:
    """A person's limit for an action, else everybody's."""
    return _limits().get(_key_of(action, actor), Limit(*[Decimal(0)] * 4))


def row_of(action: str, actor: str) -> str:
    """The action of the row that holds; actions without one share a row, and its day."""
    return _key_of(action, actor)[0]


def _key_of(action: str, actor: str) -> tuple[str, str]:
    keys = (
        (action, actor),
        (action, EVERYBODY),
        (DEFAULT_ACTION, actor),
        (DEFAULT_ACTION, EVERYBODY),
    )
    return next((key for key in keys if key in _limits()), keys[-1])


def _limits() -> dict[tuple[str, str], Limit]:
    path = PROJECT_DIR / "seeds" / "review_limits.csv"
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, _modified_ns: int) -> dict[tuple[str, str], Limit]:
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["action"], row["actor"]): Limit(
                Decimal(row["alone_up_to"]),
                Decimal(row["together_up_to"]),
                Decimal(row["alone_per_day"]),
                Decimal(row["together_per_day"]),
            )
            for row in csv.DictReader(file)
        }
