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
    """Amounts in the reporting currency."""

    alone_up_to: Decimal
    together_up_to: Decimal


def limit_of(action: str, actor: str) -> Limit:
    """A person's limit for an action, else everybody's."""
    path = PROJECT_DIR / "seeds" / "review_limits.csv"
    limits = _read(path, path.stat().st_mtime_ns)
    for key in (
        (action, actor),
        (action, EVERYBODY),
        (DEFAULT_ACTION, actor),
        (DEFAULT_ACTION, EVERYBODY),
    ):
        if key in limits:
            return limits[key]
    return Limit(Decimal(0), Decimal(0))


@lru_cache(maxsize=4)
def _read(path: Path, _modified_ns: int) -> dict[tuple[str, str], Limit]:
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["action"], row["actor"]): Limit(
                Decimal(row["alone_up_to"]), Decimal(row["together_up_to"])
            )
            for row in csv.DictReader(file)
        }
