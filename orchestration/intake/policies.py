"""How long an event may wait for a run: `seeds/intake_policies.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import PROJECT_DIR, Home

SEED = PROJECT_DIR / "seeds" / "intake_policies.csv"

AMOUNTS = {"gateway_transactions": "amount", "billing_invoices": "total_amount"}
"""Where a feed says how much."""


@dataclass(frozen=True)
class Policy:
    """One row of the seed; an empty feed, tier or currency suits any."""

    name: str
    feed: str
    tier: str
    least_amount: Decimal
    currency: str
    wait: timedelta

    def suits(self, feed: str, row: Mapping[str, Any], tier: str) -> bool:
        """Whether it speaks of a row of a feed, whose customer has this tier."""
        if self.feed not in ("", feed) or self.tier not in ("", tier):
            return False
        if self.least_amount == 0:
            return self.currency in ("", str(row.get("currency")).upper())
        try:
            amount = abs(Decimal(str(row.get(AMOUNTS.get(feed, "amount")))))
        except InvalidOperation:
            return False
        return amount >= self.least_amount and str(row.get("currency")).upper() == self.currency


def read(path: Path = SEED) -> list[Policy]:
    """The policies as the seed has them."""
    with open(path, encoding="utf-8", newline="") as file:
        return [
            Policy(
                row["policy"],
                row["feed"],
                row["tier"],
                Decimal(row["least_amount"]),
                row["currency"],
                timedelta(seconds=int(row["wait_seconds"])),
            )
            for row in csv.DictReader(file)
        ]


def strictest(
    policies: Iterable[Policy],
    rows: Iterable[tuple[str, Mapping[str, Any]]],
    tiers: Mapping[str, str],
) -> Policy | None:
    """The policy with the shortest wait that suits a row; None where none does."""
    suiting = [
        policy
        for feed, row in rows
        for policy in policies
        if policy.suits(feed, row, tiers.get(str(row.get("customer_id")), ""))
    ]
    return min(suiting, key=lambda policy: (policy.wait, policy.name), default=None)


class Tiers:
    """Tiers by customer, as the served publication has them; read again when it is another."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._of: Path | None = None
        self._tiers: dict[str, str] = {}

    def read(self) -> Mapping[str, str]:
        """Customers that have a tier; none before the first publication."""
        published = self._home.serving.resolve()
        if published != self._of and published.exists():
            try:
                with duckdb.connect(str(published), read_only=True) as connection:
                    self._tiers = dict(
                        connection.execute(
                            "select customer_id, tier from marts.dim_customers "
                            "where tier is not null and tier <> 'standard'"
                        ).fetchall()
                    )
                self._of = published
            except duckdb.Error:  # it was replaced between the two looks
                pass
        return self._tiers
