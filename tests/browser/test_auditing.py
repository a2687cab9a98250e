"""Matches, customers, audit and learned payers in a browser, on what a real run has published."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest

from orchestration.home import Home
from orchestration.review import decisions
from tests.browser.conftest import NO_PLAYWRIGHT, PHONE, Dashboard, dashboard_on, fits, settled
from tests.python.dashboard import audited_company
from tests.python.dashboard.marts_file import publish

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.python.tieout_process import Tieout

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)
Visit = Callable[[str], "Page"]


@pytest.fixture(scope="module")
def audited(
    browser: Browser, reconciled: Tieout, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dashboard]:
    """The dashboard on a copy of a real company, for what is decided stays in its home."""
    root = tmp_path_factory.mktemp("audited") / "home"
    shutil.copytree(reconciled.home.root, root, symlinks=True)
    with dashboard_on(root, root / "dashboard.log") as dashboard:
        yield dashboard


def test_from_a_rule_to_an_account_with_equal_sides(audited: Dashboard, visit: Visit) -> None:
    page = visit(f"{audited.url}/matches")
    expect(page.locator("#matches-verdict")).to_contain_text("closed by rules alone")
    row = page.locator("#table-rules-invoice_to_receipt tbody tr").first
    counted = row.locator("td").nth(2).inner_text()
    row.locator("td").nth(2).get_by_role("link").click()
    expect(page.locator("#matches-lead")).to_contain_text(f"{counted} matches")
    settled(page)
    page.locator("#table-matches tbody tr").first.get_by_role("link").first.click()
    expect(page.locator("#account")).to_be_visible()
    totals = page.locator("#account tfoot td").all_inner_texts()
    assert len(totals) == 2
    assert totals[0] == totals[1]


def test_an_auditor_judges_one_right_and_proposes_another_as_false(
    audited: Dashboard, visit: Visit
) -> None:
    page = visit(f"{audited.url}/audit?show=sample")
    first = page.locator(".st-key-judge b").first.inner_text()
    page.get_by_role("button", name="It is right").click()
    expect(page.locator("#under-way")).to_contain_text("1 judged since this publication")
    settled(page)
    assert page.locator(".st-key-judge b").first.inner_text() != first
    page.get_by_role("button", name="It is false").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("What it posted is reversed")
    decide = dialog.get_by_role("button", name="ecide it").or_(
        dialog.get_by_role("button", name="Propose it")
    )
    expect(decide).to_be_disabled()
    dialog.get_by_label("Why?").fill("It paid another invoice")
    page.keyboard.press("Control+Enter")
    expect(decide).to_be_enabled()
    decide.click()
    expect(page.locator("#under-way")).to_contain_text("2 judged since this publication")


def test_a_verification_is_followed_to_its_end(audited: Dashboard, visit: Visit) -> None:
    page = visit(f"{audited.url}/audit")
    page.get_by_test_id("stMain").get_by_role("button", name="Verify now").click()
    expect(page.locator("#verdict")).to_contain_text("The journal holds", timeout=30_000)
    expect(page.locator("#verdict")).to_contain_text("every entry's hash recomputed")


def test_what_an_auditor_downloads_verifies_and_a_changed_one_does_not(
    audited: Dashboard, visit: Visit, tmp_path: Path
) -> None:
    page = visit(f"{audited.url}/audit?show=export")
    page.get_by_role("button", name="Make the export").click()
    take = page.get_by_test_id("stMain").get_by_role("button", name="Download")
    with page.expect_download() as download:
        take.click()
    path = tmp_path / "audit.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")

    def verify() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", "verify.py"],
            cwd=tmp_path / "unpacked", capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = verify()
    assert done.returncode == 0, done.stdout + done.stderr
    entries = tmp_path / "unpacked" / "entries.jsonl"
    text = entries.read_text(encoding="utf-8")
    entries.write_text(text.replace('"actor":"tieout"', '"actor":"nobody"', 1), encoding="utf-8")
    done = verify()
    assert done.returncode == 1
    assert "FAILS: entry 1 of block 1 was changed" in done.stdout


def test_what_was_learned_is_taken_back(
    browser: Browser, tmp_path: Path, visit: Visit, page: Page
) -> None:
    publish(tmp_path, "run-audited", audited_company.rows())
    with dashboard_on(tmp_path, tmp_path / "dashboard.log") as dashboard:
        visit(f"{dashboard.url}/learned?status=active")
        page.locator("#table-payers tbody tr").first.get_by_role("link").first.click()
        page.get_by_role("button", name="Take it back").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("This will happen")
        page.set_viewport_size(PHONE)
        dialog.get_by_role("button", name="ropose it").or_(
            dialog.get_by_role("button", name="Decide it")
        ).click()
        expect(dialog).to_have_count(0)
        expect(page.locator("#payer-says")).to_be_visible()
        fits(page)
        [decision] = decisions.active(Home(tmp_path))
        assert decision.action == "forget_payer"
        visit(f"{dashboard.url}/learned?status=active")
        expect(page.locator("#table-payers")).to_contain_text("being taken back")


def test_a_customers_statement_ends_with_what_they_owe(
    audited: Dashboard, visit: Visit, tmp_path: Path
) -> None:
    page = visit(f"{audited.url}/customers")
    page.locator("#table-customers tbody tr").first.get_by_role("link").first.click()
    owed = page.locator("#balance b").first
    expect(owed).to_be_visible()
    amount = owed.inner_text()
    page.get_by_role("radio", name="Statement").or_(
        page.get_by_role("button", name="Statement")
    ).first.click()
    expect(page.locator("#table-statement tbody tr td").nth(4)).to_have_text(amount)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename.startswith("statement-")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Figures as XLSX").click()
    download.value.save_as(tmp_path / "statement.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "statement.xlsx")["Statement"]
    last = list(sheet.iter_rows(values_only=True))[-1]
    currency, figures = amount.replace("\N{MINUS SIGN}", "-").split()
    assert last[6] == currency
    assert Decimal(str(last[5])) == Decimal(figures.replace(",", ""))
