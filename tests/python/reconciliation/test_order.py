"""The result does not depend on the order in which files arrive, nor on how often they do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tieout_process import Tieout, mart_differences

from orchestration.home import Home

pytestmark = pytest.mark.slow

FILE_NAMES = {
    "fct_batches": {"file_name"},
    "fct_quarantine": {"file_name"},
    "fct_record_trace": {"detail"},
}


def land_reversed(source: Path, target: Path) -> None:
    """The same files under names that sort the other way round, with their times."""
    for feed in sorted(folder for folder in source.iterdir() if folder.is_dir()):
        files = sorted(path for path in feed.rglob("*") if path.is_file())
        for place, path in enumerate(reversed(files)):
            copy = target / feed.name / f"{place:04d}" / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)


def test_files_in_another_order_give_the_same_marts(reconciled: Tieout, tmp_path: Path) -> None:
    other = Tieout(Home(tmp_path / "home").create())
    land_reversed(reconciled.home.landing, other.home.landing)
    other.succeed("run")
    assert (
        mart_differences(
            reconciled.home.serving.resolve(), other.home.serving.resolve(), FILE_NAMES
        )
        == []
    )


def test_files_that_arrive_again_change_nothing(reconciled_copy: Tieout) -> None:
    """Every file once more under another name: the same batches, so nothing to do."""
    landing = reconciled_copy.home.landing
    before = reconciled_copy.home.serving.resolve().name
    for path in sorted(path for path in landing.rglob("*") if path.is_file()):
        shutil.copyfile(path, path.with_name(f"again_{path.name}"))
        os.utime(path.with_name(f"again_{path.name}"), (0, 0))
    reconciled_copy.succeed("run")
    assert reconciled_copy.home.serving.resolve().name == before
