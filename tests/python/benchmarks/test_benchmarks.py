"""The benchmarks on published data, in a short form: `tieout benchmark` runs them whole."""

from __future__ import annotations

import pytest

from orchestration.benchmarks import entries, splink, transactions
from orchestration.benchmarks.land import DEFAULT_FOLDER, require
from orchestration.home import TieoutError

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _data() -> None:
    if not DEFAULT_FOLDER.is_dir():
        pytest.skip("the benchmarks' data (../shared/data/matching) is not here")


@pytest.mark.thorough
def test_payments_find_their_arrival_without_labels() -> None:
    """A sixth of the payments: fewer rivals, and fewer to learn from."""
    scores = {
        score.name: score for score in transactions.run(DEFAULT_FOLDER, 8000, with_splink=False)
    }
    automatic = scores["tieout, learned weights: automatic tier"]
    every = scores["tieout, learned weights: all links"]
    assert automatic.precision >= 0.9995 and automatic.recall >= 0.985, automatic
    assert every.precision >= 0.998 and every.recall >= 0.995, every
    shipped = scores["tieout, shipped weights: automatic tier"]
    assert shipped.precision >= 0.999 and shipped.recall >= 0.95, shipped


@pytest.mark.thorough
def test_entries_are_proposed_and_nothing_closes_short() -> None:
    cases = entries.run(DEFAULT_FOLDER)
    assert sum(case.expected for case in cases) == 44
    assert sum(case.closed_short for case in cases) == 0
    assert [pair for case in cases for pair in case.missing] == []
    assert sum(case.other for case in cases) == 0


def test_missing_data_is_said_and_nothing_else(tmp_path) -> None:
    with pytest.raises(TieoutError, match="name the folder"):
        require(tmp_path, transactions.FILES)


@pytest.mark.skipif(not splink.is_installed(), reason="the extra `benchmark` is not installed")
def test_splink_links_the_same_payments() -> None:
    folder = DEFAULT_FOLDER
    origin, destination = (
        f"select * from read_parquet('{folder / name}') where ground_truth < 4000"
        for name in transactions.FILES
    )
    tiers = list(splink.link(origin, destination))
    assert len(tiers) == 2
    for _, links, right, truth, _ in tiers:
        assert truth > 3000 and right > 0.9 * links > 0
