"""A company's books written by a test, row by row, and landed in any order."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

Row = dict[str, str]

ACCOUNT = "DE02120300000000202051"


@dataclass(frozen=True)
class Statement:
    """A bank's file (MT940) in EUR, whose entries (day, whole amount) have no reference."""

    account: str
    opening: str
    entries: list[tuple[str, str]]

    def text(self, name: str, entries: list[tuple[str, str]]) -> str:
        closing = int(self.opening) + sum(int(amount) for _, amount in entries)
        days = sorted(day[2:].replace("-", "") for day, _ in entries)
        lines = [
            f":20:{name}",
            f":25:{self.account}",
            ":28C:1/1",
            f":60F:C{days[0]}EUR{self.opening},",
        ]
        for day, amount in entries:
            short = day[2:].replace("-", "")
            lines += [f":61:{short}{short[2:]}C{amount},NTRFNONREF", ":86:weekly delivery"]
        return "\n".join([*lines, f":62F:C{days[-1]}EUR{closing},", "-", ""])


@dataclass
class Books:
    """Rows by feed. Amounts are decimal texts in major units, dates ISO days."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    statements: list[Statement] = field(default_factory=list)
    bank_files: list[str] = field(default_factory=list)

    def add(self, feed: str, **values: str) -> str:
        """Add a row; returns the value of its first column."""
        self.rows[feed].append(values)
        return next(iter(values.values()))

    def customer(self, name: str, **more: str) -> str:
        """A customer known by its account and its name; returns its id."""
        return self.add(
            "crm_customers",
            **(
                {"customer_id": name, "legal_name": f"{name} Ltd", "bank_accounts": f"ACC{name}"}
                | more
            ),
        )

    def invoice(
        self,
        customer: str,
        number: str,
        amount: str,
        issued: str,
        currency: str = "EUR",
        **more: str,
    ) -> str:
        """An open invoice, or a credit memo (`document_type='credit_memo'`); returns its id."""
        return self.add(
            "billing_invoices",
            **(
                {
                    "invoice_id": f"id-{number}",
                    "invoice_number": number,
                    "document_type": "invoice",
                    "customer_id": customer,
                    "issued_at": f"{issued}T09:00:00Z",
                    "currency": currency,
                    "total_amount": amount,
                    "status": "open",
                }
                | more
            ),
        )

    def receipt(
        self,
        customer: str | None,
        entry: str,
        amount: str,
        booked: str,
        text: str = "",
        currency: str = "EUR",
        **more: str,
    ) -> str:
        """A line of the company's bank account; `customer` None is an unknown counterparty."""
        self.add(
            "bank_transactions",
            **(
                {
                    "account_id": ACCOUNT,
                    "entry_id": entry,
                    "booking_date": booked,
                    "amount": amount,
                    "currency": currency,
                    "counterparty_name": f"{customer} Ltd" if customer else "",
                    "counterparty_account": f"ACC{customer}" if customer else "",
                    "remittance_information": text,
                }
                | more
            ),
        )
        return f"{ACCOUNT}/{entry}"

    def charge(
        self, customer: str, name: str, amount: str, created: str, reference: str = "", **more: str
    ) -> str:
        """A charge of the gateway `pay` (or what `type` says); returns its item id."""
        self.add(
            "gateway_transactions",
            **(
                {
                    "gateway": "pay",
                    "transaction_id": name,
                    "type": "charge",
                    "status": "succeeded",
                    "customer_id": customer,
                    "invoice_reference": reference,
                    "amount": amount,
                    "fee_amount": "",
                    "net_amount": amount,
                    "currency": "EUR",
                    "created_at": f"{created}T10:00:00Z",
                    "payout_id": "",
                    "related_transaction_id": "",
                }
                | more
            ),
        )
        return f"pay/{name}"

    def statement(self, account: str, opening: str, entries: list[tuple[str, str]]) -> None:
        """A file of the bank itself; amounts are whole, so that its balances are plain."""
        self.statements.append(Statement(account, opening, entries))

    def bank_file(self, text: str) -> None:
        """A file of the bank as it is."""
        self.bank_files.append(text)

    def land(self, landing: Path, day: str, *, shuffle: int | None = None) -> None:
        """Write a CSV file per feed; with a `shuffle` seed three files, rows in random order.

        The entries of a bank's file stay in their file: what is in it twice is there twice.
        """
        order = random.Random(0 if shuffle is None else shuffle)
        for feed, rows in self.rows.items():
            columns = sorted({column for row in rows for column in row})
            parts = [list(rows)]
            if shuffle is not None:
                order.shuffle(parts[0])
                order.shuffle(columns)
                parts = [part for start in range(3) if (part := parts[0][start::3])]
            for place, part in enumerate(parts):
                path = landing / feed / f"{order.randrange(10**6):06d}_{day}_{place}.csv"
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, columns, restval="")
                    writer.writeheader()
                    writer.writerows(part)
        for number, statement in enumerate(self.statements, start=1):
            entries = list(statement.entries)
            if shuffle is not None:
                order.shuffle(entries)
            path = landing / "bank_statements" / f"{order.randrange(10**6):06d}_{day}.sta"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(statement.text(f"{day}{number}", entries), encoding="utf-8")
        for text in self.bank_files:
            path = landing / "bank_statements" / f"{order.randrange(10**6):06d}_{day}.xml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
