"""Calling dbt: arguments, environment and the reading of its log, apart from any orchestrator.

dbt runs as a process of its own, so that its DuckDB handle is gone when it ends (one writing
process is all that the warehouse allows), and an engine that runs out of memory takes nothing else
with it. There are no `--vars`: what changes from run to run is data in `raw/_run/context.parquet`,
so dbt's partial parsing works from run to run.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestration.home import (
    DEFAULT_REPORTING_CURRENCY,
    PROJECT_DIR,
    Home,
    TieoutError,
)

AFTER_SEAL_TAG = "after_seal"
"""Models that show the sealed journal; they are built once the block of the run is sealed."""

_SOURCE_FOLDERS = ("models", "macros", "seeds", "tests/dbt")
_SOURCE_FILES = ("dbt_project.yml", "profiles.yml")
_SOURCE_SUFFIXES = {".sql", ".yml", ".csv", ".md"}


class Phase(Enum):
    """The two dbt builds of a run: everything that decides, then what shows the sealed journal."""

    BEFORE_SEAL = "before_seal"
    AFTER_SEAL = "after_seal"


@dataclass(frozen=True)
class Failure:
    """A dbt node that failed. `failing_rows` is None where dbt gives no count."""

    unique_id: str
    name: str
    resource_type: str
    path: str
    message: str
    failing_rows: int | None

    def describe(self) -> str:
        """What failed and where to look, in one or two lines."""
        if self.resource_type == "test" and self.failing_rows is not None:
            what = f"test {self.name}: {self.failing_rows} rows break it"
        else:
            what = f"{self.resource_type} {self.name}: {self.message}"
        return f"{what}\n    see {self.path}"


class DbtFailed(TieoutError):
    """A dbt call did not succeed: a test found rows, or a model could not be built."""

    def __init__(self, message: str, failures: Sequence[Failure] = ()) -> None:
        super().__init__(message)
        self.failures = tuple(failures)


def selection(phase: Phase, models: Sequence[str] = ()) -> list[str]:
    """Selection flags of a build.

    With `models` (a person rebuilds a part in Dagster), only those are built, with the tests that
    need nothing else; without, the whole phase. Unit tests prove code, not data: they belong to
    `make test`.
    """
    unit_tests = ["--exclude", "resource_type:unit_test"]
    if models:
        return ["--select", *models, "--indirect-selection", "cautious", *unit_tests]
    if phase is Phase.BEFORE_SEAL:
        return ["--exclude", f"tag:{AFTER_SEAL_TAG}", "resource_type:unit_test"]
    return ["--select", f"tag:{AFTER_SEAL_TAG}", *unit_tests]


def build_arguments(phase: Phase, models: Sequence[str] = ()) -> list[str]:
    """Arguments of `dbt build` for one phase of a run."""
    return ["build", *selection(phase, models)]


def command(arguments: Sequence[str], *, json_log: bool = False) -> list[str]:
    """A dbt command line of this Python environment."""
    log_format = ["--log-format", "json"] if json_log else []
    return [sys.executable, "-c", "from dbt.cli.main import cli; cli()", *log_format, *arguments]


def environment(home: Home, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment of a dbt call: where the home is, and where artifacts and logs go."""
    return {
        **(os.environ if base is None else base),
        "TIEOUT_HOME": str(home.root),
        "DBT_PROJECT_DIR": str(PROJECT_DIR),
        "DBT_PROFILES_DIR": str(PROJECT_DIR),
        "DBT_TARGET_PATH": str(home.target),
        "DBT_LOG_PATH": str(home.logs),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
        "PYTHONUNBUFFERED": "1",
    }


def stream(home: Home, arguments: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Run dbt and yield the events of its JSON log.

    Raises:
        DbtFailed: after the last event, when dbt's exit status is not 0.
    """
    home.create()
    failures: list[Failure] = []
    plain_lines: list[str] = []
    process = subprocess.Popen(
        command(arguments, json_log=True),
        cwd=PROJECT_DIR,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            event = parse_event(line)
            if event is None:
                plain_lines.append(line.rstrip())
                continue
            if event["info"].get("level") == "error" and not node_of(event):
                plain_lines.append(str(event["info"].get("msg", "")))
            failure = failure_of(event)
            if failure is not None:
                failures.append(failure)
            yield event
        status = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if status != 0:
        raise DbtFailed(describe_failures(arguments, failures, plain_lines, home.logs), failures)


def parse_event(line: str) -> dict[str, Any] | None:
    """An event of dbt's JSON log, or None for a line that is not one."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "info" in event and "data" in event else None


def node_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node that an event speaks of; empty where it speaks of none."""
    return event["data"].get("node_info") or {}


def finished_node(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The node whose end an event reports, if it reports one."""
    return node_of(event) if event["info"].get("name") == "NodeFinished" else None


def failure_of(event: Mapping[str, Any]) -> Failure | None:
    """The failure that an event reports, if it reports one."""
    node = finished_node(event)
    if node is None or node.get("node_status") not in {"error", "fail", "runtime error"}:
        return None
    result = event["data"].get("run_result") or {}
    count = result.get("num_failures")
    return Failure(
        unique_id=str(node.get("unique_id", "")),
        name=str(node.get("node_name", "")),
        resource_type=str(node.get("resource_type", "node")),
        path=str(node.get("node_path", "")),
        message=str(result.get("message") or "failed").strip(),
        failing_rows=int(count) if node.get("node_status") == "fail" and count else None,
    )


def describe_failures(
    arguments: Sequence[str], failures: Sequence[Failure], plain_lines: Sequence[str], logs: Path
) -> str:
    """The message of a failed dbt call, for a person."""
    if failures:
        listed = "\n".join(f"  - {failure.describe()}" for failure in failures)
        return (
            f"{len(failures)} of the checks and models failed, so nothing was sealed or "
            f"published:\n{listed}\n  The whole log: {logs / 'dbt.log'}"
        )
    said = "\n".join(f"  {line}" for line in plain_lines[-15:] if line) or "  (no output)"
    return f"dbt {' '.join(arguments)} failed:\n{said}\n  The whole log: {logs / 'dbt.log'}"


def nodes_to_build(manifest: Mapping[str, Any], phase: Phase) -> int:
    """How many seeds, models and data tests a phase builds, for the progress line."""
    count = 0
    for node in manifest["nodes"].values():
        if node["resource_type"] not in {"model", "seed", "test", "snapshot"}:
            continue
        if node["config"].get("enabled") is False:
            continue
        if node.get("config", {}).get("materialized") == "ephemeral":
            continue
        is_after = AFTER_SEAL_TAG in node["tags"] or any(
            AFTER_SEAL_TAG in manifest["nodes"].get(parent, {}).get("tags", [])
            for parent in node["depends_on"].get("nodes", [])
            if node["resource_type"] == "test"
        )
        count += is_after == (phase is Phase.AFTER_SEAL)
    return count


def code_fingerprint(project_dir: Path = PROJECT_DIR) -> str:
    """Hash of everything that decides what the warehouse holds, apart from the data.

    The dbt project's files, the versions of dbt and DuckDB (their files differ), and the reporting
    currency.
    """
    digest = hashlib.sha256()
    paths = [project_dir / name for name in _SOURCE_FILES]
    for folder in _SOURCE_FOLDERS:
        paths.extend(
            path
            for path in (project_dir / folder).rglob("*")
            if path.suffix in _SOURCE_SUFFIXES and path.is_file()
        )
    for path in sorted(path for path in paths if path.exists()):
        digest.update(path.relative_to(project_dir).as_posix().encode("utf-8") + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for package in ("dbt-core", "dbt-duckdb", "duckdb"):
        digest.update(f"{package}=={version(package)}".encode())
    currency = os.environ.get("TIEOUT_REPORTING_CURRENCY", DEFAULT_REPORTING_CURRENCY)
    digest.update(currency.upper().encode("utf-8"))
    return digest.hexdigest()
