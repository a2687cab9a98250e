"""Whether each day of a feed is there: freshness by feed and day, told from the rows themselves.

When a feed last landed says nothing of its days: one that is filled up with old ones looks fresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import duckdb

from orchestration.files import quoted
from orchestration.home import Home
from orchestration.ingest.checks import identifier
from orchestration.ingest.contract import Feed

DAYS = 7
"""The last days that are due."""

WEEKS, IN_WEEKS = 4, 3
"""A day is expected where its weekday had rows in so many of the weeks before it."""

DAY = timedelta(days=1)


def rows_by_day(
    connection: duckdb.DuckDBPyConnection, home: Home, feed: Feed, as_of: datetime, hours: int
) -> dict[date, int]:
    """Rows of a feed by the day (UTC) of their event, as far back as `missing` looks."""
    if feed.event_column is None:
        return {}
    event = f"cast({identifier(feed.event_column)} as date)"
    files = quoted(str(home.feed_raw(feed.name) / "*.parquet"))
    rows = connection.execute(
        f"select {event} as day, count(*) from read_parquet({files}, union_by_name = true) "
        f"where {event} between ? and ? group by day",
        [due_days(as_of, hours)[0] - 7 * WEEKS * DAY, as_of.date()],
    ).fetchall()
    return dict(rows)


def due_days(as_of: datetime, hours: int) -> list[date]:
    """The last days that ended more than so many hours ago, the oldest first."""
    last = (as_of - timedelta(hours=hours)).date() - DAY
    return [last - back * DAY for back in range(DAYS - 1, -1, -1)]


def missing(rows: Mapping[date, int], as_of: datetime, hours: int) -> list[date]:
    """Of the due days those without rows whose weekday usually has some."""
    return [
        day
        for day in due_days(as_of, hours)
        if not rows.get(day)
        and sum(bool(rows.get(day - 7 * week * DAY)) for week in range(1, WEEKS + 1)) >= IN_WEEKS
    ]
