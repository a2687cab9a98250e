"""What proves code, not data: dbt's unit tests beside the models, and the tests of the macros."""

from __future__ import annotations

from tieout_process import Tieout

from orchestration import dbt_runs


def test_all_unit_tests_of_models_and_macros_pass(reconciled_copy: Tieout) -> None:
    passed = [
        event["data"]["node_info"]["node_name"]
        for event in dbt_runs.stream(
            reconciled_copy.home,
            ["test", "--select", "resource_type:unit_test", f"tag:{dbt_runs.CODE_TEST_TAG}"],
        )
        if event["info"]["name"] == "LogTestResult" and event["data"]["status"] == "pass"
    ]
    assert len(passed) > 20, "the unit tests of the models were not found"
    assert "assert_check_digits_hold" in passed, "the tests of the macros were not found"
