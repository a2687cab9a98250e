"""The queue and the case as a clerk uses them, on a laptop and on a phone."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from orchestration.home import Home
from tests.browser.conftest import LAPTOP, NO_PLAYWRIGHT, PHONE, Dashboard, fits, settled
from tests.browser.desk import SitDown, office
from tests.python.dashboard import small_company
from tests.python.tieout_process import Tieout

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

Visit = Callable[[str], "Page"]


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
    for key in ("j", "j", "k", "ArrowRight", "ArrowRight", "j", "j", "ArrowLeft"):
        page.keyboard.press(key)  # faster than the page is drawn; at the end of the queue it stays
    page.wait_for_url("**/exceptions?exception=exc-3")
    settled(page)
    expect(page.locator(".x-head")).to_contain_text("case 3 of 4")
    page.get_by_role("button", name="Previous").click()
    page.get_by_role("button", name="Previous").click()
    page.wait_for_url("**/exceptions?exception=exc-1")
    settled(page)
    page.keyboard.press("j")
    page.wait_for_url("**/exceptions?exception=exc-2")
    settled(page)
    page.keyboard.press("/")
    expect(page.get_by_role("textbox", name="Find")).to_be_focused()
    page.keyboard.type("j")  # what is typed into a field is no command
    page.keyboard.press("Backspace")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Previous").click()
    page.wait_for_url("**/exceptions?exception=exc-1")
    page.keyboard.press("?")
    expect(page.get_by_text("next, previous")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="History").click()
    expect(page.locator("#record-life")).to_contain_text("Loaded")
    page.get_by_role("tab", name="Source rows").click()
    expect(page.locator("#table-case-sources")).to_contain_text("june.xml")
    fits(page)


def test_on_a_phone_the_queue_comes_first_and_the_case_replaces_it(
    small: Dashboard, visit: Visit
) -> None:
    page = visit(f"{small.url}/exceptions")
    page.set_viewport_size(PHONE)
    fits(page)
    first = page.locator("a.x-case").first
    assert first.bounding_box()["y"] < PHONE["height"] / 2
    first.click()
    page.wait_for_url("**/exceptions?exception=exc-1")
    expect(page.locator(".x-head")).to_be_visible()
    expect(page.locator("a.x-case").first).to_be_hidden()
    fits(page)
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


# ---- people act, a run seals, the figures move


@pytest.fixture
def desks(browser: Browser, reconciled: Tieout, tmp_path: Path) -> Iterator[SitDown]:
    """`desks(name, roles)`: that person at the pages of one copy of the reconciled company."""
    home = tmp_path / "home"
    shutil.copytree(reconciled.home.root, home, symlinks=True)
    with office(browser, home, tmp_path / "dashboard.log") as sit_down:
        yield sit_down
    shutil.rmtree(home)


def figures(home: Path) -> dict[str, Any]:
    """Cases and open receivables as published."""
    with duckdb.connect(str((home / "serving.duckdb").resolve()), read_only=True) as marts:
        cases, undecided = marts.execute(
            "select count(*), sum(abs(base_amount)) from marts.fct_exceptions "
            "where is_case_lead and status <> 'resolved'"
        ).fetchone()
        [open_amount] = marts.execute("select sum(open) from marts.agg_receivables").fetchone()
    return {"cases": cases, "concerned": undecided, "open": open_amount}


def standing_of(home: Path, exceptions: Iterable[str]) -> dict[str, str]:
    """The published status of exceptions."""
    with duckdb.connect(str((home / "serving.duckdb").resolve()), read_only=True) as marts:
        rows = marts.execute(
            "select exception_id, status from marts.fct_exceptions "
            "where list_contains($wanted, exception_id)",
            {"wanted": list(exceptions)},
        ).fetchall()
    return dict(rows)


def test_a_clerk_clears_ten_cases_an_approver_agrees_and_the_next_run_seals_them(
    desks: SitDown, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    before = figures(home)
    ann = desks("ann", "analyst")
    verdict = ann.go("").locator("#verdict").inner_text()

    ends: dict[str, str] = {}
    ends["approved"] = ann.first(type="needs_approval", item_type="charge")  # 1: approve
    ann.page.keyboard.press("a")
    expect(ann.page.locator("#table-preview")).to_be_visible()
    assert "waits for a second person" in ann.apply()

    ends["chosen"] = ann.first(type="ambiguous_match", item_type="charge")  # 2: one of several
    ann.press("Choose this one")
    ann.apply()

    ann.first(type="needs_approval", item_type="ledger_entry")  # 3: reject
    ann.press("Reject")
    ann.apply()

    ends["not ours"] = ann.first(type="unexplained_bank_line")  # 4: not ours, with a reason
    ann.press("Not ours")
    ann.page.get_by_label("Why").fill("salaries of June")
    ann.apply()

    ends["copy"] = ann.first(type="suspected_copy")  # 5
    ann.press("Duplicate")
    ann.apply()

    ends["duplicate"] = ann.first(type="duplicate_invoice")  # 6
    ann.press("Duplicate")
    ann.apply()

    ends["written off"] = ann.first(
        type="unmatched_past_window", cause="customer_has_not_paid"
    )  # 7: write off
    ann.press("Write off")
    assert "waits for a second person" in ann.apply()

    ann.first(type="unidentified_receipt")  # 8: by hand, with an invoice that nobody proposed
    ann.press("Match by hand")
    find = ann.page.get_by_label("Find another item")
    find.fill("inv-")
    find.press("Enter")
    ann.page.locator(".st-key-x-form").get_by_test_id("stCheckbox").first.click()
    expect(ann.page.locator("#remaining")).to_contain_text("placed")
    ann.apply()

    ann.first(type="missing_in_ledger")  # 9: for somebody else
    ann.press_folded("Assign")
    ann.apply()
    ann.first(type="payout_missing_in_bank")  # 10
    ann.press_folded("Escalate")
    ann.page.get_by_label("Why").fill("the gateway does not answer")
    ann.apply()

    bob = desks("bob", "approver")
    bob.open(waiting="mine")
    waiting = bob.page.locator("a.x-case").count()
    assert waiting >= 3
    for left in range(waiting, 0, -1):
        expect(bob.page.locator("#queue-decided")).to_contain_text(f"{left} waiting")
        bob.page.locator("a.x-case").first.click()
        expect(bob.page.locator(".x-head")).to_be_visible()
        settled(bob.page)
        bob.press("Agree")
        expect(bob.page.locator(".x-told")).to_contain_text("You agreed")
        bob.open(waiting="mine")
    expect(bob.page.locator("#queue-count")).to_contain_text("0 cases")

    eve = desks("eve", "viewer")
    eve.first(type="unidentified_receipt")
    assert eve.page.locator(".st-key-x-actions").count() == 0
    eve.open(bulk="1", type="unexplained_bank_line")
    assert eve.page.get_by_text("Decide several cases together").count() == 0
    for desk in (bob, eve):
        desk.page.context.close()

    Tieout(Home(home), as_of="2026-07-02T06:00:00Z").succeed("run")
    after = figures(home)
    standing = standing_of(home, ends.values())
    assert {name: standing[exception] for name, exception in ends.items()} == dict.fromkeys(
        ends, "resolved"
    )
    assert after["cases"] < before["cases"]
    assert after["open"] < before["open"]
    expect(ann.page.locator("#as-of")).to_contain_text("2 Jul 2026")
    ann.open()
    expect(ann.page.locator("#queue-count")).to_contain_text(f"{after['cases']} cases")
    assert ann.page.locator("#queue-decided").count() == 0  # all of it is sealed
    ann.first(type="payout_missing_in_bank")
    expect(ann.page.locator(".x-badges")).to_contain_text("Escalated")
    assert ann.go("").locator("#verdict").inner_text() != verdict
