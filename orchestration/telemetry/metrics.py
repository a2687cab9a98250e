"""Metrics for Prometheus: a text file after every run, and a route that tells them at any time.

Both are read from what lies on disk, so a restart of whatever serves them loses nothing, and runs
of any process are seen. The file is for the textfile collector of node_exporter.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from orchestration.files import write_text
from orchestration.home import Home, TieoutError
from orchestration.telemetry import sources
from orchestration.telemetry.families import (
    BUILD_INFO,
    BUILD_INFO_HELP,
    FAMILIES,
    SOURCE_UP,
    SOURCE_UP_HELP,
    Family,
)

HOST = "127.0.0.1"
PORT = 9464
"""The port that OpenTelemetry's Prometheus exporters use."""


class HomeCollector(Collector):
    """Reads a home anew at each collection."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not read the home."""
        return []

    def collect(self) -> Iterator[Metric]:
        found = sources.read(self.home)
        families: dict[str, Metric] = {}
        for family in FAMILIES:
            metric = families.setdefault(family.name, _metric(family))
            for row in found[family.source] or []:
                value = row[family.column]
                if value is not None:
                    labels = [str(row[label]) for label in family.labels]
                    labels.extend(given for _, given in family.given)
                    metric.add_metric(labels, float(value))  # type: ignore[attr-defined]
        yield from families.values()
        up = GaugeMetricFamily(SOURCE_UP, SOURCE_UP_HELP, labels=["source"])
        for name in sources.names():
            up.add_metric([name], float(found[name] is not None))
        yield up
        info = GaugeMetricFamily(BUILD_INFO, BUILD_INFO_HELP, labels=["version"])
        info.add_metric([version("tieout")], 1)
        yield info


def _metric(family: Family) -> Metric:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    return kind(
        family.name, family.help, labels=[*family.labels, *(label for label, _ in family.given)]
    )


def registry(home: Home) -> CollectorRegistry:
    """A registry that holds the metrics of one home alone."""
    made = CollectorRegistry(auto_describe=False)
    made.register(HomeCollector(home))
    return made


def text(home: Home) -> str:
    """The metrics in Prometheus' text format."""
    return generate_latest(registry(home)).decode("utf-8")


def path_of(home: Home) -> Path:
    """Where the text file lies."""
    return home.root / "metrics" / "tieout.prom"


def write(home: Home) -> Path:
    """Write the text file, whole or not at all."""
    path = path_of(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text(home))
    return path


def serve(home: Home, host: str = HOST, port: int = PORT) -> tuple[WSGIServer, threading.Thread]:
    """Answer `/metrics` in a thread, until the server is shut down.

    Raises:
        TieoutError: when nothing can listen there.
    """
    try:
        return start_http_server(port, host, registry(home))
    except OSError as error:
        raise TieoutError(
            f"Metrics cannot be served on {host}:{port} ({error.strerror}). Choose another place "
            "with --host and --port, or stop what listens there."
        ) from error
