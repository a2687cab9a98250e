"""The reasons that people choose from, by action (`seeds/review_reasons.csv`)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from orchestration.home import PROJECT_DIR


def reasons_of(action: str) -> Mapping[str, str]:
    """Titles by code, in the order in which they are offered; empty: a comment says it all."""
    path = PROJECT_DIR / "seeds" / "review_reasons.csv"
    return _read(path, path.stat().st_mtime_ns).get(action, {})


def objection_to(action: str, code: str) -> str:
    """Why a code is no reason for an action, as a sentence; empty where it is one.

    Models read some codes (`resolve` as `not_a_duplicate` brings an item back), so none is taken
    that nobody was offered.
    """
    offered = reasons_of(action)
    if not code or code in offered:
        return ""
    if not offered:
        return f"{action} takes no reason code: write {code} as the comment."
    near = get_close_matches(code, offered, n=3) or list(offered)
    return f"{code} is no reason for {action}: choose {' or '.join(near)}, or write a comment."


@lru_cache(maxsize=4)
def _read(path: Path, _modified_ns: int) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["action"], {})[row["reason_code"]] = row["title"]
    return found
