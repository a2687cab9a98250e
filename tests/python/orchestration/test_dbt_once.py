"""What dbt does once for all calls and nodes comes to what it would do anew."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.exceptions import ApproximateMatchError
from dbt.adapters.factory import FACTORY
from dbt.cli.main import dbtRunner
from dbt.clients.jinja import MacroStack
from dbt.compilation import Compiler
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.graph import Graph
from dbt.task import test as dbt_test
from dbt.task.run import ModelRunner
from dbt_common.events.event_manager import EventManager

from orchestration import dbt_once, dbt_process, dbt_runs
from orchestration.home import Home


@pytest.fixture(autouse=True)
def _called_over_the_home(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in dbt_runs.environment(home, {}).items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(("call", "models_wait_for_tests"), [("build", True), ("test", False)])
def test_a_call_walks_the_graph_that_dbt_would_make(
    call: str, models_wait_for_tests: bool, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by_dbt = Compiler.compile
    monkeypatch.setattr(Compiler, "compile", made_by_dbt)  # is put back
    monkeypatch.setattr(Graph, "get_subset_graph", Graph.get_subset_graph)
    manifest = dbt_process.load(dbt_runs.ensure_parse(home))
    kept = dbt_once.KeptGraph()
    kept.install()
    kept_compile = Compiler.compile
    seen = []

    def both(compiler: Compiler, *arguments: Any, **options: Any) -> Any:
        graph = kept_compile(compiler, *arguments, **options)
        seen.append((graph, made_by_dbt(compiler, *arguments, **options)))
        return graph

    monkeypatch.setattr(Compiler, "compile", both)
    for _ in range(2):
        dbtRunner(manifest=manifest).invoke(["--no-write-json", call, "--select", "no_such"])
    (first, anew), (second, _) = seen
    assert set(first.graph.edges) == set(anew.graph.edges)
    assert set(first.graph.nodes) == set(anew.graph.nodes)
    assert first is second is kept.of(manifest, models_wait_for_tests)


def test_what_is_selected_is_cut_out_once_and_a_call_cannot_change_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_by_dbt = Graph.get_subset_graph
    cuts = []

    def noted(graph: Graph, selected: Any) -> Graph:
        cuts.append(selected)
        return cut_by_dbt(graph, selected)

    monkeypatch.setattr(Compiler, "compile", Compiler.compile)  # is put back
    monkeypatch.setattr(Graph, "get_subset_graph", noted)
    kept = dbt_once.KeptGraph()
    kept.install()
    graph = kept.of(dbt_process.load(dbt_runs.ensure_parse(home)))
    selected = {node for node in graph.nodes() if node.startswith("model.tieout.fct_")}
    anew = cut_by_dbt(graph, selected)
    for _ in range(2):
        cut = graph.get_subset_graph(selected)
        assert set(cut.graph.edges) == set(anew.graph.edges)
        assert set(cut.graph.nodes) == selected
        cut.graph.clear()
    assert len(cuts) == 1
    assert graph.get_subset_graph(set(list(selected)[:2])).nodes() < selected
    other = Graph(graph.graph.copy())
    assert other.get_subset_graph(selected).nodes() == selected
    assert len(cuts) == 3


def test_sql_is_rendered_once_for_a_parse(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for patched, attribute in (
        (Compiler, "compile"),
        (Compiler, "_compile_code"),
        (EventManager, "fire_event"),
    ):
        monkeypatch.setattr(patched, attribute, getattr(patched, attribute))  # is put back
    rendered = []
    render = Compiler._compile_code

    def noted(compiler: Compiler, node: Any, *arguments: Any) -> Any:
        rendered.append(node.unique_id)
        return render(compiler, node, *arguments)

    monkeypatch.setattr(Compiler, "_compile_code", noted)
    parsed = home.root / "parse"
    shutil.copytree(dbt_runs.ensure_parse(home), parsed)
    (parsed / dbt_once.RENDERED).unlink(missing_ok=True)
    compiled = home.target / "compiled/tieout/models/staging/bank/stg_bank__accounts.sql"
    model = "model.tieout.stg_bank__accounts"
    call = ["--quiet", "compile", "--select", "stg_bank__accounts"]

    for arguments, times in (
        (["--no-write-json", *call], 1),
        (["--no-write-json", *call], 1),
        ([*call, "--empty"], 2),
        # what only looks like a run's call: it leaves nothing for the next
        (["--no-write-json", *call, "--empty"], 3),
        (["--no-write-json", *call], 3),
    ):
        # a process of its own each: what the one has rendered is there for the next
        monkeypatch.setattr(Compiler, "_compile_code", noted)
        compiled.unlink(missing_ok=True)
        result = dbt_process.Calls().make(str(parsed), arguments)
        assert result is not None and result.success, result
        assert rendered.count(model) == times, arguments
        sql = compiled.read_text(encoding="utf-8")
        assert ("limit 0" in sql) == ("--empty" in arguments)
        assert "bank_accounts" in sql


def test_a_node_finds_the_macros_that_dbt_would_sort_for_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_anew = MacroNamespaceBuilder.build_namespace
    for patched, attribute in (
        (MacroNamespaceBuilder, "build_namespace"),
        (ModelRunner, "execute"),
        (dbt_test.TestRunner, "execute_data_test"),
    ):
        monkeypatch.setattr(patched, attribute, getattr(patched, attribute))  # is put back
    manifest = dbt_process.load(dbt_runs.ensure_parse(home))
    macros = manifest.get_macros_by_package()
    seen = []

    def execute(node: Any, package: str, stack: MacroStack) -> Any:
        def build(by: Any, context: dict[str, Any]) -> Any:
            builder = MacroNamespaceBuilder("tieout", package, stack, ["dbt_duckdb", "dbt"], node)
            return by(builder, macros, context)

        context: dict[str, Any] = {"of": node}
        found = build(MacroNamespaceBuilder.build_namespace, context)
        called = build(MacroNamespaceBuilder.build_namespace, {"of": "what the node calls"})
        anew = build(build_anew, context)
        assert names(found) == names(called) == names(anew)
        assert len(found) == len(anew) > 500
        for made in (
            found["is_run"],
            found["dbt"]["statement"],
            found.get_from_package("dbt", "run_query"),
        ):
            assert (made.context, made.node, made.stack) == (context, node, stack)
        for where, name in ((None, "is_run"), ("tieout", "is_run"), ("dbt", "no_such")):
            made, expected = (n.get_from_package(where, name) for n in (found, anew))
            assert made is expected or made.macro is expected.macro
        assert called["is_run"].context == {"of": "what the node calls"}
        seen.append(found)

    def names(members: Any) -> dict[str, Any]:
        return {
            name: names(made) if hasattr(made, "items") else made.macro.unique_id
            for name, made in members.items()
        }

    monkeypatch.setattr(ModelRunner, "execute", execute)
    kept = dbt_once.KeptMacros()
    kept.install()
    run: Any = ModelRunner.execute
    run("first", "tieout", MacroStack())
    kept.open(manifest)
    for node, package in (("second", "tieout"), ("third", "dbt"), ("fourth", "tieout")):
        run(node, package, MacroStack())
    with ThreadPoolExecutor(1) as aside:
        aside.submit(run, "fifth", "tieout", MacroStack()).result()
    first, second, third, fourth, fifth = seen
    assert second is fourth, "made once for a thread"
    assert len({id(found) for found in seen}) == 4
    assert isinstance(first, MacroNamespace), "of a manifest that may still grow"
    assert second["is_run"].node == "fourth"
    assert third["is_run"] is not second["is_run"] is not fifth["is_run"]


def test_a_relation_is_looked_up_as_dbt_would_search_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = BaseAdapter.get_relation
    monkeypatch.setattr(BaseAdapter, "get_relation", search)  # is put back
    manifest = dbt_process.load(dbt_runs.ensure_parse(home))
    call = ["--quiet", "--no-write-json", "compile", "--select", "stg_bank__accounts"]
    dbtRunner(manifest=manifest).invoke(call)
    adapter: Any = FACTORY.adapters["duckdb"]
    for schema, table in (("marts", "fct_items"), ("marts", "Mixed"), ("staging", "fct_items")):
        relation = adapter.Relation.create(database="w", schema=schema, identifier=table)
        adapter.cache.add(relation)
    adapter.cache.update_schemas([("w", "marts"), ("w", "staging")])
    dbt_once.look_relations_up()

    def found(by: Any, wanted: tuple[str, str, str]) -> Any:
        try:
            return by(adapter, *wanted)
        except ApproximateMatchError as error:
            return str(error)

    for wanted in (
        ("w", "marts", "fct_items"),
        ("w", "staging", "fct_items"),
        ("w", "marts", "FCT_ITEMS"),
        ("w", "marts", "mixed"),
        ("W", "Marts", "Mixed"),
        ("w", "marts", "none"),
        ("w", "staging", "mixed"),
    ):
        assert found(BaseAdapter.get_relation, wanted) == found(search, wanted), wanted
    assert adapter.get_relation("w", "marts", "fct_items") is not None
