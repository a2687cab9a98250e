"""What closed by itself on the demo company, held against what its generator knows to be true."""

from __future__ import annotations

import re

import pytest

from orchestration.benchmarks import demo as benchmark
from tests.python.reconciliation.conftest import Company

pytestmark = pytest.mark.slow

# A pair of items that a live match holds together, and one that truth holds together.
PAIRS = """
    with
    ours as (
        select
            expected.reconciliation, rules.method,
            expected.item_type as expected_type, expected.item_id as expected_id,
            actual.item_type as actual_type, actual.item_id as actual_id
        from fct_match_allocations as expected
        inner join fct_match_allocations as actual on expected.match_id = actual.match_id
        inner join fct_matches as rules on expected.match_id = rules.match_id
        where
            rules.decision = 'auto_closed' and expected.side = 'expected' and actual.side = 'actual'
    ),
    truth as (
        select distinct
            expected.reconciliation,
            expected.item_type as expected_type, expected.item_id as expected_id,
            actual.item_type as actual_type, actual.item_id as actual_id,
            bool_or(expected.certain and actual.certain) as is_certain
        from '{truth}/matches.parquet' as expected
        inner join '{truth}/matches.parquet' as actual
            on
                expected.reconciliation = actual.reconciliation
                and expected.truth_match_id = actual.truth_match_id
        where expected.side = 'expected' and actual.side = 'actual'
        group by all
    )
"""


def test_automatic_closes_are_right(demo: Company) -> None:
    """Precision of at least 0.9995 in every reconciliation, and not by closing next to nothing."""
    rows = demo.rows(
        PAIRS.format(truth=demo.truth)
        + """
        select
            ours.reconciliation, count(*),
            count(truth.expected_id),
            list({'expected': ours.expected_id, 'actual': ours.actual_id})
                filter (where truth.expected_id is null)
        from ours
        left join truth using (reconciliation, expected_type, expected_id, actual_type, actual_id)
        group by ours.reconciliation
        """
    )
    assert {row[0] for row in rows} == {
        "invoice_to_receipt",
        "gateway_to_payout",
        "payout_to_bank",
        "bank_to_ledger",
        "bill_to_payment",
    }
    for reconciliation, closed, right, wrong in rows:
        assert closed > 200, reconciliation
        assert right >= 0.9995 * closed, (reconciliation, closed, right, wrong)


def test_what_is_certain_closes(demo: Company) -> None:
    """The deterministic passes settle most of what a careful clerk could settle from the data."""
    [(certain, found)] = demo.rows(
        PAIRS.format(truth=demo.truth)
        + """
        select count(*), count(ours.expected_id)
        from truth
        left join ours using (reconciliation, expected_type, expected_id, actual_type, actual_id)
        where
            truth.is_certain
            and truth.reconciliation in (select distinct reconciliation from fct_items)
        """
    )
    assert found >= 0.98 * certain, (found, certain)


def test_planted_duplicates_are_set_aside(demo: Company) -> None:
    missed = demo.rows(
        f"""
        select planted.*
        from '{demo.truth}/duplicates.parquet' as planted
        left join fct_invoices as invoices
            on planted.duplicate_invoice_id = invoices.invoice_id
        where invoices.reconciliation_status is distinct from 'duplicate'
        """
    )
    assert missed == []


def test_nothing_else_is_called_a_duplicate(demo: Company) -> None:
    accused = demo.rows(
        f"""
        select invoices.invoice_id
        from fct_invoices as invoices
        anti join '{demo.truth}/duplicates.parquet' as planted
            on invoices.invoice_id = planted.duplicate_invoice_id
        where invoices.reconciliation_status = 'duplicate'
        """
    )
    assert accused == []


def test_planted_bad_rows_are_in_quarantine_with_their_reason(demo: Company) -> None:
    """Each at its line and column, with words that name the fault, and resolved where mended."""
    words = {
        "bad_date": "date|timestamp",
        "bad_domain": "is not one of",
        "minor_digits": "digits after the point",
        "missing_key": "is empty and is required",
        "ragged_line": "the record has|not valid JSON",
        "thousands_separator": "thousands separators",
        "unknown_currency": "ISO 4217",
    }
    found = demo.rows(
        f"""
        select
            faults.expected_reason, faults.file_name, faults.line_number, faults.is_resolved,
            quarantine.reason, quarantine.resolved_by_batch_id is not null,
            quarantine.column_name is not distinct from faults.column_name
        from '{demo.truth}/faults.parquet' as faults
        left join fct_quarantine as quarantine
            on
                faults.feed = quarantine.feed
                and faults.file_name = quarantine.file_name
                and faults.line_number = quarantine.line_number
        where faults.fault = 'bad_row'
        """
    )
    assert {row[0] for row in found} == set(words)
    for expected, file_name, line, is_resolved, reason, was_resolved, is_same_column in found:
        place = f"{file_name}:{line}"
        assert re.search(words[expected], reason or ""), (place, expected, reason)
        assert is_same_column, place
        assert is_resolved == was_resolved, place


def test_what_is_past_its_window_has_an_exception(demo: Company) -> None:
    unseen = demo.rows(
        """
        select items.reconciliation, items.item_type, items.item_id
        from fct_items as items
        left join fct_exceptions as exceptions
            on
                items.reconciliation = exceptions.reconciliation
                and items.item_type = exceptions.item_type
                and items.item_id = exceptions.item_id
                and exceptions.status <> 'resolved'
        where
            items.status in ('open', 'partial', 'in_review')
            and items.due_for_match_at <= (select max(as_of) from fct_runs)
            and exceptions.exception_id is null
        """
    )
    assert unseen == []


@pytest.fixture(scope="module")
def classes(demo: Company) -> list[benchmark.CaseClass]:
    return benchmark.score(demo.tieout.home)


def test_the_figures_of_the_benchmark(classes: list[benchmark.CaseClass]) -> None:
    """`tieout benchmark demo`: nothing wrong closes, nearly all that is certain does."""
    everything = benchmark.total(classes)
    assert everything.pairs > 9000
    assert benchmark.precision(everything) >= 0.9995
    assert benchmark.recall(everything) >= 0.98
    assert everything.in_review > 20
    assert benchmark.among_first(everything) >= 0.95


def test_nothing_wrong_closes_in_any_kind_of_case(classes: list[benchmark.CaseClass]) -> None:
    """No false close where the truth is ambiguous, none elsewhere, and nothing unrelated."""
    assert [case for case in classes if case.wrong] == []
    assert benchmark.NO_CASE not in {case.name for case in classes}


def test_what_is_ambiguous_is_there_and_left_to_people(
    classes: list[benchmark.CaseClass],
) -> None:
    """So that the test above says something: kinds of case of which nothing is certain."""
    ambiguous = {case.name for case in classes if case.certain == 0}
    assert ambiguous >= {"twin_payment", "wrong_reference", "card_wrong_reference"}


# What belongs together without doubt, and was planted with another amount on one side: for people.
OTHER_AMOUNT = {"ledger_amount_mismatch", "payout_short_in_bank"}
# Payments of several documents that name none: where another set of the payer's documents has the
# same sum, or chance could have made it, they go to people, however sure the generator is.
SUMS_ALONE = {"lump_none", "lump_named_part"}


def test_what_is_certain_closes_in_every_kind_of_case(
    classes: list[benchmark.CaseClass],
) -> None:
    named = {case.name for case in classes}
    assert named >= OTHER_AMOUNT | SUMS_ALONE
    assert [
        case
        for case in classes
        if case.name not in OTHER_AMOUNT | SUMS_ALONE
        and case.certain
        and benchmark.recall(case) < 0.98
    ] == []


@pytest.mark.parametrize(
    ("fault", "root_cause"),
    [
        ("bill_overpaid", "vendor_overpaid"),
        ("bill_paid_twice", "bill_paid_twice"),
        ("bill_unpaid", "bill_not_paid"),
        ("bill_entered_twice", "invoiced_twice"),
        ("supplier_unbilled", "bank_line_unknown"),
    ],
)
def test_faults_of_bills_are_exceptions(demo: Company, fault: str, root_cause: str) -> None:
    planted = demo.rows(
        f"""
        select
            faults.key, faults.expected_exception, exceptions.exception_type, exceptions.root_cause
        from '{demo.truth}/faults.parquet' as faults
        left join fct_exceptions as exceptions
            on
                faults.key = exceptions.item_id
                and exceptions.reconciliation = 'bill_to_payment'
                and exceptions.status <> 'resolved'
        where faults.fault = '{fault}'
        """
    )
    assert planted
    for key, expected, found, cause in planted:
        assert (found, cause) == (expected, root_cause), key


def test_what_a_sum_or_another_amount_leaves_open_goes_to_review_whole(
    classes: list[benchmark.CaseClass],
) -> None:
    """Nothing of it is lost: it has closed rightly, or stands before a person."""
    planted = [case for case in classes if case.name in OTHER_AMOUNT]
    assert [case for case in planted if case.closed or case.among_first < case.pairs] == []
    sums = [case for case in classes if case.name in SUMS_ALONE]
    assert [case for case in sums if case.closed + case.among_first < case.pairs] == []


def test_what_goes_to_review_is_among_the_first_candidates_in_every_kind_of_case(
    classes: list[benchmark.CaseClass],
) -> None:
    assert [case for case in classes if case.in_review and benchmark.among_first(case) < 0.95] == []


def test_what_the_bank_took_back_is_open_again(demo: Company) -> None:
    planted = demo.rows(
        f"""
        select invoices.reconciliation_status, exceptions.exception_type
        from '{demo.truth}/faults.parquet' as faults
        left join fct_invoices as invoices on faults.key = invoices.invoice_id
        left join fct_exceptions as exceptions
            on
                faults.key = exceptions.item_id
                and exceptions.reconciliation = 'invoice_to_receipt'
                and exceptions.status <> 'resolved'
        where faults.fault = 'returned_receipt'
        """
    )
    assert planted
    assert set(planted) == {("open", "payment_returned")}
