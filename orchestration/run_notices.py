"""What a run that published has noticed beside its data: a page or a ticket, and no failure.

A run's record keeps them until the next whole run, so what is over is gone by itself. They are
asked outside of the models: they speak of one run, its files and its machine, and no mart needs
them. Each has its page in `orchestration/runbooks/`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from orchestration import run_records
from orchestration.home import Home
from orchestration.run_context import RunContext
from orchestration.run_records import NoticeRecord
from orchestration.verify import RECOMPUTED_ENTRIES, verify_new

FEED_AHEAD = "feed_ahead"
CURRENCY_DIFFERS = "currency_differs"
RATE_JUMPED = "rate_jumped"
ACCESS_REFUSED = "access_refused"
JOURNAL_DAMAGED = "journal_damaged"
WAREHOUSE_LOST = "warehouse_lost"
QUEUE_SURGED = "queue_surged"

NAMES = (
    FEED_AHEAD,
    CURRENCY_DIFFERS,
    RATE_JUMPED,
    ACCESS_REFUSED,
    JOURNAL_DAMAGED,
    WAREHOUSE_LOST,
    QUEUE_SURGED,
)

AHEAD_FROM, AHEAD_TO = timedelta(minutes=30), timedelta(hours=14)
"""A clock in another zone is ahead by this much; what is more is a run set to a day gone by."""

LEAST_PAYMENTS = 5
LEAST_SURGE = 100
"""Cases opened by one run, and no fewer than were open before: more than people can look at."""

LARGEST_JUMP = 0.2
LEAST_REFUSALS = 5

_AHEAD = """
select feed, file_name, date_diff('minute', ingested_at, max_event_at)
from marts.fct_batches
where
    run_sequence = $3
    and max_event_at > ingested_at + $1 and max_event_at <= ingested_at + $2
order by feed, file_name
"""

# matches across currencies that no rule took: by the rate of the day the amounts do not agree
_CURRENCY = """
select count(*)
from (
    select allocations.match_id
    from marts.fct_match_allocations as allocations
    inner join marts.fct_matches as matches
        on allocations.match_id = matches.match_id
    where allocations.reconciliation = 'invoice_to_receipt' and matches.decision = 'suggested'
    group by allocations.match_id
    having count(distinct allocations.currency) > 1
)
"""

_SURGE = """
select
    count(*) filter (opened_at >= $1),
    count(*) filter (opened_at < $1)
from marts.fct_exceptions
where is_case_lead and status <> 'resolved'
"""

_JUMPS = """
with changes as (
    select
        currency, reporting_currency, rate_date, rate, quoted_on,
        lag(rate) over (partition by currency, reporting_currency, source order by rate_date)
            as former
    from marts.fct_fx_rates
    where rate_date = quoted_on
)
select currency, reporting_currency, rate_date, former, rate
from changes
where
    abs(rate / nullif(former, 0) - 1) > $1
    and rate_date >= cast($2 as date) - 7
order by currency, rate_date
"""


def look(home: Home, context: RunContext) -> None:
    """Look at what the run of this process has published, and note what stands out."""
    since = _last_start(home)
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        ahead = connection.execute(_AHEAD, [AHEAD_FROM, AHEAD_TO, context.run_sequence]).fetchall()
        # what a first run reads may have been exported later than the moment that it speaks for
        for feed, name, minutes in ahead if since is not None else []:
            _note(
                home,
                FEED_AHEAD,
                "ticket",
                feed,
                f"Events of {feed}/{name} are dated {minutes} minutes after the file was read: its "
                "clock, or the time zone that its timestamps are read in, is wrong",
            )
        [(payments,)] = connection.execute(_CURRENCY).fetchall()
        if payments >= LEAST_PAYMENTS:
            _note(
                home,
                CURRENCY_DIFFERS,
                "ticket",
                "invoice_to_receipt",
                f"{payments} payments are in another currency than the documents that they name: "
                "a feed writes the wrong currency, or an account takes the wrong payments",
            )
        opened, older = _only_row(connection.execute(_SURGE, [context.as_of]).fetchall())
        if since is not None and opened >= max(LEAST_SURGE, older):
            _note(
                home,
                QUEUE_SURGED,
                "ticket",
                "queue",
                f"This run opened {opened} cases, and {older} were open before it: something has "
                "changed at once for many records",
            )
        for currency, base, day, former, rate in connection.execute(
            _JUMPS, [LARGEST_JUMP, context.as_of]
        ).fetchall():
            _note(
                home,
                RATE_JUMPED,
                "ticket",
                currency,
                f"The rate of {currency} in {base} went from {former:.6g} to {rate:.6g} on {day}: "
                "turned over, of another pair, or mistyped",
            )
    _look_at_journal(home)
    _look_at_access(home, since)


def _only_row(rows: list[tuple[int, int]]) -> tuple[int, int]:
    [row] = rows
    return row


def _look_at_journal(home: Home) -> None:
    """A run sees headers when it begins; whether an entry was edited is seen here."""
    verdict = verify_new(home, RECOMPUTED_ENTRIES)
    if not verdict.holds:
        _note(
            home,
            JOURNAL_DAMAGED,
            "page",
            "journal",
            f"The journal does not hold: {verdict.findings[0]}",
        )


def note_lost_warehouse(home: Home) -> None:
    """The warehouse that a former run left is not there any more."""
    _note(
        home,
        WAREHOUSE_LOST,
        "ticket",
        "warehouse.duckdb",
        f"{home.warehouse} was gone and has been built anew from raw files and the journal: "
        "nothing is lost. Nobody but a run should touch it",
    )


def _look_at_access(home: Home, since: datetime | None) -> None:
    # imported late: a home without an inbox does without its libraries
    from orchestration.review import access_log, inbox

    if not inbox.exists(home):
        return
    refused = [
        count.count
        for count in access_log.counts(home, since)
        if count.event is access_log.Event.DENIED and count.count >= LEAST_REFUSALS
    ]
    if refused:
        people = "One person was" if len(refused) == 1 else f"{len(refused)} people were"
        _note(
            home,
            ACCESS_REFUSED,
            "page",
            "access",
            f"{people} refused {sum(refused)} times since the last run; the access log says who "
            "and where",
        )


def _last_start(home: Home) -> datetime | None:
    """When the last run that was published began; None where there was none."""
    for record in run_records.read(home):
        if record.is_whole and record.outcome == "published":
            return record.started_at
    return None


def _note(home: Home, name: str, severity: str, subject: str, sentence: str) -> None:
    run_records.note_notice(home, NoticeRecord(name, severity, subject, sentence))
