"""Run ids and sequences: the same inputs give the same run, a killed one is taken up."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import duckdb
import pytest

from orchestration import files, journal, steps
from orchestration.home import Home, TieoutError
from orchestration.run_context import (
    RunContext,
    known_batches,
    last_taken_in,
    next_sequence,
    record_run,
    run_id_of,
    sequence_of_run,
)

AS_OF = datetime(2026, 6, 30, 18)


def manifest(home: Home, sequence: int, batch_id: str, rows: int = 10) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select 'fx_rates' as feed, '{batch_id}' as batch_id, "
            f"cast({sequence} as bigint) as run_sequence, timestamp '{AS_OF}' as ingested_at, "
            f"cast({rows} as bigint) as rows_read, cast({rows} as bigint) as rows_loaded, "
            "cast(0 as bigint) as rows_redelivered) "
            f"to '{home.manifest}/{sequence:06d}.parquet' (format parquet)"
        )


def context(run_id: str, sequence: int) -> RunContext:
    return RunContext(run_id, sequence, AS_OF, "EUR", datetime(2026, 7, 1), "manual")


def test_a_run_id_follows_from_its_moment_and_batches() -> None:
    run_id = run_id_of(AS_OF, ["b", "a", "a"])
    assert run_id == run_id_of(AS_OF, ["a", "b"])
    assert run_id != run_id_of(AS_OF, ["a"])
    assert run_id != run_id_of(datetime(2026, 7, 1), ["a", "b"])
    assert len(run_id) == len("run-") + 16


def test_sequences_count_runs_and_take_up_killed_ones(home: Home) -> None:
    assert next_sequence(home) == 1
    manifest(home, 1, "a")
    # Killed after its ingest: the next run carries the number of that ingest.
    assert sequence_of_run(home, "run-1") == 1
    record_run(home, context("run-1", 1), datetime(2026, 7, 1, 0, 0, 3))
    # Nothing new landed, a later moment: a number of its own.
    assert sequence_of_run(home, "run-2") == 2
    record_run(home, context("run-2", 2), datetime(2026, 7, 1, 0, 0, 3))
    assert next_sequence(home) == 3
    manifest(home, 3, "b")
    assert sequence_of_run(home, "run-3") == 3


def test_what_manifests_say_is_read_once_and_again_once_a_file_is_another(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    open_duckdb = files.open_duckdb
    monkeypatch.setattr(files, "open_duckdb", lambda: opened.append(1) or open_duckdb())
    manifest(home, 1, "a")
    manifest(home, 2, "b", rows=0)
    for _ in range(2):
        assert known_batches(home) == [("fx_rates", "a", 1), ("fx_rates", "b", 2)]
        assert last_taken_in(home) == {"fx_rates": AS_OF}
    assert len(opened) == 1
    manifest(home, 3, "c")
    (home.manifest / "000001.parquet").unlink()
    other = home.manifest / "000002.parquet"
    manifest(home, 4, "d")
    (home.manifest / "000004.parquet").replace(other)
    assert known_batches(home) == [("fx_rates", "c", 3), ("fx_rates", "d", 4)]
    assert len(opened) == 2
    assert {path.stem for path, _ in files._kept if path.parent == home.manifest} == {
        "000002",
        "000003",
    }, "what is gone is forgotten"


def test_a_repeated_run_keeps_its_row(home: Home) -> None:
    manifest(home, 1, "a", rows=12)
    path = record_run(home, context("run-1", 1), datetime(2026, 7, 1, 0, 0, 3, 500_000))
    record_run(home, context("run-2", 2), datetime(2026, 7, 1, 0, 0, 3))
    assert sequence_of_run(home, "run-1") == 1
    row = duckdb.execute(f"select rows_in, seconds from '{path}'").fetchone()
    assert row == (12, Decimal("3.5"))


def test_the_context_survives_the_way_through_parquet(home: Home) -> None:
    context("run-1", 1).write(home)
    assert RunContext.read(home) == context("run-1", 1)


def test_without_a_context_the_message_says_what_to_do(home: Home) -> None:
    with pytest.raises(TieoutError, match="land files first"):
        RunContext.read(home)


def test_a_run_before_the_last_seal_is_refused(three_blocks: Home) -> None:
    blocks = journal.read_blocks(three_blocks)
    with pytest.raises(TieoutError, match="cannot be inserted into the past"):
        steps.refuse_the_past(AS_OF, blocks)
    steps.refuse_the_past(blocks[-1].sealed_at, blocks)
    steps.refuse_the_past(AS_OF, [])
