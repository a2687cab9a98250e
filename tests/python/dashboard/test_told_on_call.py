"""The on-call page says who was told of an alert, what did not arrive, and that a run failed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st

from orchestration import progress, run_records
from orchestration.alerting import outbox
from orchestration.alerting.alerts import run_fingerprint
from orchestration.alerting.outbox import Notification
from orchestration.dbt_runs import DbtFailed, Failure
from orchestration.home import Home, wall_clock
from orchestration.review import inbox
from tests.python.dashboard.conftest import html_of, open_page

FILES = {
    "alerts.yml": (
        "destinations: {phone: json://127.0.0.1:9/, chat: json://127.0.0.1:9/}\n"
        "routes: [{severity: page, to: [on-call:finance, chat]}]\n"
        "runs: unscheduled\n"
    ),
    "oncall.yml": (
        "people: {ada: {name: Ada <Lovelace>, to: phone}}\n"
        "rotations:\n"
        "  finance: {zone: UTC, handover: daily 09:00, starts: 2026-06-01, people: ada}\n"
    ),
}


def told(home: Home, fingerprint: str, destination: str, person: str | None) -> Notification:
    at = wall_clock() - timedelta(minutes=12)
    one = Notification(
        inbox.new_id("n", at), at, fingerprint, 1, "firing", 1, destination, person, 0,
        "high_exceptions", "page", "payout_late", "Page: something", "It is so.",
    )  # fmt: skip
    with inbox.of(home).writing() as connection:
        outbox.add(connection, [one])
    outbox.note(home, one, 1, "begun", at)
    return one


def test_nobody_configured_is_said_once(published: Path) -> None:
    body = html_of(open_page("on_call"))
    assert body.count("Alerts reach nobody: write") == 1
    assert "t-notified" not in body


def test_a_file_that_cannot_be_used_is_said(published: Path) -> None:
    (published / "alerts.yml").write_text("destinations: {a: b}\nroute: []\n", encoding="utf-8")
    app = open_page("on_call")
    (error,) = app.error
    assert "Alerts reach nobody" in error.value and "'routes'" in error.value


def test_a_failed_run_is_the_first_alert_and_says_who_was_told(published: Path) -> None:
    home = Home(published)
    for name, text in FILES.items():
        (published / name).write_text(text, encoding="utf-8")
    failure = Failure("test.x", "assert_cents_have_a_place", "test", failing_rows=1)
    failure.rows = [{"failure": "a cent is missing", "payer_name": "Jane"}]
    with (
        pytest.raises(DbtFailed),
        run_records.recording(home, "schedule"),
        progress.current().step("Landing"),
    ):
        raise DbtFailed("It does not hold", [failure])
    fingerprint = run_fingerprint("run_failed")
    outbox.note(home, told(home, fingerprint, "phone", "ada"), 1, "delivered", wall_clock())
    outbox.note(
        home, told(home, fingerprint, "chat", None), 1, "failed", wall_clock(), "JSON: error=503"
    )
    app = open_page("on_call")
    body = html_of(app)
    first = body[body.index('class="t-alert"') :][:1500]
    assert "failed in the step “Landing”, and published nothing</b>" in first
    assert "1 row breaks “cents have a place”" in first
    assert "told <b>Ada &lt;Lovelace&gt; (phone)</b>" in first
    assert "did not reach <b>chat</b>" in first and "JSON: error=503" in first
    # and above it the test's own words with its rows
    assert "a cent is missing: payer_name Jane" in body[: body.index('class="t-alert"')]
    with run_records.recording(home, "manual"):
        for step in ("Landing", "Publishing the marts"):
            with progress.current().step(step):
                pass
    st.cache_data.clear()  # the page looks anew every two seconds
    assert "failed in the step" not in html_of(open_page("on_call"))
