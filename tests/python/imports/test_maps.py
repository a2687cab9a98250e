"""Maps: kept as YAML, checked by clear words, used again, and held against files that changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from imports_desk import Desk

from orchestration.home import Home, TieoutError
from orchestration.imports import maps
from orchestration.imports.maps import Map
from orchestration.imports.offer import Offer

TABLE = "No,Customer,Invoice Date,Due Date,Amount,Currency\n1,C-1,13/05/2026,12/06/2026,10.00,EUR\n"


def kept(desk: Desk, text: str = TABLE) -> Map:
    """The map that is proposed for a table, saved."""
    found, _, _ = desk.read(desk.look("sales.csv", text))
    maps.save(desk.home, found)
    return found


def test_a_map_says_the_same_after_it_was_saved(desk: Desk) -> None:
    found = kept(desk)
    (loaded,) = maps.saved_maps(desk.home)
    assert maps.dump(loaded) == maps.dump(found)
    assert loaded.columns == found.columns


def test_a_column_called_no_stays_a_name(desk: Desk) -> None:
    kept(desk)
    assert maps.saved_maps(desk.home)[0].columns["invoice_number"].source == ("No",)


def test_a_shape_has_one_map_a_feed_and_no_map_replaces_that_of_another_shape(desk: Desk) -> None:
    kept(desk)
    found, _, _ = desk.read(desk.look("july.csv", TABLE, feed="billing_invoices"))
    assert maps.save(desk.home, found).name == "sales.yaml"
    other, _, _ = desk.read(desk.look("sales.csv", TABLE.replace("Customer", "Client No")))
    assert maps.save(desk.home, other).name == "sales-2.yaml"
    assert len(maps.saved_maps(desk.home)) == 2


def test_the_next_file_of_a_shape_is_not_asked_about(desk: Desk) -> None:
    kept(desk)
    # Dates that could be read two ways, columns in another order and case.
    later = (
        "CUSTOMER,no,Invoice Date,Due  Date,Amount,Currency\nC-1,2,03/05/2026,04/06/2026,1,EUR\n"
    )
    offer = desk.look("june.csv", later)
    assert offer.is_own_map and offer.questions == []
    _, _, rows = desk.read(offer)
    assert rows[0]["issued_at"] == "2026-05-03"


def test_a_changed_shape_says_what_changed(desk: Desk) -> None:
    kept(desk)
    offer = desk.look("july.csv", TABLE.replace("Due Date", "Due On").replace("No,", "No,VAT,", 1)
                      .replace("\n1,", "\n1,0.00,"))  # fmt: skip
    assert offer.change is not None and not offer.is_own_map
    assert offer.change.gone == ("Due Date",)
    assert offer.change.new == ("VAT", "Due On")
    assert "no longer has 'Due Date' and now has 'VAT', 'Due On'" in offer.change.said


def test_a_map_that_is_named_and_does_not_fit_says_what_is_missing(desk: Desk) -> None:
    found = kept(desk)
    offer = desk.look("x.csv", TABLE.replace("Amount", "Value"))
    assert offer.source is not None
    with pytest.raises(TieoutError, match="has no column 'Amount'"):
        desk.apply(offer.source, found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("feed: nothing\n", "'nothing' is none"),
        ("feed: review_decisions\n", "'review_decisions' is none"),
        ("feed: crm_customers\n", "columns: names no column"),
        ("feed: crm_customers\nname: A B\ncolumns: {legal_name: {from: X}}", "small letters"),
        ("feed: crm_customers\nheader: [X]\ncolumns: {nme: {from: X}}", "'nme' is none of"),
        ("feed: crm_customers\nheader: [X]\ncolumns: {legal_name: X}", "is no mapping"),
        (
            "feed: crm_customers\nheader: [X]\ncolumns: {legal_name: {form: X}}",
            "'form' means nothing",
        ),
        ("feed: crm_customers\nheader: [X]\ncolumns: {legal_name: {default: X}}", "needs one of"),
        (
            "feed: crm_customers\nheader: [X]\ncolumns: {legal_name: {from: Y}}",
            "'Y' is no column of",
        ),
        ("feed: crm_customers\ndates: DMY\nheader: [X]\ncolumns: {legal_name: {from: X}}", "'DMY'"),
        (
            "feed: crm_customers\nzone: Mars\nheader: [X]\ncolumns: {legal_name: {from: X}}",
            "'Mars'",
        ),
        ("a: [", "is not YAML"),
    ],
)
def test_a_map_that_makes_no_sense_says_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TieoutError, match=message) as caught:
        maps.load_map(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("feed", ["review_decisions", "posting_results"])
def test_what_tieout_alone_writes_cannot_be_landed(desk: Desk, feed: str) -> None:
    """An uploaded decision could speak for anybody, a second person included."""
    forged = "decision_id,decided_at,actor,action,approved_by\nd-1,2026-06-01,carol,write_off,bob\n"
    with pytest.raises(TieoutError, match="is no feed"):
        desk.look("forged.csv", forged, feed=feed)
    named_as_the_feed_does = desk.look("decisions.csv", forged)
    assert feed not in {p.map.feed for p in named_as_the_feed_does.proposals if p.map}


def test_every_preset_is_valid_and_says_what_it_rests_on() -> None:
    found = maps.presets()
    assert len(found) >= 10
    for preset in found:
        assert preset.rests_on and preset.title, preset.name
        assert preset.origin is not None and preset.origin.stem == preset.name
        again = maps.parse(yaml.load(maps.dump(preset), yaml.BaseLoader), preset.name)
        assert again.columns == preset.columns


def test_a_broken_map_under_the_home_is_named(home: Home) -> None:
    home.maps.mkdir()
    (home.maps / "broken.yaml").write_text("feed: x\n", encoding="utf-8")
    with pytest.raises(TieoutError, match=r"broken\.yaml"):
        maps.saved_maps(home)


def later(desk: Desk, amounts: list[str], currency: str = "EUR", **answers: str) -> Offer:
    """The next file of the shape of `TABLE`, whose map was kept."""
    rows = "".join(
        f'{number},C-1,13/06/2026,12/07/2026,"{amount}",{currency}\n'
        for number, amount in enumerate(amounts, start=2)
    )
    return desk.look("june.csv", TABLE.splitlines()[0] + "\n" + rows, **answers)


@pytest.mark.parametrize(
    ("amounts", "currency", "told"),
    [
        (["2.000"], "EUR", "reads 2.000 with three decimals"),
        (["2.000", "5"], "EUR", "reads 2.000 with three decimals"),
        (["2.000", "1,50"], "EUR", "this file has line 3: 1,50"),
        (["12.50", "1,50"], "EUR", "this file has line 3: 1,50"),
        (["2,000"], "KWD", "reads 2,000 as thousands"),
        # confirmed by another amount, by the currency, or in no need of it
        (["2.000", "12.50"], "EUR", ""),
        (["2,000"], "EUR", ""),
        (["2,000"], "JPY", ""),
        (["2.000"], "KWD", ""),
        (["2", "12"], "EUR", ""),
    ],
)
def test_a_map_that_a_later_file_does_not_bear_out_is_asked_about(
    desk: Desk, amounts: list[str], currency: str, told: str
) -> None:
    kept(desk)
    offer = later(desk, amounts, currency)
    assert offer.is_own_map
    assert bool(offer.questions) == bool(told)
    assert all(q.key == "numbers" and told in q.why for q in offer.questions)


def test_what_is_said_of_one_file_leaves_the_map_as_it_is(desk: Desk) -> None:
    kept(desk)
    before = maps.dump(maps.saved_maps(desk.home)[0])
    _, _, rows = desk.read(later(desk, ["2.000", "1,50"], numbers="1.234,56"))
    assert [row["total_amount"] for row in rows] == ["2000", "1.50"]
    assert maps.dump(maps.saved_maps(desk.home)[0]) == before


def test_dates_that_only_another_order_allows_are_asked_about(desk: Desk) -> None:
    kept(desk)
    head = TABLE.splitlines()[0]
    offer = desk.look("june.csv", f"{head}\n2,C-1,03/04/2026,06/25/2026,1.00,EUR\n")
    [question] = offer.questions
    assert (question.key, "line 2: 06/25/2026" in question.why) == ("dates", True)


def test_a_preset_is_held_against_the_file_too(desk: Desk) -> None:
    """A bank's export by its preset: someone opened it in another Excel and saved it."""
    text = (
        "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #\n"
        "DEBIT,06/25/2026,ACH PMT,2.000,ACH_DEBIT,,\n"
    )
    offer = desk.look("chase.csv", text, set__account_id="9")
    assert [question.key for question in offer.questions] == ["numbers"]
    said = desk.look("chase.csv", text, set__account_id="9", numbers="1.234,56")
    assert said.questions == [] and said.known_as.startswith("Chase")
    assert said.proposals[0].is_for_this_file and said.proposals[0].map is not None
