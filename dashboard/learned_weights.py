"""The versions of the trained weights that lie in the home, and what moved from one to the next."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet
import streamlit as st

from orchestration.home import PROJECT_DIR, Home

SHIPPED = "0000-shipped"
Key = tuple[str, str, str]

COMPARISONS = {
    "prior": "Before anything is compared",
    "amount": "Amounts differ by",
    "days": "Days between",
    "party": "How well the payer agrees",
    "reference": "Characters that numbers differ by",
    "shared_words": "Rare words in both texts",
    "contradicting_words": "Words that contradict",
    "unmatched_words": "Words in one text alone",
}


@dataclass(frozen=True)
class Level:
    """What one outcome of one comparison is worth, in natural logarithms of odds."""

    reconciliation: str
    comparison: str
    level: str
    lower: Decimal
    upper: Decimal | None
    weight: Decimal

    @property
    def key(self) -> Key:
        return (self.reconciliation, self.comparison, self.level)


@dataclass(frozen=True)
class Version:
    """One training; `learned_at` is when its file was written (naive UTC), None as shipped."""

    name: str
    learned_at: datetime | None
    levels: Mapping[Key, Level]
    known_pairs: Mapping[str, int]
    """By reconciliation, how many pairs of known truth it was checked on."""

    @property
    def reconciliations(self) -> list[str]:
        """What it speaks for."""
        return sorted({key[0] for key in self.levels})


@dataclass(frozen=True)
class Move:
    """A weight that a training changed."""

    level: Level
    before: Decimal

    @property
    def change(self) -> Decimal:
        """By how much, in natural logarithms of odds."""
        return self.level.weight - self.before


def versions(home: Home) -> list[Version]:
    """All versions, the shipped one first."""
    files = [path for path in sorted(home.weights.glob("[0-9]*.parquet")) if path.is_file()]
    stamps = tuple((str(path), path.stat().st_mtime_ns) for path in files)
    return _versions(str(home.calibrations), stamps)


@st.cache_data(show_spinner=False, max_entries=4)
def _versions(calibrations: str, stamps: tuple[tuple[str, int], ...]) -> list[Version]:
    seed = PROJECT_DIR / "seeds" / "match_weights.csv"
    with open(seed, encoding="utf-8", newline="") as file:
        shipped = _levels(csv.DictReader(file))
    found = [Version(SHIPPED, None, shipped, {})]
    for name, modified_ns in stamps:
        path = Path(name)
        rows = pyarrow.parquet.read_table(path).to_pylist()
        moment = datetime.fromtimestamp(modified_ns / 1e9, tz=UTC).replace(tzinfo=None)
        known = _known_pairs(Path(calibrations) / path.name)
        found.append(Version(path.stem, moment, _levels(rows), known))
    return found


def _levels(rows: Iterable[Mapping[str, object]]) -> dict[Key, Level]:
    levels = (
        Level(
            reconciliation=str(row["reconciliation"]),
            comparison=str(row["comparison"]),
            level=str(row["level"]),
            lower=Decimal(str(row["lower_bound"])),
            upper=None if row["upper_bound"] in (None, "") else Decimal(str(row["upper_bound"])),
            weight=Decimal(str(row["weight"])),
        )
        for row in rows
    )
    return {level.key: level for level in levels}


def _known_pairs(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    counts: dict[str, int] = {}
    for row in pyarrow.parquet.read_table(path).to_pylist():
        name = str(row["reconciliation"])
        counts[name] = counts.get(name, 0) + int(row["pair_count"])
    return counts


def moves(found: list[Version], reconciliation: str) -> list[Move]:
    """What the newest version of a reconciliation changed, the largest change first."""
    speaking = [version for version in found if reconciliation in version.reconciliations]
    if len(speaking) < 2:
        return []
    before, after = speaking[-2], speaking[-1]
    changed = [
        Move(level, before.levels[key].weight)
        for key, level in after.levels.items()
        if key[0] == reconciliation
        and key in before.levels
        and before.levels[key].weight != level.weight
    ]
    return sorted(changed, key=lambda move: (-abs(move.change), move.level.key))
