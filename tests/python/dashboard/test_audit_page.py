"""The chain in words, the sample judged one by one, who did what, trials, and the export."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboard import verification
from orchestration import cli, journal
from orchestration.home import Home
from orchestration.review import access_log, decisions, inbox, provenance, tables
from tests.python.dashboard import audited_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish


@pytest.fixture
def audited(home: Path) -> Path:
    """A home in which the audited company is published."""
    publish(home, "run-audited", audited_company.rows())
    return home


@pytest.fixture
def sealed(audited: Path, seal_in: Callable[[Home], None]) -> Home:
    """The same with a journal of its own."""
    seal_in(Home(audited))
    return Home(audited)


@pytest.fixture
def seal_in() -> Callable[[Home], None]:
    """Seal three entries into the journal of a home."""
    import duckdb

    def seal(home: Home) -> None:
        home.create()
        with duckdb.connect(str(home.warehouse)) as connection:
            connection.execute("create schema intermediate")
            connection.execute(
                "create table intermediate.int_decisions__to_seal as "
                "select 'review_decision' as entry_type, 'match' as subject_type, "
                "'d-' || range as subject_id, case when range = 0 then 'ana' else 'tieout' end "
                "as actor, timestamp '2026-07-01 06:00' as occurred_at, "
                "'{\"action\":\"unmatch\"}' as payload, ['aa'] as source_hashes from range(3)"
            )
        journal.seal(home, "run-1", audited_company.AS_OF)

    return seal


def test_a_chain_that_does_not_hold_is_said(home: Path) -> None:
    rows = audited_company.rows()
    rows["fct_audit_blocks"] = [
        {**block, "previous_hash": "1" * 64} if block["block"] == 2 else block
        for block in rows["fct_audit_blocks"]
    ]
    publish(home, "run-audited", rows)
    body = html_of(open_page("audit"))
    assert "<b>The chain does not hold</b>" in body
    assert "broken" in body


def test_the_next_close_is_shown_as_an_account_and_judged_right(audited: Path) -> None:
    app = open_page("audit", show="sample")
    body = html_of(app)
    assert "1 close to judge" in body
    assert "m-lost says what it pays." in body
    assert 'id="account"' in body
    app.button(key="right-m-lost").click().run()
    assert not app.exception
    [decision] = decisions.active(Home(audited))
    assert (decision.action, decision.match_id) == ("confirm_match", "m-lost")
    assert "1 judged since this publication" in html_of(app)
    assert "The whole sample is judged." in html_of(app)


def test_whoever_is_no_auditor_looks_and_does_not_judge(
    audited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "analyst")
    app = open_page("audit", show="sample")
    assert app.button(key="right-m-lost").disabled
    assert "Judging takes the role auditor" in html_of(app)
    app = open_page("audit", show="export")
    assert app.button(key="make-export").disabled


def test_a_skipped_close_comes_last(audited: Path) -> None:
    app = open_page("audit", show="sample")
    app.button(key="skip-m-lost").click().run()
    assert "Only skipped ones are left." in html_of(app)
    app.button(key="unskip").click().run()
    assert "m-lost says what it pays." in html_of(app)


def test_who_did_what_is_told_by_person(audited: Path) -> None:
    body = html_of(open_page("audit", show="people", person="ana"))
    assert "<b>1 decision</b>" in body
    assert "“&lt;i&gt;Wrong&lt;/i&gt; customer”" in body
    assert "the match is undone" in body
    assert "match=m-undone" in body


def test_what_was_paused_is_told_with_its_seal(home: Path) -> None:
    rows = audited_company.rows()
    change = {
        "change_id": "o-1", "flag": "closing", "rule_id": "certified", "customer_id": "C-1",
        "state_before": "running", "state_after": "paused", "starts_at": audited_company.AS_OF,
        "is_in_force": True, "reason": "<b>They</b> pay twice", "actor": "ana",
        "noted_at": audited_company.AS_OF,
    }  # fmt: skip
    rows["fct_flag_changes"] = [
        change,
        {**change, "change_id": "o-2", "flag": "issuance", "rule_id": "*", "customer_id": "*"},
    ]
    [sealed, *_] = rows["fct_audit_log"]
    rows["fct_audit_log"] = [
        *rows["fct_audit_log"],
        {**sealed, "position": 99, "entry_type": "flag_changed", "subject_type": "flag",
         "subject_id": "o-1"},
    ]  # fmt: skip
    publish(home, "run-audited", rows)
    body = html_of(open_page("audit", show="flags", flag="closing")).split('id="table-flags"')[1]
    assert "by the rule certified" in body
    assert "customer=C-1" in body
    assert "&lt;b&gt;They&lt;/b&gt; pay twice" in body
    assert "holds now" in body
    assert f"{sealed['block']}.99" in body
    assert "NOT proven" in body, "its hash is that of another entry"
    issuing = html_of(open_page("audit", show="flags", flag="issuance"))
    assert "not sealed" in issuing and "<b>1 change</b>" in issuing


def test_what_the_workbench_did_not_write_is_marked(audited: Path) -> None:
    """Somebody drops a file into landing that claims an approver."""
    body = html_of(open_page("audit", show="people"))
    assert "1 decision came by a file</a> that the workbench did not write" in " ".join(
        body.split()
    )
    assert "by file" in body.split('id="table-people"')[1]
    with inbox.of(Home(audited)).writing() as connection:
        said = {"decision_id": "d-1", "actor": "ana", "action": "unmatch", "match_id": "m-undone",
                "comment": "<i>Wrong</i> customer"}  # fmt: skip
        connection.execute(
            tables.decisions.insert().values(
                decision_id="d-1", decided_at=audited_company.AS_OF, actor="ana", actor_name="Ana",
                action="unmatch", case_id="match:m-undone", follows="", basis="", preview="{}",
            )
        )  # fmt: skip
        connection.execute(
            tables.exports.insert().values(
                decision_id="d-1", file_name="f", exported_at=audited_company.AS_OF,
                line=json.dumps(said),
            )
        )  # fmt: skip
    body = html_of(open_page("audit", show="people"))
    assert "did not write" not in body
    assert "<b>0 decisions</b>" in html_of(open_page("audit", show="people", written="file"))
    changed = [("d-1", "ana", json.dumps({**said, "approved_by": "ben"}))]
    assert provenance.by_file(Home(audited), changed) == {"d-1"}


def test_a_trial_is_told_in_a_sentence_with_its_rows(audited: Path) -> None:
    body = html_of(open_page("audit", show="versions"))
    told = " ".join(body.split())
    assert "version 2 on 10" in told
    assert "Of 47 matches it closes <b>41</b>, version 1 closes <b>44</b>" in told
    assert ">3</a> differ" in told
    rows = body.split('id="table-trial"')[1]
    assert rows.count("leaves it") == 3
    assert "On no match do they differ." in html_of(
        open_page("audit", show="versions", which="only_canary")
    )


def test_the_export_is_made_noted_and_holds(
    sealed: Home,
) -> None:
    app = open_page("audit", show="export", whole="people")
    assert "<b>1 entry</b>" in html_of(app)
    app.button(key="make-export").click().run()
    assert not app.exception
    _, data = app.session_state["audit-export"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        lines = archive.read("entries.jsonl").decode().splitlines()
        assert {"verify.py", "README.md", "proofs.jsonl"} <= set(archive.namelist())
    assert [json.loads(line)["actor"] for line in lines] == ["ana"]
    [entry] = access_log.entries(sealed, event=access_log.Event.EXPORTED)
    assert entry.detail["scope"] == "what people decided"


def test_a_verification_says_what_the_command_says(
    sealed: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    verifier = verification.Verifier(sealed)
    assert verifier.state() is None
    verifier.start()
    while (state := verifier.state()) is not None and state.holds is None:
        pass
    status = cli.main(["verify"])
    assert state is not None
    assert state.holds is (status == 0)
    said = capsys.readouterr().out
    assert state.verdict.split(":")[0] in said
    assert str(sealed.root) not in state.verdict
