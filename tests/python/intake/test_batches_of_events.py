"""Waiting events become rows of the feeds, each once, whenever the process is killed."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from events_sender import charge, event

from orchestration.home import Home, TieoutError, wall_clock
from orchestration.ingest import ingest
from orchestration.intake import batches, events, spool, status
from orchestration.intake.batches import land_waiting

Rows = Callable[[str], list[dict[str, Any]]]


def put(home: Home, *bodies: bytes, source: str = "stripe") -> None:
    with spool.connected(home) as connection:
        for body in bodies:
            event_id = events.id_of(body) or body.decode(errors="replace")[:20]
            spool.put(connection, [spool.Event(source, event_id, wall_clock(), body)])


def test_nothing_is_made_where_no_event_ever_came(home: Home) -> None:
    assert land_waiting(home).events == 0
    assert not spool.path_of(home).exists()


def test_a_charge_becomes_a_row_keyed_as_in_stripes_report(home: Home, landed_rows: Rows) -> None:
    put(home, charge(1, amount=123456, currency="eur"))
    assert land_waiting(home).files == 1
    assert landed_rows("gateway_transactions") == [
        {
            "gateway": "stripe",
            "transaction_id": "txn_1",
            "type": "charge",
            "status": "succeeded",
            "payment_id": "pi_1",
            "customer_id": "cus_1",
            "customer_name": "Müller & Söhne",
            "invoice_reference": "INV-1",
            "description": None,
            "amount": "1234.56",
            "fee_amount": None,
            "net_amount": "1234.56",
            "currency": "eur",
            "created_at": "2026-07-01T06:00:00Z",
        }
    ]


@pytest.mark.parametrize(
    ("currency", "amount", "landed"),
    [
        ("jpy", 500, "500"),  # no minor unit
        ("bhd", 12345, "12.345"),  # three digits
        ("isk", 50000, "500.00"),  # two at Stripe, none in ISO 4217
        ("eur", 0, "0.00"),
    ],
)
def test_smallest_units_follow_the_currency(
    home: Home, landed_rows: Rows, currency: str, amount: int, landed: str
) -> None:
    put(home, charge(1, amount=amount, currency=currency))
    land_waiting(home)
    assert landed_rows("gateway_transactions")[0]["amount"] == landed


def test_a_refund_a_dispute_and_its_return_name_the_charge_that_they_undo(
    home: Home, landed_rows: Rows
) -> None:
    put(home, charge(1))
    land_waiting(home)
    refund = {
        "id": "re_1", "amount": 500, "currency": "eur", "charge": "ch_1", "status": "succeeded",
        "balance_transaction": "txn_r", "created": 1782885700, "payment_intent": "pi_1",
    }  # fmt: skip
    moved = {"currency": "eur", "created": 1782885800, "fee": 1500}
    out = {"id": "txn_d", "amount": -1234, "net": -2734, **moved}
    back = {"id": "txn_b", "amount": 1234, "net": 2734, **moved, "fee": -1500}
    dispute = {"id": "dp_1", "charge": "ch_1", "balance_transactions": [out]}
    put(
        home,
        event("evt_r", "refund.created", refund),
        event("evt_d", "charge.dispute.funds_withdrawn", dispute),
        event(
            "evt_b",
            "charge.dispute.funds_reinstated",
            {**dispute, "balance_transactions": [out, back]},
        ),
        event("evt_l", "charge.refunded", {"id": "ch_1", "refunds": {"data": [refund]}}),
    )
    land_waiting(home)
    found = [
        (row["transaction_id"], row["type"], row["amount"], row["related_transaction_id"])
        for row in landed_rows("gateway_transactions")[1:]
    ]
    assert found == [
        ("txn_r", "refund", "-5.00", "txn_1"),
        ("txn_d", "chargeback", "-12.34", "txn_1"),
        ("txn_d", "chargeback", "-12.34", "txn_1"),
        ("txn_b", "chargeback_reversal", "12.34", "txn_1"),
        ("txn_r", "refund", "-5.00", "txn_1"),
    ]
    # told twice, and there once
    result = ingest(home, wall_clock())
    assert (result.loaded, result.redelivered, result.quarantined) == (4, 2, 0)


def test_invoices_credit_notes_and_payouts_pass_the_contract(home: Home) -> None:
    invoice = {
        "id": "in_1", "number": "A-1", "customer": "cus_1", "currency": "usd", "total": 11900,
        "tax": 1900, "created": 1782885600, "due_date": 1785477600,
        "status_transitions": {"finalized_at": 1782885601},
    }  # fmt: skip
    note = {
        "id": "cn_1", "number": "A-1-CN", "customer": "cus_1", "currency": "usd", "total": 900,
        "created": 1782885700, "invoice": "in_1",
    }  # fmt: skip
    payout = {
        "id": "po_1", "amount": 100000, "currency": "eur", "created": 1782885600,
        "arrival_date": 1782950400, "status": "in_transit",
    }  # fmt: skip
    put(
        home,
        event("e1", "invoice.finalized", invoice),
        event("e2", "credit_note.created", note),
        event("e3", "payout.created", payout),
        event("e4", "payout.paid", {**payout, "status": "paid"}),
    )
    land_waiting(home)
    result = ingest(home, wall_clock())
    assert (result.loaded, result.quarantined) == (4, 0)


def test_a_type_that_nobody_mapped_is_kept_and_counted(home: Home) -> None:
    put(home, event("evt_1", "customer.created", {"id": "cus_1"}))
    put(home, charge(2, balance_transaction=None))
    assert land_waiting(home).files == 0
    told = status.read(home)["spool"]
    assert told["outcomes"] == {"incomplete": 1, "unknown": 1}
    assert told["unknown_types"] == {"stripe customer.created": 1}
    with spool.connected(home) as connection:
        assert connection.execute("select count(*) from events").fetchone() == (2,)


def test_what_cannot_be_read_is_found_in_quarantine(home: Home) -> None:
    odd = {"id": "ch_9", "balance_transaction": "txn_9", "amount": "many"}
    put(home, charge(1), b"\xff not json", b"[1]", event("e4", "charge.succeeded", odd))
    put(home, b'{"type": "billing_invoices.row", "data": {"invoice_id": "in_7"}}', source="erp")
    land_waiting(home)
    result = ingest(home, wall_clock())
    assert (result.loaded, result.quarantined) == (1, 4)


def test_a_row_of_a_general_source_lands_as_it_is(home: Home, landed_rows: Rows) -> None:
    row = {"gateway": "own", "transaction_id": "t1", "amount": 12.10, "colour": "red"}
    body = json.dumps({"type": "gateway_transactions.row", "data": [row, row]}).encode()
    put(home, body, source="erp")
    land_waiting(home)
    found = landed_rows("gateway_transactions")
    assert [(r["amount"], r["colour"], r["net_amount"]) for r in found] == [
        ("12.1", "red", None)
    ] * 2


@pytest.mark.parametrize("moment", ["before the file", "after the file"])
def test_a_kill_neither_loses_nor_doubles(
    home: Home, landed_rows: Rows, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Stopped where a kill would stop it, once before and once after the rename."""
    put(home, *[charge(number) for number in range(20)])
    land = batches._land_file

    def stopped(*arguments: Any) -> None:
        if moment == "after the file":
            land(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(batches, "_land_file", stopped)
    with pytest.raises(KeyboardInterrupt):
        land_waiting(home)
    monkeypatch.undo()
    put(home, charge(20))
    land_waiting(home)
    land_waiting(home)
    ids = [row["transaction_id"] for row in landed_rows("gateway_transactions")]
    assert ids == [f"txn_{number}" for number in range(21)]


def test_a_process_killed_at_any_moment_lands_each_event_once(
    home: Home, landed_rows: Rows
) -> None:
    """Children that land, killed at growing moments, each with events of its own put before."""
    sent = 0
    for round_ in range(12):
        put(home, *[charge(number) for number in range(sent, sent + 30)])
        sent += 30
        child = os.fork()
        if child == 0:
            land_waiting(home)
            os._exit(0)
        time.sleep(round_ * 0.002)
        os.kill(child, 9)
        os.waitpid(child, 0)
    land_waiting(home)
    ids = sorted(row["transaction_id"] for row in landed_rows("gateway_transactions"))
    assert ids == sorted(f"txn_{number}" for number in range(sent))


def test_events_of_last_month_are_forgotten_once_they_are_landed(home: Home) -> None:
    old = wall_clock() - spool.KEPT - timedelta(minutes=1)
    with spool.connected(home) as connection:
        spool.put(connection, [spool.Event("stripe", "evt_old", old, charge(1))])
        assert spool.prune(connection, wall_clock()) == 0
    land_waiting(home)
    with spool.connected(home) as connection:
        assert connection.execute("select count(*) from events").fetchone() == (0,)


def test_a_damaged_spool_says_what_to_do(home: Home) -> None:
    put(home, charge(1))
    spool.path_of(home).write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(TieoutError, match="senders will repeat"):
        land_waiting(home)


def test_a_broken_map_of_the_home_is_named(home: Home) -> None:
    folder = home.maps / "events"
    folder.mkdir(parents=True)
    (folder / "erp.yaml").write_text("source: erp\n")
    put(home, charge(1), source="erp")
    with pytest.raises(TieoutError, match=r"erp\.yaml is no map"):
        land_waiting(home)


def test_waiting_is_counted(home: Home) -> None:
    put(home, charge(1), charge(2))
    with spool.connected(home) as connection:
        found = spool.waiting(connection)
        assert (found.events, found.size) == (2, len(charge(1)) * 2)
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(
                "insert into events (source, event_id, received_at, body) "
                "select source, event_id, received_at, body from events"
            )
