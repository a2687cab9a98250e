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

from orchestration.home import PROJECT_DIR, Home, Settings

SEED = PROJECT_DIR / "seeds" / "intake_policies.csv"

AMOUNTS = {"gateway_transactions": "amount", "billing_invoices": "total_amount"}
"""Where a feed says how much."""


@dataclass(frozen=True)
class Known:
    """What is known of customers and currencies: tiers by customer, and how much of the reporting
    currency one unit of a currency is."""

    tiers: Mapping[str, str]
    rates: Mapping[str, Decimal]

    def size(self, feed: str, row: Mapping[str, Any]) -> Decimal | None:
        """How much a row speaks of in the reporting currency, without its sign: 0 where it says no
        amount, None where nobody knows what its currency is worth."""
        try:
            amount = abs(Decimal(str(row.get(AMOUNTS.get(feed, "amount")))))
        except InvalidOperation:
            return Decimal(0)
        if not amount.is_finite():
            return Decimal(0)
        rate = self.rates.get(str(row.get("currency")).upper())
        return None if rate is None else amount * rate


@dataclass(frozen=True)
class Policy:
    """One row of the seed; an empty feed or tier suits any. `least_amount` is in the reporting
    currency."""

    name: str
    feed: str
    tier: str
    least_amount: Decimal
    wait: timedelta

    def suits(self, feed: str, row: Mapping[str, Any], known: Known) -> bool:
        """Whether it speaks of a row of a feed. What nobody can convert may be large."""
        if self.feed not in ("", feed):
            return False
        if self.tier not in ("", known.tiers.get(str(row.get("customer_id")), "")):
            return False
        size = known.size(feed, row)
        return size is None or size >= self.least_amount


def read(path: Path = SEED) -> list[Policy]:
    """The policies as the seed has them."""
    with open(path, encoding="utf-8", newline="") as file:
        return [
            Policy(
                row["policy"],
                row["feed"],
                row["tier"],
                Decimal(row["least_amount"]),
                timedelta(seconds=int(row["wait_seconds"])),
            )
            for row in csv.DictReader(file)
        ]


def strictest(
    policies: Iterable[Policy], rows: Iterable[tuple[str, Mapping[str, Any]]], known: Known
) -> Policy | None:
    """The policy with the shortest wait that suits a row; None where none does."""
    suiting = [
        policy for feed, row in rows for policy in policies if policy.suits(feed, row, known)
    ]
    return min(suiting, key=lambda policy: (policy.wait, policy.name), default=None)


class Published:
    """What the served publication knows; read again when it is another."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._of: Path | None = None
        self._currency = Settings.from_environment().reporting_currency
        self._known = self._with({}, {})

    def read(self) -> Known:
        """Before the first publication no tier is known, and no currency but the reporting one."""
        published = self._home.serving.resolve()
        if published != self._of and published.exists():
            try:
                with duckdb.connect(str(published), read_only=True) as connection:
                    tiers = connection.execute(
                        "select customer_id, tier from marts.dim_customers "
                        "where tier is not null and tier <> 'standard'"
                    ).fetchall()
                    rates = connection.execute(
                        "select currency, arg_max(rate, rate_date) from marts.fct_fx_rates "
                        "where reporting_currency = $1 group by currency",
                        [self._currency],
                    ).fetchall()
                self._known = self._with(dict(tiers), dict(rates))
                self._of = published
            except duckdb.Error:  # it was replaced between the two looks
                pass
        return self._known

    def _with(self, tiers: Mapping[str, str], rates: Mapping[str, Decimal]) -> Known:
        return Known(tiers, {**rates, self._currency: Decimal(1)})
