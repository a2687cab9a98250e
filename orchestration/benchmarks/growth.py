"""`tieout benchmark growth`: the same batch on a small and on a large company.

What a run costs has to follow what is new, so both runs should take the same. The batch is the
same file for both: a hundredth of the small company, invoices of customers that both have, and a
bank line for each that quotes its number.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from orchestration.benchmarks.days import AS_OF, land_company, new_home, write_csv
from orchestration.benchmarks.volume import Measured, Measurer
from orchestration.home import Home

ACCOUNT = "DE45990123450064000010"
"""The operating account in EUR that every demo company has."""

Batch = dict[str, list[dict[str, str]]]


def run(size: int = 100_000, times: int = 10) -> list[Measured]:
    """The run of the batch on a company of about `size` invoices, and on one `times` as large.

    Raises:
        TieoutError: when a run fails.
    """
    batch: Batch = {}
    measured = []
    for invoices in (size, size * times):
        with new_home() as home:
            land_company(home, invoices)
            batch = batch or batch_for(home, size // 100)
            measurer = Measurer(home)
            measurer.measure("all", AS_OF)
            for feed, rows in batch.items():
                write_csv(home.feed_landing(feed) / "batch.csv", rows)
            measurer.measure(f"on {invoices:,} invoices", AS_OF + timedelta(hours=1))
            measured.append(measurer.measured[1])
    return measured


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
