"""Whether anything was lost: landed rows, sealed decisions, matched money."""

from __future__ import annotations

import csv
from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from orchestration.gamedays.company import Company, Delivery
from orchestration.gamedays.published import ask
from orchestration.home import Home
from orchestration.ingest.landing import scan
from orchestration.verify import verify

Money = dict[str, str]
"""What is true of each document and each match, in words."""


def of_home(home: Home) -> list[str]:
    """Files, rows and proofs of a home that are not where they must be; a sentence each."""
    known = {batch for (batch,) in ask(home, "batches")}
    lost = [
        f"{file.feed}/{file.name} has landed and no run has read it."
        for file in scan(home)
        if file.batch_id not in known
    ]
    lost += [
        f"{feed}/{name}: {read} rows were read, and {told} are accounted for."
        for feed, name, read, told in ask(home, "unaccounted")
    ]
    for feed, name, read in ask(home, "rows_read"):
        path = home.landing / feed / name
        if path.suffix == ".csv" and path.is_file() and (held := _csv_rows(path)) > read:
            lost.append(f"{feed}/{name} holds {held} rows, and {read} were read.")
    verdict = verify(home)
    lost += [] if verdict.holds else [verdict.describe()]
    return lost


def money(home: Home) -> Money:
    """What the last publication says of every document, and of what is held against what."""
    return dict(ask(home, "documents_and_matches"))


def differences(here: Money, twin: Money, extra: tuple[str, ...] = ()) -> list[str]:
    """What differs from the money of the twin; `extra`: parts of ids that the fault brought."""
    return [
        f"{key[:300]}: {here.get(key, 'not there')}; without the fault "
        f"{twin.get(key, 'not there')}."
        for key in sorted(here.keys() | twin.keys())
        if here.get(key) != twin.get(key) and not any(part in key for part in extra)
    ]


def waiting(home: Home, rule: str) -> list[str]:
    """Ids of the items of a rule's matches that hold nothing: they wait, or have been undone."""
    return [item for (item,) in ask(home, "waiting", rule=rule)]


def untrue(home: Home, company: Company, last: date, unlike: Collection[str] = ()) -> list[str]:
    """Invoices that are not settled as the company knows it, when all has landed up to a day.

    Those of `unlike` are not asked about.
    """
    told = {name: amounts for name, *amounts in ask(home, "settled")}
    found = []
    for number in range((last - company.start).days + 1):
        for invoice in company.issued(company.start + timedelta(days=number)):
            paid = invoice.amount if invoice.paid_on <= last else Decimal(0)
            expected = [paid, invoice.amount - paid]
            if invoice.invoice_id in unlike:
                continue
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


def _csv_rows(path: Path) -> int:
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        return max(0, sum(1 for _ in csv.reader(file)) - 1)
