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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

import duckdb
import pytest
from tieout_process import Tieout

from orchestration import dbt_runs
from orchestration.home import TieoutError
from tests.python.splits import companies
from tests.python.splits.books import Books
from tests.python.splits.companies import Company
from tests.python.splits.events import EVENTS, Event
from tests.python.splits.kept_home import KeptHome, kept_home
from tests.python.splits.landed_files import Split

pytestmark = pytest.mark.slow

Begin = Callable[[random.Random], "Story"]

LONG_AFTER = datetime(2026, 8, 20, 6)
MOST_EVENTS = 6
"""Between two runs of a seed."""

ENDED = object()
"""What `next` gives of an event that has ended."""


@dataclass
class Story:
    """A home over its runs; `told` says what happened, for the message of a failure."""

    kept: KeptHome
    draw: random.Random
    told: list[str] = field(default_factory=list)
    books: Books = field(init=False)
    _under_way: list[tuple[str, Iterator[None]]] = field(default_factory=list)
    _has_orders: bool = False

    def __post_init__(self) -> None:
        self.books = Books(self.kept.home, self.draw)

    def happen(self, events: Sequence[Event], now: datetime) -> int:
        """Land what these events land first, and what those of earlier runs land next.

        Returns the number of rows.
        """
        self.books.now, landed, orders = now, self.books.landed, self.books.orders
        begun = [(event.__name__, event(self.books)) for event in events]
        under_way, self._under_way = self._under_way, []
        for name, steps in [*under_way, *begun]:
            before = self.books.landed
            if next(steps, ENDED) is not ENDED:
                self._under_way.append((name, steps))
            if self.books.landed > before:
                self.told.append(f"{name}: {self.books.landed - before} rows")
        self._has_orders = self.books.orders > orders
        return self.books.landed - landed

    def run(self, as_of: datetime, *, compared: bool = True, is_again: bool = False) -> None:
        """A run; `is_again` where the last one spoke for the same facts and moment.

        Then nothing more is decided, unless people gave orders: what fits only without a pair that
        they declined is found by the run after it.
        """
        self.told.append(f"run as of {as_of}{' again' if is_again else ''}")
        try:
            found = self.kept.run(as_of, is_compared=compared)
        except TieoutError as error:
            found = [str(error)]
        else:
            if is_again and self.kept.sealed is not None and not self._has_orders:
                found.append(f"decided by a run on the same facts: {self.kept.sealed}")
        if found:
            pytest.fail("\n".join([*self.told, "", *found]), pytrace=False)


def live(story: Story, company: Company) -> None:
    """The files of a company over several runs, of some moments with a run more than once."""
    draw = story.draw
    moments = drawn_moments(company, draw, runs=draw.randint(3, 5))
    split = Split(company.files, moments, draw)
    compared_each = draw.random() < 0.3
    for run, moment in enumerate(moments):
        split.land(run, story.kept.home.landing)
        if run:
            story.happen(draw.sample(EVENTS, draw.randint(0, MOST_EVENTS)), moment)
        if run == len(moments) - 1:
            story.run(moment)
            story.run(moment, is_again=True)
            return
        story.run(moment, compared=compared_each and run > 0)
        what_next = draw.random()
        if what_next < 0.15:
            story.run(moment, compared=compared_each, is_again=True)
        elif what_next < 0.3:
            story.happen(draw.sample(EVENTS, draw.randint(1, MOST_EVENTS)), moment)
            story.run(moment, compared=compared_each)
        elif what_next < 0.5:
            # no new file, but windows end and targets are missed
            story.run(moment + (moments[run + 1] - moment) / 2, compared=compared_each)


def drawn_moments(company: Company, draw: random.Random, runs: int) -> list[datetime]:
    """When the runs of a company are, ascending: the last one up to weeks after its last day."""
    days = (company.end - company.start).days
    drawn = sorted(draw.sample(range(days // 3, days), runs - 1))
    last = days + draw.choice([1, 10, 50])
    return [
        datetime.combine(company.start, time(6)) + timedelta(days=day) for day in [*drawn, last]
    ]


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
