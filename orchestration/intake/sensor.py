"""The sensor of Dagster on what has landed: a run as soon as files are complete or events wait."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import dagster as dg

from orchestration.home import Home
from orchestration.intake import spool
from orchestration.intake.due import Due
from orchestration.intake.landed_files import Look
from orchestration.intake.watch import is_watched

SECONDS = 15


def build_landing_sensor(
    home: Home, job: Any, is_under_way: Callable[[dg.DagsterInstance], bool], trigger_tag: str
) -> dg.SensorDefinition:
    """Starts a run for files that two looks found alike, and for events that are due."""

    @dg.sensor(
        name="landed_files",
        job=job,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run when files have landed completely, or events have waited for it.",
    )
    def landed_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if is_watched(home):
            return dg.SkipReason("`tieout watch` runs over this home, and starts the runs.")
        look = Look(**json.loads(context.cursor)) if context.cursor else Look()
        found = look.complete(home)
        trigger, events, trouble = _due_events(home)
        cursor = json.dumps({"last": look.last, "read": look.read})
        if not found and not events:
            reason = "Nothing is due: files were read or are still written to, and events may wait."
            if trouble:
                reason += f" Events start no run: {trouble}"
            return dg.SensorResult(skip_reason=reason, cursor=cursor)
        if is_under_way(context.instance):
            reason = "A run is under way; what it does not read is for the next one."
            return dg.SensorResult(skip_reason=reason, cursor=cursor)
        # keyed by content: a run that failed is not repeated for the same, until one has succeeded
        last = home.last_success.read_text(encoding="utf-8") if home.last_success.exists() else ""
        key = hashlib.sha256("\n".join([*found, *events, last]).encode("utf-8")).hexdigest()
        request = dg.RunRequest(run_key=key, tags={trigger_tag: "landing" if found else trigger})
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return landed_files


def _due_events(home: Home) -> tuple[str, list[str], str]:
    """What a run for the events that wait is started by, and the first and the last of them; no
    events where none is due by the policies. Then what is wrong with the policies, if anything."""
    if not spool.path_of(home).exists():
        return "", [], ""
    due = Due(home)
    with spool.connected(home) as connection:
        if not due.look(connection):
            return "", [], due.trouble
        first, last = connection.execute(
            "select min(seq), max(seq) from events where batch is null"
        ).fetchone()
    return due.trigger, [f"events {first} to {last}"], ""
