"""A company that is run again on the same facts: nothing new is decided."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from orchestration.home import Home
from tests.python.reconciliation.conftest import Company

# what the live closed matches hold of each item
CLOSED = """
    select matches.match_id, parts.item_type, parts.item_id, parts.allocated_amount
    from fct_matches as matches
    inner join fct_match_allocations as parts on matches.match_id = parts.match_id
    where matches.decision in ('auto_closed', 'approved')
    order by all
"""
BLOCKS = "select count(*) from fct_audit_blocks"


def run_again(company: Company, scratch: Path, as_of: str) -> None:
    """Run a copy of the company once more, from a warehouse built anew, and compare."""
    root = company.tieout.home.root
    shutil.copytree(root, scratch / "again", symlinks=True)
    for file in (scratch / "again").glob("warehouse*"):
        file.unlink()
    again = Company(replace(company.tieout, home=Home(scratch / "again"), as_of=as_of))
    again.tieout.succeed("run")
    before, after = company.rows(CLOSED), again.rows(CLOSED)
    assert len(before) > 0
    assert [row for row in after if row not in set(before)] == []
    assert after == before
    assert again.value(BLOCKS) == company.value(BLOCKS)
