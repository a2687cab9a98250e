"""Debug as a person uses it, on what a real run published, on a laptop and on a phone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from orchestration.home import Home
from orchestration.publish import served_publication
from tests.browser.conftest import NO_PLAYWRIGHT, Dashboard, dashboard_on, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.python.tieout_process import Tieout

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

SIZES = {"laptop": (1440, 900), "phone": (390, 844)}
WIDER = (
    "document.querySelector('.stMain').scrollWidth - document.querySelector('.stMain').clientWidth"
)


def closed_invoice(home: Path) -> tuple[str, str]:
    """Number and id of an invoice that a bank line paid, in a real publication."""
    with duckdb.connect(str((home / "serving.duckdb").resolve()), read_only=True) as connection:
        row = connection.execute(
            """
            select items.document_number, items.item_id
            from marts.fct_items as items
            inner join marts.fct_match_allocations as mine
                on items.item_type = mine.item_type and items.item_id = mine.item_id
            inner join marts.fct_match_allocations as others
                on mine.match_id = others.match_id and others.item_type = 'bank_transaction'
            where items.item_type = 'invoice' and items.status = 'closed'
            order by items.item_id
            limit 1
            """
        ).fetchone()
    assert row is not None
    return row


@pytest.fixture(params=SIZES)
def sized(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh page of either size."""
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def test_a_number_leads_to_its_life_and_its_proof(demo: Dashboard, sized: Page) -> None:
    number, item_id = closed_invoice(demo.home)
    sized.goto(f"{demo.url}/debug")
    settled(sized)
    box = sized.get_by_role("textbox", name="Find")
    box.fill(number)
    box.press("Enter")
    expect(sized.locator("#subject")).to_contain_text(item_id)
    sized.wait_for_url(re.compile(f"find={number}"))
    expect(sized.locator("#way")).to_contain_text("Bank transaction")
    timeline = sized.locator("#record-life")
    expect(timeline).to_contain_text("Matched in Invoice to receipt")
    sealed = timeline.locator("li", has_text="Sealed as entry").first
    expect(sealed).to_contain_text("✓ proven")
    sealed.get_by_text("Particulars").click()
    expect(sealed.locator(".t-proof")).to_contain_text("✓ Anchor")
    sized.get_by_role("button", name=re.compile("^Postings")).click()
    expect(timeline).not_to_contain_text("Sealed as entry")
    sized.wait_for_url(re.compile("kind=posting"))
    assert sized.evaluate(WIDER) <= 0


def test_another_part_begins_anew(demo: Dashboard, visit: Callable[[str], Page]) -> None:
    page = visit(f"{demo.url}/debug?part=sources&view=files&state=refused_rows")
    page.locator("#table-files a").first.click()
    expect(page.locator("#payloads")).to_be_visible()
    page.wait_for_url(re.compile("batch="))
    page.get_by_role("radio", name="Rules").click()
    expect(page.locator("#table-rules")).to_be_visible()
    page.wait_for_url(re.compile(r"debug\?part=rules$"))
    page.get_by_role("radio", name="Sources").click()
    expect(page.locator("#table-refusals")).to_be_visible()


def test_a_publication_that_was_tampered_with_is_found_out(
    browser: Browser, reconciled: Tieout, tmp_path: Path, visit: Callable[[str], Page]
) -> None:
    home = tmp_path / "home"
    shutil.copytree(reconciled.home.root, home, symlinks=True)
    number, item_id = closed_invoice(home)
    published = served_publication(Home(home))
    assert published is not None
    with duckdb.connect(str(published)) as connection:
        connection.execute(
            """
            update marts.fct_audit_log
            set payload = replace(payload, '"decision":"auto_closed"', '"decision":"approved"')
            where subject_id in (
                select match_id from marts.fct_match_allocations where item_id = ?
            )
            """,
            [item_id],
        )
    with dashboard_on(home, tmp_path / "dashboard.log") as dashboard:
        page = visit(f"{dashboard.url}/debug?find={number}")
        sealed = page.locator("#record-life li", has_text="Sealed as entry")
        expect(sealed.filter(has_text="NOT proven: entry").first).to_be_visible()
