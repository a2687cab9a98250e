"""Dagster's failed runs: each has a record, also one that failed before it could begin its own.

What people are told of runs comes from their records (`alerting/run_alerts.py`). A run keeps its
own from the moment at which it holds the home. One that does not come so far (its code cannot be
loaded, a resource fails, another run holds the home, its process dies as it starts) is known to
Dagster alone, and would be heard of when the next one is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from orchestration import run_records
from orchestration.assets import trigger_of
from orchestration.home import Home, TieoutError, to_naive_utc, wall_clock

SECONDS = 30


def build_failure_sensor(home: Home, jobs: Sequence[Any]) -> dg.SensorDefinition:
    """Sees to it that every failed run of these jobs has a record, and names the failed checks."""

    @dg.run_failure_sensor(
        name="failed_runs",
        monitored_jobs=[*jobs],
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Notes a run that failed before it could note itself, so that people are told of it, "
            "and names the checks that a run failed by."
        ),
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> dg.SkipReason:
        run, instance = context.dagster_run, context.instance
        if any(record.dagster_run == run.run_id for record in run_records.read(home)):
            named = ", ".join(failed_checks(instance, run.run_id)) or "none"
            return dg.SkipReason(f"Run {run.run_id} noted itself. Failed checks: {named}.")
        known = instance.get_run_record_by_id(run.run_id)
        now = wall_clock()
        run_records.note_unbegun(
            home,
            dagster_run=run.run_id,
            trigger=trigger_of(run.tags),
            started_at=to_naive_utc(known.create_timestamp) if known else now,
            ended_at=_moment(known.end_time) if known and known.end_time else now,
            message=_reason(context),
        )
        return dg.SkipReason(f"Run {run.run_id} failed before it began, and is noted now.")

    return failed_runs


def failed_checks(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Names of the checks that failed in a run, in the order in which they did."""
    events = instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    told = [event.event_log_entry.dagster_event for event in events]
    return [
        check.check_name
        for event in told
        if event is not None and not (check := event.asset_check_evaluation_data).passed
    ]


def _reason(context: dg.RunFailureSensorContext) -> str:
    """What it failed by: the sentence of tieout's that is for people, else the first cause."""
    error = context.failure_event.job_failure_data.error
    if error is None:
        return context.failure_event.message or "Dagster does not say why"
    while error.cause is not None and error.cls_name != TieoutError.__name__:
        error = error.cause
    _, _, sentence = error.message.strip().partition(f"{TieoutError.__name__}: ")
    return sentence or error.message.strip()


def _moment(seconds: float) -> datetime:
    return to_naive_utc(datetime.fromtimestamp(seconds, UTC))
