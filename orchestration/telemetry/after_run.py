"""At the end of every run, also a failed one: what it tells to the outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestration.home import Home
from orchestration.run_records import NodeRecord, RunRecord
from orchestration.telemetry import logs, metrics, traces


def tell(home: Home, record: RunRecord, nodes: Sequence[NodeRecord]) -> None:
    """Write the metrics and send the trace. No run is stopped because nobody can be told of it."""
    _try(home, "metrics", record, lambda: metrics.write(home))
    if traces.is_wanted():
        _try(home, "trace", record, lambda: traces.export(record, nodes))


def _try(home: Home, what: str, record: RunRecord, act: Callable[[], object]) -> None:
    try:
        act()
    except Exception as error:
        reason = str(error) if isinstance(error, traces.NotExported) else type(error).__name__
        logs.write(
            home,
            "telemetry_failed",
            level="warning",
            run=record.name,
            run_id=record.run_id,
            what=what,
            reason=reason,
        )
