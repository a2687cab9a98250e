"""Killed with -9 at ten moments; after each, the next run ends where an unkilled one ends.

There are no hooks in the product: a moment is something that can be seen on disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tieout_process import DEMO, PROJECT, Tieout

from orchestration.home import Home

pytestmark = pytest.mark.slow

Moment = Callable[[Home], bool]


def has(folder: str, pattern: str) -> Moment:
    return lambda home: any((home.root / folder).glob(pattern))


def built(*names: str) -> Moment:
    """dbt's log names all of these as made."""

    def is_built(home: Home) -> bool:
        log = home.logs / "dbt.log"
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return all(f"OK created sql table model {name} " in text for name in names)

    return is_built


MOMENTS: dict[str, Moment] = {
    "reading: a first raw file": has("raw", "[a-z]*/[0-9a-f]*.parquet"),
    "reading: the manifest is being written": has("raw/_manifest", "0*"),
    "the run is opened": lambda home: home.run_context.exists(),
    "building: the warehouse file appears": lambda home: home.warehouse.exists(),
    "building: items are there": built("intermediate.int_items"),
    "building: marts are there": built("marts.fct_matches"),
    "sealing: entries without a block": has("journal", "0*.entries.parquet"),
    "sealed, not yet recorded": has("journal", "0*.block.parquet"),
    "recorded, the journal not yet shown": has("runs", "0*.parquet"),
    "publishing: a temporary file": has("published", "*.tmp"),
}


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tieout, Path]]:
    """A home at one path, and what it is put back to before each kill: landed files only."""
    folder = tmp_path_factory.mktemp("kill")
    tieout = Tieout(Home(folder / "home"))
    tieout.succeed(*DEMO)
    pristine = folder / "pristine"
    shutil.copytree(tieout.home.root, pristine)
    yield tieout, pristine
    shutil.rmtree(folder)


def kill_at(tieout: Tieout, moment: Moment, *, whole_group: bool) -> bool:
    """Start a run and kill it as soon as the moment is seen; False when it ended before."""
    process = subprocess.Popen(
        tieout.command("run"),
        cwd=PROJECT,
        env=tieout.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None and not moment(tieout.home):
        time.sleep(0.002)
    hit = process.poll() is None
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    return hit


@pytest.mark.parametrize("name", MOMENTS)
def test_the_run_after_a_kill_ends_where_an_unkilled_one_ends(
    name: str,
    landed: tuple[Tieout, Path],
    reconciled: Tieout,
    differences: Callable[[Home, Home], list[str]],
) -> None:
    tieout, pristine = landed
    home = tieout.home
    # dbt's artifacts stay, so that the project is parsed once: they are no state of the company.
    for path in home.root.iterdir():
        if path.name != "target":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(pristine, home.root, dirs_exist_ok=True)
    # Alone, the run leaves its dbt behind, which goes on for a while beside the next run.
    whole_group = name != "building: items are there"
    assert kill_at(tieout, MOMENTS[name], whole_group=whole_group), "the run ended too early"
    tieout.succeed("run")
    assert differences(reconciled.home, home) == []
    assert sorted(path.name for path in home.journal.glob("0*")) == sorted(
        path.name for path in reconciled.home.journal.glob("0*")
    )
    assert home.anchors.read_bytes() == reconciled.home.anchors.read_bytes()
    assert not list(home.root.rglob("*.tmp"))
    tieout.succeed("verify")
