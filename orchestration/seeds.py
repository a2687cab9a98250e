"""Rows of a seed, where a process needs them beside the warehouse."""

from __future__ import annotations

import csv

from orchestration.home import PROJECT_DIR


def rows(seed: str) -> list[dict[str, str]]:
    """All rows of `seeds/<seed>.csv` as they are written, by the names of their columns."""
    path = PROJECT_DIR / "seeds" / f"{seed}.csv"
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
