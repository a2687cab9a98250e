"""Debug: anything is found, its life is told with proof, rows show what sources delivered."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from dashboard import project
from dashboard.debug import behind
from dashboard.debug.find import amounts
from orchestration.home import Home
from orchestration.telemetry.ids import trace_id_of
from tests.python.dashboard import debug_company, small_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish


@pytest.fixture
def company(home: Path) -> Path:
    """A home with the publication, and the files that the page reads beside it."""
    debug_company.lay_out(Home(home))
    publish(home, small_company.RUN_ID, debug_company.rows())
    return home


@pytest.mark.parametrize(
    ("text", "values", "currency"),
    [
        ("1,234.50", ["1234.50"], ""),
        ("1.234,50", ["1234.50"], ""),
        ("1234,5", ["1234.5"], ""),
        ("EUR 120.27", ["120.27"], "EUR"),
        ("−120.27 usd", ["120.27"], "USD"),
        ("4.125", ["4.125", "4125"], ""),
        ("1'234'567.89", ["1234567.89"], ""),
        ("1,234,567", ["1234567"], ""),
        ("0", ["0"], ""),
        ("12,34,56.7", ["123456.7"], ""),
        ("1.2.3,4,5", [], ""),
        ("XYZ 12", [], ""),
        ("INV-2026-0001", [], ""),
        ("2026-06-30", [], ""),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, values: list[str], currency: str) -> None:
    found, in_currency = amounts(text)
    assert sorted({abs(value) for value in found}) == [Decimal(value) for value in values]
    assert in_currency == currency
    assert all(-value in found for value in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INV-2", "Invoice <b>"),
        ("inv-2", "Invoice <b>"),
        ("E-7", "Bank transaction <b>"),
        ("match-live", 'Match <b class="t-mono">match-live'),
        ("exc-2", "Exception"),
        (small_company.RUN_ID, "Matches made"),
        ("c-4", "Manama Traders"),
        ("EUR 1,000.50", 'id="hits"'),
        ("INV", 'id="hits"'),
        ("invoices.csv", "Open the file"),
        ("nothing-has-this", "Nothing in this publication has or begins with"),
    ],
)
def test_anything_is_found_by_what_people_know_of_it(
    company: Path, text: str, expected: str
) -> None:
    assert expected in html_of(open_page("debug", find=text))


def test_a_run_leads_to_its_trace_and_so_does_the_life_of_what_it_touched(company: Path) -> None:
    trace = trace_id_of(small_company.RUN_ID)
    assert trace in html_of(open_page("debug", find=small_company.RUN_ID))
    assert f'title="Trace {trace}"' in html_of(open_page("debug", find="INV-2"))


def test_an_audit_entry_is_found_by_its_hash(company: Path) -> None:
    entry = debug_company.entries()[1]
    body = html_of(open_page("debug", find=entry["entry_hash"]))
    assert "about match match-live" in body
    assert "quotes invoice 2026-0002" in body


def test_one_of_several_hits_is_chosen_by_its_link(company: Path) -> None:
    body = html_of(open_page("debug", find="1000.00", hit="item:DE89/E-7"))
    assert "hits" not in body
    assert "Bank transaction <b>" in body


def test_a_life_runs_through_what_the_money_touched(company: Path) -> None:
    body = html_of(open_page("record", item_type="invoice", item_id="INV-2"))
    way = body[body.index('id="way"') : body.index('id="record-life"')]
    assert [way.index(name) for name in ("INV-2", "E-2", "JE-1/1")] == sorted(
        way.index(name) for name in ("INV-2", "E-2", "JE-1/1")
    )
    assert "quotes invoice 2026-0002" in body
    assert "Version 2 landed" in body
    assert "Total amount: 200 → 250." in body
    assert "row hash" in body
    alone = html_of(open_page("record", item_type="invoice", item_id="INV-2", scope="own"))
    assert "in Bank to ledger" in body[body.index('id="record-life"') :]
    assert "in Bank to ledger" not in alone[alone.index('id="record-life"') :]


def test_events_are_chosen_by_kind(company: Path) -> None:
    body = html_of(open_page("record", item_type="invoice", item_id="INV-2", kind="source"))
    timeline = body[body.index('id="record-life"') :]
    assert "landed" in timeline
    assert "Sealed" not in timeline


def test_a_sealed_entry_is_proven_step_by_step(company: Path) -> None:
    body = html_of(open_page("record", item_type="invoice", item_id="INV-2"))
    assert "as entry 2 of block 1" in body
    assert "✓ proven" in body
    for step in ("Entry", "Tree", "Block", "Chain", "Anchor"):
        assert f"<b>✓ {step}</b>" in body
    assert "The way up the tree (2 hashes)" in body


@pytest.mark.parametrize(
    ("tampering", "step"),
    [
        ("payload", "entry"),
        ("neighbour", "tree"),
        ("header", "block"),
        ("anchor", "anchor"),
    ],
)
def test_what_was_tampered_with_is_not_proven(home: Path, tampering: str, step: str) -> None:
    debug_company.lay_out(Home(home))
    rows = debug_company.rows()
    log, blocks = rows["fct_audit_log"], rows["fct_audit_blocks"]
    match tampering:
        case "payload":
            log[1] = {**log[1], "payload": '{"amount":"9.00"}'}
        case "neighbour":
            log[2] = {**log[2], "entry_hash": "00" * 32}
        case "header":
            blocks[0] = {**blocks[0], "run_id": "run-other"}
        case "anchor":
            anchors = Home(home).anchors
            text = anchors.read_text(encoding="utf-8")
            anchors.write_text(text.replace(blocks[0]["block_hash"], "11" * 32), encoding="utf-8")
    publish(home, small_company.RUN_ID, rows)
    body = html_of(open_page("record", item_type="invoice", item_id="INV-2"))
    assert f"✕ NOT proven: {step}" in body
    assert "✓ proven" not in body


def refuse(home: Path, feed: str, name: str, line: int, column: str | None) -> None:
    """Publish the company with one more refused row."""
    rows = debug_company.rows()
    rows["fct_quarantine"] = [
        {
            "batch_id": debug_company.batch_of(Home(home), feed, name),
            "feed": feed,
            "file_name": name,
            "line_number": line,
            "column_name": column,
            "value": "x",
            "reason": f'{column} "x" is wrong',
            "quarantined_at": small_company.AS_OF,
            "is_file": False,
        }
    ]
    publish(home, small_company.RUN_ID, rows)


def test_a_refused_row_shows_its_landed_line(company: Path) -> None:
    refuse(company, "billing_invoices", "invoices.csv", 2, "total_amount")
    listed = html_of(open_page("debug", part="sources"))
    assert "total_amount “…” is wrong" in listed
    body = html_of(open_page("debug", part="sources", reason="total_amount “…” is wrong"))
    assert '<div class="changed"><dt>total_amount</dt><dd>1,535.50</dd>' in body


def test_a_viewer_does_not_see_what_may_be_personal(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(company, "crm_customers", "customers.jsonl", 1, None)
    reason = "None “…” is wrong"
    assert "Secret GmbH" in html_of(open_page("debug", part="sources", reason=reason))
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer")
    assert "Secret GmbH" not in html_of(open_page("debug", part="sources", reason=reason))
    body = html_of(open_page("debug", part="sources", reason="•••"))
    assert "customers.jsonl" in body
    assert "Secret GmbH" not in body
    assert "which your role may not see" in body


def test_a_viewer_gets_a_proof_from_the_stated_hash_on(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer")
    body = html_of(open_page("record", item_type="invoice", item_id="INV-2"))
    assert "○ Entry</b> Some columns are masked" in body
    assert "✓ proven" in body


def test_rules_tell_what_became_of_their_matches(company: Path) -> None:
    body = html_of(open_page("debug", part="rules"))
    assert "Stated reference, equal amounts" in body
    assert "The payment itself says what it pays" in body
    assert "matches?rule=stated_reference" in body


def test_calibration_is_said_in_the_title(home: Path) -> None:
    rows = debug_company.rows()
    rows["agg_match_calibration"] = [
        {
            "evidence": "reviewers",
            "reconciliation": "invoice_to_receipt",
            "lower_bound": Decimal("0.9"),
            "upper_bound": Decimal("0.99"),
            "pair_count": 10,
            "mean_probability": Decimal("0.95"),
            "observed_share": Decimal("0.875"),
            "brier_score": Decimal("0.05"),
        }
    ]
    publish(home, small_company.RUN_ID, rows)
    app = open_page("debug", part="rules")
    assert "Probabilities are off by 7.5" in " ".join(header.value for header in app.header)
    assert "method=probabilistic" in html_of(app)


def test_debug_mode_ends_a_page_with_its_queries(company: Path) -> None:
    assert "SQL behind this page" not in str(open_page("on_call").expander)
    app = open_page("on_call", sql="on")
    assert any("SQL behind this page" in one.label for one in app.expander)
    assert any("marts.fct_alerts" in code.value for code in app.code)


def test_a_query_and_a_model_are_shown_with_what_they_read(company: Path) -> None:
    query = open_page("debug", part="sql", query="life_trace")
    assert "marts.fct_record_trace" in query.code[0].value
    model = open_page("debug", part="sql", model="fct_record_trace")
    assert "One row per event in the life of an item" in html_of(model)
    assert "int_match_allocations" in model.code[0].value
    nothing = open_page("debug", part="sql", model="../../etc/passwd")
    assert "There is no model" in html_of(nothing)


def test_every_query_says_what_it_gives_and_names_its_page() -> None:
    for query in project.queries().values():
        assert query.purpose, f"{query.name} begins with no comment"
        assert behind.page_of(query.name)
        for mart in query.marts:
            assert project.model(mart), f"{query.name} reads {mart}, which is no model"
