"""When a run does nothing: same code, same batches, same moment, and everything still there."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from orchestration import parsed, publish, repeats
from orchestration.home import Home, Settings
from orchestration.ingest.landing import scan
from orchestration.run_context import RunContext, run_id_of

AS_OF = datetime(2026, 6, 30, 18, 20)
SAME = Settings(AS_OF, "EUR")
UNSET = Settings(None, "EUR")


def read_in(home: Home, sequence: int) -> list[str]:
    """A manifest over everything that lies in landing now."""
    files = scan(home)
    values = ", ".join(
        f"('{file.feed}', '{file.batch_id}', cast({sequence} as bigint))" for file in files
    )
    duckdb.execute(
        f"copy (select *, timestamp '{AS_OF}' as ingested_at, 1 as rows_read, 1 as rows_loaded, "
        "0 as rows_redelivered "
        f"from (values {values}) as t(feed, batch_id, run_sequence)) "
        f"to '{home.manifest}/{sequence:06d}.parquet' (format parquet)"
    )
    return [file.batch_id for file in files]


def land(home: Home, name: str, text: str) -> None:
    path = home.landing / "fx_rates" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


@pytest.fixture
def published(home: Home) -> Home:
    """A home after a successful run, as far as the question goes."""
    land(home, "a.csv", "a")
    batches = read_in(home, 1)
    home.warehouse.touch()
    home.warehouse_fingerprint.write_text(parsed.code_fingerprint())
    publication = home.published / "run-1.duckdb"
    publication.touch()
    publish.serve(home, publication)
    context = RunContext(run_id_of(AS_OF, batches), 1, AS_OF, "EUR", AS_OF, "manual")
    repeats.note_success(home, context)
    return home


def test_the_same_again_is_a_repeat(published: Home) -> None:
    assert repeats.is_repeat(published, SAME, now=datetime(2027, 1, 1))


def test_without_a_moment_the_hour_of_the_clock_counts(published: Home) -> None:
    assert repeats.is_repeat(published, UNSET, now=datetime(2026, 6, 30, 18, 59))
    assert not repeats.is_repeat(published, UNSET, now=datetime(2026, 6, 30, 19, 0))
    assert not repeats.is_repeat(published, UNSET, now=datetime(2026, 6, 30, 18, 10))


def test_another_moment_is_none(published: Home) -> None:
    later = Settings(datetime(2026, 6, 30, 18, 21), "EUR")
    assert not repeats.is_repeat(published, later, now=AS_OF)


def test_the_same_bytes_under_another_name_are_nothing_new(published: Home) -> None:
    land(published, "b.csv", "a")
    assert repeats.is_repeat(published, SAME, now=AS_OF)


def test_a_new_file_is_none(published: Home) -> None:
    land(published, "b.csv", "b")
    assert not repeats.is_repeat(published, SAME, now=AS_OF)


def test_a_batch_that_a_killed_run_read_in_is_none(published: Home) -> None:
    land(published, "b.csv", "b")
    read_in(published, 2)
    assert not repeats.is_repeat(published, SAME, now=AS_OF)


def test_a_lost_warehouse_or_publication_is_none(published: Home) -> None:
    published.serving.unlink()
    assert not repeats.is_repeat(published, SAME, now=AS_OF)
    publish.serve(published, published.published / "run-1.duckdb")
    published.warehouse.unlink()
    assert not repeats.is_repeat(published, SAME, now=AS_OF)


def test_changed_code_or_currency_is_none(published: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_REPORTING_CURRENCY", "USD")
    assert not repeats.is_repeat(published, SAME, now=AS_OF)


def test_a_build_that_was_stopped_is_none(published: Home) -> None:
    published.warehouse_fingerprint.unlink()
    assert not repeats.is_repeat(published, SAME, now=AS_OF)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"as_of": "x", "run_id": "y"}'])
def test_a_damaged_record_is_none(published: Home, text: str) -> None:
    published.last_success.write_text(text)
    assert not repeats.is_repeat(published, SAME, now=AS_OF)
