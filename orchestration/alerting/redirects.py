"""Where an answer points instead of taking a message.

A POST that follows a redirect becomes a GET without its body, and whoever answers that with 200
has been told nothing. So redirects are not followed; apprise then says their status alone, and
`requests` knows their target.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from urllib.parse import urljoin, urlsplit

import requests

_HEARD: ContextVar[list[str] | None] = ContextVar("_HEARD", default=None)


@contextmanager
def heard() -> Iterator[list[str]]:
    """The targets of all redirects that are answered inside the block, in order: scheme, host and
    port alone, since the rest may be a secret."""
    _listen()
    targets: list[str] = []
    token = _HEARD.set(targets)
    try:
        yield targets
    finally:
        _HEARD.reset(token)


@cache
def _listen() -> None:
    """Once a process: note what `requests` looks up of each answer, followed or not."""
    target_of = requests.Session.get_redirect_target

    def noted(session: requests.Session, response: requests.Response) -> str | None:
        target = target_of(session, response)
        targets = _HEARD.get()
        if target and targets is not None:
            targets.append(_host(urljoin(response.url, target)))
        return target

    requests.Session.get_redirect_target = noted  # type: ignore[method-assign,assignment]


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"
