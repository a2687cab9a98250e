"""Steps are tried again where that may help; the record says what came of the run in the end."""

import errno
import json

import dagster as dg
import duckdb
import pytest

from orchestration import progress, retries, run_records
from orchestration.dbt_runs import DbtFailed, Failure
from orchestration.home import Home, TieoutError
from orchestration.review.inbox import InboxUnavailable
from orchestration.telemetry import logs


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (OSError(errno.EIO, "Input/output error"), True),
        (OSError(errno.ESTALE, "Stale file handle"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (PermissionError(errno.EACCES, "Permission denied"), False),
        (duckdb.IOException("IO Error: Could not set lock on file"), True),
        (InboxUnavailable("The review inbox does not answer"), True),
        (DbtFailed("dbt build failed: IO Error: Could not set lock on file"), True),
        (DbtFailed("2 rows break it", [Failure("t", "assert_x", "test", failing_rows=2)]), False),
        (TieoutError("decisions cannot be inserted into the past"), False),
    ],
)
def test_what_passes_by_itself(error: Exception, passes: bool) -> None:
    assert retries.may_pass(error) is passes


def tried(home: Home, failures: list[Exception]) -> tuple[int, bool]:
    """How often a step is tried that fails so, one after the other; and whether it succeeds."""
    attempts = 0

    @dg.asset
    def landed(context: dg.AssetExecutionContext) -> None:
        nonlocal attempts
        attempts += 1
        with retries.retried(context, home), progress.current().step("Landing"):
            if failures:
                raise failures.pop(0)

    with run_records.recording(home, "schedule"):
        done = dg.materialize([landed], raise_on_error=False)
        if done.success:
            with progress.current().step("Publishing the marts"):
                pass
    return attempts, done.success


def test_a_step_is_tried_again_and_the_run_is_no_failed_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.01)
    failures: list[Exception] = [OSError(errno.EIO, "Input/output error")]
    assert tried(home, failures) == (2, True)
    (record,) = run_records.read(home)
    assert (record.outcome, record.error, record.message) == ("published", None, "")
    lines = logs.path_of(home).read_text(encoding="utf-8").splitlines()
    (told,) = (line for line in map(json.loads, lines) if line["event"] == "step_retried")
    assert (told["level"], told["error"], told["step"]) == ("warning", "OSError", "Landing")


def test_a_step_that_goes_on_failing_is_given_up(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.01)
    failures: list[Exception] = [OSError(errno.EIO, "Input/output error") for _ in range(9)]
    assert tried(home, failures) == (1 + retries.MAX_RETRIES, False)
    (record,) = run_records.read(home)
    assert (record.outcome, record.error) == ("failed", "OSError")


def test_what_does_not_pass_is_tried_once(home: Home) -> None:
    assert tried(home, [TieoutError("decisions cannot be inserted into the past")]) == (1, False)
    (record,) = run_records.read(home)
    assert record.outcome == "failed"
    assert record.message == "decisions cannot be inserted into the past"
