"""The benchmark of events, small: everything that a sender was told of is there once."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import pytest

from orchestration.benchmarks import events, intake_services

FINE = events.Result(
    cores=2,
    history=1000,
    rate=50,
    reached=47.5,
    sent=500,
    streamed=100,
    latencies=[1.0] * 500,
    latencies_of_large=[1.0],
    runs=1,
    run_seconds=[3.0],
    run_steps={},
    cpu_per_run=4.0,
)


def test_figures_of_another_rate_or_without_the_stream_are_no_success() -> None:
    assert events.failures(FINE) == []
    assert "200 of them by the stream" in events.table(FINE)
    (slow,) = events.failures(replace(FINE, reached=47.4))
    assert slow == "47.4 events a second, and 50 are wanted"
    (dry,) = events.failures(replace(FINE, streamed=0))
    assert dry.startswith("nothing came by the stream")
    alone = replace(FINE, streamed=None)
    assert events.failures(alone) == [] and "NO CONSUMER" in events.table(alone)


def test_it_and_all_that_it_starts_have_two_cores() -> None:
    before = os.sched_getaffinity(0)
    found: list[int] = []
    with intake_services.on_two_cores() as cores:
        thread = threading.Thread(target=lambda: found.append(len(os.sched_getaffinity(0))))
        thread.start()
        thread.join()
    assert found == [cores] and cores <= 2
    assert os.sched_getaffinity(0) == before


@pytest.mark.thorough
def test_nothing_is_lost_or_doubled_by_kills() -> None:
    """5,000 invoices, events for 20 s, and one kill of each process while more come."""
    result = events.run(size=5_000, seconds=20, rate=50, kill_seconds=30, kills_of_each=1)
    assert {kill.split()[0] for kill in result.kills} >= {"receiver", "watch", "daemon", "run"}
    assert result.streamed is None or result.streamed > 0
    assert (result.lost, result.doubled, result.unmatched) == ([], [], 0)
    assert result.sent >= 400 and len(result.latencies) == result.sent
    assert "durable to visible match" in events.table(result)
