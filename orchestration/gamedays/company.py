"""A quiet company: everything it lands matches, so whatever alerts beside it was injected.

Every fact follows from its day alone. So a delivery is a span of days, a history and a day are made
the same way, and a file that was held back can be landed later as it would have been. In a home
that holds another company it lives as a guest, with customers, numbers and an account of its own.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

CURRENCY = "EUR"
GATEWAY = "cardwave"
ACCOUNT = "DE99990123459900000077"
CUSTOMERS = 9
INVOICES_A_DAY = 3
TERMS = timedelta(days=14)
OPENING_BALANCE = Decimal("100000.00")
FEE = Decimal("0.30")

Row = dict[str, str]


@dataclass(frozen=True)
class Invoice:
    """One invoice and how it is paid: the first of a day by card, the others by transfer."""

    issued_on: date
    place: int

    @property
    def key(self) -> str:
        return f"{self.issued_on:%Y%m%d}{self.place}"

    @property
    def invoice_id(self) -> str:
        return f"gd_in_{self.key}"

    @property
    def number(self) -> str:
        return f"GDI-{self.key}"

    @property
    def customer(self) -> int:
        return (self.issued_on.toordinal() * INVOICES_A_DAY + self.place) % CUSTOMERS

    @property
    def amount(self) -> Decimal:
        # no two of a year are equal: amounts alone would tell them apart
        days = self.issued_on.toordinal() % 366
        return Decimal(10_000 + (days * INVOICES_A_DAY + self.place) * 37) / 100

    @property
    def is_paid_by_card(self) -> bool:
        return self.place == 0

    @property
    def paid_on(self) -> date:
        return self.issued_on + timedelta(days=(1, 3, 5)[self.place])


@dataclass
class Delivery:
    """What arrives for a span of days: rows by feed, and the bank's statements by day.

    A scenario changes it before it lands, and keeps what it has taken out.
    """

    first: date
    last: date
    rows: dict[str, list[Row]]
    statements: dict[date, str]

    def name(self, feed: str) -> str:
        """The file of a feed."""
        ending = "sta" if feed == "bank_statements" else "csv"
        return f"gameday_{self.first:%Y%m%d}_{self.last:%Y%m%d}.{ending}"

    def land(self, landing: Path) -> list[Path]:
        """Write a file a feed; what has no rows has no file."""
        written = []
        for feed, rows in self.rows.items():
            if rows:
                written.append(landing / feed / self.name(feed))
                write_csv(written[-1], rows)
        if self.statements:
            path = landing / "bank_statements" / self.name("bank_statements")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(self.statements.values()), encoding="ascii")
            written.append(path)
        return written

    def without(self, *feeds: str) -> Delivery:
        """The same, but for these feeds."""
        return replace(
            self,
            rows={feed: rows for feed, rows in self.rows.items() if feed not in feeds},
            statements={} if "bank_statements" in feeds else self.statements,
        )

    def only(self, *feeds: str) -> Delivery:
        """These feeds alone."""
        return self.without(*({*self.rows, "bank_statements"} - {*feeds}))


@dataclass(frozen=True)
class Company:
    """The company whose first day is `start`: nobody pays what was issued before it."""

    start: date

    def deliver(self, first: date, last: date) -> Delivery:
        """Everything that happens on these days, both included."""
        days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
        return Delivery(
            first,
            last,
            rows={
                "crm_customers": [_customer(number) for number in range(CUSTOMERS)],
                "bank_accounts": [_account(self.start)],
                "billing_invoices": [
                    _bill(invoice) for day in days for invoice in self.issued(day)
                ],
                "gateway_transactions": [
                    _charge(invoice) for day in days for invoice in self.charged(day)
                ],
                "gateway_payouts": [row for day in days for row in self._payouts(day)],
                "fx_rates": [_rate(day) for day in days],
            },
            statements={day: self._statement(day) for day in days},
        )

    def issued(self, day: date) -> list[Invoice]:
        """The invoices of a day."""
        if day < self.start:
            return []
        return [Invoice(day, place) for place in range(INVOICES_A_DAY)]

    def charged(self, day: date) -> list[Invoice]:
        """The invoices whose cards are charged on a day."""
        return [
            invoice
            for invoice in self.issued(day - timedelta(days=1))
            if invoice.is_paid_by_card and invoice.paid_on == day
        ]

    def transferred(self, day: date) -> list[Invoice]:
        """The invoices that are paid by transfer on a day."""
        return [
            invoice
            for age in (3, 5)
            for invoice in self.issued(day - timedelta(days=age))
            if not invoice.is_paid_by_card and invoice.paid_on == day
        ]

    def _payouts(self, day: date) -> list[Row]:
        """Yesterday's charges are paid out; the money arrives on the same day."""
        charges = self.charged(day - timedelta(days=1))
        if not charges:
            return []
        [paid] = {invoice.paid_on for invoice in charges}
        return [
            {
                "gateway": GATEWAY,
                "payout_id": f"gd_po_{paid:%Y%m%d}",
                "amount": str(sum(net(invoice) for invoice in charges)),
                "currency": CURRENCY,
                "created_at": stamp(day, 2),
                "arrival_date": f"{day}",
                "bank_reference": f"CWGD{paid:%Y%m%d}",
                "status": "paid",
            }
        ]

    def _statement(self, day: date) -> str:
        """One MT940 statement, which adds up and opens where the one before closed."""
        opening = OPENING_BALANCE + sum(
            (amount for earlier in self._days_before(day) for _, amount, _ in self._lines(earlier)),
            Decimal(0),
        )
        lines = self._lines(day)
        closing = opening + sum((amount for _, amount, _ in lines), Decimal(0))
        number = (day - self.start).days % 99_999 + 1
        text = [
            f":20:GD{day:%Y%m%d}",
            f":25:{ACCOUNT}",
            f":28C:{number:05d}/001",
            f":60F:C{day - timedelta(days=1):%y%m%d}{CURRENCY}{_comma(opening)}",
        ]
        for place, (payer, amount, words) in enumerate(lines):
            sign = "C" if amount >= 0 else "D"
            text.append(
                f":61:{day:%y%m%d}{day:%m%d}{sign}{_comma(abs(amount))}NTRFNONREF//G{day:%y%m%d}{place:06d}"
            )
            text.append(f":86:166?00CREDIT?20{words}{payer}")
        text += [f":62F:C{day:%y%m%d}{CURRENCY}{_comma(closing)}", "-", ""]
        return "\r\n".join(text)

    def _lines(self, day: date) -> list[tuple[str, Decimal, str]]:
        """Who pays, how much, and the words of each line of a day."""
        lines = [
            (
                f"?31{iban(invoice.customer)}?32{customer_name(invoice.customer)[:27]}",
                invoice.amount,
                f"Invoice {invoice.number}",
            )
            for invoice in self.transferred(day)
        ]
        for payout in self._payouts(day):
            lines.append(
                ("?32CARDWAVE PAYMENTS", Decimal(payout["amount"]), payout["bank_reference"])
            )
        return lines

    def _days_before(self, day: date) -> Iterator[date]:
        return (self.start + timedelta(days=past) for past in range((day - self.start).days))


def customer_id(number: int) -> str:
    """As billing and the customer master know a customer."""
    return f"GD-C{number:03d}"


def customer_name(number: int) -> str:
    """A name that no other customer's resembles."""
    heads = "Alder Birch Cedar Durian Elm Fir Ginkgo Hazel Ivy".split()
    trades = "Optics Bakery Marine Textiles Robotics Dairy Timber Games Paper".split()
    return f"{heads[number]} {trades[number]} GmbH"


def iban(number: int) -> str:
    """The account that a customer pays from."""
    return f"DE89990123458800{number:06d}"


def net(invoice: Invoice) -> Decimal:
    """What the gateway pays out of a charge."""
    return invoice.amount - FEE


def write_csv(path: Path, rows: list[Row]) -> None:
    """Write rows that have the columns of the first one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def stamp(day: date, hour: int) -> str:
    """A moment of a day as feeds write it."""
    return f"{datetime.combine(day, time(hour)):%Y-%m-%dT%H:%M:%SZ}"


def _customer(number: int) -> Row:
    return {
        "customer_id": customer_id(number),
        "legal_name": customer_name(number),
        "bank_accounts": f'["{iban(number)}"]',
        "country": "DE",
        "tier": "standard",
    }


def _account(start: date) -> Row:
    return {
        "account_id": ACCOUNT,
        "currency": CURRENCY,
        "name": "Game day account",
        "opening_balance": str(OPENING_BALANCE),
        "opening_date": f"{start}",
        "time_zone": "UTC",
    }


def _bill(invoice: Invoice) -> Row:
    return {
        "invoice_id": invoice.invoice_id,
        "invoice_number": invoice.number,
        "document_type": "invoice",
        "customer_id": customer_id(invoice.customer),
        "issued_at": stamp(invoice.issued_on, 20 + invoice.place),
        "due_date": f"{invoice.issued_on + TERMS}",
        "currency": CURRENCY,
        "total_amount": str(invoice.amount),
        "status": "open",
        "idempotency_key": f"gd-{invoice.key}",
        "source_system": "gameday",
        "updated_at": stamp(invoice.issued_on, 20 + invoice.place),
    }


def _charge(invoice: Invoice) -> Row:
    return {
        "gateway": GATEWAY,
        "transaction_id": f"gd_ch_{invoice.key}",
        "type": "charge",
        "status": "succeeded",
        "payment_id": f"gd_pay_{invoice.key}",
        "customer_id": customer_id(invoice.customer),
        "customer_name": customer_name(invoice.customer),
        "invoice_reference": invoice.number,
        "amount": str(invoice.amount),
        "fee_amount": str(FEE),
        "net_amount": str(net(invoice)),
        "currency": CURRENCY,
        "created_at": stamp(invoice.paid_on, 23),
        "available_on": f"{invoice.paid_on + timedelta(days=1)}",
        "payout_id": f"gd_po_{invoice.paid_on:%Y%m%d}",
    }


def _rate(day: date) -> Row:
    return {
        "rate_date": f"{day}",
        "base_currency": CURRENCY,
        "quote_currency": "USD",
        "source": "gameday",
        "rate": str(Decimal(11_000 + day.toordinal() % 30) / 10_000),
    }


def _comma(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",")
