"""What a training reads from the warehouse, what it writes, and what it says to a person."""

from __future__ import annotations

import fcntl
import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration import training
from orchestration.home import Home, HomeIsBusy, TieoutError
from orchestration.ingest.store import WEIGHT_TYPES
from orchestration.training import LEAST_MATCHES, MEASURES, Candidates, Levels, one_to_one

# Lower bounds of the levels, and the weights that they have before the training.
LEVELS = {"amount": ((0, 2.0), (0.01, 1.0), (0.05, -2.0)), "days": ((0, 0.5), (7, -0.5))}


def warehouse(home: Home, units: int, *, known: int = 0, order: int | None = None) -> None:
    """A warehouse as a run leaves it: `units` of either side, each with its partner and a stranger.

    Partners agree in amount nearly always, and are days apart as strangers are. Of the first
    `known` units people or strong passes have said the partner. `order` shuffles the rows.
    """
    pairs, verdicts = [], []
    for unit in range(units):
        for place, is_partner in ((unit, True), ((unit + 1) % units, False)):
            distance = (0.0 if unit % 10 else 0.02) if is_partner else (0.3 if unit % 4 else 0.02)
            pairs.append((f"e{unit:05d}", f"a{place:05d}", distance, unit % 9))
        if unit < known:
            verdicts.append((f"e{unit:05d}", f"a{unit:05d}", True))
    if order is not None:
        random.Random(order).shuffle(pairs)
    edges = [
        ("r", comparison, f"{n:02d}", lower, bounds[n][0] if n < len(bounds) else None, weight)
        for comparison, bounds in LEVELS.items()
        for n, (lower, weight) in enumerate(bounds, start=1)
    ]
    home.create()
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create schema intermediate; use intermediate")
        connection.execute(
            "create table int_match_weights (reconciliation varchar, comparison varchar, "
            "level varchar, lower_bound decimal(38, 10), upper_bound decimal(38, 10), "
            "weight decimal(38, 10))"
        )
        connection.executemany(
            "insert into int_match_weights values (?, ?, ?, ?, ?, ?)",
            [("r", "prior", "pair", 0, None, -0.5), *edges],
        )
        connection.execute(
            "create table int_training__pairs (reconciliation varchar, expected_unit varchar, "
            "actual_unit varchar, "
            + ", ".join(f"{column} decimal(38, 10)" for column in MEASURES.values())
            + ")"
        )
        columns = ["expected_unit", "actual_unit", "amount_distance", "days_apart"]
        drawn = pd.DataFrame(pairs, columns=columns)
        connection.register("drawn", drawn)
        connection.execute(
            "insert into int_training__pairs by name select 'r' as reconciliation, * from drawn"
        )
        connection.execute(
            "create table int_training__verdicts (expected_unit varchar, actual_unit varchar, "
            "is_match boolean)"
        )
        if known:
            said = pd.DataFrame(verdicts)
            connection.register("said", said)
            connection.execute("insert into int_training__verdicts from said")
        connection.execute(
            "create table int_pairs__compared as from int_training__pairs "
            "where expected_unit < 'e00005';"
            "create table int_training__items as "
            "select 'r' as reconciliation, 'expected' as side, expected_unit as anchor_item_key "
            "from int_training__pairs union all "
            "select 'r', 'actual', actual_unit from int_training__pairs"
        )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with a run behind it; what dbt builds for a training is there already."""
    nothing: Iterator[str] = iter(())
    monkeypatch.setattr(training.dbt_runs, "stream", lambda *_: nothing)
    home = Home(tmp_path / "home").create()
    home.run_context.parent.mkdir(parents=True, exist_ok=True)
    home.run_context.touch()
    return home


def weights(home: Home) -> list[tuple]:
    [path] = home.weights.glob("[0-9]*.parquet")
    return duckdb.sql(
        "select comparison, level, m_probability, u_probability, weight, pair_share "
        f"from '{path}' order by all"
    ).fetchall()


# --- probabilities -------------------------------------------------------------------------------


@given(
    scores=st.lists(st.floats(-200, 200), min_size=1, max_size=30),
    draw=st.randoms(use_true_random=False),
)
def test_probabilities_lie_between_nought_and_one(scores: list[float], draw: random.Random) -> None:
    """Whatever the weights and whoever competes with whom; what is known for sure, too."""
    size = len(scores)
    candidates = Candidates(
        expected=np.array([draw.randrange(3) for _ in range(size)]),
        actual=np.array([draw.randrange(5) for _ in range(size)]),
        known=np.array([draw.choice([0.0, 1.0, np.nan, np.nan]) for _ in range(size)]),
        units=3,
        levels={
            "amount": Levels(
                names=[str(n) for n in range(size)],
                bounds=[],
                of_pair=np.arange(size),
                weights=np.array(scores),
            )
        },
        prior=draw.uniform(-5, 5),
    )
    probabilities = one_to_one(candidates)
    assert probabilities.shape == (size,)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


@pytest.mark.parametrize("rivals", [1, 2, 10])
def test_rivals_share_what_one_partner_can_have(rivals: int) -> None:
    candidates = Candidates(
        expected=np.zeros(rivals, dtype=np.int64),
        actual=np.arange(rivals),
        known=np.full(rivals, np.nan),
        units=1,
        levels={},
        prior=3.0,
    )
    probabilities = one_to_one(candidates)
    assert probabilities.sum() == pytest.approx(rivals * np.exp(3) / (1 + rivals * np.exp(3)))


# --- what is learned -----------------------------------------------------------------------------


def test_nearer_levels_weigh_more_and_what_tells_nothing_weighs_nothing(home: Home) -> None:
    warehouse(home, 1000)
    training.train(home)
    rows = {(comparison, level): row for comparison, level, *row in weights(home)}
    near, middle, far = (rows["amount", f"{place:02d}"] for place in (1, 2, 3))
    assert near[2] > middle[2] > far[2] and near[2] > 0 > far[2]
    assert all(abs(rows["days", level][2]) < 0.1 for level in ("01", "02"))
    for comparison, bounds in LEVELS.items():
        for place in range(3):
            of_levels = [rows[comparison, f"{n:02d}"][place] for n in range(1, len(bounds) + 1)]
            if place < 2:
                assert all(0 < share < 1 for share in of_levels)
                assert float(sum(of_levels)) == pytest.approx(1, abs=1e-5)


def test_what_is_known_counts_and_the_rivals_of_a_partner_are_none(home: Home) -> None:
    warehouse(home, 1000, known=1000)
    told = training.train(home)
    assert "r: learned from 2000 candidates, of which about 1000 belong together." in told
    rows = {(comparison, level): row for comparison, level, *row in weights(home)}
    assert float(rows["amount", "01"][0]) == pytest.approx(0.9, abs=0.001)
    [calibration] = home.calibrations.glob("[0-9]*.parquet")
    assert duckdb.sql(f"select sum(pair_count) from '{calibration}'").fetchall() == [(2000,)]


# --- what is written -----------------------------------------------------------------------------


def test_the_same_warehouse_gives_the_same_bytes(home: Home, tmp_path: Path) -> None:
    """Also with its rows in another order."""
    other = Home(tmp_path / "other").create()
    other.run_context.parent.mkdir(parents=True, exist_ok=True)
    other.run_context.touch()
    for place, one in enumerate((home, other)):
        warehouse(one, 600, known=50, order=place)
        training.train(one)
    for folder in ("weights", "calibrations"):
        [first], [second] = (list(getattr(one, folder).glob("[0-9]*")) for one in (home, other))
        assert (first.name, first.read_bytes()) == (second.name, second.read_bytes())


def test_versions_are_counted_and_named_after_what_they_hold(home: Home) -> None:
    row = ("r", "prior", "pair", "0", None, "0.3", "0.7", "-0.5", "10")
    other = (*row[:-1], "11")
    names = [training._write(home, rows, []) for rows in ([row], [row], [other])]
    assert [name[:5] for name in names] == ["0001-", "0002-", "0003-"]
    assert names[0][5:] == names[1][5:] != names[2][5:]
    path = home.weights / f"{names[0]}.parquet"
    [read] = duckdb.sql(f"select * from '{path}'").fetchall()
    assert len(read) == len(WEIGHT_TYPES) and read[:2] == (names[0], "r")


# --- what a person is told -----------------------------------------------------------------------


def test_without_a_run_there_is_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(TieoutError, match=r"Nothing to learn from: run `tieout run` first\."):
        training.train(Home(tmp_path / "empty"))


def test_a_home_that_is_being_written_is_left_alone(home: Home) -> None:
    warehouse(home, 10)
    with open(home.lock_file, "a+", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(HomeIsBusy, match="Another run is writing"):
            training.train(home)
    assert home.warehouse.exists()


def test_too_few_pairs_leave_weights_and_warehouse_as_they_are(home: Home) -> None:
    warehouse(home, LEAST_MATCHES - 1, known=LEAST_MATCHES - 1)
    told = training.train(home)
    assert told == (
        f"r: {2 * (LEAST_MATCHES - 1)} candidates hold fewer than {LEAST_MATCHES} pairs that "
        "belong together; its weights stay as they are.\n"
    )
    assert list(home.weights.glob("[0-9]*.parquet")) == []
    assert home.warehouse.exists()


def test_a_training_names_its_version_and_discards_what_other_weights_decided(home: Home) -> None:
    warehouse(home, 600, known=600)
    told = training.train(home)
    [path] = home.weights.glob("[0-9]*.parquet")
    assert f"Weights {path.stem} are in {home.weights}; the next run uses them." in told
    assert not home.warehouse.exists()
