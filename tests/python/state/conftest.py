"""A warehouse with decisions to seal, made by hand: the journal needs nothing else of dbt."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
from decisions import SEALED_AT, decision, write_decisions

from orchestration import journal, personal_data
from orchestration.home import Home

_marked = cache(personal_data.marked)


@pytest.fixture(autouse=True)
def _marks_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every publication asks all marts' YAML, which no test changes."""
    monkeypatch.setattr(personal_data, "marked", _marked)


@pytest.fixture
def seal(home: Home) -> Callable[..., journal.Block | None]:
    """`seal(decisions)`: seal rows as the next block of `home`."""

    def seal_rows(decisions: Sequence[dict[str, Any]]) -> journal.Block | None:
        write_decisions(home, decisions)
        return journal.seal(home, "run-1", SEALED_AT)

    return seal_rows


@pytest.fixture(scope="session")
def made_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, Home, Callable[[Home], object]], Home]:
    """`made_once(name, home, make)`: an empty home as `make` leaves it.

    It is made for the first who asks for the name, and copied for all others.
    """
    folder = tmp_path_factory.mktemp("made")

    def made(name: str, home: Home, make: Callable[[Home], object]) -> Home:
        kept = folder / name
        if kept.exists():
            shutil.copytree(kept, home.root, symlinks=True, dirs_exist_ok=True)
        else:
            make(home)
            shutil.copytree(home.root, kept, symlinks=True)
        return home

    return made


@pytest.fixture
def three_blocks(
    home: Home, made_once: Callable[..., Home], seal: Callable[..., journal.Block | None]
) -> Home:
    """A home whose journal has blocks of five, one and four entries."""

    def make(_: Home) -> None:
        for number, size in enumerate((5, 1, 4), start=1):
            seal(
                [
                    decision(f"m-{number}-{index}", payload=json.dumps({"n": str(index)}))
                    for index in range(size)
                ]
            )

    return made_once("three blocks", home, make)
