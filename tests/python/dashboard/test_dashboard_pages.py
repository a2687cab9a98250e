"""Every page on a small publication built from the contract, without a browser."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dashboard import drill, runbooks
from dashboard import format as fmt
from tests.python.dashboard import small_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish

PAGES = [
    "executive", "close", "on_call", "exceptions", "matches", "customers", "audit", "learned",
    "rows", "record",
]  # fmt: skip


# What the small company has none of; the close has a company of its own (test_close_page.py).
WITHOUT_ROWS = {
    "adjusted", "close_blocking", "close_outstanding", "close_postings_failed",
    "close_postings_waiting", "close_unexplained",
}  # fmt: skip


def money_html(amount: str, currency: str) -> str:
    """An amount as pages write it."""
    code, figures = fmt.money(Decimal(amount), currency).split(" ")
    return f'<span class="t-code">{code} </span>{figures}'


@pytest.mark.parametrize("page", PAGES)
def test_before_the_first_publication_every_page_says_so(home: Path, page: str) -> None:
    app = open_page(page)
    assert app.title[0].value == "Nothing is published yet"
    assert "tieout run" in app.code[0].value


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_an_empty_publication(home: Path, page: str) -> None:
    publish(home, "run-empty", {})
    open_page(page)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_its_data_is_as_of(published: Path, page: str) -> None:
    body = html_of(open_page(page))
    assert "1 Jul 2026 06:00 UTC" in body
    assert small_company.RUN_ID in body
    assert "published" in body


def test_executive_says_what_an_inactive_reconciliation_waits_for(published: Path) -> None:
    body = html_of(open_page("executive"))
    assert "The bank against the ledger" in body
    assert "inactive: nothing has landed in ledger_entries" in body
    assert "Invoices against receipts" in body


def test_names_are_shown_as_text_whatever_they_hold(published: Path) -> None:
    app = open_page("executive")
    app.segmented_control(key="top_currency").set_value("JPY").run()
    body = html_of(app)
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; Sons" in body
    assert "<b>Bold</b>" not in body


@pytest.mark.parametrize("name", sorted(drill.ROW_SETS))
def test_every_number_has_its_rows(published: Path, name: str) -> None:
    assert ('id="table-rows"' in html_of(open_page("rows", of=name))) != (name in WITHOUT_ROWS)


def test_the_rows_of_a_number_add_up_to_it(published: Path) -> None:
    body = html_of(open_page("rows", of="open", currency="EUR"))
    assert f"<b>2 rows</b> · <b>{money_html('920.50', 'EUR')}</b> open" in body
    assert money_html("-80.00", "EUR") in body


def test_the_rows_of_an_aging_bucket_are_those_of_the_bucket(published: Path) -> None:
    for bucket, invoice in [("31-60", "INV-1"), ("90+", "INV-4"), ("1-30", "INV-5")]:
        body = html_of(open_page("rows", of="open", bucket=bucket))
        assert f'title="{invoice}"' in body
        assert "<b>1 row</b>" in body


def test_on_call_shows_what_needs_a_person(published: Path) -> None:
    body = html_of(open_page("on_call"))
    assert "Ambiguous matches pile up" in body
    assert "1 of 2" in body  # indicators missed of those measured
    assert "Land a corrected file named broken.xml." in body
    assert "Correct total_amount at the source" in body
    assert "12,50" in body
    assert "EURO" not in body  # mended
    assert "66.67\N{NO-BREAK SPACE}%" in body
    assert "intact" in body


def test_a_broken_audit_chain_is_seen(home: Path) -> None:
    rows = small_company.rows()
    tampered = [dict(block) for block in rows["fct_audit_blocks"]]
    tampered[1]["root_hash"] = "f" * 64
    publish(home, "run-1", {**rows, "fct_audit_blocks": tampered})
    app = open_page("on_call")
    assert [error.value for error in app.error] == [
        "1 blocks whose hash is not that of their content"
    ]
    publish(home, "run-2", {**rows, "fct_audit_blocks": [tampered[0], tampered[2]]})
    app = open_page("on_call")
    assert len(app.error) == 3  # a gap, a broken link, an entry without a block


def test_runbook_headings_stand_below_the_title_of_the_page() -> None:
    assert runbooks.demoted("# A\n```sh\n# comment\n```\n## B") == (
        "### A\n```sh\n# comment\n```\n#### B"
    )


def test_a_clerk_reads_a_runbook_without_its_queries() -> None:
    body = "# A\n\n`code_of_it`\n\n## Why\nw\n\n## Look\n```sql\nselect 1\n```\n## Mend\nm"
    told, queries = runbooks.parted(body)
    assert told.split() == ["#", "A", "##", "Why", "w", "##", "Mend", "m"]
    assert queries == "## Look\n```sql\nselect 1\n```"


def test_only_runbooks_of_the_project_are_read() -> None:
    assert runbooks.text("../../etc/passwd") is None
    assert runbooks.text("orchestration/runbooks/../../README.md") is None
    assert runbooks.text("orchestration/runbooks/ambiguous_match.md") is not None


def test_a_publication_of_another_version_says_how_to_mend_it(published: Path) -> None:
    with duckdb.connect(str((published / "serving.duckdb").resolve())) as writer:
        writer.execute("drop table marts.fct_runs")
    assert open_page("executive").title[0].value == "This publication cannot be shown"


def test_record_tells_the_whole_story(published: Path) -> None:
    body = html_of(open_page("record", item_type="invoice", item_id="INV-2"))
    assert "invoices.csv" in body
    assert "exception=exc-5" in body


def test_a_new_publication_is_shown_without_a_restart(published: Path) -> None:
    app = open_page("executive")
    assert small_company.RUN_ID in html_of(app)
    publish(published, "run-2", small_company.rows("run-2"))
    app.run()
    assert "run-2" in html_of(app)
    assert not app.exception
