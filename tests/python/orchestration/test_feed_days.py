"""Freshness by feed and day: which days of a feed are missing, whatever has landed since."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from orchestration import feed_days
from orchestration.files import open_duckdb
from orchestration.home import Home
from orchestration.ingest import ingest
from orchestration.ingest.contract import load_contract

AS_OF = datetime(2026, 7, 1, 6)
DAY = timedelta(days=1)
HOURS = 24


def daily(weeks: int = 8, *, without: tuple[date, ...] = ()) -> dict[date, int]:
    days = (AS_OF.date() - back * DAY for back in range(7 * weeks))
    return {day: 3 for day in days if day not in without}


def test_days_are_due_once_the_feed_has_had_its_hours() -> None:
    # at six in the morning the last day to be there a day after its end is that before yesterday
    assert feed_days.due_days(AS_OF, HOURS) == [date(2026, 6, day) for day in range(23, 30)]
    assert feed_days.due_days(AS_OF, 6)[-1] == date(2026, 6, 30)


def test_a_day_without_rows_is_missing_and_younger_ones_do_not_make_up_for_it() -> None:
    assert feed_days.missing(daily(), AS_OF, HOURS) == []
    assert feed_days.usual(daily(), AS_OF.date() - DAY) == 3
    gone = date(2026, 6, 26)
    assert feed_days.missing(daily(without=(gone,)), AS_OF, HOURS) == [gone]
    # not due yet, and too long ago
    quiet = (date(2026, 6, 30), date(2026, 6, 20))
    assert feed_days.missing(daily(without=quiet), AS_OF, HOURS) == []


def test_weekdays_that_usually_bring_nothing_are_not_missed() -> None:
    sundays = tuple(date(2026, 6, 28) - week * 7 * DAY for week in range(8))
    assert feed_days.missing(daily(without=sundays), AS_OF, HOURS) == []
    # two of the four weeks before are no habit, three are
    assert feed_days.missing(daily(without=sundays[:3]), AS_OF, HOURS) == []
    assert feed_days.missing(daily(without=sundays[:2]), AS_OF, HOURS) == [sundays[0]]
    assert feed_days.missing({}, AS_OF, HOURS) == []


def test_rows_are_counted_by_the_day_of_their_event(home: Home) -> None:
    folder = home.feed_landing("gateway_payouts")
    folder.mkdir()
    header = "gateway,payout_id,amount,currency,created_at,arrival_date,status"
    rows = [
        f"stripe,po_{number},10.00,EUR,{moment},2026-06-29,paid"
        for number, moment in enumerate(
            ["2026-06-26T23:59:59Z", "2026-06-26T12:00:00Z", "2026-06-27T00:00:00Z"]
        )
    ]
    (folder / "late.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    ingest(home, AS_OF)
    feeds = load_contract({}).feeds
    with open_duckdb() as connection:
        assert feed_days.rows_by_day(connection, home, feeds["gateway_payouts"], AS_OF, HOURS) == {
            date(2026, 6, 26): 2,
            date(2026, 6, 27): 1,
        }
        assert feed_days.rows_by_day(connection, home, feeds["ledger_entries"], AS_OF, HOURS) == {}
