"""The benchmark of events, small: everything that a sender was told of is there once."""

from __future__ import annotations

import pytest

from orchestration.benchmarks import events


@pytest.mark.thorough
def test_nothing_is_lost_or_doubled_by_kills() -> None:
    """5,000 invoices, events for 20 s, and one kill of each process while more come."""
    result = events.run(size=5_000, seconds=20, rate=50, kill_seconds=30, kills_of_each=1)
    assert {kill.split()[0] for kill in result.kills} >= {"receiver", "watch", "run"}
    assert (result.lost, result.doubled, result.unmatched) == ([], [], 0)
    assert result.sent >= 400 and len(result.latencies) == result.sent
    assert "durable to visible match" in events.table(result)
