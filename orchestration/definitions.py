"""What Dagster loads: `dagster dev -m orchestration.definitions`, or `make up`.

One job, `reconcile`, takes a run from landed files to published marts; a schedule starts it daily.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration import training
from orchestration.assets import WRITER_POOL, SingleWriter, build_assets
from orchestration.home import Home
from orchestration.project import dbt_project

JOB_NAME = "reconcile"
FILE_LOGGER = "file"
TRAINING_JOB_NAME = "train"
DAILY_AT = "0 6 * * *"


@dg.logger(
    config_schema={"path": dg.StringSource},
    description="Writes Dagster's log to a file, so that a person's screen shows progress alone.",
)
def file_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """A logger on one file, which grows by each run."""
    path = Path(context.logger_config["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    logger = logging.getLogger("tieout.dagster")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    handler = logging.FileHandler(path, encoding="utf-8")
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


def build_definitions(home: Home) -> dg.Definitions:
    """Assets, checks, job, schedule and resources over one home.

    Raises:
        DbtFailed: when the dbt project does not parse.
    """
    home.create()
    project = dbt_project(home)
    manifest: dict[str, Any] = json.loads(project.manifest_path.read_text(encoding="utf-8"))
    reconcile = dg.define_asset_job(
        JOB_NAME,
        selection=dg.AssetSelection.all(),
        description="Everything from landed files to published marts.",
        # The steps follow each other and share the writer's lock; a process each would only cost.
        executor_def=dg.in_process_executor,
    )
    return dg.Definitions(
        assets=build_assets(home, project, manifest),
        jobs=[reconcile, train_weights],
        schedules=[
            dg.ScheduleDefinition(
                name="daily",
                job=reconcile,
                cron_schedule=DAILY_AT,
                execution_timezone="UTC",
                default_status=dg.DefaultScheduleStatus.RUNNING,
            )
        ],
        resources={"writer": SingleWriter(home=str(home.root))},
        loggers={FILE_LOGGER: file_logger, "console": dg.colored_console_logger},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of the home named by the environment, built when Dagster asks for them."""
    return build_definitions(Home.from_environment())
