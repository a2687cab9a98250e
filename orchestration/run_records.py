"""What a run leaves behind whatever becomes of it: one small JSON file a run, from start to end.

`fct_runs` knows published runs alone. These files know every run, also one that fails or is killed:
they are for people who ask what happened, and no model reads them. A run holds a lock on a file
beside its record for as long as its process lives, so a record without an end whose lock is free
is that of a run that was stopped without a word.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from orchestration import progress, reserve
from orchestration.dbt_runs import (
    RESULT_EVENTS,
    SHOWN_FAILURES,
    DbtFailed,
    describe_row,
    node_of,
    parse_line,
)
from orchestration.files import remove_temporary, write_text
from orchestration.home import Home, TieoutError, parse_as_of, to_naive_utc, wall_clock
from orchestration.personal_data import without_personal_data
from orchestration.telemetry import logs
from orchestration.telemetry.ids import trace_id_of

KEPT_RECORDS = 200

HEARTBEAT_SECONDS = 5.0
"""How often the detail of a long step is written down."""

LOG_LINES = 40
"""Of the end of dbt's log, kept with the record of a failed run: the log itself goes on."""

LOG_BYTES = 200_000
LONGEST_LINE = 300
LONGEST_MESSAGE = 4000

GETTING_READY = "Getting ready"
LANDING = "Landing"
PUBLISHING = "Publishing the marts"

Outcome = Literal["running", "stopped", "published", "failed", "interrupted", "partial"]


@dataclass
class StepRecord:
    """A step of `progress.STEPS` and its figures; `seconds` is None while it is under way."""

    name: str
    started_at: datetime
    seconds: float | None = None
    detail: str = ""
    counts: dict[str, int] = field(default_factory=dict)


@dataclass
class NodeRecord:
    """A dbt node that was built or tested; `step` counts the steps of the run. Kept in memory."""

    step: int
    unique_id: str
    name: str
    resource_type: str
    status: str
    started_at: datetime
    ended_at: datetime
    failing_rows: int | None = None

    @property
    def has_failed(self) -> bool:
        return self.status in ("error", "fail", "runtime error")


@dataclass
class FailureRecord:
    """A test or model that failed. `rows` are the first that break a test, told in a line each.

    `safe_rows` are the same without personal data: what may leave in a notification.
    """

    name: str
    resource_type: str
    message: str = ""
    failing_rows: int | None = None
    rows: list[str] = field(default_factory=list)
    path: str = ""
    safe_rows: list[str] = field(default_factory=list)


@dataclass
class NoticeRecord:
    """What a run has noticed without failing (`run_notices.py`); `severity` is that of an alert.

    `noticed_at` is when a run first did; `until` is until when it is told, None where the next run
    says whether it still holds. Both are wall-clock time, naive UTC.
    """

    name: str
    severity: str
    subject: str
    sentence: str
    noticed_at: datetime | None = None
    until: datetime | None = None


@dataclass
class RunRecord:
    """One run. Moments are wall-clock time, naive UTC, but for `as_of`.

    `name` is that of the file. `outcome` is `running` in the file of a run that was killed; `read`
    makes it `stopped`, and the next run writes that down (`close_stopped`). `partial` is what a
    person rebuilt in Dagster. `log` is a path below the home, and `log_tail` how it ended when the
    run failed. `error` is the class of what it failed by, `trace_id` leads to its trace, and
    `dagster_run` to Dagster's own run.
    """

    name: str
    started_at: datetime
    trigger: str
    process: int
    outcome: Outcome = "running"
    ended_at: datetime | None = None
    run_id: str | None = None
    as_of: datetime | None = None
    steps: list[StepRecord] = field(default_factory=list)
    message: str = ""
    failures: list[FailureRecord] = field(default_factory=list)
    notices: list[NoticeRecord] = field(default_factory=list)
    log: str = "logs/dbt.log"
    log_tail: list[str] = field(default_factory=list)
    error: str | None = None
    trace_id: str | None = None
    dagster_run: str | None = None

    @property
    def step(self) -> str | None:
        """The step that the run is at, or ended in."""
        return self.steps[-1].name if self.steps else None

    @property
    def is_whole(self) -> bool:
        """Whether it was meant to go from landed files to a publication, told by how it began."""
        return not self.steps or self.steps[0].name in (GETTING_READY, LANDING)


class Recorder(progress.Progress):
    """Passes progress on to another reporter, and writes down where the run is."""

    def __init__(self, home: Home, record: RunRecord, shown: progress.Progress) -> None:
        self.home = home
        self.record = record
        self._shown = shown
        self._written_at = record.started_at
        self.nodes: list[NodeRecord] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        step = StepRecord(name, wall_clock())
        self.record.steps.append(step)
        self.write()
        self.log("step_started")
        try:
            with self._shown.step(name):
                yield
        except BaseException as error:
            self.note_error(error)
            raise
        finally:
            step.seconds = round((wall_clock() - step.started_at).total_seconds(), 3)
        self.write()
        self.log("step_ended", seconds=step.seconds, counts=step.counts or None)

    def update(self, detail: str, **counts: int) -> None:
        self._shown.update(detail)
        if self.record.steps:
            self.record.steps[-1].detail = detail
            self.record.steps[-1].counts.update(counts)
        if (wall_clock() - self._written_at).total_seconds() >= HEARTBEAT_SECONDS:
            self.write()

    def note(self, message: str) -> None:
        self._shown.note(message)

    def note_error(self, error: BaseException) -> None:
        """The run fails by this; what is known first stays."""
        record = self.record
        if record.outcome != "running":
            return
        record.outcome = "failed" if isinstance(error, Exception) else "interrupted"
        record.error = type(error).__name__
        record.message = str(error)[:LONGEST_MESSAGE] or record.error
        if isinstance(error, DbtFailed):
            record.failures = [
                FailureRecord(
                    failure.name,
                    failure.resource_type,
                    failure.message,
                    failure.failing_rows,
                    [describe_row(row) for row in failure.rows],
                    failure.path,
                    [describe_row(without_personal_data(row)) for row in failure.rows],
                )
                for failure in error.failures[:SHOWN_FAILURES]
            ]
            record.log_tail = _tail(self.home.root / record.log)

    def log(self, event: str, *, level: logs.Level = "info", **fields: Any) -> None:
        """A line of this run in the structured log."""
        record = self.record
        known = {"run": record.name, "run_id": record.run_id, "trace_id": record.trace_id}
        logs.write(self.home, event, level=level, **known, step=record.step, **fields)

    def log_end(self) -> None:
        """What came of the run; of an error, what failed and how many rows, not what it says."""
        record = self.record
        ended_at = record.ended_at or record.started_at
        failed = [{"name": f.name, "failing_rows": f.failing_rows} for f in record.failures]
        self.log(
            "run_ended",
            level="info" if record.outcome in ("published", "partial") else "error",
            outcome=record.outcome,
            seconds=round((ended_at - record.started_at).total_seconds(), 3),
            error=record.error,
            failed=failed or None,
        )

    def note_node(self, event: Mapping[str, Any]) -> None:
        """Keep when a dbt node began and ended, where an event tells that."""
        node, data = node_of(event), event["data"]
        if event["info"].get("name") not in RESULT_EVENTS or not self.record.steps:
            return
        try:
            started_at = datetime.fromisoformat(node["node_started_at"])
            ended_at = datetime.fromisoformat(node["node_finished_at"])
        except (KeyError, ValueError):
            return
        self.nodes.append(
            NodeRecord(
                len(self.record.steps) - 1,
                str(node["unique_id"]),
                str(node["node_name"]),
                str(node["resource_type"]),
                str(node["node_status"]),
                started_at,
                ended_at,
                data.get("num_failures"),
            )
        )
        self.log(
            "node_ended",
            level="error" if self.nodes[-1].has_failed else "info",
            node=node["unique_id"],
            status=node["node_status"],
            seconds=round((ended_at - started_at).total_seconds(), 3),
            failing_rows=data.get("num_failures") or None,
        )

    def write(self) -> None:
        """Put the record on disk. A run is not stopped because its record cannot be written."""
        self._written_at = wall_clock()
        with suppress(OSError):
            write_text(_path(self.home, self.record.name), _to_json(self.record))


_open: dict[Path, Recorder] = {}
"""By home, the record of the run that this process makes."""


def folder(home: Home) -> Path:
    """Where the records of a home lie."""
    return home.runs / "records"


@contextmanager
def recording(home: Home, trigger: str) -> Iterator[None]:
    """Around a run: its record, from here to its end; inside another one of this process, nothing.

    An error that leaves the block is noted, and goes on.
    """
    if home.root in _open:
        yield
        return
    started_at = wall_clock()
    name = f"{started_at:%Y%m%dT%H%M%S%f}-{os.getpid()}"
    recorder = Recorder(home, RunRecord(name, started_at, trigger, os.getpid()), progress.current())
    with _alive(home, name):
        _drop_old(home)
        reserve.keep(home)
        recorder.write()
        recorder.log("run_started", trigger=trigger, process=os.getpid())
        _open[home.root] = recorder
        try:
            with progress.reporting(recorder):
                yield
        except BaseException as error:
            reserve.spend(home)
            recorder.note_error(error)
            raise
        finally:
            del _open[home.root]
            record = recorder.record
            record.ended_at = wall_clock()
            record.trace_id = record.trace_id or trace_id_of(record.name)
            if record.outcome == "running":
                record.outcome = _outcome_of(record)
            if record.outcome == "partial" and not record.steps:
                _path(home, name).unlink(missing_ok=True)  # a training
            else:
                recorder.write()
                _tell_outside(recorder)


def note_run(home: Home, run_id: str, as_of: datetime) -> None:
    """The run of this process has its id and the moment that it speaks for."""
    recorder = _open.get(home.root)
    if recorder is not None:
        recorder.record.run_id, recorder.record.as_of = run_id, as_of
        recorder.record.trace_id = trace_id_of(run_id)
        recorder.write()


def note_dagster_run(home: Home, dagster_run: str) -> None:
    """The run of this process is that one in Dagster."""
    recorder = _open.get(home.root)
    if recorder is not None:
        recorder.record.dagster_run = dagster_run
        recorder.write()


def note_unbegun(
    home: Home,
    dagster_run: str,
    trigger: str,
    started_at: datetime,
    ended_at: datetime,
    message: str,
) -> None:
    """Write the record of a Dagster run that failed before it could begin its own."""
    record = RunRecord(
        name=f"{started_at:%Y%m%dT%H%M%S%f}-0",
        started_at=started_at,
        trigger=trigger,
        process=0,
        outcome="failed",
        ended_at=ended_at,
        message=message,
        log="logs/dagster.log",
        dagster_run=dagster_run,
    )
    record.trace_id = trace_id_of(record.name)
    path = _path(home, record.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    recorder = Recorder(home, record, progress.Progress())
    recorder.write()
    _tell_outside(recorder)


def note_retry(home: Home, error: BaseException, wait: float) -> None:
    """The step of this process's run has failed, and is tried again after so many seconds."""
    recorder = _open.get(home.root)
    if recorder is not None:
        record = recorder.record
        record.outcome, record.message, record.error = "running", "", None
        record.failures, record.log_tail = [], []
        recorder.write()
        recorder.log("step_retried", level="warning", error=type(error).__name__, seconds=wait)


def note_node(home: Home, event: Mapping[str, Any]) -> None:
    """The run of this process has come to an event of dbt's log."""
    recorder = _open.get(home.root)
    if recorder is not None:
        recorder.note_node(event)


def is_recording(home: Home) -> bool:
    """Whether this process makes a run of the home."""
    return home.root in _open


def note_notice(home: Home, notice: NoticeRecord) -> None:
    """The run of this process has noticed something; once is enough."""
    recorder = _open.get(home.root)
    if recorder is not None and all(
        (one.name, one.subject, one.sentence) != (notice.name, notice.subject, notice.sentence)
        for one in recorder.record.notices
    ):
        recorder.record.notices.append(notice)
        recorder.write()


def drop_notices(home: Home, name: str, subjects: Sequence[str]) -> None:
    """What the run of this process has noticed of these subjects is said by something else."""
    recorder = _open.get(home.root)
    if recorder is not None:
        recorder.record.notices = [
            one
            for one in recorder.record.notices
            if one.name != name or one.subject not in subjects
        ]
        recorder.write()


def keep_notices(home: Home, former: Sequence[NoticeRecord]) -> None:
    """What the runs before noticed (the newest first) goes on in the run of this process while it
    is to be told; what this one has noticed again is as old as it was there."""
    recorder = _open.get(home.root)
    if recorder is None:
        return
    now, notices = wall_clock(), recorder.record.notices
    for notice in former:
        again = [one for one in notices if (one.name, one.subject) == (notice.name, notice.subject)]
        for one in again:
            one.noticed_at = notice.noticed_at or one.noticed_at
        if not again and notice.until is not None and notice.until > now:
            notices.append(notice)
    recorder.write()


def written_at(home: Home) -> int:
    """When a record was last put in its place, in nanoseconds; 0 where there is none."""
    try:
        return folder(home).stat().st_mtime_ns
    except OSError:
        return 0


def read(home: Home, limit: int = 50) -> list[RunRecord]:
    """The newest records, newest first. A damaged one is left out."""
    names = sorted((path.stem for path in folder(home).glob("*.json")), reverse=True)
    records = (read_one(home, name) for name in names[:limit])
    return [record for record in records if record is not None]


def read_one(home: Home, name: str) -> RunRecord | None:
    """The record of that name; None when there is none, or it cannot be read."""
    path = _path(home, Path(name).name)
    try:
        record = _from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, TieoutError):
        return None
    if record.outcome == "running" and not _is_alive(home, record.name):
        # it may have ended between the two looks
        with suppress(OSError, ValueError, KeyError, TypeError, TieoutError):
            record = _from_json(json.loads(path.read_text(encoding="utf-8")))
        if record.outcome == "running":
            record.outcome = "stopped"
    return record


def close_stopped(home: Home) -> list[RunRecord]:
    """End the records of runs that were killed, and tell telemetry what they could not tell.

    Their end is when they last wrote a word. Of a run's trace the steps are known, not the dbt
    nodes. The caller holds the lock of the home; returns the records that were ended, newest first.
    """
    if is_recording(home):
        return []
    stopped = [record for record in read(home) if record.outcome == "stopped"]
    closed = [record for record in stopped if record.ended_at is None]
    for record in closed:
        record.ended_at = last_word(home, record)
        record.trace_id = record.trace_id or trace_id_of(record.name)
        recorder = Recorder(home, record, progress.Progress())
        recorder.write()
        _lock_path(home, record.name).unlink(missing_ok=True)
        _tell_outside(recorder)
    return closed


def last_word(home: Home, record: RunRecord) -> datetime:
    """When a record was last written: a run that comes on writes every few seconds."""
    try:
        written_at = _path(home, record.name).stat().st_mtime
    except OSError:
        return record.ended_at or record.started_at
    return to_naive_utc(datetime.fromtimestamp(written_at, UTC))


def _tell_outside(recorder: Recorder) -> None:
    """The end of a run for logs, metrics and traces."""
    # imported late: it reads records
    from orchestration.telemetry import after_run

    recorder.log_end()
    after_run.tell(recorder.home, recorder.record, recorder.nodes)


def _outcome_of(record: RunRecord) -> Outcome:
    """What came of a run without an error: whole ones begin with landing and end published."""
    names = {step.name for step in record.steps}
    return "published" if {LANDING, PUBLISHING} <= names else "partial"


def _path(home: Home, name: str) -> Path:
    return folder(home) / f"{name}.json"


def _lock_path(home: Home, name: str) -> Path:
    return folder(home) / f"{name}.lock"


@contextmanager
def _alive(home: Home, name: str) -> Iterator[None]:
    """Hold the lock that tells readers that the run's process lives."""
    path = _lock_path(home, name)
    handle: IO[str] | None = None
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = open(path, "w", encoding="utf-8")  # noqa: SIM115
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        if handle is not None:
            handle.close()


def _is_alive(home: Home, name: str) -> bool:
    try:
        with open(_lock_path(home, name), encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _drop_old(home: Home) -> None:
    remove_temporary(folder(home))
    for path in sorted(folder(home).glob("*.json"))[: -KEPT_RECORDS + 1]:
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)


def _tail(log: Path) -> list[str]:
    """The last lines of dbt's JSON log as a person reads them, without those for debugging."""
    try:
        with open(log, "rb") as handle:
            handle.seek(max(0, log.stat().st_size - LOG_BYTES))
            lines = handle.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    told = []
    for line in lines:
        info = parse_line(line).get("info")
        if isinstance(info, dict) and info.get("level") in ("info", "warn", "error"):
            text = " ".join(str(info.get("msg", "")).split())
            if text:
                told.append(f"{str(info.get('ts', ''))[11:19]} {text}"[:LONGEST_LINE])
    return told[-LOG_LINES:]


def _to_json(record: RunRecord) -> str:
    return json.dumps(asdict(record), default=lambda moment: moment.isoformat(), indent=1) + "\n"


def _from_json(stored: dict[str, Any]) -> RunRecord:
    def moment(text: str | None) -> datetime | None:
        return None if text is None else parse_as_of(text)

    return RunRecord(
        **{
            **stored,
            "started_at": parse_as_of(stored["started_at"]),
            "ended_at": moment(stored["ended_at"]),
            "as_of": moment(stored["as_of"]),
            "steps": [
                StepRecord(**{**step, "started_at": parse_as_of(step["started_at"])})
                for step in stored["steps"]
            ],
            "failures": [FailureRecord(**failure) for failure in stored["failures"]],
            "notices": [
                NoticeRecord(
                    **{
                        **notice,
                        "noticed_at": moment(notice.get("noticed_at")),
                        "until": moment(notice.get("until")),
                    }
                )
                for notice in stored.get("notices", [])
            ],
        }
    )
