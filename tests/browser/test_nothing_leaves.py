"""No page makes a browser ask another server, and none shows a viewer personal data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest

from tests.browser.conftest import NO_PLAYWRIGHT, ROOT, Dashboard, dashboard_on, lead, settled
from tests.python.dashboard import small_company
from tests.python.dashboard.marts_file import publish
from tests.python.dashboard.test_personal_data import personal_values

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

PAGES = [path.stem for path in sorted((ROOT / "dashboard" / "views").glob("[a-z]*.py"))]
ADDRESSES = [
    *(page for page in PAGES if page != "executive"),
    "",
    "exceptions?exception=exc-1",
    "record?item_type=invoice&item_id=INV-1",
]
"""Every page of the app, and those that show a record."""


@pytest.fixture(scope="module")
def for_viewers(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The small company, where the local user is a viewer."""
    home = tmp_path_factory.mktemp("for_viewers")
    publish(home, small_company.RUN_ID, small_company.rows())
    log = home / "dashboard.log"
    with dashboard_on(home, log, TIEOUT_LOCAL_ROLES="viewer") as dashboard:
        yield dashboard


def test_no_request_leaves_the_machine(small: Dashboard, page: Page) -> None:
    asked: list[str] = []
    blocked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on(
        "console",
        lambda message: (
            blocked.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    here = urlsplit(small.url).netloc
    for address in ADDRESSES:
        lead(page, f"{small.url}/{address}")
        icon = page.locator("link[rel~=icon]").get_attribute("href") or ""
        asked.append(urljoin(page.url, icon))
    elsewhere = {
        url
        for url in asked
        if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != here
    }
    assert any(url.startswith("ws:") for url in asked)
    assert not elsewhere
    assert not blocked, "the policy of server.py forbids what a page needs"


def test_the_browser_refuses_to_ask_elsewhere(small: Dashboard, page: Page) -> None:
    """Also where somebody's text became part of a page."""
    page.goto(small.url)
    settled(page)
    outcome = page.evaluate(
        """async () => {
            const blocked = new Promise(resolve => document.addEventListener(
                'securitypolicyviolation', event => resolve(event.effectiveDirective)));
            fetch('https://elsewhere.example/').catch(() => null);
            return await blocked;
        }"""
    )
    assert outcome == "connect-src"
    run = "window.ran = true"
    page.evaluate(
        f"""() => {{
            const script = document.createElement('script');
            script.textContent = {run!r};
            document.body.append(script);
        }}"""
    )
    assert page.evaluate("window.ran") is None


def test_no_page_sends_a_viewer_personal_data(for_viewers: Dashboard, page: Page) -> None:
    """Asked of what comes over the wire, shown or not."""
    received: list[bytes] = []

    def keep(payload: str | bytes) -> None:
        received.append(payload.encode() if isinstance(payload, str) else payload)

    page.on("websocket", lambda socket: socket.on("framereceived", keep))
    for address in ADDRESSES:
        lead(page, f"{for_viewers.url}/{address}")
    everything = b"".join(received)
    assert b"INV-1" in everything
    assert not [value for value in personal_values() if value in everything]


def test_no_page_and_no_log_tells_a_secret(browser: Browser, page: Page, tmp_path: Path) -> None:
    """The password of a database that does not answer, the case in which it is said why."""
    secret = "hunter2-of-the-database"
    publish(tmp_path, small_company.RUN_ID, small_company.rows())
    log = tmp_path / "dashboard.log"
    database = f"postgresql://clerk:{secret}@127.0.0.1:9/inbox"
    received: list[bytes] = []
    page.on(
        "websocket",
        lambda socket: socket.on(
            "framereceived",
            lambda data: received.append(data.encode() if isinstance(data, str) else data),
        ),
    )
    with dashboard_on(tmp_path, log, TIEOUT_REVIEW_DATABASE=database) as dashboard:
        for address in ("", "exceptions?exception=exc-1", "on_call", "access_log"):
            page.goto(f"{dashboard.url}/{address}")
            page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
            expect(page.locator("body")).to_contain_text("does not answer")
    assert b"127.0.0.1:9" in b"".join(received)
    assert secret.encode() not in b"".join(received)
    assert secret not in log.read_text(encoding="utf-8")


ACTIONS = ("Approve", "Reject", "Match by hand", "Not ours")


def test_a_viewer_cannot_act_and_not_by_address(
    for_viewers: Dashboard, small: Dashboard, page: Page
) -> None:
    page.goto(f"{for_viewers.url}/access_log")
    expect(page.get_by_role("heading", name="You may not see this page")).to_be_visible()
    page.goto(f"{small.url}/exceptions?exception=exc-1")
    for action in ACTIONS:
        expect(page.get_by_role("button", name=action).first).to_be_visible()
    page.goto(f"{for_viewers.url}/exceptions?exception=exc-1")
    settled(page)
    for action in ACTIONS:
        buttons = page.get_by_role("button", name=action)
        assert all(button.is_disabled() for button in buttons.all()), action
