"""`tieout train`: learns the weights of the probabilistic pass, without labels.

Expectation-maximisation over the candidate pairs of the home: given weights, each pair has a
probability of belonging together, under the constraint that an item has one partner; given these
probabilities, each level of each comparison has its shares among pairs that do (m) and pairs that
do not (u), and its weight is ln(m / u). Deterministic matches, approvals and rejections are given.

A training writes a new version under `weights/` and changes nothing else; later runs use it. The
result depends on nothing but the warehouse, so a training repeated gives the same weights.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from orchestration import dbt_runs, progress, seeds, warehouse
from orchestration.files import copy_to_parquet
from orchestration.home import Home, TieoutError
from orchestration.ingest.store import CALIBRATION_TYPES, WEIGHT_TYPES

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEAST_MATCHES = 200
"""Fewer pairs that belong together teach nothing that would hold tomorrow."""

MEASURES = {
    "amount": "amount_distance",
    "days": "days_apart",
    "party": "party_agreement",
    "reference": "reference_edits",
    "shared_words": "shared_bits",
    "contradicting_words": "contradicting_bits",
    "unmatched_words": "unmatched_bits",
}
"""The comparisons and their columns in `int_training__pairs`, as in macros/cascade/likeness.sql."""

_LARGEST_ODDS = 18.0
_LARGEST_SHARE = 0.95
_ROUNDS_OF_MESSAGES = 6
_ROUNDS_OF_LEARNING = 40
_SMOOTHING = 0.5


@dataclass
class Levels:
    """One comparison: its levels as they stand in the weights, and the level of every pair.

    `of_pair` holds positions in `names`; -1 where the measure is absent. `weights` are in nats.
    `open_share` is each level's share among the pairs that are open, which drift is measured from.
    """

    names: list[str]
    bounds: list[tuple[str, str | None]]
    of_pair: Integers
    weights: Floats
    m: Floats = field(default_factory=lambda: np.empty(0))
    u: Floats = field(default_factory=lambda: np.empty(0))
    open_share: Floats = field(default_factory=lambda: np.empty(0))


@dataclass
class Candidates:
    """The candidate pairs of one reconciliation. `known` is 1, 0 or NaN (not known)."""

    expected: Integers
    actual: Integers
    known: Floats
    units: int
    levels: dict[str, Levels]
    prior: float
    open_pairs: int = 0


@dataclass(frozen=True)
class Bin:
    """How the pairs with a probability from `lower` to below `upper` turned out."""

    lower: str
    upper: str
    pairs: int
    mean_probability: float
    observed_share: float
    brier_score: float


def train(home: Home) -> str:
    """Learn from the home as its last run left it; returns what was learned, for a person.

    Raises:
        TieoutError: when there is no run to learn from.
    """
    with home.writing():
        if not home.run_context.exists():
            raise TieoutError("Nothing to learn from: run `tieout run` first.")
        warehouse.settle(home)
        progress.current().note("Comparing the items of the last year, matched or open")
        for _ in dbt_runs.stream(home, dbt_runs.training_arguments()):
            pass
        rows, bins, told = _learn_all(home)
        if not rows:
            return "\n".join(told) + "\n"
        version = _write(home, rows, bins)
        # what the warehouse holds was decided by other weights
        warehouse.discard(home)
    told.append(f"Weights {version} are in {home.weights}; the next run uses them.")
    return "\n".join(told) + "\n"


def take_back(home: Home) -> str:
    """Put the last training aside, so that later runs use the weights before it; says which.

    The files are kept beside the others; a training that follows takes their number again.

    Raises:
        TieoutError: when nothing was trained, or another run is writing to the home.
    """
    with home.writing():
        trained = sorted(home.weights.glob("[0-9]*.parquet"))
        if not trained:
            raise TieoutError("Nothing was trained: the weights are as shipped.")
        version = trained[-1].stem
        aside = home.root / "weights_taken_back"
        aside.mkdir(exist_ok=True)
        number = sum(1 for _ in aside.glob("*.weights.parquet")) + 1
        # what the warehouse holds was decided by these weights
        warehouse.discard(home)
        for folder, kind in ((home.calibrations, "calibration"), (home.weights, "weights")):
            path = folder / f"{version}.parquet"
            if path.exists():
                path.rename(aside / f"{number:04d}-{version}.{kind}.parquet")
    before = trained[-2].stem if len(trained) > 1 else "as shipped"
    return f"Weights {version} are in {aside}; the next run uses those before them ({before}).\n"


def _learn_all(
    home: Home,
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]], list[str]]:
    """Rows of the weights, rows of the calibration, and what was learned in words."""
    rows: list[tuple[object, ...]] = []
    bins: list[tuple[object, ...]] = []
    told: list[str] = []
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        names = connection.execute(
            "select distinct reconciliation from intermediate.int_match_weights order by 1"
        ).fetchall()
        for (name,) in names:
            candidates = _read(connection, name)
            probabilities = learn(candidates)
            matches = float(probabilities.sum()) if probabilities is not None else 0.0
            if probabilities is None:
                told.append(
                    f"{name}: {len(candidates.known)} candidates hold fewer than {LEAST_MATCHES} "
                    "pairs that belong together; its weights stay as they are."
                )
                continue
            told.append(
                f"{name}: learned from {len(candidates.known)} candidates, of which about "
                f"{matches:.0f} belong together."
            )
            rows.extend(_rows(name, candidates))
            bins.extend(
                (
                    name,
                    found.lower,
                    found.upper,
                    found.pairs,
                    f"{found.mean_probability:.6f}",
                    f"{found.observed_share:.6f}",
                    f"{found.brier_score:.6f}",
                )
                for found in calibration(candidates, calibration_bins())
            )
    return rows, bins, told


def learn(candidates: Candidates) -> Floats | None:
    """Fit the weights in place; the probabilities of the pairs, or None when there are too few."""
    if not len(candidates.known):
        return None
    probabilities = one_to_one(candidates)
    for _ in range(_ROUNDS_OF_LEARNING):
        if probabilities.sum() < LEAST_MATCHES:
            return None
        _maximise(candidates, probabilities)
        before, probabilities = probabilities, one_to_one(candidates)
        if float(np.abs(probabilities - before).max()) < 1e-4:
            break
    return probabilities


def calibration_bins() -> list[tuple[str, str]]:
    """Least probability of each bin and the first one above it."""
    return [(row["lower_bound"], row["upper_bound"]) for row in seeds.rows("calibration_bins")]


def calibration(candidates: Candidates, edges: Sequence[tuple[str, str]]) -> list[Bin]:
    """What the weights say of the pairs whose truth is known, judged as if it were not."""
    is_known = ~np.isnan(candidates.known)
    blind = replace(candidates, known=np.full(len(candidates.known), np.nan))
    said, so = one_to_one(blind)[is_known], candidates.known[is_known]
    bins = []
    for lower, upper in edges:
        inside = (said >= float(lower)) & (said < float(upper))
        if inside.any():
            bins.append(
                Bin(
                    lower,
                    upper,
                    int(inside.sum()),
                    float(said[inside].mean()),
                    float(so[inside].mean()),
                    float(((said[inside] - so[inside]) ** 2).mean()),
                )
            )
    return bins


def _maximise(candidates: Candidates, probabilities: Floats) -> None:
    """Shares and weights of all levels, and the prior, given the pairs' probabilities."""
    matched = float(probabilities.sum())
    share = matched / len(probabilities)
    # how many units of the smaller side have a partner: the more, the less likely is none
    paired = min(matched / max(candidates.units, 1), _LARGEST_SHARE)
    candidates.prior = (
        math.log(share / max(1 - share, 1e-6)) + math.log(paired) - 2 * math.log(1 - paired)
    )
    for levels in candidates.levels.values():
        present = levels.of_pair >= 0
        count = len(levels.names)
        of_pair, weight = levels.of_pair[present], probabilities[present]
        m = np.bincount(of_pair, weight, count) + _SMOOTHING
        u = np.bincount(of_pair, 1 - weight, count) + _SMOOTHING
        levels.m, levels.u = m / m.sum(), u / u.sum()
        levels.weights = np.log(levels.m) - np.log(levels.u)


def one_to_one(candidates: Candidates) -> Floats:
    """Probability of each pair when a unit has one partner: the arithmetic of `judged_pairs`."""
    score = np.full(len(candidates.known), candidates.prior)
    for levels in candidates.levels.values():
        present = levels.of_pair >= 0
        score[present] += levels.weights[levels.of_pair[present]]
    score[candidates.known == 1] = _LARGEST_ODDS
    score[candidates.known == 0] = -_LARGEST_ODDS
    odds = np.exp(np.clip(score, -_LARGEST_ODDS, _LARGEST_ODDS))
    from_expected = odds.copy()
    from_actual = odds.copy()
    for _ in range(_ROUNDS_OF_MESSAGES):
        others = np.bincount(candidates.actual, from_expected)[candidates.actual] - from_expected
        from_actual = odds / (1 + np.maximum(others, 0))
        others = np.bincount(candidates.expected, from_actual)[candidates.expected] - from_actual
        from_expected = odds / (1 + np.maximum(others, 0))
    together = from_expected * from_actual / odds
    return np.asarray(together / (1 + together), dtype=np.float64)


def _read(connection: duckdb.DuckDBPyConnection, reconciliation: str) -> Candidates:
    """The candidates of a reconciliation with their levels, in the order of their keys."""
    weights = connection.execute(
        """
        select comparison, level, cast(lower_bound as varchar), cast(upper_bound as varchar),
            cast(weight as double)
        from intermediate.int_match_weights
        where reconciliation = ?
        order by comparison, cast(lower_bound as double)
        """,
        [reconciliation],
    ).fetchall()
    columns = ", ".join(
        f"cast(pairs.{column} as double) as {name}" for name, column in MEASURES.items()
    )
    pairs = connection.execute(
        f"""
        select
            dense_rank() over (order by pairs.expected_unit) - 1 as expected,
            dense_rank() over (order by pairs.actual_unit) - 1 as actual,
            case
                when verdicts.is_match then 1.0
                when not verdicts.is_match then 0.0
                when taken.expected_unit is not null or taken_actual.actual_unit is not null
                    then 0.0
            end as known,
            {columns}
        from intermediate.int_training__pairs as pairs
        left join intermediate.int_training__verdicts as verdicts
            using (expected_unit, actual_unit)
        left join (
            select distinct expected_unit from intermediate.int_training__verdicts where is_match
        ) as taken on pairs.expected_unit = taken.expected_unit
        left join (
            select distinct actual_unit from intermediate.int_training__verdicts where is_match
        ) as taken_actual on pairs.actual_unit = taken_actual.actual_unit
        where pairs.reconciliation = ?
        order by pairs.expected_unit, pairs.actual_unit
        """,
        [reconciliation],
    ).fetchnumpy()
    open_pairs = connection.execute(
        f"select {columns} from intermediate.int_pairs__compared as pairs where reconciliation = ?",
        [reconciliation],
    ).fetchnumpy()
    [(units,)] = connection.execute(
        """
        select coalesce(min(units), 0) from (
            select side, count(distinct anchor_item_key) as units
            from intermediate.int_training__items where reconciliation = ? group by side
        )
        """,
        [reconciliation],
    ).fetchall()
    levels: dict[str, Levels] = {}
    prior = 0.0
    for comparison in sorted({entry[0] for entry in weights}):
        own = [entry for entry in weights if entry[0] == comparison]
        if comparison == "prior":
            prior = float(own[0][4])
            continue
        measure = _numbers(pairs[comparison])
        edges = np.array([float(entry[2]) for entry in own])
        levels[comparison] = Levels(
            names=[entry[1] for entry in own],
            bounds=[(entry[2], entry[3]) for entry in own],
            of_pair=_levels_of(measure, edges),
            weights=np.array([float(entry[4]) for entry in own]),
            open_share=_shares(_levels_of(_numbers(open_pairs[comparison]), edges), len(own)),
        )
    return Candidates(
        expected=np.asarray(pairs["expected"], dtype=np.int64),
        actual=np.asarray(pairs["actual"], dtype=np.int64),
        known=_numbers(pairs["known"]),
        units=int(units),
        levels=levels,
        prior=prior,
        open_pairs=len(open_pairs["amount"]),
    )


def _numbers(column: npt.NDArray[Any]) -> Floats:
    """A column of DuckDB with NaN where it is null."""
    return np.asarray(np.ma.filled(np.ma.asarray(column).astype(float), np.nan), dtype=np.float64)


def _levels_of(measure: Floats, edges: Floats) -> Integers:
    """Position of the level that each measure falls in; -1 where there is no measure."""
    position = np.searchsorted(edges, measure, side="right") - 1
    return np.where(np.isnan(measure), -1, position).astype(np.int64)


def _shares(of_pair: Integers, count: int) -> Floats:
    present = of_pair[of_pair >= 0]
    return np.asarray(np.bincount(present, minlength=count) / max(len(present), 1))


def _rows(reconciliation: str, candidates: Candidates) -> list[tuple[object, ...]]:
    """The rows of the weights table, without their version; numbers as text of six digits."""
    share = 1 / (1 + math.exp(-candidates.prior))
    rows: list[tuple[object, ...]] = [
        (
            reconciliation,
            "prior",
            "pair",
            "0",
            None,
            f"{share:.6f}",
            f"{1 - share:.6f}",
            f"{candidates.prior:.6f}",
            str(candidates.open_pairs),
        )
    ]
    for comparison, levels in candidates.levels.items():
        for place, name in enumerate(levels.names):
            lower, upper = levels.bounds[place]
            rows.append(
                (
                    reconciliation,
                    comparison,
                    name,
                    lower,
                    upper,
                    f"{levels.m[place]:.6f}",
                    f"{levels.u[place]:.6f}",
                    f"{levels.weights[place]:.6f}",
                    f"{levels.open_share[place]:.6f}",
                )
            )
    return rows


def _write(
    home: Home, rows: Sequence[tuple[object, ...]], bins: Sequence[tuple[object, ...]]
) -> str:
    """Write the next version, its calibration first; its name."""
    number = 1 + max(
        (int(path.name[:4]) for path in home.weights.glob("[0-9]*.parquet")), default=0
    )
    digest = hashlib.sha256(json.dumps(rows).encode("utf-8")).hexdigest()[:8]
    version = f"{number:04d}-{digest}"
    for folder, types, table in (
        (home.calibrations, CALIBRATION_TYPES, bins),
        (home.weights, WEIGHT_TYPES, rows),
    ):
        columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
        marks = ", ".join("?" for _ in types)
        with duckdb.connect() as connection:
            connection.execute(f"create temp table learned ({columns})")
            if table:
                connection.executemany(
                    f"insert into learned values ({marks})", [(version, *row) for row in table]
                )
            copy_to_parquet(
                connection, "select * from learned order by all", folder / f"{version}.parquet"
            )
    return version
