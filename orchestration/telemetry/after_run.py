"""At the end of every run, also a failed one: what it tells to the outside."""

from __future__ import annotations

import logging

from orchestration.home import Home
from orchestration.telemetry import metrics

_LOG = logging.getLogger(__name__)


def tell(home: Home) -> None:
    """Write the metrics. A run is not stopped because nobody can be told of it."""
    try:
        metrics.write(home)
    except Exception as error:
        _LOG.warning("no metrics were written: %s", type(error).__name__)
