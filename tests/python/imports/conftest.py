"""The desk of `imports_desk.py` for every test here."""

from __future__ import annotations

from pathlib import Path

import pytest
from imports_desk import Desk

from orchestration.home import Home


@pytest.fixture
def desk(home: Home, tmp_path: Path) -> Desk:
    """A new home and an empty folder."""
    folder = tmp_path / "delivered"
    folder.mkdir()
    return Desk(home, folder)
