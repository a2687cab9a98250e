"""Real files, where they lie beside the project: nothing is lost, and a repetition adds nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.python.ingest.landing_home import Landing

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the real files are not beside us")


def test_the_books_of_a_company_load_but_for_what_is_wrong_in_them(landing: Landing) -> None:
    shutil.copytree(SHARED / "company" / "landing", landing.home.landing, dirs_exist_ok=True)
    landing.ingest()
    loaded = {batch["feed"]: batch["rows_loaded"] for batch in landing.batches()}
    assert loaded == {
        "bank_transactions": 590,
        "billing_invoices": 72,
        "crm_customers": 152,
        "fx_rates": 768,
        "ledger_entries": 2804,
        "vendor_invoices": 338,
    }
    (reject,) = landing.quarantine()
    assert (reject["feed"], reject["line_number"]) == ("vendor_invoices", 67)
    assert reject["reason"] == "vendor_invoice_number is empty and is required; fill it in"


def test_every_bank_file_is_loaded_or_says_why_not(landing: Landing) -> None:
    shutil.copytree(SHARED / "bank_formats", landing.home.landing / "bank_statements")
    result = landing.ingest()
    batches = landing.batches()
    assert result.rows_read == sum(batch["rows_read"] for batch in batches) > 900
    for batch in batches:
        assert batch["rows_read"] == (
            batch["rows_loaded"] + batch["rows_redelivered"] + batch["rows_quarantined"]
        )
    reasons = {q["batch_id"] for q in landing.quarantine() if q["is_file"]}
    assert reasons == {batch["batch_id"] for batch in batches if batch["is_rejected"]}
    in_raw = Counter(row["_batch_id"] for row in landing.raw("bank_transactions"))
    assert in_raw == Counter(
        {batch["batch_id"]: batch["rows_loaded"] for batch in batches if batch["rows_loaded"]}
    )
    balanced = [b for b in batches if "retail_bank/053" in b["file_name"]]
    assert balanced
    assert all(batch["control_total_ok"] for batch in balanced)

    before = landing.raw("bank_transactions")
    shutil.copytree(SHARED / "bank_formats", landing.home.landing / "bank_statements" / "again")
    assert landing.ingest().new_batches == 0
    assert landing.raw("bank_transactions") == before
