"""A home whose warehouse is kept from run to run, and its twin whose warehouse is built anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from orchestration import dbt_runs, steps, warehouse
from orchestration.dbt_runs import Phase
from orchestration.home import Home, Settings, wall_clock
from orchestration.journal import Block
from tests.python.splits.warehouses import Changed, RunOf, changed_tables, differences, run_of

LAYERS = ("staging", "intermediate", "marts")

_NOT_COPIED = ("warehouse*", "dagster", "logs", "target", "truth", ".lock")


@dataclass
class KeptHome:
    """A home over several runs. `sealed` is the block of the last one, None where it sealed none,
    and `changed` what it changed before that.

    The twin takes the home's place while it runs, so that both name the same paths and one dbt
    process, which knows a single home, serves all runs.
    """

    home: Home
    sealed: Block | None = None
    changed: dict[str, Changed] = field(default_factory=dict)

    @property
    def twin(self) -> Path:
        return self.home.root.with_name("twin")

    def run(self, as_of: datetime, *, is_compared: bool) -> list[str]:
        """Run the home, and from the same files and journal its twin; what differs between them.

        And whether the home's warehouse was built on the one before, which a rebuilt one is not. A
        run that would repeat the last one is made all the same.
        """
        is_kept = warehouse.is_current(self.home)
        before = run_of(self.home.warehouse) if is_kept else None
        if not is_compared:
            self.sealed, self.changed = self._run(as_of)
            return self._not_built_on(before)
        self._copy()
        assert is_kept, "there is nothing that could be kept"
        self.sealed, self.changed = self._run(as_of)
        with self._twin_in_place():
            rebuilt, _ = self._run(as_of)
            found = self._not_built_on(None)
        found += [*self._not_built_on(before), *self._compare()]
        if rebuilt != self.sealed:
            found.insert(0, f"sealed: kept {self.sealed}, rebuilt {rebuilt}")
        return found

    def _not_built_on(self, before: RunOf | None) -> list[str]:
        """What is wrong with the state that the last run started from, if anything is."""
        expected = before.run_id if before else None
        last = run_of(self.home.warehouse)
        if last is not None and last.built_on == expected:
            return []
        return [f"built on the state of {last and last.built_on}, not of {expected}"]

    def _run(self, as_of: datetime) -> tuple[Block | None, dict[str, Changed]]:
        """The steps of `tieout run`, without Dagster; the block that was sealed, and what had been
        changed by then."""
        home, settings = self.home, Settings(as_of, "EUR")
        steps.land(home, settings, "manual", wall_clock())
        for _ in steps.build(home, Phase.BEFORE_SEAL):
            pass
        changed = changed_tables(home)
        block = steps.seal(home)
        for _ in steps.build(home, Phase.AFTER_SEAL):
            pass
        steps.publish_marts(home)
        warehouse.commit(home)
        return block, changed

    def _copy(self) -> None:
        shutil.rmtree(self.twin, ignore_errors=True)
        shutil.copytree(
            self.home.root, self.twin, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED)
        )

    @contextmanager
    def _twin_in_place(self) -> Iterator[None]:
        aside = self.home.root.with_name("aside")
        self.home.root.rename(aside)
        self.twin.rename(self.home.root)
        try:
            yield
        finally:
            self.home.root.rename(self.twin)
            aside.rename(self.home.root)

    def _compare(self) -> list[str]:
        twin = Home(self.twin)
        return [
            *differences(self.home.warehouse, twin.warehouse, LAYERS),
            *differences(self.home.serving.resolve(), twin.serving.resolve(), ["marts"]),
        ]


@contextmanager
def kept_home(folder: Path) -> Iterator[KeptHome]:
    """A home below `folder` with its dbt process; gone afterwards."""
    home = Home(folder / "home").create()
    try:
        with dbt_runs.kept_open(home):
            yield KeptHome(home)
    finally:
        shutil.rmtree(folder)
