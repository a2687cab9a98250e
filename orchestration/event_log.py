"""Where Dagster keeps the events of its runs: its own SQLite storage, with files held open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from dagster import AssetKey, EventLogEntry, EventLogRecord
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event, text

MOST_OPEN = 2
"""The index of all runs, and the run at hand."""


_FORGET_CHECKS = text("""
delete from asset_check_executions
where
    run_id = :run_id
    and exists (
        select 1
        from asset_check_executions as later
        where
            later.asset_key = asset_check_executions.asset_key
            and later.check_name = asset_check_executions.check_name
            and later.id > asset_check_executions.id
    )
""")


class PooledSqliteEventLogStorage(SqliteEventLogStorage):
    """Dagster's `SqliteEventLogStorage`, without opening a file and waiting for the disk each time.

    A run has thousands of events; one connection for each cost a fifth of its time. A loss of power
    may cost the last events, and does not damage the file (write-ahead log). What is there of the
    schema is asked for with every event, too, and stays there: it is looked up once. Events that
    come as a batch (what a run intends to make) are one transaction, and what was written is not
    read back: Dagster asks for each table's last materialization when its tests are reported.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._there: set[tuple[str, str]] = set()
        self._held: dict[str, Connection] = {}
        self._written: dict[str, tuple[str, EventLogRecord]] = {}
        super().__init__(base_dir, inst_data)
        self._db_lock = RLock()  # type: ignore[assignment]

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> PooledSqliteEventLogStorage:
        return cls(config_value["base_dir"], inst_data)

    def dispose(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()

    def delete_events(self, run_id: str) -> None:
        """Also what Dagster leaves there: the run's file, and the results of its checks, but for
        those that no later run has told again."""
        super().delete_events(run_id)
        with self.index_connection() as connection:
            connection.execute(_FORGET_CHECKS, {"run_id": run_id})
        with self._db_lock:
            engine = self._engines.pop(run_id, None)
            if engine is not None:
                engine.dispose()
        path = Path(self.path_for_shard(run_id))
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        (run_id,) = {event.run_id for event in events}
        with (
            self._db_lock,
            self._engine(run_id).begin() as run,
            self._engine(INDEX_SHARD_NAME).begin() as index,
        ):
            self._held = {run_id: run, INDEX_SHARD_NAME: index}
            try:
                super().store_event_batch(events)
            finally:
                self._held = {}

    def _get_asset_entry_values(
        self, event: EventLogEntry, event_id: int, has_asset_key_index_cols: bool
    ) -> dict[str, Any]:
        values = super()._get_asset_entry_values(event, event_id, has_asset_key_index_cols)
        if (text := values.get("last_materialization")) and event.dagster_event is not None:
            key = event.dagster_event.asset_key
            if key is not None:
                self._written[key.to_string()] = (text, EventLogRecord(event_id, event))
        return values

    def _get_latest_materialization_records(
        self, raw_asset_rows: Sequence[Any]
    ) -> Mapping[AssetKey, EventLogRecord | None]:
        found: dict[AssetKey, EventLogRecord | None] = {}
        for row in raw_asset_rows:
            text, record = self._written.get(row["asset_key"], ("", None))
            key = AssetKey.from_db_string(row["asset_key"])
            # what another process has written since, or wiped, is read
            if key is None or text != row["last_materialization"] or row["asset_details"]:
                return super()._get_latest_materialization_records(raw_asset_rows)
            found[key] = record
        return found

    def has_table(self, table_name: str) -> bool:
        known = ("table", table_name) in self._there
        return known or self._note("table", table_name, super().has_table(table_name))

    def has_asset_key_col(self, column_name: str) -> bool:
        return ("column", column_name) in self._there or super().has_asset_key_col(column_name)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        if ("column", column_name) in self._there:
            return True
        is_there = super()._has_asset_key_col_on_connection(conn, column_name)
        return self._note("column", column_name, is_there)

    def has_secondary_index(self, name: str) -> bool:
        known = ("index", name) in self._there
        return known or self._note("index", name, super().has_secondary_index(name))

    def _note(self, kind: str, name: str, is_there: bool) -> bool:
        """What was not there may be made later, and is looked for again."""
        if is_there:
            self._there.add((kind, name))
        return is_there

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard in self._held:
                yield self._held[shard]
                return
            with self._engine(shard).begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None)
        if engine is None:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
            event.listen(engine, "connect", _wait_for_no_disk)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
        self._engines[shard] = engine  # the last used one last
        while len(self._engines) > MOST_OPEN:
            self._engines.pop(next(iter(self._engines))).dispose()
        return engine


def _wait_for_no_disk(connection: Any, _: object) -> None:
    connection.execute("pragma synchronous = normal")
