"""People at the pages of one home: each signed in with roles of their own, at one server.

What a person does is done on a laptop; what they are about to confirm is looked at on a phone,
and confirmed there, so that every action is driven at both sizes in one visit.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from tests.browser.conftest import LAPTOP, NO_PLAYWRIGHT, PHONE, dashboard_on, fits, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

COOKIE_SECRET = "0123456789abcdef0123456789abcdef"
COOKIE = "_streamlit_user"
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "{secret}"
client_id = "tieout"
client_secret = "the-client-keeps-this"
server_metadata_url = "http://127.0.0.1:{port}/.well-known/openid-configuration"
"""


def secrets(provider_port: int) -> str:
    """The secrets of a login at a provider on this machine."""
    return SECRETS.format(port=provider_port, secret=COOKIE_SECRET)


def identity(
    name: str, roles: str, origin: str, *, secret: str = COOKIE_SECRET, age_hours: float = 0
) -> str:
    """The cookie of a person who has signed in, signed by whoever has the secret."""
    payload = {
        "sub": name, "name": name, "roles": [roles], "provider": "default", "is_logged_in": True,
        "origin": origin, "iat": time.time() - age_hours * 3600,
    }  # fmt: skip
    return create_signed_value(secret, COOKIE, json.dumps(payload)).decode()


@dataclass(frozen=True)
class Desk:
    """One person at the pages of a shared home."""

    url: str
    page: Page

    def go(self, address: str) -> Page:
        """Any page."""
        self.page.goto(f"{self.url}/{address}")
        settled(self.page)
        return self.page

    def open(self, **address: str) -> Page:
        """The queue with what is chosen, or a case."""
        return self.go(f"exceptions?{urlencode(address)}")

    def first(self, **address: str) -> str:
        """Open the first case of what is chosen that is still to be decided; its exception."""
        page = self.open(waiting="undecided", **address)
        page.locator("a.x-case").first.click()
        page.wait_for_url("**exception=*")
        expect(page.locator(".x-head h2")).to_be_visible()
        settled(page)
        [exception] = parse_qs(urlsplit(page.url).query)["exception"]
        return exception

    def button(self, name: str) -> Locator:
        """The button whose name begins so, in the case's part of the page."""
        return (
            self.page.locator(".st-key-x-right")
            .get_by_role("button", name=re.compile(f"^{re.escape(name)}"))
            .first
        )

    def press(self, name: str) -> None:
        """Press the button whose name begins so, which is in the case's part of the page."""
        self.button(name).click()
        settled(self.page)

    def press_folded(self, name: str) -> None:
        """Press an action that is folded away."""
        self.press("More actions")
        self.page.get_by_test_id("stPopoverBody").get_by_role("button", name=name).click()
        settled(self.page)

    def say(self, label: str, text: str) -> None:
        """Write into a field, and leave it."""
        field = self.page.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Tab")
        settled(self.page)

    def apply(self) -> str:
        """Do what the preview shows, on a phone; what the page says came of it."""
        button = self.page.locator(".st-key-x-apply button")
        expect(button).to_be_enabled()
        self.page.set_viewport_size(PHONE)
        fits(self.page)
        button.click()
        words = self.told()
        self.page.set_viewport_size(LAPTOP)
        return words

    def told(self) -> str:
        """What the page says came of the last action."""
        words = self.page.locator(".x-told").inner_text()
        settled(self.page)
        return words


SitDown = Callable[[str, str], Desk]


@contextmanager
def office(browser: Browser, home: Path, log: Path) -> Iterator[SitDown]:
    """`sit_down(name, roles)`: that person at the pages of `home`, signed in."""
    (home / "secrets.toml").write_text(secrets(9), encoding="utf-8")
    with ExitStack() as stack:
        dashboard = stack.enter_context(dashboard_on(home, log))

        def sit_down(name: str, roles: str) -> Desk:
            context = browser.new_context(viewport=LAPTOP, accept_downloads=True)
            context.set_default_timeout(30_000)
            stack.callback(context.close)
            cookie = identity(name, roles, dashboard.url)
            context.add_cookies([{"name": COOKIE, "value": cookie, "url": dashboard.url}])
            return Desk(dashboard.url, context.new_page())

        yield sit_down
