"""Lets a build leave the warehouse's file as it was until it has ended (see `warehouse.py`).

dbt-duckdb loads this for every connection to the warehouse (`profiles.yml`), also for one that a
person opens by calling dbt while a stopped build waits to be undone.
"""

from __future__ import annotations

from pathlib import Path

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from orchestration import warehouse
from orchestration.home import Home


class Plugin(BasePlugin):
    """Called by dbt-duckdb with each new connection."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        if self.creds is not None:
            warehouse.configure(Home(Path(self.creds.path).parent), conn)
