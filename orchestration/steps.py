"""The steps of a run, each a function over the home. `assets.py` strings them together in Dagster.

land -> build (before the seal) -> seal -> build (after it) -> publish

Each step starts from what lies on disk, so one that was killed is simply done again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import Any

from orchestration import (
    controls,
    dbt_runs,
    demo,
    journal,
    journal_files,
    progress,
    publish,
    repeats,
    run_notices,
    run_records,
    warehouse,
)
from orchestration.dbt_runs import Phase
from orchestration.home import Home, Settings, TieoutError, iso_timestamp, wall_clock
from orchestration.ingest import ingest
from orchestration.intake.batches import land_waiting
from orchestration.journal import Block
from orchestration.review.export import export_for_run
from orchestration.run_context import (
    RunContext,
    known_batches,
    next_sequence,
    record_run,
    run_id_of,
    sequence_of_run,
    write_empty_runs,
)


def land(home: Home, settings: Settings, trigger: str, started_at: datetime) -> RunContext:
    """Take in what lies in landing (a demo company when nothing does), and open the run.

    Raises:
        TieoutError: when `as_of` lies before what is sealed, or the journal is damaged.
    """
    home.create()
    as_of = settings.as_of or started_at.replace(microsecond=0)
    with progress.current().step("Landing"):
        blocks = journal.prepare(home)
        refuse_the_past(as_of, blocks)
        # what was decided after this moment is for the next run
        export_for_run(home, as_of=settings.as_of, until=None if settings.as_of else as_of)
        land_waiting(home)
        write_empty_runs(home)
        if not has_landed_files(home):
            progress.current().note(
                f"  {home.landing} is empty: a demo company is landed there. Put your own files "
                "there instead to reconcile them (README, 'Your own data')."
            )
            land_demo(home, as_of.date(), reporting_currency=settings.reporting_currency)
    with progress.current().step("Reading the landed files"):
        result = ingest(home, as_of, next_sequence(home))
        progress.current().update(
            f"{result.new_batches} new files, {result.rows_read} rows: {result.loaded} loaded, "
            f"{result.redelivered} seen before, {result.quarantined} rejected",
            files=result.new_batches,
            rows_read=result.rows_read,
            rows_loaded=result.loaded,
            rows_redelivered=result.redelivered,
            rows_quarantined=result.quarantined,
        )
        controls.take_in(home, controls.of_inbox(home), as_of)
    batches = [batch_id for _, batch_id, _ in known_batches(home)]
    run_id = run_id_of(as_of, [*batches, *controls.known(home)])
    context = RunContext(
        run_id=run_id,
        run_sequence=sequence_of_run(home, run_id),
        as_of=as_of,
        reporting_currency=settings.reporting_currency,
        started_at=started_at,
        trigger=trigger,
    )
    context.write(home)
    run_records.note_run(home, context.run_id, context.as_of)
    return context


def refuse_the_past(as_of: datetime, blocks: list[Block]) -> None:
    """A run cannot decide before what has been decided.

    Raises:
        TieoutError: when the last block was sealed as of a later moment.
    """
    if blocks and as_of < blocks[-1].sealed_at:
        raise TieoutError(
            f"This run would speak for {iso_timestamp(as_of)}, and block {blocks[-1].block} is "
            f"sealed as of {iso_timestamp(blocks[-1].sealed_at)}: decisions cannot be inserted "
            "into the past. Set TIEOUT_AS_OF to that moment or a later one, or leave it unset; to "
            "replay the past, start an empty TIEOUT_HOME on a copy of the landing folder."
        )


def land_demo(home: Home, end: date, **size: Any) -> None:
    """Land the demo company whose history ends on the day `end`; its truth goes beside.

    It is made aside and moved in whole, so that a killed run never leaves half a company. `size`
    may hold `seed`, `invoices`, `months`, `reporting_currency` and `recent_days`.

    Raises:
        TieoutError: when files have landed already, or the size makes no company.
    """
    if has_landed_files(home):
        raise TieoutError(
            f"{home.landing} holds files already, and a demo company is not mixed with them. "
            "Choose an empty TIEOUT_HOME."
        )
    aside = home.root / ".demo"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        demo.generate(aside / "landing", aside / "truth", end=end, **size)
    except ValueError as error:
        raise TieoutError(f"No demo company: {error}.") from error
    # Landing holds no file, so what is removed here are empty folders and an old demo's truth.
    shutil.rmtree(home.truth, ignore_errors=True)
    shutil.rmtree(home.landing, ignore_errors=True)
    os.replace(aside / "truth", home.truth)
    os.replace(aside / "landing", home.landing)
    shutil.rmtree(aside)


def has_landed_files(home: Home) -> bool:
    """Whether anything lies in landing, an upload under way included; hidden files do not count."""
    return any(path.is_file() and not path.name.startswith(".") for path in home.landing.rglob("*"))


def build(home: Home, phase: Phase, models: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Build one phase with dbt; yields dbt's events.

    Raises:
        DbtFailed: when a model or test fails. Nothing has been published by then, and before the
            seal nothing of the run has been sealed.
        TieoutError: when the warehouse is damaged; the next run builds it anew.
    """
    title = {
        Phase.BEFORE_SEAL: "Building the warehouse",
        Phase.AFTER_SEAL: "Building the audit marts",
    }[phase]
    journal_files.settle(home)
    is_last = phase is Phase.AFTER_SEAL and models is None
    if phase is Phase.BEFORE_SEAL and warehouse.is_lost(home):
        run_notices.note_lost_warehouse(home)
    with (
        progress.current().step(title),
        publish.copying(home) if is_last else nullcontext(),
        warehouse.building(home, phase, is_partial=models is not None) as is_new,
    ):
        finished = total = 0
        arguments = dbt_runs.build_arguments(phase, models or [], with_seeds=is_new)
        # what a new warehouse holds is in its file, and its memory is wanted elsewhere
        keeps_open = models is None and not is_new
        try:
            for event in dbt_runs.stream(home, arguments, keeps_open=keeps_open):
                run_records.note_node(home, event)
                size = dbt_runs.progress_of(event)
                if size is not None:
                    finished, total = finished + 1, size
                    progress.current().update(f"{finished}/{total} models and tests")
                yield event
        except TieoutError as error:
            warehouse.give_up_if_damaged(home, error)
            raise
        # Nodes without a relation of their own end unreported.
        progress.current().update(f"{total}/{total} models and tests", nodes=total)


def seal(home: Home) -> Block | None:
    """Seal what the build decided, and write the run's bookkeeping row."""
    context = RunContext.read(home)
    with progress.current().step("Sealing the decisions"):
        block = journal.seal(home, context.run_id, context.as_of)
        progress.current().update(
            f"block {block.block} with {block.entry_count} entries" if block else "nothing new",
            entries=block.entry_count if block else 0,
        )
        record_run(home, context, finished_at=wall_clock())
    return block


def publish_marts(home: Home) -> Path:
    """Publish the marts that the build made."""
    context = RunContext.read(home)
    with progress.current().step("Publishing the marts"):
        path = publish.publish(home, context.run_id)
        warehouse.commit_aside(home)
        run_notices.look(home, context)
        repeats.note_success(home, context)
        progress.current().update(path.name)
    return path
