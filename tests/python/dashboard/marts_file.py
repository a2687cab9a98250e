"""Builds a published file from the output contract alone, without the pipeline.

`CONTRACT` holds every mart with the columns that `contracts/marts.md` fixes, and the few of the
project's own that pages use. A test names only the columns that it cares about; the others are
null.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from orchestration import personal_data, publication
from orchestration.home import Home
from orchestration.publish import serve

MONEY = "decimal(38,10)"
SMALL = {"default_block_size": "16384"}
"""Of a file that some hundred tests copy: 2 MB instead of 8 for the same few rows."""

CONTRACT: Mapping[str, str] = {
    "fct_items": f"""reconciliation varchar, side varchar, item_type varchar, item_id varchar,
        party_id varchar, group_key varchar, event_date date, currency varchar, amount {MONEY},
        allocated_amount {MONEY}, adjusted_amount {MONEY}, open_amount {MONEY}, status varchar,
        set_aside_reason varchar, due_for_match_at timestamp, batch_id varchar,
        document_number varchar, memo varchar, row_hash varchar""",
    "fct_invoices": f"""invoice_id varchar, invoice_number varchar, document_type varchar,
        customer_id varchar, issued_at timestamp, due_date date, currency varchar,
        total_amount {MONEY}, matched_amount {MONEY}, adjusted_amount {MONEY},
        open_amount {MONEY}, reconciliation_status varchar, first_matched_at timestamp,
        matched_at timestamp, settled_at timestamp, hours_to_match bigint, days_overdue bigint,
        source_batch_id varchar""",
    "fct_receipts": f"""item_type varchar, item_id varchar, customer_id varchar,
        received_at timestamp, currency varchar, amount {MONEY}, allocated_amount {MONEY},
        adjusted_amount {MONEY}, unapplied_amount {MONEY}, reconciliation_status varchar,
        payout_id varchar, settled_at timestamp""",
    "fct_matches": f"""match_id varchar, reconciliation varchar, rule_id varchar,
        rule_version varchar, method varchar, confidence {MONEY}, decision varchar,
        explanation varchar, item_count bigint, amount {MONEY}, currency varchar,
        difference_amount {MONEY}, adjustment_kind varchar, decided_at timestamp,
        decided_by varchar, run_id varchar, is_live boolean, ambiguity varchar,
        reversal_reason varchar,
        pass varchar, relation varchar""",
    "fct_match_allocations": f"""match_id varchar, reconciliation varchar, side varchar,
        item_type varchar, item_id varchar, allocated_amount {MONEY}, adjusted_amount {MONEY},
        currency varchar, match_amount {MONEY}, match_adjusted_amount {MONEY},
        match_currency varchar, adjustment_kind varchar,
        row_hash varchar""",
    "fct_match_candidates": f"""item_type varchar, item_id varchar, match_id varchar,
        other_item_type varchar, other_item_id varchar, rank bigint, score {MONEY},
        score_parts varchar, why_not varchar, why_not_meaning varchar""",
    "fct_exceptions": f"""exception_id varchar, reconciliation varchar, exception_type varchar,
        root_cause varchar, item_type varchar, item_id varchar, customer_id varchar,
        amount {MONEY}, currency varchar, base_amount {MONEY}, opened_at timestamp,
        age_hours bigint, severity varchar, priority_score {MONEY}, status varchar,
        assigned_to varchar, sla_due_at timestamp, resolved_at timestamp, resolution varchar,
        candidate_match_ids varchar, fingerprint varchar, runbook varchar, case_id varchar,
        is_case_lead boolean, detail varchar, recommendation varchar, revenue_at_risk {MONEY},
        who_acts varchar, item_count bigint,
        resolved_by varchar, last_comment varchar,
        side varchar, blocks_close boolean""",
    "fct_journal_entries": f"""posting_key varchar, line_number bigint, posting_date date,
        account_code varchar, debit_amount {MONEY}, credit_amount {MONEY}, currency varchar,
        base_debit_amount {MONEY}, base_credit_amount {MONEY}, match_id varchar, memo varchar,
        posting_status varchar, attempts bigint, external_id varchar, posted_at timestamp,
        reverses_posting_key varchar,
        base_currency varchar, last_error varchar""",
    "fct_audit_log": """block bigint, position bigint, entry_type varchar, subject_type varchar,
        subject_id varchar, actor varchar, occurred_at timestamp, payload varchar,
        source_hashes varchar[], entry_hash varchar""",
    "fct_audit_blocks": """block bigint, run_id varchar, sealed_at timestamp, entry_count bigint,
        root_hash varchar, previous_hash varchar, block_hash varchar""",
    "fct_sli": f"""sli varchar, window_days bigint, as_of_date date, numerator {MONEY},
        denominator {MONEY}, value {MONEY}, unit varchar, target {MONEY}, met boolean,
        restated_events bigint""",
    "fct_error_budgets": f"""slo varchar, "window" varchar, as_of timestamp, objective {MONEY},
        events bigint, bad_events bigint, burn_rate {MONEY}, budget_remaining {MONEY},
        window_minutes bigint, is_confirming boolean, title varchar, direction varchar,
        meaning varchar, numerator_counts varchar, denominator_counts varchar,
        restated varchar""",
    "fct_alerts": f"""alert_id varchar, fingerprint varchar, alert_name varchar, severity varchar,
        root_cause varchar, group_key varchar, opened_at timestamp, last_seen_at timestamp,
        resolved_at timestamp, state varchar, suppressed_by varchar, revenue_at_risk {MONEY},
        summary varchar, runbook varchar, item_count bigint, subject varchar, silence varchar,
        silenced_by varchar, silence_reason varchar, silenced_until timestamp""",
    "fct_batches": f"""batch_id varchar, feed varchar, file_name varchar, format varchar,
        landed_at timestamp, ingested_at timestamp, rows_read bigint, rows_loaded bigint,
        rows_redelivered bigint, rows_quarantined bigint, min_event_at timestamp,
        max_event_at timestamp, is_backfill boolean, control_total {MONEY},
        control_total_ok boolean,
        is_rejected boolean, run_sequence bigint, naive_timestamps bigint,
        double_amounts bigint, conflicting_versions bigint""",
    "fct_quarantine": """batch_id varchar, feed varchar, file_name varchar, line_number bigint,
        column_name varchar, value varchar, reason varchar, quarantined_at timestamp,
        resolved_by_batch_id varchar, is_file boolean,
        row_key varchar""",
    "fct_runs": f"""run_id varchar, as_of timestamp, started_at timestamp, finished_at timestamp,
        "trigger" varchar, engine varchar, rows_in bigint, matches_made bigint, auto_closed bigint,
        exceptions_opened bigint, exceptions_resolved bigint, seconds {MONEY},
        cost_per_match {MONEY}, price_per_hour {MONEY}, cost_currency varchar,
        run_sequence bigint""",
    "fct_record_trace": """item_type varchar, item_id varchar, position bigint,
        occurred_at timestamp, event varchar, detail varchar, run_id varchar""",
    "agg_executive_daily": f"""as_of_date date, currency varchar, invoiced {MONEY},
        collected {MONEY}, matched {MONEY}, adjusted {MONEY}, open {MONEY}, overdue {MONEY},
        revenue_at_risk {MONEY}, success_rate {MONEY}, exceptions_open bigint,
        exceptions_in_sla bigint""",
    "agg_sli_breakdowns": f"""sli varchar, dimension varchar, dimension_value varchar,
        window_name varchar, first_date date, as_of_date date, numerator {MONEY},
        denominator {MONEY}, value {MONEY}, unit varchar, target {MONEY}, met boolean,
        events bigint, bad_events bigint""",
    "agg_cost_shares": f"""run_id varchar, as_of timestamp, dimension varchar,
        dimension_value varchar, invoices bigint, cost_share {MONEY}""",
    "agg_receivables": f"""currency varchar, documents bigint, open_documents bigint,
        invoiced {MONEY}, matched {MONEY}, adjusted {MONEY}, settled {MONEY}, open {MONEY},
        overdue {MONEY}, collected {MONEY}, unapplied {MONEY}""",
    "agg_aging": f"""as_of_date date, customer_id varchar, bucket varchar, currency varchar,
        open_amount {MONEY}, invoices bigint""",
    "agg_bank_reconciliations": f"""period_start date, period_end date, account_id varchar,
        account_name varchar, accounts bigint, currency varchar, ledger_account_code varchar,
        statements bigint, covered_until date, statement_gaps bigint,
        statements_not_adding_up bigint, stated_on date, stated_balance {MONEY},
        stated_difference {MONEY}, bank_balance {MONEY}, is_in_books boolean,
        at_bank_only {MONEY}, at_bank_only_items bigint, at_bank_only_base {MONEY},
        in_books_only {MONEY}, in_books_only_items bigint, in_books_only_base {MONEY},
        accepted_difference {MONEY}, books_balance {MONEY}, unexplained_difference {MONEY}""",
    "agg_period_close": f"""period_start date, period_end date, check_code varchar, position bigint,
        title varchar, meaning varchar, blocks_close boolean, status varchar, item_count bigint,
        counted varchar, phrase varchar, base_amount {MONEY}, currency varchar""",
    "fct_fx_rates": f"""rate_date date, currency varchar, reporting_currency varchar, rate {MONEY},
        quoted_on date, source varchar""",
    "dim_customers": f"""customer_id varchar, legal_name varchar, tier varchar, country varchar,
        email varchar, parent_customer_id varchar, parent_legal_name varchar,
        payment_terms varchar, withholding_rate {MONEY}, updated_at timestamp""",
    "fct_open_documents": f"""document_type varchar, invoice_id varchar, invoice_number varchar,
        customer_id varchar, issued_on date, due_date date, days_overdue bigint, bucket varchar,
        bucket_position bigint, currency varchar, open_amount {MONEY},
        reporting_currency varchar, base_amount {MONEY}""",
    "dim_rules": f"""rule_id varchar, rule_version varchar, reconciliation varchar, pass varchar,
        relation varchar, method varchar, closes_by_itself boolean, canary_share {MONEY},
        is_in_force boolean, explanation varchar, pass_meaning varchar, relation_meaning varchar,
        certification varchar, is_certified boolean, closed_count bigint, undone_count bigint,
        audited_count bigint, error_count bigint, least_audited bigint, breaker_state varchar,
        breaker_since timestamp, breaker_until timestamp, breaker_evidence varchar,
        confidence {MONEY}""",
    "dim_currencies": f"""currency varchar, reporting_currency varchar, rate {MONEY}""",
    "dim_learned_payers": """learned_key varchar, key_kind varchar, key_value varchar,
        customer_id varchar, match_count bigint, other_match_count bigint,
        first_seen_at timestamp, last_seen_at timestamp, last_match_id varchar,
        applies_after date, status varchar, removed_by varchar, removed_at timestamp""",
    "fct_audit_sample": """match_id varchar, rule_id varchar, rule_version varchar,
        sampled_at timestamp, outcome varchar""",
    "fct_rule_comparisons": f"""rule_id varchar, stable_version varchar, canary_version varchar,
        match_id varchar, reconciliation varchar, decided_version varchar, decision varchar,
        amount {MONEY}, difference_amount {MONEY}, currency varchar, stable_closes boolean,
        canary_closes boolean, is_different boolean""",
    "fct_flag_changes": """change_id varchar, flag varchar, rule_id varchar,
        customer_id varchar, state_before varchar, state_after varchar, starts_at timestamp,
        ends_at timestamp, held_from timestamp, held_until timestamp, is_in_force boolean,
        reason varchar, actor varchar, noted_at timestamp""",
    "fct_orders": """decision_id varchar, action varchar, actor varchar, approved_by varchar,
        decided_at timestamp, items varchar, comment varchar, match_id varchar, outcome varchar,
        refusal varchar, refusal_meaning varchar""",
    "agg_match_calibration": f"""evidence varchar, reconciliation varchar, lower_bound {MONEY},
        upper_bound {MONEY}, pair_count bigint, mean_probability {MONEY}, observed_share {MONEY},
        brier_score {MONEY}""",
    "agg_match_drift": f"""reconciliation varchar, comparison varchar, weights_version varchar,
        training_pairs bigint, current_pairs bigint, stability_index {MONEY},
        critical_value {MONEY}, has_drifted boolean""",
    "dim_dates": """date_day date""",
    "dim_reconciliations": """reconciliation varchar, title varchar, is_active boolean,
        why_inactive varchar, expected_items varchar, actual_items varchar""",
}


def write_marts(path: Path, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """Write a DuckDB file at `path` with every mart of the contract and the given rows."""
    with duckdb.connect(str(path), config=SMALL) as connection:
        connection.begin()
        connection.execute("create schema marts")
        for mart, columns in CONTRACT.items():
            connection.execute(f"create table marts.{mart} ({columns})")
        for mart, mart_rows in rows.items():
            for row in mart_rows:
                names = ", ".join(f'"{name}"' for name in row)
                places = ", ".join("?" for _ in row)
                connection.execute(
                    f"insert into marts.{mart} ({names}) values ({places})", list(row.values())
                )
        connection.commit()


_KEY = "k" * 64
_MADE = TemporaryDirectory(prefix="tieout-marts-")
_marks = cache(personal_data.marked)


def publish(home: Path, run_id: str, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> Path:
    """Publish rows under `home` as a run does, with and without personal data."""
    place = Home(home)
    place.masked.mkdir(parents=True, exist_ok=True)
    if not place.masking_key.exists():
        place.masking_key.write_text(_KEY, encoding="utf-8")
    target = place.published / f"{run_id}.duckdb"
    masked = place.masked / target.name
    whole, without = _made(place, {mart: list(held) for mart, held in rows.items()})
    for made, place_of_it in ((whole, target), (without, masked)):
        draft = place_of_it.with_name(f".{target.name}.draft")
        shutil.copyfile(made, draft)
        os.replace(draft, place_of_it)
    serve(place, masked, place.serving_masked)
    serve(place, target)
    return target


def _made(home: Home, rows: Mapping[str, list[Mapping[str, Any]]]) -> tuple[Path, Path]:
    """The files of these rows; made once, because most tests publish the same."""
    key = home.masking_key.read_text(encoding="utf-8")
    name = sha256(f"{key}{rows!r}".encode()).hexdigest()
    whole = Path(_MADE.name) / f"{name}.duckdb"
    masked = Path(_MADE.name) / f"{name}.masked.duckdb"
    if not masked.exists():
        whole.unlink(missing_ok=True)
        write_marts(whole, rows)
        write_masked(home, whole, masked)
    return whole, masked


def write_masked(home: Home, whole: Path, target: Path) -> None:
    """Write the marts of a file as who may not see personal data gets them."""
    masking = publication.Masking(_marks(), personal_data.masking_key(home))
    with duckdb.connect(str(target), config=SMALL) as connection:
        connection.execute(f"attach '{whole}' as warehouse (read_only)")
        connection.begin()
        connection.execute("create schema marts")
        connection.execute(f"set variable {personal_data.KEY} = '{masking.key}'")
        for mart, columns in publication.tables_of(connection, "warehouse").items():
            connection.execute(
                f"create table marts.{mart} as "
                f"select {masking.selection(mart, columns)} from warehouse.marts.{mart}"
            )
        connection.commit()
