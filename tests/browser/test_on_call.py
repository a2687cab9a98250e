"""On call in a browser: take an alert, pause and resume, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestration import controls
from orchestration.controls import Kind
from orchestration.home import Home
from tests.browser.conftest import Dashboard, dashboard_on, settled
from tests.python.dashboard import small_company
from tests.python.dashboard.marts_file import publish

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def on_call(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A home of its own, because its inbox is written to."""
    home = tmp_path_factory.mktemp("on_call")
    publish(home, small_company.RUN_ID, small_company.rows())
    with dashboard_on(home, home / "dashboard.log") as dashboard:
        yield dashboard


def press(page: Page, label: str, reason: str) -> None:
    """Open a popover, say why, and confirm."""
    page.get_by_role("button", name=label).first.click()
    page.get_by_label("Why").first.fill(reason)
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name=label).click()


def test_an_alert_is_taken_and_closing_paused_and_resumed(
    on_call: Dashboard, browser: Browser
) -> None:
    from playwright.sync_api import expect

    home = Home(Path(on_call.home))
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    page.goto(f"{on_call.url}/on_call")
    settled(page)
    press(page, "Acknowledge", "I ask the bank")
    expect(page.get_by_text("Taken or silenced (1)")).to_be_visible()
    expect(page.get_by_text("no alert fires that nobody has taken")).to_be_visible()
    press(page, "Pause automatic closing", "The bank sent May twice")
    expect(page.locator("#status-pause-closing_paused")).to_contain_text("The bank sent May twice")
    assert {said.kind for said in controls.of_inbox(home)} == {
        Kind.ALERT_ACKNOWLEDGED,
        Kind.CLOSING_PAUSED,
    }
    page.goto(on_call.url)
    settled(page)
    expect(page.locator("#status-pause-closing_paused")).to_be_visible()
    page.goto(f"{on_call.url}/on_call")
    settled(page)
    press(page, "Resume", "May is mended")
    expect(page.locator("#status-pause-closing_paused")).to_have_count(0)
    context.close()


def test_on_a_phone_what_needs_a_person_comes_first_and_nothing_overflows(
    on_call: Dashboard, browser: Browser
) -> None:
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto(f"{on_call.url}/on_call")
    settled(page)
    page.locator("#audit-chain").wait_for()
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= PHONE["width"]
    top = page.locator("#verdict").bounding_box()
    assert top is not None and top["y"] < PHONE["height"] / 2
    context.close()
