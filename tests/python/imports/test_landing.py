"""Landing: once, whole, with the original beside, by those who may."""

from __future__ import annotations

import csv
import json

import pytest
from imports_desk import Desk

from orchestration.home import HomeIsBusy, TieoutError, parse_as_of
from orchestration.imports import landing, missing
from orchestration.imports.command import local_person
from orchestration.imports.landing import Landed
from orchestration.imports.offer import look_at
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


MISTAKEN = (
    "No,Customer,Invoice Date,Due Date,Net,Gross,Updated\n"
    "1,C-1,13/05/2026,12/06/2026,10.00,11.90,03/04/2026\n"
    "2,C-1,14/05/2026,12/06/2026,20.00,23.80,12/01/2026\n"
)


def land_by(desk: Desk, amount: str, *, dates: str = "day first", number: str = "No") -> Landed:
    """The same original, with one column or another as the amount."""
    offer = desk.look(
        "sales.csv", MISTAKEN, from__total_amount=amount, set__currency="EUR",
        from__invoice_id=number, from__updated_at="Updated", feed="billing_invoices", dates=dates,
    )  # fmt: skip
    found, reading, _ = desk.read(offer)
    return landing.land_mapped(
        desk.home, offer.path, "sales.csv", desk.folder / "mapped.csv", found, reading,
        local_person(),
    )  # fmt: skip


def landed_amounts(desk: Desk) -> list[list[str]]:
    """The amounts in each file that a run would find."""
    found = []
    for path in sorted(desk.home.feed_landing("billing_invoices").glob("*.csv")):
        with open(path, encoding="utf-8", newline="") as handle:
            found.append([row["total_amount"] for row in csv.DictReader(handle)])
    return found


def test_a_corrected_map_takes_the_place_of_what_no_run_has_read(desk: Desk) -> None:
    first = land_by(desk, "Net")
    second = land_by(desk, "Gross")
    assert landed_amounts(desk) == [["11.90", "23.80"]]
    assert not (desk.home.landing / first.landed_as).exists()
    states = {one.landed_as: one.is_replaced for one in landing.history(desk.home)}
    assert states == {first.landed_as: True, second.landed_as: False}
    # and back again: no run has read either
    assert land_by(desk, "Net").is_new
    assert landed_amounts(desk) == [["10.00", "20.00"]]


def test_a_corrected_map_outranks_what_a_run_has_read(desk: Desk) -> None:
    land_by(desk, "Net")
    ingest(desk.home, parse_as_of("2026-07-01"), 1)
    second = land_by(desk, "Gross", dates="day first")
    assert "Replaces the reading of" in second.replaces and "stay" not in second.replaces
    assert landed_amounts(desk) in ([["10.00", "20.00"], ["11.90", "23.80"]],
                                    [["11.90", "23.80"], ["10.00", "20.00"]])  # fmt: skip
    ingest(desk.home, parse_as_of("2026-07-01"), 2)
    with pytest.raises(TieoutError, match="that one holds"):
        land_by(desk, "Net")


def test_a_mistaken_stamp_does_not_outrank_the_corrected_one(desk: Desk) -> None:
    def stamps(landed: Landed) -> list[str]:
        with open(desk.home.landing / landed.landed_as, encoding="utf-8", newline="") as handle:
            return [row["updated_at"] for row in csv.DictReader(handle)]

    head, *rows = MISTAKEN.splitlines()
    text = "\n".join([head, *(row.replace("13/05", "05/06").replace("14/05", "05/06") for row in
                              rows)]).replace("12/06", "06/06") + "\n"  # fmt: skip

    def by(order: str) -> Landed:
        offer = desk.look("s.csv", text, from__total_amount="Net", set__currency="EUR", dates=order,
                          from__updated_at="Updated", feed="billing_invoices")  # fmt: skip
        found, reading, _ = desk.read(offer)
        return landing.land_mapped(desk.home, offer.path, "s.csv", desk.folder / "mapped.csv",
                                   found, reading, local_person())  # fmt: skip

    mistaken = by("month first")
    assert stamps(mistaken) == ["2026-03-04", "2026-12-01"]
    ingest(desk.home, parse_as_of("2026-07-01"), 1)
    assert stamps(by("day first")) == ["2026-04-03", "2026-12-01"]


def test_rows_that_a_corrected_map_calls_otherwise_are_named(desk: Desk) -> None:
    land_by(desk, "Net", number="Net")
    ingest(desk.home, parse_as_of("2026-07-01"), 1)
    told = land_by(desk, "Gross").replaces
    assert "2 of its rows have no counterpart now (10.00, 20.00) and stay in the books" in told


def test_a_file_that_landed_as_something_else_is_told(desk: Desk) -> None:
    landed = land_by(desk, "Net")
    assert landing.elsewhere(desk.home, landed.sha256, {"billing_invoices"}) == []
    [other] = landing.elsewhere(desk.home, landed.sha256, {"vendor_invoices"})
    assert other.feed == "billing_invoices"


def test_nothing_is_taken_back_beside_a_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_home: object) -> None:
        raise HomeIsBusy("a run")

    land_by(desk, "Net")
    monkeypatch.setattr("orchestration.home.Home.writing", busy)
    with pytest.raises(TieoutError, match="when the run has ended"):
        land_by(desk, "Gross")
    assert landed_amounts(desk) == [["10.00", "20.00"]]


@pytest.mark.parametrize(
    "name",
    [
        "請求書" * 80 + ".csv",
        "x" * 400 + ".csv",
        "a." + "é" * 300,
        "..",
        "b\udce9.csv",
        "\x7f/\n.csv",
    ],
)
def test_any_name_lands(desk: Desk, name: str) -> None:
    offer = look_at(desk.home, desk.deliver("plain.csv", TABLE), {}, name=name)
    found, reading, _ = desk.read(offer)
    landed = landing.land_mapped(
        desk.home, offer.path, offer.name, desk.folder / "mapped.csv", found, reading,
        local_person(),
    )  # fmt: skip
    assert (desk.home.landing / landed.landed_as).exists()
    assert len(list((desk.home.uploads / landed.sha256[:16]).iterdir())) == 2


def test_a_bank_file_of_any_name_lands(desk: Desk) -> None:
    text = (
        ":20:START\n:25:DE02120300000000202051\n:28C:1/1\n:60F:C260531EUR100,00\n"
        ":61:2606010601C50,00NTRFNONREF//B1\n:86:Invoice 1001\n:62F:C260601EUR150,00\n-\n"
    )
    offer = look_at(desk.home, desk.deliver("june.sta", text), {}, name="a." + "é" * 300)
    assert offer.bank is not None
    landed = landing.land_bank_file(desk.home, offer.path, offer.name, offer.bank, local_person())
    assert landed.landed_as.endswith(".txt") and (desk.home.landing / landed.landed_as).exists()
