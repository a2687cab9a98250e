"""A run beside the app: a process of its own, with its progress in a log.

`start` starts it, `state` tells how far it is. The process notes how it ended, so that this is
known whoever started it, and after the app was restarted.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestration import progress
from orchestration.files import write_text
from orchestration.home import (
    PROJECT_DIR,
    Home,
    Settings,
    TieoutError,
    iso_timestamp,
    wall_clock,
)
from orchestration.review.people import Permission, Person

TRIGGER = "upload"
_STEP = re.compile(r"\[(\d+)/\d+\] (.*?) \.\.\.(.*)")
_MODELS = re.compile(r"(\d+)/(\d+) models")
# Shares of the time of a run, by step: nearly all of it is the build.
_WEIGHTS = (0.06, 0.02, 0.04, 0.68, 0.03, 0.1, 0.05, 0.02)


@dataclass(frozen=True)
class RunState:
    """How far a run is: `share` of its time, about; `status` is None while it works."""

    started_at: datetime
    step: str
    share: float
    status: int | None
    tail: str

    @property
    def is_running(self) -> bool:
        return self.status is None


def start(home: Home, person: Person) -> None:
    """Start a run of everything that has landed, unless one that was started here is at work.

    Raises:
        NotPermitted: when the person may not land files.
        TieoutError: when a run is under way.
    """
    person.require(Permission.LAND_FILES)
    now = state(home)
    if now is not None and now.is_running:
        raise TieoutError("A run is under way; it takes in what has landed when it started.")
    home.create()
    log = _log(home)
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.imports.background"],
            cwd=PROJECT_DIR,
            env={**os.environ, "TIEOUT_HOME": str(home.root), "PYTHONPATH": str(PROJECT_DIR)},
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    started = {"pid": process.pid, "started_at": iso_timestamp(wall_clock())}
    write_text(_note(home), json.dumps(started))


def state(home: Home) -> RunState | None:
    """The last run that was started here; None where there was none."""
    try:
        note = json.loads(_note(home).read_text(encoding="utf-8"))
        started_at = datetime.fromisoformat(note["started_at"].removesuffix("Z"))
        pid = int(note["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    try:
        lines = _log(home).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    status: int | None = None
    try:
        ended = json.loads(_end(home).read_text(encoding="utf-8"))
        if int(ended["pid"]) == pid:
            status = int(ended["status"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    if status is None and not _is_alive(pid):
        status = 1
        lines.append("The run was stopped from outside. Start it again: it takes up from there.")
    step, share = _progress(lines)
    return RunState(started_at, step, 1.0 if status == 0 else share, status, "\n".join(lines[-60:]))


def _progress(lines: list[str]) -> tuple[str, float]:
    for line in reversed(lines):
        found = _STEP.match(line)
        if not found:
            continue
        place = int(found[1]) - 1
        models = _MODELS.search(found[3])
        part = int(models[1]) / max(1, int(models[2])) if models else 0.0
        if "done in" in found[3]:
            part = 1.0
        return found[2], min(0.99, sum(_WEIGHTS[:place]) + part * _WEIGHTS[place])
    return "Starting", 0.0


def _is_alive(pid: int) -> bool:
    """Whether a process works: one that has ended and was not collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return not Path("/proc/self").exists()
    return stat.rpartition(")")[2].split()[0] != "Z"


def _log(home: Home) -> Path:
    return home.logs / "upload-run.log"


def _note(home: Home) -> Path:
    return home.uploads / "run.json"


def _end(home: Home) -> Path:
    return home.uploads / "run-ended.json"


def main() -> int:
    """What the process does: one run, and a note of how it ended."""
    from orchestration import runner

    home = Home.from_environment()
    status = 1
    try:
        with progress.reporting(progress.ConsoleProgress(sys.stdout)):
            print(runner.run(home, Settings.from_environment(), TRIGGER), flush=True)
        status = 0
    except TieoutError as error:
        print(error, flush=True)
    finally:
        write_text(_end(home), json.dumps({"pid": os.getpid(), "status": status}))
    return status


if __name__ == "__main__":
    sys.exit(main())
