"""What runs with what has landed, what does not, and what that costs.

Told from the same seed as `dim_reconciliations`, so that it can be said before the first run.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.files import open_duckdb, quoted
from orchestration.home import PROJECT_DIR, Home
from orchestration.imports.vocabulary import vocabulary
from orchestration.ingest.contract import BANK_FEED, BANK_LANDING

_SEED = PROJECT_DIR / "seeds" / "reconciliations.csv"
_WITHOUT = {
    "crm_customers": "payers are known by account number, by what a gateway says, and by the "
    "document that a payment names; not by name",
}
"""What the absence of feeds costs that belong to no side of a reconciliation."""


@dataclass(frozen=True)
class Standing:
    """A reconciliation, or a feed that helps several: whether it is there, else what is missing."""

    title: str
    runs: bool
    says: str


def landed_feeds(home: Home) -> set[str]:
    """Feeds with a file in landing; bank formats count as the feed that they arrive in."""
    if not home.landing.is_dir():
        return set()
    folders = {
        folder.name
        for folder in home.landing.iterdir()
        if folder.is_dir() and any(p.is_file() for p in folder.rglob("*") if p.name[0] != ".")
    }
    return {BANK_FEED if name == BANK_LANDING else name for name in folders}


def standings(
    home: Home, coming: Iterable[str] = (), coming_columns: Iterable[str] = ()
) -> list[Standing]:
    """Every built reconciliation and helping feed.

    Args:
        coming: feeds that are about to land.
        coming_columns: `feed.column` that they have, beside the columns of what has landed.
    """
    landed = landed_feeds(home) | set(coming)
    has = set(coming_columns) | _mapped(home)
    found = []
    with open(_SEED, encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            if row["is_built"] != "true":
                continue
            lacks = [
                " or ".join(title(feed) for feed in sides)
                for sides in (row["expected_feeds"].split(";"), row["actual_feeds"].split(";"))
                if not landed & set(sides)
            ]
            if row["mapped_by"] and row["mapped_by"] not in has:
                feed, _, column = row["mapped_by"].partition(".")
                lacks.append(f"{title(feed)} with the {column.replace('_', ' ')}")
            says = f"needs {'; and '.join(lacks)}" if lacks else "runs"
            found.append(Standing(row["title"], not lacks, says))
    for feed, costs in _WITHOUT.items():
        if feed not in landed:
            found.append(Standing(f"Without {title(feed).lower()}", False, costs))
    return found


def title(feed: str) -> str:
    """A feed's name for people."""
    return vocabulary().feeds[feed].title


def _mapped(home: Home) -> set[str]:
    """`bank_accounts.ledger_account_code`, where a row that was read has one."""
    files = home.feed_raw("bank_accounts")
    if not any(files.glob("*.parquet")):
        return set()
    with open_duckdb() as connection:
        found = connection.execute(
            f"select 1 from read_parquet({quoted(str(files / '*.parquet'))}, union_by_name = true) "
            "where ledger_account_code is not null limit 1"
        ).fetchone()
    return {"bank_accounts.ledger_account_code"} if found else set()
