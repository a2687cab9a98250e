"""What a run that published has noticed beside its data: a page or a ticket, and no failure.

A run's record keeps them until the next whole run, so what is over is gone by itself; what a later
run cannot see again is handed on from record to record for some hours (`kept_hours`). They are
asked outside of the models: they speak of one run, its files and its machine, and no mart needs
them. When each is worth saying is a row of `seeds/run_notices.csv`; what the marts tell is a file
of `queries/notices`, whose rows are subject and sentence. Each has its page in
`orchestration/runbooks/`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb

from orchestration import run_records, seeds
from orchestration.home import Home, wall_clock
from orchestration.run_context import RunContext
from orchestration.run_records import NoticeRecord
from orchestration.verify import RECOMPUTED_ENTRIES, verify_new

FEED_AHEAD = "feed_ahead"
FEED_DAYS_MISSING = "feed_days_missing"
CURRENCY_DIFFERS = "currency_differs"
RATE_JUMPED = "rate_jumped"
ACCESS_REFUSED = "access_refused"
JOURNAL_DAMAGED = "journal_damaged"
WAREHOUSE_LOST = "warehouse_lost"
DECISION_BY_FILE = "decision_by_file"
QUEUE_SURGED = "queue_surged"

QUERIES = Path(__file__).resolve().parent / "queries" / "notices"
SEALED_IN_RUN = Path(__file__).resolve().parent / "review" / "queries" / "sealed_in_run.sql"

SPOKEN_OF = QUERIES.parent / "feeds_spoken_of.sql"

_PLACE = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Limit:
    """From how much (0: anyhow) and up to how much it is noticed, counted over how much time, how
    loudly and to whom it is said, and for how long."""

    severity: str
    team: str
    least: Decimal
    most: Decimal | None
    within: timedelta
    kept: timedelta | None


@cache
def limits() -> Mapping[str, Limit]:
    """The rows of the seed by the name of their notice."""
    return {
        row["notice"]: Limit(
            row["severity"],
            row["team"],
            Decimal(row["least"] or 0),
            Decimal(row["most"]) if row["most"] else None,
            timedelta(hours=int(row["within_hours"] or 0)),
            timedelta(hours=int(row["kept_hours"])) if row["kept_hours"] else None,
        )
        for row in seeds.rows("run_notices")
    }


def look(home: Home, context: RunContext) -> None:
    """Look at what the run of this process has published, and note what stands out."""
    records = [record for record in run_records.read(home) if record.is_whole]
    published = [record for record in records if record.outcome == "published"]
    since = published[0].started_at if published else None
    _look_at_marts(home, context, is_first_run=since is None)
    _look_at_journal(home)
    _look_at_access(home, since)
    if since is not None:
        _look_at_decisions(home, context)
    # also of runs that failed since: what they noticed before that is told by nobody yet
    former = records[: records.index(published[0]) + 1] if published else records
    run_records.keep_notices(home, [notice for record in former for notice in record.notices])


def note_lost_warehouse(home: Home) -> None:
    """The warehouse that a former run left is not there any more."""
    _note(
        home,
        WAREHOUSE_LOST,
        "warehouse.duckdb",
        f"{home.warehouse} was gone and has been built anew from raw files and the journal: "
        "nothing is lost. Nobody but a run should touch it",
    )


def note_missing_days(home: Home, feed: str, days: Mapping[date, float]) -> None:
    """A feed that goes on delivering has left out days, each with the rows that its weekday usually
    has; one that has stopped is `feed_silent`."""
    least = limits()[FEED_DAYS_MISSING].least
    told = ", ".join(f"{day:%Y-%m-%d}" for day, usual in days.items() if usual >= least)
    if told:
        _note(home, FEED_DAYS_MISSING, feed, f"{feed} goes on, and has no row of {told}")


def _look_at_marts(home: Home, context: RunContext, *, is_first_run: bool) -> None:
    known = limits()
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        for path in sorted(QUERIES.glob("*.sql")):
            limit, sql = known[path.stem], path.read_text(encoding="utf-8")
            values = {
                "as_of": context.as_of,
                "run_sequence": context.run_sequence,
                "is_first_run": is_first_run,
                "least": limit.least,
                "most": limit.most,
                "within_hours": limit.within // timedelta(hours=1),
            }
            asked = {name: values[name] for name in _PLACE.findall(sql)}
            for subject, sentence in connection.execute(sql, asked).fetchall():
                _note(home, path.stem, subject, sentence)
        # a feed of which an alert holds has said why its days are missing
        spoken = [
            subject
            for (subject,) in connection.execute(SPOKEN_OF.read_text(encoding="utf-8")).fetchall()
        ]
    run_records.drop_notices(home, FEED_DAYS_MISSING, spoken)


def _look_at_journal(home: Home) -> None:
    """A run sees headers when it begins; whether an entry was edited is seen here."""
    verdict = verify_new(home, RECOMPUTED_ENTRIES)
    if not verdict.holds:
        _note(home, JOURNAL_DAMAGED, "journal", f"The journal does not hold: {verdict.findings[0]}")


def _look_at_access(home: Home, since: datetime | None) -> None:
    # imported late: a home without an inbox does without its libraries
    from orchestration.review import access_log, inbox

    if not inbox.exists(home):
        return
    limit = limits()[ACCESS_REFUSED]
    earliest = wall_clock() - limit.within
    since = earliest if since is None else min(since, earliest)
    refused = [
        count.count
        for count in access_log.counts(home, since)
        if count.event is access_log.Event.DENIED and count.count >= limit.least
    ]
    if refused:
        people = "One person was" if len(refused) == 1 else f"{len(refused)} people were"
        _note(
            home,
            ACCESS_REFUSED,
            "access",
            f"{people} refused {sum(refused)} times since {since:%Y-%m-%d %H:%M} UTC; the access "
            "log says who and where",
        )


def _look_at_decisions(home: Home, context: RunContext) -> None:
    """Whether the run sealed decisions of people that the inbox did not write."""
    from orchestration.review import provenance  # late, as above

    query = SEALED_IN_RUN.read_text(encoding="utf-8")
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        sealed = connection.execute(query, {"run_id": context.run_id}).fetchall()
    if not sealed:
        return
    count = len(provenance.by_file(home, sealed))
    if not count or count < limits()[DECISION_BY_FILE].least:
        return
    came = "1 decision of a person came" if count == 1 else f"{count} decisions of people came"
    _note(
        home,
        DECISION_BY_FILE,
        "review_decisions",
        f"{came} by a file that the workbench did not write: who decided is the word of whoever "
        "wrote it",
    )


def _note(home: Home, name: str, subject: str, sentence: str) -> None:
    limit, now = limits()[name], wall_clock()
    until = now + limit.kept if limit.kept is not None else None
    run_records.note_notice(
        home, NoticeRecord(name, limit.severity, subject, sentence, noticed_at=now, until=until)
    )
