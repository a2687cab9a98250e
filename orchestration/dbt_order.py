"""In which order dbt builds what waits for nothing: the longest way to the end first.

dbt hands nodes to its threads in the order in which they become ready, tests and marts that nobody
waits for among the first. A run's waves wait for each other one after the other, so what does not
lead to the next one fills the gaps beside it: otherwise threads are idle at the end, one seventh of
a small run.
"""

from __future__ import annotations

import threading
import time
from queue import PriorityQueue
from typing import Any

import networkx  # type: ignore[import-untyped]
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.results import RunResult
from dbt.graph.queue import GraphQueue
from dbt.graph.thread_pool import DbtThreadPool
from dbt.node_types import NodeType
from dbt.task.runnable import GraphRunnableTask

USUAL_SECONDS = 0.1
"""What a node takes that this process has not built before."""

USUAL_SECONDS_OF_TEST = 0.03

GLANCE_SECONDS, MOST_GLANCES = 0.0005, 20
"""How a thread that has ended a node looks whether dbt has said what is ready now."""

FIRST = (0, 0.0)
LAST = (2, 0.0)


class LongestWayFirst:
    """Tells what to build next by how long nodes took when this process last built them.

    The order follows from no data and changes none: a node still waits for all that it reads, and
    for their tests.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._ways: dict[str, float] = {}
        self._queue: GraphQueue | None = None

    def ways(self, graph: networkx.DiGraph, manifest: Manifest) -> dict[str, float]:
        """Of each node the seconds of the longest way that begins with it."""
        ways: dict[str, float] = {}
        for node in reversed(list(networkx.topological_sort(graph))):
            rest = max((ways[after] for after in graph.successors(node)), default=0.0)
            ways[node] = self._seconds_of(node, manifest) + rest
        return ways

    def note(self, result: RunResult) -> None:
        """Keep how long a node took, unless it was skipped."""
        if result.execution_time:
            self._seconds[result.node.unique_id] = result.execution_time

    def place(self, task: Any) -> tuple[int, float]:
        """When a thread takes a task of its pool: the lowest first. The end comes last, and what
        is no node of the graph at once, for a node may wait for it."""
        if task is None:
            return LAST
        runner_or_node = task[3][0] if task[3] else None
        node = getattr(runner_or_node, "node", runner_or_node)
        way = self._ways.get(getattr(node, "unique_id", ""))
        return FIRST if way is None else (1, -way)

    def is_handed_on(self, known: int) -> bool:
        """Whether all nodes that are ready are among those that wait for a thread or have one."""
        queue = self._queue
        return queue is None or (queue.inner.empty() and len(queue.in_progress) <= known)

    def install(self) -> None:
        """Let dbt build in this order in this process."""
        handle = GraphRunnableTask._handle_result

        def score(queue: GraphQueue, graph: networkx.DiGraph) -> dict[str, float]:
            self._queue, self._ways = queue, self.ways(graph, queue.manifest)
            return {node: -way for node, way in self._ways.items()}

        def handle_noted(task: GraphRunnableTask, result: RunResult) -> None:
            self.note(result)
            handle(task, result)

        def set_queues_up(pool: DbtThreadPool) -> None:
            super(DbtThreadPool, pool)._setup_queues()  # type: ignore[misc]
            pool._inqueue = _Waiting(self)  # type: ignore[attr-defined]
            pool._quick_put = pool._inqueue.put  # type: ignore[attr-defined]

        GraphQueue._get_scores = score  # type: ignore[method-assign, assignment]
        GraphRunnableTask._handle_result = handle_noted  # type: ignore[method-assign, assignment]
        DbtThreadPool._setup_queues = set_queues_up  # type: ignore[attr-defined]

    def _seconds_of(self, node: str, manifest: Manifest) -> float:
        is_test = manifest.expect(node).resource_type is NodeType.Test
        return self._seconds.get(node, USUAL_SECONDS_OF_TEST if is_test else USUAL_SECONDS)


class _Waiting(PriorityQueue[Any]):
    """The tasks of a pool of threads."""

    def __init__(self, order: LongestWayFirst) -> None:
        super().__init__()
        self._order = order
        self._count = 0
        self._working: set[int] = set()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """The next task, once dbt has handed on all that waited for what has ended."""
        self._working.discard(threading.get_ident())
        if block:
            with self.not_empty:
                self.not_empty.wait_for(self._qsize, timeout)
            for _ in range(MOST_GLANCES):
                if self._order.is_handed_on(len(self.queue) + len(self._working)):
                    break
                time.sleep(GLANCE_SECONDS)
        return super().get(block, timeout)

    def _put(self, item: Any) -> None:
        self._count += 1
        super()._put((self._order.place(item), self._count, item))

    def _get(self) -> Any:
        self._working.add(threading.get_ident())
        return super()._get()[2]
