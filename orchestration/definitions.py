"""What Dagster loads: `dagster dev -m orchestration.definitions`, or `make up`.

One job, `reconcile`, takes a run from landed files to published marts; a schedule starts it daily,
and sensors whenever files or events have landed, or people have decided something. Another one,
`backfill`, is such a run for days gone by.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration import dagster_once, training
from orchestration.alerting import after_run
from orchestration.assets import TRIGGER_TAG, WRITER_POOL, SingleWriter, build_assets
from orchestration.backfill_job import JOB_NAME as BACKFILL_JOB_NAME
from orchestration.backfill_job import RESTATED_DAYS, build_backfill
from orchestration.dagster_history import JOB_NAME, is_under_way
from orchestration.dbt_runs import LARGEST_LOG
from orchestration.failed_runs import build_failure_sensor
from orchestration.home import Home, Settings, wall_clock
from orchestration.intake.sensor import build_landing_sensor
from orchestration.project import dbt_project
from orchestration.review.export import export, not_loaded
from orchestration.schedule import schedule_of

FILE_LOGGER = "file"
TRAINING_JOB_NAME = "train"
SENSOR_SECONDS = 15
ALERT_SECONDS = 60


@dg.logger(
    config_schema={"path": dg.StringSource},
    description="Writes Dagster's log to a file, so that a person's screen shows progress alone.",
)
def file_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """A logger on one file; from `LARGEST_LOG` on the next lines begin a new one."""
    path = Path(context.logger_config["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    logger = logging.getLogger("tieout.dagster")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    handler = RotatingFileHandler(path, maxBytes=LARGEST_LOG, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger


@dg.op(pool=WRITER_POOL)
def learned_weights(writer: SingleWriter) -> str:
    """A new version of the weights of the probabilistic pass, which later runs use."""
    return training.train(Home.from_environment({"TIEOUT_HOME": writer.home}))


@dg.job(
    name=TRAINING_JOB_NAME,
    description="Learn the weights of the probabilistic pass from what was matched.",
    executor_def=dg.in_process_executor,
)
def train_weights() -> None:
    learned_weights()


def build_sensor(home: Home, job: Any) -> dg.SensorDefinition:
    """Gives what people decided to the feed, and starts the run that executes it."""

    @dg.sensor(
        name="review_decisions",
        job=job,
        minimum_interval_seconds=SENSOR_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Exports what people decided, and starts the run that executes it.",
    )
    def review_decisions(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        export(home, as_of=Settings.from_environment().as_of)
        waiting = not_loaded(home)
        if not waiting:
            return dg.SkipReason("Nobody has decided anything that no run has read.")
        if is_under_way(context.instance, home):
            return dg.SkipReason("A run is under way; what it does not read is for the next one.")
        # A run that failed is not repeated for the same files, until another one has succeeded.
        last = home.last_success.read_text(encoding="utf-8") if home.last_success.exists() else ""
        key = hashlib.sha256("\n".join([*waiting, last]).encode("utf-8")).hexdigest()
        return dg.RunRequest(run_key=key, tags={TRIGGER_TAG: "review"})

    return review_decisions


def build_alert_sensor(home: Home) -> dg.SensorDefinition:
    """Tells people what no run tells: a missed or stuck one, what still fires, what nobody took."""

    @dg.sensor(
        name="alert_delivery",
        minimum_interval_seconds=ALERT_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells people what fires, and that a run failed, never came or is stuck.",
    )
    def alert_delivery(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not after_run.is_configured(home):
            return dg.SkipReason(after_run.unconfigured(home))
        # a file that cannot be used fails the tick, where Dagster shows it
        from orchestration.alerting.deliver import deliver

        told = deliver(home, wall_clock())
        if not told:
            return dg.SkipReason("Nothing is to be told.")
        arrived = sum(one.state == "delivered" for one in told)
        return dg.SkipReason(f"{arrived} of {len(told)} notifications were delivered.")

    return alert_delivery


def build_definitions(home: Home) -> dg.Definitions:
    """Assets, checks, jobs, schedule, sensor and resources over one home.

    Raises:
        DbtFailed: when the dbt project does not parse.
        TieoutError: when a setting cannot be understood.
    """
    home.create()
    dagster_once.install()
    cron, zone = schedule_of(os.environ)
    project = dbt_project(home)
    manifest: dict[str, Any] = json.loads(project.manifest_path.read_text(encoding="utf-8"))
    reconcile = dg.define_asset_job(
        JOB_NAME,
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets(RESTATED_DAYS),
        description="Everything from landed files to published marts.",
        # The steps follow each other and share the writer's lock; a process each would only cost.
        executor_def=dg.in_process_executor,
    )
    backfill = dg.define_asset_job(
        BACKFILL_JOB_NAME,
        selection=dg.AssetSelection.assets(RESTATED_DAYS),
        description="Days gone by, taken in by one run that says what it has restated.",
        executor_def=dg.in_process_executor,
    )
    return dg.Definitions(
        assets=[*build_assets(home, project, manifest), build_backfill(home)],
        jobs=[reconcile, backfill, train_weights],
        schedules=[
            dg.ScheduleDefinition(
                name="daily",
                job=reconcile,
                cron_schedule=cron,
                execution_timezone=zone,
                default_status=dg.DefaultScheduleStatus.RUNNING,
            )
        ],
        sensors=[
            build_sensor(home, reconcile),
            build_landing_sensor(
                home, reconcile, lambda instance: is_under_way(instance, home), TRIGGER_TAG
            ),
            build_alert_sensor(home),
            build_failure_sensor(home, [reconcile, backfill]),
        ],
        resources={"writer": SingleWriter(home=str(home.root))},
        loggers={FILE_LOGGER: file_logger, "console": dg.colored_console_logger},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of the home named by the environment, built when Dagster asks for them."""
    return build_definitions(Home.from_environment())
