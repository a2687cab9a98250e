"""A warehouse that was kept from run to run equals one that is built anew, row for row.

A company's landed files are spread over several runs, with events between them (`events.py`). The
warehouse of its home is kept. Before a run the home is copied without its warehouse; both run, and
all tables of staging, intermediate and marts, the sealed block and the published marts are equal,
but for `warehouses.BY_DESIGN`. After the last run both run again, and decide nothing more.

`make test` takes one company with every event. `make test-splits SEEDS=200` takes as many seeds,
every event by itself long after the company was closed, and both other companies whole, some two
minutes each; `make test-splits SEED=17` takes the one seed that failed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from tieout_process import PROJECT, Tieout

from orchestration import dbt_runs
from tests.python.splits import companies, weaker_rules
from tests.python.splits.events import EVENTS, OF_ONE_DAY, Event
from tests.python.splits.kept_home import KeptHome, kept_home
from tests.python.splits.landed_files import Split
from tests.python.splits.story import Story, drawn_moments, live

pytestmark = pytest.mark.slow

Begin = Callable[[random.Random], Story]

KEPT_BY_PART = {**weaker_rules.kept_by_part(PROJECT), **weaker_rules.staged_feeds(PROJECT)}
WHOLE_AT_TIMES = {"int_item_texts", "int_audit__outcomes", "int_items__bank_to_ledger"}
"""Events take from a rule that it may close, and describe accounts: either touches all of some."""

LONG_AFTER = datetime(2026, 8, 20, 6)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[random.Random], Story]]:
    """`begin(draw)`: a story in an empty home."""
    with kept_home(tmp_path / "kept") as kept:
        yield lambda draw: Story(kept, draw)


def test_every_event_between_the_runs_of_a_company(begin: Begin, tmp_path: Path) -> None:
    draw = random.Random(20261129)
    company = companies.of_demo(tmp_path, draw, invoices=150)
    first, second, third = drawn_moments(company, draw, runs=3)
    split, story = Split(company.files, [first, second, third], draw), begin(draw)
    for run, moment in enumerate(split.moments):
        split.land(run, story.kept.home.landing)
        if run == 1:
            story.happen(EVENTS, moment)
        if run == 2:
            story.happen(draw.sample(EVENTS, len(EVENTS) // 2), moment)
        story.run(moment, compared=run == 2)
    changed = story.kept.changed
    by_part = {name for name in KEPT_BY_PART if name in changed} - WHOLE_AT_TIMES
    assert [name for name in by_part if changed[name].by is None] == [], "computed whole"
    assert sum(changed[name].rows < changed[name].of for name in by_part) >= 10


@pytest.mark.thorough
def test_runs_of_one_day(begin: Begin, tmp_path: Path) -> None:
    """Models that ask for the day alone, or for one reconciliation, may have nothing to do then."""
    draw = random.Random(20261130)
    company = companies.of_demo(tmp_path, draw, invoices=150)
    moments = drawn_moments(company, draw, runs=3)
    split, story = Split(company.files, moments, draw), begin(draw)
    for run, moment in enumerate(split.moments):
        split.land(run, story.kept.home.landing)
        story.run(moment, compared=False)
    happened = 0
    for event in (None, *OF_ONE_DAY, None):
        moment += timedelta(hours=1)
        happened += story.happen([event] if event else [], moment)
        story.run(moment)
    assert happened >= 3, story.told


@pytest.mark.thorough
def test_seeds(seed: int, begin: Begin, tmp_path: Path) -> None:
    draw = random.Random(seed)
    if seed % 4 == 3:
        company = companies.of_world(tmp_path, draw.choice(["world_a", "world_b"]), weeks=4)
    else:
        company = companies.of_demo(tmp_path, draw)
    live(begin(draw), company)


@pytest.mark.thorough
@pytest.mark.parametrize("world", ["world_a", "world_b"])
def test_another_generators_whole_company(world: str, begin: Begin, tmp_path: Path) -> None:
    live(begin(random.Random(world)), companies.of_world(tmp_path, world))


@pytest.mark.thorough
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_an_event_long_after_the_closing(event: Event, reconciled_copy: Tieout) -> None:
    with dbt_runs.kept_open(reconciled_copy.home):
        story = Story(KeptHome(reconciled_copy.home), random.Random(event.__name__))
        now = LONG_AFTER
        happened = story.happen([event], now)
        assert happened, "the company has nothing that it could happen to"
        while happened:
            story.run(now)
            now += timedelta(days=1)
            happened = story.happen([], now)


@pytest.mark.thorough
def test_a_stale_row_that_is_kept_is_found(reconciled_copy: Tieout) -> None:
    """A number that no document has any more, as a forgotten update would leave it."""
    home = reconciled_copy.home
    with duckdb.connect(str(home.warehouse)) as connection:
        [(changed,)] = connection.execute(
            "update intermediate.int_item_numbers set number_value = number_value || '9' "
            "where row_hash = (select min(row_hash) from intermediate.int_item_numbers)"
        ).fetchall()
    assert changed > 0
    with dbt_runs.kept_open(home):
        found = KeptHome(home).run(LONG_AFTER, is_compared=True)
    assert f"intermediate.int_item_numbers: {changed} rows only in kept" in found
    assert f"intermediate.int_item_numbers: {changed} rows only in rebuilt" in found
