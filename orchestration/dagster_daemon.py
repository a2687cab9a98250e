"""Dagster's daemon: `tieout serve daemon` becomes `python -m orchestration.dagster_daemon run`.

Dagster starts the server of the project's code anew every minute, to notice that the code has
changed: four seconds of processor time and 360 MB, which runs then lack. The code of a service does
not change beneath it; whoever replaces the code starts its services again.
"""

from __future__ import annotations

from dagster._daemon import controller
from dagster._daemon.cli import main

SECONDS_PER_CODE_SERVER = 24 * 60 * 60
"""Once a day all the same, whatever a server of code may have gathered."""


def install() -> None:
    """Let Dagster's daemon keep its server of code in this process. Dagster is pinned exactly."""
    controller.RELOAD_WORKSPACE_INTERVAL = SECONDS_PER_CODE_SERVER


if __name__ == "__main__":
    install()
    main()
