"""What Dagster does again for each table of a step, done once.

Each of these replaces a function of Dagster in this process, and comes to what Dagster would come
to. Dagster is pinned exactly.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cache

from dagster import AssetKey, DagsterEventType
from dagster._core.definitions import scoped_resources_builder
from dagster._core.definitions.data_version import extract_data_version_from_entry
from dagster._core.execution.context.data_version_cache import (
    DataVersionCache,
    InputAssetVersionInfo,
)
from dagster._core.execution.context.system import StepExecutionContext

from orchestration.event_log import PooledSqliteEventLogStorage

_list_output_keys = StepExecutionContext.get_output_asset_keys
_read_versions = DataVersionCache._fetch_input_asset_version_info
_KEPT = "_output_keys_kept"


def _output_keys(context: StepExecutionContext) -> AbstractSet[AssetKey]:
    kept: AbstractSet[AssetKey] | None = context.__dict__.get(_KEPT)
    if kept is None:
        kept = context.__dict__[_KEPT] = frozenset(_list_output_keys(context))
    return kept


def _versions(cache: DataVersionCache, keys: Sequence[AssetKey]) -> None:
    """Of tables that this run has made, what it has just written; one run writes at a time."""
    context = cache._context
    storage = context.instance.event_log_storage
    if not isinstance(storage, PooledSqliteEventLogStorage):
        _read_versions(cache, keys)
        return
    others = []
    for key in keys:
        record = storage.written(key, context.run_id)
        if record is None:
            others.append(key)
            continue
        cache.input_asset_version_info[key] = InputAssetVersionInfo(
            record.storage_id,
            DagsterEventType.ASSET_MATERIALIZATION,
            extract_data_version_from_entry(record.event_log_entry),
            record.run_id,
            record.timestamp,
        )
    _read_versions(cache, others)


def _kept_named_tuple(name: str, fields: Iterable[str]) -> type:
    return _named_tuple(name, tuple(fields))


@cache
def _named_tuple(name: str, fields: tuple[str, ...]) -> type:
    return namedtuple(name, fields)


def install() -> None:
    """Let Dagster use it in this process.

    Which tables a step makes is told from all tables of the job, with each table that it has made;
    and the type of the resources of a step is written and compiled anew for each of them. The
    version of each table is read for each table that is made of it, and for each test.
    """
    StepExecutionContext.get_output_asset_keys = _output_keys  # type: ignore[method-assign, assignment]
    scoped_resources_builder.namedtuple = _kept_named_tuple  # type: ignore[assignment]
    DataVersionCache._fetch_input_asset_version_info = _versions  # type: ignore[method-assign, assignment]
