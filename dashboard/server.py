"""What stands between the network and the pages: who is let in at all, and what browsers may load.

`streamlit run dashboard/app.py` finds the application that `app.py` makes with the middleware
below. Where no login is configured (see `access.py`), whoever reaches the server acts as the local
user; so then it serves loopback alone, by the address it listens on and by the name it is called.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping, MutableMapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config, net_util
from streamlit.runtime.secrets import secrets_singleton

from orchestration.home import Home, TieoutError

SHORTEST_COOKIE_SECRET = 32

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class NotServed(TieoutError):
    """The server must not start like this."""


def secrets_file() -> Path:
    """Where the login is configured: `$TIEOUT_SECRETS_FILE`, else `secrets.toml` of the home."""
    named = os.environ.get("TIEOUT_SECRETS_FILE", "").strip()
    return Path(named).expanduser() if named else Home.from_environment().root / "secrets.toml"


def secrets() -> dict[str, Any]:
    """What that file holds; empty where there is none.

    Raises:
        NotServed: when it cannot be read.
    """
    path = secrets_file()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if os.environ.get("TIEOUT_SECRETS_FILE", "").strip():
            raise NotServed(f"TIEOUT_SECRETS_FILE names {path}, which does not exist.") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # The parser's message may quote the line, and the line may be the secret.
        raise NotServed(f"{path} cannot be read as TOML ({type(error).__name__}).") from None


def login() -> Mapping[str, Any]:
    """The section `[auth]` of the secrets; empty where no login is configured.

    Asked many times a page, so the files are read again only when one of them has changed.
    """
    files = [secrets_file(), *map(Path, config.get_option("secrets.files"))]
    return _login(tuple((str(path), _state_of(path)) for path in files))


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


@lru_cache(maxsize=8)
def _login(_files: tuple[tuple[str, tuple[int, int, int] | None], ...]) -> Mapping[str, Any]:
    if secrets_singleton.load_if_toml_exists() and "auth" in secrets_singleton:
        section: Any = secrets_singleton["auth"]
    else:
        section = secrets().get("auth", {})
    return section if isinstance(section, Mapping) else {}


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address can only be reached from this machine."""
    if not host:
        return False
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_is_safe() -> None:
    """Pass where the configuration lets nobody act whom it does not know.

    Raises:
        NotServed: otherwise; the message says what to change.
    """
    if config.get_option("server.trustedUserHeaders"):
        raise NotServed(
            "server.trustedUserHeaders lets a request name its own user; tieout does not take "
            "identities from headers. Remove it and configure a login (README, Who may)."
        )
    section = login()
    if section:
        if len(str(section.get("cookie_secret", ""))) < SHORTEST_COOKIE_SECRET:
            raise NotServed(
                f"[auth] cookie_secret in the secrets has fewer than {SHORTEST_COOKIE_SECRET} "
                "characters: who guesses it can sign any identity. "
                "Make one: python -c 'import secrets; print(secrets.token_hex(32))'"
            )
        return
    address = config.get_option("server.address")
    if not is_loopback(address):
        raise NotServed(
            f"No login is configured and server.address is {address or 'every address'}: whoever "
            "reaches this server could act as its user. Serve on 127.0.0.1, or configure a login "
            f"in {secrets_file()} (README, Who may)."
        )


def content_security_policy(index: str) -> str:
    """What a page may load: this server, and what the page itself makes.

    `index` is Streamlit's page, whose one inline script is allowed by its hash. Charts compile
    their expressions (`unsafe-eval`), and style comes inline from everywhere.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in re.findall(r"<script>(.*?)</script>", index, re.DOTALL)
    )
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval' blob: {hashes}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "frame-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


@cache
def headers() -> Mapping[str, str]:
    """Headers of every answer."""
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    return {
        "Content-Security-Policy": content_security_policy(index.read_text(encoding="utf-8")),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        # Addresses of pages hold ids of records.
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    }


class Guard:
    """Adds the headers; without a login, answers only who calls from this machine by its name.

    The name counts, because a page of any other site may send its visitor's browser to 127.0.0.1
    (DNS rebinding), and headers of a proxy, because its visitors come from elsewhere.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        section = login()
        if not section and (reason := refusal(scope)):
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008})
            else:
                await PlainTextResponse(reason, 403)(scope, receive, send)
            return
        is_https = urlsplit(str(section.get("redirect_uri", ""))).scheme == "https"

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _harden(message, is_https)
            await send(message)

        await self.app(scope, receive, send_guarded)


def refusal(scope: Scope) -> str | None:
    """Why a request is not served without a login; None where it is."""
    given = Headers(scope=scope)
    name = urlsplit(f"//{given.get('host', '')}").hostname
    if not is_loopback(name) or any(header in given for header in _FORWARDED):
        return (
            "tieout runs in local mode, without a login: it serves this machine alone, under "
            "127.0.0.1 or localhost, and no proxy. Configure a login to serve others "
            "(README, Who may)."
        )
    return None


def _harden(message: MutableMapping[str, Any], is_https: bool) -> None:
    """Give an answer the headers, and its cookies `Secure` where the pages come by https."""
    answer = MutableHeaders(raw=message.setdefault("headers", []))
    for name, value in headers().items():
        answer[name] = value
    if is_https:
        message["headers"] = [
            (name, value + b"; Secure")
            if name == b"set-cookie" and b"; secure" not in value.lower()
            else (name, value)
            for name, value in answer.raw
        ]


def middleware() -> list[Middleware]:
    """What `app.py` puts before Streamlit; ends the process where it must not serve.

    Raises:
        SystemExit: when the configuration is not safe.
    """
    try:
        check_is_safe()
    except TieoutError as error:
        raise SystemExit(f"tieout: {error}") from None
    # Streamlit asks a server in the internet for it, at an unknown `Origin` (and at the start).
    net_util.get_external_ip = lambda: None
    return [Middleware(Guard)]
