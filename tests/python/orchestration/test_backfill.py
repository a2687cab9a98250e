"""A backfill is one run: it takes the asked days from an archive, and says what it has restated."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration import backfill, run_records
from orchestration.backfill import Days
from orchestration.gamedays.company import Company
from orchestration.home import Home, Settings, TieoutError
from orchestration.ingest import ingest
from tests.python.tieout_process import PROJECT, Tieout

FIRST, LAST = date(2026, 6, 9), date(2026, 6, 10)
LATER = "2026-07-02T06:00:00Z"

# two days as one range of partitions, as Dagster's page of backfills asks for them
IN_DAGSTER = """
import sys
import dagster as dg
from orchestration import runner
from orchestration.backfill_job import build_backfill
from orchestration.home import Home

home = Home.from_environment()
runner.prepare_instance(home)
with dg.DagsterInstance.get() as instance:
    done = dg.materialize(
        [build_backfill(home)],
        instance=instance,
        run_config={"ops": {"restated_days": {"config": {"archive": sys.argv[1]}}}},
        tags={
            "dagster/asset_partition_range_start": sys.argv[2],
            "dagster/asset_partition_range_end": sys.argv[3],
        },
    )
    told = done.asset_materializations_for_node("restated_days")
    assert {one.partition for one in told} == {sys.argv[2], sys.argv[3]}
    print(told[0].metadata["report"].value)
"""


def archive_of(folder: Path) -> Path:
    """Five days of a company, a file a day and feed; one cannot be read, one speaks of no day."""
    company = Company(date(2026, 6, 1))
    for day in range(8, 13):
        at = date(2026, 6, day)
        company.deliver(at, at).without("fx_rates", "bank_accounts", "crm_customers").land(folder)
    company.deliver(FIRST, FIRST).only("crm_customers").land(folder)
    (folder / "billing_invoices" / "broken.csv").write_text("what,is,this\n1,2,3\n")
    return folder


def figures(home: Home, first: date, last: date) -> dict[date, tuple[object, ...]]:
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        rows = connection.execute(
            "select as_of_date, invoiced, collected, matched from marts.agg_executive_daily "
            "where as_of_date between ? and ?",
            [first, last],
        ).fetchall()
    return {day: tuple(amounts) for day, *amounts in rows}


@pytest.mark.thorough
def test_days_of_an_archive_are_one_run_that_says_what_it_has_restated(
    reconciled_copy: Tieout, tmp_path: Path
) -> None:
    home = reconciled_copy.home
    archive = archive_of(tmp_path / "archive")
    before = figures(home, FIRST - timedelta(days=30), LAST + timedelta(days=10))
    runs = len(run_records.read(home))
    later = Tieout(home, as_of=LATER)
    done = subprocess.run(
        [sys.executable, "-c", IN_DAGSTER, str(archive), f"{FIRST}", f"{LAST}"],
        cwd=PROJECT,
        env=later.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    report = done.stdout
    # of the two days an invoice file, a charge, a payout and a statement each; no other day's
    landed = {
        path.name
        for feed in home.landing.iterdir()
        for path in (feed / "backfill").rglob("*")
        if path.is_file()
    }
    assert {name[8:16] for name in landed} == {"20260609", "20260610"}
    assert f"of the archive {2 * 4} files landed, 0 had been read before" in report
    assert f"{3 * 4 + 1} speak of other days or of none" in report
    assert "cannot be read: billing_invoices/broken.csv" in report
    # the money of the two days, and what they match: restated, and only there
    after = figures(home, FIRST - timedelta(days=30), LAST + timedelta(days=10))
    changed = {day for day in after if after[day] != before[day]}
    assert {FIRST, LAST} <= changed
    for day in changed:
        assert f"\n  {day}" in report
    for day in (FIRST, LAST):
        assert f"\n  {day}; items: " in report
    assert f"Restated: 2 of these days, and {len(changed) - 2} others" in report
    assert "fct_invoices" in report and "invoiced " in report and "matched " in report
    new = run_records.read(home)[: len(run_records.read(home)) - runs]
    assert [(record.outcome, record.trigger) for record in new] == [("published", "backfill")]
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        known = instance.get_materialized_partitions(dg.AssetKey("restated_days"))
    assert known == {f"{FIRST}", f"{LAST}"}
    # once more: all of it is known, and nothing is restated
    again = later.succeed(
        "backfill", "--from", f"{FIRST}", "--to", f"{LAST}", "--archive", str(archive)
    )
    assert "0 files landed, 8 had been read before" in again
    assert "Nothing that has landed was new." in again
    assert "Restated: 0 of these days, and 0 others" in again
    assert not list((home.root / "scratch").glob("*before*"))
    shutil.rmtree(archive)
    assert (
        "is no folder" in later("backfill", "--from", f"{FIRST}", "--archive", str(archive)).stderr
    )


def test_files_of_an_archive_land_by_the_days_of_their_rows_and_once(
    home: Home, tmp_path: Path
) -> None:
    archive = archive_of(tmp_path / "archive")
    settings = Settings(datetime(2026, 7, 1, 6), "EUR")
    told = backfill.land_archive(home, settings, Days(FIRST, FIRST), archive)
    assert sorted(told.landed) == [
        f"{feed}/gameday_20260609_20260609.{ending}"
        for feed, ending in (
            ("bank_statements", "sta"),
            ("billing_invoices", "csv"),
            ("gateway_payouts", "csv"),
            ("gateway_transactions", "csv"),
        )
    ]
    assert told.unreadable == ["billing_invoices/broken.csv"]
    assert "crm_customers/gameday_20260609_20260609.csv" in told.other_days
    for name in told.landed:
        feed, _, file = name.partition("/")
        landed = home.landing / feed / "backfill" / file
        assert landed.read_bytes() == (archive / name).read_bytes()
    ingest(home, datetime(2026, 7, 1, 6))
    # what was read is known, whatever it is called; another file of a name lands beside the first
    invoices = archive / "billing_invoices"
    (invoices / "gameday_20260609_20260609.csv").rename(invoices / "again.csv")
    (invoices / "gameday_20260610_20260610.csv").rename(invoices / "gameday_20260609_20260609.csv")
    told = backfill.land_archive(home, settings, Days(FIRST, LAST), archive)
    assert "billing_invoices/again.csv" in told.known
    assert "billing_invoices/gameday_20260609_20260609.csv" in told.landed
    names = sorted(path.name for path in (home.landing / "billing_invoices/backfill").iterdir())
    assert names[1] == "gameday_20260609_20260609.csv"
    assert names[0].endswith("-gameday_20260609_20260609.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TieoutError, match="named like feeds"):
        backfill.land_archive(home, settings, Days(FIRST, LAST), tmp_path / "empty")


def publication(path: Path, as_of: str, items: str, figures: str, batches: str) -> Path:
    """A publication of the marts that a comparison reads by their columns."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for mart, columns, rows in (
            ("fct_runs", "as_of", f"(timestamp '{as_of}')"),
            ("agg_executive_daily", "as_of_date, currency, invoiced, collected, matched, adjusted",
             figures),
            ("fct_items", "reconciliation, side, item_type, item_id, event_date, currency, amount, "
             "allocated_amount, adjusted_amount, open_amount", items),
            ("fct_batches", "feed, batch_id, file_name, min_event_at, max_event_at, rows_read, "
             "rows_loaded, rows_redelivered, rows_quarantined", batches),
            ("fct_alerts", "alert_id", "('same')"),
        ):  # fmt: skip
            connection.execute(
                f"create table marts.{mart} as select * from (values {rows}) as t ({columns})"
            )
    return path


def item(name: str, day: str, amount: int, allocated: int) -> str:
    open_amount = amount - allocated
    return (
        f"('invoice_to_receipt', 'a', 'invoice', '{name}', date '{day}', 'EUR', {amount}, "
        f"{allocated}, 0, {open_amount})"
    )


def test_what_is_restated_is_told_by_day_and_by_mart(home: Home, tmp_path: Path) -> None:
    batch = (
        "('fx_rates', '{0}', '{0}.csv', timestamp '2026-06-09', timestamp '2026-06-10', 2, 2, 0, 0)"
    )
    before = publication(
        tmp_path / "before.duckdb",
        "2026-07-01 06:00:00",
        ", ".join(
            [
                item("same", "2026-06-09", 5, 5),
                item("settled", "2026-06-02", 10, 0),
                item("moved", "2026-06-03", 7, 0),
                item("gone", "2026-06-04", 1, 0),
            ]
        ),
        "(date '2026-06-09', 'EUR', 5, 0, 0, 0), (date '2026-07-01', 'EUR', 0, 0, 0, 0)",
        batch.format("old"),
    )
    after = publication(
        tmp_path / "after.duckdb",
        "2026-07-02 06:00:00",
        ", ".join(
            [
                item("same", "2026-06-09", 5, 5),
                item("settled", "2026-06-02", 10, 10),
                item("moved", "2026-06-05", 7, 0),
                item("late", "2026-06-10", 10, 10),
                item("of today", "2026-07-02", 3, 0),
            ]
        ),
        "(date '2026-06-09', 'EUR', 5, 0, 0, 0), (date '2026-06-10', 'EUR', 10, 0, 10, 0), "
        "(date '2026-07-01', 'EUR', 0, 0, 0, 0), (date '2026-07-02', 'EUR', 3, 0, 0, 0)",
        batch.format("old") + ", " + batch.format("new"),
    )
    told = backfill.compare(home, before, after, Days(FIRST, LAST), None)
    assert [row["file_name"] for row in told.files] == ["new.csv"]
    assert [(row["day"], row["invoiced_before"], row["invoiced"]) for row in told.figures] == [
        (LAST, 0, 10)
    ]
    # what belongs to the days since the last publication is new, and restates nothing
    assert [tuple(row.values()) for row in told.items] == [
        (date(2026, 6, 2), 0, 1, 0),
        (date(2026, 6, 3), 0, 1, 0),
        (date(2026, 6, 4), 0, 0, 1),
        (date(2026, 6, 5), 0, 1, 0),
        (LAST, 1, 0, 0),
    ]
    assert told.marts == [
        ("agg_executive_daily", 2, 0),
        ("fct_batches", 1, 0),
        ("fct_items", 4, 3),
        ("fct_runs", 1, 1),
    ]
    text = told.describe()
    assert "Restated: 1 of these days, and 4 others" in text
    assert (
        "  2026-06-02 (not asked for: it depends on them, or on other files); items: 0 came" in text
    )
    assert "invoiced                 0.00 ->              10.00 EUR" in text


def test_a_home_without_a_publication_has_nothing_to_restate(home: Home) -> None:
    refused = Tieout(home)("backfill", "--from", "2026-06-09")
    assert refused.returncode == 1
    assert "the first `tieout run` takes in all days" in refused.stderr


def test_a_range_ends_after_it_begins() -> None:
    with pytest.raises(TieoutError, match="cannot end on 2026-06-08"):
        Days(FIRST, FIRST - timedelta(days=1))
    assert LAST in Days(FIRST, LAST) and FIRST - timedelta(days=1) not in Days(FIRST, LAST)
    assert f"{Days(FIRST, FIRST)}" == "2026-06-09"
