"""Killed with -9 at ten moments; the next run ends where one ends that was never killed.

There are no hooks in the product: a moment is something that can be seen on disk.

`make test-kill`: the runs of one home are killed at all ten moments, one after the other; then each
moment gets a home of its own; then the run of a second day is killed 45 times in a row, at any
moment, and no kill costs the warehouse. `make test` takes one moment, and kills builds of a few
statements 45 times (`test_warehouse.py`).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tieout_process import DEMO, PROJECT, Tieout

from orchestration import warehouse
from orchestration.home import Home

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

SHORT_FORM = "sealing: entries without a block"


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


def put_back(tieout: Tieout, pristine: Path) -> None:
    """Leave landed files alone."""
    shutil.rmtree(tieout.home.root)
    shutil.copytree(pristine, tieout.home.root)


def kill(tieout: Tieout, name: str) -> None:
    # Killed alone, a run leaves its dbt behind, which goes on for a while beside the next run.
    whole_group = name != "building: items are there"
    # dbt adds to its log; what the run before wrote there is no sign of this one.
    (tieout.home.logs / "dbt.log").unlink(missing_ok=True)
    assert kill_at(tieout, MOMENTS[name], whole_group=whole_group), f"ended too early: {name}"


def assert_ends_like_one_never_killed(
    tieout: Tieout, unkilled: Home, differences: Callable[[Home, Home], list[str]]
) -> None:
    home = tieout.home
    tieout.succeed("run")
    assert differences(unkilled, home) == []
    assert sorted(path.name for path in home.journal.iterdir()) == sorted(
        path.name for path in unkilled.journal.iterdir()
    )
    assert home.anchors.read_bytes() == unkilled.anchors.read_bytes()
    assert not list(home.root.rglob("*.tmp"))
    tieout.succeed("verify")


@pytest.mark.thorough
def test_after_ten_kills_the_next_run_ends_where_an_unkilled_one_ends(
    landed: tuple[Tieout, Path],
    reconciled: Tieout,
    differences: Callable[[Home, Home], list[str]],
) -> None:
    tieout, pristine = landed
    put_back(tieout, pristine)
    for name in MOMENTS:
        kill(tieout, name)
    assert_ends_like_one_never_killed(tieout, reconciled.home, differences)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == SHORT_FORM else pytest.mark.thorough)
        for name in MOMENTS
    ],
)
def test_the_run_after_a_kill_ends_where_an_unkilled_one_ends(
    name: str,
    landed: tuple[Tieout, Path],
    reconciled: Tieout,
    differences: Callable[[Home, Home], list[str]],
) -> None:
    tieout, pristine = landed
    put_back(tieout, pristine)
    kill(tieout, name)
    assert_ends_like_one_never_killed(tieout, reconciled.home, differences)


KILLS = 45
NEXT_DAY = "2026-07-02T06:00:00Z"


@pytest.mark.thorough
def test_after_45_kills_at_any_moment_of_the_next_days_run_it_ends_like_one_never_killed(
    reconciled: Tieout, tmp_path: Path, differences: Callable[[Home, Home], list[str]]
) -> None:
    unkilled, killed = (Tieout(Home(tmp_path / name), as_of=NEXT_DAY) for name in ("one", "other"))
    for tieout in (unkilled, killed):
        shutil.copytree(reconciled.home.root, tieout.home.root, symlinks=True)
    started = time.monotonic()
    unkilled.succeed("run")
    longest = time.monotonic() - started

    draw = random.Random(45)
    kills = 0
    while kills < KILLS:
        deadline = time.monotonic() + draw.uniform(0, longest)

        def is_time(_: Home, at: float = deadline) -> bool:
            return time.monotonic() > at

        if kill_at(killed, is_time, whole_group=draw.random() < 0.8):
            kills += 1
        else:  # quicker than the first: once more from the first day
            shutil.rmtree(killed.home.root)
            shutil.copytree(reconciled.home.root, killed.home.root, symlinks=True)
        warehouse.settle(killed.home)
        assert warehouse.is_current(killed.home), f"kill {kills} cost the warehouse"
    assert_ends_like_one_never_killed(killed, unkilled.home, differences)
