"""The consumer against a real Redis, which it starts: nothing lost, nothing doubled, lag told."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from events_sender import charge

from orchestration.home import Home
from orchestration.intake import spool, status

STREAM, GROUP = "tieout:events", "tieout"


@pytest.fixture
def broker(tmp_path: Path, free_port: int) -> Iterator[redis.Redis]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server (Debian: apt-get install redis-server)")
    process = subprocess.Popen(
        [program, "--port", str(free_port), "--bind", "127.0.0.1", "--save", "", "--dir",
         str(tmp_path), "--appendonly", "yes", "--appendfsync", "always"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    client = redis.Redis(port=free_port)
    wait_for(lambda: answers(client))
    yield client
    client.close()
    process.terminate()
    process.wait()


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def wait_for(holds: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.05)


def consumer(home: Home, broker: redis.Redis, name: str = "one") -> subprocess.Popen[bytes]:
    port = broker.connection_pool.connection_kwargs["port"]
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "consume", "--name", name],
        env={
            **os.environ,
            "TIEOUT_HOME": str(home.root),
            "TIEOUT_STREAM_URL": f"redis://127.0.0.1:{port}/0",
        },
        stdout=subprocess.DEVNULL,
    )


def kept(home: Home) -> list[str]:
    if not spool.path_of(home).exists():
        return []
    with spool.connected(home) as connection:
        rows = connection.execute("select event_id from events order by seq").fetchall()
    return [event_id for (event_id,) in rows]


def send(broker: redis.Redis, first: int, last: int) -> None:
    for number in range(first, last):
        broker.xadd(STREAM, {"source": "stripe", "body": charge(number)})


def pending(broker: redis.Redis) -> int:
    return int(broker.xpending(STREAM, GROUP)["pending"])


def test_killed_and_started_again_it_loses_and_doubles_nothing(
    home: Home, broker: redis.Redis
) -> None:
    send(broker, 0, 700)
    # one that got some, kept none and ended: they are delivered again to its successor
    broker.xgroup_create(STREAM, GROUP, id="0")
    assert len(broker.xreadgroup(GROUP, "one", {STREAM: ">"}, count=100)[0][1]) == 100
    running = consumer(home, broker)
    wait_for(lambda: len(kept(home)) >= 100)
    running.send_signal(signal.SIGKILL)
    running.wait()
    send(broker, 700, 800)
    send(broker, 0, 20)  # a producer that repeats: the same events in new messages
    running = consumer(home, broker)
    wait_for(lambda: len(kept(home)) == 800 and pending(broker) == 0)
    wait_for(lambda: status.read(home).get("consumer", {}).get("lag") == 0)
    told = status.read(home)["consumer"]
    running.terminate()
    assert running.wait(20) == 0
    assert status.read(home)["consumer"]["stopped"] is True
    assert status.read(home)["consumer"]["stored"] == told["stored"]
    assert sorted(kept(home)) == sorted(f"evt_{number}" for number in range(800))
    assert (told["stream"], told["group"], told["pending"]) == (STREAM, GROUP, 0)


def test_what_cannot_be_kept_is_not_acknowledged(home: Home, broker: redis.Redis) -> None:
    """The spool is locked for a while, as by a disk that hangs; then all of it comes."""
    from orchestration.intake.consumer import Consumer

    send(broker, 0, 5)
    reading = Consumer(home, broker, STREAM, GROUP, "one")
    reading._make_group()
    with spool.connected(home) as connection, spool.connected(home) as other:
        connection.execute("pragma busy_timeout = 50")
        with spool.writing(other), pytest.raises(spool.SpoolFull):
            reading._take_in(connection, reading._new())
        assert pending(broker) == 5
        reading._take_in(connection, reading._own_pending())
    assert pending(broker) == 0
    assert kept(home) == [f"evt_{number}" for number in range(5)]


def test_a_message_without_a_body_is_kept_to_be_found(home: Home, broker: redis.Redis) -> None:
    from orchestration.intake.consumer import Consumer

    broker.xadd(STREAM, {"amount": "12"})
    reading = Consumer(home, broker, STREAM, GROUP, "one")
    reading._make_group()
    with spool.connected(home) as connection:
        reading._take_in(connection, reading._new())
        (body,) = connection.execute("select body from events").fetchone()
    assert body == b'{"amount": "12"}'
