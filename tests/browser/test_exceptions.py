"""The queue and the case as a clerk uses them, on a laptop and on a phone."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import NO_PLAYWRIGHT, Dashboard, settled
from tests.python.dashboard import small_company

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

Visit = Callable[[str], "Page"]
PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1440, "height": 900}


def no_sideways_scrolling(page: Page) -> None:
    """Nothing makes the page wider than its window."""
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")


def test_filters_narrow_the_queue_and_the_back_button_widens_it(
    small: Dashboard, visit: Visit
) -> None:
    page = visit(f"{small.url}/exceptions")
    expect(page.locator("#queue-count")).to_contain_text("4 cases")
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("combobox", name="Severity").click()
    page.get_by_role("option", name="Critical").click()
    expect(page.locator("#queue-count")).to_contain_text("1 case")
    page.wait_for_url("**/exceptions?severity=critical")
    page.keyboard.press("Escape")
    page.reload()
    expect(page.locator("#queue-count")).to_contain_text("1 case")
    page.get_by_role("button", name="Severity: ◆ Critical ✕").click()
    expect(page.locator("#queue-count")).to_contain_text("4 cases")
    page.go_back()
    expect(page.locator("#queue-count")).to_contain_text("1 case")


def test_a_case_opens_beside_the_queue_and_keys_walk_on(small: Dashboard, visit: Visit) -> None:
    page = visit(f"{small.url}/exceptions")
    page.set_viewport_size(LAPTOP)
    page.locator("a.x-case").first.click()
    page.wait_for_url("**/exceptions?exception=exc-1")
    settled(page)
    expect(page.locator(".x-panel")).to_contain_text("Rechnung <2026-0001>")
    expect(page.locator("a.x-case")).to_have_count(4)
    expect(page.locator("a.x-case.is-open")).to_have_count(1)
    page.keyboard.press("j")
    page.wait_for_url("**/exceptions?exception=exc-2")
    settled(page)
    page.keyboard.press("k")
    page.wait_for_url("**/exceptions?exception=exc-1")
    page.get_by_role("tab", name="History").click()
    expect(page.locator(".x-timeline")).to_contain_text("Loaded")
    page.get_by_role("tab", name="Source rows").click()
    expect(page.locator("#table-case-sources")).to_contain_text("june.xml")
    no_sideways_scrolling(page)


def test_on_a_phone_the_queue_comes_first_and_the_case_replaces_it(
    small: Dashboard, visit: Visit
) -> None:
    page = visit(f"{small.url}/exceptions")
    page.set_viewport_size(PHONE)
    no_sideways_scrolling(page)
    first = page.locator("a.x-case").first
    assert first.bounding_box()["y"] < PHONE["height"] / 2
    first.click()
    page.wait_for_url("**/exceptions?exception=exc-1")
    expect(page.locator(".x-head")).to_be_visible()
    expect(page.locator("a.x-case").first).to_be_hidden()
    no_sideways_scrolling(page)
    page.get_by_role("button", name="Queue").click()
    expect(page.locator("a.x-case").first).to_be_visible()


def test_the_download_is_the_filtered_queue_without_formulas(
    small: Dashboard, visit: Visit
) -> None:
    page = visit(f"{small.url}/exceptions?status=open&status=assigned")
    page.get_by_role("button", name="More").click()
    with page.expect_download() as started:
        page.get_by_role("button", name="Download CSV").click()
    content = started.value.path().read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [row["exception_id"] for row in rows] == ["exc-1", "exc-2", "exc-3", "exc-4"]
    assert rows[1]["assigned_to"] == "'+maria"
    assert rows[2]["customer"] == "'" + small_company.FORMULA_NAME
    assert rows[2]["amount"] == "-80.00"
    assert rows[3]["amount"] == "120000"


def test_a_case_of_a_real_run_explains_itself(demo: Dashboard, visit: Visit) -> None:
    page = visit(f"{demo.url}/exceptions")
    page.locator("a.x-case").first.click()
    page.wait_for_url("**/exceptions?exception=*")
    settled(page)
    expect(page.locator(".x-panel")).to_be_visible()
    expect(page.locator(".x-detail")).not_to_be_empty()
