"""Homes for tests: empty ones, and copies of the small company that a whole run has reconciled."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tieout_process import ON_SHARED_CORES, Tieout, mart_differences

from orchestration import dbt_runs
from orchestration.home import Home
from tests.python import tieout_server


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test depends on the caller's settings, or writes to the caller's data."""
    for name in [name for name in os.environ if name.startswith("TIEOUT_")]:
        monkeypatch.delenv(name)
    for name, value in ON_SHARED_CORES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TIEOUT_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def _dbt_has_loaded_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what a test calls in this process has its dbt process forked."""
    monkeypatch.setattr(dbt_runs, "start_process", tieout_server.start_dbt)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A new, empty home; `TIEOUT_HOME` names it."""
    return Home(tmp_path / "home").create()


@pytest.fixture
def reconciled_copy(reconciled: Tieout, tmp_path: Path) -> Iterator[Tieout]:
    """A copy of the reconciled company that a test may break."""
    shutil.copytree(reconciled.home.root, tmp_path / "home", symlinks=True, dirs_exist_ok=True)
    yield Tieout(Home(tmp_path / "home"))
    shutil.rmtree(tmp_path / "home")


@pytest.fixture(scope="session")
def differences() -> Callable[[Home, Home], list[str]]:
    """`differences(one, other)`: what differs between the published marts of two homes."""

    def compare(one: Home, other: Home) -> list[str]:
        return mart_differences(one.serving.resolve(), other.serving.resolve())

    return compare
