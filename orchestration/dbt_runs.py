"""Calling dbt: arguments, environment and the reading of its log, apart from any orchestrator.

dbt runs in a process of its own (`dbt_process.py`), so that an engine that runs out of memory takes
nothing else with it. There are no `--vars`: what changes from run to run is data in
`raw/_run/context.parquet`, so dbt's partial parsing works from run to run.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from orchestration.files import write_text
from orchestration.home import (
    DEFAULT_REPORTING_CURRENCY,
    PROJECT_DIR,
    Home,
    TieoutError,
)

AFTER_SEAL_TAG = "after_seal"
"""Models that show the sealed journal; they are built once the block of the run is sealed."""

TRAINING_TAG = "training"
"""Models that only a training needs; runs leave them out."""

ON_RELEASE = "config.meta.tested:on_release"
"""Data tests of what follows from the code alone: macros, and keys inside staging and the cascade.
Like unit tests, they belong to `make test`, which runs them on whole companies."""

CALL_ENDED = "call_ended"
"""Key of the line that ends the log of a call; its value says whether the call succeeded."""

LARGEST_LOG = 10_000_000
"""Bytes of `dbt.log` from which the next process starts a new one and keeps the old as `.1`."""

SHOWN_ROWS = 3
"""Rows of a failed test that its message shows; they are read for the first failures only."""

SHOWN_FAILURES = 5

LONGEST_ROW = 300
"""Characters of a row in a message."""

_RESULT_EVENTS = {"LogModelResult", "LogSeedResult", "LogSnapshotResult", "LogTestResult"}
_SOURCE_FOLDERS = ("models", "macros", "seeds", "tests/dbt")
_SOURCE_FILES = ("dbt_project.yml", "profiles.yml")
_SOURCE_SUFFIXES = {".sql", ".yml", ".csv", ".md"}


class Phase(Enum):
    """The two dbt builds of a run: everything that decides, then what shows the sealed journal."""

    BEFORE_SEAL = "before_seal"
    AFTER_SEAL = "after_seal"


@dataclass
class Failure:
    """A dbt node that failed. `failing_rows` is None where dbt gives no count.

    `path` is the source file and `query` the compiled SQL; both may be empty. `rows` are the first
    that break a test.
    """

    unique_id: str
    name: str
    resource_type: str
    path: str = ""
    query: str = ""
    message: str = ""
    failing_rows: int | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)

    def describe(self) -> str:
        """What failed and where to look, a line each."""
        if self.failing_rows is not None:
            rows = "row breaks" if self.failing_rows == 1 else "rows break"
            lines = [f"{self.resource_type} {self.name}: {self.failing_rows} {rows} it"]
        else:
            lines = [f"{self.resource_type} {self.name}: {self.message or 'failed'}"]
        lines.extend(describe_row(row) for row in self.rows)
        if self.failing_rows is not None and self.failing_rows > len(self.rows) > 0:
            lines.append(f"... and {self.failing_rows - len(self.rows)} more")
        if self.path:
            lines.append(f"guarded or built by {self.path}")
        if self.query:
            lines.append(f"the query that finds it: {self.query}")
        return "\n      ".join(lines)


class DbtFailed(TieoutError):
    """A dbt call did not succeed: a test found rows, or a model could not be built."""

    def __init__(self, message: str, failures: Sequence[Failure] = ()) -> None:
        super().__init__(message)
        self.failures = tuple(failures)


def describe_row(row: Mapping[str, Any]) -> str:
    """A row that breaks a test, in one line: what the test says of it, then what it holds."""
    told = "; ".join(
        f"{name} {value:f}" if isinstance(value, Decimal) else f"{name} {value}"
        for name, value in row.items()
        if name != "failure" and value is not None
    )
    if len(told) > LONGEST_ROW:
        told = told[:LONGEST_ROW] + " ..."
    failure = row.get("failure")
    return f"{failure}: {told}" if failure else told


def selection(phase: Phase, models: Sequence[str] = ()) -> list[str]:
    """Selection flags of a build.

    With `models` (a person rebuilds a part in Dagster), only those are built, with the tests that
    need nothing else; without, the whole phase. What proves code, not data, belongs to `make test`.
    """
    code_tests = [ON_RELEASE, "resource_type:unit_test"]
    if models:
        return ["--select", *models, "--indirect-selection", "cautious", "--exclude", *code_tests]
    if phase is Phase.BEFORE_SEAL:
        return ["--exclude", f"tag:{AFTER_SEAL_TAG}", f"tag:{TRAINING_TAG}", *code_tests]
    return ["--select", f"tag:{AFTER_SEAL_TAG}", "--exclude", *code_tests]


def build_arguments(phase: Phase, models: Sequence[str] = ()) -> list[str]:
    """Arguments of `dbt build` for one phase of a run.

    The manifest is there already (`ensure_manifest`); writing it again would take seconds.
    """
    return ["--no-write-json", "build", *selection(phase, models)]


def training_arguments() -> list[str]:
    """Arguments of the `dbt build` before a training: what it learns from, and all below it."""
    return [
        "build",
        "--select",
        f"+tag:{TRAINING_TAG}",
        "+int_pairs__compared",
        "--exclude",
        "resource_type:test",
        "resource_type:unit_test",
    ]


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
        # Its output becomes the log; what dbt writes twice costs seconds.
        "DBT_LOG_LEVEL_FILE": "none",
        "PYTHONUNBUFFERED": "1",
    }


class Dbt:
    """A dbt process over a home: it loads dbt from now on, and makes one call after the other."""

    def __init__(self, home: Home) -> None:
        home.create()
        self.home = home
        self.log = home.logs / "dbt.log"
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "orchestration.dbt_process"],
            cwd=PROJECT_DIR,
            env=environment(self.home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def stream(self, arguments: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Make one call and yield the events of its JSON log.

        Raises:
            DbtFailed: after the last event, when the call did not succeed.
        """
        if self._process.poll() is not None:
            self._process = self._start()
        assert self._process.stdin is not None
        failures: dict[str, Failure] = {}
        plain_lines: list[str] = []
        succeeded: bool | None = None
        try:
            self._process.stdin.write(json.dumps(["--log-format", "json", *arguments]) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it ended while it loaded dbt, and said why
        try:
            for line in self._said():
                said = parse_line(line)
                if CALL_ENDED in said:
                    succeeded = said[CALL_ENDED]
                    break
                if not is_event(said):
                    plain_lines.append(line.rstrip())
                    continue
                if said["info"].get("level") == "error" and not node_of(said):
                    plain_lines.append(str(said["info"].get("msg", "")))
                note_failure(failures, said)
                yield said
        finally:
            if succeeded is None:
                self.close()
        if succeeded is None:
            plain_lines.append(f"the dbt process ended: exit status {self._process.returncode}")
        if not succeeded:
            found = list(failures.values())
            read_failing_rows(self.home, found)
            raise DbtFailed(describe_failures(arguments, found, plain_lines, self.log), found)

    def _said(self) -> Iterator[str]:
        """What the process writes, line by line, as it goes into the log."""
        assert self._process.stdout is not None
        with open(self.log, "a", encoding="utf-8", buffering=1) as log:
            for line in self._process.stdout:
                log.write(line)
                yield line

    def close(self) -> None:
        """End the process; a call that is under way is broken off."""
        if self._process.poll() is None:
            self._process.terminate()
        with suppress(BrokenPipeError), self._process:  # closes both pipes and waits
            pass


_kept: list[Dbt] = []


@contextmanager
def kept_open(home: Home) -> Iterator[None]:
    """Around several calls over a home: one process serves them all, and loads dbt meanwhile."""
    dbt = Dbt(home)
    _kept.append(dbt)
    try:
        yield
    finally:
        _kept.remove(dbt)
        dbt.close()


def stream(home: Home, arguments: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Run dbt and yield the events of its JSON log.

    Raises:
        DbtFailed: after the last event, when the call did not succeed.
    """
    for dbt in _kept:
        if dbt.home == home:
            yield from dbt.stream(arguments)
            return
    with kept_open(home):
        yield from _kept[-1].stream(arguments)


def parse_line(line: str) -> dict[str, Any]:
    """What a line of dbt's JSON log holds; nothing where the line is not part of the log."""
    try:
        parsed = json.loads(line)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def is_event(parsed: Mapping[str, Any]) -> bool:
    """Whether a parsed line is an event of dbt's."""
    return "info" in parsed and "data" in parsed


def node_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node that an event speaks of; empty where it speaks of none."""
    return event["data"].get("node_info") or {}


def progress_of(event: Mapping[str, Any]) -> int | None:
    """How many nodes this build has in all, when the event reports that one has ended."""
    if event["info"].get("name") not in _RESULT_EVENTS:
        return None
    data = event["data"]
    return int(data.get("total") or data.get("num_models") or 0)


def note_failure(failures: dict[str, Failure], event: Mapping[str, Any]) -> None:
    """Add to `failures`, by unique id, what an event says about a node that failed.

    dbt tells it in parts: the result, then at the end of the run the message and the file.
    """
    node, data, name = node_of(event), event["data"], event["info"].get("name")
    unique_id = str(node.get("unique_id", ""))
    if not unique_id:
        return
    if event["info"].get("level") == "error":
        failures.setdefault(
            unique_id,
            Failure(unique_id, str(node.get("node_name")), str(node.get("resource_type"))),
        )
    failure = failures.get(unique_id)
    if failure is None:
        return
    if name == "LogTestResult" and data.get("num_failures"):
        failure.failing_rows = int(data["num_failures"])
    elif name == "RunResultFailure":
        failure.path = str(data.get("path", ""))
    elif name == "RunResultError":
        failure.message = " ".join(str(data.get("msg", "")).split())
    elif name == "SQLCompiledPath":
        failure.query = str(data.get("path", ""))


def read_failing_rows(home: Home, failures: Sequence[Failure]) -> None:
    """Put into the first failed tests the first rows that break them, where these can be read.

    A message is worth no second failure: what cannot be read is left out.
    """
    broken = [failure for failure in failures if failure.failing_rows and failure.query]
    if not broken or not home.warehouse.exists():
        return
    try:
        with duckdb.connect(str(home.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            for failure in broken[:SHOWN_FAILURES]:
                query = (PROJECT_DIR / failure.query).read_text(encoding="utf-8")
                cursor = connection.execute(
                    f"select * from ({query}\n) as failing order by all limit {SHOWN_ROWS}"
                )
                names = [description[0] for description in cursor.description or []]
                failure.rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except (duckdb.Error, OSError):
        return


def describe_failures(
    arguments: Sequence[str], failures: Sequence[Failure], plain_lines: Sequence[str], log: Path
) -> str:
    """The message of a failed dbt call, for a person."""
    if failures:
        listed = "\n".join(f"  - {failure.describe()}" for failure in failures)
        return (
            "The run stopped and publishes nothing, because what it built does not hold "
            f"({len(failures)} failed):\n{listed}\n"
            f"  The whole log: {log}"
        )
    said = "\n".join(f"  {line}" for line in plain_lines[-15:] if line) or "  (no output)"
    return f"dbt {' '.join(arguments)} failed:\n{said}\n  The whole log: {log}"


def ensure_manifest(home: Home) -> None:
    """Parse the project unless `manifest.json` was made from this code at this place.

    Raises:
        DbtFailed: when the project does not parse.
    """
    manifest = home.target / "manifest.json"
    parsed = home.target / "manifest.fingerprint"
    kept = parsed.read_text(encoding="utf-8") if parsed.exists() else ""
    place = f"{PROJECT_DIR}\n"
    fingerprint = place + code_fingerprint()
    if manifest.exists() and kept == fingerprint:
        return
    if not kept.startswith(place):
        # dbt keeps the paths of seeds in its parse, and does not see that the project has moved
        (home.target / "partial_parse.msgpack").unlink(missing_ok=True)
    for _ in stream(home, ["parse"]):
        pass
    write_text(parsed, fingerprint)


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
