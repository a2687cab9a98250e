"""dbt's threads take next what most is still to be built after."""

from __future__ import annotations

import time
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace
from typing import Any

import networkx  # type: ignore[import-untyped]
import pytest
from dbt.graph import UniqueId
from dbt.graph.queue import GraphQueue
from dbt.graph.thread_pool import DbtThreadPool
from dbt.node_types import NodeType
from dbt.task.runnable import GraphRunnableTask

from orchestration.dbt_order import USUAL_SECONDS, USUAL_SECONDS_OF_TEST, LongestWayFirst

WAITS_FOR = {
    "mart": ["first"],
    "test of first": ["first"],
    "second": ["first", "test of first"],
    "third": ["second"],
}


class Project:
    """As much of a manifest as the queue asks for."""

    def expect(self, node: str) -> Any:
        is_test = node.startswith("test")
        return SimpleNamespace(
            unique_id=node, resource_type=NodeType.Test if is_test else NodeType.Model
        )


def graph() -> networkx.DiGraph:
    return networkx.DiGraph([(a, node) for node, read in WAITS_FOR.items() for a in read])


def result_of(node: str, seconds: float) -> Any:
    return SimpleNamespace(node=Project().expect(node), execution_time=seconds)


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> LongestWayFirst:
    monkeypatch.setattr(GraphQueue, "_get_scores", GraphQueue._get_scores)  # is put back
    monkeypatch.setattr(GraphRunnableTask, "_handle_result", lambda task, result: None)
    monkeypatch.setattr(DbtThreadPool, "_setup_queues", ThreadPool._setup_queues)  # type: ignore[attr-defined]
    order = LongestWayFirst()
    order.install()
    return order


def test_a_way_is_as_long_as_all_that_waits_in_it(order: LongestWayFirst) -> None:
    ways = order.ways(graph(), Project())  # type: ignore[arg-type]

    assert ways["third"] == ways["mart"] == USUAL_SECONDS
    assert ways["test of first"] == pytest.approx(USUAL_SECONDS_OF_TEST + 2 * USUAL_SECONDS)
    assert ways["first"] == pytest.approx(USUAL_SECONDS_OF_TEST + 3 * USUAL_SECONDS)


def test_what_a_node_took_is_what_it_will_take(order: LongestWayFirst) -> None:
    for result in (result_of("mart", 2.5), result_of("third", 0.5), result_of("third", 0.0)):
        GraphRunnableTask._handle_result(SimpleNamespace(), result)  # type: ignore[arg-type]

    ways = order.ways(graph(), Project())  # type: ignore[arg-type]

    assert ways["mart"] == 2.5
    assert ways["third"] == 0.5  # what was skipped took nothing, and says nothing
    assert ways["first"] == pytest.approx(USUAL_SECONDS + 2.5)


def test_threads_take_the_longest_way_first(order: LongestWayFirst) -> None:
    order.note(result_of("mart", 0.05))
    queue = GraphQueue(graph(), Project(), set())  # type: ignore[arg-type]
    pool = DbtThreadPool(1, None, ())
    built: list[str] = []

    def work(runner: Any) -> str:
        node: str = runner.node.unique_id
        built.append(node)
        while node == "test of first" and not pool._inqueue.queue:  # type: ignore[attr-defined]
            time.sleep(0.001)  # what is ready, and leads nowhere, waits by now
        return node

    def end(node: str) -> None:
        time.sleep(0.002)  # the thread is free, and dbt has not said yet what the node lets begin
        queue.mark_done(UniqueId(node))

    # as dbt does it, which hands on whatever is ready
    while not queue.empty():
        node = queue.get()
        pool.apply_async(work, args=[SimpleNamespace(node=node)], callback=end)
    queue.join()
    pool.close()
    pool.join()

    assert built == ["first", "test of first", "second", "third", "mart"]


def test_what_is_no_node_of_the_graph_does_not_wait(order: LongestWayFirst) -> None:
    GraphQueue(graph(), Project(), set())  # type: ignore[arg-type]
    node, other = Project().expect("first"), SimpleNamespace(unique_id="asked for by a node")

    assert order.place((0, 0, None, [other], {})) < order.place((0, 0, None, [node], {}))
    assert order.place((0, 0, None, [node], {})) <= order.place(None)
