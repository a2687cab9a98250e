"""The receiver: what it takes, what it refuses, and that an answer means that the disk has it."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from events_sender import BILLING_SECRET, STRIPE_SECRET, charge, standard_headers, stripe_headers
from starlette.testclient import TestClient

from orchestration.home import Home, TieoutError, wall_clock
from orchestration.intake import receiver, spool, status

ROW = b'{"type": "billing_invoices.row", "data": {"invoice_id": "in_1"}}'


@pytest.fixture
def client(home: Home, settings: dict[str, str]) -> Iterator[TestClient]:
    with TestClient(receiver.build_app(home, settings)) as opened:
        yield opened


def kept(home: Home) -> list[tuple[str, str, bytes]]:
    with spool.connected(home) as connection:
        return connection.execute(
            "select source, event_id, body from events order by seq"
        ).fetchall()


def test_a_body_is_kept_byte_for_byte_under_the_events_id(client: TestClient, home: Home) -> None:
    body = charge(1).replace(b": ", b":  ") + b"\n"
    answer = client.post("/webhooks/stripe", content=body, headers=stripe_headers(body))
    assert (answer.status_code, answer.json()) == (200, {"received": True, "new": True})
    answer = client.post("/webhooks/billing", content=ROW, headers=standard_headers("msg_9", ROW))
    assert answer.status_code == 200
    assert kept(home) == [("stripe", "evt_1", body), ("billing", "msg_9", ROW)]


def test_the_same_event_again_is_answered_and_changes_nothing(
    client: TestClient, home: Home
) -> None:
    for body in (charge(1), charge(1), charge(1, amount=9)):
        answer = client.post("/webhooks/stripe", content=body, headers=stripe_headers(body))
        assert answer.status_code == 200
    assert answer.json()["new"] is False
    assert kept(home) == [("stripe", "evt_1", charge(1))]
    # another source may use the same id
    client.post("/webhooks/billing", content=ROW, headers=standard_headers("evt_1", ROW))
    assert len(kept(home)) == 2


@pytest.mark.parametrize(
    ("path", "headers", "status_code", "reason"),
    [
        ("/webhooks/stripe", {}, 400, "unsigned"),
        ("/webhooks/stripe", stripe_headers(charge(7), "whsec_other"), 400, "bad_signature"),
        ("/webhooks/stripe", stripe_headers(charge(8)), 400, "bad_signature"),
        ("/webhooks/stripe", "old", 400, "too_old"),
        ("/webhooks/nobody", stripe_headers(charge(7)), 404, "unknown_source"),
        ("/webhooks/..%2Fstripe", stripe_headers(charge(7)), 404, None),
    ],
)
def test_what_is_not_proven_is_refused_and_logged_without_its_body(
    client: TestClient,
    home: Home,
    caplog: pytest.LogCaptureFixture,
    path: str,
    headers: dict[str, str] | str,
    status_code: int,
    reason: str | None,
) -> None:
    body = charge(7)
    sent = stripe_headers(body, age=301) if isinstance(headers, str) else headers
    with caplog.at_level(logging.INFO, "tieout.receiver"):
        answer = client.post(path, content=body, headers=sent)
    assert answer.status_code == status_code
    if reason is not None:
        assert answer.json() == {"error": reason}
        assert f"reason={reason}" in caplog.text
    assert "Söhne" not in caplog.text and "evt_7" not in caplog.text
    assert kept(home) == []


def test_a_body_beyond_the_limit_is_refused_before_it_is_all_read(
    client: TestClient, home: Home
) -> None:
    body = b" " * (receiver.LARGEST_BODY + 1)
    answer = client.post("/webhooks/stripe", content=body, headers=stripe_headers(body))
    assert (answer.status_code, answer.json()) == (413, {"error": "too_large"})
    assert kept(home) == []


def test_a_secret_is_rotated_without_a_restart(home: Home) -> None:
    file = home.root / "secrets.toml"
    file.write_text('[webhooks]\nstripe = "whsec_old"\n')
    body = charge(1)
    with TestClient(receiver.build_app(home, {})) as client:

        def answer(secret: str) -> int:
            headers = stripe_headers(body, secret)
            return client.post("/webhooks/stripe", content=body, headers=headers).status_code

        assert (answer("whsec_old"), answer("whsec_new")) == (200, 400)
        file.write_text('[webhooks]\nstripe = ["whsec_new", "whsec_old"]\n')
        assert (answer("whsec_old"), answer("whsec_new")) == (200, 200)
        file.write_text('[webhooks]\nstripe = ["whsec_new"')  # half-written
        assert answer("whsec_new") == 200
        file.write_text('[webhooks]\nstripe = ["whsec_new"]\n')
        assert (answer("whsec_old"), answer("whsec_new")) == (400, 200)


def test_beyond_its_limit_the_spool_takes_no_more_and_says_when_to_try_again(
    home: Home, settings: dict[str, str]
) -> None:
    limited = {**settings, receiver.LIMIT_SETTING: "1500"}
    with TestClient(receiver.build_app(home, limited)) as client:
        codes = []
        for number in range(6):
            body = charge(number)
            answer = client.post("/webhooks/stripe", content=body, headers=stripe_headers(body))
            codes.append(answer.status_code)
    assert codes[0] == 200 and codes[-1] == 503
    assert answer.headers["retry-after"] == str(receiver.RETRY_SECONDS)
    assert len(kept(home)) == codes.count(200)
    assert status.read(home)["receiver"]["unavailable"] == codes.count(503)


def test_whatever_goes_wrong_every_sender_is_answered_and_health_tells_it(
    client: TestClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody has thought of happens while it writes; once it is over, events are kept."""

    def answer(number: int) -> int:
        body = charge(number)
        headers = stripe_headers(body)
        return client.post("/webhooks/stripe", content=body, headers=headers).status_code

    def put(*_: object) -> list[bool]:
        raise MemoryError("no room for a page")

    with monkeypatch.context() as patched:
        patched.setattr(spool, "put", put)
        assert [answer(1), answer(2)] == [503, 503]
    health = client.get("/healthz")
    assert (health.status_code, health.json()["trouble"]) == (503, "no room for a page")
    with monkeypatch.context() as patched:
        patched.setattr(spool, "TROUBLE_SECONDS", 0)  # nobody sends any more
        assert client.get("/healthz").status_code == 200
    assert (answer(1), client.get("/healthz").status_code) == (200, 200)
    assert [event_id for _, event_id, _ in kept(home)] == ["evt_1"]


def test_a_sender_that_gives_up_takes_nobody_with_it(home: Home) -> None:
    writer = spool.Writer(home)
    now = wall_clock()
    with spool.connected(home) as connection, spool.writing(connection):
        held = writer.put(spool.Event("a", "0", now, b"{}"))
        while not held.running():  # it waits for the lock, and those that follow wait for it
            time.sleep(0.01)
        given_up = [writer.put(spool.Event("a", str(n), now, b"{}")) for n in range(1, 9)]
        assert all(future.cancel() for future in given_up)
    assert held.result(20) and writer.put(spool.Event("a", "9", now, b"{}")).result(20)
    writer.close()
    assert writer.trouble() == spool.NOBODY_WRITES
    with pytest.raises(spool.SpoolFull, match="start the receiver again"):
        writer.put(spool.Event("a", "10", now, b"{}")).result(20)


def test_a_receiver_without_a_secret_does_not_start(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TieoutError, match="No source has a secret"):
        receiver.serve(home, "127.0.0.1", 1)
    with pytest.raises(TieoutError, match="say more than 0"):
        receiver.serve(home, "127.0.0.1", 1, body_seconds=0)
    monkeypatch.setenv("TIEOUT_WEBHOOK_SECRETS_BILLING", "whsec_!")
    with pytest.raises(TieoutError, match="billing cannot be used"):
        receiver.serve(home, "127.0.0.1", 1)


class Receiver:
    """`tieout receive` as a process."""

    def __init__(
        self,
        home: Home,
        port: int,
        prefix: str = "",
        log: Path | None = None,
        options: str = "",
    ) -> None:
        self.port = port
        self.log = log
        self._arguments = (
            f"{prefix} exec {sys.executable} -m orchestration.cli receive --port {port} {options}"
        )
        self._environment = {
            **os.environ,
            "TIEOUT_HOME": str(home.root),
            "TIEOUT_WEBHOOK_SECRETS_STRIPE": STRIPE_SECRET,
            "TIEOUT_WEBHOOK_SECRETS_BILLING": BILLING_SECRET,
            "TIEOUT_LOG_FORMAT": "json" if log else "text",
        }
        self.start()

    def start(self) -> None:
        """In JSON, with both its outputs in `log`, where one was given."""
        with (self.log or Path(os.devnull)).open("wb") as written:
            self.process = subprocess.Popen(
                ["bash", "-c", self._arguments],
                env=self._environment,
                stdout=written,
                stderr=written if self.log else None,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1).close()
                return
            except OSError:
                assert self.process.poll() is None
                time.sleep(0.1)
        raise AssertionError("the receiver does not answer")

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> int:
        """The status of the answer; 0 without one."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/webhooks/stripe",
            data=body,
            headers=dict(headers or stripe_headers(body)),
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


def test_its_log_is_json_and_holds_nothing_of_a_body(
    home: Home, free_port: int, tmp_path: Path
) -> None:
    running = Receiver(home, free_port, log=tmp_path / "receiver.log")
    body = b'{"id": "evt_1", "customer": "Erika Muster"}'
    assert running.post(body) == 200
    assert running.post(body, {"stripe-signature": "t=1,v1=0"}) == 400
    with socket.create_connection(("127.0.0.1", free_port), timeout=20) as speaker:
        speaker.sendall(b"Erika Muster\r\n\r\n")  # no HTTP: the server itself warns
        speaker.recv(100)
    running.process.terminate()
    running.process.wait(20)
    text = (tmp_path / "receiver.log").read_text(encoding="utf-8")
    told = [json.loads(line) for line in text.splitlines()]
    assert {"tieout.receiver", "uvicorn.error"} == {line["logger"] for line in told}
    assert all({"time", "level", "event", "message"} <= set(line) for line in told)
    assert any(line["message"].startswith("refused source=stripe") for line in told)
    assert "Erika" not in text


def test_what_was_answered_is_there_after_a_kill(home: Home, free_port: int) -> None:
    """Senders at work while the receiver is killed: all they were told is in the spool, once."""
    running = Receiver(home, free_port)
    answered: list[str] = []

    def send(first: int) -> None:
        for number in range(first, first + 60):
            for _ in range(200):  # as providers do, until it is answered
                if running.post(charge(number)) == 200:
                    answered.append(f"evt_{number}")
                    break
                time.sleep(0.05)

    senders = [threading.Thread(target=send, args=[first]) for first in (0, 100, 200, 300)]
    for sender in senders:
        sender.start()
    while len(answered) < 60:
        time.sleep(0.01)
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    assert "stopped" not in status.read(home)["receiver"]
    before = set(answered)
    assert before <= {event_id for _, event_id, _ in kept(home)}
    running.start()
    for sender in senders:
        sender.join()
    running.process.terminate()
    assert running.process.wait(20) in (0, -signal.SIGTERM)
    assert status.read(home)["receiver"]["stopped"] is True
    assert len(answered) == 240
    assert sorted(event_id for _, event_id, _ in kept(home)) == sorted(set(answered))


def test_bodies_that_do_not_end_are_answered_and_hold_nothing_open(
    home: Home, free_port: int
) -> None:
    running = Receiver(home, free_port, options="--body-seconds 0.5")
    head = b"POST /webhooks/%s HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\n{"
    waiting = []
    for source in (b"stripe",) * 20 + (b"nobody",):
        opened = socket.create_connection(("127.0.0.1", free_port), timeout=20)
        opened.sendall(head % source)
        waiting.append(opened)
    answers = []
    for opened in waiting:
        with opened, opened.makefile("rb") as read:
            answers.append(read.read().split(b"\r\n")[0])  # to the end: it was closed
    assert answers == [b"HTTP/1.1 408 Request Timeout"] * 20 + [b"HTTP/1.1 404 Not Found"]
    assert running.post(charge(1)) == 200
    running.process.terminate()
    assert running.process.wait(20) in (0, -signal.SIGTERM)
    assert status.read(home)["receiver"]["refused_too_slow"] == 20


def test_on_a_full_disk_nothing_is_answered_that_is_not_kept(home: Home, free_port: int) -> None:
    """No file may grow beyond 300 kB here, as on a disk without room."""
    running = Receiver(home, free_port, prefix="ulimit -f 300;")
    codes = [running.post(charge(number, description="x" * 20_000)) for number in range(30)]
    running.process.terminate()
    running.process.wait(20)
    assert codes[0] == 200 and codes[-1] == 503 and set(codes) == {200, 503}
    assert [event_id for _, event_id, _ in kept(home)] == [
        f"evt_{number}" for number, code in enumerate(codes) if code == 200
    ]


def test_the_bodies_are_read_by_their_owner_alone(client: TestClient, home: Home) -> None:
    assert Path(spool.path_of(home)).stat().st_mode & 0o077 == 0
    assert json.loads(client.get("/healthz").content)["sources"] == ["billing", "stripe"]
