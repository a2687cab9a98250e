"""What Dagster does again for each table of a step, done once.

Each of these replaces a function of Dagster in this process, and comes to what Dagster would come
to. Dagster is pinned exactly.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import cache

from dagster import AssetKey
from dagster._core.definitions import scoped_resources_builder
from dagster._core.execution.context.system import StepExecutionContext

_list_output_keys = StepExecutionContext.get_output_asset_keys
_KEPT = "_output_keys_kept"


def _output_keys(context: StepExecutionContext) -> AbstractSet[AssetKey]:
    kept: AbstractSet[AssetKey] | None = context.__dict__.get(_KEPT)
    if kept is None:
        kept = context.__dict__[_KEPT] = frozenset(_list_output_keys(context))
    return kept


def _kept_named_tuple(name: str, fields: Iterable[str]) -> type:
    return _named_tuple(name, tuple(fields))


@cache
def _named_tuple(name: str, fields: tuple[str, ...]) -> type:
    return namedtuple(name, fields)


def install() -> None:
    """Let Dagster use it in this process.

    Which tables a step makes is told from all tables of the job, with each table that it has made;
    and the type of the resources of a step is written and compiled anew for each of them.
    """
    StepExecutionContext.get_output_asset_keys = _output_keys  # type: ignore[method-assign, assignment]
    scoped_resources_builder.namedtuple = _kept_named_tuple  # type: ignore[assignment]
