"""Questions to what a home has published: the files of `queries/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import Home

_QUERIES = Path(__file__).with_name("queries")


def ask(home: Home, name: str, **parameters: Any) -> list[Any]:
    """Rows (tuples) of `queries/<name>.sql` in the last publication."""
    sql = (_QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        return connection.execute(sql, parameters).fetchall()
