"""Twice is once; a lost warehouse comes back; a failing test seals and publishes nothing."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from tieout_process import Tieout

from orchestration import run_records, steps, warehouse
from orchestration.dbt_runs import Phase
from orchestration.home import Home, TieoutError

pytestmark = pytest.mark.slow

Differences = Callable[[Home, Home], list[str]]


def contents(*folders: Path) -> dict[str, str]:
    """Digest of every file under some folders, by path."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_second_run_changes_nothing_and_says_so(reconciled_copy: Tieout) -> None:
    home = reconciled_copy.home
    folders = (home.raw, home.journal, home.quarantine, home.runs, home.published, home.landing)
    before = contents(*folders)
    served = home.serving.readlink()
    # The same bytes under another name are the same batch.
    some_file = next(path for path in home.landing.rglob("*.csv"))
    copied = some_file.with_name("again-" + some_file.name)
    shutil.copyfile(some_file, copied)
    printed = reconciled_copy.succeed("run")
    copied.unlink()
    assert "Nothing to do" in printed
    assert "Reconciled as of 2026-07-01 06:00 UTC" in printed
    assert contents(*folders) == before
    assert home.serving.readlink() == served


def test_a_lost_warehouse_comes_back_equal(
    reconciled: Tieout, reconciled_copy: Tieout, differences: Differences
) -> None:
    """Also from a process that Python starts: the other was forked by the server of tests."""
    home = reconciled_copy.home
    warehouse.discard(home)
    home.run_context.unlink()
    kept = contents(home.raw, home.journal)
    done = reconciled_copy.afresh("run")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    # The run's own parameters hold its start by the wall clock.
    home.run_context.unlink()
    assert contents(home.raw, home.journal) == kept, "nothing is decided twice"
    assert home.serving.resolve().name != reconciled.home.serving.resolve().name
    assert differences(reconciled.home, home) == []
    reconciled_copy.succeed("verify")


def rewrite(path: Path, replacement: str) -> None:
    """Change a Parquet file in place: `replacement` is what `replace (...)` holds."""
    tampered = path.with_suffix(".tampered")
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * exclude (file_row_number) replace ({replacement}) "
            f"from read_parquet('{path}', file_row_number = true)) "
            f"to '{tampered}' (format parquet)"
        )
    tampered.replace(path)


def miscount(home: Home) -> None:
    """The manifest says of one file that a row more was read than lies in raw."""
    (manifest,) = sorted(home.manifest.glob("[0-9]*.parquet"))
    rewrite(manifest, "rows_read + (file_row_number = 0)::bigint as rows_read")


def post_one_key_twice(home: Home) -> None:
    """The ledger says that it took one entry under two numbers."""
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        found = connection.execute(
            "select min(posting_key) from marts.fct_journal_entries"
        ).fetchone()
    assert found is not None
    folder = home.feed_landing("posting_results")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "twice.csv").write_text(
        "posting_key,attempt,attempted_at,status,external_id\n"
        f"{found[0]},1,2026-07-01T10:00:00Z,posted,L1\n"
        f"{found[0]},2,2026-07-01T11:00:00Z,posted,L2\n",
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("damage", "guard", "said"),
    [
        pytest.param(
            miscount,
            "assert_rows_read_are_accounted_for",
            "rows read are not loaded, re-delivered or quarantined: ",
            id="a batch is miscounted",
        ),
        pytest.param(
            post_one_key_twice,
            "assert_posting_keys_post_once",
            "a posting key was posted twice: posting_key ",
            id="a key posted twice",
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_a_broken_invariant_stops_a_run_before_it_seals_or_publishes(
    reconciled_copy: Tieout, tmp_path: Path, damage: Callable[[Home], None], guard: str, said: str
) -> None:
    home = reconciled_copy.home
    # By then open invoices are past their window: there is something to seal.
    later = Tieout(home, as_of="2026-08-15T06:00:00Z")
    mended = tmp_path / "mended"
    for folder in (home.landing, home.raw):
        shutil.copytree(folder, mended / folder.name)
    kept = (home.journal, home.runs, home.published)
    before, served = contents(*kept), home.serving.readlink()

    damage(home)
    done = later("run")
    assert done.returncode == 1, done.stdout[-6000:]
    assert f"test {guard}" in done.stderr
    assert said in done.stderr, "the message shows what the test says of a row"
    assert "Traceback" not in done.stderr
    # of a failed run its record stays, which the dashboard tells it by
    record = run_records.read(home, limit=1)[0]
    assert record.outcome == "failed"
    assert [failure.name for failure in record.failures] == [guard]
    left = contents(*kept)
    del left[str(run_records.folder(home) / f"{record.name}.json")]
    assert left == before
    assert home.serving.readlink() == served

    # Without the damage the same run seals and publishes: there was something to stop.
    for folder in (home.landing, home.raw):
        shutil.rmtree(folder)
        shutil.copytree(mended / folder.name, folder)
    later.succeed("run")
    assert (home.journal / "000002.block.parquet").exists()
    assert home.serving.readlink() != served
    later.succeed("verify")


def test_a_partial_build_never_throws_the_warehouse_away(home: Home) -> None:
    """The code has changed, or the last build stopped half way: it says what to do instead."""
    home.create()
    home.warehouse.write_text("what the last run built", encoding="utf-8")
    for fingerprint in ("of other code", None):
        if fingerprint is None:
            home.warehouse_fingerprint.unlink()
        else:
            home.warehouse_fingerprint.write_text(fingerprint, encoding="utf-8")
        with pytest.raises(TieoutError, match="tieout run"):
            list(steps.build(home, Phase.BEFORE_SEAL, ["fct_items"]))
        assert home.warehouse.read_text(encoding="utf-8") == "what the last run built"
        assert home.warehouse_fingerprint.exists() == (fingerprint is not None)


def tamper_with_a_raw_row(home: Home) -> None:
    batch = min(home.feed_raw("crm_customers").glob("[0-9a-f]*.parquet"))
    rewrite(batch, "legal_name || case when file_row_number = 0 then '!' else '' end as legal_name")


def tamper_with_a_journal_entry(home: Home) -> None:
    rewrite(
        home.journal / "000001.entries.parquet",
        "case when entry_type = 'match_closed' and position = min(position) filter "
        "(where entry_type = 'match_closed') over () then replace(payload, "
        '\'"explanation":"\', \'"explanation":"Allegedly: \') else payload end as payload',
    )


@pytest.mark.thorough
def test_what_was_tampered_with_shows_in_the_rebuilt_marts(
    reconciled: Tieout, reconciled_copy: Tieout, differences: Differences
) -> None:
    """The comparison above would not say `equal` of a warehouse built from something else."""
    home = reconciled_copy.home
    warehouse.discard(home)
    tamper_with_a_raw_row(home)
    tamper_with_a_journal_entry(home)
    reconciled_copy.succeed("run")
    found = differences(reconciled.home, home)
    for mart, trace in (("dim_customers", "!'"), ("fct_matches", "Allegedly: ")):
        assert any(line.startswith(mart) and trace in line for line in found), mart
