"""Faults in what arrives: feeds that say nothing, files that cannot be read, wrong documents.

Of each, one function injects and one puts right; both say what they did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from orchestration.gamedays.company import (
    ACCOUNT,
    CUSTOMERS,
    Delivery,
    Row,
    customer_id,
    customer_name,
    iban,
    stamp,
    write_csv,
)
from orchestration.gamedays.drill import Drill
from orchestration.home import iso_timestamp, parse_as_of

SURGE = 240
WRONG_CURRENCY = 8
LATE = 3
LATE_AMOUNT = 120_000
DOUBLED = "twice"


# ---- feeds that say nothing


def silent(*feeds: str) -> Callable[[Drill], str]:
    """Feeds bring nothing."""

    def inject(drill: Drill) -> str:
        drill.delivery = drill.delivery.without(*feeds)
        return f"nothing arrives from {' and '.join(feeds)} for four days"

    return inject


def late(*feeds: str) -> Callable[[Drill], str]:
    """What they held back arrives."""

    def repair(drill: Drill) -> str:
        files = _whole(drill).only(*feeds).land(drill.landing)
        return f"{len(files)} files arrive late"

    return repair


# ---- files that cannot be read as they are


def instead(feed: str, spoil: Callable[[Delivery], list[Row]], said: str) -> Callable[[Drill], str]:
    """Land rows that are not what the feed's contract asks for."""

    def inject(drill: Drill) -> str:
        rows = spoil(_whole(drill))
        path = drill.landing / feed / drill.delivery.name(feed)
        write_csv(path, rows)
        drill.delivery = drill.delivery.without(feed)
        return f"{said}: {len(rows)} rows in {feed}/{path.name}"

    return inject


def mend(feed: str) -> Callable[[Drill], str]:
    """The sender lands the file again under its name, as it should have been."""

    def repair(drill: Drill) -> str:
        (drill.landing / feed / drill.delivery.name(feed)).unlink(missing_ok=True)
        late(feed)(drill)
        return f"the mended file has landed under the same name in {feed}"

    return repair


def _whole(drill: Drill) -> Delivery:
    first = drill.before.date()
    return drill.company.deliver(first, drill.hit.date() - timedelta(days=1))


def without_ids(delivery: Delivery) -> list[Row]:
    """From the last day on: what came before is whole, so the feed is not silent."""
    return [
        {**row, "transaction_id": ""} if row["created_at"] >= f"{delivery.last}" else row
        for row in delivery.rows["gateway_transactions"]
    ]


def renamed(delivery: Delivery) -> list[Row]:
    """A required column has another name."""
    return [
        {("settlement_id" if name == "payout_id" else name): value for name, value in row.items()}
        for row in delivery.rows["gateway_payouts"]
    ]


POISON = """<?xml version="1.0"?>
<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><a>&c;&f;</a></Document>
"""


def poison(drill: Drill) -> str:
    """A file lands that is made to harm its reader."""
    folder = drill.landing / "bank_statements"
    (folder / "poison.xml").write_text(POISON, encoding="utf-8")
    return "bank_statements/poison.xml, whose entities grow and ask for /etc/passwd"


def antidote(drill: Drill) -> str:
    """It is taken away."""
    (drill.landing / "bank_statements" / "poison.xml").unlink()
    return "the file is taken out of landing"


# ---- documents and payments


def double(drill: Drill) -> str:
    """Billing issues the same documents once more."""
    copies = [_copy_of(row) for row in _whole(drill).rows["billing_invoices"]]
    write_csv(drill.landing / "billing_invoices" / f"{DOUBLED}_{drill.before:%Y%m%d}.csv", copies)
    drill.brought.append(DOUBLED)
    return f"billing issues {len(copies)} invoices twice, the copies under ids of their own"


def void_copies(drill: Drill) -> str:
    """It takes them back."""
    bills = _whole(drill).rows["billing_invoices"]
    voided = [
        {**_copy_of(row), "status": "void", "updated_at": iso_timestamp(drill.hit)} for row in bills
    ]
    write_csv(drill.landing / "billing_invoices" / f"voided_{drill.before:%Y%m%d}.csv", voided)
    return f"billing voids the {len(voided)} copies"


def _copy_of(row: Row) -> Row:
    return {
        **row,
        "invoice_id": f"{row['invoice_id']}_{DOUBLED}",
        "idempotency_key": f"{row['idempotency_key']}-{DOUBLED}",
    }


def surge(drill: Drill) -> str:
    """Payments come in for invoices that billing has not told yet."""
    paid_on = drill.before.date() - timedelta(days=12)
    _land(drill, "bank_transactions", "surge", _payments("GDS", "88", paid_on, _surged()))
    drill.brought += ["GDS", "gds"]
    return f"{SURGE} payments of known customers, for invoices that have not landed"


def relieve(drill: Drill) -> str:
    """Billing tells them."""
    issued = drill.before.date() - timedelta(days=20)
    _land(drill, "billing_invoices", "surge", _bills("GDS", issued, _surged()))
    return f"the {SURGE} invoices that they pay have landed"


def _surged() -> list[str]:
    return [f"{Decimal(9_000_01 + number * 113) / 100}" for number in range(SURGE)]


def unpaid(drill: Drill) -> str:
    """Customers are a month late with much money."""
    issued = drill.before.date() - timedelta(days=60)
    _land(drill, "billing_invoices", "unpaid", _bills("GDL", issued, _owed_late()))
    drill.brought += ["GDL", "gdl"]
    return f"{LATE} customers have not paid invoices that were due a month ago"


def paid_late(drill: Drill) -> str:
    """They pay."""
    paid = _payments("GDL", "55", drill.hit.date(), _owed_late())
    _land(drill, "bank_transactions", "paid_late", paid)
    return "the customers have paid"


def _owed_late() -> list[str]:
    return [f"{LATE_AMOUNT + 1111 * number}.00" for number in range(LATE)]


def wrong_currency(drill: Drill) -> str:
    """The bank writes dollars for euros."""
    issued = drill.before.date() - timedelta(days=12)
    _land(drill, "billing_invoices", "currency", _bills("GDX", issued, _foreign()))
    _land(drill, "bank_transactions", "currency", _foreign_payments(drill, "USD"))
    drill.brought += ["GDX", "gdx"]
    return f"{WRONG_CURRENCY} payments say USD where the invoices that they name say EUR"


def right_currency(drill: Drill) -> str:
    """It delivers the lines again."""
    _land(drill, "bank_transactions", "right_currency", _foreign_payments(drill, "EUR"))
    return "the bank's lines are delivered again in EUR"


def _foreign() -> list[str]:
    return [f"{Decimal(700_17 + 977 * number) / 100}" for number in range(WRONG_CURRENCY)]


def _foreign_payments(drill: Drill, currency: str) -> list[Row]:
    paid_on = drill.before.date() - timedelta(days=9)
    return [{**row, "currency": currency} for row in _payments("GDX", "66", paid_on, _foreign())]


def _bills(prefix: str, issued: date, amounts: Sequence[str]) -> list[Row]:
    """Invoices of a day in EUR, one of an amount, to the customers in turn."""
    return [
        {
            "invoice_id": f"{prefix.lower()}_{number}",
            "invoice_number": f"{prefix}-{number:06d}",
            "document_type": "invoice",
            "customer_id": customer_id(number % CUSTOMERS),
            "issued_at": stamp(issued, 9),
            "due_date": f"{issued + timedelta(days=30)}",
            "currency": "EUR",
            "total_amount": amount,
            "status": "open",
            "updated_at": stamp(issued, 9),
        }
        for number, amount in enumerate(amounts)
    ]


def _payments(prefix: str, account: str, paid_on: date, amounts: Sequence[str]) -> list[Row]:
    """Lines of an account of their own (its last digits) that pay those invoices on one day."""
    return [
        {
            "account_id": ACCOUNT.replace("77", account),
            "entry_id": f"{prefix}{number:06d}",
            "booking_date": f"{paid_on}",
            "amount": amount,
            "currency": "EUR",
            "counterparty_name": customer_name(number % CUSTOMERS),
            "counterparty_account": iban(number % CUSTOMERS),
            "remittance_information": f"Invoice {prefix}-{number:06d}",
        }
        for number, amount in enumerate(amounts)
    ]


def _land(drill: Drill, feed: str, name: str, rows: list[Row]) -> None:
    write_csv(drill.landing / feed / f"{name}.csv", rows)


# ---- clocks


def nine_hours_ahead(drill: Drill) -> str:
    """Billing writes local time of Tokyo without saying so."""
    moments = ("issued_at", "updated_at")
    rows = drill.delivery.rows["billing_invoices"]
    drill.delivery.rows["billing_invoices"] = [
        {**row, **{name: _moved(row[name], 9) for name in moments}} for row in rows
    ]
    return f"{len(rows)} invoices carry local time of Tokyo as if it were UTC"


def _moved(stamped: str, hours: int) -> str:
    return f"{parse_as_of(stamped) + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def right_moments(drill: Drill) -> str:
    """It delivers again, in UTC."""
    rows = [
        {**row, "updated_at": iso_timestamp(drill.mended)}
        for row in _whole(drill).rows["billing_invoices"]
    ]
    write_csv(drill.landing / "billing_invoices" / "right_moments.csv", rows)
    return f"billing delivers the {len(rows)} invoices again, with their moments in UTC"
