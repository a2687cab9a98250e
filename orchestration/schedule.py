"""When the daily run starts: `TIEOUT_SCHEDULE`, as Dagster follows it and as alerts miss it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestration.home import TieoutError, to_naive_utc

DAILY_AT = "0 6 * * *"


def schedule_of(environment: Mapping[str, str]) -> tuple[str, str]:
    """When the daily run starts: a cron expression, and the zone of its hours.

    Raises:
        TieoutError: when one of them is none.
    """
    # Dagster's own, imported late: it takes a second to load
    from dagster._utils.schedules import is_valid_cron_schedule

    cron = environment.get("TIEOUT_SCHEDULE", "").strip() or DAILY_AT
    zone = environment.get("TIEOUT_SCHEDULE_ZONE", "").strip() or "UTC"
    if not is_valid_cron_schedule(cron):
        raise TieoutError(f"TIEOUT_SCHEDULE={cron!r} is no cron expression such as {DAILY_AT!r}.")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TieoutError(
            f"TIEOUT_SCHEDULE_ZONE={zone!r} is no IANA name such as Europe/Berlin."
        ) from error
    return cron, zone


def last_start(cron: str, zone: str, moment: datetime) -> datetime:
    """The last moment, at or before this one, at which a schedule starts a run (both naive UTC)."""
    from dagster._utils.schedules import reverse_cron_string_iterator

    now = moment.replace(microsecond=0, tzinfo=UTC).timestamp()
    return to_naive_utc(next(reverse_cron_string_iterator(now, cron, zone)))
