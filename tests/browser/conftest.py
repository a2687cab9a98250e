"""The real app in a real browser: Streamlit on a free port, headless Chromium, real clicks.

Skipped, with the reason, where no Chromium or no Playwright is installed (Debian: `apt-get install
chromium`; Python: the extra `browser`). `TIEOUT_CHROMIUM` names another executable.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.python.dashboard import small_company
from tests.python.dashboard.marts_file import publish

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.python.tieout_process import Tieout

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("TIEOUT_CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
NO_PLAYWRIGHT = "Playwright is not installed: install the extra `browser`"
START_SECONDS = 60
LAPTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
AT_ONCE = {"TIEOUT_DASHBOARD_REFRESH_SECONDS": "1"}
"""For tests that wait until a page follows: every page that is open asks the server so often."""


@dataclass(frozen=True)
class Dashboard:
    """A running dashboard on a home of its own."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]

    def open_files(self) -> list[str]:
        """The paths of all files that the server holds open."""
        paths = []
        for descriptor in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                paths.append(os.readlink(descriptor))
            except OSError:
                continue
        return paths


@contextmanager
def dashboard_on(home: Path, log: Path, **settings: str) -> Iterator[Dashboard]:
    """Start the dashboard on `home`, as the README says, and stop it afterwards.

    `settings` are variables of its environment.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "TIEOUT_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        **settings,
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py"),
                "--server.port", str(port), "--server.address", "127.0.0.1",
            ],
            cwd=home, env=environment, stdout=out, stderr=out,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).read()
                break
            except (urllib.error.URLError, OSError):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"The dashboard did not start:\n{log.read_text()}")
                time.sleep(0.2)
        yield Dashboard(url, home, process)
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One headless Chromium for the session."""
    if not CHROMIUM or not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed: apt-get install chromium (or set TIEOUT_CHROMIUM)")
    playwright_api = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT)
    with playwright_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page of a laptop's size."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def small(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard on the small company of the contract."""
    home = tmp_path_factory.mktemp("small")
    publish(home, small_company.RUN_ID, small_company.rows())
    with dashboard_on(home, home / "dashboard.log") as dashboard:
        yield dashboard


@pytest.fixture
def unpublished(browser: Browser, tmp_path: Path) -> Iterator[Dashboard]:
    """The dashboard on a home where nothing is published."""
    with dashboard_on(tmp_path, tmp_path / "dashboard.log", **AT_ONCE) as dashboard:
        yield dashboard


@pytest.fixture(scope="session")
def demo(
    browser: Browser, reconciled: Tieout, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dashboard]:
    """The dashboard on what a real run publishes for a small demo company."""
    log = tmp_path_factory.mktemp("demo") / "dashboard.log"
    with dashboard_on(reconciled.home.root, log) as dashboard:
        yield dashboard


@pytest.fixture
def visit(page: Page) -> Callable[[str], Page]:
    """Open an address and wait until the page stands still, without an exception on it."""

    def open_address(url: str) -> Page:
        page.goto(url)
        settled(page)
        return page

    return open_address


CLICK_A_LINK = """async (href) => {
    const app = document.querySelector("[data-testid=stApp]");
    const begun = new Promise(resolve => {
        new MutationObserver(resolve).observe(
            app, {attributes: true, attributeFilter: ["data-test-script-state"]});
        setTimeout(resolve, 2000);  // a run so short that the page never said that it was running
    });
    const link = document.createElement("a");
    link.href = href;
    document.querySelector(".stHtml").append(link);
    link.click();
    link.remove();
    await begun;
}"""
"""Answers once the script has begun: until then, what is there is the page that is left."""


def lead(page: Page, url: str) -> None:
    """Go to a page as links of the app lead there: in place, for half of what loading it costs."""
    here, there = urlsplit(page.url), urlsplit(url)
    if here.netloc != there.netloc or page.url == url:
        page.goto(url)
    else:
        page.evaluate(CLICK_A_LINK, f".{there.path}?{there.query}".removesuffix("?"))
        page.wait_for_url(lambda address: address != here.geturl())
    settled(page)


def settled(page: Page) -> None:
    """Wait until Streamlit has finished running the script; fail when it shows an exception."""
    # the title first: before the script has begun, it is not running either; attached is enough,
    # for on a phone an open case hides the queue's title
    page.wait_for_selector("h1", state="attached")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    # what came with the script's end is drawn a frame later
    page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))")
    # and what is the first of its kind once its code is loaded
    page.wait_for_selector("[data-testid=stSkeleton]", state="detached")
    assert page.locator("[data-testid=stException]").count() == 0, page.inner_text("body")


def fits(page: Page) -> None:
    """Wait until nothing makes the page wider than its window; fail when it stays so."""
    page.wait_for_function(
        "() => { const main = document.querySelector('[data-testid=stMain]');"
        " return main.scrollWidth <= main.clientWidth }",
        timeout=5_000,
    )
