"""What sources delivered: versions of a record, lines of landed files, the chain of balances."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration import source_rows
from orchestration.home import Home
from orchestration.ingest.contract import load_contract
from tests.python.dashboard import debug_company


@pytest.fixture
def landed(tmp_path: Path) -> Home:
    """A home with the raw rows and files of the small company."""
    home = Home(tmp_path)
    debug_company.lay_out(home)
    return home


def test_versions_come_in_order_and_tell_what_differs(landed: Home) -> None:
    first, second = source_rows.versions(landed, "billing_invoices", "INV-2")
    assert (first.batch_id, second.batch_id) == ("batch-1", "batch-3")
    assert source_rows.differences(first, second) == [
        ("total_amount", Decimal("200"), Decimal("250"))
    ]
    assert source_rows.versions(landed, "billing_invoices", "INV-3") == []
    assert source_rows.versions(landed, "no_feed", "INV-2") == []
    assert source_rows.versions(landed, "billing_invoices", "INV-2/1") == []


def test_a_key_of_parts_is_told_by_its_item_id(landed: Home) -> None:
    debug_company.write_raw(
        landed,
        "bank_transactions",
        [
            {"account_id": "DE/1", "entry_id": "E%", "_batch_id": "b", "_row_number": 1,
             "_row_hash": "x", "_run_sequence": 1},
        ],
    )  # fmt: skip
    [row] = source_rows.versions(landed, "bank_statements", "DE%2F1/E%25")
    assert row.key == ("DE/1", "E%")
    assert source_rows.versions(landed, "bank_statements", "DE/1/E%") == []


def test_a_landed_line_is_the_record_that_starts_there(landed: Home) -> None:
    batch = debug_company.batch_of(landed, "billing_invoices", "invoices.csv")
    line = source_rows.landed_line(landed, "billing_invoices", "invoices.csv", batch, 2)
    assert line is not None and line.is_same_file is True
    fields = source_rows.fields(line)
    assert fields is not None and fields["total_amount"] == "1,535.50"
    missing = source_rows.landed_line(landed, "billing_invoices", "invoices.csv", batch, 9)
    assert missing is None


def test_a_file_that_was_replaced_is_said_to_be(landed: Home) -> None:
    line = source_rows.landed_line(landed, "billing_invoices", "invoices.csv", "other", 2)
    assert line is not None and line.is_same_file is False


def test_no_name_leads_out_of_its_feed(landed: Home) -> None:
    (landed.root / "secret.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    for name in ("../../secret.csv", str(landed.root / "secret.csv"), "../crm_customers/x"):
        assert source_rows.landed_line(landed, "billing_invoices", name, "b", 1) is None


def test_a_compressed_file_and_one_that_is_no_table(landed: Home) -> None:
    folder = landed.feed_landing("billing_invoices")
    with gzip.open(folder / "more.csv.gz", "wt", encoding="utf-8") as handle:
        handle.write(debug_company.INVOICES)
    line = source_rows.landed_line(landed, "billing_invoices", "more.csv.gz", "b", 3)
    assert line is not None and line.lines[0][1].startswith("INV-2")
    (folder / "broken.xml").write_text("<a>\n<b>\n<c>\n<d>\n<e>\n<f>\n", encoding="utf-8")
    line = source_rows.landed_line(landed, "billing_invoices", "broken.xml", "b", 4)
    assert line is not None
    assert [number for number, _ in line.lines] == [2, 3, 4, 5, 6]
    assert source_rows.fields(line) is None


def statement(number: int, opening: str, closing: str, **other: Any) -> dict[str, Any]:
    return {
        "batch_id": f"batch-{number}",
        "account_id": "DE1",
        "statement_id": f"S{number}",
        "currency": "EUR",
        "opening_balance": Decimal(opening),
        "entries_total": Decimal(closing) - Decimal(opening),
        "closing_balance": Decimal(closing),
        "control_total_ok": True,
        "from_date": date(2026, 6, number),
        "to_date": date(2026, 6, number),
        **other,
    }


def test_the_chain_of_balances_marks_gaps_and_what_was_told_before(landed: Home) -> None:
    debug_company.write_statements(
        landed,
        [
            statement(1, "0", "100"),
            statement(2, "100", "150"),
            statement(5, "170", "200"),
            statement(6, "200", "260", entries_total=Decimal("50"), control_total_ok=False),
            statement(7, "250", "300"),
            statement(8, "300", "300", to_date=date(2026, 6, 10)),
            statement(9, "299", "301"),
            statement(9, "1", "2", opening_balance=None),
        ],
    )
    chain = source_rows.balances(landed)
    assert [one.link for one in chain] == [
        "first", "continues", "gap", "continues", "continues", "continues", "overlaps",
    ]  # fmt: skip
    assert [one.missing_amount for one in chain if one.link == "gap"] == [Decimal("20")]
    assert chain[3].control_difference == Decimal("10")


def test_every_text_column_of_a_feed_is_classified() -> None:
    harmless = (
        "_id", "_number", "_code", "_reference", "_key", "_system", "_terms", "_zone", "sku",
        "meter", "country", "reference", "direction", "service", "reason_code", "gateway",
        "provider", "source", "payment_id", "_type", "_status",
    )  # fmt: skip
    unclassified = [
        f"{feed.name}.{column.name}"
        for feed in load_contract().feeds.values()
        for column in feed.columns
        if column.kind in ("text", "list", "json")
        and not column.domain
        and not source_rows.is_personal(column.name)
        and not column.name.endswith(harmless)
    ]
    assert not unclassified
