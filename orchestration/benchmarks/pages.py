"""`tieout benchmark pages`: how long a person waits for each page, and for ten people at once.

The dashboard is started on the home's publication as a user starts it, and driven in a headless
Chromium. A page is there when its script has ended and its heading is shown. "First" is the first
time anybody asks (nothing is cached yet), "again" another person's turn.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestration.home import PROJECT_DIR, Home, TieoutError
from orchestration.publish import served_publication

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
START_SECONDS = 120
WAIT_MILLISECONDS = 120_000
REST_MILLISECONDS = 400
PEOPLE = 10
OPENED = "record"
"""A page that asks for nothing: what a browser loads of the app itself is no page's."""

PAGES = {
    "Executive": "",
    "Exceptions": "exceptions",
    "Matches": "matches",
    "Customers": "customers",
    "Close": "close",
    "On-call": "on_call",
    "Audit": "audit",
    "Learned": "learned",
    "Your own data": "upload",
    "Debug": "debug",
    "Debug: rules": "debug?part=rules",
    "Debug: sources": "debug?part=sources",
    "Rows: open invoices": "rows?of=open",
    "Rows: receipts": "rows?of=collected",
}

# What is chosen on an open page, as the address that the choice leads to.
FILTERS = {
    "Exceptions, one kind": ("exceptions", "exceptions?type=short_payment"),
    "Exceptions, find a name": ("exceptions", "exceptions?search=gmbh"),
    "Exceptions, find an amount": ("exceptions", "exceptions?search=1234.50"),
    "Customers, find a name": ("customers", "customers?search=steel"),
    "Rows, one currency": ("rows?of=open", "rows?of=open&currency=USD"),
}


@dataclass
class Waited:
    """Seconds for one page or one choice; `errors` are what went wrong."""

    name: str
    first: float
    again: list[float] = field(default_factory=list)
    errors: int = 0


@dataclass(frozen=True)
class Result:
    """All that was measured; `together` are the seconds of each page of ten people at once."""

    pages: list[Waited]
    filters: list[Waited]
    together: list[float]
    errors: int


def run(home: Home, repetitions: int = 3) -> Result:
    """Measure the pages on what is published under `home`.

    Raises:
        TieoutError: when nothing is published there, or Chromium or Playwright is missing.
    """
    if served_publication(home) is None:
        raise TieoutError(f"Nothing is published under {home.root} yet: `tieout run` first.")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise TieoutError("This needs Chromium (Debian: apt-get install chromium).")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as error:
        raise TieoutError("This needs Playwright: pip install -e '.[test]'.") from error
    with _dashboard(home) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        pages = [
            _measured(browser, url, name, OPENED, path, repetitions) for name, path in PAGES.items()
        ]
        filters = [
            _measured(browser, url, name, before, after, repetitions)
            for name, (before, after) in FILTERS.items()
        ]
        seconds, errors = together(browser, url)
        browser.close()
    return Result(pages, filters, seconds, errors)


@contextmanager
def _dashboard(home: Home) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [
                sys.executable, "-m", "streamlit", "run", str(PROJECT_DIR / "dashboard" / "app.py"),
                "--server.port", str(port), "--server.address", "127.0.0.1",
            ],
            env={**os.environ, "TIEOUT_HOME": str(home.root)},
            stdout=log,
            stderr=log,
        )  # fmt: skip
        try:
            _wait(url, server)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).read()
            return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None or time.monotonic() > deadline:
                raise TieoutError("The dashboard did not start.") from None
            time.sleep(0.2)


def _settled(page: Page) -> bool:
    """Wait until the page stands; whether without an error on it."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_selector("h1", state="attached")
    return page.locator("[data-testid=stException]").count() == 0


def _new_page(browser: Browser) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(WAIT_MILLISECONDS)
    page = context.new_page()
    return page


def _measured(
    browser: Browser, url: str, name: str, before: str, after: str, repetitions: int
) -> Waited:
    """The way from one address of the open app to another, each time by somebody else."""
    waited = Waited(name, 0)
    for turn in range(repetitions + 1):
        page = _new_page(browser)
        page.goto(f"{url}/{before}")
        _settled(page)
        seconds, is_good = _follow(page, after)
        waited.errors += not is_good
        page.context.close()
        if turn:
            waited.again.append(seconds)
        else:
            waited.first = seconds
    return waited


def _follow(page: Page, path: str) -> tuple[float, bool]:
    """Click a link to `path`, as those of the app are; seconds until the page stood still.

    A click makes the script run twice (the old page tells of the click, then the new one runs), so
    the end is the last change of its state before it rests for `REST_MILLISECONDS`.
    """
    page.evaluate(
        """(path) => {
            const link = document.createElement("a");
            link.setAttribute("href", path || "./");
            document.querySelector(".stHtml").appendChild(link);
            const app = document.querySelector("[data-testid=stApp]");
            window.clickedAt = window.changedAt = performance.now();
            new MutationObserver(() => { window.changedAt = performance.now(); })
                .observe(app, {attributes: true, attributeFilter: ["data-test-script-state"]});
            window.stands = (rest) =>
                location.href === new URL(path || "./", location.origin + "/").href
                && window.changedAt > window.clickedAt
                && app.dataset.testScriptState === "notRunning"
                && performance.now() - window.changedAt > rest;
            link.click();
        }""",
        path,
    )
    page.wait_for_function("(rest) => window.stands(rest)", arg=REST_MILLISECONDS)
    milliseconds = page.evaluate("window.changedAt - window.clickedAt")
    return milliseconds / 1000, _settled(page)


def together(browser: Browser, url: str) -> tuple[list[float], int]:
    """Ten people who open a page each at the same moment, then another one."""
    people = [_new_page(browser) for _ in range(PEOPLE)]
    paths = list(PAGES.values())
    seconds: list[float] = []
    errors = 0
    for turn in range(2):
        started = time.monotonic()
        for number, page in enumerate(people):
            page.goto(f"{url}/{paths[(number + turn) % len(paths)]}", wait_until="commit")
        for page in people:
            errors += not _settled(page)
            seconds.append(time.monotonic() - started)
    for page in people:
        page.context.close()
    return seconds, errors


def table(result: Result) -> str:
    """What `tieout benchmark pages` prints."""
    lines = [f"{'page':<28} {'first':>7} {'again':>7} {'most':>7}  errors"]
    for waited in [*result.pages, *result.filters]:
        lines.append(
            f"{waited.name:<28} {waited.first:>5.2f} s {statistics.median(waited.again):>5.2f} s "
            f"{max(waited.again):>5.2f} s  {waited.errors}"
        )
    lines.append(
        f"{PEOPLE} people at once, two pages each: half of the pages there in "
        f"{statistics.median(result.together):.1f} s, all in {max(result.together):.1f} s, "
        f"{result.errors} errors"
    )
    return "\n".join(lines) + "\n"
