"""Every page on what a real run has published: its headings, on a laptop and on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import LAPTOP, NO_PLAYWRIGHT, PHONE, ROOT, Dashboard, fits, lead

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

# address, title, and what is on it: a selector, a text
PAGES = (
    ("", "Executive", "#verdict", "reconciled"),
    ("close", "Close", "#verdict", "June 2026"),
    ("on_call", "On-call", "#audit-chain", ""),
    ("exceptions", "Exceptions", "#table-causes", "decide"),
    ("exceptions?bulk=1&type=unexplained_bank_line", "Exceptions", "#bulk-lead", "cases"),
    ("matches", "Matches", "#matches-verdict", "closed by rules alone"),
    ("matches?decision=auto_closed", "Matches", "#table-matches", ""),
    ("customers", "Customers", "#table-customers", ""),
    ("rows?of=open", "Open invoices and credit memos", "#table-rows", ""),
    ("audit", "Audit", "h1", ""),
    ("audit?show=sample", "Audit", ".st-key-judge", ""),
    ("audit?show=people", "Audit", "h1", ""),
    ("audit?show=export", "Audit", "h1", ""),
    ("learned", "Learned", "#learned-verdict", ""),
    ("access_log", "Access log", "h1", ""),
    ("upload", "Your own data", "h1", ""),
    ("debug", "Debug", "h1", ""),
    ("debug?part=rules", "Debug", "#table-rules", "equal amounts"),
    ("debug?part=sources", "Debug", "#table-refusals", "thousands separators"),
    ("debug?part=sources&view=balances", "Debug", "#table-chain", "continues"),
    ("debug?part=sql", "Debug", "#table-queries", "One row per event in the lives of"),
)


def test_every_page_stands_and_fits_a_laptop_and_a_phone(demo: Dashboard, page: Page) -> None:
    for address, title, part, text in PAGES:
        page.set_viewport_size(LAPTOP)
        lead(page, f"{demo.url}/{address}")
        expect(page.locator("h1").first).to_have_text(title)
        expect(page.locator(part).first).to_contain_text(text)
        expect(page.locator("#as-of")).to_contain_text("Data as of 1 Jul 2026 06:00 UTC")
        fits(page)
        page.set_viewport_size(PHONE)
        fits(page)


def test_no_page_is_left_out() -> None:
    views = {path.stem for path in (ROOT / "dashboard" / "views").glob("[a-z]*.py")}
    told = {address.partition("?")[0] or "executive" for address, *_ in PAGES}
    # a record has tests of its own: it takes an item
    assert views - {"record"} == told
