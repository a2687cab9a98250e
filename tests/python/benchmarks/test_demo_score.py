"""How `tieout benchmark demo` counts: a few pairs by hand, in tables of a warehouse made for it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.benchmarks.demo import NO_CASE, CaseClass, score, total
from orchestration.home import Home

# match -> decision, document, payment
MATCHES = {
    "right": ("auto_closed", "inv-plain", "pay-plain"),
    "other document": ("auto_closed", "inv-twin", "pay-plain"),
    "document in no case": ("auto_closed", "inv-free", "pay-twin"),
    "nothing in any case": ("auto_closed", "inv-free", "pay-free"),
    "asked": ("suggested", "inv-asked", "pay-asked"),
    "asked wrongly": ("suggested", "inv-twin", "pay-lost"),
}
# case class, is certain, document, payment
TRUTH = [
    ("plain", True, "inv-plain", "pay-plain"),
    ("twin", False, "inv-twin", "pay-twin"),
    ("review", False, "inv-asked", "pay-asked"),
    ("review", False, "inv-lost", "pay-lost"),
]


@pytest.fixture
def scored(tmp_path: Path) -> dict[str, CaseClass]:
    home = Home(tmp_path / "scored").create()
    home.truth.mkdir(parents=True, exist_ok=True)
    sides = (("expected", "invoice", 0), ("actual", "bank_transaction", 1))
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("""
create schema intermediate;
create table intermediate.int_match_allocations (
    match_id varchar, reconciliation varchar, side varchar, item_type varchar, item_id varchar);
create table intermediate.int_matches__decided (match_id varchar, decision varchar);
create table intermediate.int_match_candidates (
    reconciliation varchar, item_type varchar, item_id varchar, match_id varchar,
    other_item_type varchar, other_item_id varchar, rank bigint);
create table truth (
    reconciliation varchar, case_class varchar, truth_match_id varchar, side varchar,
    item_type varchar, item_id varchar, certain boolean);
""")
        for match, (decision, *items) in MATCHES.items():
            connection.execute(
                "insert into intermediate.int_matches__decided values (?, ?)", [match, decision]
            )
            for side, kind, place in sides:
                connection.execute(
                    "insert into intermediate.int_match_allocations values (?, ?, ?, ?, ?)",
                    [match, "invoice_to_receipt", side, kind, items[place]],
                )
            if decision == "suggested":
                connection.execute(
                    "insert into intermediate.int_match_candidates "
                    "values ('invoice_to_receipt', 'bank_transaction', ?, ?, null, null, 1)",
                    [items[1], match],
                )
        for number, (case, certain, *items) in enumerate(TRUTH):
            for side, kind, place in sides:
                connection.execute(
                    "insert into truth values ('invoice_to_receipt', ?, ?, ?, ?, ?, ?)",
                    [case, str(number), side, kind, items[place], certain],
                )
        connection.execute(f"copy truth to '{home.truth / 'matches.parquet'}'")
    return {case.name: case for case in score(home)}


def test_a_wrong_close_counts_for_the_case_of_its_items(scored: dict[str, CaseClass]) -> None:
    """For that of the document, else of the payment, and for none only where neither has one."""
    assert {name: case.wrong for name, case in scored.items()} == {
        "plain": 0,
        "twin": 2,
        "review": 0,
        NO_CASE: 1,
    }


def test_pairs_closes_and_reviews_are_counted_by_case(scored: dict[str, CaseClass]) -> None:
    shapes = {
        name: (case.pairs, case.certain, case.closed, case.in_review, case.among_first)
        for name, case in scored.items()
    }
    assert shapes == {
        "plain": (1, 1, 1, 0, 0),
        "twin": (1, 0, 0, 0, 0),
        "review": (2, 0, 0, 2, 1),
        NO_CASE: (0, 0, 0, 0, 0),
    }
    assert total(list(scored.values())).wrong == 3
