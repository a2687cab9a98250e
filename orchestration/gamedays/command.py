"""`tieout gameday` and `tieout compare`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration.gamedays import losses
from orchestration.gamedays.drill import stage
from orchestration.gamedays.scenarios import named
from orchestration.home import Home, TieoutError

SHOWN = 50


def gameday(names: list[str], found: Home | None, *, together: bool = False) -> int:
    """Play scenarios on a copy of a home (None: a small company), and tell each; 1 if one failed.

    Raises:
        TieoutError: when a scenario is not known, or the home cannot be copied and run.
    """
    scenarios = named(names)
    with TemporaryDirectory(prefix="tieout-gameday-", ignore_cleanup_errors=True) as folder:
        ready = stage(Path(folder), found)
        failed = 0
        for group in [scenarios] if together else [[scenario] for scenario in scenarios]:
            outcome = ready.drill(group)
            print(outcome.describe(), flush=True)
            failed += bool(outcome.failures)
    return 1 if failed else 0


def compare(one: Home, other: Home) -> int:
    """Tell where the money of two homes differs; 1 where it does.

    Raises:
        TieoutError: when one of them has published nothing.
    """
    for home in (one, other):
        if not home.serving.exists():
            raise TieoutError(f"{home.root} has published nothing: run it first.")
    here, there = losses.money(one), losses.money(other)
    differing = sorted(key for key in here.keys() | there.keys() if here.get(key) != there.get(key))
    for key in differing[:SHOWN]:
        print(key)
        print(f"  {one.root}: {here.get(key, 'not there')}")
        print(f"  {other.root}: {there.get(key, 'not there')}")
    if len(differing) > SHOWN:
        print(f"... and {len(differing) - SHOWN} more")
    same = len(here.keys() | there.keys()) - len(differing)
    print(f"{same} documents and matches agree, {len(differing)} differ.")
    return 1 if differing else 0
