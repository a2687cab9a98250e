"""The result does not depend on the order in which files arrive, nor on how often they do.

The short form of the first is in `test_cases.py`: there, rows and files are shuffled.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tieout_process import Tieout, mart_differences

from orchestration.home import Home
from orchestration.ingest.landing import scan

pytestmark = pytest.mark.slow

FILE_NAMES = {
    "fct_batches": {"file_name"},
    "fct_quarantine": {"file_name"},
    "fct_record_trace": {"detail"},
}


def land(source: Path, target: Path, *, backwards: bool) -> None:
    """The same files, all of one time, so that their names alone say in which order they are read.

    Their own times would keep the months in order, and belong to what a run tells of a batch.
    """
    arrived = max(path.stat().st_mtime_ns for path in source.rglob("*") if path.is_file())
    for feed in sorted(folder for folder in source.iterdir() if folder.is_dir()):
        files = sorted(path for path in feed.rglob("*") if path.is_file())
        for place, path in enumerate(reversed(files) if backwards else files):
            copy = target / feed.name / f"{place:04d}" / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            os.utime(copy, ns=(arrived, arrived))


def read_order(home: Home) -> list[str]:
    """The files of the home in the order in which a run reads them, without their folders."""
    return [f"{file.feed}/{Path(file.name).name}" for file in scan(home)]


@pytest.mark.thorough
def test_files_in_another_order_give_the_same_marts(reconciled: Tieout, tmp_path: Path) -> None:
    forwards = Tieout(Home(tmp_path / "forwards").create())
    backwards = Tieout(Home(tmp_path / "backwards").create())
    for tieout in (forwards, backwards):
        land(reconciled.home.landing, tieout.home.landing, backwards=tieout is backwards)
    changed = [
        (one, other)
        for one, other in zip(read_order(forwards.home), read_order(backwards.home), strict=True)
        if one != other
    ]
    assert len(changed) > 20, "most files must change their place"
    for tieout in (forwards, backwards):
        tieout.succeed("run")
    assert (
        mart_differences(
            forwards.home.serving.resolve(), backwards.home.serving.resolve(), FILE_NAMES
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
