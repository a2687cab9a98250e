"""Files that a test lands beside those of the demo company, and the runs that read them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from tieout_process import Tieout

INVOICE = {
    "document_type": "invoice",
    "currency": "EUR",
    "status": "open",
    "source_system": "test",
}
CHARGE = {
    "gateway": "stripe",
    "type": "charge",
    "status": "succeeded",
    "currency": "EUR",
}
BANK_LINE = {"account_id": "ACC-EUR-TEST", "currency": "EUR"}


@dataclass
class Company:
    """A home that grows: land files, run, ask the marts. `after` holds what each run published."""

    tieout: Tieout
    day: datetime = datetime(2026, 7, 1, 6)
    after: list[Path] = field(default_factory=list)
    _files: list[Path] = field(default_factory=list)

    def land(self, feed: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows as a CSV file of its own; lists become JSON."""
        columns = sorted({column for row in rows for column in row})
        folder = self.tieout.home.landing / feed
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"test_{len(self._files):03d}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            for row in rows:
                writer.writerow(
                    {k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()}
                )
        self._files.append(path)

    def invoices(self, *rows: Mapping[str, Any]) -> None:
        self.land(
            "billing_invoices",
            [
                INVOICE
                | {"invoice_number": row["invoice_id"], "updated_at": row["issued_at"]}
                | dict(row)
                for row in rows
            ],
        )

    def charges(self, *rows: Mapping[str, Any]) -> None:
        self.land(
            "gateway_transactions",
            [CHARGE | {"net_amount": row["amount"]} | dict(row) for row in rows],
        )

    def bank_lines(self, *rows: Mapping[str, Any]) -> None:
        self.land("bank_transactions", [BANK_LINE | dict(row) for row in rows])

    def decide(self, *rows: Mapping[str, Any]) -> None:
        """Decisions of people, taken an hour before the next run unless they say when."""
        taken = (self.day + timedelta(hours=23)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.land(
            "review_decisions", [{"decided_at": taken, "actor": "ana"} | dict(row) for row in rows]
        )

    def run(self) -> None:
        """The run of the next day."""
        self.day += timedelta(days=1)
        as_of = self.day.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.tieout = replace(self.tieout, as_of=as_of)
        self.tieout.succeed("run")
        self.after.append(self.tieout.home.serving.resolve())

    def rows(self, sql: str, run: int = -1) -> list[tuple[Any, ...]]:
        """Rows of the marts as a run published them, the last one unless told."""
        serving = self.after[run]
        with duckdb.connect(str(serving), read_only=True) as connection:
            connection.execute("use marts")
            return connection.execute(sql).fetchall()

    def row(self, sql: str, run: int = -1) -> tuple[Any, ...]:
        [row] = self.rows(sql, run)
        return row
