"""What dbt does again for each call and each node, done once.

Each of these replaces a function of dbt in this process, and comes to what dbt would come to
(`test_dbt_once.py` compares them). dbt is pinned exactly.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from typing import Any

from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.base.relation import BaseRelation
from dbt.adapters.reference_keys import _ReferenceKey
from dbt.clients.jinja import MacroStack
from dbt.compilation import Compiler, Linker
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import Macro, ManifestSQLNode
from dbt.flags import get_flags
from dbt.graph import Graph, UniqueId
from dbt.node_types import NodeType
from dbt.task.run import ModelRunner
from dbt.task.test import TestRunner
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
    for tests in each call: more than a second, with nothing new to say. Then it cuts out what is
    selected, which a run selects as the run before.
    """

    def __init__(self) -> None:
        self._manifest: Manifest | None = None
        self._graphs: dict[bool, Graph] = {}
        self._cuts: dict[tuple[int, frozenset[UniqueId]], Graph] = {}

    def of(self, manifest: Manifest, models_wait_for_tests: bool = True) -> Graph:
        """The graph as `Compiler.compile` makes it; dbt copies it before it cuts it."""
        if manifest is not self._manifest:
            self._manifest, self._graphs, self._cuts = manifest, {}, {}
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
        cut_anew = Graph.get_subset_graph

        def cut_once(graph: Graph, selected: Iterable[UniqueId]) -> Graph:
            if all(graph is not kept for kept in self._graphs.values()):
                return cut_anew(graph, selected)
            key = (id(graph), frozenset(selected))
            if key not in self._cuts:
                self._cuts[key] = cut_anew(graph, key[1])
            # a call takes out of it what is done
            return Graph(self._cuts[key].graph.copy())

        Graph.get_subset_graph = cut_once  # type: ignore[method-assign, assignment]


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


class KeptMacros:
    """The macros that a node finds, made once for a thread and given to one node after the other.

    For each node dbt makes twelve hundred callables, sorts them into dictionaries, and asks five of
    these for each name: a fifth of what it does for a node that has little to do.
    """

    def __init__(self) -> None:
        self._macros: Mapping[str, Mapping[str, Macro]] | None = None
        self._here = _OfThread()

    def open(self, manifest: Manifest) -> None:
        """From now on keep the macros of a manifest, which has all that it will have."""
        self._macros, self._here = manifest.get_macros_by_package(), _OfThread()

    def install(self) -> None:
        """Let dbt use it in this process, for what models and data tests are built with."""
        build_anew = MacroNamespaceBuilder.build_namespace

        def build_kept(
            builder: MacroNamespaceBuilder,
            macros_by_package: dict[str, dict[str, Macro]],
            ctx: dict[str, Any],
        ) -> Any:
            here = self._here
            if not here.is_wanted or macros_by_package is not self._macros:
                return build_anew(builder, macros_by_package, ctx)
            here.is_wanted = False  # what the node calls of dbt may build its own
            key = (builder.root_package, builder.search_package)
            kept = here.kept.get(key)
            if kept is None:
                kept = here.kept[key] = _Found(build_anew(builder, macros_by_package, ctx))
            else:
                kept.give_to(ctx, builder.node, builder.thread_ctx)
            return kept

        MacroNamespaceBuilder.build_namespace = build_kept  # type: ignore[method-assign, assignment]
        ModelRunner.execute = self._wanted_in(ModelRunner.execute)  # type: ignore[method-assign]
        TestRunner.execute_data_test = self._wanted_in(  # type: ignore[method-assign]
            TestRunner.execute_data_test
        )

    def _wanted_in(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        """Of one node at a time: nothing asks for its macros once it has been executed."""

        @wraps(execute)
        def execute_with_kept(*args: Any, **kwargs: Any) -> Any:
            here = self._here
            here.is_wanted = True
            try:
                return execute(*args, **kwargs)
            finally:
                here.is_wanted = False

        return execute_with_kept


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.is_wanted = False
        self.kept: dict[tuple[str, str], _Found] = {}


class _Found(dict[str, Any]):
    """What a namespace of dbt finds, by name."""

    def __init__(self, namespace: MacroNamespace) -> None:
        super().__init__({name: namespace[name] for name in namespace})
        self.get_from_package = namespace.get_from_package
        parts = (namespace.global_project_namespace, *namespace.packages.values())
        self._made = [generator for part in parts for generator in part.values()]

    def give_to(self, ctx: dict[str, Any], node: Any, stack: MacroStack) -> None:
        """Let the macros be called for a node."""
        for generator in self._made:
            generator.context = ctx
            generator.node = node
            generator.stack = stack


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
