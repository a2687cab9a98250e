"""Would a run repeat the last successful one? Then it does nothing, and nothing is written."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestration import warehouse
from orchestration.dbt_runs import code_fingerprint
from orchestration.files import write_text
from orchestration.home import Home, Settings, iso_timestamp, parse_as_of
from orchestration.ingest.landing import scan
from orchestration.run_context import known_batches


@dataclass(frozen=True)
class Inputs:
    """What a run is made from, apart from the landed batches."""

    as_of: datetime
    fingerprint: str

    @classmethod
    def read(cls, path: Path) -> Inputs | None:
        """The inputs in a file; None when there is no such file, or it is not one."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return cls(parse_as_of(stored["as_of"]), stored["fingerprint"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        stored = {"as_of": iso_timestamp(self.as_of), "fingerprint": self.fingerprint}
        write_text(path, json.dumps(stored, sort_keys=True) + "\n")


def note_inputs(home: Home, as_of: datetime) -> None:
    """Write down what the run that starts now is made from, before it reads anything."""
    Inputs(as_of, code_fingerprint()).write(home.current_inputs)


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
    return is_same_moment and last.fingerprint == code_fingerprint() and not _has_new_batch(home)


def _has_new_batch(home: Home) -> bool:
    """Whether a landed file brings bytes that its feed has not seen."""
    known = {(feed, batch_id) for feed, batch_id, _ in known_batches(home)}
    return any((file.feed, file.batch_id) not in known for file in scan(home))


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
