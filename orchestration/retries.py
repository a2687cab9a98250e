"""Which failures of a step pass by themselves, and how often Dagster tries the step again.

Only steps that begin from what lies on disk are tried again: landing, and the builds. Sealing is
not: whether a block was written is told by the next run, which begins by looking at the journal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

from orchestration import run_records
from orchestration.dbt_runs import DbtFailed
from orchestration.home import Home
from orchestration.review.inbox import InboxUnavailable

MAX_RETRIES = 2

FIRST_WAIT = 5.0
"""Seconds before the first retry; each later one waits four times as long."""

_PASSING = re.compile(
    "could not set lock|input/output error|stale file handle|resource temporarily unavailable"
    "|connection timed out",
    re.IGNORECASE,
)
"""What somebody who holds the file, or storage over a network, makes of a read or a write. A full
disk, a missing right and a test that finds rows stay as they are."""


def may_pass(error: BaseException) -> bool:
    """Whether the same step may succeed a little later, with nobody doing anything."""
    if isinstance(error, InboxUnavailable):
        return True
    kinds = (OSError, duckdb.IOException, DbtFailed)
    return isinstance(error, kinds) and _PASSING.search(str(error)) is not None


@contextmanager
def retried(context: dg.AssetExecutionContext, home: Home) -> Iterator[None]:
    """Around the work of a step: Dagster tries it again, later and later, where that may help."""
    tried = context.op_execution_context.retry_number
    try:
        yield
    except Exception as error:
        if tried >= MAX_RETRIES or not may_pass(error):
            raise
        wait = FIRST_WAIT * 4**tried
        run_records.note_retry(home, error, wait)
        context.log.warning(f"{type(error).__name__}; the step is tried again in {wait:g} s.")
        raise dg.RetryRequested(max_retries=MAX_RETRIES, seconds_to_wait=wait) from error
