"""What is posted is what was sealed, whatever is corrected, edited or reported in afterwards."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from tieout_process import Tieout

from orchestration import journal, warehouse
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
    path = folder / f"later_{len(list(folder.glob('later_*.csv')))}.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
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


def seal_without_lines(home: Home) -> None:
    """The journal as a version wrote it that sealed a match without the lines that post it."""
    [block] = journal.read_blocks(home)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("use intermediate")
        for subject_id, payload in connection.execute(
            "select subject_id, payload from int_decisions__to_seal "
            "where entry_type = 'match_closed'"
        ).fetchall():
            said = json.loads(payload)
            del said["lines"]
            said.pop("base_currency", None)
            old = json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            connection.execute(
                "update int_decisions__to_seal set payload = $1 "
                "where entry_type = 'match_closed' and subject_id = $2",
                [old, subject_id],
            )
    shutil.rmtree(home.journal)
    home.create()
    journal.seal(home, block.run_id, block.sealed_at)
    warehouse.discard(home)


def valuations(published: Path) -> list[tuple]:
    return asked(
        published,
        "select block, count(*) from fct_audit_log where entry_type = 'match_valued' "
        "group by 1 order by 1",
    )


def test_what_has_no_sealed_value_is_valued_once(reconciled_copy: Tieout) -> None:
    """An old journal is opened, a rate comes a run late, and every rate is corrected after that."""
    home = reconciled_copy.home
    lines = f"select {LINE} from fct_journal_entries order by 1, 2"
    krona = (
        "select base_debit_amount, base_credit_amount, posting_status from fct_journal_entries "
        "where currency = 'ISK' order by 1, 2"
    )
    before = asked(home.serving.resolve(), lines)
    seal_without_lines(home)

    land(
        home,
        "billing_invoices",
        [
            {
                "invoice_id": "late-rate",
                "invoice_number": "LATE-88",
                "customer_id": "CUS-000002",
                "document_type": "invoice",
                "status": "open",
                "issued_at": "2026-06-30T09:00:00Z",
                "total_amount": "5000",
                "currency": "ISK",
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
                "account_id": "ACC-ISK-TEST",
                "entry_id": "late-rate",
                "booking_date": "2026-07-01",
                "amount": "5000",
                "currency": "ISK",
                "remittance_information": "LATE-88",
            }
        ],
    )
    run = replace(reconciled_copy, as_of="2026-07-02T06:00:00Z")
    run.succeed("run")
    first = home.serving.resolve()
    known = {row[0] for row in before}
    assert [row for row in asked(first, lines) if row[0] in known] == before
    # what posts nothing has no value to seal
    [(block, count)] = valuations(first)
    assert (block, count) == (2, len({row[10] for row in before}))
    assert asked(first, krona) == [(None, None, "held")] * 2

    def rates(factor: int) -> list[dict[str, object]]:
        euros = landed(home, "fx_rates", "source = 'ECB' and quote_currency <> 'ISK'")
        added = {"base_currency": "EUR", "quote_currency": "ISK", "source": "ECB"}
        return [
            *(row | {"rate": row["rate"] * factor} for row in euros),  # type: ignore[operator]
            *(
                added | {"rate_date": day, "rate": 100 * factor}
                for day in ("2026-06-30", "2026-07-01")
            ),
        ]

    land(home, "fx_rates", rates(2))
    run = replace(run, as_of="2026-07-03T06:00:00Z")
    run.succeed("run")
    second = home.serving.resolve()
    assert [row for row in asked(second, lines) if row[0] in known] == before
    assert valuations(second) == [(block, count), (3, 1)]
    assert asked(second, krona) == [(0, 25, "ready"), (25, 0, "ready")]

    land(home, "fx_rates", rates(3))
    run = replace(run, as_of="2026-07-04T06:00:00Z")
    run.succeed("run")
    third = home.serving.resolve()
    assert asked(third, lines) == asked(second, lines)
    assert valuations(third) == valuations(second)
    run.succeed("verify")

    warehouse.discard(home)
    home.run_context.unlink()
    run.succeed("run")
    assert asked(home.serving.resolve(), lines) == asked(third, lines)
    run.succeed("verify")
