"""Where Dagster keeps the events of its runs: its own SQLite storage, with files held open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, cast

from dagster import AssetCheckEvaluation, AssetKey, DagsterEventType, EventLogEntry, EventLogRecord
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, bindparam, create_engine, event, text

MOST_OPEN = 2
"""The index of all runs, and the run at hand."""


_ADD_EVENT = SqlEventLogStorageTable.insert()
_ADD_TAGS = AssetEventTagsTable.insert()
_ADD_ASSET = AssetKeyTable.insert()
_CHANGE_ASSET = AssetKeyTable.update().where(AssetKeyTable.c.asset_key == bindparam("of_asset"))
_ADD_CHECK = AssetCheckExecutionsTable.insert()
_CHANGE_CHECK = AssetCheckExecutionsTable.update().where(
    AssetCheckExecutionsTable.c.asset_key == bindparam("of_asset"),
    AssetCheckExecutionsTable.c.check_name == bindparam("of_check"),
    AssetCheckExecutionsTable.c.run_id == bindparam("of_run"),
    AssetCheckExecutionsTable.c.partition.is_(None),
)

_OF_TABLES = {
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
    DagsterEventType.ASSET_MATERIALIZATION.value,
}
_OF_CHECKS = {
    DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
    DagsterEventType.ASSET_CHECK_EVALUATION.value,
}
_OFTEN = {DagsterEventType.STEP_OUTPUT.value} | _OF_TABLES | _OF_CHECKS
"""Types of the events that a run has for each table and each test; of others it has a dozen."""

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
        self._outputs: dict[str, list[dict[str, Any]]] = {}
        super().__init__(base_dir, inst_data)
        self._db_lock = RLock()  # type: ignore[assignment]

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> PooledSqliteEventLogStorage:
        return cls(config_value["base_dir"], inst_data)

    def dispose(self) -> None:
        with self._db_lock:
            for shard in list(self._outputs):
                with self._connect(shard):
                    pass
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
            self._add_outputs(run_id, run)
            self._held = {run_id: run, INDEX_SHARD_NAME: index}
            try:
                super().store_event_batch(events)
            finally:
                self._held = {}

    def store_event(self, event: EventLogEntry) -> None:
        """The rows that Dagster writes, of tables without partitions. An event that each table and
        each test has would be made JSON two or three times, and its statements put together anew.
        """
        told = event.dagster_event
        if told is None or told.event_type_value not in _OFTEN or not event.run_id:
            super().store_event(event)
            return
        row = self._event_to_row(event)
        if told.event_type_value == DagsterEventType.STEP_OUTPUT.value:
            # what it put out, or found, is told at once: both are one transaction
            with self._db_lock:
                self._outputs.setdefault(event.run_id, []).append(row)
            return
        with self._connect(event.run_id) as run:
            run.execute(_ADD_EVENT, row)
        with self._connect(INDEX_SHARD_NAME) as index:
            event_id = index.execute(_ADD_EVENT, row).lastrowid
            if told.event_type_value in _OF_TABLES:
                self._store_table(event, event_id, row, index)
            else:
                self._store_check(event, event_id, row, index)

    def _store_table(
        self, event: EventLogEntry, event_id: int, row: dict[str, Any], index: Connection
    ) -> None:
        told = event.get_dagster_event()
        values = {
            "last_run_id": event.run_id,
            "last_materialization_timestamp": row["timestamp"],
        }
        if told.is_step_materialization:
            tags = [
                {
                    "event_id": event_id,
                    "asset_key": row["asset_key"],
                    "key": key,
                    "value": value,
                    "event_timestamp": row["timestamp"],
                }
                for key, value in self._tags_for_asset_event(event).items()
            ]
            if tags:
                index.execute(_ADD_TAGS, tags)
            record = _record_json(event_id, row["event"])
            self._written[row["asset_key"]] = (record, EventLogRecord(event_id, event))
            values["last_materialization"] = record
        if not index.execute(_CHANGE_ASSET, {"of_asset": row["asset_key"], **values}).rowcount:
            index.execute(_ADD_ASSET, {"asset_key": row["asset_key"], **values})

    def _store_check(
        self, event: EventLogEntry, event_id: int, row: dict[str, Any], index: Connection
    ) -> None:
        told = cast(
            AssetCheckEvaluation | AssetCheckEvaluationPlanned,
            event.get_dagster_event().event_specific_data,
        )
        asset_key, check_name = told.asset_key.to_string(), told.check_name
        status, materialized = AssetCheckExecutionRecordStatus.PLANNED, None
        if isinstance(told, AssetCheckEvaluation):
            status = AssetCheckExecutionRecordStatus.FAILED
            if told.passed:
                status = AssetCheckExecutionRecordStatus.SUCCEEDED
            if told.target_materialization_data is not None:
                materialized = told.target_materialization_data.storage_id
        values = {
            "execution_status": status.value,
            "evaluation_event": row["event"],
            "evaluation_event_timestamp": row["timestamp"],
            "evaluation_event_storage_id": event_id,
            "materialization_event_storage_id": materialized,
        }
        if isinstance(told, AssetCheckEvaluation):
            of = {"of_asset": asset_key, "of_check": check_name, "of_run": event.run_id}
            if index.execute(_CHANGE_CHECK, of | values).rowcount:
                return
        key = {"asset_key": asset_key, "check_name": check_name, "run_id": event.run_id}
        index.execute(_ADD_CHECK, key | values)

    def written(self, key: AssetKey, run_id: str) -> EventLogRecord | None:
        """The last materialization of a table, where this run has written it here."""
        _, record = self._written.get(key.to_string(), ("", None))
        return record if record is not None and record.run_id == run_id else None

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
                self._add_outputs(shard, connection)
                yield connection

    def _add_outputs(self, shard: str, connection: Connection) -> None:
        outputs = self._outputs.pop(shard, None)
        if outputs is not None:
            connection.execute(_ADD_EVENT, outputs)

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


def _record_json(event_id: int, entry: str) -> str:
    """An `EventLogRecord` as Dagster would make it JSON, of an entry that is JSON already."""
    return (
        f'{{"__class__": "EventLogRecord", "event_log_entry": {entry}, "storage_id": {event_id}}}'
    )


def _wait_for_no_disk(connection: Any, _: object) -> None:
    connection.execute("pragma synchronous = normal")
