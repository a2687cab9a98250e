"""What a run notices beside its data, each from what it looks at."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration import progress, run_notices, run_records, warehouse
from orchestration.dbt_runs import Phase
from orchestration.gamedays.system_faults import HEADERS
from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review import access_log
from orchestration.review.people import Permission, Person, Role
from orchestration.run_context import RunContext
from tests.python.tieout_process import Tieout

STRANGER = Person("stranger@example.com", "A stranger", frozenset({Role.VIEWER}))


@pytest.fixture
def published(reconciled: Tieout, tmp_path: Path) -> Home:
    """A copy of what the small company has published, and of its journal."""
    home = Home(tmp_path / "home")
    shutil.copytree(
        reconciled.home.root,
        home.root,
        symlinks=True,
        ignore=shutil.ignore_patterns("warehouse.duckdb*", "landing", "dagster", "target"),
    )
    return home


def noticed(home: Home) -> list[str]:
    """The names of what a run of this process notices."""
    with run_records.recording(home, "test"):
        run_notices.look(home, RunContext.read(home))
        [record, *_] = run_records.read(home)
    return [notice.name for notice in record.notices]


def test_a_quiet_run_notices_nothing(published: Home) -> None:
    assert noticed(published) == []


def test_five_refusals_of_one_person_are_noticed_and_not_who_it_was(published: Home) -> None:
    with run_records.recording(published, "test"):
        pass
    for page in ("audit", "close", "upload", "debug"):
        _refuse(published, page)
    assert noticed(published) == []
    for page in ("audit", "close", "upload", "debug", "matches"):
        _refuse(published, page)
    with run_records.recording(published, "test"):
        run_notices.look(published, RunContext.read(published))
        [record, *_] = run_records.read(published)
    [notice] = record.notices
    assert notice.name == run_notices.ACCESS_REFUSED and notice.severity == "page"
    assert "stranger" not in notice.subject + notice.sentence


def test_refusals_are_counted_over_hours_however_often_runs_come(
    published: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for page in ("audit", "close", "upload", "debug"):
        _refuse(published, page)
        assert noticed(published) == []  # a run after each
    _refuse(published, "matches")
    assert noticed(published) == [run_notices.ACCESS_REFUSED]
    assert noticed(published) == [run_notices.ACCESS_REFUSED]
    later = wall_clock() + timedelta(hours=25)
    shutil.rmtree(run_records.folder(published))
    monkeypatch.setattr(run_notices, "wall_clock", lambda: later)
    assert noticed(published) == []


def test_what_later_runs_cannot_see_again_is_handed_on_for_hours(
    published: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*, lost: bool = False, fails: bool = False) -> run_records.RunRecord:
        with suppress(TieoutError), run_records.recording(published, "test"):
            for step in (run_records.LANDING, run_records.PUBLISHING):
                with progress.current().step(step):
                    if lost and step == run_records.LANDING:
                        run_notices.note_lost_warehouse(published)
                    if fails:
                        raise TieoutError("the disk is full")
            run_notices.look(published, RunContext.read(published))
        return run_records.read(published)[0]

    run()
    run(lost=True, fails=True)
    [handed_on] = run().notices
    [again] = run().notices
    assert handed_on == again and again.name == run_notices.WAREHOUSE_LOST
    assert again.noticed_at is not None and again.until == again.noticed_at + timedelta(hours=24)
    monkeypatch.setattr(run_records, "wall_clock", lambda: again.until)
    assert run().notices == []


AHEAD = (
    "update marts.fct_batches set max_event_at = ingested_at + interval '{minutes} minutes' "
    "where run_sequence = (select max(run_sequence) from marts.fct_batches) and feed = 'fx_rates'"
)
JUMPED = (
    "update marts.fct_fx_rates set quoted_on = rate_date, source = 'one', rate = "
    "case when currency = 'USD' and rate_date = (select max(rate_date) from marts.fct_fx_rates) "
    "then {rate} else 1 end"
)
DIFFERS = (
    "update marts.fct_matches set decision = 'suggested' where match_id in (select distinct "
    "match_id from marts.fct_match_allocations where reconciliation = 'invoice_to_receipt' "
    "order by all limit {matches}); "
    "update marts.fct_match_allocations set currency = item_type"
)
SILENT = (
    "create temp table silent as select * from marts.fct_alerts limit 1; "
    "insert into marts.fct_alerts select silent.* replace ('quarantine_waiting' as alert_name, "
    "'fx_rates' as subject, null as resolved_at) from silent"
)
SURGED = (
    "update marts.fct_runs set as_of = as_of - interval 7 days; "  # the company is not new
    "create temp table cases as select * from marts.fct_exceptions "
    "where is_case_lead and status <> 'resolved' limit 1; delete from marts.fct_exceptions; "
    "insert into marts.fct_exceptions select cases.* replace (timestamp '{opened}' as opened_at) "
    "from cases, range({cases})"
)


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (AHEAD.format(minutes=31), [run_notices.FEED_AHEAD]),
        (AHEAD.format(minutes=30), []),
        (AHEAD.format(minutes=840), [run_notices.FEED_AHEAD]),
        (AHEAD.format(minutes=841), []),
        (JUMPED.format(rate=1.3), [run_notices.RATE_JUMPED]),
        (JUMPED.format(rate=0.7), [run_notices.RATE_JUMPED]),
        (JUMPED.format(rate=1.2), []),
        (SURGED.format(cases=100, opened="2026-07-01 06:00"), [run_notices.QUEUE_SURGED]),
        (SURGED.format(cases=99, opened="2026-07-01 06:00"), []),
        # in slices of many runs, within half a day
        (SURGED.format(cases=100, opened="2026-06-30 18:01"), [run_notices.QUEUE_SURGED]),
        (SURGED.format(cases=100, opened="2026-06-30 18:00"), []),
    ],
)
def test_a_notice_begins_where_the_seed_says(
    published: Home, done: str, expected: list[str]
) -> None:
    _change(published, done)
    assert set(noticed(published)) == set(expected)  # one a file


def test_payments_in_another_currency_are_noticed_from_five_on(published: Home) -> None:
    _change(published, "update marts.fct_matches set decision = 'auto_closed'")
    _change(published, DIFFERS.format(matches=4))
    assert noticed(published) == []
    _change(published, DIFFERS.format(matches=5))
    assert noticed(published) == [run_notices.CURRENCY_DIFFERS]


def test_a_first_run_is_no_surge_and_its_events_may_be_later(published: Home) -> None:
    _change(published, AHEAD.format(minutes=60))
    surged = SURGED.format(cases=100, opened="2026-07-01 06:00").partition(";")[2]
    _change(published, surged)
    assert run_notices.QUEUE_SURGED not in noticed(published)  # nor in the run after it
    shutil.rmtree(run_records.folder(published))
    assert noticed(published) == []


def test_days_that_a_feed_left_out_are_noticed_unless_an_alert_says_why(published: Home) -> None:
    days = {date(2026, 6, 22): 9.75, date(2026, 6, 23): 10.0, date(2026, 6, 24): 300.0}
    _change(published, "delete from marts.fct_alerts where subject = 'fx_rates'")
    for spoken_of in (False, True):
        if spoken_of:
            _change(published, SILENT)
        with run_records.recording(published, "test"):
            run_notices.note_missing_days(published, "fx_rates", days)
            run_notices.look(published, RunContext.read(published))
            [record, *_] = run_records.read(published)
        if spoken_of:
            assert record.notices == []
            continue
        [notice] = record.notices
        assert (notice.name, notice.subject) == (run_notices.FEED_DAYS_MISSING, "fx_rates")
        assert notice.sentence.endswith("has no row of 2026-06-23, 2026-06-24")


def test_a_real_run_of_a_quiet_company_notices_nothing(reconciled: Tieout) -> None:
    assert [record.notices for record in run_records.read(reconciled.home)] == [[]]


def test_every_question_to_the_marts_has_its_row() -> None:
    asked = {path.stem for path in run_notices.QUERIES.glob("*.sql")}
    assert asked and asked < set(run_notices.limits())


def _change(home: Home, sql: str) -> None:
    with duckdb.connect(str(home.serving.resolve())) as connection:
        connection.execute(sql)


def _refuse(home: Home, page: str) -> None:
    access_log.record(home, STRANGER, access_log.Event.DENIED, Permission.AUDIT, page=page)


def test_a_decision_that_a_file_brought_is_noticed(published: Home) -> None:
    run_id = RunContext.read(published).run_id
    with duckdb.connect(str(published.serving.resolve())) as connection:
        connection.execute(
            "insert into marts.fct_audit_log by name "
            "select * replace ('review_decision' as entry_type, 'd-1' as subject_id, "
            "'mallory@example.com' as actor, '{\"action\": \"comment\"}' as payload) "
            "from marts.fct_audit_log where block = ("
            "select max(block) from marts.fct_audit_blocks where run_id = ?) limit 1",
            [run_id],
        )
    assert noticed(published) == [run_notices.DECISION_BY_FILE]


def test_an_edited_entry_of_the_journal_is_noticed(published: Home) -> None:
    [path] = published.journal.glob("000001.entries.parquet")
    with duckdb.connect() as connection:
        connection.execute(f"create table entries as from read_parquet('{path}')")
        connection.execute("update entries set actor = 'somebody' where position = 1")
        connection.execute(f"copy entries to '{path}' (format parquet)")
    assert noticed(published) == [run_notices.JOURNAL_DAMAGED]


def test_a_warehouse_is_lost_where_its_fingerprint_is_left(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    assert not warehouse.is_lost(home)
    home.warehouse_fingerprint.write_text("code", encoding="utf-8")
    assert warehouse.is_lost(home)
    home.warehouse.write_bytes(b"")
    assert not warehouse.is_lost(home)


def test_a_damaged_warehouse_is_thrown_away_and_another_error_leaves_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    home.warehouse.write_bytes(b"damaged")
    warehouse.give_up_if_damaged(home, TieoutError("a test failed"))
    assert home.warehouse.exists()
    with pytest.raises(TieoutError, match="is damaged"):
        warehouse.give_up_if_damaged(home, TieoutError("IO Error: Corrupt database file: ..."))
    assert not home.warehouse.exists()


def test_a_damaged_warehouse_of_other_code_is_thrown_away(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create table t as select range as number from range(1000000)")
    home.warehouse_fingerprint.write_text("other code", encoding="utf-8")
    size = home.warehouse.stat().st_size
    with open(home.warehouse, "r+b") as file:
        file.seek(HEADERS)
        file.write(b"\xde\xad" * ((size - HEADERS) // 2))
    with (
        pytest.raises(TieoutError, match="is damaged"),
        warehouse.building(home, Phase.BEFORE_SEAL),
    ):
        pytest.fail("nothing can be built beside it")
    assert not home.warehouse.exists()
    with warehouse.building(home, Phase.BEFORE_SEAL) as is_new:
        assert is_new
