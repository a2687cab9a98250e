"""The comparison with a rebuilt warehouse finds it where a kept table's rule says too little.

Each rule of `meta.kept` is taken with one thing less: an input, a branch, a compared column. In a
copy of the project each run tells which of these weaker rules would have left a stale row
(`watch.sql`): parts that the real rule finds to have changed, and the weaker one does not name.
Where it leaves none because something else names the same parts, what was taken is no use by itself
in these runs. Where no run has any use for it, `NO_USE_ALONE` has the reason, or an event is
missing.

`make test` puts a few weaker rules into a copy for real, and sees the comparison tell their stale
rows. `make test-splits-mutations` asks for all of them, in ten minutes.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from tests.python.splits import project_copy, weaker_rules
from tests.python.splits.events import EVENTS
from tests.python.splits.project_copy import PROJECT, Told
from tests.python.splits.weaker_rules import Weaker

ALL_WEAKER = weaker_rules.all_weaker(PROJECT)

IN_SHORT = (
    "fct_items: int_items__balanced does not touch",
    "fct_invoices: asks 5, not anything",
    "int_matches__timed: asks, not changes 1 (int_items__balanced)",
)

EVENT_NAMES = [event.__name__ for event in EVENTS]
ALL_AND_WHAT_FOLLOWS = [EVENT_NAMES, [], [], []]
"""Events begin before one run, and go on before those after it."""

SEEDS = (1, 3, 4)

FEW = 10
"""Rows of a table of which a change may well touch all."""

MATCH_IS_ONE = "what is decided otherwise of a match is so in all of its rows and columns"
IS_OF_A_RECORD = "it changes with its record, and the record comes in another batch"
IS_HELD = "what an item is held by changes with it"
IS_SEALED = "what is sealed was decided in the run before, and tells of that by itself"

TELLS_NOTHING = "it is a view, and what it brings is asked for"
NO_EVENT = "no event shows it yet"
FELL_OTHERWISE = "it was of use where the same events fell on other records"
IS_ANOTHER_DAY = "another day touches all, and runs of these stories are a day apart"

CLASSIFIED = "int_bank_transactions__classified"

NO_USE_ALONE: dict[str, str] = {
    "int_open__unmatched: asks 2, not changes 3 (int_wave__returned)": IS_HELD,
    "fct_invoices: asks 4, not changes 4 (int_bank_transactions__returns)": IS_HELD,
    "int_exceptions__counterparts: asks 3, not changes 1 (int_exceptions__bonds)": NO_EVENT,
    "int_exceptions__current: int_orders__refused does not touch": NO_EVENT,
    "int_exceptions__told: asks 1, not changes 4 (int_exceptions__duplicate_items)": NO_EVENT,
    "int_quarantine__resolved: asks 2, not changes 1 (stg_tieout__batches)": NO_EVENT,
    "int_item_numbers__current: reads int_items, not the value 'credit_memo'": NO_EVENT,
    "int_item_numbers__current: reads int_item_numbers, not the value 'credit_memo'": NO_EVENT,
    "fct_exception_items: asks 2, not changes 2 (int_exceptions__duplicate_items)": NO_EVENT,
    "int_exceptions__cases: reads int_exceptions__bonds, not anything": FELL_OTHERWISE,
    "int_exceptions__open_items: asks 3, not changes 3 (int_items__balanced)": FELL_OTHERWISE,
    "int_exceptions__open_items: asks 3, not the column status": FELL_OTHERWISE,
    "fct_journal_entries: asks 3, not changes 1 (int_items)": FELL_OTHERWISE,
    "int_items__bill_to_payment: int_vendor_invoices__duplicates does not touch": NO_EVENT,
    "int_items__open: reads int_open__unmatched, not anything of item_key": NO_EVENT,
    f"{CLASSIFIED}: reads int_bank_transactions__booked, not branch 2": NO_EVENT,
    f"{CLASSIFIED}: reads int_parties__resolved, not branch 2": NO_EVENT,
    f"{CLASSIFIED}: reads int_bank_transactions__mentions, not branch 2": NO_EVENT,
    f"{CLASSIFIED}: asks 3, not branch 9": NO_EVENT,
    "int_invoices__duplicates: reads stg_billing__invoices, not branch 2": NO_EVENT,
    "int_invoices__duplicates: asks 1, not alternative 2": NO_EVENT,
    "int_invoices__duplicates: asks 2, not changes 1 (int_exceptions__journal)": NO_EVENT,
    "int_invoices__duplicates: asks 2, not alternative 2": NO_EVENT,
    "int_invoices__duplicates: asks 2, not alternative 4": NO_EVENT,
    "int_invoices__duplicates: asks 3, not changes 1 (stg_billing__invoices)": NO_EVENT,
    "int_payers__learned: asks, not changes 2 (stg_review__decisions)": NO_EVENT,
    "int_payers__learned: asks, not alternative 2": NO_EVENT,
    "int_matches__timed: asks, not the column item_type": IS_OF_A_RECORD,
    "int_matches__timed: asks, not the column event_date": IS_OF_A_RECORD,
    "int_matches__timed: asks, not the column event_at": IS_OF_A_RECORD,
    "int_matches__timed: asks, not the column feed": IS_OF_A_RECORD,
    "int_matches__timed: asks, not the column party_id": IS_OF_A_RECORD,
    "int_item_numbers__current: asks 3, not changes 2 (int_item_numbers)": IS_OF_A_RECORD,
    "fct_exception_items: asks 2, not branch 4": IS_OF_A_RECORD,
    "int_postings__due: stg_tieout__journal_entries does not touch": TELLS_NOTHING,
    "int_exceptions__journal: stg_tieout__journal_entries does not touch": TELLS_NOTHING,
    "fct_runs: stg_tieout__runs does not touch": TELLS_NOTHING,
    "fct_runs: stg_tieout__journal_blocks does not touch": TELLS_NOTHING,
    "int_journal__rejections: stg_tieout__journal_entries does not touch": TELLS_NOTHING,
    "int_postings__due: asks, not anything": IS_SEALED,
    "int_postings__due: asks, not the value 'match_reversed'": IS_SEALED,
    "int_match_allocations: int_journal__rejected_allocations does not touch": IS_SEALED,
    "int_matches__standing: reads int_journal__matches, not branch 2": NO_EVENT,
    "int_matches__standing: reads int_journal__allocations, not branch 2": NO_EVENT,
    "int_payers__unchanged: int_items does not touch": NO_EVENT,
    "int_audit__outcomes: int_journal__reversals does not touch": IS_SEALED,
    "int_audit__outcomes: asks 4, not anything": IS_SEALED,
    "int_exceptions__open_items: asks 3, not changes 1 (int_match_allocations)": MATCH_IS_ONE,
    "int_exceptions__open_items: asks 3, not the column decision": MATCH_IS_ONE,
    "int_exceptions__open_items: asks 3, not the column is_live": MATCH_IS_ONE,
    "fct_record_trace: asks 4, not the column reconciliation": MATCH_IS_ONE,
    "fct_record_trace: asks 4, not the column rule_id": MATCH_IS_ONE,
    "fct_record_trace: asks 4, not the column decision": MATCH_IS_ONE,
    "fct_record_trace: asks 4, not the column decided_at": MATCH_IS_ONE,
    "fct_record_trace: asks 4, not the column run_id": MATCH_IS_ONE,
    "fct_record_trace: asks 4, not the column is_live": MATCH_IS_ONE,
    "fct_invoices: asks 4, not changes 1 (int_match_allocations)": MATCH_IS_ONE,
    "fct_invoices: asks 4, not the column is_live": MATCH_IS_ONE,
    "fct_invoices: asks 4, not the column decided_at": MATCH_IS_ONE,
    "fct_invoices: asks 4, not changes 2 (int_matches__decided)": MATCH_IS_ONE,
    "int_service_levels__audited: asks 1, not the column tier": NO_EVENT,
    "int_unit_words: asks, not changes 1 (int_words__counted)": IS_ANOTHER_DAY,
    "int_unit_words: asks, not alternative 1": IS_ANOTHER_DAY,
    "int_unit_words: asks, not alternative 2": IS_ANOTHER_DAY,
    "int_unit_words: asks, not alternative 3": IS_ANOTHER_DAY,
}
"""What no run has any use for by itself, and why."""

OF_NO_USE = {
    "int_bank_transactions__described": ("int_journal__live_items, not anything",),
    "int_bank_transactions__returns": (
        "int_journal__allocations, not anything",
        "int_journal__reversals, not anything",
    ),
    "int_credit_memos__equal": ("int_items, not anything",),
    "int_links__explained_amount": (
        "int_item_allowances, not anything",
        "int_items__naming_documents, not anything",
    ),
    "int_links__listed_numbers": (
        "int_bank_transactions__booked, not anything",
        "int_item_numbers__current, not anything",
        "int_open__after_keys, not anything",
        "stg_gateway__transactions, not anything",
    ),
    "int_links__unique_amount": ("int_items, not anything",),
    "int_links__weak_reference": (
        "int_item_mentions, not anything",
        "int_items__naming_documents, not anything",
        "stg_billing__invoices, not anything",
    ),
    "int_pairs__other_currency": (
        "int_open__unmatched, not anything",
        "int_wave__equals, not anything",
        "int_wave__keys, not anything",
        "int_wave__sums, not anything",
        "int_wave__texts, not anything",
    ),
    "int_statements__failed": ("stg_tieout__batches, not anything",),
    "int_statements__missing": ("stg_tieout__batches, not anything",),
    "int_wave__equals": (
        "int_item_allowances, not anything",
        "int_items, not alternative 1",
        "int_items, not alternative 2",
        "int_items, not alternative 3",
        "int_items, not anything",
    ),
    "int_wave__keys": (
        "int_item_allowances, not anything",
        "int_items, not alternative 1",
        "int_items, not alternative 2",
        "int_items, not alternative 3",
        "int_items, not anything",
    ),
    "int_wave__likeness": (
        "int_item_allowances, not anything",
        "int_items, not alternative 1",
        "int_items, not alternative 2",
        "int_items, not alternative 3",
        "int_items, not anything",
        "int_payers__unchanged, not anything",
    ),
    "int_wave__sums": (
        "int_item_allowances, not anything",
        "int_items, not alternative 1",
        "int_items, not alternative 2",
        "int_items, not alternative 3",
        "int_payers__unchanged, not anything",
    ),
    "int_wave__texts": (
        "int_item_allowances, not anything",
        "int_items, not alternative 1",
        "int_items, not alternative 2",
        "int_items, not alternative 3",
    ),
}
"""Rows of an input that a table computed whole says to rest on, and that no event shows yet. In all
runs of the stories it comes out the same without them."""


def named(name: str) -> Weaker:
    [found] = [weaker for weaker in ALL_WEAKER if str(weaker) == name]
    return found


@pytest.mark.slow
def test_a_stale_row_that_a_weaker_rule_leaves_is_found(tmp_path: Path) -> None:
    project = project_copy.copied(tmp_path)
    for name in IN_SHORT:
        project_copy.weaken(project, named(name))
    told = project_copy.tell(
        project, tmp_path / "story", [EVENT_NAMES], seed=1, runs_of_files=2, is_compared=True
    )
    stale = {line.partition(": ")[0] for line in told.found if not line.startswith(" ")}
    for name in IN_SHORT:
        table = name.partition(":")[0]
        assert any(found.endswith(f".{table}") for found in stale), (name, stale)


@pytest.mark.slow
@pytest.mark.thorough
def test_a_whole_table_that_overlooks_what_matters_is_found(tmp_path: Path) -> None:
    """Of bank and books alone, on the same day: nothing else has the table computed again."""
    project = project_copy.copied(tmp_path)
    project_copy.weaken_whole(project, "agg_bank_reconciliations")
    batches = [["ledger_match_undone"]]
    told = project_copy.tell(
        project, tmp_path / "story", batches, seed=1, hours_apart=1, is_compared=True
    )
    assert any(".agg_bank_reconciliations: " in line for line in told.found), told.found


@pytest.mark.slow
@pytest.mark.thorough
def test_words_that_became_rarer_on_the_same_day_are_weighed_anew(tmp_path: Path) -> None:
    """A copy that overlooks it is found, and the project's own rule leaves nothing stale."""
    project = project_copy.copied(tmp_path)
    batches = [["rows_of_long_ago"], ["invoice_corrected"]]
    told = project_copy.tell(
        project, tmp_path / "whole", batches, seed=1, hours_apart=1, is_compared=True
    )
    assert told.found == []
    project_copy.weaken(project, named("int_unit_words: asks, not changes 1 (int_words__counted)"))
    told = project_copy.tell(
        project, tmp_path / "weaker", batches[:1], seed=1, hours_apart=1, is_compared=True
    )
    assert any(".int_unit_words: " in line for line in told.found), told.found


@pytest.mark.slow
@pytest.mark.thorough
def test_within_a_day_a_part_of_the_words_is_weighed(tmp_path: Path) -> None:
    project = project_copy.copied(tmp_path)
    project_copy.watch(project)
    batches = [["invoice_corrected"], []]
    told = project_copy.tell(
        project, tmp_path / "story", batches, seed=1, hours_apart=1, is_watched=True
    )
    assert any(2 * computed < rows for computed, rows in told.computed["int_unit_words"])


@pytest.mark.slow
@pytest.mark.thorough
def test_a_day_that_does_not_pass_is_found(tmp_path: Path) -> None:
    project = project_copy.copied(tmp_path)
    project_copy.stop_the_clock(project)
    told = project_copy.tell(project, tmp_path / "story", [[]], seed=1, is_compared=True)
    assert any(".int_receivables__daily: " in line for line in told.found), told.found


@pytest.fixture(scope="module")
def all_told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """What the stories show, after three runs over a company's files."""
    folder = tmp_path_factory.mktemp("watched")
    project = project_copy.copied(folder)
    project_copy.watch(project)
    return [
        project_copy.tell(
            project, folder / str(seed), ALL_AND_WHAT_FOLLOWS, seed=seed, is_watched=True
        )
        for seed in SEEDS
    ]


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("weaker", ALL_WEAKER, ids=str)
def test_a_weaker_rule_would_leave_a_stale_row(weaker: Weaker, all_told: list[Told]) -> None:
    name = str(weaker)
    if any(name in run for told in all_told for run in told.stale):
        assert name not in NO_USE_ALONE
    elif any(name in run for told in all_told for run in told.covered):
        pytest.skip("something else named the same parts")
    else:
        assert name in NO_USE_ALONE, "no event shows it"


@pytest.mark.slow
@pytest.mark.thorough
def test_a_whole_table_rests_on_the_rows_that_matter_alone(all_told: list[Told]) -> None:
    """And on all of them: with fewer it comes out otherwise in some run."""
    differing: dict[str, int] = defaultdict(int)
    for told in all_told:
        for name, rows in told.narrowed.items():
            differing[name] += rows
    narrow = {name for name in differing if ", not " not in name}
    assert [name for name in sorted(narrow) if differing[name]] == []
    of_no_use = {name for name in differing.keys() - narrow if not differing[name]}
    listed = {f"{model}: of {rows}" for model, found in OF_NO_USE.items() for rows in found}
    assert sorted(of_no_use - listed) == [], "no event shows them"
    assert sorted(listed - of_no_use) == []


@pytest.mark.slow
@pytest.mark.thorough
def test_a_run_computes_a_part_of_the_rows(all_told: list[Told]) -> None:
    """Otherwise tables that are all built anew would pass, too."""
    whole = set(weaker_rules.kept_by_part(PROJECT)) - {
        model
        for told in all_told
        for model, runs in told.computed.items()
        if any(2 * computed < rows for computed, rows in runs)
        or all(rows <= FEW for _, rows in runs)
    }
    assert whole == {"int_unit_words"}, IS_ANOTHER_DAY


def test_a_copy_of_the_project_can_be_watched(tmp_path: Path) -> None:
    """What `watch` puts into `keep.sql` still finds its place; the long form alone runs it."""
    project_copy.watch(project_copy.copied(tmp_path))


def test_reasons_are_of_rules_that_there_are() -> None:
    assert set(NO_USE_ALONE) - {str(weaker) for weaker in ALL_WEAKER} == set()


# how rules are made weaker


def less(sql: str) -> dict[str, str]:
    return dict(weaker_rules.without(sql))


def test_an_input_that_does_not_touch_is_looked_up() -> None:
    rule = {"by": "a", "read": {"one": "a", "two": "b"}, "looked_up": "three", "asked": "select 1"}
    [first, *_] = weaker_rules.weaker("model", rule)
    assert str(first) == "model: one does not touch"
    assert first.of(rule) == rule | {"read": {"two": "b"}, "looked_up": ["three", "one"]}


def test_an_answer_lacks_a_change_or_a_branch() -> None:
    found = less("select a from changes.one union all select a from two where b > 1")
    assert found == {
        "changes 1 (one)": "select a from (select * from (from changes.one) limit 0) "
        "union all select a from two where b > 1",
        "branch 2": "select a from changes.one "
        "union all (select * from (select a from two where b > 1) limit 0)",
    }


def test_what_time_alone_changes_is_all_or_nothing() -> None:
    sql = "select a from one where b > (select as_of from changes.last_run)"
    assert less(sql) == {"anything": f"(select * from ({sql}) limit 0)"}


def test_steps_of_an_answer_stay() -> None:
    sql = "from (with steps as (select 1 union select 2) from steps union from (select 3))"
    assert [place for place in less(sql)] == [f"branch {number}" for number in (1, 2, 3, 4)]
    assert less(sql)["branch 3"] == (
        "from (with steps as (select 1 union select 2) (select * from (from steps) limit 0) "
        "union from (select 3))"
    )


def test_a_compared_column_is_not_compared() -> None:
    sql = "select a from changes.one group by a, b, c having count(*) = 1"
    found = less(sql)
    assert found["the column b"] == sql.replace("a, b, c", "a, c")
    assert found["the column c"] == sql.replace("a, b, c", "a, b")
    assert "the column a" not in found


def test_a_value_or_an_alternative_is_left_out() -> None:
    sql = "select a from changes.one where b in ('x', 'y') or c in (select 1)"
    found = less(sql)
    assert found["the value 'x'"] == sql.replace("'x', 'y'", "'y'")
    assert found["alternative 1"] == "select a from changes.one where false or c in (select 1)"
    assert found["alternative 2"] == "select a from changes.one where b in ('x', 'y') or false"
    assert "the value 'x'" not in less(sql.replace("in (", "not in (", 1))
