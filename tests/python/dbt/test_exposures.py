"""What the dashboard reads is declared to dbt, so that a mart's readers show in the docs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dashboard import data

PAGES = {
    "executive": ("executive_", "publication"),
    "on_call": ("on_call_", "publication"),
    "exceptions": ("exception", "case_"),
    "records": ("record_", "rows_", "life_", "proof_"),
    "debug": ("debug_",),
    "matches": ("matches_", "publication"),
    "audit": ("audit_", "on_call_audit", "matches_sides", "publication"),
    "customers": ("customers_", "publication"),
    "learned": ("learned_", "publication"),
    "close": ("close_",),
}


def marts_read(prefixes: tuple[str, ...]) -> set[str]:
    """The marts that the queries of a page name, also in the steps that they share."""
    return {
        mart
        for file in data.QUERIES.glob("*.sql")
        if file.name.startswith(prefixes)
        for mart in re.findall(r"\bmarts\.(\w+)", data.sql(file.stem))
    }


@pytest.mark.parametrize("page", PAGES)
def test_exposure_names_what_the_page_reads(page: str, manifest: dict[str, Any]) -> None:
    exposure = manifest["exposures"][f"exposure.tieout.{page}"]
    declared = {node.split(".")[-1] for node in exposure["depends_on"]["nodes"]}
    assert declared == marts_read(PAGES[page]), f"models/exposures.yml: {page}"


def test_every_query_belongs_to_a_page() -> None:
    known = tuple(prefix for prefixes in PAGES.values() for prefix in prefixes)
    strays = [file.name for file in data.QUERIES.glob("*.sql") if not file.name.startswith(known)]
    assert not strays, f"add an exposure for {strays} to models/exposures.yml"
