"""Whether each day of a feed is there: freshness by feed and day, told from the rows themselves.

When a feed last landed says nothing of its days: one that is filled up with old ones looks fresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

import duckdb

from orchestration import seeds
from orchestration.files import quoted
from orchestration.home import Home
from orchestration.ingest.checks import identifier
from orchestration.ingest.contract import Feed

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Habit:
    """Which days are expected to have rows: the row of the seed, by its names."""

    due_days: int
    weeks_before: int
    weeks_with_rows: int


@cache
def habit() -> Habit:
    """The row of the seed."""
    [row] = seeds.rows("feed_days")
    return Habit(**{name: int(value) for name, value in row.items()})


def rows_by_day(
    connection: duckdb.DuckDBPyConnection, home: Home, feed: Feed, as_of: datetime, hours: int
) -> dict[date, int]:
    """Rows of a feed by the day (UTC) of their event, as far back as `missing` looks."""
    if feed.event_column is None:
        return {}
    event = identifier(feed.event_column)
    files = quoted(str(home.feed_raw(feed.name) / "*.parquet"))
    first = due_days(as_of, hours)[0] - 7 * habit().weeks_before * DAY
    # of the column as it stands: what lies before is passed over by what Parquet says of its parts
    rows = connection.execute(
        f"select cast({event} as date) as day, count(*) "
        f"from read_parquet({files}, union_by_name = true) "
        f"where {event} >= ? and {event} < ? group by day",
        [first, as_of.date() + DAY],
    ).fetchall()
    return dict(rows)


def due_days(as_of: datetime, hours: int) -> list[date]:
    """The last days that ended more than so many hours ago, the oldest first."""
    last = (as_of - timedelta(hours=hours)).date() - DAY
    return [last - back * DAY for back in range(habit().due_days - 1, -1, -1)]


def usual(rows: Mapping[date, int], day: date) -> float:
    """How many rows the weekday of a day had on average in the weeks before."""
    weeks = range(1, habit().weeks_before + 1)
    return sum(rows.get(day - 7 * week * DAY, 0) for week in weeks) / len(weeks)


def missing(rows: Mapping[date, int], as_of: datetime, hours: int) -> list[date]:
    """Of the due days those without rows whose weekday usually has some."""
    weeks = range(1, habit().weeks_before + 1)
    return [
        day
        for day in due_days(as_of, hours)
        if not rows.get(day)
        and sum(bool(rows.get(day - 7 * week * DAY)) for week in weeks) >= habit().weeks_with_rows
    ]
