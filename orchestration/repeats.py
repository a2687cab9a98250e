"""Would a run repeat the last successful one? Then it does nothing, and nothing is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from orchestration import controls, warehouse
from orchestration.files import write_text
from orchestration.home import Home, Settings, TieoutError, iso_timestamp, parse_as_of
from orchestration.ingest.landing import scan
from orchestration.run_context import RunContext, known_batches, run_id_of


@dataclass(frozen=True)
class Success:
    """The last run that was published; its id says which batches it considered."""

    as_of: datetime
    run_id: str

    @classmethod
    def read(cls, home: Home) -> Success | None:
        """None before the first one, or when the file was damaged."""
        try:
            stored = json.loads(home.last_success.read_text(encoding="utf-8"))
            return cls(parse_as_of(stored["as_of"]), str(stored["run_id"]))
        except (OSError, ValueError, KeyError, TypeError, TieoutError):
            return None

    def write(self, home: Home) -> None:
        stored = {"as_of": iso_timestamp(self.as_of), "run_id": self.run_id}
        write_text(home.last_success, json.dumps(stored) + "\n")


def note_success(home: Home, context: RunContext) -> None:
    """This run is published."""
    Success(context.as_of, context.run_id).write(home)


def is_repeat(home: Home, settings: Settings, now: datetime) -> bool:
    """Whether a run now would find the inputs of the last successful one.

    That is: the same code, no batch or control that it did not consider, and the same moment: with
    an explicit `as_of` that very one, without one the same hour of the clock.
    """
    last = Success.read(home)
    if last is None or not home.serving.exists():
        return False
    if settings.as_of is not None:
        is_same_moment = settings.as_of == last.as_of
    else:
        is_same_moment = _hour(now) == _hour(last.as_of) and now >= last.as_of
    if not is_same_moment:
        return False
    # Batches may have been read since, by a run that was stopped before it was published.
    known = {(feed, batch_id) for feed, batch_id, _ in known_batches(home)}
    considered = [*(batch_id for _, batch_id in known), *controls.known(home)]
    if run_id_of(last.as_of, considered) != last.run_id:
        return False
    if controls.waiting(home):
        return False
    if not all((file.feed, file.batch_id) in known for file in scan(home)):
        return False
    return warehouse.is_current(home)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
