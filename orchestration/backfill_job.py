"""Backfills in Dagster: days are partitions of one asset, and any range of them is one run."""

from datetime import date, timedelta
from pathlib import Path

import dagster as dg

from orchestration.backfill import Days, backfill, first_known_day
from orchestration.home import Home, Settings

RESTATED_DAYS = dg.AssetKey("restated_days")
JOB_NAME = "backfill"

FIRST_PARTITION = date(2020, 1, 1)
"""Or the first day of the home, if that is earlier when Dagster loads the definitions."""


class BackfillConfig(dg.Config):
    """What a person may set in the launchpad."""

    archive: str = ""


def build_backfill(home: Home) -> dg.AssetsDefinition:
    """The asset whose partitions are the days (UTC) that a run has taken in once more."""
    first = min(FIRST_PARTITION, first_known_day(home) or FIRST_PARTITION)

    # in no pool: it starts a whole run, which takes the home's lock, and would wait for itself
    @dg.asset(
        key=RESTATED_DAYS,
        partitions_def=dg.DailyPartitionsDefinition(start_date=first.isoformat()),
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="backfill",
    )
    def restated_days(
        context: dg.AssetExecutionContext, config: BackfillConfig
    ) -> dg.MaterializeResult:
        """Days that were taken in again, from an archive or from what has landed since, by one
        run; says which figures and marts that has changed."""
        window = context.partition_time_window
        days = Days(window.start.date(), window.end.date() - timedelta(days=1))
        archive = Path(config.archive).expanduser() if config.archive else None
        restated = backfill(home, Settings.from_environment(), days, archive)
        return dg.MaterializeResult(
            metadata={
                "report": dg.MetadataValue.md(f"```\n{restated.describe()}\n```"),
                "files": len(restated.files),
                "restated_days": [f"{day}" for day in restated.restated_days],
                "changed_rows": sum(came + went for _, came, went in restated.marts),
            }
        )

    return restated_days
