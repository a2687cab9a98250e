"""Your own data as a newcomer meets it: three files, one question, one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import NO_PLAYWRIGHT, Dashboard, dashboard_on, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

Visit = Callable[[str], "Page"]

FILES = {
    "sales.csv": "Invoice No,Customer No,Invoice Date,Due Date,Amount,Currency\n"
    '1001,C-1,13/05/2026,12/06/2026,"1,200.00",EUR\n'
    "1002,C-2,14/05/2026,13/06/2026,450.50,EUR\n",
    "clients.csv": "Customer No;Name;IBAN\nC-1;Müller GmbH;\nC-2;Northwind Ltd;\n",
    "bank.csv": "Booking Date,Details,Paid in,Paid out\n"
    "01/06/2026,Mueller 1001,1200.00,\n03/06/2026,FEE,,5.00\n",
}


@pytest.fixture
def newcomer(browser: Browser, tmp_path: Path) -> Iterator[Dashboard]:
    """The dashboard on an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    with dashboard_on(home, tmp_path / "dashboard.log") as dashboard:
        yield dashboard


@pytest.fixture
def delivered(tmp_path: Path) -> list[str]:
    """The three files."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return [str(tmp_path / name) for name in FILES]


def drop_and_answer(page: Page, delivered: list[str]) -> None:
    """Drop the files, and say what the bank file does not."""
    page.locator("input[type=file]").set_input_files(delivered)
    expect(page.get_by_role("heading", name="bank.csv")).to_be_visible()
    page.get_by_role("textbox", name="Which currency").fill("EUR")
    page.get_by_role("textbox", name="Which of your bank accounts").fill("DE02120300000000202051")
    page.get_by_text("day first: 1 Jun 2026").click()
    page.get_by_role("button", name="Use these answers").click()
    expect(page.get_by_role("button", name="Land 3 files", exact=True)).to_be_visible()
    settled(page)


@pytest.mark.slow
def test_three_files_become_figures_in_one_run(
    newcomer: Dashboard, visit: Visit, delivered: list[str]
) -> None:
    page = visit(newcomer.url)
    expect(page.locator("h1").first).to_have_text("Nothing is published yet")
    page.get_by_role("link", name="Upload your own data").click()
    expect(page.locator("h1").first).to_have_text("Your own data")
    drop_and_answer(page, delivered)
    page.get_by_role("button", name="Land 3 files and reconcile").click()
    expect(page.locator("#table-upload-history")).to_contain_text("clients.csv")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.locator("#run-ended")).to_contain_text("reconciled", timeout=300_000)
    page.locator("#run-ended").get_by_role("link", name="what was matched").click()
    expect(page.locator("h1").first).to_have_text("Matches")
    expect(page.locator("#as-of")).to_contain_text("published")


def test_on_a_phone_nothing_overflows_and_the_file_comes_first(
    newcomer: Dashboard, visit: Visit, delivered: list[str], page: Page
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(f"{newcomer.url}/upload")
    drop_and_answer(page, delivered)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Land 3 files", exact=True).click()
    expect(page.locator("#table-upload-history")).to_contain_text("sales.csv")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
