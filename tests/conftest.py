"""One small company that a whole run has reconciled, for the tests of Python and of the pages."""

from __future__ import annotations

import fcntl
import signal
from pathlib import Path

import pytest

from orchestration.home import Home
from tests.python import tieout_server
from tests.python.tieout_process import DEMO, Tieout

PLANTED = "pl4nted-s3cret-7f3a"
"""Stands in the environment of the run; tests look for it in all that the run wrote."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--reconciled",
        type=Path,
        help="folder for the reconciled company, made by the first of several sessions",
    )


def pytest_configure() -> None:
    # A shell that starts this in the background has interrupts ignored; Dagster then ignores
    # SIGTERM too, and so would every process that a test starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    tieout_server.end()


@pytest.fixture(scope="session")
def reconciled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tieout:
    """A small demo company after one whole run. Tests read it; those that write copy it."""
    folder = request.config.getoption("reconciled") or tmp_path_factory.mktemp("reconciled")
    tieout = Tieout(Home(folder / "home"), settings={"PGPASSWORD": PLANTED})
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tieout.home.serving.exists():
            tieout.succeed(*DEMO)
            tieout.succeed("run")
    return tieout
