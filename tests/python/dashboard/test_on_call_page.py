"""The on-call page: what needs a person first, runs that failed, and what people on call may do."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import alert_groups, data, run_history, slo_board
from dashboard import components as ui
from orchestration import controls, progress, run_records
from orchestration.alerting import alerts
from orchestration.controls import Kind
from orchestration.dbt_runs import DbtFailed, Failure
from orchestration.home import Home, wall_clock
from orchestration.intake import status
from orchestration.review import access_log
from orchestration.review.people import Person, Role
from orchestration.run_records import NoticeRecord
from orchestration.telemetry import metrics
from tests.python.dashboard import small_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish

ANA = Person("ana@example.com", "Ana", frozenset({Role.CONTROLLER}))
AS_OF = small_company.AS_OF
ACKNOWLEDGE = f"ack-{ui.key('alert', 'alert-1')}"


def alert(number: int, **other: Any) -> dict[str, Any]:
    return {
        "alert_id": f"alert-{number}",
        "fingerprint": f"f{number}",
        "alert_name": "high_exceptions",
        "severity": "ticket",
        "root_cause": "payout_late",
        "group_key": "payout_late",
        "opened_at": AS_OF,
        "last_seen_at": AS_OF,
        "state": "firing",
        "revenue_at_risk": Decimal("10.00"),
        "summary": f"Exceptions are open. Cause {number}",
        "runbook": "orchestration/runbooks/high_exceptions.md",
        "item_count": number,
        "subject": "high",
        **other,
    }


def opened(app: AppTest, key: str) -> AppTest:
    """Open the popover of that key, as a click does."""
    app.session_state[key] = True
    return app.run()


def soon() -> datetime:
    return wall_clock() + timedelta(hours=4)


def why_of(app: AppTest) -> Any:
    """Where the open form asks why."""
    return next(box for box in app.text_input if box.label == "Why")


def test_alerts_of_one_cause_are_one_block_and_the_strongest_speaks(home: Path) -> None:
    rows = small_company.rows()
    alerts = [
        alert(1, severity="page"),
        alert(2, state="suppressed", suppressed_by="alert-1", revenue_at_risk=Decimal("99.00")),
        alert(3, group_key="other", root_cause="other", severity="info"),
        alert(4, group_key="over", state="resolved", resolved_at=AS_OF),
    ]
    publish(home, "run-1", {**rows, "fct_alerts": alerts})
    app = open_page("on_call")
    body = html_of(app)
    assert "1 alert calls for somebody at once" in body
    assert body.count('class="t-alert"') == 1
    assert "<b>Cause 1</b>" in body
    assert "99.00 at risk" in body  # the most that an alert of the group puts at risk
    assert "1 more of this cause" in body
    assert 'href="exceptions?cause=payout_late"' in body
    labels = [expander.label for expander in app.expander]
    assert "For information (1), and over (1)" in labels


def test_what_a_run_noticed_is_listed_by_its_loudness_with_its_runbook(home: Path) -> None:
    publish(home, "run-1", {**small_company.rows(), "fct_alerts": [alert(1, severity="page")]})
    small_company.note(home, NoticeRecord("feed_ahead", "ticket", "fx_rates", "Rates are ahead"))
    app = open_page("on_call")
    body = html_of(app)
    assert "1 alert calls for somebody at once" in body and "1 more waits" in body
    assert body.index("<b>Cause 1</b>") < body.index("<b>Rates are ahead</b>")
    fingerprint = alerts.run_fingerprint("feed_ahead|fx_rates")
    app = opened(app, f"guide-{ui.key('alert', fingerprint)}")
    assert any("Events of a feed lie in the future" in said.value for said in app.markdown)
    small_company.note(home, NoticeRecord("rate_jumped", "page", "USD", "The rate jumped"))
    st.cache_data.clear()
    body = html_of(open_page("on_call"))
    assert "2 alerts call for somebody at once" in body and "Rates are ahead" not in body


def test_who_may_operate_acknowledges_and_ends_it(published: Path) -> None:
    app = opened(open_page("on_call"), ACKNOWLEDGE)
    why_of(app).set_value("I ask the bank")
    next(button for button in app.button if button.label == "Acknowledge").click()
    app.run()
    assert not app.exception
    (said,) = controls.of_inbox(Home(published))
    assert (said.kind, said.control_key) == (Kind.ALERT_ACKNOWLEDGED, "f1")
    body = html_of(open_page("on_call"))
    assert "Nothing: no alert fires that nobody has taken." in body
    assert "I ask the bank · counted as silent from the next run on" in body
    assert "no alert calls for somebody at once" in body


def test_without_a_reason_nothing_is_done(published: Path) -> None:
    app = opened(open_page("on_call"), ACKNOWLEDGE)
    next(button for button in app.button if button.label == "Acknowledge").click()
    app.run()
    assert "Say why" in app.error[0].value
    assert controls.of_inbox(Home(published)) == []


def test_a_pause_is_seen_on_every_page_until_it_is_resumed(published: Path) -> None:
    app = opened(open_page("on_call"), "pause-closing")
    why_of(app).set_value("The bank sent May twice")
    next(button for button in app.button if button.label == "Pause automatic closing").click()
    app.run()
    assert not app.exception
    for page in ("executive", "exceptions"):
        body = html_of(open_page(page))
        assert "Automatic closing is paused by" in body
        assert "The bank sent May twice (from the next run on)" in body
    app = open_page("on_call")
    why_of(app).set_value("May is mended")
    next(button for button in app.button if button.label == "Resume").click()
    app.run()
    assert not app.exception
    assert "is paused by" not in html_of(open_page("executive"))


def test_closing_of_one_rule_is_paused(home: Path) -> None:
    rule = {
        "rule_id": "ir_text_exact",
        "reconciliation": "invoice_to_receipt",
        "pass": "reference_in_text",
        "relation": "exact",
        "method": "deterministic",
        "is_in_force": True,
        "closes_by_itself": True,
        "closed_count": 7,
    }
    by_hand = {**rule, "rule_id": "ir_manual", "method": "manual"}
    publish(home, "run-1", {**small_company.rows(), "dim_rules": [rule, by_hand]})
    app = opened(open_page("on_call"), "pause-closing")
    what = next(box for box in app.selectbox if box.label == "What")
    assert what.options == [
        "All rules",
        "Reference in text, equal amounts (invoice to receipt)",
    ]
    what.set_value("ir_text_exact")
    why_of(app).set_value("It takes the wrong invoices")
    next(box for box in app.text_input if box.label.startswith("For the customer")).set_value("C-1")
    next(button for button in app.button if button.label == "Pause automatic closing").click()
    app.run()
    assert not app.exception
    (said,) = controls.of_inbox(Home(home))
    assert (said.kind, said.rule_id, said.customer_id) == (
        Kind.CLOSING_PAUSED,
        "ir_text_exact",
        "C-1",
    )
    assert "Automatic closing by the rule ir_text_exact for the customer C-1 is paused" in html_of(
        open_page("rows")
    )


def test_a_viewer_sees_and_cannot_act(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    controls.pause(Home(published), ANA, controls.POSTING, soon(), "ledger is down")
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer")
    app = open_page("on_call")
    assert "Posting is paused by Ana" in html_of(app)
    assert "ledger is down" not in html_of(app)
    assert "One payment waits for a person." in html_of(app)
    assert [button.label for button in app.button] == []
    with pytest.raises(Exception, match="may not"):
        alert_groups.access.require(alert_groups.Permission.OPERATE)
    assert access_log.entries(Home(published))[0].event == access_log.Event.DENIED


def fail(home: Home) -> None:
    failure = Failure("test.x", "assert_every_cent_has_a_place", "test", "tests/dbt/x.sql")
    failure.failing_rows = 2
    failure.rows = [{"failure": "A cent is missing", "payer": "Jane Doe"}]
    with (
        pytest.raises(DbtFailed),
        run_records.recording(home, "schedule"),
        progress.current().step("Landing"),
    ):
        raise DbtFailed("The run stopped: Jane Doe", [failure])


def test_a_failed_run_shows_its_test_rows_and_steps(published: Path) -> None:
    fail(Home(published))
    body = html_of(open_page("on_call"))
    assert "The line is not running as it should" in body
    assert "Every cent has a place" in body
    assert "A cent is missing: payer Jane Doe" in body
    assert 'id="table-run-steps"' in body
    seen = access_log.entries(Home(published), event=access_log.Event.SAW_PERSONAL_DATA)
    assert any(entry.detail.get("record", "").startswith("run ") for entry in seen)


def test_rows_of_a_failed_test_are_kept_from_who_may_not_see_names(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(Home(published))
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer")
    body = html_of(open_page("on_call"))
    assert "Every cent has a place" in body
    assert "Jane Doe" not in body


def test_runs_of_records_and_of_the_mart_are_one_list(home: Path) -> None:
    started = datetime(2026, 7, 1, 6)
    row = {"run_id": "run-1", "started_at": started, "as_of": started, "seconds": Decimal(60)}
    older = {**row, "run_id": "run-0", "started_at": started - timedelta(days=1)}
    published = run_records.RunRecord("b", started, "manual", 1, "published", run_id="run-1")
    failed = run_records.RunRecord("c", started + timedelta(hours=1), "manual", 1, "failed")
    runs = run_history.merged([failed, published], [row, older])
    assert [(run.outcome, run.name) for run in runs] == [
        ("failed", "c"),
        ("published", "b"),
        ("published", "run-0"),
    ]
    assert run_history.chosen(runs, "") == runs[0]
    assert run_history.chosen(runs[1:], "") is None
    assert run_history.chosen(runs, "b") == runs[1]


def test_an_overspent_budget_and_a_missing_one_are_told_in_words(published: Path) -> None:
    body = html_of(open_page("on_call"))
    assert "✕ overspent by 1570\N{NO-BREAK SPACE}%" in body
    assert "no data" in body
    assert slo_board.spark(None, None) == '<span class="t-sub">no history</span>'
    drawn = slo_board.spark([{"value": Decimal("0.9")}, {"value": None}, {"value": 1}], 1)
    assert drawn.startswith('<img class="t-spark"')


def test_a_feed_that_is_later_than_usual_says_so(home: Path) -> None:
    rows = small_company.rows()
    batches = [
        {
            "batch_id": f"{feed}-{day}",
            "feed": feed,
            "file_name": f"{day}.csv",
            "landed_at": AS_OF - timedelta(days=day),
            "rows_read": 10,
            "rows_loaded": 10,
            "rows_redelivered": 0,
            "rows_quarantined": 0,
        }
        for feed, days in {"daily": (0, 1, 2, 3), "silent_since": (5, 6, 7, 8), "new": (0,)}.items()
        for day in days
    ]
    publish(home, "run-1", {**rows, "fct_batches": batches})
    body = html_of(open_page("on_call"))
    table = body[body.index('id="table-freshness"') :]
    told = [
        (words, feed)
        for words, feed in (
            ("later than usual", "silent_since"),
            ("as usual", "daily"),
            ("too few to tell", "new"),
        )
        if table.index(words) < table.index(f">{feed}<")
    ]
    assert len(told) == 3
    assert table.index("later than usual") < table.index("as usual") < table.index("too few")


def test_unmatched_items_lead_to_their_rows(home: Path) -> None:
    rows = small_company.rows()
    items = [
        {
            "reconciliation": "invoice_to_receipt", "side": "expected", "item_type": "invoice",
            "item_id": f"i{days}-{status}", "currency": "EUR", "amount": Decimal(10),
            "allocated_amount": Decimal(0), "adjusted_amount": Decimal(0),
            "open_amount": Decimal(10), "status": status,
            "due_for_match_at": AS_OF - timedelta(days=days),
        }
        for days, status in (
            (1, "open"), (6, "partial"), (40, "in_review"), (41, "closed"), (200, "open"),
            (-3, "open"),
        )
    ]  # fmt: skip
    publish(home, "run-1", {**rows, "fct_items": items})
    body = html_of(open_page("on_call"))
    assert "2 of 4 items past the matching window have been so for more than 30 days." in body
    assert 'href="rows?of=unmatched&amp;age=quarter"' in body
    assert "i40-in_review" in html_of(open_page("rows", of="unmatched", age="quarter"))
    everything = html_of(open_page("rows", of="unmatched"))
    assert "<b>4 rows</b>" in everything
    assert "i-3-open" not in everything
    assert "<b>0 rows</b>" in html_of(open_page("rows", of="unmatched", feed="crm_customers"))


def test_customers_with_money_at_risk_add_up_to_the_whole(published: Path) -> None:
    body = html_of(open_page("on_call"))
    table = body[body.index('id="table-top-customers"') :]
    assert "risk=yes" in table
    assert "all of them: EUR" in table


def test_what_starts_runs_is_told_with_its_cost(home: Path) -> None:
    run = {
        "as_of": AS_OF,
        "started_at": AS_OF,
        "finished_at": AS_OF,
        "engine": "duckdb",
        "rows_in": 10,
        "auto_closed": 1,
        "exceptions_opened": 0,
        "exceptions_resolved": 0,
        "seconds": Decimal("36"),
        "price_per_hour": Decimal("0.60"),
        "cost_currency": "EUR",
    }
    runs = [
        {**run, "run_id": "run-00000000000000aa", "trigger": "tick", "matches_made": 3},
        {**run, "run_id": "run-00000000000000bb", "trigger": "event", "matches_made": 1},
        {**run, "run_id": "run-00000000000000cc", "trigger": "tick", "matches_made": 0},
    ]  # fmt: skip
    charge = {
        "item_type": "charge",
        "customer_id": "C1",
        "received_at": AS_OF - timedelta(days=1),
        "currency": "EUR",
        "allocated_amount": Decimal(0),
        "adjusted_amount": Decimal(0),
        "unapplied_amount": Decimal(0),
        "reconciliation_status": "unapplied",
    }
    receipts = [
        {**charge, "item_id": "s/1", "amount": Decimal("150.00")},
        {**charge, "item_id": "s/2", "amount": Decimal("6000.00")},
        {**charge, "item_id": "s/3", "amount": Decimal("6000.00"), "currency": "USD"},
    ]
    rows = {**small_company.rows(), "fct_runs": runs, "fct_receipts": receipts}
    publish(home, small_company.RUN_ID, rows)
    status.note(Home(home), "consumer", {"lag": 7})
    status.note(Home(home), "watch", {"policies": "row 1"})
    status.stop(Home(home), "receiver", {})
    page = html_of(open_page("on_call"))
    ticks = page[page.index("Events that could wait") :]
    ticks = ticks[: ticks.index("An event of high value")]
    assert "75.0" in ticks and "0.004 EUR" in ticks
    assert "lags by 7 messages" in page
    assert "events start no run, because a row of seeds/intake_policies.csv is wrong" in page
    assert re.search(r"the receiver was stopped in order at [\w: ]+ UTC, and not started", page)
    whatif = page[page.index("Charges at once") :]
    assert "50.0" in whatif and "97.5" in whatif  # one of two charges, 6,000 of 6,150


def test_what_an_invoice_cost_is_told_by_gateway_and_adds_up(home: Path) -> None:
    """A run of 36 seconds costs 0.006; a dear one that matched one invoice, and an idle one."""
    run = {"price_per_hour": Decimal("0.60"), "cost_currency": "EUR", "trigger": "tick"}
    runs = [
        {**run, "run_id": run_id, "as_of": at, "started_at": at, "seconds": Decimal(seconds)}
        for run_id, at, seconds in (
            ("run-1", AS_OF - timedelta(days=3), 36),
            ("run-2", AS_OF - timedelta(hours=2), 360),
            ("run-3", AS_OF, 36),
        )
    ]
    shares = [
        {"run_id": run_id, "as_of": runs[place]["as_of"], "dimension": dimension,
         "dimension_value": part, "invoices": invoices, "cost_share": Decimal(share)}
        for run_id, place, dimension, part, invoices, share in (
            ("run-1", 0, "company", "all", 4, "1"),
            ("run-1", 0, "gateway", "alpha", 3, "0.75"),
            ("run-1", 0, "gateway", "none", 1, "0.25"),
            ("run-2", 1, "company", "all", 1, "1"),
            ("run-2", 1, "gateway", "alpha", 1, "1"),
            ("run-3", 2, "company", "all", 0, "1"),
            ("run-3", 2, "gateway", "no_match", 0, "1"),
        )
    ]  # fmt: skip
    breakdowns = [
        {"sli": "reconciliation_success_rate", "dimension": "gateway", "dimension_value": "alpha",
         "window_name": window, "first_date": AS_OF.date() - timedelta(days=days - 1),
         "as_of_date": AS_OF.date(), "value": Decimal(value), "unit": "ratio", "met": False,
         "events": 9}
        for window, days, value in (("1d", 1, "0.5"), ("28d", 28, "0.75"))
    ]  # fmt: skip
    rows = {
        **small_company.rows(),
        "fct_runs": runs,
        "agg_cost_shares": shares,
        "agg_sli_breakdowns": breakdowns,
    }
    publish(home, "run-3", rows)
    file = data.store().current(Home(home))
    found, whole = (
        data.run_sql(file, "on_call_breakdowns", {"dimension": dimension, "limit": 9})
        for dimension in ("gateway", "company")
    )
    told = {(row["sli"], row["part"]): row for row in found}
    missed = told["reconciliation_success_rate", "alpha"]
    assert found[0] == missed
    assert (missed["one_day"], missed["four_weeks"]) == (Decimal("0.5"), Decimal("0.75"))
    cost = {part: row for (sli, part), row in told.items() if sli == "cost_per_matched_invoice"}
    assert cost["alpha"]["one_day"] == Decimal("0.06")
    assert cost["alpha"]["four_weeks"] == Decimal("0.016125")  # (0.75 * 0.006 + 0.06) / 4
    assert cost["none"]["four_weeks"] == Decimal("0.0015")
    idle = told["cost_of_runs", "no_match"]["four_weeks"]
    of_parts = 4 * cost["alpha"]["four_weeks"] + cost["none"]["four_weeks"] + idle
    assert of_parts == 5 * whole[0]["four_weeks"] == Decimal("0.072")  # 432 seconds
    app = open_page("on_call")
    app.session_state["breakdown"] = "gateway"
    page = html_of(app.run())
    table = page[page.index('id="table-breakdowns"') :]
    assert "0.0161 EUR" in table and "Runs that matched no invoice" in table
    exported = metrics.text(Home(home))
    labels = '{currency="EUR",dimension="gateway",part="alpha",window="28d"}'
    assert f"tieout_cost_per_matched_invoice{labels} 0.016125" in exported


def test_a_recurring_window_silences_every_group_and_is_ended_once(home: Path) -> None:
    rows = small_company.rows()
    publish(
        home,
        "run-1",
        {**rows, "fct_alerts": [alert(1), alert(2, group_key="other", root_cause="other")]},
    )
    always = controls.Recurrence(controls.WEEKDAYS, "00:00", "UTC", 1440)
    controls.open_window(Home(home), ANA, None, "backups", recurs=always)
    app = open_page("on_call")
    assert not app.exception
    body = html_of(app)
    assert "Monday, Tuesday" in body
    assert "from 00:00 (UTC), 1440 minutes" in body
    assert body.count("in a maintenance window of") == 2
    (window,) = controls.recurring(controls.of_inbox(Home(home)), wall_clock())
    app.text_input(key=f"end-{window.control_id}-why").set_value("no backups any more")
    (button,) = (found for found in app.button if found.label == "End the series")
    button.click().run()
    assert not app.exception
    assert controls.in_force(controls.of_inbox(Home(home)), wall_clock()) == []
    assert "in a maintenance window of" not in html_of(app)
