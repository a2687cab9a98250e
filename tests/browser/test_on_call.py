"""On call in a browser: take an alert, pause and resume, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestration import controls
from orchestration.controls import Kind
from orchestration.home import Home
from orchestration.run_records import NoticeRecord
from tests.browser.conftest import (
    AT_ONCE,
    LAPTOP,
    PHONE,
    Dashboard,
    dashboard_on,
    fits,
    lead,
    settled,
)
from tests.python.dashboard import small_company
from tests.python.dashboard.marts_file import publish

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def on_call(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A home of its own, because its inbox is written to."""
    home = tmp_path_factory.mktemp("on_call")
    publish(home, small_company.RUN_ID, small_company.rows())
    with dashboard_on(home, home / "dashboard.log", **AT_ONCE) as dashboard:
        yield dashboard


def press(page: Page, label: str, reason: str, confirm: str = "") -> None:
    """Open a popover, say why, and confirm."""
    from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

    page.get_by_role("button", name=label).first.click()
    why = page.get_by_label("Why").first
    try:
        why.wait_for(timeout=5000)
    except PlaywrightTimeoutError:  # the page was drawn again under the press
        page.get_by_role("button", name=label).first.click()
    why.fill(reason)
    confirming = page.get_by_test_id("stFormSubmitButton")
    confirming.get_by_role("button", name=confirm or label).click()


def test_an_alert_is_taken_and_silenced_and_closing_paused_and_resumed(
    on_call: Dashboard, browser: Browser
) -> None:
    from playwright.sync_api import expect

    home = Home(Path(on_call.home))
    context = browser.new_context(viewport=LAPTOP)
    page = context.new_page()
    page.goto(f"{on_call.url}/on_call")
    settled(page)
    press(page, "Acknowledge", "I ask the bank")
    expect(page.get_by_text("Taken or silenced (1)")).to_be_visible()
    expect(page.get_by_text("no alert fires that nobody has taken")).to_be_visible()
    press(page, "End it", "the bank has answered")
    expect(page.get_by_text("no alert fires that nobody has taken")).to_have_count(0)
    press(page, "Silence", "they move their servers", "Open the window")
    expect(page.get_by_text("in a maintenance window of")).to_be_visible()
    assert Kind.MAINTENANCE_WINDOW in {said.kind for said in controls.of_inbox(home)}
    page.set_viewport_size(PHONE)
    press(page, "End it", "they have moved")
    expect(page.get_by_role("button", name="Acknowledge")).to_be_visible()
    press(page, "Pause automatic closing", "The bank sent May twice")
    expect(page.locator("#status-pause-closing_paused")).to_contain_text("The bank sent May twice")
    assert Kind.CLOSING_PAUSED in {said.kind for said in controls.of_inbox(home)}
    fits(page)
    page.set_viewport_size(LAPTOP)
    lead(page, f"{on_call.url}/")
    expect(page.locator("#status-pause-closing_paused")).to_be_visible()
    lead(page, f"{on_call.url}/on_call")
    press(page, "Resume", "May is mended")
    expect(page.locator("#status-pause-closing_paused")).to_have_count(0)
    context.close()


def test_what_a_run_noticed_leads_to_its_runbook(on_call: Dashboard, browser: Browser) -> None:
    from playwright.sync_api import expect

    said = "The rate of USD in EUR went from 0.92 to 1.09 on 2026-06-30"
    small_company.note(Path(on_call.home), NoticeRecord("rate_jumped", "page", "USD", said))
    context = browser.new_context(viewport=LAPTOP)
    page = context.new_page()
    page.goto(f"{on_call.url}/on_call")
    settled(page)
    noticed = page.locator("[class*='st-key-alert']").filter(has_text=said)
    expect(noticed).to_be_visible()
    noticed.get_by_role("button", name="What to do").click()
    expect(page.get_by_role("heading", name="An exchange rate jumped")).to_be_visible()
    context.close()


def test_on_a_phone_what_needs_a_person_comes_first_and_nothing_overflows(
    on_call: Dashboard, browser: Browser
) -> None:
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto(f"{on_call.url}/on_call")
    settled(page)
    page.locator("#audit-chain").wait_for()
    fits(page)
    top = page.locator("#verdict").bounding_box()
    assert top is not None and top["y"] < PHONE["height"] / 2
    context.close()
