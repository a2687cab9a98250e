"""The end of a run tells people; a home that has not said whom loads nothing for it."""

from __future__ import annotations

from orchestration.home import Home, wall_clock

FILE = "alerts.yml"
"""How alerts reach people, in the home (`routes.py`)."""


RUN_SECONDS = 15.0
"""A run's end does not hang on a dead service: what is left by then is for the next pass."""


def is_configured(home: Home) -> bool:
    """Whether somebody has said whom alerts reach."""
    return (home.root / FILE).exists()


def unconfigured(home: Home) -> str:
    """That alerts reach nobody, and how to change that."""
    return (
        f"Alerts reach nobody: write {home.root / FILE} "
        "(orchestration/alerting/README.md shows how); tieout alerts check then tries it."
    )


def tell(home: Home) -> str | None:
    """Deliver what is to be told; what a person has to know of it comes back, if anything.

    A run does not fail because nobody could be told: it has published or failed already.
    """
    if not is_configured(home):
        return None
    try:
        from orchestration.alerting.deliver import deliver

        notifications = deliver(home, wall_clock(), RUN_SECONDS)
    except Exception as error:
        return f"Alerts were not delivered: {str(error) or type(error).__name__}"
    missing = [one for one in notifications if one.state in ("failed", "unknown")]
    if not missing:
        return None
    return (
        f"{len(missing)} of {len(notifications)} notifications about alerts did not surely arrive; "
        "`tieout alerts list` says which and why. Those that failed are tried again."
    )
