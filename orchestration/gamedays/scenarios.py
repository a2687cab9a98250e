"""The faults that can be put into a home, each with the alert that is its own.

A new one is a function that injects, one that repairs, and a row of `SCENARIOS`.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import duckdb

from orchestration import run_notices
from orchestration.gamedays.company import (
    ACCOUNT,
    Delivery,
    Row,
    customer_id,
    customer_name,
    iban,
    stamp,
    write_csv,
)
from orchestration.gamedays.drill import Drill, Scenario
from orchestration.gamedays.signals import RUN_FAILED, Expected
from orchestration.home import TieoutError, iso_timestamp, parse_as_of
from orchestration.journal_files import ENTRIES, find
from orchestration.review import access_log
from orchestration.review.people import Permission, Person, Role

SURGE = 240
WRONG_CURRENCY = 8
HEADERS = 12 << 10
LATE_AMOUNT = 120_000
DOUBLED = "twice"
LOOSE = "ir_text_exact"


# ---- feeds that say nothing


def _silent(*feeds: str) -> Callable[[Drill], str]:
    def inject(drill: Drill) -> str:
        drill.delivery = drill.delivery.without(*feeds)
        return f"nothing arrives from {' and '.join(feeds)} for four days"

    return inject


def _late(*feeds: str) -> Callable[[Drill], str]:
    def repair(drill: Drill) -> str:
        files = _whole(drill).only(*feeds).land(drill.landing)
        return f"{len(files)} files arrive late"

    return repair


# ---- files that cannot be read as they are


def _instead(
    feed: str, spoil: Callable[[Delivery], list[Row]], said: str
) -> Callable[[Drill], str]:
    """Land rows that are not what the feed's contract asks for."""

    def inject(drill: Drill) -> str:
        rows = spoil(_whole(drill))
        path = drill.landing / feed / drill.delivery.name(feed)
        write_csv(path, rows)
        drill.delivery = drill.delivery.without(feed)
        return f"{said}: {len(rows)} rows in {feed}/{path.name}"

    return inject


def _mend(feed: str) -> Callable[[Drill], str]:
    """The sender lands the file again under its name, as it should have been."""

    def repair(drill: Drill) -> str:
        (drill.landing / feed / drill.delivery.name(feed)).unlink(missing_ok=True)
        _late(feed)(drill)
        return f"the mended file has landed under the same name in {feed}"

    return repair


def _whole(drill: Drill) -> Delivery:
    first = drill.before.date()
    return drill.company.deliver(first, drill.hit.date() - timedelta(days=1))


def _without_ids(delivery: Delivery) -> list[Row]:
    return [{**row, "transaction_id": ""} for row in delivery.rows["gateway_transactions"]]


def _renamed(delivery: Delivery) -> list[Row]:
    return [
        {("settlement_id" if name == "payout_id" else name): value for name, value in row.items()}
        for row in delivery.rows["gateway_payouts"]
    ]


POISON = """<?xml version="1.0"?>
<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><a>&c;&f;</a></Document>
"""


def _poison(drill: Drill) -> str:
    folder = drill.landing / "bank_statements"
    (folder / "poison.xml").write_text(POISON, encoding="utf-8")
    return "bank_statements/poison.xml, whose entities grow and ask for /etc/passwd"


def _antidote(drill: Drill) -> str:
    (drill.landing / "bank_statements" / "poison.xml").unlink()
    return "the file is taken out of landing"


# ---- documents and payments


def _double(drill: Drill) -> str:
    copies = [_copy_of(row) for row in _whole(drill).rows["billing_invoices"]]
    write_csv(drill.landing / "billing_invoices" / f"{DOUBLED}_{drill.before:%Y%m%d}.csv", copies)
    drill.brought.append(DOUBLED)
    return f"billing issues {len(copies)} invoices twice, the copies under ids of their own"


def _void_copies(drill: Drill) -> str:
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


def _surge(drill: Drill) -> str:
    rows = [
        {
            "account_id": ACCOUNT.replace("77", "88"),
            "entry_id": f"GDS{number:06d}",
            "booking_date": f"{drill.before.date() - timedelta(days=12 - number % 3)}",
            "amount": _surge_amount(number),
            "currency": "EUR",
            "counterparty_name": f"Newcomer {number:04d} Ltd",
            "remittance_information": f"GDS-{number:06d}",
        }
        for number in range(SURGE)
    ]
    write_csv(drill.landing / "bank_transactions" / "surge.csv", rows)
    drill.brought += ["GDS", "gds"]
    return f"{SURGE} payments of payers whom nobody knows, for invoices that have not landed"


def _relieve(drill: Drill) -> str:
    day = drill.before.date() - timedelta(days=20)
    bills = [
        {
            "invoice_id": f"gds_{number}",
            "invoice_number": f"GDS-{number:06d}",
            "document_type": "invoice",
            "customer_id": customer_id(0),
            "issued_at": stamp(day, 9),
            "due_date": f"{day + timedelta(days=30)}",
            "currency": "EUR",
            "total_amount": _surge_amount(number),
            "status": "open",
            "updated_at": stamp(day, 9),
        }
        for number in range(SURGE)
    ]
    write_csv(drill.landing / "billing_invoices" / "surge.csv", bills)
    return f"the {SURGE} invoices that they pay have landed"


def _surge_amount(number: int) -> str:
    return f"{Decimal(9_000_01 + number * 113) / 100}"


def _unpaid(drill: Drill) -> str:
    issued = drill.before.date() - timedelta(days=60)
    bills = [
        {
            "invoice_id": f"gdl_{number}",
            "invoice_number": f"GDL-{number:06d}",
            "document_type": "invoice",
            "customer_id": customer_id(number),
            "issued_at": stamp(issued, 9),
            "due_date": f"{issued + timedelta(days=30)}",
            "currency": "EUR",
            "total_amount": f"{LATE_AMOUNT + 1111 * number}.00",
            "status": "open",
            "updated_at": stamp(issued, 9),
        }
        for number in range(3)
    ]
    write_csv(drill.landing / "billing_invoices" / "unpaid.csv", bills)
    drill.brought += ["GDL", "gdl"]
    return f"{len(bills)} customers have not paid invoices that were due a month ago"


def _paid_late(drill: Drill) -> str:
    rows = [
        {
            "account_id": ACCOUNT.replace("77", "55"),
            "entry_id": f"GDL{number:06d}",
            "booking_date": f"{drill.hit.date()}",
            "amount": f"{LATE_AMOUNT + 1111 * number}.00",
            "currency": "EUR",
            "counterparty_name": customer_name(number),
            "counterparty_account": iban(number),
            "remittance_information": f"Invoice GDL-{number:06d}",
        }
        for number in range(3)
    ]
    write_csv(drill.landing / "bank_transactions" / "paid_late.csv", rows)
    return "the customers have paid"


def _wrong_currency(drill: Drill) -> str:
    lines = [
        (number, customer_name(number), f"{Decimal(700_17 + 977 * number) / 100}")
        for number in range(WRONG_CURRENCY)
    ]
    issued = drill.before.date() - timedelta(days=12)
    bills = [
        {
            "invoice_id": f"gdx_{number}",
            "invoice_number": f"GDX-{number:06d}",
            "document_type": "invoice",
            "customer_id": customer_id(number),
            "issued_at": stamp(issued, 9),
            "due_date": f"{issued + timedelta(days=30)}",
            "currency": "EUR",
            "total_amount": amount,
            "status": "open",
            "updated_at": stamp(issued, 9),
        }
        for number, _, amount in lines
    ]
    drill.payments = [
        {
            "account_id": ACCOUNT.replace("77", "66"),
            "entry_id": f"GDX{number:06d}",
            "booking_date": f"{issued + timedelta(days=3)}",
            "amount": amount,
            "currency": "USD",
            "counterparty_name": name,
            "counterparty_account": iban(number),
            "remittance_information": f"Invoice GDX-{number:06d}",
        }
        for number, name, amount in lines
    ]
    write_csv(drill.landing / "billing_invoices" / "currency.csv", bills)
    write_csv(drill.landing / "bank_transactions" / "currency.csv", drill.payments)
    drill.brought += ["GDX", "gdx"]
    return f"{len(bills)} payments say USD where the invoices that they name say EUR"


def _right_currency(drill: Drill) -> str:
    rows = [{**row, "currency": "EUR"} for row in drill.payments]
    write_csv(drill.landing / "bank_transactions" / "right_currency.csv", rows)
    return "the bank's lines are delivered again in EUR"


# ---- clocks


def _nine_hours_ahead(drill: Drill) -> str:
    moments = ("issued_at", "updated_at")
    rows = drill.delivery.rows["billing_invoices"]
    drill.delivery.rows["billing_invoices"] = [
        {**row, **{name: _moved(row[name], 9) for name in moments}} for row in rows
    ]
    return f"{len(rows)} invoices carry local time of Tokyo as if it were UTC"


def _moved(stamped: str, hours: int) -> str:
    return f"{parse_as_of(stamped) + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def _right_moments(drill: Drill) -> str:
    rows = [
        {**row, "updated_at": iso_timestamp(drill.mended)}
        for row in _whole(drill).rows["billing_invoices"]
    ]
    write_csv(drill.landing / "billing_invoices" / "right_moments.csv", rows)
    return f"billing delivers the {len(rows)} invoices again, with their moments in UTC"


def _clock_back(drill: Drill) -> str:
    drill.as_of = drill.before - timedelta(days=2)
    return f"the clock of the machine stands at {drill.as_of:%Y-%m-%d %H:%M}, before the last seal"


def _clock_right(drill: Drill) -> str:
    drill.as_of = None
    return "the clock is right again"


# ---- machine and files


def _full_disk(drill: Drill) -> str:
    most = 3 << 20

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    drill.limit = limit
    return f"no file may grow beyond {most >> 20} MiB, as on a full disk"


def _free_disk(drill: Drill) -> str:
    drill.limit = None
    return "there is room again"


def _corrupt_warehouse(drill: Drill) -> str:
    size = drill.home.warehouse.stat().st_size
    with open(drill.home.warehouse, "r+b") as file:
        file.seek(HEADERS)
        file.write(b"\xde\xad\xbe\xef" * ((size - HEADERS) // 4))
    return "all of warehouse.duckdb but its headers is overwritten"


def _lose_warehouse(drill: Drill) -> str:
    drill.home.warehouse.unlink()
    return "warehouse.duckdb is deleted"


def _nothing(drill: Drill) -> str:
    return "nothing: the run itself builds it anew"


def _tamper(drill: Drill) -> str:
    path = find(drill.home, ENTRIES)[0].path
    path.with_suffix(".kept").write_bytes(path.read_bytes())
    with duckdb.connect() as connection:
        connection.execute(f"create table entries as from read_parquet('{path}')")
        connection.execute(
            "update entries set payload = replace(payload, 'EUR', 'USD') where payload like '%EUR%'"
        )
        connection.execute(f"copy entries to '{path}' (format parquet)")
    return f"an amount in journal/{path.name} is edited"


def _restore(drill: Drill) -> str:
    [kept] = drill.home.journal.glob("*.kept")
    kept.replace(kept.with_suffix(".parquet"))
    return "the block is restored from its copy"


# ---- people


def _knock(drill: Drill) -> str:
    stranger = Person("stranger@example.com", "A stranger", frozenset({Role.VIEWER}))
    for page in ("exceptions", "audit", "upload", "matches", "access_log", "on_call"):
        access_log.record(
            drill.home, stranger, access_log.Event.DENIED, Permission.DECIDE, page=page
        )
    return "a viewer tries six pages and actions that they may not use"


def _undo(drill: Drill) -> str:
    with duckdb.connect(str(drill.home.serving.resolve()), read_only=True) as connection:
        undone = connection.execute(
            "select match_id from marts.fct_matches where decision = 'auto_closed' and is_live "
            f"and rule_id = '{LOOSE}' order by match_id limit 6"
        ).fetchall()
    rows = [
        {
            "decision_id": f"gd_undo_{place}",
            "decided_at": iso_timestamp(drill.hit - timedelta(minutes=30)),
            "actor": "clerk@example.com",
            "action": "unmatch",
            "match_id": match_id,
            "comment": "game day",
        }
        for place, (match_id,) in enumerate(undone)
    ]
    write_csv(drill.landing / "review_decisions" / "undone.csv", rows)
    return f"{LOOSE} is too loose: a person finds {len(undone)} of its closes wrong, undoes them"


def _left_to_people(drill: Drill) -> str:
    drill.waits_for_people = True
    return "nothing: what the rule would close waits for people, until its rest is over"


SILENT_GATEWAY = ("gateway_transactions", "gateway_payouts")

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "gateway_outage",
            "provider outage",
            _silent(*SILENT_GATEWAY),
            _late(*SILENT_GATEWAY),
            (Expected("feed_silent", "feed_late", "gateway_transactions"),),
        ),
        Scenario(
            "late_statements",
            "late bank statements",
            _silent("bank_statements"),
            _late("bank_statements"),
            (Expected("feed_silent", "feed_late", "bank_transactions"),),
        ),
        Scenario(
            "late_payments",
            "late payments",
            _unpaid,
            _paid_late,
            (Expected("revenue_at_risk", "customer_has_not_paid"),),
        ),
        Scenario(
            "doubled_invoices",
            "duplicates",
            _double,
            _void_copies,
            (Expected("high_exceptions", "invoiced_twice"),),
        ),
        Scenario(
            "queue_surge",
            "backlog",
            _surge,
            _relieve,
            (Expected(run_notices.QUEUE_SURGED),),
            also=(Expected("high_exceptions", "payer_unknown"), Expected("queue_too_deep")),
        ),
        Scenario(
            "currency",
            "currency",
            _wrong_currency,
            _right_currency,
            (Expected(run_notices.CURRENCY_DIFFERS),),
        ),
        Scenario(
            "missing_ids",
            "missing ids",
            _instead("gateway_transactions", _without_ids, "the gateway's export has lost its ids"),
            _mend("gateway_transactions"),
            (Expected("quarantine_waiting", None, "gateway_transactions"),),
        ),
        Scenario(
            "changed_schema",
            "schema change",
            _instead("gateway_payouts", _renamed, "the gateway calls payout_id settlement_id"),
            _mend("gateway_payouts"),
            (Expected("quarantine_waiting", None, "gateway_payouts"),),
        ),
        Scenario(
            "poisoned_file",
            "hostile file",
            _poison,
            _antidote,
            (Expected("quarantine_waiting", None, "bank_statements"),),
        ),
        Scenario(
            "wrong_time_zone",
            "time zones",
            _nine_hours_ahead,
            _right_moments,
            (Expected(run_notices.FEED_AHEAD, says="billing_invoices/"),),
        ),
        Scenario(
            "loose_threshold",
            "false positives",
            _undo,
            _left_to_people,
            (Expected("rule_breaker_open", "rule_stopped"),),
        ),
        Scenario(
            "unauthorized_access",
            "unauthorized access",
            _knock,
            _nothing,
            (Expected(run_notices.ACCESS_REFUSED),),
        ),
        Scenario(
            "clock_skew",
            "clock",
            _clock_back,
            _clock_right,
            (Expected(RUN_FAILED, says="into the past"),),
            stops=True,
        ),
        Scenario(
            "disk_full",
            "disk",
            _full_disk,
            _free_disk,
            (Expected(RUN_FAILED),),
            stops=True,
        ),
        Scenario(
            "corrupted_warehouse",
            "damaged database",
            _corrupt_warehouse,
            _nothing,
            (Expected(RUN_FAILED, says="is damaged"),),
            stops=True,
        ),
        Scenario(
            "lost_warehouse",
            "lost database",
            _lose_warehouse,
            _nothing,
            (Expected(run_notices.WAREHOUSE_LOST),),
        ),
        Scenario(
            "tampering",
            "tampering",
            _tamper,
            _restore,
            (Expected(run_notices.JOURNAL_DAMAGED),),
        ),
    )
}


def named(names: list[str]) -> list[Scenario]:
    """The scenarios of these names; `all` names every one.

    Raises:
        TieoutError: when there is none of a name.
    """
    if names == ["all"]:
        return list(SCENARIOS.values())
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise TieoutError(
            f"No game day is called {', '.join(unknown)}. There are: {', '.join(SCENARIOS)}."
        )
    return [SCENARIOS[name] for name in names]
