"""Arguments of dbt, what is read out of its log, and the process that it runs in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import dbt_runs, parsed, publish, warehouse
from orchestration.assets import is_tested_on_release
from orchestration.dbt_runs import DbtFailed, Failure, Phase
from orchestration.home import PROJECT_DIR, Home


@pytest.fixture(autouse=True)
def _dbt_has_loaded_everything() -> None:
    """Not here: the process is what is tested."""


def selected(home: Home, selector: str) -> set[str]:
    """Unique ids of what a build with a selector takes."""
    listing = ["list", "--selector", selector, "--output", "json", "--output-keys", "unique_id"]
    listed = {
        str(json.loads(event["data"]["msg"])["unique_id"])
        for event in dbt_runs.stream(home, listing)
        if event["info"]["name"] == "PrintEvent"
    }
    return {unique_id for unique_id in listed if unique_id.startswith(("seed.", "model.", "test."))}


def test_a_run_builds_everything_once_and_seeds_only_into_a_new_warehouse(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = Home(tmp_path_factory.mktemp("selectors"))
    manifest = json.loads((dbt_runs.ensure_parse(home) / parsed.MANIFEST).read_text("utf-8"))
    nodes = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if unique_id.startswith(("seed.", "model.", "test."))
    }
    training = {name for name, node in nodes.items() if dbt_runs.TRAINING_TAG in node["tags"]}
    of_a_run = {
        unique_id
        for unique_id, node in nodes.items()
        if not is_tested_on_release(node)
        and not training & {unique_id, *node["depends_on"].get("nodes", [])}
    }
    with dbt_runs.kept_open(home):
        first, without_seeds, second = (
            selected(home, name)
            for name in ("before_seal", "before_seal_without_seeds", "after_seal")
        )
    assert first | second == of_a_run
    assert first & second == set()
    assert {
        unique_id for unique_id in second if dbt_runs.AFTER_SEAL_TAG in nodes[unique_id]["tags"]
    }

    seeds = {unique_id for unique_id in first if unique_id.startswith("seed.")}
    left_out = first - without_seeds
    assert len(seeds) > 30 and without_seeds < first
    assert left_out == seeds | {
        unique_id
        for unique_id in first
        if unique_id.startswith("test.") and set(nodes[unique_id]["depends_on"]["nodes"]) <= seeds
    }
    assert any(seeds & set(nodes[kept]["depends_on"]["nodes"]) for kept in without_seeds)


def test_a_build_takes_the_selector_of_its_phase() -> None:
    assert dbt_runs.build_arguments(Phase.BEFORE_SEAL)[1:] == ["build", "--selector", "before_seal"]
    kept = dbt_runs.build_arguments(Phase.BEFORE_SEAL, with_seeds=False)
    assert kept[1:] == ["build", "--selector", "before_seal_without_seeds"]
    for with_seeds in (True, False):
        arguments = dbt_runs.build_arguments(Phase.AFTER_SEAL, with_seeds=with_seeds)
        assert arguments[1:] == ["build", "--selector", "after_seal"]


@pytest.mark.parametrize("phase", list(Phase))
def test_a_selection_of_models_is_built_with_the_tests_that_need_nothing_else(phase: Phase) -> None:
    arguments = dbt_runs.build_arguments(phase, ["fct_items", "fct_matches"])
    assert arguments[1:4] == ["build", "--select", "fct_items"]
    assert arguments[arguments.index("--indirect-selection") + 1] == "cautious"


@pytest.mark.parametrize("phase", list(Phase))
def test_no_vars_so_that_partial_parsing_works(phase: Phase) -> None:
    assert "--vars" not in dbt_runs.build_arguments(phase)


def test_artifacts_and_logs_go_under_the_home(home: Home) -> None:
    environment = dbt_runs.environment(home, {"PATH": "/bin"})
    assert environment["TIEOUT_HOME"] == str(home.root)
    assert environment["DBT_TARGET_PATH"] == str(home.target)
    assert environment["DBT_LOG_PATH"] == str(home.logs)
    assert environment["PATH"] == "/bin"


def event(name: str, level: str = "info", **data: Any) -> dict[str, Any]:
    node = {"unique_id": "test.tieout.t", "node_name": "t", "resource_type": "test"}
    return {"info": {"name": name, "level": level}, "data": {"node_info": node, **data}}


def test_a_failing_test_says_how_many_rows_and_where_to_look() -> None:
    failures: dict[str, Failure] = {}
    for said in (
        event("LogTestResult", "error", status="fail", num_failures=2, num_models=7),
        event("RunResultFailure", "error", path="tests/dbt/t.sql"),
        event("RunResultError", "error", msg="Got 2 results,\n configured to fail if != 0"),
        event("SQLCompiledPath", path="/home/target/compiled/t.sql"),
    ):
        dbt_runs.note_failure(failures, said)
    message = dbt_runs.describe_failures(["build"], list(failures.values()), [], Path("dbt.log"))
    assert "test t: 2 rows break it" in message
    assert "tests/dbt/t.sql" in message
    assert "/home/target/compiled/t.sql" in message


def test_a_failing_test_shows_what_it_says_of_the_first_rows(home: Home, tmp_path: Path) -> None:
    home.create()
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            "create table item as select 'i' || n as item_id, n / 4 as amount, "
            "case when n = 3 then null else 'a cent is missing' end as failure "
            "from generate_series(1, 5) as numbers (n)"
        )
    query = tmp_path / "t.sql"
    query.write_text("select * from item -- the last line is a comment")
    failure = Failure("test.tieout.t", "t", "test", query=str(query), failing_rows=5)
    unread = Failure("test.tieout.u", "u", "test", query=str(tmp_path / "gone"), failing_rows=1)
    dbt_runs.read_failing_rows(home, [failure, unread])
    message = dbt_runs.describe_failures(["build"], [failure, unread], [], Path("dbt.log"))
    assert "a cent is missing: item_id i1; amount 0.25" in message
    assert "a cent is missing: item_id i2" in message
    assert "\n      item_id i3" in message
    assert "item_id i4" not in message
    assert "... and 2 more" in message


def test_a_long_row_is_cut() -> None:
    told = dbt_runs.describe_row({"payload": "x" * 1000, "nothing": None})
    assert told.startswith("payload xxx")
    assert len(told) < 320


def test_a_model_that_does_not_build_says_why() -> None:
    failures: dict[str, Failure] = {}
    dbt_runs.note_failure(failures, event("RunResultError", "error", msg="Binder Error: no column"))
    assert "Binder Error: no column" in failures["test.tieout.t"].describe()


def test_a_unit_test_shows_what_differs(home: Home) -> None:
    failures: dict[str, Failure] = {}
    unit = {"unique_id": "unit_test.tieout.m.u", "node_name": "u", "resource_type": "unit_test"}
    table = "\n\nactual differs from expected:\n\n@@ ,amount\r\n\u2192  ,1\u21922\r\n\n"
    for said in (
        event("LogTestResult", "error", num_failures=1, node_info=unit),
        event("RunResultError", "error", msg=table, node_info=unit),
    ):
        dbt_runs.note_failure(failures, said)
    message = failures["unit_test.tieout.m.u"].describe()
    assert message.splitlines() == [
        "unit_test u: actual differs from expected:",
        "      @@ ,amount",
        "      \u2192  ,1\u21922",
    ]


def test_what_passes_is_no_failure() -> None:
    failures: dict[str, Failure] = {}
    dbt_runs.note_failure(failures, event("LogTestResult", num_failures=0))
    dbt_runs.note_failure(failures, event("SQLCompiledPath", path="x"))
    dbt_runs.note_failure(failures, {"info": {"level": "error", "name": "MainError"}, "data": {}})
    assert failures == {}


def test_a_call_that_fails_before_any_node_shows_its_output() -> None:
    message = dbt_runs.describe_failures(["parse"], [], ["Parsing Error", "  in x.yml"], Path("l"))
    assert "dbt parse failed" in message
    assert "in x.yml" in message


def test_nodes_are_counted_as_they_end() -> None:
    assert dbt_runs.progress_of(event("LogModelResult", total=9)) == 9
    assert dbt_runs.progress_of(event("LogTestResult", num_models=9)) == 9
    assert dbt_runs.progress_of(event("LogStartLine", total=9)) is None


def test_one_process_makes_several_calls_and_says_why_one_failed(home: Home) -> None:
    with dbt_runs.kept_open(home):
        for option in ("--first", "--second"):
            with pytest.raises(DbtFailed, match=option):
                list(dbt_runs.stream(home, ["build", option]))
    assert "--second" in (home.logs / "dbt.log").read_text(encoding="utf-8")


SHOW = ["show", "--inline", "select 1 as one"]


def test_a_call_keeps_the_warehouse_open_for_what_follows(home: Home) -> None:
    create = ("create table told as select cast($1 as varchar) as word", ["so"])
    with dbt_runs.kept_open(home):
        list(dbt_runs.stream(home, SHOW, keeps_open=True))
        assert dbt_runs.has_warehouse_open(home)
        dbt_runs.execute(home, [create], keeps_open=True)
        with pytest.raises(duckdb.IOException, match="lock"):
            duckdb.connect(str(home.warehouse))
        list(dbt_runs.stream(home, SHOW, keeps_open=True))
        warehouse.execute(home, [("insert into told values ('then')", [])])
        assert not dbt_runs.has_warehouse_open(home)
        with duckdb.connect(str(home.warehouse)) as connection:
            assert connection.execute("from told").fetchall() == [("so",), ("then",)]


def test_a_statement_that_fails_says_why_and_lets_the_warehouse_go(home: Home) -> None:
    with dbt_runs.kept_open(home):
        list(dbt_runs.stream(home, SHOW, keeps_open=True))
        with pytest.raises(DbtFailed, match="nowhere"):
            dbt_runs.execute(home, [("select * from nowhere", [])], keeps_open=True)
        assert not dbt_runs.has_warehouse_open(home)
        duckdb.connect(str(home.warehouse)).close()


MARTS = ("create schema marts", "create table marts.t as select r as id from range(9) as x (r)")


def keep_open(home: Home, *statements: str) -> None:
    list(dbt_runs.stream(home, SHOW, keeps_open=True))
    dbt_runs.execute(home, [(sql, []) for sql in statements], keeps_open=True)


def test_marts_are_published_from_the_process_that_keeps_the_warehouse_open(home: Home) -> None:
    with dbt_runs.kept_open(home):
        keep_open(home, *MARTS)
        publish.publish(home, "run-a")
        dbt_runs.execute(home, [("delete from marts.t where id < 2", [])], keeps_open=True)
        publish.publish(home, "run-b")
        assert dbt_runs.has_warehouse_open(home)
        for served in (home.serving, home.serving_masked):
            with duckdb.connect(str(served), read_only=True) as connection:
                assert connection.execute("select count(*) from marts.t").fetchall() == [(7,)]
        assert [path.name for path in publish.publications(home)] == [
            "run-b.duckdb",
            "run-a.duckdb",
        ]


def test_what_cannot_be_published_from_there_lets_the_warehouse_go(home: Home) -> None:
    with dbt_runs.kept_open(home):
        keep_open(home)
        with pytest.raises(DbtFailed, match="no tables in schema marts"):
            publish.publish(home, "run-a")
        assert not dbt_runs.has_warehouse_open(home)
        keep_open(home, *MARTS)
        nowhere = {"path": str(home.root / "nowhere" / "a.duckdb"), "shows": "", "is_masked": False}
        with pytest.raises(duckdb.Error, match="nowhere"):
            dbt_runs.publish(home, [nowhere])
        assert not dbt_runs.has_warehouse_open(home)
        publish.publish(home, "run-a")


def test_nothing_stays_open_after_a_failed_call_or_without_a_process_that_lives_on(
    home: Home,
) -> None:
    list(dbt_runs.stream(home, SHOW, keeps_open=True))
    assert not dbt_runs.has_warehouse_open(home)
    with dbt_runs.kept_open(home):
        with pytest.raises(DbtFailed):
            list(dbt_runs.stream(home, ["show", "--inline", "select no"], keeps_open=True))
        assert not dbt_runs.has_warehouse_open(home)
        duckdb.connect(str(home.warehouse)).close()


def test_the_process_ends_in_the_middle_of_a_call_when_its_caller_is_gone(home: Home) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.dbt_process"],
        cwd=PROJECT_DIR,
        env=dbt_runs.environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    call = {"parsed": str(home.target), "arguments": ["--log-format", "json", "parse"]}
    process.stdin.write(json.dumps(call) + "\n")
    process.stdin.flush()
    assert "MainReportVersion" in process.stdout.readline()
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    assert dbt_runs.CALL_ENDED not in process.stdout.read()
    process.stdout.close()


def test_a_broken_off_call_leaves_nothing_to_the_next(home: Home) -> None:
    with dbt_runs.kept_open(home):
        call = dbt_runs.stream(home, ["list"])
        assert next(call)["info"]["name"] == "MainReportVersion"
        call.close()
        with pytest.raises(DbtFailed, match="--other"):
            list(dbt_runs.stream(home, ["build", "--other"]))


@pytest.mark.parametrize("line", ["", "plain text", "[]", '{"a": 1}'])
def test_lines_that_are_no_events_are_told_apart(line: str) -> None:
    assert not dbt_runs.is_event(dbt_runs.parse_line(line))
