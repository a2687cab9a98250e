"""Invariants 6 and 7, the conservation of batches, and the service levels: break the marts, see the
guard fail.

Rows are picked by `rowid`, so a mutation changes exactly one unless it says otherwise.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.python.mutation.warehouse_copy import Breaker, Copy, one

ONE_EXCEPTION = "assert_every_open_item_past_its_window_has_one_exception"
ITEM_EXISTS = "assert_exceptions_name_items_that_exist"
FROM_JOURNAL = "assert_exceptions_follow_from_the_journal"
ONE_LEAD = "assert_every_case_has_one_lead"
READY = "assert_decisions_are_ready_to_seal"
IN_LOG = "assert_every_decision_is_in_the_audit_log"
CHAIN = "assert_blocks_form_a_chain"
ROWS = "assert_rows_read_are_accounted_for"
INDICATORS = "assert_indicators_cover_every_window_and_say_nothing_without_data"
PARTS = "assert_parts_make_up_the_whole_indicator"
SUPPRESSED = "assert_suppressed_alerts_name_a_firing_one"
PAUSES = "assert_pauses_hold"
CANARIES = "assert_canaries_change_only_what_settling_reads"


def test_the_invariants_hold_in_an_unbroken_copy(copy: Copy) -> None:
    copy.passes(
        ONE_EXCEPTION,
        ITEM_EXISTS,
        FROM_JOURNAL,
        ONE_LEAD,
        READY,
        IN_LOG,
        CHAIN,
        ROWS,
        INDICATORS,
        PARTS,
        SUPPRESSED,
        CANARIES,
    )


def test_a_run_asks_about_what_has_changed_and_any_other_call_about_all(
    copy: Copy, tmp_path: Path
) -> None:
    """What is broken here is told by nothing: so that it is found by a call that is no run."""
    tests = ("fct_items_is_well_formed", "assert_no_item_over_allocated")
    copy.breaks(
        "update marts.fct_items set allocated_amount = null where "
        + one("fct_items", "status = 'closed'")
    )
    copy.query("checkpoint")
    twin = shutil.copytree(copy.home, tmp_path / "twin", symlinks=True)
    for unbroken, found in ((None, "fail"), (twin, "pass")):
        results = copy.server.test(copy.home, *tests, unbroken=unbroken)
        assert {result["status"] for result in results.values()} == {found}


REQUIRED = (
    "(reconciliation, item_type, item_id) in (select (reconciliation, item_type, item_id) "
    "from marts.fct_items where status in ('open', 'partial', 'in_review'))"
)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            f"delete from marts.fct_exceptions where {one('fct_exceptions', REQUIRED)}",
            id="an item past its window has no exception",
        ),
        pytest.param(
            "update marts.fct_exceptions set status = 'resolved' where "
            + one("fct_exceptions", REQUIRED),
            id="the exception of an open item is resolved",
        ),
        pytest.param(
            "insert into marts.fct_exceptions select * from marts.fct_exceptions where "
            + one("fct_exceptions", REQUIRED),
            id="an item has two open exceptions",
        ),
        pytest.param(
            "update marts.fct_exceptions set item_id = item_id || '!' where "
            + one("fct_exceptions", REQUIRED),
            id="an exception names another item",
        ),
        pytest.param(
            "update marts.fct_items set status = 'open', due_for_match_at = null where "
            + one("fct_items", "status = 'closed'"),
            id="an open item has no deadline",
        ),
        pytest.param(
            "update marts.fct_items set status = null where "
            + one("fct_items", "status = 'closed' and due_for_match_at < timestamp '2026-06-01'"),
            id="the status of an item is null",
        ),
        pytest.param(
            "update marts.fct_items set status = 'in_review', "
            "due_for_match_at = timestamp '2099-01-01' where "
            + one("fct_items", "status = 'closed'"),
            id="an item waits for a review and nobody is told",
        ),
        pytest.param("delete from marts.fct_exceptions", id="there are no exceptions at all"),
    ],
)
def test_an_item_without_its_one_exception_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(ONE_EXCEPTION) > 0


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            f"update marts.fct_exceptions set item_id = 'x' where {one('fct_exceptions')}",
            id="an exception names no item",
        ),
        pytest.param(
            f"update marts.fct_exceptions set item_type = null where {one('fct_exceptions')}",
            id="an exception has no item type",
        ),
        pytest.param(
            "update marts.fct_exceptions set status = null, item_id = 'x' where "
            + one("fct_exceptions"),
            id="an exception without a status names no item",
        ),
        pytest.param(
            "update marts.fct_exceptions set status = 'resolved', item_id = 'x' where "
            + one("fct_exceptions"),
            id="a resolved exception names what never landed",
        ),
        pytest.param("delete from marts.fct_items", id="no item is listed"),
    ],
)
def test_an_exception_without_an_item_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(ITEM_EXISTS) > 0


def test_a_resolved_exception_may_name_a_record_that_is_listed_no_longer(broken: Breaker) -> None:
    first = one("fct_exceptions")
    unlisted = (
        "delete from marts.fct_items where (reconciliation, item_type, item_id) = "
        f"(select (reconciliation, item_type, item_id) from marts.fct_exceptions where {first})"
    )
    copy = broken(unlisted)
    assert copy.fails(ITEM_EXISTS) == 1
    copy.breaks(f"update marts.fct_exceptions set status = 'resolved' where {first}")
    copy.passes(ITEM_EXISTS)


OPENED = "entry_type = 'exception_opened'"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "update marts.fct_exceptions set opened_at = opened_at + interval 1 hour where "
            + one("fct_exceptions"),
            id="an exception opened at another time than sealed",
        ),
        pytest.param(
            f"update marts.fct_exceptions set opened_at = null where {one('fct_exceptions')}",
            id="an exception has no beginning",
        ),
        pytest.param(
            f"update marts.fct_exceptions set status = 'resolved' where {one('fct_exceptions')}",
            id="an exception is resolved without an entry",
        ),
        pytest.param(
            f"delete from marts.fct_exceptions where {one('fct_exceptions')}",
            id="a sealed exception is not shown",
        ),
        pytest.param(
            f"delete from marts.fct_audit_log where {one('fct_audit_log', OPENED)}",
            id="an exception was never sealed",
        ),
        pytest.param(
            "insert into marts.fct_audit_log select * from marts.fct_audit_log where "
            + one("fct_audit_log", OPENED),
            id="an exception was sealed twice",
        ),
    ],
)
def test_an_exception_that_the_journal_does_not_tell_is_found(
    broken: Breaker, statement: str
) -> None:
    assert broken(statement).fails(FROM_JOURNAL) > 0


LEAD = one("fct_exceptions", "is_case_lead")


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            f"update marts.fct_exceptions set is_case_lead = false where {LEAD}",
            id="a case without a lead",
        ),
        pytest.param(
            f"update marts.fct_exceptions set is_case_lead = null where {LEAD}",
            id="nobody knows whether an exception leads",
        ),
        pytest.param(
            f"insert into marts.fct_exceptions select * from marts.fct_exceptions where {LEAD}",
            id="a case with two leads",
        ),
        pytest.param(
            f"update marts.fct_exceptions set case_id = null where {LEAD}",
            id="an exception of no case",
        ),
        pytest.param(
            "update intermediate.int_exceptions__bonded_items set case_id = 'x' where "
            "item_key = (select min(item_key) from intermediate.int_exceptions__bonds)",
            id="one bond in two cases",
        ),
    ],
)
def test_a_case_is_led_by_exactly_one(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(ONE_LEAD) > 0


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "update marts.fct_matches set decision = 'approved' where "
            + one("fct_matches", "decision in ('suggested', 'pending_approval')"),
            id="a match counts that nobody decided",
        ),
        pytest.param(
            "update marts.fct_matches set decision = 'reversed' where "
            + one("fct_matches", "decision = 'auto_closed'"),
            id="a match is reversed without a reversing entry",
        ),
        pytest.param(
            "update intermediate.int_decisions__to_seal set source_hashes = [] where rowid = "
            "(select min(rowid) from intermediate.int_decisions__to_seal "
            "where entry_type = 'match_closed')",
            id="a decision names no row",
        ),
        pytest.param(
            "update intermediate.int_decisions__to_seal set source_hashes = null where rowid = "
            "(select min(rowid) from intermediate.int_decisions__to_seal "
            "where entry_type = 'match_closed')",
            id="the hashes of a decision are null",
        ),
    ],
)
def test_a_decision_that_would_not_be_sealed_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(READY) == 1


CLOSED = "entry_type = 'match_closed'"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            f"delete from marts.fct_audit_log where {one('fct_audit_log', CLOSED)}",
            id="a live match is not in the log",
        ),
        pytest.param(
            "insert into marts.fct_audit_log select * from marts.fct_audit_log where "
            + one("fct_audit_log", CLOSED),
            id="a match was closed twice",
        ),
        pytest.param(
            "delete from marts.fct_matches where " + one("fct_matches", "decision = 'auto_closed'"),
            id="a sealed match is not shown",
        ),
        pytest.param(
            "update marts.fct_matches set decision = 'reversed' where "
            + one("fct_matches", "decision = 'auto_closed'"),
            id="a match is reversed without a reversing entry",
        ),
        pytest.param(
            "update marts.fct_audit_log set entry_type = 'match_reversed' where "
            + one("fct_audit_log", CLOSED),
            id="a live match has been reversed in the log",
        ),
        pytest.param(
            f"update marts.fct_audit_log set source_hashes = [] where {one('fct_audit_log')}",
            id="an entry names no row",
        ),
        pytest.param(
            f"update marts.fct_audit_log set source_hashes = null where {one('fct_audit_log')}",
            id="the hashes of an entry are null",
        ),
        pytest.param("delete from marts.fct_audit_log", id="the log is empty"),
    ],
)
def test_a_decision_without_its_proof_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(IN_LOG) > 0


ZEROS = "0" * 64
SECOND_BLOCK = (
    "insert into marts.fct_audit_blocks (block, run_id, sealed_at, entry_count, root_hash, "
    "previous_hash, block_hash) select {block}, run_id, {sealed_at}, 0, root_hash, "
    "{previous_hash}, 'x' from marts.fct_audit_blocks where block = 1"
)
ENTRY_OF_SECOND_BLOCK = (
    "update marts.fct_audit_log set block = 2, position = 1 where "
    "rowid = (select max(rowid) from marts.fct_audit_log)"
)


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(
            ["update marts.fct_audit_blocks set block = 2 where block = 1"],
            id="the first block is missing",
        ),
        pytest.param(
            [f"update marts.fct_audit_blocks set previous_hash = 'f{ZEROS[1:]}' where block = 1"],
            id="the first block follows another",
        ),
        pytest.param(
            ["update marts.fct_audit_blocks set previous_hash = null where block = 1"],
            id="a block names no predecessor",
        ),
        pytest.param(
            [SECOND_BLOCK.format(block=2, sealed_at="sealed_at", previous_hash=f"'{ZEROS}'")],
            id="the second block does not link to the first",
        ),
        pytest.param(
            [SECOND_BLOCK.format(block=3, sealed_at="sealed_at", previous_hash="block_hash")],
            id="a block is missing in between",
        ),
        pytest.param(
            [
                SECOND_BLOCK.format(
                    block=2, sealed_at="sealed_at - interval 1 day", previous_hash="block_hash"
                )
            ],
            id="time goes back",
        ),
        pytest.param(
            ["update marts.fct_audit_blocks set entry_count = entry_count + 1 where block = 1"],
            id="a block counts an entry that is not there",
        ),
        pytest.param(
            ["update marts.fct_audit_blocks set entry_count = null where block = 1"],
            id="a block does not count its entries",
        ),
        pytest.param(
            [f"delete from marts.fct_audit_log where {one('fct_audit_log')}"],
            id="an entry is deleted",
        ),
        pytest.param(
            [f"update marts.fct_audit_log set position = 0 where {one('fct_audit_log')}"],
            id="positions do not count from one",
        ),
        pytest.param([ENTRY_OF_SECOND_BLOCK], id="an entry is in a block that does not exist"),
        pytest.param(["delete from marts.fct_audit_blocks"], id="all blocks are gone"),
    ],
)
def test_a_chain_that_does_not_hold_is_found(broken: Breaker, statements: list[str]) -> None:
    assert broken(*statements).fails(CHAIN) > 0


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            f"update marts.fct_batches set rows_read = rows_read + 1 where {one('fct_batches')}",
            id="a row that was read is nowhere",
        ),
        pytest.param(
            f"update marts.fct_batches set rows_redelivered = null where {one('fct_batches')}",
            id="a count is null",
        ),
        pytest.param(
            "update marts.fct_batches set rows_read = rows_read - 1, rows_loaded = rows_loaded - 1 "
            f"where {one('fct_batches', 'rows_loaded > 0')}",
            id="a row in raw was not counted",
        ),
        pytest.param(
            "update marts.fct_batches set rows_loaded = rows_loaded + 1, "
            "rows_redelivered = rows_redelivered - 1 where "
            + one("fct_batches", "rows_loaded > 0"),
            id="a re-delivered row is counted as loaded",
        ),
        pytest.param(
            f"delete from marts.fct_batches where {one('fct_batches', 'rows_loaded > 0')}",
            id="raw holds rows of a file that nobody knows",
        ),
        pytest.param(
            f"delete from marts.fct_quarantine where {one('fct_quarantine', 'not is_file')}",
            id="a rejected row is not listed",
        ),
        pytest.param(
            "insert into marts.fct_quarantine select * from marts.fct_quarantine where "
            + one("fct_quarantine", "not is_file"),
            id="a rejected row is listed twice",
        ),
        pytest.param("delete from marts.fct_batches", id="no batch is listed"),
    ],
)
def test_a_row_that_is_not_accounted_for_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(ROWS) > 0


WITHOUT_EVENTS = "denominator = 0"
WITH_EVENTS = "denominator > 0"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "delete from marts.fct_sli where as_of_date = (select max(as_of_date) from "
            "marts.fct_sli) and sli = 'audit_completeness' and window_days = 28",
            id="an indicator is missing today",
        ),
        pytest.param(
            "update marts.fct_sli set value = 1, met = true where "
            + one("fct_sli", WITHOUT_EVENTS),
            id="nothing happened and all is well",
        ),
        pytest.param(
            f"update marts.fct_sli set met = true where {one('fct_sli', WITHOUT_EVENTS)}",
            id="a verdict without a value",
        ),
        pytest.param(
            f"update marts.fct_sli set met = null where {one('fct_sli', WITH_EVENTS)}",
            id="a value without a verdict",
        ),
        pytest.param(
            f"update marts.fct_sli set denominator = null where {one('fct_sli', WITH_EVENTS)}",
            id="a denominator is null",
        ),
        pytest.param(
            "update marts.fct_sli set value = 1.01 where "
            + one("fct_sli", WITH_EVENTS + " and unit = 'ratio'"),
            id="a ratio above one",
        ),
        pytest.param("delete from marts.fct_sli", id="there are no indicators"),
    ],
)
def test_an_indicator_that_says_too_much_or_nothing_is_found(
    broken: Breaker, statement: str
) -> None:
    assert broken(statement).fails(INDICATORS) > 0


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "update marts.agg_sli_breakdowns set numerator = numerator + 1 where "
            + one("agg_sli_breakdowns", "dimension = 'gateway' and unit = 'count'"),
            id="a gateway has a case too many",
        ),
        pytest.param(
            "update marts.agg_sli_breakdowns set denominator = denominator - 1 where "
            + one("agg_sli_breakdowns", "dimension = 'batch' and sli = 'audit_completeness'"),
            id="a decision is no file's",
        ),
        pytest.param(
            "delete from marts.agg_sli_breakdowns "
            "where dimension = 'tier' and sli = 'reconciliation_success_rate'",
            id="an indicator has no tiers",
        ),
    ],
)
def test_an_event_that_is_lost_between_parts_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(PARTS) > 0


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "update marts.fct_alerts set state = 'suppressed', suppressed_by = alert_id where "
            + one("fct_alerts", "state = 'firing'"),
            id="an alert silences itself",
        ),
        pytest.param(
            "update marts.fct_alerts set state = 'suppressed' where "
            + one("fct_alerts", "state = 'firing'"),
            id="an alert is silenced by nobody",
        ),
        pytest.param(
            "update marts.fct_alerts set suppressed_by = alert_id where "
            + one("fct_alerts", "state = 'firing'"),
            id="a firing alert is said to be silenced",
        ),
        pytest.param(
            "update marts.fct_alerts set state = 'suppressed', silence = 'maintenance_window', "
            "suppressed_by = 'a window that is over' where "
            + one("fct_alerts", "state = 'firing'"),
            id="an alert is silenced by what nobody says now",
        ),
    ],
)
def test_a_group_that_nobody_speaks_for_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(SUPPRESSED) > 0


CUSTOMERS = (
    "(select distinct items.party_id from intermediate.int_items as items "
    "inner join intermediate.int_match_allocations as parts on items.item_key = parts.item_key "
    "inner join {where} as done on parts.match_id = done.match_id and {condition} "
    "where items.reconciliation = 'invoice_to_receipt' and items.party_id is not null)"
)


@pytest.mark.parametrize(
    ("kind", "where", "condition"),
    [
        (
            "closing_paused",
            "intermediate.int_matches__decided",
            "done.is_new and done.decision = 'auto_closed'",
        ),
        ("posting_paused", "marts.fct_journal_entries", "done.posting_status = 'ready'"),
    ],
)
@pytest.mark.parametrize("customer", ["*", "theirs"])
def test_what_goes_on_during_a_pause_is_found(
    broken: Breaker, kind: str, where: str, condition: str, customer: str
) -> None:
    whose = (
        CUSTOMERS.format(where=where, condition=condition) if customer != "*" else "(select '*')"
    )
    paused = (
        "insert into intermediate.int_controls__in_force "
        "(control_id, kind, control_key, rule_id, customer_id) "
        f"select 'o1', '{kind}', '*', '*', customer from {whose} as customers (customer) limit 1"
    )
    assert broken(paused).fails(PAUSES) > 0


@pytest.mark.parametrize("column", ["days_before", "days_after", "days_margin"])
def test_a_canary_that_looks_at_other_items_is_found(broken: Breaker, column: str) -> None:
    broken(
        "insert into intermediate.int_match_rules__valid "
        f"select * replace ('canary' as rollout, coalesce({column}, 0) + 1 as {column}) "
        "from intermediate.int_match_rules__valid where rule_id = 'ir_amount_exact'"
    ).fails(CANARIES)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "insert into marts.fct_items select * from marts.fct_items where " + one("fct_items"),
            id="a key twice",
        ),
        pytest.param(
            "update marts.fct_items set item_id = null where " + one("fct_items"),
            id="a key without a value",
        ),
        pytest.param(
            "update marts.fct_items set batch_id = null where " + one("fct_items"),
            id="a column that is always filled is empty",
        ),
        pytest.param(
            "update marts.fct_items set side = 'left' where " + one("fct_items"),
            id="a value that the column does not have",
        ),
    ],
)
def test_a_row_that_is_not_well_formed_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails("fct_items_is_well_formed") == 1
