"""Invariants 8 and 9 compare what two runs published: change one of them, see the comparison tell.

Whole runs over files in another order and over a lost warehouse are in `reconciliation/test_order`
and `state/test_replay`; what they rest on is `mart_differences`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from tieout_process import Tieout, mart_differences

Changed = Callable[..., list[str]]

FIRST = "rowid = (select min(rowid) from marts.{})"


@pytest.fixture
def changed(reconciled: Tieout, tmp_path: Path) -> Changed:
    """`changed(statement, ...)`: what differs after the statements changed a publication."""
    served = reconciled.home.serving.resolve()

    def compare(*statements: str) -> list[str]:
        other = tmp_path / "other.duckdb"
        shutil.copyfile(served, other)
        with duckdb.connect(str(other)) as connection:
            for statement in statements:
                connection.execute(statement)
        return mart_differences(served, other)

    return compare


def test_a_publication_equals_itself_in_any_order_of_its_rows(changed: Changed) -> None:
    assert changed() == []
    assert (
        changed(
            "create table aside as select * from marts.fct_items order by hash(item_id)",
            "delete from marts.fct_items",
            "insert into marts.fct_items select * from aside",
        )
        == []
    )


def test_the_wall_clock_is_no_difference(changed: Changed) -> None:
    assert changed("update marts.fct_runs set seconds = seconds + 1") == []


CHANGES = {
    # a cent
    "fct_items": "update marts.fct_items set open_amount = open_amount + 0.01 "
    f"where {FIRST.format('fct_items')}",
    # a microsecond
    "fct_exceptions": "update marts.fct_exceptions "
    "set opened_at = opened_at + interval 1 microsecond "
    f"where {FIRST.format('fct_exceptions')}",
    # a null
    "fct_matches": "update marts.fct_matches set explanation = null "
    f"where {FIRST.format('fct_matches')}",
    # a hash in a list
    "fct_audit_log": "update marts.fct_audit_log "
    "set source_hashes = list_append(source_hashes, 'x') "
    f"where {FIRST.format('fct_audit_log')}",
    # a missing row
    "fct_journal_entries": "delete from marts.fct_journal_entries "
    f"where {FIRST.format('fct_journal_entries')}",
    # a row twice
    "fct_quarantine": "insert into marts.fct_quarantine select * from marts.fct_quarantine "
    f"where {FIRST.format('fct_quarantine')}",
    # an empty mart
    "fct_invoices": "delete from marts.fct_invoices",
    # a missing mart
    "agg_aging": "drop table marts.agg_aging",
    # another column
    "dim_rules": "alter table marts.dim_rules add column another integer",
}


def test_a_difference_is_told_with_its_mart(changed: Changed) -> None:
    """Each in a mart of its own, which are compared one by one; no other mart is told."""
    told = {
        line.removeprefix("only in one of both: ").partition(",")[0].partition(":")[0]
        for line in changed(*CHANGES.values())
    }
    assert told == set(CHANGES)
