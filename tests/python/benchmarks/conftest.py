"""Benchmarks make homes of their own."""

from __future__ import annotations

import pytest

from orchestration.home import Home
from tests.python import shared_parse


@pytest.fixture(autouse=True)
def _shared_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new home is given the parse of this session."""
    create = Home.create

    def create_with_parse(home: Home) -> Home:
        create(home)
        shared_parse.lend(home.root)
        return home

    monkeypatch.setattr(Home, "create", create_with_parse)
