"""A home to land files in."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.home import Home
from tests.python.ingest.landing_home import Landing


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(Home(tmp_path / "home").create())
