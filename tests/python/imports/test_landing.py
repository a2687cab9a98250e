"""Landing: once, whole, with the original beside, by those who may."""

from __future__ import annotations

import json

import pytest
from imports_desk import Desk

from orchestration.home import parse_as_of
from orchestration.imports import landing, missing
from orchestration.imports.command import local_person
from orchestration.imports.landing import Landed
from orchestration.ingest import ingest
from orchestration.review.people import NotPermitted, Person, Role

TABLE = (
    "No,Customer,Invoice Date,Due Date,Amount,Currency\n"
    "1,C-1,13/05/2026,12/06/2026,10.00,EUR\n2,C-1,13/05/2026,12/06/2026,oops,EUR\n"
    "3,C-1,14/05/2026,12/06/2026,1.50,EUR\n"
)


def land(desk: Desk, name: str, text: str, person: Person | None = None) -> Landed:
    """Look at a file, read it and land it."""
    offer = desk.look(name, text)
    found, reading, _ = desk.read(offer)
    return landing.land_mapped(
        desk.home, offer.path, name, desk.folder / "mapped.csv", found, reading,
        person or local_person(),
    )  # fmt: skip


def files(desk: Desk) -> set[str]:
    """Every file under the home that an import may write."""
    roots = (desk.home.landing, desk.home.uploads)
    return {str(p.relative_to(desk.home.root)) for r in roots for p in r.rglob("*") if p.is_file()}


def test_a_run_reads_what_was_landed_and_quarantines_what_was_announced(desk: Desk) -> None:
    landed = land(desk, "sales.csv", TABLE)
    assert (landed.rows, landed.bad) == (3, 1)
    result = ingest(desk.home, parse_as_of("2026-07-01"), 1)
    assert (result.loaded, result.quarantined) == (2, 1)


def test_the_original_is_kept_with_what_was_done(desk: Desk) -> None:
    landed = land(desk, "sales.csv", TABLE)
    folder = desk.home.uploads / landed.sha256[:16]
    assert (folder / "sales.csv").read_text() == TABLE
    (record,) = folder.glob("*.json")
    document = json.loads(record.read_text())
    assert document["by"].startswith("local:")
    assert "feed: billing_invoices" in document["map"]
    assert [one.original for one in landing.history(desk.home)] == ["sales.csv"]


def test_the_same_file_twice_changes_nothing(desk: Desk) -> None:
    first = land(desk, "sales.csv", TABLE)
    before = files(desk)
    second = land(desk, "sales.csv", TABLE)
    assert (first.is_new, second.is_new) == (True, False)
    assert files(desk) == before
    third = land(desk, "copy of sales.csv", TABLE)
    assert not third.is_new and files(desk) == before


def test_who_may_not_land_files_lands_none(desk: Desk) -> None:
    viewer = Person("v", "Vera", frozenset({Role.VIEWER, Role.AUDITOR, Role.APPROVER}))
    with pytest.raises(NotPermitted, match="Vera may not upload files"):
        land(desk, "sales.csv", TABLE, viewer)
    assert files(desk) == set()


def test_a_delivered_name_cannot_leave_its_folder(desk: Desk) -> None:
    offer = desk.look("sales.csv", TABLE)
    found, reading, _ = desk.read(offer)
    landed = landing.land_mapped(
        desk.home, offer.path, "../../etc/.pass.csv", desk.folder / "mapped.csv", found, reading,
        local_person(),
    )  # fmt: skip
    assert (desk.home.landing / landed.landed_as).is_relative_to(desk.home.landing)
    for path in desk.home.uploads.rglob("*"):
        assert path.resolve().is_relative_to(desk.home.uploads.resolve())


def test_a_bank_format_is_passed_on_as_it_is(desk: Desk) -> None:
    text = (
        ":20:START\n:25:DE02120300000000202051\n:28C:1/1\n:60F:C260531EUR100,00\n"
        ":61:2606010601C50,00NTRFNONREF//B1\n:86:Invoice 1001\n:62F:C260601EUR150,00\n-\n"
    )
    offer = desk.look("june.sta", text)
    assert offer.bank is not None and offer.is_ready
    assert (offer.bank.format, offer.bank.items, offer.bank.unbalanced) == ("mt940", 1, 0)
    landed = landing.land_bank_file(desk.home, offer.path, "june.sta", offer.bank, local_person())
    assert landed.landed_as.startswith("bank_statements/june-")
    assert (desk.home.landing / landed.landed_as).read_text() == text


def test_what_is_missing_is_told_with_what_it_costs(desk: Desk) -> None:
    told = {s.title: s for s in missing.standings(desk.home, {"billing_invoices"})}
    assert not told["Invoices against receipts"].runs
    assert "Bank transactions" in told["Invoices against receipts"].says
    assert "not by name" in told["Without customers"].says
    both = {"billing_invoices", "bank_transactions", "crm_customers"}
    told = {s.title: s for s in missing.standings(desk.home, both)}
    assert told["Invoices against receipts"].runs
    assert "Without customers" not in told
    assert "ledger account code" in told["The bank against the ledger"].says
    ledger = {*both, "ledger_entries", "bank_accounts"}
    told = {
        s.title: s
        for s in missing.standings(desk.home, ledger, {"bank_accounts.ledger_account_code"})
    }
    assert told["The bank against the ledger"].runs
