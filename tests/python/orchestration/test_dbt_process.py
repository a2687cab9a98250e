"""What the dbt process keeps from call to call is what dbt would make anew."""

from __future__ import annotations

from typing import Any

import pytest
from dbt.cli.main import dbtRunner
from dbt.compilation import Compiler

from orchestration import dbt_process, dbt_runs
from orchestration.home import Home


def test_a_build_walks_the_graph_that_dbt_would_make(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in dbt_runs.environment(home, {}).items():
        monkeypatch.setenv(name, value)
    made_by_dbt = Compiler.compile
    monkeypatch.setattr(Compiler, "compile", made_by_dbt)  # is put back
    manifest = dbt_process.load(dbt_runs.ensure_parse(home))
    kept = dbt_process.KeptGraph()
    kept.install()
    kept_compile = Compiler.compile
    seen = []

    def both(compiler: Compiler, *arguments: Any, **options: Any) -> Any:
        graph = kept_compile(compiler, *arguments, **options)
        seen.append((graph, made_by_dbt(compiler, *arguments, **options)))
        return graph

    monkeypatch.setattr(Compiler, "compile", both)
    for _ in range(2):
        dbtRunner(manifest=manifest).invoke(["--no-write-json", "build", "--select", "no_such"])
    (first, anew), (second, _) = seen
    assert set(first.graph.edges) == set(anew.graph.edges)
    assert set(first.graph.nodes) == set(anew.graph.nodes)
    assert first is second is kept.of(manifest)
