"""The function handler: one file in, one run out, and an answer that says what came of it."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from typing import Any

import duckdb
import pytest

from orchestration.deploy import handler
from orchestration.home import PROJECT_DIR, Home
from tests.python.tieout_process import Tieout

INVOICES = """\
invoice_id,invoice_number,document_type,customer_id,issued_at,due_date,currency,total_amount,status,updated_at
in_fn_1,FN-1,invoice,C-1,2026-06-29T09:00:00Z,2026-07-13,EUR,120.00,open,2026-06-29T09:00:00Z
in_fn_2,FN-2,invoice,C-1,2026-06-29T09:00:00Z,2026-07-13,EUR,12O.00,open,2026-06-29T09:00:00Z
"""


def answer_in_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], event: str
) -> tuple[int, dict[str, Any]]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(event))
    status = handler.main()
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("nonsense", "no JSON event"),
        ("[]", "an event is an object"),
        ('{"feed": "invoices", "file": "a.csv", "content": "x"}', "'invoices' is none of"),
        ('{"feed": "billing_invoices", "file": "../a.csv", "content": "x"}', "no plain file name"),
        ('{"feed": "billing_invoices", "file": ".a.csv", "content": "x"}', "no plain file name"),
        ('{"feed": "billing_invoices", "file": "a.csv"}', "one of content"),
        ('{"feed": "billing_invoices", "file": "a.csv", "content_base64": "%"}', "cannot be read"),
        ('{"feed": "billing_invoices", "file": "a.csv", "path": "/no/such"}', "cannot be read"),
    ],
)
def test_what_is_no_event_is_refused_and_lands_nothing(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    event: str,
    why: str,
) -> None:
    status, answer = answer_in_process(monkeypatch, capsys, event)
    assert (status, answer["status"]) == (1, "refused")
    assert why in answer["message"]
    assert not [path for path in home.landing.rglob("*") if path.is_file()]


def test_a_landed_file_is_never_changed(home: Home) -> None:
    event = {"feed": "billing_invoices", "file": "a.csv", "content": "one\n"}
    assert handler.land(home, event) == handler.land(home, event)
    other = handler.land(home, {**event, "content": "two\n"})
    landed = {
        path.name: path.read_text(encoding="utf-8")
        for path in home.feed_landing("billing_invoices").iterdir()
    }
    assert landed == {"a.csv": "one\n", f"a-{other[:12]}.csv": "two\n"}


def test_another_run_is_told_as_busy(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from orchestration.home import Home\n"
            "with Home(Path(sys.argv[1])).writing(): print('held', flush=True); sys.stdin.read()",
            str(home.root),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=PROJECT_DIR,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    try:
        event = json.dumps({"feed": "billing_invoices", "file": "a.csv", "content": "x"})
        status, answer = answer_in_process(monkeypatch, capsys, event)
    finally:
        holder.communicate(b"")
    assert (status, answer["status"]) == (1, "busy")
    # it has landed, and the next call's run takes it up
    assert (home.feed_landing("billing_invoices") / "a.csv").exists()


def test_numbers_of_the_answer_are_numbers(home: Home) -> None:
    columns = "as_of, rows_in, matches_made, auto_closed, exceptions_opened, exceptions_resolved"
    published = home.root / "published.duckdb"
    home.serving.symlink_to(published.name)
    with duckdb.connect(str(published)) as connection:
        connection.execute(
            "create schema marts;"
            "create table marts.fct_runs as select 1 as run_sequence, 'run-1' as run_id,"
            " cast(11.459 as decimal(38, 10)) as seconds, "
            + ", ".join(f"2 as {column}" for column in columns.split(", "))
        )
        connection.execute(
            "create table marts.fct_batches as select 'b' as batch_id, 'f' as feed, 'n' as "
            "file_name, 1 as rows_read, 1 as rows_loaded, 0 as rows_redelivered, 0 as "
            "rows_quarantined, false as is_rejected;"
            "create table marts.fct_quarantine (batch_id varchar, line_number integer, column_name "
            "varchar, reason varchar)"
        )
    answer = json.loads(json.dumps(handler.told(home, "b"), default=str))
    assert answer["run"]["seconds"] == 11.459
    assert answer["file"]["rows_read"] == 1 and answer["file"]["rejected"] == []


@pytest.mark.thorough
def test_one_file_in_one_run_out(reconciled_copy: Tieout) -> None:
    event = {
        "feed": "billing_invoices",
        "file": "fn.csv",
        "content_base64": base64.b64encode(INVOICES.encode()).decode(),
    }

    def call() -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "orchestration.deploy.handler"],
            input=json.dumps(event),
            env={**reconciled_copy.environment(), "TIEOUT_LOG_FORMAT": "json"},
            cwd=PROJECT_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)  # and nothing else is printed there
        return answer

    answer = call()
    assert answer["status"] == "published"
    assert answer["run"]["run_id"].startswith("run-")
    assert answer["run"]["rows_in"] == 2
    assert isinstance(answer["run"]["seconds"], float)
    assert (answer["file"]["rows_loaded"], answer["file"]["rows_quarantined"]) == (1, 1)
    (reject,) = answer["file"]["rejected"]
    assert (reject["line"], reject["column"]) == (3, "total_amount")
    again = call()
    assert again == {**answer, "status": "nothing_new"}
