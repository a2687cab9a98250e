"""Pauses, windows and acknowledgements: from the inbox into the next run, and out again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tieout_process import Tieout

from orchestration import cli, controls, flags, repeats
from orchestration.controls import Kind
from orchestration.home import Home, Settings, TieoutError, wall_clock
from orchestration.ingest.contract import load_contract
from orchestration.ingest.store import write_empty_files
from orchestration.review import operations
from orchestration.review.people import NotPermitted, Person, Role
from orchestration.run_context import RunContext, run_id_of

AS_OF = datetime(2026, 7, 1, 6)
ANA = Person("ana@example.com", "Ana", frozenset({Role.CONTROLLER}))
VIEWER = Person("vic@example.com", "Vic", frozenset({Role.VIEWER}))


def soon() -> datetime:
    return wall_clock() + timedelta(hours=2)


def rows(home: Home) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(
            "select kind, control_key, alert_name, group_key, starts_at, ends_at, actor, noted_at "
            f"from read_parquet('{home.controls}/[0-9]*.parquet') order by noted_at, control_id"
        ).fetchall()


def test_what_people_note_is_taken_in_once(home: Home) -> None:
    assert controls.waiting(home) == []
    controls.pause(home, ANA, controls.CLOSING, soon(), "month end", rule_id="ir_stated_exact")
    controls.pause(home, ANA, controls.POSTING, soon(), "ledger is down")
    controls.open_window(home, ANA, soon(), "bank maintenance", group_key="feed:bank_statements")
    controls.acknowledge(home, ANA, "f1", "Critical exceptions", soon(), "on it")
    assert len(controls.waiting(home)) == 4
    later = wall_clock() + timedelta(minutes=1)
    assert controls.take_in(home, controls.of_inbox(home), later) == 4
    assert controls.take_in(home, controls.of_inbox(home), later) == 0
    assert controls.waiting(home) == []
    kinds = {row[0]: row[1:4] for row in rows(home)}
    window_key = kinds["maintenance_window"][0]
    assert kinds == {
        "closing_paused": ("ir_stated_exact", None, None),
        "posting_paused": ("*", None, None),
        "maintenance_window": (window_key, "*", "feed:bank_statements"),
        "alert_acknowledged": ("f1", None, None),
    }
    assert {row[6] for row in rows(home)} == {"ana@example.com"}


def test_the_last_word_holds(home: Home) -> None:
    controls.pause(home, ANA, controls.CLOSING, soon(), "month end")
    (held,) = controls.in_force(controls.of_inbox(home), wall_clock())
    assert (held.kind, held.control_key) == (Kind.CLOSING_PAUSED, controls.ALL)
    assert controls.in_force(controls.of_inbox(home), held.noted_at - timedelta(seconds=1)) == []
    assert controls.in_force(controls.of_inbox(home), soon()) == []
    operations.end(home, ANA, operations.Kind.PAUSE, "closing:*", reason="done")
    assert controls.in_force(controls.of_inbox(home), wall_clock()) == []


def test_a_pause_ends_although_a_clock_was_set_back(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last word holds, and is the one that was said last."""
    controls.pause(home, ANA, controls.POSTING, soon(), "ledger is down")
    [paused] = operations.in_force(home, operations.Kind.PAUSE)
    earlier = wall_clock() - timedelta(hours=1)
    monkeypatch.setattr("orchestration.review.operations.wall_clock", lambda: earlier)
    operations.end(home, ANA, operations.Kind.PAUSE, paused.key, reason="it is up again")
    [last] = operations.latest(home, operations.Kind.PAUSE)
    assert last.reason == "it is up again" and last.recorded_at > paused.recorded_at
    assert not last.holds(earlier) and not last.holds(paused.recorded_at)


def test_a_shorter_pause_does_not_end_a_longer_one(home: Home) -> None:
    longer = wall_clock() + timedelta(days=5)
    controls.pause(home, ANA, controls.POSTING, longer, "ledger is down")
    with pytest.raises(TieoutError, match="which is longer"):
        controls.pause(home, ANA, controls.POSTING, soon(), "for a moment")
    controls.pause(home, ANA, controls.POSTING, longer + timedelta(days=1), "still down")
    (held,) = controls.in_force(controls.of_inbox(home), longer)
    assert held.reason == "still down"
    with pytest.raises(TieoutError, match="cannot be paused"):
        controls.pause(home, ANA, "clossing", soon(), "a slip")
    with pytest.raises(TieoutError, match=r"no rule 'ir_stated_exat' .* ir_stated_exact"):
        controls.pause(home, ANA, controls.CLOSING, soon(), "a slip", rule_id="ir_stated_exat")
    assert len(operations.history(home)) == 2


def publish_customers(home: Home) -> None:
    with duckdb.connect(str(home.serving)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.dim_customers as select 'C:17' as customer_id")
        connection.execute("create table marts.fct_invoices as select 'C-9' as customer_id")


def test_a_pause_of_a_customer_is_a_flag_of_its_own(home: Home) -> None:
    with pytest.raises(TieoutError, match="no customer to pause for"):
        controls.pause(home, ANA, controls.CLOSING, soon(), "why", customer_id="C-17")
    publish_customers(home)
    with pytest.raises(TieoutError, match="no customer 'C-1' to pause for"):
        controls.pause(home, ANA, controls.CLOSING, soon(), "why", customer_id="C-1")
    controls.pause(home, ANA, controls.CLOSING, soon(), "all")
    controls.pause(home, ANA, controls.CLOSING, soon(), "theirs", customer_id="C:17")
    controls.pause(
        home, ANA, controls.POSTING, soon(), "both", rule_id="ir_stated_exact", customer_id="C-9"
    )
    operations.end(home, ANA, operations.Kind.PAUSE, "closing:*", reason="done")
    held = controls.in_force(controls.of_inbox(home), wall_clock())
    assert {(control.kind, control.rule_id, control.customer_id) for control in held} == {
        (Kind.CLOSING_PAUSED, "*", "C:17"),
        (Kind.POSTING_PAUSED, "ir_stated_exact", "C-9"),
    }


def test_no_rule_issues_documents(home: Home) -> None:
    with pytest.raises(TieoutError, match="No rule issues documents"):
        controls.pause(home, ANA, controls.ISSUANCE, soon(), "copies", rule_id="ir_stated_exact")
    with pytest.raises(TieoutError, match="cannot be paused"):
        controls.pause(home, ANA, "clossing", soon(), "a slip")


def test_programs_ask_whether_something_is_paused(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(*arguments: str) -> tuple[int, str]:
        status = cli.main(["flags", *arguments])
        return status, capsys.readouterr().out

    assert asked("check", "issuance") == (0, "issuance is not paused.\n")
    assert asked("list") == (0, "Nothing is paused.\n")
    publish_customers(home)
    controls.pause(home, ANA, controls.ISSUANCE, soon(), "copies go out", customer_id="C-9")
    status, said = asked("check", "issuance", "--customer", "C-9")
    assert status == flags.PAUSED
    assert said.startswith("issuance for the customer C-9 is paused by ana@example.com until 20")
    assert said.endswith("UTC: copies go out\n")
    assert asked("check", "issuance")[0] == 0, "others are issued to"
    assert asked("check", "issuance", "--customer", "C:17")[0] == 0
    assert asked("check", "closing", "--customer", "C-9")[0] == 0
    controls.pause(home, ANA, controls.CLOSING, soon(), "odd", rule_id="ir_stated_exact")
    assert asked("check", "closing", "--rule", "ir_stated_exact")[0] == flags.PAUSED
    assert asked("check", "closing")[0] == 0
    status, said = asked("list", "--json")
    assert status == 0
    assert [(row["flag"], row["rule_id"], row["customer_id"]) for row in json.loads(said)] == [
        ("issuance", "*", "C-9"),
        ("closing", "ir_stated_exact", "*"),
    ]
    controls.pause(home, ANA, controls.ISSUANCE, soon(), "all of it")
    assert asked("check", "issuance", "--customer", "C:17")[0] == flags.PAUSED
    operations.end(home, ANA, operations.Kind.PAUSE, "issuance:*", reason="mended")
    assert asked("check", "issuance")[0] == 0
    assert asked("check") == (1, "")


@pytest.fixture
def no_inbox(home: Home) -> Home:
    (home.root / "review.sqlite").mkdir()
    return home


def test_whoever_cannot_be_told_must_not_go_on(no_inbox: Home) -> None:
    assert cli.main(["flags", "check", "issuance"]) == 1


def test_who_may_not_operate_pauses_nothing(home: Home) -> None:
    with pytest.raises(NotPermitted):
        controls.pause(home, VIEWER, controls.CLOSING, soon(), "fun")
    with pytest.raises(NotPermitted):
        controls.acknowledge(home, VIEWER, "f1", "alert", soon(), "fun")
    with pytest.raises(NotPermitted):
        controls.open_window(home, VIEWER, soon(), "fun")
    assert controls.of_inbox(home) == []


def test_a_pause_has_an_end_that_is_to_come(home: Home) -> None:
    with pytest.raises(TieoutError, match="end that is to come"):
        controls.pause(home, ANA, controls.POSTING, wall_clock(), "why")
    with pytest.raises(TieoutError, match="Say why"):
        controls.pause(home, ANA, controls.POSTING, soon(), " ")


def test_a_run_of_a_moment_gone_by_hears_what_was_said_until_now(home: Home) -> None:
    controls.pause(home, ANA, controls.CLOSING, soon(), "month end")
    controls.take_in(home, controls.of_inbox(home), AS_OF)
    ((_, _, _, _, starts_at, ends_at, _, noted_at),) = rows(home)
    assert (starts_at, noted_at) == (AS_OF, AS_OF)
    assert ends_at > wall_clock()
    operations.end(home, ANA, operations.Kind.PAUSE, "closing:*", reason="done")
    controls.take_in(home, controls.of_inbox(home), AS_OF)
    assert rows(home)[-1][5] == AS_OF


def test_a_control_that_no_run_has_heard_is_a_reason_to_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect() as connection:
        write_empty_files(connection, home, load_contract())
    home.serving.touch()
    monkeypatch.setattr(repeats.warehouse, "is_current", lambda home: True)
    context = RunContext(run_id_of(AS_OF, []), 1, AS_OF, "EUR", AS_OF, "manual")
    repeats.note_success(home, context)
    settings = Settings(AS_OF, "EUR")
    assert repeats.is_repeat(home, settings, AS_OF)
    controls.pause(home, ANA, controls.CLOSING, soon(), "month end")
    assert not repeats.is_repeat(home, settings, AS_OF)
    # taken in by a run that was stopped before it was published
    controls.take_in(home, controls.of_inbox(home), AS_OF)
    assert not repeats.is_repeat(home, settings, AS_OF)


def ask(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        connection.execute("use marts")
        return connection.execute(sql).fetchall()


def land_paid_invoice(home: Home, name: str, day: int, customer: str) -> None:
    """An invoice and a charge that names it, as they close by themselves."""
    moment = f"2026-07-{day:02d}T03:00:00Z"
    feeds = {
        "billing_invoices": {
            "invoice_id": name, "invoice_number": name, "document_type": "invoice",
            "customer_id": customer, "issued_at": moment, "currency": "EUR",
            "total_amount": f"73{day}.19", "status": "open", "source_system": "test",
            "updated_at": moment,
        },
        "gateway_transactions": {
            "gateway": "stripe", "transaction_id": f"ch-{name}", "type": "charge",
            "status": "succeeded", "customer_id": customer, "invoice_reference": name,
            "amount": f"73{day}.19", "net_amount": f"73{day}.19", "currency": "EUR",
            "created_at": moment,
        },
    }  # fmt: skip
    for feed, row in feeds.items():
        path = Path(home.landing / feed / f"{name}.jsonl")
        path.write_text(json.dumps(row) + "\n", encoding="utf-8")


def statuses_of(home: Home, customer: str) -> set[str]:
    """Posting statuses of the entries of a customer's invoices that the ledger has not taken."""
    return {
        status
        for (status,) in ask(
            home,
            "select posting_status from fct_journal_entries where posting_status in "
            "('held', 'ready') and item_type = 'invoice' and item_id in "
            f"(select invoice_id from fct_invoices where customer_id = '{customer}')",
        )
    }


MATCH = (
    "select matches.decision, candidates.why_not from fct_matches as matches "
    "inner join fct_match_allocations as parts on matches.match_id = parts.match_id "
    "left join fct_match_candidates as candidates on matches.match_id = candidates.match_id "
    "and parts.item_id = candidates.item_id "
    "where parts.item_type = 'invoice' and parts.item_id = '{}'"
)


@pytest.mark.thorough
def test_pauses_hold_in_the_next_run_and_end_with_the_one_after(reconciled_copy: Tieout) -> None:
    home = reconciled_copy.home
    alert, fingerprint = ask(
        home, "select alert_id, fingerprint from fct_alerts where state = 'firing' order by all"
    )[0]
    [(customer, other)] = ask(home, "select min(customer_id), max(customer_id) from dim_customers")
    assert "ready" in statuses_of(home, customer) & statuses_of(home, other)
    controls.pause(home, ANA, controls.CLOSING, soon(), "bank sends twice")
    controls.pause(home, ANA, controls.POSTING, soon(), "they object", customer_id=other)
    controls.pause(home, ANA, controls.ISSUANCE, soon(), "copies go out")
    controls.acknowledge(home, ANA, fingerprint, "An alert", soon(), "on it")
    land_paid_invoice(home, "PAUSED-1", 1, customer)
    Tieout(home, as_of="2026-07-02T06:00:00Z").succeed("run")
    assert ask(home, MATCH.format("PAUSED-1")) == [("suggested", "closing_paused")]
    assert ask(home, "select auto_closed from fct_runs where as_of = '2026-07-02 06:00:00'") == [
        (0,)
    ]
    assert "ready" in statuses_of(home, customer)
    assert statuses_of(home, other) == {"held"}
    [cause] = ask(
        home,
        "select distinct root_cause from fct_exceptions "
        "where item_id = 'PAUSED-1' and status <> 'resolved'",
    )
    assert cause == ("closing_paused",)
    assert ask(
        home,
        "select state, silence, silenced_by, silence_reason from fct_alerts "
        f"where fingerprint = '{fingerprint}'",
    ) == [("suppressed", "alert_acknowledged", "ana@example.com", "on it")], alert
    for key in ("closing:*", f"posting:*:{other}"):
        operations.end(home, ANA, operations.Kind.PAUSE, key, reason="over")
    controls.pause(home, ANA, controls.CLOSING, soon(), "they pay twice", customer_id=other)
    land_paid_invoice(home, "PAUSED-2", 3, other)
    Tieout(home, as_of="2026-07-03T06:00:00Z").succeed("run")
    assert ask(home, MATCH.format("PAUSED-1")) == [("auto_closed", None)]
    assert ask(home, MATCH.format("PAUSED-2")) == [("suggested", "closing_paused")]
    assert statuses_of(home, other) == {"ready"}
    assert ask(home, f"select state from fct_alerts where fingerprint = '{fingerprint}'") == [
        ("suppressed",)
    ]
    assert ask(
        home,
        "select severity, item_count, state from fct_alerts "
        "where alert_name = 'issued_while_paused'",
    ) == [("ticket", 1, "firing")], "PAUSED-2 alone was issued during the pause"
    assert ask(
        home,
        "select flag, customer_id, state_before, state_after, entries.actor, entries.block is null "
        "from fct_flag_changes as flags left join fct_audit_log as entries "
        "on flags.change_id = entries.subject_id and entries.entry_type = 'flag_changed' "
        "and json_extract_string(entries.payload, '$.reason') = flags.reason order by all",
    ) == [
        (flag, whose, before, after, "ana@example.com", False)
        for flag, whose, before, after in (
            ("closing", "*", "paused", "running"),
            ("closing", "*", "running", "paused"),
            ("closing", other, "running", "paused"),
            ("issuance", "*", "running", "paused"),
            ("posting", other, "paused", "running"),
            ("posting", other, "running", "paused"),
        )
    ]
    reconciled_copy.succeed("verify")


@pytest.mark.parametrize(
    ("written", "moment", "ends"),
    [
        # 00:30 on Tuesday in Berlin, 18:30 on Monday in New York
        ("mon,thu 23:30 Europe/Berlin 120", datetime(2026, 6, 29, 22, 30), (23, 30)),
        ("tue 00:30 Europe/Berlin 60", datetime(2026, 6, 29, 22, 30), (23, 30)),
        ("mon 22:30 Europe/Berlin 120", datetime(2026, 6, 29, 22, 30), None),
        ("tue 23:30 Europe/Berlin 120", datetime(2026, 6, 29, 22, 30), None),
        ("mon 18:00 America/New_York 60", datetime(2026, 6, 29, 22, 30), (23, 0)),
        # winter time
        ("mon 23:30 Europe/Berlin 60", datetime(2026, 1, 5, 22, 30), (23, 30)),
        ("mon 23:30 Europe/Berlin 60", datetime(2026, 1, 5, 22, 29), None),
    ],
)
def test_a_recurring_window_is_open_by_the_clocks_of_its_place(
    written: str, moment: datetime, ends: tuple[int, int] | None
) -> None:
    recurrence = controls.Recurrence.read(written)
    assert str(recurrence) == written
    told = recurrence.ends_after(moment)
    assert told == (None if ends is None else moment.replace(hour=ends[0], minute=ends[1]))


@pytest.mark.parametrize(
    ("written", "opens", "closes"),
    [
        # clocks go from 02:00 to 03:00, at 01:00 UTC
        ("sun 00:00 Europe/Berlin 240", "2026-03-28 23:00", "2026-03-29 03:00"),
        ("sun 02:30 Europe/Berlin 60", "2026-03-29 01:30", "2026-03-29 02:30"),
        ("sat 23:30 Europe/Berlin 1440", "2026-03-28 22:30", "2026-03-29 22:30"),
        # and from 03:00 to 02:00, at 01:00 UTC
        ("sun 00:00 Europe/Berlin 240", "2026-10-24 22:00", "2026-10-25 02:00"),
        ("sun 02:30 Europe/Berlin 60", "2026-10-25 01:30", "2026-10-25 02:30"),
        ("sat 23:30 Europe/Berlin 1440", "2026-10-24 21:30", "2026-10-25 21:30"),
    ],
)
def test_a_recurring_window_lasts_its_minutes_when_clocks_change(
    written: str, opens: str, closes: str
) -> None:
    recurrence = controls.Recurrence.read(written)
    first, end = datetime.fromisoformat(opens), datetime.fromisoformat(closes)
    minutes = recurrence.minutes
    for moment in (first + timedelta(minutes=number) for number in range(minutes)):
        assert recurrence.ends_after(moment) == end
    for moment in (first - timedelta(minutes=1), end):
        assert not recurrence.holds(moment)
    assert recurrence.last_end(end) == end
    last_week = recurrence.last_end(end - timedelta(minutes=1))
    assert timedelta(days=6, hours=22) < end - last_week < timedelta(days=7, hours=2)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("someday 22:00 UTC 60", "weekdays"),
        ("mon 24:00 UTC 60", "no time of a day"),
        ("mon 22:00 Mars/Olympus 60", "no time zone"),
        ("mon 22:00 UTC 0", "at least a minute"),
        ("mon 22:00 UTC", "no recurrence"),
    ],
)
def test_a_recurrence_that_is_none_is_refused(written: str, said: str) -> None:
    with pytest.raises(TieoutError, match=said):
        controls.Recurrence.read(written)


def test_a_recurring_window_goes_on_until_somebody_ends_it(home: Home) -> None:
    every_day = controls.Recurrence(controls.WEEKDAYS, "00:00", "UTC", 1440)
    never_now = controls.Recurrence(
        (controls.WEEKDAYS[(wall_clock() + timedelta(days=3)).weekday()],), "00:00", "UTC", 60
    )
    controls.open_window(home, ANA, None, "backups", recurs=every_day)
    controls.open_window(home, ANA, None, "the bank's own", group_key="feed:x", recurs=never_now)
    with pytest.raises(TieoutError, match="needs an end"):
        controls.open_window(home, ANA, None, "for ever")
    later = wall_clock() + timedelta(seconds=1)
    (open_now,) = controls.in_force(controls.of_inbox(home), later)
    assert open_now.recurs == str(every_day)
    assert open_now.until(later) == later.replace(
        hour=0, minute=0, second=0, microsecond=0
    ) + timedelta(days=1)
    assert len(controls.recurring(controls.of_inbox(home), later)) == 2
    assert controls.take_in(home, controls.of_inbox(home), later) == 2
    with duckdb.connect() as connection:
        taken = connection.execute(
            f"select recurs from read_parquet('{home.controls}/[0-9]*.parquet') order by all"
        ).fetchall()
    assert {written for (written,) in taken} == {str(every_day), str(never_now)}
    for window in controls.recurring(controls.of_inbox(home), later):
        operations.end(
            home, ANA, operations.Kind.MAINTENANCE_WINDOW, window.control_key, reason="over"
        )
    ended = wall_clock() + timedelta(seconds=1)
    assert controls.in_force(controls.of_inbox(home), ended) == []
    assert controls.recurring(controls.of_inbox(home), ended) == []
