"""How long an event may wait for a run: `seeds/intake_policies.csv`."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

import duckdb

from orchestration.home import PROJECT_DIR, Home, Settings, TieoutError
from orchestration.ingest.contract import CONTRACT_FILE, CURRENCIES_FILE, read_contract

SEED = PROJECT_DIR / "seeds" / "intake_policies.csv"

AMOUNTS = {"gateway_transactions": "amount", "billing_invoices": "total_amount"}
"""Where a feed says how much."""

LONGEST_WAIT = 86_400
"""Seconds; what may wait longer needs no policy, the daily run takes it."""

USUAL_TIER = "standard"
"""Nobody keeps who is of it, so that no policy can speak of it."""


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
    """The policies as the seed has them, one at least.

    Raises:
        TieoutError: when the file cannot be read, or a row says what no policy can.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TieoutError(f"{_named(path)} cannot be read: {error}.") from error
    if not rows:
        raise TieoutError(f"{_named(path)} has no row: write how long an event may wait.")
    contract = read_contract(CONTRACT_FILE, CURRENCIES_FILE)
    tiers = {
        value
        for column in contract.feeds["crm_customers"].columns
        if column.name == "tier"
        for value in column.domain
    }
    read = [
        _policy(_Row(path, number, row), contract.feeds, tiers - {USUAL_TIER})
        for number, row in enumerate(rows, start=1)
    ]
    names = [policy.name for policy in read]
    for number, name in enumerate(names, start=1):
        if name in names[: number - 1]:
            _Row(path, number, rows[number - 1]).refuse("policy", "a name that no other row has")
    return read


@dataclass(frozen=True)
class _Row:
    """A row of the seed as it is written; `number` counts from 1 after the header."""

    path: Path
    number: int
    values: Mapping[str, str | None]

    def matching(self, column: str, pattern: str, wanted: str) -> str:
        """The value of a column, written as a pattern says."""
        value = self.values.get(column)
        if value is None or not re.fullmatch(pattern, value, re.ASCII):
            self.refuse(column, wanted)
        return value

    def one_of(self, column: str, allowed: Iterable[str]) -> str:
        """The value of a column; empty for any."""
        value = self.values.get(column)
        if value is None or (value and value not in allowed):
            self.refuse(column, f"one of {', '.join(sorted(allowed))}, or nothing for any")
        return value

    def refuse(self, column: str, wanted: str) -> NoReturn:
        """
        Raises:
            TieoutError: always.
        """
        value = self.values.get(column)
        said = "is missing" if value is None else f"is {value!r}"
        name = self.values.get("policy") or "without a name"
        raise TieoutError(
            f"{_named(self.path)}, row {self.number} ({name}): {column} {said}; write {wanted}."
        )


def _policy(row: _Row, feeds: Iterable[str], tiers: Iterable[str]) -> Policy:
    name = row.matching("policy", r"\S+", "a name for what the watch's log says")
    amount = row.matching(
        "least_amount",
        r"\d{1,28}(\.\d{1,10})?",
        "an amount without sign and thousands separators, such as 10000 or 0",
    )
    wanted = f"whole seconds from 0 (at once) to {LONGEST_WAIT} (a day)"
    seconds = int(row.matching("wait_seconds", r"\d{1,9}", wanted))
    if seconds > LONGEST_WAIT:
        row.refuse("wait_seconds", wanted)
    return Policy(
        name,
        row.one_of("feed", feeds),
        row.one_of("tier", tiers),
        Decimal(amount),
        timedelta(seconds=seconds),
    )


def _named(path: Path) -> str:
    return str(path.relative_to(PROJECT_DIR)) if path.is_relative_to(PROJECT_DIR) else str(path)


def longest(policies: Iterable[Policy]) -> Policy:
    """The policy with the longest wait."""
    return max(policies, key=lambda policy: policy.wait)


def strictest(
    policies: Sequence[Policy], rows: Iterable[tuple[str, Mapping[str, Any]]], known: Known
) -> Policy | None:
    """The policy with the shortest wait that suits a row; None where there is no row.

    Rows that no policy suits wait as long as the longest lets any wait: a home with a watch need
    not have a schedule that would take them.
    """
    listed = list(rows)
    if not listed:
        return None
    suiting = [
        policy for feed, row in listed for policy in policies if policy.suits(feed, row, known)
    ]
    if not suiting:
        return replace(longest(policies), name="uncovered")
    return min(suiting, key=lambda policy: (policy.wait, policy.name))


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
                        "where tier is not null and tier <> $1",
                        [USUAL_TIER],
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
