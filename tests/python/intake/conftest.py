"""Senders of webhooks, as the providers are: they sign, and know what they were answered."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from events_sender import BILLING_SECRET, STRIPE_SECRET

from orchestration.home import Home


@pytest.fixture
def settings() -> dict[str, str]:
    """The environment of a receiver that knows two sources."""
    return {
        "TIEOUT_WEBHOOK_SECRETS_STRIPE": STRIPE_SECRET,
        "TIEOUT_WEBHOOK_SECRETS_BILLING": BILLING_SECRET,
    }


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def landed_rows(home: Home) -> Callable[[str], list[dict[str, Any]]]:
    """`landed_rows(feed)`: every line that events have landed in a feed."""

    def read(feed: str) -> list[dict[str, Any]]:
        paths = sorted((home.feed_landing(feed) / "events").rglob("*.jsonl"))
        return [json.loads(line) for path in paths for line in path.read_text().splitlines()]

    return read
