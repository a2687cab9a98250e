"""Would a run repeat the last successful one? Then it does nothing, and nothing is written."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestration import warehouse
from orchestration.dbt_runs import code_fingerprint
from orchestration.files import write_text
from orchestration.home import Home, Settings, iso_timestamp, parse_as_of
from orchestration.run_context import known_batches

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Inputs:
    """What a run is made from: its moment, the code, and the landed files by size and mtime."""

    as_of: datetime
    fingerprint: str
    landing: dict[str, list[int]]

    def to_json(self) -> str:
        return json.dumps(
            {
                "as_of": iso_timestamp(self.as_of),
                "fingerprint": self.fingerprint,
                "landing": self.landing,
            },
            indent=1,
            sort_keys=True,
        )

    @classmethod
    def read(cls, path: Path) -> Inputs | None:
        """The inputs in a file; None when there is no such file, or it is not one."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return cls(parse_as_of(stored["as_of"]), stored["fingerprint"], stored["landing"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def landed_files(home: Home) -> list[Path]:
    """All files under landing except hidden ones, in order of path."""
    return sorted(
        path for path in home.landing.rglob("*") if path.is_file() and not path.name.startswith(".")
    )


def landing_state(home: Home) -> dict[str, list[int]]:
    """Size in bytes and modification time in nanoseconds of every landed file, by relative path."""
    state = {}
    for path in landed_files(home):
        status = path.stat()
        state[path.relative_to(home.landing).as_posix()] = [status.st_size, status.st_mtime_ns]
    return state


def note_inputs(home: Home, as_of: datetime) -> None:
    """Write down what the run that starts now considers, before it reads anything."""
    inputs = Inputs(as_of, code_fingerprint(), landing_state(home))
    write_text(home.current_inputs, inputs.to_json())


def note_success(home: Home) -> None:
    """The run whose inputs were noted is published."""
    os.replace(home.current_inputs, home.last_success)


def is_repeat(home: Home, settings: Settings, now: datetime) -> bool:
    """Whether a run now would find the inputs of the last successful one.

    With an explicit `as_of`, it must be the same one; without, the clock must show the same hour.
    """
    last = Inputs.read(home.last_success)
    if last is None or not home.serving.exists() or not warehouse.is_current(home):
        return False
    if settings.as_of is not None:
        is_same_moment = settings.as_of == last.as_of
    else:
        is_same_moment = _hour(now) == _hour(last.as_of) and now >= last.as_of
    return (
        is_same_moment
        and last.fingerprint == code_fingerprint()
        and not _has_new_batch(home, last.landing)
    )


def _has_new_batch(home: Home, known_state: dict[str, list[int]]) -> bool:
    """Whether a landed file brings bytes that its feed has not seen.

    Only files that appeared or were touched since the last run are read.
    """
    state = landing_state(home)
    if state == known_state:
        return False
    known = {(feed, batch_id) for feed, batch_id, _ in known_batches(home)}
    return any(
        (name.split("/")[0], file_digest(home.landing / name)) not in known
        for name, size_and_time in state.items()
        if known_state.get(name) != size_and_time
    )


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes: the id of the batch that it is."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
