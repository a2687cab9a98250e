"""`tieout benchmark demo`: what closed by itself in the demo company, against the truth.

The demo company's generator knows which items belong together, of which kind each case is, and
whether what landed makes it certain. Nothing that matches reads that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration import steps
from orchestration.benchmarks.land import build, ingest, temporary_home
from orchestration.files import quoted
from orchestration.home import Home

AS_OF = datetime(2026, 7, 1, 6)

# Where a false close stands whose items belong to no case at all.
NO_CASE = "(unrelated)"


@dataclass(frozen=True)
class CaseClass:
    """The pairs of one kind of case in one reconciliation.

    `certain` of the `pairs` follow from what landed; `closed` by themselves are right, `wrong` ones
    are not. A wrong pair counts for the case of its document, else for that of its payment. Of the
    pairs left to a person, `in_review`, `among_first` are in one of the first three candidates of
    the payment.
    """

    reconciliation: str
    name: str
    pairs: int
    certain: int
    closed: int
    certain_closed: int
    wrong: int
    in_review: int
    among_first: int


def run(size: int = 5000) -> list[CaseClass]:
    """Score a demo company of about `size` invoices.

    Raises:
        TieoutError: when a model fails.
    """
    with temporary_home() as home:
        steps.land_demo(home, AS_OF.date(), invoices=size)
        ingest(home, AS_OF)
        build(home, "+int_match_candidates")
        return score(home)


def score(home: Home) -> list[CaseClass]:
    """Score a demo company that a build or a run has matched, by kind of case."""
    truth = quoted(str(home.truth / "matches.parquet"))
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        rows = connection.execute(
            f"""
            with
            allocations as (
                select *, item_type || '|' || item_id as item
                from intermediate.int_match_allocations
            ),
            proposed as (
                select distinct
                    documents.reconciliation, documents.item as expected, payments.item as actual,
                    documents.match_id, matches.decision
                from allocations as documents
                inner join allocations as payments using (match_id)
                inner join intermediate.int_matches__decided as matches using (match_id)
                where documents.side = 'expected' and payments.side = 'actual'
            ),
            closed as (select * from proposed where decision = 'auto_closed'),
            truth as (
                select
                    reconciliation,
                    case_class,
                    item_type || '|' || item_id as item,
                    side,
                    certain,
                    truth_match_id
                from {truth}
            ),
            true_pairs as (
                select
                    documents.reconciliation, documents.item as expected, payments.item as actual,
                    min(documents.case_class) as case_class,
                    bool_or(documents.certain and payments.certain) as is_certain
                from truth as documents
                inner join truth as payments using (reconciliation, truth_match_id)
                where documents.side = 'expected' and payments.side = 'actual'
                group by all
            ),
            -- the case that an item is of; the first by name of several
            case_of as (
                select reconciliation, side, item, min(case_class) as case_class
                from truth
                group by all
            ),
            candidates as (
                select
                    considered.reconciliation,
                    considered.item_type || '|' || considered.item_id as actual,
                    coalesce(
                        proposed.expected,
                        considered.other_item_type || '|' || considered.other_item_id
                    ) as expected,
                    considered.rank
                from intermediate.int_match_candidates as considered
                left join proposed
                    on
                        considered.match_id = proposed.match_id
                        and considered.item_type || '|' || considered.item_id = proposed.actual
            ),
            reviewed as (
                select distinct reconciliation, actual
                from proposed
                where decision in ('suggested', 'pending_approval')
            ),
            judged as (
                select
                    coalesce(true_pairs.reconciliation, closed.reconciliation) as reconciliation,
                    coalesce(
                        true_pairs.case_class,
                        documents.case_class,
                        payments.case_class,
                        '{NO_CASE}'
                    ) as case_class,
                    true_pairs.expected is not null as is_true,
                    coalesce(true_pairs.is_certain, false) as is_certain,
                    closed.expected is not null as is_closed,
                    true_pairs.expected is not null and closed.expected is null
                    and reviewed.actual is not null as is_in_review,
                    exists (
                        from candidates
                        where
                            candidates.reconciliation = true_pairs.reconciliation
                            and candidates.actual = true_pairs.actual
                            and candidates.expected = true_pairs.expected
                            and candidates.rank <= 3
                    ) as is_among_first
                from true_pairs
                full join closed using (reconciliation, expected, actual)
                left join case_of as documents
                    on
                        closed.reconciliation = documents.reconciliation
                        and closed.expected = documents.item
                        and documents.side = 'expected'
                left join case_of as payments
                    on
                        closed.reconciliation = payments.reconciliation
                        and closed.actual = payments.item
                        and payments.side = 'actual'
                left join reviewed
                    on
                        true_pairs.reconciliation = reviewed.reconciliation
                        and true_pairs.actual = reviewed.actual
            )
            select
                reconciliation,
                case_class,
                count(*) filter (is_true),
                count(*) filter (is_certain),
                count(*) filter (is_true and is_closed),
                count(*) filter (is_certain and is_closed),
                count(*) filter (is_closed and not is_true),
                count(*) filter (is_in_review),
                count(*) filter (is_in_review and is_among_first)
            from judged
            group by all
            order by all
            """
        ).fetchall()
    return [CaseClass(*row) for row in rows]


def total(classes: list[CaseClass]) -> CaseClass:
    """All classes as one."""
    return CaseClass(
        "all", "", *(
            sum(getattr(case, name) for case in classes)
            for name in (
                "pairs", "certain", "closed", "certain_closed", "wrong", "in_review", "among_first",
            )
        ),
    )  # fmt: skip


def table(classes: list[CaseClass]) -> str:
    """The classes as text, with precision and recall of all."""
    everything = total(classes)
    lines = [
        f"{'':47}{'pairs':>7}{'certain':>9}{'closed':>8}{'wrong':>7}{'review':>8}{'in first 3':>12}"
    ]
    lines.extend(
        f"{case.reconciliation:20}{case.name:27}{case.pairs:>7,}{case.certain:>9,}{case.closed:>8,}"
        f"{case.wrong:>7,}{case.in_review:>8,}{case.among_first:>12,}"
        for case in [*classes, everything]
    )
    lines.append(
        f"precision of automatic closes {precision(everything):.5f}, recall of what is certain "
        f"{recall(everything):.5f}, true match among the first three candidates "
        f"{among_first(everything):.3f} of what goes to review"
    )
    return "\n".join(lines) + "\n"


def precision(case: CaseClass) -> float:
    """Share of automatic closes that are right."""
    return case.closed / max(1, case.closed + case.wrong)


def recall(case: CaseClass) -> float:
    """Share of certain pairs that closed by themselves."""
    return case.certain_closed / max(1, case.certain)


def among_first(case: CaseClass) -> float:
    """Share of pairs in review that are among the first three candidates."""
    return case.among_first / max(1, case.in_review)
