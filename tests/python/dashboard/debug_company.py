"""The small company with what Debug shows beside: a sealed block, raw rows, landed files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration import canonical
from orchestration.home import Home
from orchestration.ingest.contract import load_contract
from orchestration.ingest.landing import file_sha256
from orchestration.ingest.store import STATEMENT_TYPES
from orchestration.journal import Block, hash_of_entry
from tests.python.dashboard import small_company

INVOICES = (
    "invoice_id,invoice_number,total_amount,currency,source_system\n"
    'INV-8,2026-0008,"1,535.50",EUR,billing\n'
    "INV-2,2026-0002,250.00,EUR,billing\n"
)
CUSTOMERS = '{"customer_id":"C-9","legal_name":"Secret GmbH","email":"anna@example.com"\n'


def entries() -> list[Mapping[str, Any]]:
    """Three sealed entries of block 1; the second is about the match that holds."""
    sealed = []
    for position, subject in enumerate(("exc-1", "match-live", "match-other"), start=1):
        entry = {
            "block": 1,
            "position": position,
            "entry_type": "match_closed",
            "subject_type": "match",
            "subject_id": subject,
            "actor": "tieout",
            "occurred_at": small_company.AS_OF,
            "payload": f'{{"amount":"250.00","match_id":"{subject}"}}',
            "source_hashes": ["ab" * 32],
        }
        sealed.append({**entry, "entry_hash": hash_of_entry(entry)})
    return sealed


def block() -> Block:
    """The block of these entries."""
    hashes = [bytes.fromhex(entry["entry_hash"]) for entry in entries()]
    header = Block(
        1, small_company.RUN_ID, small_company.AS_OF, len(hashes),
        canonical.merkle_root(hashes), canonical.GENESIS_HASH, "",
    )  # fmt: skip
    return replace(header, block_hash=header.computed_hash())


def _event(item: tuple[str, str], position: int, event: str, detail: str) -> Mapping[str, Any]:
    return {
        "item_type": item[0],
        "item_id": item[1],
        "position": position,
        "occurred_at": small_company.AS_OF,
        "event": event,
        "detail": detail,
        "run_id": small_company.RUN_ID,
    }


def rows() -> small_company.Rows:
    """The small company, its second invoice paid by a bank line that is in the ledger."""
    company = small_company.rows()
    invoice, line, ledger = (
        ("invoice", "INV-2"),
        ("bank_transaction", "DE89/E-2"),
        ("ledger_entry", "JE-1/1"),
    )
    matched = '{"match_id":"match-live","reconciliation":"invoice_to_receipt"}'
    booked = '{"match_id":"match-booked","reconciliation":"bank_to_ledger"}'
    company["fct_record_trace"] += [
        _event(invoice, 1, "landed", '{"batch_id":"batch-1","version":"1"}'),
        _event(invoice, 2, "landed", '{"batch_id":"batch-3","version":"2"}'),
        _event(invoice, 3, "matched", matched),
        _event(line, 1, "matched", matched),
        _event(line, 2, "matched", booked),
        _event(ledger, 1, "matched", booked),
    ]
    match = company["fct_matches"][0]
    company["fct_matches"][0] = {**match, "is_live": True, "pass": "stated_reference",
                                 "relation": "exact"}  # fmt: skip
    company["fct_matches"].append(
        {**match, "match_id": "match-booked", "reconciliation": "bank_to_ledger", "is_live": True}
    )
    company["fct_match_allocations"] += [
        {
            "match_id": "match-booked",
            "side": side,
            "item_type": item[0],
            "item_id": item[1],
            "currency": "EUR",
        }
        for side, item in (("expected", line), ("actual", ledger))
    ]
    company["fct_batches"].append(
        {**company["fct_batches"][0], "batch_id": "batch-3", "file_name": "corrections.csv"}
    )
    company["fct_audit_log"] = entries()
    company["fct_audit_blocks"] = [asdict(block())]
    return company


def lay_out(home: Home) -> None:
    """The files of the home that the page reads: the anchor, raw rows, statements, landed files."""
    home.create()
    home.anchors.write_text(block().anchor() + "\n", encoding="utf-8")
    for feed, text, name in (
        ("billing_invoices", INVOICES, "invoices.csv"),
        ("crm_customers", CUSTOMERS, "customers.jsonl"),
    ):
        home.feed_landing(feed).mkdir(parents=True, exist_ok=True)
        (home.feed_landing(feed) / name).write_text(text, encoding="utf-8")
    write_raw(
        home,
        "billing_invoices",
        [
            {"invoice_id": "INV-2", "invoice_number": "2026-0002", "status": "open",
             "total_amount": "200.00", "currency": "EUR", "_batch_id": "batch-1",
             "_row_number": 3, "_row_hash": "aa" * 32, "_run_sequence": 1},
            {"invoice_id": "INV-2", "invoice_number": "2026-0002", "status": "open",
             "total_amount": "250.00", "currency": "EUR", "_batch_id": "batch-3",
             "_row_number": 2, "_row_hash": "bb" * 32, "_run_sequence": 1},
        ],
    )  # fmt: skip


def write_raw(home: Home, feed: str, raw: list[dict[str, Any]]) -> None:
    """Rows of a feed's raw file; columns that are not given are null."""
    _write(home.feed_raw(feed) / "000001.parquet", load_contract().feeds[feed].raw_types, raw)


def write_statements(home: Home, statements: list[dict[str, Any]]) -> None:
    """What statements said of their balances."""
    _write(home.statements / "000001.parquet", STATEMENT_TYPES, statements)


def _write(path: Path, types: Mapping[str, str], given: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        connection.execute(f"create table written ({columns})")
        for row in given:
            names = ", ".join(f'"{name}"' for name in row)
            connection.execute(
                f"insert into written ({names}) values ({', '.join('?' * len(row))})",
                list(row.values()),
            )
        connection.execute(f"copy written to '{path}' (format parquet)")


def batch_of(home: Home, feed: str, name: str) -> str:
    """The id of the batch that a landed file is."""
    return file_sha256(home.feed_landing(feed) / name)
