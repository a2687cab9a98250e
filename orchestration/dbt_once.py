"""What dbt does again for each call and each node, done once.

Each of these replaces a function of dbt in this process, and comes to what dbt would come to
(`test_dbt_once.py` compares them). dbt is pinned exactly.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from typing import Any

from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.base.relation import BaseRelation
from dbt.adapters.reference_keys import _ReferenceKey
from dbt.compilation import Compiler, Linker
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ManifestSQLNode
from dbt.flags import get_flags
from dbt.graph import Graph
from dbt.node_types import NodeType
from dbt_common.clients import agate_helper
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

RENDERED = "rendered.json"
"""Beside a parse: the SQL that its models and tests are rendered to."""

_make_event = BaseEvent.__init__

FOR_OTHER_SQL = ("WRITE_JSON", "EMPTY", "VARS", "SAMPLE", "DEFER", "FULL_REFRESH")
"""Flags that no run sets: with them SQL may be another, or a person asks to see it rendered."""


class KeptGraph:
    """What depends on what: made once for a manifest.

    dbt links all nodes, looks for cycles and, for `dbt build`, adds the edges that make models wait
    for tests in each call: more than a second, with nothing new to say.
    """

    def __init__(self) -> None:
        self._manifest: Manifest | None = None
        self._graphs: dict[bool, Graph] = {}

    def of(self, manifest: Manifest, models_wait_for_tests: bool = True) -> Graph:
        """The graph as `Compiler.compile` makes it; dbt copies it before it cuts it."""
        if manifest is not self._manifest:
            self._manifest, self._graphs = manifest, {}
        if models_wait_for_tests not in self._graphs:
            linker = Linker()
            linker.link_graph(manifest)
            if models_wait_for_tests:
                manifest.build_parent_and_child_maps()
                linker.add_test_edges_1(manifest)
            self._graphs[models_wait_for_tests] = Graph(linker.graph)
        return self._graphs[models_wait_for_tests]

    def install(self) -> None:
        """Let dbt use it in this process."""
        compile_anew = Compiler.compile

        def compile_once(
            compiler: Compiler, manifest: Manifest, write: bool = True, add_test_edges: bool = False
        ) -> Graph:
            flags = get_flags()
            if flags.USE_FAST_TEST_EDGES or flags.WRITE_JSON:
                return compile_anew(compiler, manifest, write, add_test_edges)
            compiler.initialize()
            return self.of(manifest, add_test_edges)

        Compiler.compile = compile_once  # type: ignore[method-assign, assignment]


class KeptSql:
    """The SQL of models and data tests, rendered once for a parse and kept beside it.

    It follows from the project and the engine alone: what changes from run to run is data.
    Rendering it took a quarter of what dbt spends on a node. Hooks and unit tests are rendered as
    ever, and so is everything in a call whose flags may ask for other SQL (`--empty`): that must
    neither be read here nor be left for the next run.
    """

    def __init__(self) -> None:
        self._file: Path | None = None
        self._sql: dict[str, str] = {}
        self._is_written = True

    def open(self, parsed: Path) -> None:
        """Go on with what earlier processes have rendered of this parse."""
        self._file = parsed / RENDERED
        self._is_written = True
        try:
            self._sql = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            self._sql = {}

    def write(self) -> None:
        """Keep what was rendered, where the checkout can be written to."""
        if self._is_written or self._file is None:
            return
        new = self._file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            new.write_text(json.dumps(self._sql), encoding="utf-8")
            new.replace(self._file)
        self._is_written = True

    def install(self) -> None:
        """Let dbt use it in this process."""
        render = Compiler._compile_code

        def render_once(
            compiler: Compiler,
            node: ManifestSQLNode,
            manifest: Manifest,
            extra_context: dict[str, Any] | None = None,
        ) -> ManifestSQLNode:
            is_kept = node.resource_type is NodeType.Model or (
                # of a test whose rows are stored, dbt works out more
                node.resource_type is NodeType.Test and not node.should_store_failures
            )
            flags = get_flags()
            is_other = any(getattr(flags, name, None) for name in FOR_OTHER_SQL)
            if self._file is None or not is_kept or is_other:
                return render(compiler, node, manifest, extra_context)
            key = f"{node.database}.{node.unique_id}"
            if key not in self._sql:
                node = render(compiler, node, manifest, extra_context)
                if not node.extra_ctes and node.compiled_code is not None:
                    self._sql[key] = node.compiled_code
                    self._is_written = False
                return node
            node.compiled_code, node.compiled = self._sql[key], True
            return node

        Compiler._compile_code = render_once  # type: ignore[method-assign, assignment]


def look_relations_up() -> None:
    """Find a relation in dbt's cache by its name, and not by reading the cache from end to end."""
    search = BaseAdapter.get_relation

    @wraps(search)
    def look_up(
        adapter: BaseAdapter, database: str, schema: str, identifier: str
    ) -> BaseRelation | None:
        if not adapter._schema_is_cached(database, schema):
            return search(adapter, database, schema, identifier)
        key = _ReferenceKey(*(name and name.lower() for name in (database, schema, identifier)))
        with adapter.cache.lock:
            kept = adapter.cache.relations.get(key)
        if kept is None:
            return None
        matches = adapter._make_match([kept.inner], database, schema, identifier)
        return matches[0] if matches else None

    BaseAdapter.get_relation = look_up  # type: ignore[method-assign]


def keep_empty_table() -> None:
    """Let every statement without a result have the same empty table: to make one takes dbt longer
    than most statements do, and tables do not change."""
    agate_helper.empty_table = cache(agate_helper.empty_table)


def leave_out_debug() -> None:
    """Spare dbt the wording of what no log takes: thousands of events a build.

    An event becomes a message of its protocol when somebody asks for it, not when it is made.
    """
    fire = EventManager.fire_event

    def note(event: BaseEvent, *args: Any, **kwargs: Any) -> None:
        event.__dict__["_said"] = (args, kwargs)

    def message_of(event: BaseEvent) -> Any:
        if "_worded" not in event.__dict__:
            args, kwargs = event.__dict__.pop("_said")
            _make_event(event, *args, **kwargs)
        return event.__dict__["_worded"]

    def keep(event: BaseEvent, message: Any) -> None:
        event.__dict__["_worded"] = message

    def fire_heard(manager: EventManager, event: BaseEvent, *args: Any, **kwargs: Any) -> None:
        level = kwargs.get("level") or (args[0] if args else None) or event.level_tag()
        is_heard = any(logger.level is EventLevel.DEBUG for logger in manager.loggers)
        if level is not EventLevel.DEBUG or is_heard:
            fire(manager, event, *args, **kwargs)

    EventManager.fire_event = fire_heard  # type: ignore[method-assign, assignment]
    BaseEvent.__init__ = note  # type: ignore[method-assign, assignment]
    BaseEvent.pb_msg = property(message_of, keep)


def keep_type_testers() -> None:
    """Let dbt tell the types of a result by testers that it has made before: to make one takes
    longer than most of the queries that it asks."""
    made = cache(agate_helper.build_type_tester)

    def kept(
        text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")
    ) -> Any:
        return made(tuple(sorted(text_columns)), tuple(string_null_values or ()))

    agate_helper.build_type_tester = kept
