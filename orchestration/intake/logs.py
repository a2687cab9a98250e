"""What the processes of the intake say: one line an occurrence, on standard error."""

from __future__ import annotations

import logging


def log_to_stderr() -> None:
    """Show what tieout logs, and of libraries what they warn of."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("tieout")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
