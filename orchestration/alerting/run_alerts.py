"""Runs that failed, were stopped, do not come on or never came, told from the records of the runs.

The records are the one source: what is delivered and what the dashboard shows at the top of its
on-call page are the same findings. A run that is published ends them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Literal

from orchestration import run_records
from orchestration.alerting.spans import span
from orchestration.home import Home
from orchestration.journal_files import JournalError
from orchestration.personal_data import MASK
from orchestration.run_records import RunRecord
from orchestration.schedule import last_start

if TYPE_CHECKING:  # routes name these alerts
    from orchestration.alerting.routes import Due

Kind = Literal["run_failed", "run_stopped", "run_stuck", "run_missed"]

RECORDS_READ = 60

LONGEST_REASON = 300

USUAL_RUNS = 10
"""Of so many published runs the median is what a run usually takes."""

SILENT_AFTER = timedelta(minutes=15)
LONG_AFTER = timedelta(minutes=30)
TIMES_USUAL = 3
"""A run is stuck once it, or a step without a word, takes this many times what it usually does,
and never before the spans above: small companies run in seconds."""

BY_HAND = "manual"
"""Trigger of the runs that a person has started, and sees the end of."""

UNKNOWN_AFTER = timedelta(hours=6)
"""Where no run has been published yet, nobody knows what is usual: a first one may be large."""


@dataclass(frozen=True)
class RunAlert:
    """Something is wrong with the runs. Moments are naive UTC.

    `reason` says more where the record knows it; `rows` are those that break tests, a line each.
    Neither holds personal data.
    """

    kind: Kind
    since: datetime
    sentence: str
    record: RunRecord | None = None
    reason: str = ""
    rows: tuple[str, ...] = ()

    @property
    def is_of_proof(self) -> bool:
        """Whether a run failed because something that must hold does not: a test found rows, or the
        journal is damaged. No planned work explains that, so no planned window silences it."""
        return (
            self.kind == "run_failed"
            and self.record is not None
            and (
                self.record.error == JournalError.__name__
                or any(failure.resource_type == "test" for failure in self.record.failures)
            )
        )


def of_home(home: Home, now: datetime, due: Due | None) -> list[RunAlert]:
    """What is wrong with the runs of a home at a moment, the most pressing first."""
    records = run_records.read(home, RECORDS_READ)
    return find(records, now, due, lambda record: run_records.last_word(home, record))


def find(
    records: Sequence[RunRecord],
    now: datetime,
    due: Due | None,
    last_word: Callable[[RunRecord], datetime],
) -> list[RunAlert]:
    """The same, of records (the newest first); `last_word` says when one was last written."""
    whole = [record for record in records if record.is_whole]
    found = [
        _unpublished(whole),
        _stuck(whole, now, last_word),
        _missed(whole, now, due),
    ]
    return [alert for alert in found if alert is not None]


def _unpublished(whole: Sequence[RunRecord]) -> RunAlert | None:
    """The last run that failed, was stopped or broken off, with none published since."""
    broken = []
    for record in whole:
        if record.outcome == "published" or _has_published(record):
            break
        if record.outcome in ("failed", "stopped") or _was_broken_off(record):
            broken.append(record)
    if not broken:
        return None
    last, first = broken[0], broken[-1]
    since = first.ended_at or first.started_at
    where = f" in the step “{last.step}”" if last.step else ""
    times = f", the {_ordinal(len(broken))} time in a row" if len(broken) > 1 else ""
    if last.outcome == "stopped":
        sentence = (
            f"The run of {last.started_at:%Y-%m-%d %H:%M} UTC was stopped without a word{where}"
            f"{times}: killed, out of memory, or the machine went down"
        )
        return RunAlert("run_stopped", since, sentence, last)
    if last.outcome == "interrupted":
        sentence = (
            f"The run of {last.started_at:%Y-%m-%d %H:%M} UTC was told to stop{where}{times}: its "
            "service was ended, or somebody terminated it in Dagster"
        )
        return RunAlert("run_stopped", since, sentence, last)
    sentence = (
        f"The run of {last.started_at:%Y-%m-%d %H:%M} UTC failed{where}{times}, and published "
        "nothing"
    )
    return RunAlert("run_failed", since, sentence, last, failure_in_words(last), safe_rows(last))


def _was_broken_off(record: RunRecord) -> bool:
    """Whether it was told to stop. Who started a run by hand and stops it knows that."""
    return record.outcome == "interrupted" and record.trigger != BY_HAND


def _has_published(record: RunRecord) -> bool:
    """Whether it came past its publication, and failed at what follows: a summary, a message."""
    return run_records.PUBLISHING in [step.name for step in record.steps[:-1]]


def _stuck(
    whole: Sequence[RunRecord], now: datetime, last_word: Callable[[RunRecord], datetime]
) -> RunAlert | None:
    """The run under way, once it says nothing for too long, or takes far longer than usual."""
    if not whole or whole[0].outcome != "running":
        return None
    record = whole[0]
    usual = [
        past for past in whole[1:] if past.outcome == "published" and past.ended_at is not None
    ][:USUAL_RUNS]
    silent_since = last_word(record)
    if usual:
        seconds = median((past.ended_at - past.started_at).total_seconds() for past in usual)  # type: ignore[operator]
        long_after = max(LONG_AFTER, TIMES_USUAL * timedelta(seconds=seconds))
        steps = [
            step.seconds
            for past in usual
            for step in past.steps
            if step.name == record.step and step.seconds is not None
        ]
        silent_after = max(
            SILENT_AFTER, TIMES_USUAL * timedelta(seconds=median(steps) if steps else 0)
        )
    else:
        long_after = silent_after = UNKNOWN_AFTER
    where = f" in the step “{record.step}”" if record.step else ""
    began = f"The run of {record.started_at:%Y-%m-%d %H:%M} UTC"
    if now - silent_since >= silent_after:
        return RunAlert(
            "run_stuck",
            silent_since,
            f"{began} has said nothing{where} for {span(now - silent_since)}",
            record,
        )
    if now - record.started_at >= long_after:
        told = f", usually {span(timedelta(seconds=seconds))}" if usual else ""
        return RunAlert(
            "run_stuck",
            record.started_at + long_after,
            f"{began} goes on{where} for {span(now - record.started_at)}{told}",
            record,
        )
    return None


def _missed(whole: Sequence[RunRecord], now: datetime, due: Due | None) -> RunAlert | None:
    """No run has begun since one was due. A home that is younger than that has missed none."""
    if due is None or not whole:
        return None
    last_due = last_start(due.cron, due.zone, now - due.grace)
    newest, oldest = whole[0], whole[-1]
    if newest.outcome == "running" or newest.started_at >= last_due or oldest.started_at > last_due:
        return None
    return RunAlert(
        "run_missed",
        last_due,
        f"No run has begun since the one that was due at {last_due:%Y-%m-%d %H:%M} UTC; the last "
        f"began at {newest.started_at:%Y-%m-%d %H:%M} UTC",
    )


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0)
    return f"{number}{ending or 'th'}"


# what may be said of a record


def failure_in_words(record: RunRecord) -> str:
    """Why a run failed, in a sentence without values: it may leave in a notification."""
    if not record.failures:
        return without_values(record.message.partition("\n")[0])[:LONGEST_REASON] or "untold"
    told = []
    for failure in record.failures:
        name = failure.name.removeprefix("assert_").replace("_", " ")
        if failure.failing_rows is not None:
            rows = "row breaks" if failure.failing_rows == 1 else "rows break"
            told.append(f"{failure.failing_rows} {rows} “{name}”")
        else:
            told.append(f"“{name}” could not be built")
    return "; ".join(told)


def safe_rows(record: RunRecord) -> tuple[str, ...]:
    """The first rows that break its tests, without personal data."""
    return tuple(line for failure in record.failures for line in failure.safe_rows)


def without_values(text: str) -> str:
    """A message without what stands in quotes, addresses and long numbers: these come from rows."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"", f"'{MASK}'", text)
    text = re.sub(r"\S+@\S+", MASK, text)
    return re.sub(r"\b[A-Z]{2}\d{2}[A-Z0-9 ]{10,}\b|\b\d{7,}\b", MASK, text)
