"""The dashboard as a person uses it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestration.benchmarks import pages
from tests.browser.conftest import NO_PLAYWRIGHT, Dashboard, dashboard_on, settled
from tests.python.dashboard import small_company
from tests.python.dashboard.marts_file import publish

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.python.tieout_process import Tieout

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

Visit = Callable[[str], "Page"]


def spaces(text: str) -> str:
    """Text with every run of white space as one space."""
    return " ".join(text.split())


def test_the_menu_leads_to_every_page(small: Dashboard, visit: Visit) -> None:
    page = visit(small.url)
    for group, title in (("Data", "Debug"), ("", "On-call"), ("", "Exceptions"), ("", "Executive")):
        if group:
            page.get_by_test_id("stTopNavSection").get_by_text(group).click()
        page.get_by_role("menuitem" if group else "link", name=title).first.click()
        expect(page.locator("h1").first).to_have_text(title)
        settled(page)


def test_a_number_leads_to_rows_that_add_up_to_it(small: Dashboard, visit: Visit) -> None:
    page = visit(small.url)
    figure = page.locator("#table-by-currency").get_by_role("link", name="EUR 920.50")
    figure.click()
    expect(page.locator("h1").first).to_have_text("Open invoices and credit memos")
    expect(page.locator("#rows-lead")).to_contain_text("2 rows · EUR 920.50 open")
    page.locator("#table-rows a", has=page.get_by_title("INV-1", exact=True)).click()
    expect(page.locator("h1").first).to_have_text("Record")
    expect(page.locator("#table-record-items")).to_contain_text("invoices.csv")


def test_links_change_the_page_in_place_and_the_way_back_leads_back(
    small: Dashboard, visit: Visit
) -> None:
    page = visit(small.url)
    page.evaluate("window.loadedOnce = true")
    page.locator("#table-by-currency").get_by_role("link", name="EUR 920.50").click()
    page.wait_for_url("**/rows?of=open&currency=EUR")
    page.locator("#table-rows a", has=page.get_by_title("INV-1", exact=True)).click()
    page.wait_for_url("**/record?*INV-1")
    expect(page.locator("h1").first).to_have_text("Record")
    page.go_back()
    expect(page.locator("#rows-lead")).to_contain_text("2 rows · EUR 920.50 open")
    page.go_back()
    expect(page.locator("h1").first).to_have_text("Executive")
    assert page.url == f"{small.url}/"
    assert page.evaluate("window.loadedOnce") is True


def test_moments_are_shown_where_the_reader_is(small: Dashboard, browser: Browser) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto(small.url)
    settled(page)
    as_of = page.locator("#as-of time").first
    expect(as_of).to_have_text("1 Jul 2026 15:00 JST")
    expect(as_of).to_have_attribute("title", "1 Jul 2026 06:00 UTC")
    context.close()


@pytest.mark.thorough
def test_ten_people_at_once_all_get_their_pages(
    reconciled: Tieout, browser: Browser, tmp_path: Path
) -> None:
    log = tmp_path / "dashboard.log"
    with dashboard_on(reconciled.home.root, log) as dashboard:
        seconds, errors = pages.together(browser, dashboard.url)
    assert len(seconds) == 2 * pages.PEOPLE
    assert errors == 0


def test_nothing_published_then_the_first_publication(unpublished: Dashboard, visit: Visit) -> None:
    page = visit(unpublished.url)
    expect(page.locator("h1").first).to_have_text("Nothing is published yet")
    publish(unpublished.home, "run-first", small_company.rows("run-first"))
    expect(page.locator("#as-of")).to_contain_text("run-first")
    expect(page.locator("h1").first).to_have_text("Executive")


def test_a_new_publication_is_followed_and_only_it_is_open(
    unpublished: Dashboard, visit: Visit
) -> None:
    publish(unpublished.home, "run-1", small_company.rows("run-1"))
    page = visit(unpublished.url)
    rows = small_company.rows("run-2")
    latest = dict(rows["agg_executive_daily"][0])
    later = {
        **latest,
        "as_of_date": latest["as_of_date"] + timedelta(days=1),
        "open": Decimal("-77.70"),
    }
    rows["agg_executive_daily"].append(later)
    expect(page.locator("#as-of")).to_contain_text("run-1")
    old = publish(unpublished.home, "run-2", rows).with_name("run-1.duckdb")
    expect(page.locator("#as-of")).to_contain_text("run-2")
    expect(page.locator("#table-flow")).to_contain_text("EUR −77.70")
    open_files = unpublished.open_files()
    assert str(old) not in open_files
    assert not [path for path in open_files if path.endswith("warehouse.duckdb")]


def test_the_server_never_holds_the_warehouse(demo: Dashboard, visit: Visit) -> None:
    visit(f"{demo.url}/on_call")
    assert (demo.home / "warehouse.duckdb").exists()
    assert not [path for path in demo.open_files() if path.endswith("warehouse.duckdb")]
