"""The list of rejects: a row for each, whatever else has the bytes of the file that mended it."""

from __future__ import annotations

from pathlib import Path

import duckdb

QUERY = Path(__file__).resolve().parents[3] / "dashboard" / "queries" / "on_call_quarantine.sql"


def test_bytes_that_lie_in_two_feeds_show_a_reject_once() -> None:
    with duckdb.connect() as connection:
        connection.execute("""
            create schema marts;
            create table marts.fct_quarantine as
            select 'q' as batch_id, feed, 'bad' as file_name, line as line_number,
                'amount' as column_name, 'x' as "value", 'r' as reason, is_file,
                timestamp '2026-06-30' as quarantined_at, 'b' as resolved_by_batch_id
            from (values
                ('bank_transactions', 1, false), ('bank_statements', 2, false),
                ('fx_rates', null, true)
            ) as rejects (feed, line, is_file);
            create table marts.fct_batches as
            select 'b' as batch_id, * from (values
                ('bank_statements', 'rejected there', 0), ('bank_transactions', 'mended', 3),
                ('fx_rates', 'mended', 0)
            ) as batches (feed, file_name, rows_loaded)
        """)
        rows = connection.execute(
            QUERY.read_text(), {"state": "resolved", "limit": 10, "offset": 0}
        ).fetchall()
    assert sorted((row[0], row[9], row[11]) for row in rows) == [
        ("bank_statements", "mended", 3),
        ("bank_transactions", "mended", 3),
        ("fx_rates", "mended", 3),
    ]
