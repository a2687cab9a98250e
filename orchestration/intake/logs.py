"""What the processes of the intake say: one line an occurrence, on standard error."""

from __future__ import annotations

import logging

from orchestration.telemetry import logs


def log_to_stderr() -> None:
    """Show what tieout logs, and what the server that it runs in warns of."""
    handler = logging.StreamHandler()
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    handler.setFormatter(logs.JsonFormatter() if logs.speaks_json() else text)
    for name, level in (("tieout", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False
