"""`tieout benchmark transactions`: 45,326 payments that leave and arrive, matched without labels.

The data is Splink's (moj-analytical-services/splink_datasets, MIT): the memo is cut off or loses
words on its way, three of four amounts change by fees or rates, and the payment arrives one to
twenty-one days later. What leaves is landed as the lines of a bank account and what arrives as the
lines of its ledger, so that the reconciliation `bank_to_ledger` matches them by its own models:
with the shipped weights first, then with those that `tieout train` learns from the data, without
labels.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration import training
from orchestration.benchmarks import splink
from orchestration.benchmarks.land import build, ingest, land_accounts, require, temporary_home
from orchestration.files import quoted
from orchestration.home import Home

FILES = ["transactions_origin.parquet", "transactions_destination.parquet"]
AS_OF = datetime(2022, 7, 1)
MATCHING_MODELS = (
    "int_item_texts",
    "int_words__counted",
    "int_unit_words",
    "int_pairs__compared",
    "int_pairs__probabilistic",
    "int_links__probabilistic",
    "int_wave__likeness",
)
"""What the pass itself consists of; the rest of a build is there with or without it."""


@dataclass(frozen=True)
class Score:
    """How one tier of links compares with the truth. Times are in seconds."""

    name: str
    links: int
    right: int
    truth: int
    seconds: float | None = None

    @property
    def precision(self) -> float:
        return self.right / self.links if self.links else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.truth if self.truth else 0.0


def run(folder: Path, sample: int | None = None, with_splink: bool = True) -> list[Score]:
    """Score the benchmark.

    Args:
        folder: where the two files lie.
        sample: how many payments of either side to take, about; all by default.
        with_splink: also link by Splink, where it is installed.

    Raises:
        TieoutError: when the data is missing, or a model fails.
    """
    require(folder, FILES)
    origin, destination = (_side(folder / name, sample) for name in FILES)
    scores: list[Score] = []
    with temporary_home() as home:
        land_accounts(
            home,
            f"""
            select 'benchmark' as account_id, 'o' || unique_id as entry_id,
                transaction_date as booking_date,
                cast(amount as decimal(18, 2)) as amount, memo as remittance_information,
                cast(null as varchar) as end_to_end_id
            from ({origin})
            """,
            f"""
            select 'benchmark' as account_code, 'd' || unique_id as entry_id,
                transaction_date as posting_date,
                cast(amount as decimal(18, 2)) as amount, cast(null as varchar) as reference,
                cast(null as varchar) as document_id, memo as description
            from ({destination})
            """,
            "GBP",
        )
        ingest(home, AS_OF)
        scores.extend(_tiers(home, "tieout, shipped weights", origin, destination))
        started = time.monotonic()
        training.train(home)
        learning = time.monotonic() - started
        scores.extend(_tiers(home, "tieout, learned weights", origin, destination))
        scores.append(Score("  (the training, with its build)", 0, 0, 0, learning))
    if with_splink:
        scores.extend(
            Score(name, links, right, truth, seconds)
            for name, links, right, truth, seconds in splink.link(origin, destination)
        )
    return scores


def table(scores: list[Score]) -> str:
    """The scores as text."""
    lines = [f"{'':42}{'links':>8}{'precision':>11}{'recall':>9}{'seconds':>9}"]
    for score in scores:
        seconds = "" if score.seconds is None else f"{score.seconds:.1f}"
        figures = (
            f"{score.links:>8,}{score.precision:>11.5f}{score.recall:>9.5f}"
            if score.links
            else " " * 28
        )
        lines.append(f"{score.name:42}{figures}{seconds:>9}")
    return "\n".join(lines) + "\n"


def _side(path: Path, sample: int | None) -> str:
    """A query for one side; a sample takes the same payments of both."""
    limit = "" if sample is None else f" where ground_truth < {int(sample)}"
    return f"select * from read_parquet({quoted(str(path))}){limit}"


def _tiers(home: Home, name: str, origin: str, destination: str) -> list[Score]:
    """Build all passes, and score what the probabilistic one links and would close.

    The automatic tier is what is unambiguous: a probability of at least its rule's confidence. Here
    most amounts differ, and the shipped rule leaves those to a person, however sure it is.
    """
    spans = build(home, "+int_matches__decided")
    spent = sum(spans[model].seconds for model in MATCHING_MODELS)
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        connection.execute(
            f"""
            create temp view scored as
            with truth as (
                select
                    'bank_to_ledger|bank_transaction|benchmark/o' || o.unique_id as expected_key,
                    'bank_to_ledger|ledger_entry|d' || d.unique_id || '/1' as actual_key
                from ({origin}) as o
                inner join ({destination}) as d using (ground_truth)
            ),
            proposals as (
                select
                    allocations.match_id,
                    bool_and(allocations.ambiguity is null
                        or allocations.ambiguity in ('rule_asks_a_person', 'amounts_differ'))
                        as is_automatic,
                    min(allocations.item_key) filter (allocations.side = 'expected')
                        as expected_key,
                    min(allocations.item_key) filter (allocations.side = 'actual') as actual_key
                from intermediate.int_allocations__proposed as allocations
                group by allocations.match_id
            )
            select
                proposals.is_automatic,
                truth.expected_key is not null as is_right,
                (select count(*) from truth) as truth
            from proposals
            left join truth using (expected_key, actual_key)
            """
        )
        scores = []
        for tier, condition in (("automatic tier", "is_automatic"), ("all links", "true")):
            row = connection.execute(
                f"""
                select count(*), count(*) filter (is_right), max(truth)
                from scored where {condition}
                """
            ).fetchone()
            assert row is not None
            scores.append(
                Score(f"{name}: {tier}", int(row[0]), int(row[1]), int(row[2] or 0), spent)
            )
    return scores
