"""Calling dbt: arguments, environment and the reading of its log, apart from any orchestrator.

dbt runs in a process of its own (`dbt_process.py`), so that an engine that runs out of memory takes
nothing else with it. There are no `--vars`: what changes from run to run is data in
`raw/_run/context.parquet`, so one parse of the project (`parsed.py`) serves all runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import duckdb

from orchestration import parsed
from orchestration.home import PROJECT_DIR, Home, TieoutError
from orchestration.personal_data import without_personal_data

AFTER_SEAL_TAG = "after_seal"
"""Models that show the sealed journal; they are built once the block of the run is sealed."""

TRAINING_TAG = "training"
"""Models that only a training needs; runs leave them out."""

ON_RELEASE = "config.meta.tested:on_release"
"""Data tests of what follows from the code alone: macros, and keys inside staging and the cascade.
Like unit tests, they belong to `make test`, which runs them on whole companies."""

CALL_ENDED = "call_ended"
"""Key of the line that ends the log of a call; its value says whether the call succeeded."""

STATEMENTS = "statements"
"""Key of a call that executes SQL in the warehouse which an earlier one left open."""

PUBLICATIONS = "publications"
"""Key of a call that lets publications show the marts of that warehouse."""

PARSE = "parse"
"""The call that reads the project; all others start from what it left."""

LARGEST_LOG = 10_000_000
"""Bytes of `dbt.log` from which the next call starts a new one and keeps the old as `.1`."""

SHOWN_ROWS = 3
"""Rows of a failed test that its message shows; they are read for the first failures only."""

SHOWN_FAILURES = 5

LONGEST_ROW = 300
"""Characters of a row in a message."""

RESULT_EVENTS = {"LogModelResult", "LogSeedResult", "LogSnapshotResult", "LogTestResult"}


class Phase(Enum):
    """The two dbt builds of a run: everything that decides, then what shows the sealed journal.

    The values are names in `selectors.yml`.
    """

    BEFORE_SEAL = "before_seal"
    AFTER_SEAL = "after_seal"


@dataclass
class Failure:
    """A dbt node that failed. `failing_rows` is None where dbt gives no count.

    `path` is the source file and `query` the compiled SQL; both may be empty. `rows` are the first
    that break a test; of a unit test the message says what differs.
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
        # messages end in logs, and in the records of Dagster; the page On call shows all of it
        lines.extend(describe_row(without_personal_data(row)) for row in self.rows)
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


def selection(phase: Phase, models: Sequence[str] = (), *, with_seeds: bool = True) -> list[str]:
    """Selection flags of a build.

    With `models` (a person rebuilds a part in Dagster), only those are built, with the tests that
    need nothing else; without, the whole phase (`selectors.yml`). The seeds that a warehouse holds
    are those of the code, so only a new warehouse needs them and the tests that read them alone.
    """
    if models:
        code_tests = [ON_RELEASE, "resource_type:unit_test"]
        return ["--select", *models, "--indirect-selection", "cautious", "--exclude", *code_tests]
    if phase is Phase.BEFORE_SEAL and not with_seeds:
        return ["--selector", "before_seal_without_seeds"]
    return ["--selector", phase.value]


def build_arguments(
    phase: Phase, models: Sequence[str] = (), *, with_seeds: bool = True
) -> list[str]:
    """Arguments of `dbt build` for one phase of a run.

    The manifest is there already (`ensure_parse`); writing it again would take seconds.
    """
    return ["--no-write-json", "build", *selection(phase, models, with_seeds=with_seeds)]


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


def start_process(home: Home) -> subprocess.Popen[str]:
    """A new dbt process over a home: it reads calls, and writes dbt's log."""
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.dbt_process"],
        cwd=PROJECT_DIR,
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


class Dbt:
    """A dbt process over a home: it loads dbt from now on, and makes one call after the other."""

    def __init__(self, home: Home) -> None:
        home.create()
        self.home = home
        self.has_warehouse_open = False
        self.log = home.logs / "dbt.log"
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        process = start_process(self.home)
        kept = parsed.find(self.home)
        if kept is not None:
            _ask(process, {"parsed": str(kept), "arguments": []})
        return process

    def call(
        self, arguments: Sequence[str], parse: Path, *, keeps_open: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Make one call with the project as parsed, and yield the events of its JSON log.

        One that succeeds may keep the warehouse open for the next, or for `execute`.

        Raises:
            DbtFailed: after the last event, when the call did not succeed.
        """
        if self._process.poll() is not None:
            self._process = self._start()
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        failures: dict[str, Failure] = {}
        plain_lines: list[str] = []
        succeeded: bool | None = None
        call = {"parsed": str(parse), "arguments": ["--log-format", "json", *arguments]}
        _ask(self._process, call | {"keeps_open": keeps_open})
        self.has_warehouse_open = keeps_open
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
        self.has_warehouse_open = keeps_open and bool(succeeded)
        if not succeeded:
            found = list(failures.values())
            read_failing_rows(self.home, found)
            raise DbtFailed(describe_failures(arguments, found, plain_lines, self.log), found)

    def execute(self, statements: Sequence[tuple[str, Sequence[Any]]], *, keeps_open: bool) -> None:
        """Execute SQL with its parameters in the warehouse that a call has left open.

        Raises:
            DbtFailed: when a statement fails, or the process has ended.
        """
        ended = self._ask_of_open({STATEMENTS: list(statements)}, keeps_open=keeps_open)
        if not ended.get(CALL_ENDED):
            raise DbtFailed(f"{self.home.warehouse}: {ended.get('error', 'the dbt process ended')}")

    def publish(self, publications: Sequence[Mapping[str, Any]]) -> None:
        """Let publications show the marts of the warehouse that a call has left open.

        Raises:
            DbtFailed: when the marts cannot be published, or the process has ended.
            duckdb.Error: when the engine cannot write them.
        """
        ended = self._ask_of_open({PUBLICATIONS: list(publications)}, keeps_open=True)
        if not ended.get(CALL_ENDED):
            error = duckdb.Error if ended.get("is_of_engine") else DbtFailed
            raise error(ended.get("error", "the dbt process ended"))

    def _ask_of_open(self, call: Mapping[str, Any], *, keeps_open: bool) -> dict[str, Any]:
        """What the process says at the end of a call; nothing where it is gone."""
        _ask(self._process, {**call, "keeps_open": keeps_open})
        self.has_warehouse_open = False
        for line in self._said():
            ended = parse_line(line)
            if CALL_ENDED in ended:
                self.has_warehouse_open = keeps_open and bool(ended[CALL_ENDED])
                return ended
        return {}

    def _said(self) -> Iterator[str]:
        """What the process writes, line by line, as it goes into the log."""
        assert self._process.stdout is not None
        with open(self.log, "a", encoding="utf-8", buffering=1) as log:
            for line in self._process.stdout:
                log.write(line)
                yield line

    def close(self) -> None:
        """End the process; a call that is under way is broken off."""
        self.has_warehouse_open = False
        if self._process.poll() is None:
            self._process.terminate()
        with suppress(BrokenPipeError), self._process:  # closes both pipes and waits
            pass


def _ask(process: subprocess.Popen[str], call: Mapping[str, Any]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it ended while it loaded dbt, and said why
        process.stdin.write(json.dumps(call) + "\n")
        process.stdin.flush()


_kept: list[Dbt] = []


@contextmanager
def kept_open(home: Home) -> Iterator[None]:
    """Around several calls over a home: one process serves them all, and loads dbt meanwhile."""
    if _kept_for(home) is not None:
        yield
        return
    dbt = Dbt(home)
    _kept.append(dbt)
    try:
        yield
    finally:
        _kept.remove(dbt)
        dbt.close()


@contextmanager
def _open(home: Home) -> Iterator[Dbt]:
    """The process that is kept open over the home, else one for now."""
    with kept_open(home):
        dbt = _kept_for(home)
        assert dbt is not None
        yield dbt


def _kept_for(home: Home) -> Dbt | None:
    return next((dbt for dbt in _kept if dbt.home == home), None)


def stream(
    home: Home, arguments: Sequence[str], *, keeps_open: bool = False
) -> Iterator[dict[str, Any]]:
    """Run dbt on the code as it is and yield the events of its JSON log.

    Inside `kept_open` it can keep the warehouse open, which no other process can open then.

    Raises:
        DbtFailed: after the last event, when the call did not succeed.
    """
    keeps_open = keeps_open and _kept_for(home) is not None
    with _open(home) as dbt:
        yield from dbt.call(arguments, ensure_parse(home), keeps_open=keeps_open)


def has_warehouse_open(home: Home) -> bool:
    """Whether a process of ours keeps the warehouse open."""
    dbt = _kept_for(home)
    return dbt is not None and dbt.has_warehouse_open


def execute(
    home: Home, statements: Sequence[tuple[str, Sequence[Any]]], *, keeps_open: bool = False
) -> None:
    """Execute SQL with its parameters in the warehouse that the last call has kept open.

    Raises:
        DbtFailed: when a statement fails.
    """
    dbt = _kept_for(home)
    assert dbt is not None and dbt.has_warehouse_open
    dbt.execute(statements, keeps_open=keeps_open)


def publish(home: Home, publications: Sequence[Mapping[str, Any]]) -> None:
    """Let publications show the marts of the warehouse that the last call has kept open.

    Raises:
        DbtFailed: when the marts cannot be published.
        duckdb.Error: when the engine cannot write them.
    """
    dbt = _kept_for(home)
    assert dbt is not None and dbt.has_warehouse_open
    dbt.publish(publications)


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
    if event["info"].get("name") not in RESULT_EVENTS:
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
    is_unit_test = failure.resource_type == "unit_test"
    if name == "LogTestResult" and data.get("num_failures") and not is_unit_test:
        failure.failing_rows = int(data["num_failures"])
    elif name == "RunResultFailure":
        failure.path = str(data.get("path", ""))
    elif name == "RunResultError":
        said = str(data.get("msg", ""))
        # a unit test says which values differ, as a table
        words = said.splitlines() if is_unit_test else said.split()
        separator = "\n      " if is_unit_test else " "
        failure.message = separator.join(word.rstrip() for word in words if word.strip())
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


def ensure_parse(home: Home) -> Path:
    """The folder with the parse of the code as it is; the project is parsed when there is none.

    Raises:
        DbtFailed: when the project does not parse.
    """
    found = parsed.find(home)
    if found is not None:
        return found
    with parsed.storing(home) as store:
        # another home may have waited for the same
        while (found := parsed.find(home)) is None:
            name = parsed.name_of_parse()
            new = parsed.begin(store)
            with _open(home) as dbt:
                for _ in dbt.call([PARSE], new):
                    pass
            # what was edited while it was read is read again
            if parsed.name_of_parse() == name:
                parsed.finish(new, name)
    return found
