"""The executive and the close page as people use them: on a desk, on a phone and on paper."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]

from dashboard import format as fmt
from tests.browser.conftest import LAPTOP, NO_PLAYWRIGHT, Dashboard, lead

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

Visit = Callable[[str], "Page"]


def money(text: str) -> str:
    """Text without any white space, as amounts are compared."""
    return re.sub(r"\s", "", text)


def test_what_matters_is_seen_without_scrolling(demo: Dashboard, visit: Visit, page: Page) -> None:
    page.set_viewport_size(LAPTOP)
    page = visit(demo.url)
    seen = ("#verdict", "#card-success-rate", "#card-exceptions-late", "#table-aging", "#close")
    for selector in seen:
        expect(page.locator(selector)).to_be_in_viewport()


def test_every_figure_is_the_published_one_and_leads_to_rows_that_make_it(
    demo: Dashboard, visit: Visit
) -> None:
    with duckdb.connect(str((demo.home / "serving.duckdb").resolve()), read_only=True) as marts:
        found = marts.execute(
            "select sum(invoiced), sum(collected), sum(matched), sum(adjusted), "
            "max_by(open, as_of_date), max_by(overdue, as_of_date), "
            "max_by(revenue_at_risk, as_of_date), max(currency) from marts.agg_executive_daily"
        ).fetchone()
    assert found is not None
    *figures, currency = found
    names = ["invoiced", "collected", "matched", "adjusted", "open", "overdue", "revenue_at_risk"]
    exact = {name: fmt.money(figure, currency) for name, figure in zip(names, figures, strict=True)}
    page = visit(demo.url)
    for card in ("overdue", "revenue_at_risk"):
        value = page.locator(f"#card-{card} .t-value span")
        expect(value).to_have_attribute("title", exact[card])
    for table in ("aging", "by-currency", "flow"):
        assert money(exact["open"]) in money(page.locator(f"#table-{table}").inner_text())
    risk = page.locator("#table-risk tbody tr").last.inner_text()
    assert money(exact["revenue_at_risk"]) in money(risk)
    for name in ("invoiced", "collected", "matched", "adjusted", "open", "overdue"):
        lead(page, f"{demo.url}/rows?of={name}")
        expect(page.locator("#rows-lead b").nth(1)).to_have_text(exact[name])


def test_a_click_on_a_bar_shows_its_documents(demo: Dashboard, visit: Visit, page: Page) -> None:
    page.set_viewport_size(LAPTOP)
    page = visit(demo.url)
    total = page.locator("#table-aging td").first.inner_text()
    chart = page.get_by_test_id("stVegaLiteChart").first.locator("canvas, svg").first
    box = chart.bounding_box()
    assert box is not None
    # the foot of the first bar: what is not due yet is the highest of the demo company
    chart.click(position={"x": box["width"] * 0.165, "y": box["height"] * 0.6})
    page.wait_for_url("**/rows?of=open&bucket=current")
    assert money(total) in money(page.locator("#rows-lead").inner_text())


def test_each_check_of_the_close_has_as_many_rows_as_it_counts(
    demo: Dashboard, visit: Visit
) -> None:
    page = visit(f"{demo.url}/close")
    links = page.locator("#table-checks a[href^='rows?of=close_']")
    expect(links.first).to_be_visible()
    found = [
        (link.get_attribute("href"), int(re.sub(r"\D.*", "", link.inner_text().replace(",", ""))))
        for link in links.all()
    ]
    for address, count in found:
        lead(page, f"{demo.url}/{address}")
        expect(page.locator("#rows-lead b").first).to_have_text(fmt.counted(count, "row"))


def test_the_period_is_kept_in_the_address(demo: Dashboard, visit: Visit) -> None:
    page = visit(f"{demo.url}/close")
    expect(page.locator("#verdict")).to_contain_text("June 2026")
    page.get_by_role("combobox", name="Period").click()
    page.get_by_role("option", name="May 2026").click()
    expect(page.locator("#verdict")).to_contain_text("May 2026")
    page.wait_for_url("**/close?period=2026-05-01")
    page.reload()
    expect(page.locator("#verdict")).to_contain_text("May 2026")


def test_the_figures_go_into_a_workbook(demo: Dashboard, visit: Visit) -> None:
    page = visit(demo.url)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as started:
        page.get_by_role("button", name="Figures as XLSX").click()
    book = load_workbook(io.BytesIO(Path(started.value.path()).read_bytes()))
    aging = list(book["Aging"].iter_rows(values_only=True))
    header = list(aging[0])
    total = next(line for line in aging if line[0] == "total")
    parts = [line for line in aging if line[0] == "bucket"]
    place = header.index("Base amount")
    assert sum(Decimal(str(line[place])) for line in parts) == Decimal(str(total[place]))


@pytest.mark.parametrize(
    ("address", "pages"),
    [("", 3), ("close", 2), ("on_call", 6), ("customers?customer=CUS-000001", 4)],
)
def test_a_page_prints_whole_on_a4(demo: Dashboard, visit: Visit, address: str, pages: int) -> None:
    page = visit(f"{demo.url}/{address}")
    expect(page.locator("table.t").last).to_be_attached()
    page.emulate_media(media="print")
    for selector in ("header", "[data-testid=stPopover]"):
        assert not any(part.is_visible() for part in page.locator(selector).all())
    content = page.pdf(format="A4", print_background=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= pages
    # the width of A4 within its margins in pixels; a browser shrinks what is a quarter wider
    page.set_viewport_size({"width": 703, "height": 1000})
    assert page.evaluate(CUT_OR_COVERED) == []
    foot = page.evaluate("() => document.documentElement.innerHTML.match(/@bottom-left[^;]*/)[0]")
    assert "as of 1 Jul 2026 06:00 UTC" in foot


CUT_OR_COVERED = """() => {
    const shown = [...document.querySelectorAll("table.t")].filter((t) => t.offsetHeight);
    const boxes = shown.map((t) => [t.id, t.getBoundingClientRect()]);
    const cut = boxes.filter(([, box]) => box.right > innerWidth * 1.25).map(([id]) => id);
    const covered = boxes.filter(([, a], i) => boxes.some(([, b], j) => i < j &&
        a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1
    )).map(([id]) => id);
    return [...cut, ...covered];
}"""
