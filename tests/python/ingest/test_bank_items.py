"""Items of bank files: ids that survive twins, overlaps, reused references and any order."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestration.home import Home
from orchestration.ingest import pipeline
from orchestration.ingest.bank.model import (
    BankFile,
    BankFileError,
    BankReject,
    BankRow,
    ReferredDocument,
    StatementControl,
)
from orchestration.ingest.bank_files import stage_bank_files
from tests.python.ingest.landing_home import BANK, Landing, csv_text, examples

DAY = "2026-01-02"


def item(**values: Any) -> dict[str, Any]:
    return {"account_id": "DE1", "booking_date": DAY, "amount": "10.00", "currency": "EUR"} | values


def content_hash(row: dict[str, Any]) -> str:
    """The content hash as the input contract states it, written independently of the SQL."""
    names = [
        "account_id", "booking_date", "value_date", "amount", "currency", "counterparty_name",
        "counterparty_account", "remittance_information", "end_to_end_id", "bank_transaction_code",
    ]  # fmt: skip
    return hashlib.sha256("\x1f".join(row.get(n) or "" for n in names).encode()).hexdigest()


def read_fake(path: Path) -> BankFile:
    """A bank file in JSON: items, rejects and control totals as the parsers hand them over."""
    document = json.loads(path.read_text())

    def rows() -> Iterator[BankRow | BankReject]:
        for ordinal, row in enumerate(document["rows"], start=1):
            if row == "broken":
                raise BankFileError("the file ends here; fetch it again", 9)
            if "reason" in row:
                yield BankReject(ordinal, **row)
                continue
            values = dict(row)
            for name in ("amount", "entry_amount", "original_amount"):
                if name in values:
                    values[name] = Decimal(values[name])
            for name in ("booking_date", "value_date"):
                if name in values:
                    values[name] = date.fromisoformat(values[name])
            values["referred_documents"] = [
                ReferredDocument(
                    number, None if amount is None else Decimal(amount), kind, *map(Decimal, more)
                )
                for number, amount, kind, *more in values.get("referred_documents", [])
            ]
            values.setdefault("bank_reference", None)
            yield BankRow(ordinal=ordinal, **values)

    statements = [
        StatementControl("DE1", "S1", "EUR", Decimal(opening), Decimal(total), Decimal(closing), ok)
        for opening, total, closing, ok in document.get("statements", [])
    ]
    return BankFile("camt.053", rows(), statements)


@pytest.fixture(autouse=True)
def fake_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = functools.partial(stage_bank_files, read=read_fake)
    monkeypatch.setattr(pipeline, "stage_bank_files", fake)


def land(landing: Landing, name: str, *rows: Any, **more: Any) -> None:
    landing.land(f"bank_statements/{name}", json.dumps({"rows": rows} | more))


def ids(landing: Landing) -> list[str]:
    return sorted({row["entry_id"] for row in landing.raw("bank_transactions")})


@pytest.mark.parametrize(
    ("currency", "amount", "in_hash"),
    [("EUR", "10", "10.00"), ("EUR", "-0.5", "-0.50"), ("JPY", "1000", "1000"),
     ("BHD", "1.5", "1.500"), ("XXX", "1.5", "1.5000000000")],
)  # fmt: skip
def test_an_item_without_a_reference_is_known_by_its_content(
    landing: Landing, currency: str, amount: str, in_hash: str
) -> None:
    row = item(
        amount=amount, currency=currency, remittance_information="ré", counterparty_name="A",
        value_date="2026-01-03", end_to_end_id="E", bank_transaction_code="C",
    )  # fmt: skip
    land(landing, "a", row)
    landing.ingest()
    expected = content_hash(row | {"amount": in_hash})
    assert ids(landing) == [f"h{expected[:16]}-1"]


def test_twins_stay_two_and_an_overlap_adds_only_what_is_new(landing: Landing) -> None:
    other = item(amount="11.00")
    land(landing, "a", item(), other, item())
    assert landing.ingest().loaded == 3
    prefix = "h" + content_hash(item())[:16]
    assert [i for i in ids(landing) if i.startswith(prefix)] == [f"{prefix}-1", f"{prefix}-2"]

    land(landing, "again", item(), item(), statements=[["0", "20", "20", True]])
    result = landing.ingest()
    assert (result.loaded, result.redelivered) == (0, 2)
    known = {row["entry_id"]: row["_row_hash"] for row in landing.raw("bank_transactions")}
    assert [(row["row_number"], row["row_hash"]) for row in landing.redelivered()] == [
        (1, known[f"{prefix}-1"]),
        (2, known[f"{prefix}-2"]),
    ]

    land(landing, "overlap", item(), item(), item(), item(amount="12.00"))
    result = landing.ingest()
    assert (result.loaded, result.redelivered) == (2, 2)
    assert f"{prefix}-3" in ids(landing)


def test_a_reference_used_for_different_contents_stays_with_the_least(landing: Landing) -> None:
    early = item(bank_reference="R", booking_date="2026-01-01", amount="3.00")
    late = item(bank_reference="R", booking_date="2026-01-05", amount="1.00")
    land(landing, "a", late)
    land(landing, "b", early)
    landing.ingest()
    found = {row["entry_id"]: row["amount"] for row in landing.raw("bank_transactions")}
    assert found == {"R": Decimal(3), f"R~{content_hash(late)[:8]}": Decimal(1)}


def test_a_reference_stays_with_what_an_earlier_run_loaded(landing: Landing) -> None:
    early = item(bank_reference="R", booking_date="2026-01-01")
    late = item(bank_reference="R", booking_date="2026-01-05")
    land(landing, "a", late)
    landing.ingest()
    land(landing, "b", early, late)
    result = landing.ingest()
    assert (result.loaded, result.redelivered) == (1, 1)
    assert ids(landing) == ["R", f"R~{content_hash(early)[:8]}"]
    land(landing, "c", early, item(amount="1.00"))
    assert landing.ingest().redelivered == 1


def test_references_belong_to_their_account(landing: Landing) -> None:
    land(landing, "a", item(bank_reference="R"), item(bank_reference="R", account_id="DE2"))
    landing.ingest()
    assert [row["entry_id"] for row in landing.raw("bank_transactions")] == ["R", "R"]


def test_identical_twins_with_one_reference_in_one_file_are_two(landing: Landing) -> None:
    row = item(bank_reference="R")
    land(landing, "a", row, row)
    landing.ingest()
    assert ids(landing) == ["R", f"R~{content_hash(row)[:8]}-2"]
    land(landing, "b", row, row, item(amount="7.00"))
    assert landing.ingest().redelivered == 2


def test_a_tabular_row_keeps_its_id(landing: Landing) -> None:
    land(landing, "a", item(bank_reference="e_1", booking_date="2020-01-01"))
    landing.land("bank_transactions/a.csv", csv_text([BANK]))
    landing.ingest()
    found = {row["entry_id"]: row["entry_source"] for row in landing.raw("bank_transactions")}
    assert found.pop("e_1") is None
    assert list(found.values()) == ["statement"]


def note(**values: Any) -> dict[str, Any]:
    return item(entry_source="notification", **values)


@pytest.mark.parametrize("order", [("s", "n"), ("n", "s"), ("sn",)])
def test_a_notification_never_takes_the_id_of_a_statement(
    landing: Landing, order: tuple[str, ...]
) -> None:
    whole = {"bank_reference": "R", "entry_reference": "R", "entry_amount": "10.00"}
    rows = {
        "s": item(**whole, remittance_information="short"),
        "n": note(**whole, remittance_information="all of it"),
    }
    for run in order:
        for kind in run:
            land(landing, kind, rows[kind])
        landing.ingest()
    found = {row["entry_id"]: row["entry_source"] for row in landing.raw("bank_transactions")}
    assert found == {"R": "statement", "R~n": "notification"}
    assert {row["bank_reference"] for row in landing.raw("bank_transactions")} == {"R"}


def test_details_of_a_notification_keep_their_references(landing: Landing) -> None:
    entry = {"entry_reference": "R", "entry_amount": "30.00"}
    details = [note(bank_reference=f"R#{n}", amount=a, **entry) for n, a in ((1, "10"), (2, "20"))]
    land(landing, "s", item(bank_reference="R", amount="30.00", **entry))
    land(landing, "n", *details)
    landing.ingest()
    assert ids(landing) == ["R", "R#1", "R#2"]
    land(landing, "n2", *details, note(bank_reference="X", entry_amount="10.00"))
    assert landing.ingest().redelivered == 2


def test_a_detail_gives_way_to_a_statement_that_has_its_reference(landing: Landing) -> None:
    entry = {"entry_reference": "R", "entry_amount": "30.00"}
    detail = note(bank_reference="D", **entry)
    land(landing, "s", item(bank_reference="D", entry_reference="D", entry_amount="10.00"))
    land(landing, "n", detail)
    landing.ingest()
    assert ids(landing) == ["D", "D~n"]


def test_a_statement_that_comes_after_the_detail_becomes_its_version(landing: Landing) -> None:
    detail = note(bank_reference="D", entry_reference="R", entry_amount="30.00")
    land(landing, "n", detail)
    landing.ingest()
    land(landing, "s", item(bank_reference="D"))
    landing.ingest()
    assert [(r["entry_id"], r["entry_source"]) for r in landing.raw("bank_transactions")] == [
        ("D", "notification"), ("D", "statement"),
    ]  # fmt: skip


def test_structured_remittance_becomes_advice_lines(landing: Landing) -> None:
    documents = [["INV-1", "60.00", "CINV"], ["CM-1", "-10.00", "CREN"], ["INV-2", None, None],
                 ["INV-3", "1.001", None], ["INV-4", "1.00", "CINV", "-2.00"]]  # fmt: skip
    land(landing, "a", item(bank_reference="a/b", amount="50.00", referred_documents=documents))
    landing.ingest()
    lines = landing.raw("remittance_advice_lines")
    assert [(r["line_id"], r["invoice_reference"], r["amount"], r["memo"]) for r in lines] == [
        ("1", "INV-1", Decimal(60), "CINV"),
        ("2", "CM-1", Decimal(-10), "CREN"),
        ("3", "INV-2", None, None),
        ("4", "INV-3", None, "amount stated: 1.001"),
        ("5", "INV-4", Decimal(1), "CINV; discount stated: -2.00"),
    ]
    assert {(r["remittance_id"], r["payment_reference"], r["currency"]) for r in lines} == {
        ("DE1/a%2Fb", "a/b", "EUR")
    }
    (batch,) = landing.batches()
    assert (batch["feed"], batch["rows_read"], batch["rows_loaded"]) == ("bank_statements", 1, 1)
    land(landing, "b", item(bank_reference="a/b", amount="50.00", referred_documents=documents),
         statements=[])  # fmt: skip
    landing.ingest()
    assert landing.raw("remittance_advice_lines") == lines


def test_control_totals(landing: Landing) -> None:
    land(landing, "a", item(), item(), statements=[["5", "20", "25", True]])
    land(landing, "b", item(amount="3.00"), item(currency="USD"),
         statements=[["5", "3", "9", False], ["1", "1", "2", True]])  # fmt: skip
    land(landing, "c", item(amount="4.00"))
    landing.ingest()
    found = {b["file_name"]: (b["control_total"], b["control_total_ok"]) for b in landing.batches()}
    assert found == {"a": (Decimal(20), True), "b": (None, False), "c": (Decimal(4), None)}
    assert [s["closing_balance"] for s in landing.statements()].count(Decimal(25)) == 1
    assert len(landing.statements()) == 3


def test_a_file_that_breaks_half_way_loads_nothing(landing: Landing) -> None:
    land(landing, "a", item(referred_documents=[["INV-1", None, None]]), "broken")
    land(landing, "b", item(amount="7.00"))
    landing.ingest()
    assert [row["amount"] for row in landing.raw("bank_transactions")] == [Decimal(7)]
    assert landing.raw("remittance_advice_lines") == []
    (reject,) = landing.quarantine()
    assert (reject["is_file"], reject["line_number"]) == (True, 9)
    batch = landing.batches()[0]
    assert (batch["rows_read"], batch["is_rejected"]) == (0, True)


def test_items_are_checked_like_rows_of_tables(landing: Landing) -> None:
    reject = {"column": "booking_date", "value": "20120231", "reason": "is not a calendar date",
              "account_id": "DE1", "bank_reference": "Q"}  # fmt: skip
    land(landing, "a", item(), reject, item(amount="1.234", bank_reference="R"), item(currency="E"))
    landing.ingest()
    (batch,) = landing.batches()
    assert (batch["rows_read"], batch["rows_loaded"], batch["rows_quarantined"]) == (4, 1, 3)
    found = landing.quarantine()
    assert [(q["line_number"], q["column_name"], q["row_key"]) for q in found] == [
        (2, "booking_date", "DE1/Q"), (3, "amount", "DE1/R"), (4, "currency", "DE1/"),
    ]  # fmt: skip
    assert [q["value"] for q in found] == ["20120231", "1.234", "E"]


ITEMS = st.builds(
    lambda reference, amount, day, source, whole: item(
        bank_reference=reference,
        amount=amount,
        booking_date=day,
        entry_source=source,
        entry_amount=amount if whole else "99.00",
    ),
    st.sampled_from([None, "R", "S"]),
    st.sampled_from(["1.00", "2.00"]),
    st.sampled_from(["2026-01-01", "2026-01-02"]),
    st.sampled_from(["statement", "statement", "notification"]),
    st.booleans(),
)


@settings(
    max_examples=examples(20),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # Shrinking ingests takes minutes.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(files=st.lists(st.lists(ITEMS, max_size=5), min_size=1, max_size=3, unique_by=str))
def test_ids_do_not_depend_on_order_and_imports_repeat(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[dict[str, Any]]]
) -> None:
    pictures = []
    for order in (files, files[::-1]):
        landing = Landing(Home(tmp_path_factory.mktemp("home")).create())
        for number, rows in enumerate(order):
            land(landing, str(number), *rows)
        result = landing.ingest()
        raw = landing.raw("bank_transactions")
        pictures.append(sorted((r["entry_id"], r["_row_hash"], r["_batch_id"]) for r in raw))
        assert result.rows_read == sum(len(rows) for rows in files)
        assert result.loaded + result.redelivered == result.rows_read
        for batch_id in {row["_batch_id"] for row in raw}:
            of_file = [row["entry_id"] for row in raw if row["_batch_id"] == batch_id]
            assert len(of_file) == len(set(of_file)), "two items of one file share an id"
    assert pictures[0] == pictures[1]
