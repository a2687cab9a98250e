"""Whether anything was lost: landed rows, sealed decisions, matched money."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration.gamedays.company import Company, Delivery
from orchestration.home import Home
from orchestration.ingest.landing import scan
from orchestration.verify import verify

Money = dict[str, tuple[str, ...]]
"""What is true of each document and each match, by its id."""


def of_home(home: Home) -> list[str]:
    """Files, rows and proofs of a home that are not where they must be; a sentence each."""
    lost = _unread_files(home)
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        for feed, name, read, told in connection.execute(
            "select feed, file_name, rows_read, rows_loaded + rows_redelivered + rows_quarantined "
            "from marts.fct_batches where not is_rejected "
            "and rows_read <> rows_loaded + rows_redelivered + rows_quarantined order by all"
        ).fetchall():
            lost.append(f"{feed}/{name}: {read} rows were read, and {told} are accounted for.")
        read_of = {
            (feed, name): read
            for feed, name, read in connection.execute(
                "select feed, file_name, max(rows_read) from marts.fct_batches "
                "where not is_rejected group by all"
            ).fetchall()
        }
    for (feed, name), read in sorted(read_of.items()):
        path = home.landing / feed / name
        if path.suffix == ".csv" and path.is_file() and (held := _csv_rows(path)) > read:
            lost.append(f"{feed}/{name} holds {held} rows, and {read} were read.")
    verdict = verify(home)
    lost += [] if verdict.holds else [verdict.describe()]
    return lost


def money(home: Home) -> Money:
    """What the last publication says of every document, and of what is held against what."""
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        documents = connection.execute(
            "select 'invoice ' || invoice_id, currency, matched_amount, open_amount, "
            "reconciliation_status from marts.fct_invoices"
        ).fetchall()
        held = connection.execute(
            "select 'match of ' || reconciliation || ': ' || string_agg(concat_ws(' ', "
            "allocations.item_type, allocations.item_id, allocations.allocated_amount, "
            "allocations.currency), '; ' order by allocations.item_type, allocations.item_id, "
            "allocations.allocated_amount) from marts.fct_match_allocations as allocations "
            "inner join marts.fct_matches as matches using (match_id, reconciliation) "
            "where matches.is_live "
            "group by match_id, reconciliation"
        ).fetchall()
    return {str(row[0]): tuple(str(value) for value in row[1:]) for row in [*documents, *held]}


def differences(here: Money, twin: Money, extra: tuple[str, ...] = ()) -> list[str]:
    """What differs from the money of the twin; `extra`: parts of ids that the fault brought."""
    found = []
    for key in sorted(here.keys() | twin.keys()):
        if here.get(key) != twin.get(key) and not any(part in key for part in extra):
            found.append(
                f"{key[:300]}: here {here.get(key, 'missing')}, without the fault "
                f"{twin.get(key, 'missing')}"
            )
    return found


def untrue(home: Home, company: Company, last: date) -> list[str]:
    """Invoices that are not settled as the company knows it, when all has landed up to a day."""
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        told = {
            name: amounts
            for name, *amounts in connection.execute(
                "select invoice_id, matched_amount, open_amount from marts.fct_invoices"
            ).fetchall()
        }
    found = []
    for number in range((last - company.start).days + 1):
        for invoice in company.issued(company.start + timedelta(days=number)):
            paid = invoice.amount if invoice.paid_on <= last else Decimal(0)
            expected = [paid, invoice.amount - paid]
            if told.get(invoice.invoice_id) != expected:
                found.append(
                    f"{invoice.invoice_id}: matched and open are {told.get(invoice.invoice_id)}, "
                    f"not {expected}."
                )
    return found


def unlanded(home: Home, delivery: Delivery) -> list[str]:
    """Files of a delivery that have not landed under their name."""
    return [
        f"{feed}/{delivery.name(feed)} has not landed."
        for feed in [*(feed for feed, rows in delivery.rows.items() if rows), "bank_statements"]
        if not (home.landing / feed / delivery.name(feed)).is_file()
    ]


def _unread_files(home: Home) -> list[str]:
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        known = {
            batch
            for (batch,) in connection.execute("select batch_id from marts.fct_batches").fetchall()
        }
    return [
        f"{file.feed}/{file.name} has landed and no run has read it."
        for file in scan(home)
        if file.batch_id not in known
    ]


def _csv_rows(path: Path) -> int:
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        return max(0, sum(1 for _ in csv.reader(file)) - 1)
