"""What Dagster remembers of runs: killed ones end there, too, and old ones are forgotten.

A run leaves some six megabytes of events in Dagster. What it did for good is in the journal, the
marts and its record (`run_records.py`); Dagster's pages need the last ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from orchestration import run_records
from orchestration.home import Home, TieoutError

JOB_NAME = "reconcile"

SETTING = "TIEOUT_DAGSTER_RUNS"
KEPT_RUNS = 50
"""Where the setting says nothing."""

FORGOTTEN_AT_ONCE = 20
"""A home with a long history forgets it over several runs: none waits long for it."""

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


def kept_runs(environment: Mapping[str, str]) -> int:
    """How many ended runs Dagster keeps.

    Raises:
        TieoutError: when the setting is no number from 1 on.
    """
    said = environment.get(SETTING, "").strip()
    if said and not (said.isdecimal() and int(said) >= 1):
        raise TieoutError(f"{SETTING}={said!r} is no number of runs such as {KEPT_RUNS}.")
    return int(said) if said else KEPT_RUNS


def is_under_way(instance: dg.DagsterInstance, home: Home) -> bool:
    """Whether a run is queued or works, here or started by somebody else."""
    end_killed(instance, home)
    filters = dg.RunsFilter(job_name=JOB_NAME, statuses=UNDER_WAY)
    return instance.get_runs_count(filters) > 0 or home.is_busy()


def end_killed(instance: dg.DagsterInstance, home: Home) -> None:
    """End in Dagster the runs of `tieout run` whose process was killed.

    Nobody else does: the daemon looks after the runs that it has started. A run that seems to work
    for ever would keep every sensor from starting one.
    """
    filters = dg.RunsFilter(job_name=JOB_NAME, statuses=[dg.DagsterRunStatus.STARTED])
    started = instance.get_runs(filters)
    if not started:
        return
    stopped = {
        record.dagster_run
        for record in run_records.read(home, run_records.KEPT_RECORDS)
        if record.outcome == "stopped"
    }
    for run in started:
        if run.run_id in stopped:
            # not as failed: Dagster would make such a run again, beside the one that comes anyway
            instance.report_run_canceled(run, "Its process ended without a word.")


def forget_old(instance: dg.DagsterInstance, kept: int) -> int:
    """Delete the oldest ended runs beyond those that are kept, with their events; how many."""
    filters = dg.RunsFilter(job_name=JOB_NAME, statuses=ENDED)
    old = instance.get_run_ids(filters)[kept:][-FORGOTTEN_AT_ONCE:]
    for run_id in old:
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        instance.delete_run(run_id)
    return len(old)
