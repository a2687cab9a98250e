"""The benchmark of the sets in a size that a test can wait for."""

from __future__ import annotations

import pytest

from orchestration.benchmarks import sets

pytestmark = pytest.mark.thorough


def test_sets_are_found_and_what_is_none_stays_open() -> None:
    result = sets.run(500)
    assert result.payers == 500 and 80 < result.strays < 120
    assert result.wrong == 0 and result.false == 0
    assert result.right > 0.85 * (result.payers - result.strays)
    assert set(result.spans) == set(sets.MODELS)
