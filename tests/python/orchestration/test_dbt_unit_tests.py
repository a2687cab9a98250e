"""What proves code, not data: unit tests, tests of the macros, the keys that runs do not test."""

from __future__ import annotations

from tieout_process import Tieout

from orchestration import dbt_runs


def test_all_that_is_tested_on_release_passes(reconciled_copy: Tieout) -> None:
    list(dbt_runs.stream(reconciled_copy.home, ["run", "--select", f"tag:{dbt_runs.TRAINING_TAG}"]))
    passed = [
        event["data"]["node_info"]["node_name"]
        for event in dbt_runs.stream(
            reconciled_copy.home,
            ["test", "--select", "resource_type:unit_test", dbt_runs.ON_RELEASE],
        )
        if event["info"]["name"] == "LogTestResult" and event["data"]["status"] == "pass"
    ]
    assert len(passed) > 20, "the unit tests of the models were not found"
    assert "assert_check_digits_hold" in passed, "the tests of the macros were not found"
    assert any(name.startswith("int_") and name.endswith("_is_well_formed") for name in passed), (
        "keys were not found"
    )
