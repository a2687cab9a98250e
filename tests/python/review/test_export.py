"""From the inbox into the feed, once, whatever is killed; and the run that is started for it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import dagster as dg
import pytest

from orchestration import cli, definitions, progress
from orchestration.assets import TRIGGER_TAG
from orchestration.home import Home, wall_clock
from orchestration.ingest import ingest
from orchestration.review import actions, decisions, export, inbox
from orchestration.review.actions import Action, Intent
from orchestration.review.decisions import State
from orchestration.review.people import Person
from tests.python.review.conftest import ANA, BEN, CARL

PROJECT = Path(__file__).resolve().parents[3]


def _decide(home: Home, person: Person, action: Action, case_id: str) -> str:
    intent = Intent(action, case_id=case_id, comment="said so")
    [decision_id] = actions.apply(home, person, actions.preview(home, person, intent))
    return decision_id


def _lines(home: Home) -> list[dict[str, object]]:
    files = sorted(home.feed_landing(export.FEED).glob("*"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def test_only_what_is_final_goes_into_a_file_and_once(published: Home) -> None:
    noted = _decide(published, ANA, Action.COMMENT, "case-1")
    written_off = _decide(published, ANA, Action.WRITE_OFF, "case-2")
    _decide(published, ANA, Action.WRITE_OFF, "case-4")
    actions.second(published, BEN, written_off)
    withdrawn = _decide(published, BEN, Action.COMMENT, "case-3")
    actions.withdraw(published, BEN, withdrawn)
    path = export.export(published)
    assert path is not None and path.parent == published.landing / "review_decisions"
    assert [line["decision_id"] for line in _lines(published)] == [noted, written_off]
    assert [line.get("approved_by") for line in _lines(published)] == [None, BEN.subject]
    content = path.read_bytes()
    assert export.export(published) is None
    assert (sorted(path.parent.iterdir()), path.read_bytes()) == ([path], content)
    states = decisions.by_id(published, [noted, written_off])
    assert {state.state for state in states.values()} == {State.EXPORTED}
    with pytest.raises(actions.NotPossible, match="on its way into a run"):
        actions.withdraw(published, ANA, noted)


def test_a_file_of_an_exports_name_is_not_trusted(published: Home) -> None:
    """Somebody with access to landing adds an approver to what was exported."""
    _decide(published, CARL, Action.COMMENT, "case-1")
    path = export.export(published)
    assert path is not None
    content = path.read_text("utf-8")
    path.write_text(content.replace("said so", "said otherwise"), "utf-8")
    with pytest.raises(export.ForeignExport, match="is not what the review inbox exported"):
        export.export_for_run(published)
    path.unlink()
    export.export_for_run(published)
    assert path.read_text("utf-8") == content


def test_ingest_reads_every_line_and_sees_a_file_once(published: Home) -> None:
    _decide(published, CARL, Action.COMMENT, "case-1")
    actions.second(published, BEN, _decide(published, ANA, Action.WRITE_OFF, "case-2"))
    assert export.not_loaded(published) == []
    path = export.export(published)
    assert path is not None and export.not_loaded(published) == [path.name]
    result = ingest(published, wall_clock(), 1)
    assert (result.rows_read, result.loaded, result.quarantined) == (2, 2, 0)
    assert export.not_loaded(published) == []


def test_a_run_steered_to_a_moment_takes_later_decisions_as_taken_then(published: Home) -> None:
    _decide(published, ANA, Action.COMMENT, "case-1")
    as_of = datetime(2026, 7, 2, 6)
    export.export(published, as_of=as_of)
    assert [line["decided_at"] for line in _lines(published)] == ["2026-07-02T06:00:00Z"]


def test_a_decision_taken_with_its_second_persons_word(published: Home) -> None:
    proposed = _decide(published, ANA, Action.WRITE_OFF, "case-2")
    actions.second(published, BEN, proposed)
    final_at = decisions.by_id(published, [proposed])[proposed].final_at
    assert final_at is not None
    before = final_at.replace(microsecond=0) - timedelta(seconds=1)
    assert export.export(published, until=before) is None
    assert export.export(published, until=final_at) is not None
    assert [line["decided_at"] for line in _lines(published)] == [
        final_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    ]


def test_a_home_whose_inbox_nobody_opened_gets_none(home: Home) -> None:
    assert export.export(home) is None
    assert not (home.root / "review.sqlite").exists()


KILLED = """
import os, sys
from orchestration.home import Home
from orchestration.review import export

def die(*_):
    os._exit(9)

setattr(export, sys.argv[1], die)
export.export(Home.from_environment())
"""


@pytest.mark.parametrize("at", ["_final", "_write_missing", "replacing"])
def test_killed_between_inbox_and_file_the_next_export_finds_it(published: Home, at: str) -> None:
    decision_id = _decide(published, ANA, Action.COMMENT, "case-1")
    killed = subprocess.run([sys.executable, "-c", KILLED, at], cwd=PROJECT, check=False)
    assert killed.returncode == 9
    assert _lines(published) == []
    export.export(published)
    assert [line["decision_id"] for line in _lines(published)] == [decision_id]
    [path] = published.feed_landing(export.FEED).iterdir()
    assert export.file_name(path.read_text("utf-8").splitlines()) == path.name


def test_a_lost_file_is_written_again_byte_by_byte(published: Home) -> None:
    _decide(published, ANA, Action.COMMENT, "case-1")
    path = export.export(published)
    assert path is not None
    content = path.read_bytes()
    path.unlink()
    export.export(published)
    assert path.read_bytes() == content


def _tick(home: Home, instance: dg.DagsterInstance) -> dg.RunRequest | dg.SkipReason:
    @dg.job(name=definitions.JOB_NAME)
    def nothing() -> None:
        pass

    sensor = definitions.build_sensor(home, nothing)
    told = sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(told, dg.RunRequest | dg.SkipReason)
    return told


def test_the_sensor_starts_one_run_for_what_was_decided(published: Home) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert isinstance(_tick(published, instance), dg.SkipReason)
        _decide(published, ANA, Action.COMMENT, "case-1")
        asked = _tick(published, instance)
        assert isinstance(asked, dg.RunRequest)
        assert asked.tags[TRIGGER_TAG] == "review"
        # killed before Dagster heard of it, or asked again: the same key, so one run
        again = _tick(published, instance)
        assert isinstance(again, dg.RunRequest) and again.run_key == asked.run_key
        # another run succeeded and had not read the file: asked anew
        published.last_success.write_text("another run", encoding="utf-8")
        later = _tick(published, instance)
        assert isinstance(later, dg.RunRequest) and later.run_key != asked.run_key
        ingest(published, wall_clock(), 1)
        assert isinstance(_tick(published, instance), dg.SkipReason)


def test_the_sensor_waits_while_a_run_is_under_way(published: Home) -> None:
    _decide(published, ANA, Action.COMMENT, "case-1")
    holder = (
        "from orchestration.home import Home\nimport sys\n"
        "with Home.from_environment().writing():\n    print('held', flush=True)\n    input()\n"
    )
    with dg.DagsterInstance.ephemeral() as instance:
        with subprocess.Popen(
            [sys.executable, "-c", holder],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            assert isinstance(_tick(published, instance), dg.SkipReason)
            process.communicate("\n")
        assert isinstance(_tick(published, instance), dg.RunRequest)
        instance.create_run_for_job(
            dg.job(name=definitions.JOB_NAME)(lambda: None), status=dg.DagsterRunStatus.STARTED
        )
        assert isinstance(_tick(published, instance), dg.SkipReason)
    assert len(_lines(published)) == 1


def test_the_sensor_runs_by_default_every_few_seconds(published: Home) -> None:
    sensor = definitions.build_sensor(published, dg.job(name="j")(lambda: None))
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == definitions.SENSOR_SECONDS <= 15


def test_an_operator_lists_what_waits_and_exports_it(
    published: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    decision_id = _decide(published, ANA, Action.WRITE_OFF, "case-2")
    assert cli.main(["review", "waiting"]) == 0
    told = capsys.readouterr().out
    assert decision_id in told and "Write off 1,000.50 EUR of invoice INV-1." in told
    assert "A second person has to agree." in told
    assert cli.main(["review", "export"]) == 0
    assert capsys.readouterr().out == "Nothing to export.\n"
    actions.second(published, BEN, decision_id)
    assert cli.main(["review", "export"]) == 0
    [path] = published.feed_landing(export.FEED).iterdir()
    assert capsys.readouterr().out == f"Exported to {path}.\n"
    assert cli.main(["review", "export", "--grant", "app"]) == 1


def test_a_run_goes_on_without_an_inbox_that_does_not_answer(published: Home) -> None:
    (published.root / "review.sqlite").write_text("no database at all, and quite long" * 100)
    with pytest.raises(inbox.InboxUnavailable, match="does not answer"):
        export.export(published)
    told = StringIO()
    with progress.reporting(progress.ConsoleProgress(told)):
        export.export_for_run(published)
    assert "what people decided waits for the next one" in told.getvalue()
