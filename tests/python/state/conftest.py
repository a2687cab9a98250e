"""A warehouse with decisions to seal, made by hand: the journal needs nothing else of dbt."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from decisions import SEALED_AT, decision, write_decisions

from orchestration import journal
from orchestration.home import Home


@pytest.fixture
def seal(home: Home) -> Callable[..., journal.Block | None]:
    """`seal(decisions)`: seal rows as the next block of `home`."""

    def seal_rows(decisions: Sequence[dict[str, Any]]) -> journal.Block | None:
        write_decisions(home, decisions)
        return journal.seal(home, "run-1", SEALED_AT)

    return seal_rows


@pytest.fixture
def three_blocks(home: Home, seal: Callable[..., journal.Block | None]) -> Home:
    """A home whose journal has blocks of five, one and four entries."""
    for number, size in enumerate((5, 1, 4), start=1):
        seal(
            [
                decision(f"m-{number}-{index}", payload=json.dumps({"n": str(index)}))
                for index in range(size)
            ]
        )
    return home
