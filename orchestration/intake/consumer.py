"""`tieout consume`: events of a Redis stream, acknowledged once they are durable here.

A message has the field `body` (the event as its source sent it) and may have `source` (as in
`/webhooks/<source>`; default: standard) and `id`. It stays the consumer's until the spool has
committed it; killed before that, it is delivered again, and killed between the commit and the
acknowledgement, it is delivered again and known. Several consumers share a group.
"""

from __future__ import annotations

import json
import logging
import signal
import socket
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from orchestration.home import Home, TieoutError, wall_clock
from orchestration.intake import events, spool, status
from orchestration.intake.logs import log_to_stderr

AT_ONCE = 500
BLOCK_MS = 1000
LEFT_BEHIND_MS = 30_000
"""A message that another consumer has held for so long without acknowledging it is taken over."""

LONGEST_PAUSE = 30.0

log = logging.getLogger("tieout.consumer")


class Consumer:
    """Reads one stream for one group."""

    def __init__(self, home: Home, client: Any, stream: str, group: str, name: str) -> None:
        self._home = home
        self._client = client
        self._stream = stream
        self._group = group
        self._name = name
        self._counts: Counter[str] = Counter()
        self._told: dict[str, object] = {}
        self._noted_at = 0.0
        self._claimed_at = 0.0
        self.is_stopped = False

    def run(self) -> None:
        """Consume until `is_stopped`, and note it. A broker or a disk that fails is tried again."""
        import redis

        pause = 1.0
        is_ready = False
        with spool.connected(self._home) as connection:
            while not self.is_stopped:
                try:
                    if not is_ready:
                        self._make_group()
                        self._take_in(connection, self._own_pending())
                        is_ready = True
                    self._take_in(connection, self._left_behind())
                    self._take_in(connection, self._new())
                    self._note()
                    pause = 1.0
                except (redis.RedisError, spool.SpoolFull, OSError) as error:
                    # what was read and not kept is this consumer's, and is asked for again
                    is_ready = False
                    log.warning("not consumed, tried again in %.0f s: %s", pause, error)
                    time.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
        status.stop(self._home, "consumer", {**self._told, **self._counts})

    def _make_group(self) -> None:
        import redis

        try:
            self._client.xgroup_create(self._stream, self._group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def _new(self) -> list[Any]:
        return self._read(">", BLOCK_MS)

    def _own_pending(self) -> list[Any]:
        """What this consumer was given before it ended."""
        return self._read("0", None)

    def _read(self, last: str, block: int | None) -> list[Any]:
        found = self._client.xreadgroup(
            self._group, self._name, {self._stream: last}, count=AT_ONCE, block=block
        )
        return list(found[0][1]) if found else []

    def _left_behind(self) -> list[Any]:
        if time.monotonic() - self._claimed_at < LEFT_BEHIND_MS / 3000:
            return []
        self._claimed_at = time.monotonic()
        claimed = self._client.xautoclaim(
            self._stream, self._group, self._name, LEFT_BEHIND_MS, count=AT_ONCE
        )
        return list(claimed[1])

    def _take_in(self, connection: Any, messages: list[Any]) -> None:
        while messages:
            new = spool.put(connection, [self._event(number, of) for number, of in messages])
            self._client.xack(self._stream, self._group, *[number for number, _ in messages])
            self._counts["stored"] += sum(new)
            self._counts["repeated"] += len(new) - sum(new)
            # more may have been left of an earlier life than one look returns
            messages = self._own_pending() if len(messages) == AT_ONCE else []

    def _event(self, number: bytes, fields: Mapping[bytes, bytes] | None) -> spool.Event:
        told = fields or {}
        source = told.get(b"source", b"standard").decode("utf-8", errors="replace")[:40]
        body = told.get(b"body")
        if body is None:  # kept as it is, to be found in quarantine
            named = {
                name.decode(errors="replace"): told[name].decode(errors="replace") for name in told
            }
            body = json.dumps(named).encode()
        given = told.get(b"id", b"").decode("utf-8", errors="replace")
        event_id = given or events.id_of(body) or f"{self._stream}:{number.decode()}"
        return spool.Event(source, event_id[:300], wall_clock(), body)

    def _note(self) -> None:
        if time.monotonic() - self._noted_at < status.EVERY_SECONDS:
            return
        self._noted_at = time.monotonic()
        (group,) = [
            found
            for found in self._client.xinfo_groups(self._stream)
            if found["name"] in (self._group, self._group.encode())
        ]
        self._told = {
            "stream": self._stream,
            "group": self._group,
            # None where entries were deleted from the middle of the stream: Redis cannot count then
            "lag": group.get("lag"),
            "pending": group["pending"],
        }
        status.note(self._home, "consumer", {**self._told, **self._counts})


def consume(home: Home, url: str, stream: str, group: str, name: str | None) -> int:
    """Consume a stream until a signal ends it.

    Raises:
        TieoutError: when the client is not installed or the address is none.
    """
    try:
        import redis
    except ModuleNotFoundError as error:
        raise TieoutError("Redis needs its client: pip install 'tieout[streams]'.") from error
    home.create()
    log_to_stderr()
    try:
        client = redis.Redis.from_url(url, socket_timeout=30, health_check_interval=30)
    except ValueError:
        raise TieoutError(
            "The address of the stream is none: write it as redis://user:password@host:6379/0."
        ) from None
    consumer = Consumer(home, client, stream, group, name or socket.gethostname())

    def stop(*_: object) -> None:
        consumer.is_stopped = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    log.info("Consuming %s for the group %s", stream, group)
    consumer.run()
    return 0
