"""A run as an OpenTelemetry trace: its steps as spans, and in them the dbt nodes.

Spans are made once the run has ended, from the times that it noted, and sent in one request, so
that a run neither waits for a collector nor depends on one. The standard variables say where to
(`OTEL_EXPORTER_OTLP_ENDPOINT`, `…_HEADERS`, `OTEL_SERVICE_NAME`, …); without an endpoint nothing
is made. The trace of a run that was killed is sent by the next one: its steps, without dbt nodes.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from orchestration.telemetry.ids import span_id_of, trace_id_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from orchestration.run_records import NodeRecord, RunRecord, StepRecord

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
TIMEOUT_SECONDS = 3.0
"""For the whole export, where no variable says so: a run ends this much later at most."""


LONGEST_SECONDS = 10.0
"""Also where a variable says more, such as the milliseconds that other languages take."""


class NotExported(Exception):
    """The spans of a run did not reach the collector."""


def is_wanted(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the environment names a collector, and does not switch tracing off."""
    environment = os.environ if environment is None else environment
    is_off = (
        environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
        or environment.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none"
    )
    return not is_off and any(environment.get(name, "").strip() for name in ENDPOINTS)


def export(record: RunRecord, nodes: Sequence[NodeRecord]) -> None:
    """Send the trace of a run that has ended.

    Raises:
        NotExported: when it did not arrive in time; the message says why, without addresses.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult

    # what it says names the collector's address; that it failed is in the log
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
    given = next((os.environ[name] for name in TIMEOUTS if os.environ.get(name, "").strip()), "")
    timeout = min(float(given) if given else TIMEOUT_SECONDS, LONGEST_SECONDS)
    made = list(spans(record, nodes))
    answers: list[Any] = []

    def send() -> None:
        exporter = OTLPSpanExporter(timeout=timeout)
        answers.append(exporter.export(made))
        exporter.shutdown()

    # a name that resolves slowly is not covered by the exporter's own limit
    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    sending.join(timeout)
    if sending.is_alive():
        raise NotExported(f"the collector did not answer within {timeout:g} s")
    if answers != [SpanExportResult.SUCCESS]:
        raise NotExported("the collector did not take the spans")


def spans(record: RunRecord, nodes: Sequence[NodeRecord]) -> Iterator[ReadableSpan]:
    """The run first, then each step, and below it the dbt nodes that were built in it."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    trace_id = record.trace_id or trace_id_of(record.name)
    service = os.environ.get("OTEL_SERVICE_NAME", "").strip() or "tieout"
    resource = Resource.create({"service.name": service, "service.version": version("tieout")})
    scope = InstrumentationScope("tieout", version("tieout"))

    def context(*parts: str) -> SpanContext:
        span_id = int(span_id_of(record.name, *parts), 16)
        flags = TraceFlags(TraceFlags.SAMPLED)
        return SpanContext(int(trace_id, 16), span_id, is_remote=False, trace_flags=flags)

    def span(
        name: str,
        own: SpanContext,
        parent: SpanContext | None,
        started_at: datetime,
        ended_at: datetime,
        error: str | None,
        attributes: Mapping[str, Any],
    ) -> ReadableSpan:
        status = Status(StatusCode.OK) if error is None else Status(StatusCode.ERROR, error)
        return ReadableSpan(
            name,
            context=own,
            parent=parent,
            resource=resource,
            attributes={key: value for key, value in attributes.items() if value is not None},
            kind=SpanKind.INTERNAL,
            instrumentation_scope=scope,
            status=status,
            start_time=_nanoseconds(started_at),
            end_time=_nanoseconds(ended_at),
        )

    ended_at = record.ended_at or record.started_at
    failed = record.outcome in ("failed", "interrupted", "stopped")
    run = context("run")
    yield span(
        "run",
        run,
        None,
        record.started_at,
        ended_at,
        record.error or record.outcome if failed else None,
        {
            "tieout.run.id": record.run_id,
            "tieout.run.record": record.name,
            "tieout.run.outcome": record.outcome,
            "tieout.run.trigger": record.trigger,
            "tieout.run.as_of": record.as_of.isoformat() + "Z" if record.as_of else None,
            "tieout.rows.read": _sum(record.steps, "rows_read"),
            "tieout.failures": [failure.name for failure in record.failures] or None,
        },
    )
    for number, step in enumerate(record.steps):
        own = context("step", str(number))
        is_last = number == len(record.steps) - 1
        until = _end_of(step, ended_at)
        yield span(
            step.name,
            own,
            run,
            step.started_at,
            until,
            record.error or record.outcome if failed and is_last else None,
            {f"tieout.{name}": count for name, count in step.counts.items()},
        )
        for node in nodes:
            if node.step == number:
                yield span(
                    f"{node.resource_type} {node.name}",
                    context("node", str(number), node.unique_id),
                    own,
                    node.started_at,
                    node.ended_at,
                    node.status if node.has_failed else None,
                    {
                        "dbt.node.id": node.unique_id,
                        "dbt.node.type": node.resource_type,
                        "dbt.node.status": node.status,
                        "dbt.test.failing_rows": node.failing_rows,
                    },
                )


def _end_of(step: StepRecord, run_ended_at: datetime) -> datetime:
    if step.seconds is None:
        return run_ended_at
    return step.started_at + timedelta(seconds=step.seconds)


def _sum(steps: Sequence[StepRecord], name: str) -> int | None:
    found = [step.counts[name] for step in steps if name in step.counts]
    return sum(found) if found else None


def _nanoseconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1_000_000) * 1000
