"""One small company that a whole run has reconciled, for the tests of Python and of the pages."""

from __future__ import annotations

import pytest

from orchestration.home import Home
from tests.python.tieout_process import DEMO, Tieout


@pytest.fixture(scope="session")
def reconciled(tmp_path_factory: pytest.TempPathFactory) -> Tieout:
    """A small demo company after one whole run. Tests read it; those that write copy it."""
    tieout = Tieout(Home(tmp_path_factory.mktemp("reconciled") / "home"))
    tieout.succeed(*DEMO)
    tieout.succeed("run")
    return tieout
