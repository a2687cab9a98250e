"""A company's home over its runs, and what happened to it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import pytest

from orchestration.home import TieoutError
from tests.python.splits.books import Books
from tests.python.splits.companies import Company
from tests.python.splits.events import EVENTS, Event
from tests.python.splits.kept_home import KeptHome
from tests.python.splits.landed_files import Split

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
