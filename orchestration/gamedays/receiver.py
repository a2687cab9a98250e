"""A receiver of alerts on this machine: what arrives there has really been delivered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from orchestration.home import Home

NAME = "gameday-receiver"


def silence(home: Home) -> None:
    """Let a copy of a home tell nobody: the people of the real one must not be called."""
    for name in ("alerts.yml", "oncall.yml"):
        (home.root / name).unlink(missing_ok=True)


@dataclass
class Receiver:
    """Titles of what has arrived, in order."""

    port: int
    arrived: list[str] = field(default_factory=list)

    def route(self, home: Home) -> None:
        """Let all alerts of a copy of a home come here, and none to the people of the real one."""
        silence(home)
        (home.root / "alerts.yml").write_text(
            f"destinations: {{{NAME}: json://127.0.0.1:{self.port}/}}\n"
            f"routes: [{{to: {NAME}}}]\nruns: unscheduled\n",
            encoding="utf-8",
        )


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port of this machine until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.arrived.append(str(json.loads(body).get("title", "")))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the drill tells what has arrived."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_port)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
