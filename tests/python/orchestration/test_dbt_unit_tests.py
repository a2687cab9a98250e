"""dbt's unit tests, which stand beside the models in YAML and prove code, not data."""

from __future__ import annotations

from tieout_process import Tieout

from orchestration import dbt_runs


def test_all_unit_tests_of_the_models_pass(reconciled_copy: Tieout) -> None:
    passed = [
        event["data"]["node_info"]["node_name"]
        for event in dbt_runs.stream(
            reconciled_copy.home, ["test", "--select", "resource_type:unit_test"]
        )
        if event["info"]["name"] == "LogTestResult" and event["data"]["status"] == "pass"
    ]
    assert len(passed) > 20, "the unit tests of the models were not found"
