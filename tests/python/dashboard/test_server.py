"""What the server refuses before any page runs, and what it tells browsers not to load."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton

from dashboard import server
from dashboard.server import Guard, NotServed

LOGIN = """
[auth]
redirect_uri = "https://tieout.corp.example/oauth2callback"
cookie_secret = "{secret}"
client_id = "tieout"
client_secret = "x"
server_metadata_url = "https://id.corp.example/.well-known/openid-configuration"
"""


@pytest.fixture(autouse=True)
def options(home: Path) -> Iterator[None]:
    """Options of the server as they were, afterwards."""
    before = {
        name: config.get_option(name) for name in ("server.address", "server.trustedUserHeaders")
    }
    yield
    for name, value in before.items():
        config.set_option(name, value)


def configure_login(home: Path, secret: str = "s" * 32) -> None:
    """Write secrets with a login."""
    (home / "secrets.toml").write_text(LOGIN.format(secret=secret))


def answer(headers: dict[str, str], kind: str = "http") -> list[Message]:
    """What the guard sends for one request; the application behind it sets a cookie."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"set-cookie", b"a=b; Path=/")],
            }
        )
        await send({"type": "http.response.body", "body": b"page"})

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": f"{kind}.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": kind, "headers": raw, "path": "/", "method": "GET"}
    # in a thread of its own: in this one Playwright's loop may be running
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, Guard(app)(scope, receive, send)).result()
    return sent


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.0.2.7", "tieout.example"])
def test_without_a_login_only_loopback_is_served(address: str | None) -> None:
    config.set_option("server.address", address)
    with pytest.raises(NotServed, match="No login is configured"):
        server.check_is_safe()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "localhost", "::1"])
def test_loopback_is_served_without_a_login(address: str) -> None:
    config.set_option("server.address", address)
    server.check_is_safe()


def test_with_a_login_every_address_is_served(home: Path) -> None:
    configure_login(home)
    config.set_option("server.address", "0.0.0.0")
    server.check_is_safe()


def test_a_cookie_secret_that_can_be_guessed_is_refused(home: Path) -> None:
    configure_login(home, secret="tieout")
    with pytest.raises(NotServed, match="cookie_secret"):
        server.check_is_safe()


def test_identities_from_headers_are_refused(home: Path) -> None:
    configure_login(home)
    config.set_option("server.trustedUserHeaders", {"X-User": "sub"})
    with pytest.raises(NotServed, match="trustedUserHeaders"):
        server.check_is_safe()


def test_the_process_ends_with_a_sentence_where_it_must_not_serve() -> None:
    config.set_option("server.address", "0.0.0.0")
    with pytest.raises(SystemExit, match=r"^tieout: No login is configured"):
        server.middleware()


def test_secrets_that_cannot_be_read_are_not_quoted(home: Path) -> None:
    (home / "secrets.toml").write_text('[auth]\ncookie_secret = "hunter2hunter2')
    with pytest.raises(NotServed) as refused:
        server.secrets()
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_secrets_that_are_named_must_be_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_SECRETS_FILE", str(home / "gone.toml"))
    with pytest.raises(NotServed, match="does not exist"):
        server.secrets()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8501"},
        {},
        {"Host": "127.0.0.1:8501", "X-Forwarded-For": "203.0.113.9"},
        {"Host": "localhost", "Forwarded": "for=203.0.113.9"},
    ],
)
def test_local_mode_answers_nobody_from_elsewhere(headers: dict[str, str]) -> None:
    start, *_ = answer(headers)
    assert start["status"] == 403
    [close] = answer(headers, "websocket")
    assert (close["type"], close["code"]) == ("websocket.close", 1008)


def test_local_mode_answers_this_machine() -> None:
    start, _ = answer({"Host": "127.0.0.1:8501"})
    assert start["status"] == 200


def test_with_a_login_a_proxy_may_stand_before_it_and_cookies_stay_on_https(home: Path) -> None:
    configure_login(home)
    start, _ = answer({"Host": "tieout.corp.example", "X-Forwarded-For": "203.0.113.9"})
    headers = dict(start["headers"])
    assert start["status"] == 200
    assert headers[b"set-cookie"] == b"a=b; Path=/; Secure"


def test_every_answer_tells_the_browser_to_load_from_here_alone() -> None:
    start, _ = answer({"Host": "localhost"})
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert "'unsafe-inline'" not in policy["script-src"]
    assert "'sha256-" in policy["script-src"]
    assert not [
        source for sources in policy.values() for source in sources.split() if "://" in source
    ]
    assert headers["x-content-type-options"] == "nosniff"


def test_the_login_of_the_home_is_found_before_streamlit_has_read_it(home: Path) -> None:
    assert not secrets_singleton.load_if_toml_exists()
    assert not server.login()
    configure_login(home)
    assert server.login()["client_id"] == "tieout"
