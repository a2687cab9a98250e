"""What is posted is what was sealed, whatever is corrected, edited or reported in afterwards."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from tieout_process import Tieout

from orchestration import warehouse
from orchestration.home import Home

# Two more runs of a company: `make test-stories`. What a rule or account that was edited does is
# told by the unit tests of int_journal_lines__coded.
pytestmark = [pytest.mark.slow, pytest.mark.thorough]

LINE = (
    "posting_key, line_number, posting_date, account_code, debit_amount, credit_amount, currency, "
    "base_debit_amount, base_credit_amount, base_currency, match_id, memo, posting_kind, "
    "reverses_posting_key"
)


def land(home: Home, feed: str, rows: list[dict[str, object]]) -> None:
    folder = home.landing / feed
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "later.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def landed(home: Home, feed: str, condition: str) -> list[dict[str, object]]:
    """Rows of a feed as they were read, without what ingest adds to them."""
    with duckdb.connect() as connection:
        cursor = connection.execute(
            "select columns(c -> not starts_with(c, '_')) from "
            f"read_parquet('{home.raw}/{feed}/*.parquet', union_by_name = true) where {condition}"
        )
        names = [name for name, *_ in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def asked(published: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(published), read_only=True) as connection:
        connection.execute("use marts")
        return connection.execute(sql).fetchall()


def test_what_is_sealed_is_posted_as_it_was_sealed(reconciled_copy: Tieout) -> None:
    """A fee, a gross amount and all rates are corrected, and another currency is reported in."""
    home = reconciled_copy.home
    first = home.serving.resolve()
    [(corrected,)] = asked(
        first,
        "select min(a.item_id) from fct_match_allocations a join fct_matches m using (match_id) "
        "where m.is_live and a.reconciliation = 'gateway_to_payout' and a.item_type = 'charge' "
        "and a.item_id in (select b.item_id from fct_match_allocations b "
        "join fct_matches n using (match_id) "
        "where n.is_live and b.reconciliation = 'invoice_to_receipt' and b.item_type = 'charge')",
    )
    gateway, transaction_id = str(corrected).split("/")
    [charge, *_] = landed(
        home,
        "gateway_transactions",
        f"gateway = '{gateway}' and transaction_id = '{transaction_id}'",
    )
    gross, fee = charge["amount"], charge["fee_amount"]
    land(home, "gateway_transactions", [charge | {"amount": gross + 1, "fee_amount": fee + 1}])  # type: ignore[operator]
    land(
        home,
        "fx_rates",
        [row | {"rate": row["rate"] * 2} for row in landed(home, "fx_rates", "source = 'ECB'")],  # type: ignore[operator]
    )
    land(
        home,
        "billing_invoices",
        [
            {
                "invoice_id": "sealed-new",
                "invoice_number": "SEALED-77",
                "customer_id": "CUS-000002",
                "document_type": "invoice",
                "status": "open",
                "issued_at": "2026-06-30T09:00:00Z",
                "total_amount": "77.71",
                "currency": "EUR",
                "source_system": "test",
                "updated_at": "2026-06-30T09:00:00Z",
            }
        ],
    )
    land(
        home,
        "bank_transactions",
        [
            {
                "account_id": "ACC-EUR-TEST",
                "entry_id": "sealed-new",
                "booking_date": "2026-07-01",
                "amount": "77.71",
                "currency": "EUR",
                "remittance_information": "SEALED-77",
            }
        ],
    )
    later = replace(
        reconciled_copy,
        as_of="2026-07-02T06:00:00Z",
        settings={"TIEOUT_REPORTING_CURRENCY": "USD"},
    )
    later.succeed("run")
    second = home.serving.resolve()
    before = asked(first, f"select {LINE} from fct_journal_entries order by 1, 2")
    known = {row[0] for row in before}
    after = asked(second, f"select {LINE} from fct_journal_entries order by 1, 2")
    assert [row for row in after if row[0] in known] == before

    added = [row for row in after if row[0] not in known]
    closings = [row for row in added if row[-1] is None]
    assert {row[9] for row in closings} == {"USD"}
    assert any(row[11].endswith("SEALED-77") for row in closings)
    # the receipt is another amount: its match is reversed, in the values that were sealed with it
    reversals = [row for row in added if row[-1] is not None]
    assert reversals
    assert {row[9] for row in reversals} == {"EUR"}
    for key in {row[-1] for row in reversals}:
        taken_back = [
            (row[1], row[3], row[5], row[4], row[6], row[8], row[7], row[11])
            for row in reversals
            if row[-1] == key
        ]
        assert taken_back == [
            (row[1], row[3], row[4], row[5], row[6], row[7], row[8], row[11])
            for row in before
            if row[0] == key
        ]
    later.succeed("verify")

    warehouse.discard(home)
    home.run_context.unlink()
    later.succeed("run")
    rebuilt = home.serving.resolve()
    assert rebuilt != second
    assert asked(rebuilt, f"select {LINE} from fct_journal_entries order by 1, 2") == after
    later.succeed("verify")
