"""A run that Dagster alone knows to have failed is told of like any other."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from orchestration import failed_runs, progress, run_records
from orchestration.alerting import run_alerts
from orchestration.assets import TRIGGER_TAG
from orchestration.home import Home, TieoutError, wall_clock


@dg.resource
def lost_disk(_context: dg.InitResourceContext) -> None:
    raise OSError("No room on '/secret/place'\nand more")


@dg.resource
def held_home(_context: dg.InitResourceContext) -> None:
    raise TieoutError("Another run is writing.") from BlockingIOError("unavailable")


HEALTHY = dg.ResourceDefinition.none_resource()


@dg.asset(required_resource_keys={"disk"})
def figures() -> None: ...


@dg.asset_check(asset=figures, name="assert_it_adds_up", blocking=True)
def adds_up() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False)


@dg.asset(deps=[figures])
def published() -> None: ...


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def fail(home: Home, instance: dg.DagsterInstance, disk: dg.ResourceDefinition) -> dg.SkipReason:
    """Run a job that fails, and let the sensor look at it as Dagster's daemon does."""
    definitions = dg.Definitions(
        assets=[figures, published],
        asset_checks=[adds_up],
        jobs=[dg.define_asset_job("reconcile")],
        resources={"disk": disk},
    )
    job = definitions.resolve_job_def("reconcile")
    done = job.execute_in_process(
        instance=instance, raise_on_error=False, tags={TRIGGER_TAG: "landing"}
    )
    assert not done.success
    if disk is HEALTHY:
        with run_records.recording(home, "landing"):
            run_records.note_dagster_run(home, done.run_id)
            with progress.current().step("Landing"):
                pass
    (event,) = [event for event in done.all_events if event.is_run_failure]
    context = dg.build_run_status_sensor_context(
        "failed_runs", event, instance, done.dagster_run
    ).for_run_failure()
    sensor = failed_runs.build_failure_sensor(home, [job])
    said = sensor(context)
    assert isinstance(said, dg.SkipReason)
    return said


def test_a_run_that_failed_before_it_began_gets_a_record_and_an_alert(
    home: Home, instance: dg.DagsterInstance
) -> None:
    said = fail(home, instance, lost_disk)
    assert "failed before it began" in str(said.skip_message)
    (record,) = run_records.read(home)
    assert (record.outcome, record.trigger, record.step) == ("failed", "landing", None)
    (alert,) = run_alerts.of_home(home, wall_clock(), None)
    assert alert.kind == "run_failed"
    assert "No room on" in alert.reason and "secret" not in alert.reason


def test_of_several_causes_the_one_that_is_written_for_people_is_told(
    home: Home, instance: dg.DagsterInstance
) -> None:
    fail(home, instance, held_home)
    (record,) = run_records.read(home)
    assert record.message == "Another run is writing."


def test_a_run_that_noted_itself_is_noted_once_and_its_failed_checks_are_named(
    home: Home, instance: dg.DagsterInstance
) -> None:
    said = fail(home, instance, HEALTHY)
    assert str(said.skip_message).endswith("noted itself. Failed checks: assert_it_adds_up.")
    assert len(run_records.read(home)) == 1
