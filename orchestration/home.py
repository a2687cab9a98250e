"""Where a company's data lives (`$TIEOUT_HOME`), and what a run takes from its environment.

Everything under the home is described by `Home`. Three things in it are the truth and are never
rewritten: `landing/` (the user's), `raw/` and `journal/`. The rest can be deleted and comes back.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import IO

PROJECT_DIR = Path(__file__).resolve().parent.parent
"""The dbt project: `dbt_project.yml`, `models/`, `macros/`, `seeds/`."""

DEFAULT_REPORTING_CURRENCY = "EUR"


@dataclass
class _HeldLock:
    """The lock of a home, open, and how many times this process has taken it."""

    handle: IO[str]
    count: int = 0


_HELD_LOCKS: dict[Path, _HeldLock] = {}
"""By home, the locks that this process holds."""

_COUNTING = Lock()


class TieoutError(Exception):
    """A problem that a user can mend. The message says what, where and how."""


class HomeIsBusy(TieoutError):
    """Another process is writing to this home."""


@dataclass(frozen=True)
class Home:
    """All paths below one `$TIEOUT_HOME`. Creating the object touches nothing on disk."""

    root: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Home:
        """The home named by `TIEOUT_HOME`, else `data/` in the project."""
        environment = os.environ if environment is None else environment
        named = environment.get("TIEOUT_HOME", "").strip()
        return cls((Path(named).expanduser() if named else PROJECT_DIR / "data").absolute())

    @property
    def landing(self) -> Path:
        """The user's files, one folder a feed. Never modified by tieout."""
        return self.root / "landing"

    @property
    def uploads(self) -> Path:
        """What was imported: every original by its hash, and what became of it."""
        return self.root / "uploads"

    @property
    def maps(self) -> Path:
        """How files with headers of their own are read, one YAML file a shape."""
        return self.root / "maps"

    @property
    def truth(self) -> Path:
        """What the demo generator knows about the files that it landed."""
        return self.root / "truth"

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def manifest(self) -> Path:
        """One Parquet file an ingesting run, one row a batch; writing it commits the ingest."""
        return self.raw / "_manifest"

    @property
    def statements(self) -> Path:
        return self.raw / "_statements"

    @property
    def redelivered(self) -> Path:
        """Bank lines that a file tells again, one Parquet file an ingesting run."""
        return self.raw / "_redelivered"

    @property
    def controls(self) -> Path:
        """Pauses, maintenance windows and acknowledgements that runs have taken from the inbox."""
        return self.raw / "_controls"

    @property
    def run_context(self) -> Path:
        """One row: the run that is being built."""
        return self.raw / "_run" / "context.parquet"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def journal(self) -> Path:
        """Sealed blocks of decisions, write-once."""
        return self.root / "journal"

    @property
    def anchors(self) -> Path:
        """One line a sealed block; copy it elsewhere to make a truncation provable."""
        return self.journal / "anchors.jsonl"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def weights(self) -> Path:
        """What trainings have learned, one file a version; an input of every later run."""
        return self.root / "weights"

    @property
    def calibrations(self) -> Path:
        """How often each version's probabilities are right, one file a version."""
        return self.weights / "calibration"

    @property
    def last_success(self) -> Path:
        """The last run that was published; a run that would repeat it does nothing."""
        return self.runs / "last_success.json"

    @property
    def warehouse(self) -> Path:
        """dbt's database. Disposable: the next run rebuilds it equal, row for row."""
        return self.root / "warehouse.duckdb"

    @property
    def warehouse_fingerprint(self) -> Path:
        """The code that the warehouse was last built by, to the end."""
        return self.root / "warehouse.fingerprint"

    @property
    def warehouse_unfinished(self) -> Path:
        """A build is under way or was stopped; says how to undo it."""
        return self.root / "warehouse.unfinished"

    @property
    def warehouse_aside(self) -> Path:
        """The last good warehouse, while one of other code is built from nothing."""
        return self.root / "warehouse.aside.duckdb"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def serving(self) -> Path:
        """Symbolic link to the publication that readers open."""
        return self.root / "serving.duckdb"

    @property
    def masked(self) -> Path:
        """Publications without personal data, each named like the one that it was made with."""
        return self.published / "masked"

    @property
    def serving_masked(self) -> Path:
        """Symbolic link to the publication for who may not see personal data."""
        return self.root / "serving_masked.duckdb"

    @property
    def masking_key(self) -> Path:
        """Secret that pseudonyms follow from."""
        return self.root / "masking.key"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def target(self) -> Path:
        return self.root / "target"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def lock_file(self) -> Path:
        return self.root / ".lock"

    def feed_landing(self, feed: str) -> Path:
        return self.landing / feed

    def feed_raw(self, feed: str) -> Path:
        return self.raw / feed

    def create(self) -> Home:
        """Make the folders. Safe to repeat.

        Raises:
            TieoutError: when the home cannot be made or written to.
        """
        try:
            for folder in (
                self.landing,
                self.manifest,
                self.statements,
                self.redelivered,
                self.run_context.parent,
                self.quarantine,
                self.journal,
                self.runs,
                self.published,
                self.dagster,
                self.target,
                self.logs,
            ):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TieoutError(
                f"Cannot make {error.filename} ({error.strerror}). "
                "Set TIEOUT_HOME to a folder that you may write to."
            ) from error
        return self

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the single-writer lock of this home; a process that holds it may take it again.

        The lock goes with the process, even when that is killed.

        Raises:
            HomeIsBusy: at once, when another process holds it; the message names its process id.
        """
        with _COUNTING:
            held = _HELD_LOCKS.get(self.root)
            if held is None:
                held = _HELD_LOCKS[self.root] = _HeldLock(self._lock())
            held.count += 1
        try:
            yield
        finally:
            with _COUNTING:
                held.count -= 1
                if not held.count:
                    del _HELD_LOCKS[self.root]
                    held.handle.truncate(0)
                    held.handle.close()

    def _lock(self) -> IO[str]:
        self.root.mkdir(parents=True, exist_ok=True)
        # Opened for appending, so that a refused second writer leaves the holder's id readable.
        handle = open(self.lock_file, "a+", encoding="utf-8")  # noqa: SIM115
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            with handle:
                handle.seek(0)
                holder = handle.read().strip() or "unknown"
            raise HomeIsBusy(
                f"Another run is writing to {self.root} (process {holder}). "
                "Wait for it to end, or stop it, and start again."
            ) from error
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        return handle

    def is_busy(self) -> bool:
        """Whether another process holds the writer's lock; asking never keeps one from it."""
        try:
            with open(self.lock_file, encoding="utf-8") as handle:
                holder = handle.read().strip()
                if not holder or not Path(f"/proc/{holder}").exists():
                    return False
                # a process that was killed leaves its number, which another may have by now
                try:
                    fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    return True
                return False
        except OSError:
            return False


@dataclass(frozen=True)
class Settings:
    """What a run takes from its environment.

    `as_of` is naive UTC, and None where the run speaks for its own start.
    """

    as_of: datetime | None
    reporting_currency: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read `TIEOUT_AS_OF` and `TIEOUT_REPORTING_CURRENCY`.

        Raises:
            TieoutError: when one of them cannot be understood.
        """
        environment = os.environ if environment is None else environment
        as_of_text = environment.get("TIEOUT_AS_OF", "").strip()
        currency = environment.get("TIEOUT_REPORTING_CURRENCY", "").strip()
        return cls(
            as_of=parse_as_of(as_of_text) if as_of_text else None,
            reporting_currency=parse_currency(currency or DEFAULT_REPORTING_CURRENCY),
        )


def parse_as_of(text: str) -> datetime:
    """ISO 8601 date or timestamp to naive UTC; without an offset it is UTC, a date is its midnight.

    Raises:
        TieoutError: when the text is no date or time.
    """
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TieoutError(
            f"TIEOUT_AS_OF={text!r} is not an ISO 8601 moment ({error}). "
            "Write it as 2026-06-30T18:00:00Z, or 2026-06-30 for the midnight that starts that day."
        ) from error
    return to_naive_utc(moment)


def parse_currency(text: str) -> str:
    """An ISO 4217 code in upper case.

    Raises:
        TieoutError: when the text does not have the form of one.
    """
    code = text.upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise TieoutError(
            f"TIEOUT_REPORTING_CURRENCY={text!r} is not an ISO 4217 currency code such as EUR."
        )
    return code


def to_naive_utc(moment: datetime) -> datetime:
    """A timestamp as tieout keeps it: UTC, without an offset."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def wall_clock() -> datetime:
    """The time now in naive UTC: for bookkeeping and the default as_of alone."""
    return to_naive_utc(datetime.now(UTC))


def iso_timestamp(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffffZ`, the form of the audit recipe."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
