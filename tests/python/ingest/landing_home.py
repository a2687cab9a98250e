"""Homes with landed files, and what an ingest made of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import Home
from orchestration.ingest import IngestResult, ingest

AS_OF = datetime(2026, 6, 30, 18)


def examples(wanted: int) -> int:
    """How many examples of a property that ingests each: a third where 2.0 repeats what 1.5 did."""
    return wanted if duckdb.__version__.startswith("1.") else wanted // 3


PAYOUT = {
    "gateway": "stripe",
    "payout_id": "po_1",
    "amount": "100.50",
    "currency": "EUR",
    "created_at": "2026-01-02T10:00:00Z",
    "status": "paid",
}
INVOICE = {
    "invoice_id": "in_1",
    "invoice_number": "INV-1",
    "document_type": "invoice",
    "customer_id": "c_1",
    "issued_at": "2026-01-02T10:00:00Z",
    "currency": "EUR",
    "total_amount": "100.00",
    "status": "open",
}
BANK = {
    "account_id": "DE1",
    "entry_id": "e_1",
    "booking_date": "2026-01-02",
    "amount": "-12.30",
    "currency": "EUR",
}
LEDGER = {
    "entry_id": "j_1",
    "line_id": "1",
    "account_code": "1200",
    "posting_date": "2026-01-02",
    "debit_amount": "5",
    "credit_amount": "",
    "currency": "EUR",
}


def csv_text(rows: Iterable[Mapping[str, str]], end: str = "\n") -> str:
    """Rows with the same columns as CSV; values are written as they are."""
    rows = list(rows)
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return "".join(line + end for line in lines)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@dataclass
class Landing:
    """A home, how to land files in it, and what lies in it after an ingest."""

    home: Home

    def land(self, place: str, content: str | bytes) -> Path:
        path = self.home.landing / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def ingest(self, as_of: datetime = AS_OF, **settings: str) -> IngestResult:
        return ingest(self.home, as_of, environment=settings)

    def query(self, sql: str) -> list[dict[str, Any]]:
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            result = connection.execute(sql)
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def _family(self, folder: Path, order: str) -> list[dict[str, Any]]:
        return self.query(
            f"select * from read_parquet('{folder}/*.parquet', union_by_name = true) "
            f"order by {order}"
        )

    def raw(self, feed: str) -> list[dict[str, Any]]:
        return self._family(self.home.feed_raw(feed), "_run_sequence, _batch_id, _row_number")

    def batches(self) -> list[dict[str, Any]]:
        return self._family(self.home.manifest, "run_sequence, feed, file_name")

    def quarantine(self) -> list[dict[str, Any]]:
        return self._family(
            self.home.quarantine, "run_sequence, feed, file_name, line_number, reason"
        )

    def statements(self) -> list[dict[str, Any]]:
        return self._family(self.home.statements, "all")

    def redelivered(self) -> list[dict[str, Any]]:
        return self._family(self.home.redelivered, "run_sequence, batch_id, row_number")
