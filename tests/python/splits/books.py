"""A company's books as they have been read, and what its next run will find."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.controls import Control, Kind, take_in
from orchestration.home import Home
from orchestration.ingest.contract import Contract, load_contract
from tests.python.splits.landed_files import arrive

Row = dict[str, Any]
Steps = Iterator[None]

OPEN_ITEMS = "status in ('open', 'partially_matched') and open_amount > 0"
RECEIPTS = "reconciliation = 'invoice_to_receipt'"
TEST_ACCOUNT = "DE02120300000000202051"


@dataclass
class Books:
    """A company's books as they have been read, and what the next run will find.

    `now` is the moment that the next run speaks for, `landed` the number of rows landed so far,
    `orders` the number of those that are decisions of people.
    """

    home: Home
    draw: random.Random
    now: datetime = datetime(1970, 1, 1)
    landed: int = 0
    orders: int = 0
    _contract: Contract = field(default_factory=load_contract)

    # what is there

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the published marts."""
        with duckdb.connect(str(self.home.serving.resolve()), read_only=True) as connection:
            connection.execute("use marts")
            return connection.execute(sql).fetchall()

    def one(self, sql: str) -> tuple[Any, ...] | None:
        """A row that the marts give, drawn; None where they give none."""
        rows = self.ask(f"select * from ({sql}) order by all")
        return self.draw.choice(rows) if rows else None

    def row(self, feed: str, condition: str = "true") -> Row | None:
        """A row of a feed as it was read last, drawn among those for which it holds."""
        described = self._contract.feeds[feed]
        files = [str(path) for path in self.home.feed_raw(feed).glob("[0-9a-z]*.parquet")]
        if not files:
            return None
        key = ", ".join(described.key)
        columns = ", ".join(described.names)
        with duckdb.connect() as connection:
            cursor = connection.execute(
                f"select {columns} from (select * from read_parquet(?, union_by_name = true) "
                f"qualify row_number() over (partition by {key} order by _run_sequence desc, "
                f"_row_hash desc) = 1) where {condition} order by {key}",
                [files],
            )
            rows = cursor.fetchall()
        if not rows:
            return None
        drawn = self.draw.choice(rows)
        return dict(zip(described.names, drawn, strict=True))

    # what the next run finds

    @property
    def earlier(self) -> str:
        """An hour before the next run."""
        return timestamp(self.now - timedelta(hours=1))

    @property
    def today(self) -> str:
        return (self.now - timedelta(days=1)).date().isoformat()

    def name(self, kind: str) -> str:
        """An id that is not there yet."""
        return f"{kind}-{self.draw.randrange(16**10):010x}"

    def land(self, feed: str, *rows: Row) -> None:
        folder = self.home.landing / feed
        self._file(
            folder / f"event_{self.draw.randrange(16**10):010x}.jsonl",
            "".join(json.dumps({k: as_written(v) for k, v in row.items()}) + "\n" for row in rows),
        )
        self.landed += len(rows)

    def land_statement(self, name: str, text: str) -> None:
        self._file(self.home.landing / "bank_statements" / f"{name}.sta", text)
        self.landed += 1

    def _file(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        arrive(path, self.now)

    def decide(self, action: str, **more: Any) -> None:
        """A decision of a person."""
        self.orders += 1
        self.land(
            "review_decisions",
            {
                "decision_id": self.name("d"),
                "decided_at": self.earlier,
                "actor": "ana",
                "action": action,
                **more,
            },
        )

    def control(self, kind: Kind, key: str, *, is_over: bool = False) -> None:
        """A person pauses something before the next run, until further word; or that is over.

        As the landing step takes it from the inbox.
        """
        said = self.now - timedelta(hours=1)
        ends_at = said if is_over else None
        control = Control(self.name("o"), kind, key, said, ends_at, "events", "ana", said)
        take_in(self.home, [control], self.now)
        self.landed += 1

    def correct(self, feed: str, row: Row | None, **changed: Any) -> None:
        """Land another version of a row, where there is one."""
        if row is None:
            return
        if "updated_at" in row:
            changed.setdefault("updated_at", self.earlier)
        self.land(feed, row | changed)

    def bank_line(self, **values: Any) -> None:
        line = {"account_id": self.account(), "entry_id": self.name("line"), "currency": "EUR"}
        self.land("bank_transactions", line | {"booking_date": self.today} | values)

    def account(self) -> str:
        """An account in EUR that lines of feeds go to; else one of the tests."""
        row = self.row("bank_transactions", "currency = 'EUR' and statement_id is null")
        return row["account_id"] if row else TEST_ACCOUNT

    def invoice(self, **values: Any) -> Row:
        """Land an invoice of a known customer, as an ordinary one looks."""
        known = self.row("crm_customers") or {"customer_id": "nobody"}
        identifier = self.name("in")
        row = {
            "invoice_id": identifier,
            "invoice_number": f"EV-{identifier[-6:]}".upper(),
            "document_type": "invoice",
            "customer_id": known["customer_id"],
            "issued_at": self.earlier,
            "currency": "EUR",
            "total_amount": f"{self.draw.randrange(10_000, 900_000) / 100:.2f}",
            "status": "open",
            "source_system": "events",
            "updated_at": self.earlier,
        } | values
        self.land("billing_invoices", row)
        return row

    def charge(self, invoice: Row, **values: Any) -> Row:
        """Land a charge that names an invoice."""
        row = {
            "gateway": "stripe",
            "transaction_id": self.name("ch"),
            "type": "charge",
            "status": "succeeded",
            "customer_id": invoice["customer_id"],
            "invoice_reference": invoice["invoice_number"],
            "amount": invoice["total_amount"],
            "net_amount": values.get("amount", invoice["total_amount"]),
            "currency": invoice["currency"],
            "created_at": self.earlier,
        } | values
        self.land("gateway_transactions", row)
        return row

    def closed(self, item_types: str = "'invoice'") -> tuple[Any, ...] | None:
        """Item id and match of a closed item among the receipts; what closed long ago, likelier."""
        return self.one(
            "select items.item_id, matches.match_id from fct_items as items "
            "inner join fct_match_allocations as parts "
            "on items.item_type = parts.item_type and items.item_id = parts.item_id "
            "and items.reconciliation = parts.reconciliation "
            "inner join fct_matches as matches on parts.match_id = matches.match_id "
            f"where items.{RECEIPTS} and items.status = 'closed' "
            f"and items.item_type in ({item_types}) "
            "and matches.decision in ('auto_closed', 'approved')"
        )


def timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def as_written(value: Any) -> Any:
    """A value of raw as a feed writes it."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return timestamp(value)
    return value.isoformat() if isinstance(value, date) else value


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
