"""What a training learns, on pairs whose truth is made."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from orchestration.training import (
    LEAST_MATCHES,
    Candidates,
    Levels,
    calibration,
    calibration_bins,
    learn,
    one_to_one,
)


def company(units: int, seed: int = 1) -> tuple[Candidates, np.ndarray]:
    """`units` of either side, each with its partner and three strangers as candidates.

    The partner agrees in one comparison nine times in ten and in the other four times in five,
    strangers one time in ten and one in five. Returns the candidates and which pairs are true.
    """
    draw = np.random.default_rng(seed)
    expected = np.repeat(np.arange(units), 4)
    offset = np.tile([0, 1, 2, 3], units)
    actual = (expected + offset) % units
    is_true = offset == 0
    agrees = np.where(is_true, draw.random(4 * units) < 0.9, draw.random(4 * units) < 0.1)
    fits = np.where(is_true, draw.random(4 * units) < 0.8, draw.random(4 * units) < 0.2)

    def levels(agreement: np.ndarray) -> Levels:
        return Levels(
            names=["01", "02"],
            bounds=[("0", "1"), ("1", None)],
            of_pair=agreement.astype(np.int64),
            weights=np.array([-1.0, 1.0]),
            open_share=np.array([0.5, 0.5]),
        )

    return (
        Candidates(
            expected=expected,
            actual=actual,
            known=np.full(4 * units, np.nan),
            units=units,
            levels={"amount": levels(agrees), "days": levels(fits)},
            prior=-1.0,
        ),
        is_true,
    )


def test_the_weights_are_those_that_made_the_pairs() -> None:
    candidates, is_true = company(4000)
    probabilities = learn(candidates)
    assert probabilities is not None
    amount, days = candidates.levels["amount"], candidates.levels["days"]
    assert amount.m[1] == pytest.approx(0.9, abs=0.04) and amount.u[1] == pytest.approx(
        0.1, abs=0.03
    )
    assert days.m[1] == pytest.approx(0.8, abs=0.04) and days.u[1] == pytest.approx(0.2, abs=0.03)
    assert probabilities[is_true].mean() > 0.8 > 0.1 > probabilities[~is_true].mean()


def test_a_training_repeated_learns_the_same() -> None:
    first, second = (company(1000)[0] for _ in range(2))
    learn(first)
    learn(second)
    assert first.prior == second.prior
    assert all(
        (first.levels[name].weights == second.levels[name].weights).all() for name in first.levels
    )


def test_too_little_teaches_nothing() -> None:
    candidates, _ = company(LEAST_MATCHES // 4)
    assert learn(candidates) is None


def test_what_people_said_is_taken_as_given() -> None:
    candidates, _ = company(500)
    candidates.known[0], candidates.known[1] = 0, 1
    probabilities = one_to_one(candidates)
    assert probabilities[0] < 1e-6 and probabilities[1] > 1 - 1e-6


def test_calibration_judges_known_pairs_as_if_they_were_not() -> None:
    candidates, is_true = company(2000)
    learn(candidates)
    known = np.where(np.arange(len(is_true)) % 2 == 0, is_true.astype(float), np.nan)
    candidates.known = known
    bins = calibration(candidates, calibration_bins())
    assert sum(found.pairs for found in bins) == int((~np.isnan(known)).sum())
    for found in bins:
        if found.pairs > 100:
            assert found.observed_share == pytest.approx(found.mean_probability, abs=0.12)


def test_the_bins_leave_no_probability_out() -> None:
    bins = [(float(lower), float(upper)) for lower, upper in calibration_bins()]
    assert bins[0][0] == 0 and bins[-1][1] > 1
    assert all(bin_[1] == following[0] for bin_, following in pairwise(bins))
