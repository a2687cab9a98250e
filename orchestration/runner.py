"""`tieout run`: the Dagster job `reconcile`, executed in this process, told as progress lines."""

from __future__ import annotations

import importlib.util
import os
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestration import (
    dbt_runs,
    journal,
    loading,
    parsed,
    progress,
    repeats,
    reserve,
    run_records,
    steps,
    summary,
    warehouse,
)
from orchestration.alerting import after_run
from orchestration.files import write_text
from orchestration.home import Home, Settings, TieoutError, wall_clock
from orchestration.intake.batches import land_waiting
from orchestration.review.export import export_for_run
from orchestration.telemetry import logs

_HERE = Path(__file__).resolve().parent
DAGSTER_DATABASE = "TIEOUT_DAGSTER_DATABASE"
"""Where Dagster keeps runs and events: `postgresql://…`; unset: SQLite files in the home."""


def run(home: Home, settings: Settings, trigger: str = "manual") -> str:
    """Reconcile everything that has landed and publish it; returns the summary.

    A run that would repeat the last one writes nothing.

    Raises:
        TieoutError: when the run cannot start, or a test or model fails: nothing is published
            then, and nothing sealed unless what fails shows the sealed block. Also when nothing of
            what landed could be read; that is published, and the summary said.
    """
    reporter = progress.current()
    started = time.monotonic()
    home.create()
    with home.writing():
        if run_records.close_stopped(home):
            _tell(home)  # once this run is published, nobody would hear of it
        try:
            export_for_run(home, as_of=settings.as_of)
            land_waiting(home)
            is_repeat = repeats.is_repeat(home, settings, wall_clock())
        except Exception:
            # a run that cannot begin has failed; one that has nothing to do leaves no record
            with telling(home), run_records.recording(home, trigger):
                raise
        if is_repeat:
            reporter.note(
                "Nothing to do: nothing new has landed, and the last run is of this moment and "
                "by this code. Its summary:"
            )
            logs.write(home, "nothing_to_do", trigger=trigger)
            _tell(home)  # what a run could not tell that was killed at its end
            return summary.summarize(home)
        with (
            telling(home),
            run_records.recording(home, trigger),
            warehouse.kept_open(home),  # committed while the run is summed up
        ):
            if settings.as_of is not None:
                steps.refuse_the_past(settings.as_of, journal.read_blocks(home))
            execute_job(home, trigger)
            with progress.current().step("Summing up"):
                text = summary.summarize(home)
                refusal = summary.nothing_was_read(summary.read(home))
    if refusal is not None:
        reporter.note(text)
        raise TieoutError(refusal)
    reporter.note(f"Done in {time.monotonic() - started:.1f} s.")
    return text


@contextmanager
def telling(home: Home) -> Iterator[None]:
    """Around a run: once it has ended, well or not, people are told what fires; who stops one by
    hand does not wait for that."""
    try:
        yield
    except Exception:
        _tell(home)
        raise
    _tell(home)


def _tell(home: Home) -> None:
    said = after_run.tell(home)
    if said is not None:
        progress.current().note(said)


_jobs: dict[tuple[Path, Path], Any] = {}
"""By home and parse, the job of a process that makes several runs."""


def get_ready(home: Home) -> Any:
    """Load Dagster and the job of a home; at once when this process has it already.

    Raises:
        DbtFailed: when the project does not parse.
    """
    prepare_instance(home)
    warnings.filterwarnings("ignore", module="dagster")
    found = parsed.find(home)
    if found is not None and (home.root, found) in _jobs:
        return _jobs[home.root, found]
    with loading.for_good(), ThreadPoolExecutor() as aside:
        parse = aside.submit(dbt_runs.ensure_parse, home)
        # Imported late, because these are slow to load and other commands do without them.
        from orchestration.definitions import JOB_NAME, build_definitions

        key = (home.root, parse.result())
        _jobs.clear()
        _jobs[key] = build_definitions(home).resolve_job_def(JOB_NAME)
    return _jobs[key]


def execute_job(home: Home, trigger: str) -> None:
    """Execute the job in this process, recorded in the home's Dagster instance.

    Raises:
        TieoutError: the one that a step raised.
    """
    with progress.current().step("Getting ready"):
        job = get_ready(home)
        import dagster as dg

        from orchestration.assets import TRIGGER_TAG
        from orchestration.definitions import FILE_LOGGER
    log = home.logs / "dagster.log"
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        try:
            job.execute_in_process(
                instance=instance,
                tags={TRIGGER_TAG: trigger},
                run_config={"loggers": {FILE_LOGGER: {"config": {"path": str(log)}}}},
            )
        except dg.DagsterError as error:
            raise TieoutError(f"The run stopped: {error}\n  The whole log: {log}") from error
        except Exception as error:
            if isinstance(error, TieoutError) or not reserve.is_needed(home):
                raise
            # each library says it in its own way, the database of Dagster by a traceback
            raise TieoutError(
                f"The disk that holds {home.root} is full, so this run published nothing. Make "
                "room and run again: it goes on from what is there. "
                f"({(str(error) or type(error).__name__).splitlines()[0]})"
            ) from error


def prepare_instance(home: Home) -> None:
    """Install the Dagster settings under the home; point this process and its children there.

    Raises:
        TieoutError: when Dagster's database is no PostgreSQL, or its package is not installed.
    """
    home.create()
    database = dagster_database(os.environ.get(DAGSTER_DATABASE, "").strip())
    settings = instance_settings(database)
    if database:
        os.environ[DAGSTER_DATABASE] = database
    write_text(home.dagster / "dagster.yaml", settings.replace("$DAGSTER_HOME", str(home.dagster)))
    os.environ["TIEOUT_HOME"] = str(home.root)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "true"
    # what a run intends to make, a table and a test each, is written at once
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")


def dagster_database(address: str) -> str:
    """The address as Dagster needs it: its SQL is that of psycopg2, also where SQLAlchemy's
    first choice is a newer driver. Empty for SQLite files in the home.

    Raises:
        TieoutError: when the database is no PostgreSQL, or its package is not installed.
    """
    if not address:
        return ""
    scheme, separator, place = address.partition("://")
    if scheme not in ("postgresql", "postgres", "postgresql+psycopg2") or not separator:
        raise TieoutError(f"{DAGSTER_DATABASE} has to begin with postgresql:// (or be unset).")
    if importlib.util.find_spec("dagster_postgres") is None:
        raise TieoutError(
            f"{DAGSTER_DATABASE} needs the extra `postgres`: pip install 'tieout[postgres]'."
        )
    return f"postgresql+psycopg2://{place}"


def instance_settings(database: str) -> str:
    """Dagster's settings, as they stand below its home."""
    storage = "dagster_postgres.yaml" if database else "dagster_sqlite.yaml"
    return "".join((_HERE / name).read_text(encoding="utf-8") for name in ("dagster.yaml", storage))
