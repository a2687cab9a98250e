"""Rows of int_decisions__to_seal, and a warehouse that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb

from orchestration.home import Home

SEALED_AT = datetime(2026, 6, 30, 18, 0, 0, 5)


def decision(subject_id: str, **changes: Any) -> dict[str, Any]:
    """A row of int_decisions__to_seal."""
    return {
        "entry_type": "match_decided",
        "subject_type": "match",
        "subject_id": subject_id,
        "actor": "rule:exact",
        "occurred_at": SEALED_AT,
        "payload": '{"amount":"98.5","text":"caf\u00e9"}',
        "source_hashes": ["bb", "aa"],
    } | changes


def write_decisions(home: Home, decisions: Sequence[dict[str, Any]]) -> None:
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create schema if not exists intermediate")
        connection.execute(
            "create or replace table intermediate.int_decisions__to_seal (entry_type varchar, "
            "subject_type varchar, subject_id varchar, actor varchar, occurred_at timestamp, "
            "payload varchar, source_hashes varchar[])"
        )
        for row in decisions:
            connection.execute(
                "insert into intermediate.int_decisions__to_seal values (?, ?, ?, ?, ?, ?, ?)",
                list(row.values()),
            )
