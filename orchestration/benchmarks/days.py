"""What benchmarks of speed land day by day, and what DuckDB alone would need for it."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from orchestration import steps
from orchestration.files import quoted
from orchestration.home import Home

AS_OF = datetime(2026, 7, 1, 6)
TEN = 10

ACCOUNT = "DE45990123450064000010"
"""The operating account in EUR that every demo company has."""

Batch = dict[str, list[dict[str, str]]]
"""Rows by feed."""

_TABLES = (".csv", ".jsonl", ".gz")


@contextmanager
def new_home() -> Iterator[Home]:
    """A home that is gone afterwards; no dbt process stands idle beside those of the runs."""
    with TemporaryDirectory(prefix="tieout-benchmark-") as folder:
        yield Home(Path(folder) / "home").create()


def land_company(home: Home, size: int, recent_days: int = 0) -> None:
    """Land a demo company of about `size` invoices up to the day before `AS_OF`.

    In a process of its own: the memory of a large one is not given back.
    """
    end = AS_OF.date() - timedelta(days=1)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as aside:
        aside.submit(steps.land_demo, home, end, invoices=size, recent_days=recent_days).result()


@contextmanager
def held_back(home: Home) -> Iterator[None]:
    """Inside, the files of the demo company's last days are not in landing."""
    recent = {
        path: home.root / "held_back" / path.relative_to(home.landing)
        for path in sorted(home.landing.rglob("*_recent.*"))
    }
    for path, aside in recent.items():
        aside.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, aside)
    yield
    for path, aside in recent.items():
        os.replace(aside, path)


def land_ten_invoices(home: Home) -> None:
    """Ten invoices like the first ten that landed, under numbers of their own."""
    folder = home.feed_landing("billing_invoices")
    landed_rows = (row for path in sorted(folder.glob("invoices_*.csv")) for row in _rows(path))
    rows = list(islice(landed_rows, TEN))
    issued = f"{AS_OF - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    for number, row in enumerate(rows):
        row["invoice_id"], row["invoice_number"] = f"in_ten{number}", f"TEN-{number:06d}"
        row["idempotency_key"] = f"key-ten-{number}"
        row["issued_at"] = row["updated_at"] = issued
        row["due_date"] = f"{AS_OF + timedelta(days=14):%Y-%m-%d}"
    write_csv(folder / "ten.csv", rows)


def land_batch(home: Home, batch: Batch) -> None:
    """Land a batch, a file a feed."""
    for feed, rows in batch.items():
        write_csv(home.feed_landing(feed) / "batch.csv", rows)


def batch_for(home: Home, size: int) -> Batch:
    """`size` invoices and the bank lines that pay them, by feed, for customers of the company."""
    customers = _customers(home.feed_landing("crm_customers"))
    issued = f"{AS_OF - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    batch: Batch = {"billing_invoices": [], "bank_transactions": []}
    for number in range(size):
        customer, name = customers[number % len(customers)]
        invoice, amount = f"BATCH-{number:06d}", f"{100 + number % 977}.{number % 100:02d}"
        batch["billing_invoices"].append(
            {
                "invoice_id": f"in_batch{number}",
                "invoice_number": invoice,
                "document_type": "invoice",
                "customer_id": customer,
                "issued_at": issued,
                "due_date": f"{AS_OF + timedelta(days=14):%Y-%m-%d}",
                "currency": "EUR",
                "total_amount": amount,
                "status": "open",
                "updated_at": issued,
            }
        )
        batch["bank_transactions"].append(
            {
                "account_id": ACCOUNT,
                "entry_id": f"batch-{number}",
                "booking_date": f"{AS_OF:%Y-%m-%d}",
                "amount": amount,
                "currency": "EUR",
                "counterparty_name": name,
                "remittance_information": f"Invoice {invoice}",
            }
        )
    return batch


def _customers(folder: Path) -> list[tuple[str, str]]:
    """Id and name of the company's customers; a larger company has these, too."""
    records = [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return sorted({(record["customer_id"], record["legal_name"]) for record in records})


def _rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    """Land rows that all have the columns of the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def landed(home: Home) -> set[Path]:
    """All files in landing."""
    return {path for path in home.landing.rglob("*") if path.is_file()}


def floor(home: Home, files: Iterable[Path], former: Path | None = None) -> float:
    """Seconds in which DuckDB reads these tables as text and writes what a run has published.

    Args:
        files: what landed for the run; bank statements, which no DuckDB reads, are left out.
        former: the publication before it, whose rows need not be written again.
    """
    tables = [path for path in sorted(files) if path.suffix in _TABLES]
    database = home.root / "floor.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"attach {quoted(str(home.serving.resolve()))} as published (read_only)")
        marts = [
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'published' "
                "and schema_name = 'marts' order by table_name"
            ).fetchall()
        ]
        shown = {name: f"published.marts.{name}" for name in marts}
        if former is not None:
            connection.execute(f"attach {quoted(str(former))} as former (read_only)")
            for name in marts:
                # told by their hashes, as a publication does; this is not measured
                connection.execute(
                    f"create temp table {name} as from {shown[name]} as t "
                    f"where hash(t) not in (select hash(t) from former.marts.{name} as t)"
                )
                shown[name] = f"temp.{name}"
        started = time.monotonic()
        for number, path in enumerate(tables):
            # as lines, for some are broken on purpose
            connection.execute(
                f"create table file_{number} as select * from read_csv({quoted(str(path))}, "
                "columns = {'line': 'VARCHAR'}, delim = '\x07', quote = '', escape = '', "
                "header = false, strict_mode = false, ignore_errors = true)"
            )
        for name in marts:
            connection.execute(f"create table floor.main.{name} as from {shown[name]}")
        connection.execute("checkpoint floor")
        seconds = time.monotonic() - started
    database.unlink()
    return seconds
