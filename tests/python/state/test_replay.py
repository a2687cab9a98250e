"""Twice is once; a lost warehouse comes back; a failing test publishes nothing."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tieout_process import Tieout

from orchestration import warehouse
from orchestration.home import Home

pytestmark = pytest.mark.slow

Differences = Callable[[Home, Home], list[str]]


def contents(*folders: Path) -> dict[str, str]:
    """Digest of every file under some folders, by path."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_second_run_changes_nothing_and_says_so(reconciled_copy: Tieout) -> None:
    home = reconciled_copy.home
    folders = (home.raw, home.journal, home.quarantine, home.runs, home.published, home.landing)
    before = contents(*folders)
    served = home.serving.readlink()
    # The same bytes under another name are the same batch.
    some_file = next(path for path in home.landing.rglob("*.csv"))
    copied = some_file.with_name("again-" + some_file.name)
    shutil.copyfile(some_file, copied)
    printed = reconciled_copy.succeed("run")
    copied.unlink()
    assert "Nothing to do" in printed
    assert "Reconciled as of 2026-07-01 06:00 UTC" in printed
    assert contents(*folders) == before
    assert home.serving.readlink() == served


def test_a_lost_warehouse_comes_back_equal(
    reconciled: Tieout, reconciled_copy: Tieout, differences: Differences
) -> None:
    home = reconciled_copy.home
    warehouse.discard(home)
    home.run_context.unlink()
    kept = contents(home.raw, home.journal)
    reconciled_copy.succeed("run")
    # The run's own parameters hold its start by the wall clock.
    home.run_context.unlink()
    assert contents(home.raw, home.journal) == kept, "nothing is decided twice"
    assert home.serving.resolve().name != reconciled.home.serving.resolve().name
    assert differences(reconciled.home, home) == []
    reconciled_copy.succeed("verify")
