"""OpenSLO files: what is generated from them is what is committed, and faults are told."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from orchestration.home import PROJECT_DIR, TieoutError
from orchestration.slo import documents, generate

RULES = PROJECT_DIR / "orchestration" / "monitoring" / "prometheus"

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool comes with Debian's package prometheus"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copied = tmp_path / "slo"
    shutil.copytree(documents.FOLDER, copied, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copied


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    assert change(before) != before
    path.write_text(change(before), encoding="utf-8")


def test_generated_files_are_what_the_slo_files_say() -> None:
    assert generate.differing() == []


def test_a_changed_objective_changes_what_is_generated(folder: Path) -> None:
    edit(
        folder / "reconciliation_success_rate.yaml",
        lambda text: text.replace("target: 0.99", "target: 0.98"),
    )
    assert generate.differing(folder=folder) == [generate.TARGETS, generate.RECORDING]
    edit(
        folder / "alerting.yaml",
        lambda text: text.replace("threshold: 14.4", "threshold: 10"),
    )
    made = generate.files(folder=folder)
    table = csv.DictReader(made[generate.ALERT_RULES].splitlines())
    rows = {row["alert_name"]: row for row in table}
    assert rows["slo_burn_very_fast"]["threshold"] == "10"
    assert rows["slo_burn_very_fast"]["short_window_name"] == "5m"
    assert rows["feed_silent"]["kind"] == "feed_silent", "rules by hand stay"
    assert "> 10 unless" in " ".join(made[generate.ALERTING].split())


def test_the_dashboard_shows_what_the_slo_files_promise(folder: Path) -> None:
    for path in folder.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("duration: 28d", "duration: 7d"), encoding="utf-8")
    edit(
        folder / "alerting.yaml",
        lambda text: re.sub(r"threshold: 6$", "threshold: 5", text, flags=re.MULTILINE),
    )
    made = generate.files(folder=folder)
    told = json.loads(made[generate.DASHBOARD])
    constants = {
        one["name"]: one["query"] for one in told["templating"]["list"] if one["type"] == "constant"
    }
    assert constants == {"window": "7d", "burn_window": "6h", "paging_burn_rate": "5"}
    assert '{window="7d"}' in made[generate.RECORDING]
    for panel in told["panels"]:
        words = f"{panel['title']} {panel.get('description')}"
        assert not re.search(r"\b(28|7) ?d|\d pages", words), "objectives by hand"
        for target in panel.get("targets", []):
            assert not re.search(r'window="\d+d"', target["expr"]), "a window by hand"
    unused = [name for name in constants if f"${name}" not in json.dumps(told["panels"])]
    assert unused == []


def test_objectives_of_several_windows_are_refused(folder: Path) -> None:
    edit(
        folder / "reconciliation_success_rate.yaml",
        lambda text: text.replace("duration: 28d", "duration: 7d"),
    )
    with pytest.raises(TieoutError, match="windows of 7 and 28 days"):
        generate.files(folder=folder)


def test_objectives_say_targets_in_their_unit() -> None:
    found = {slo.code: slo for slo in documents.objectives()}
    assert len(found) == 10
    assert found["duplicate_invoice_rate"].target == Decimal("0.0001")
    assert found["duplicate_invoice_rate"].direction == "below"
    assert found["time_to_reconciliation"].target == 24
    assert found["time_to_reconciliation"].unit == "hours"
    assert found["exception_queue_depth"].unit == "count"
    assert found["audit_completeness"].objective == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("alerting.yaml", "alertAfter: 5m", "alertAfter: soon", "AlertCondition burn-very-fast"),
        ("alerting.yaml", "threshold: 14.4", "treshold: 14.4", "AlertCondition burn-very-fast"),
        ("alerting.yaml", "conditionRef: burn-fast", "conditionRef: gone", "gone, which there"),
        ("alerting.yaml", "lookbackWindow: 6h", "lookbackWindow: 7h", "no window of budgets"),
        ("alerting.yaml", "min-customers: ", "min-costumers: ", "nothing reads min-costumers"),
        ("backfill_latency.yaml", "service: intake", "service: nobody", "nobody, which there"),
        ("backfill_latency.yaml", "restated: >-", "per_: >-", "per_"),
        ("posting_error_rate.yaml", "target: 0.999", "target: 99.9", "SLO posting-error-rate"),
        ("posting_error_rate.yaml", "kind: SLO", "kind: SLA", "posting-error-rate"),
    ],
)
def test_a_fault_is_told_with_its_place(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    edit(folder / file, lambda text: text.replace(old, new, 1))
    with pytest.raises(TieoutError) as fault:
        generate.files(folder=folder)
    assert said in str(fault.value)


def test_every_dimension_is_one_that_the_breakdown_has() -> None:
    model = PROJECT_DIR / "models" / "marts" / "service_levels" / "agg_sli_breakdowns.yml"
    (declared,) = yaml.safe_load(model.read_text(encoding="utf-8"))["models"]
    known = declared["data_tests"][0]["well_formed"]["arguments"]["values"]["dimension"]
    assert {name for slo in documents.objectives() for name in slo.dimensions} == set(known)


@needs_promtool
def test_prometheus_takes_the_rules() -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", *map(str, sorted(RULES.glob("*.rules.yml")))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def series(name: str, slo: str, window: str, value: float) -> dict[str, str]:
    return {"series": f'{name}{{slo="{slo}",window="{window}"}}', "values": f"{value}+0x10"}


def counts(slo: str, window: str, events: float, bad: float) -> list[dict[str, str]]:
    return [
        series("tieout_slo_events", slo, window, events),
        series("tieout_slo_bad_events", slo, window, bad),
    ]


@needs_promtool
@pytest.mark.parametrize(
    ("short", "bad", "fires"),
    [
        ((20, 4), 20, True),
        ((20, 0), 20, False),
        ((0, 0), 20, True),
        ((20, 4), 9, False),
    ],
    ids=["still burning", "over", "no event just now", "too few"],
)
def test_a_fast_burn_needs_both_windows_and_enough_events(
    tmp_path: Path, short: tuple[int, int], bad: int, fires: bool
) -> None:
    slo = "reconciliation_success_rate"
    labels = {"severity": "ticket", "alert_name": "slo_burn_very_fast", "slo": slo}
    told = {"exp_labels": labels | {"window": "1h", "service": "receivables"}}
    told["exp_annotations"] = {
        "summary": f"A month's error budget would be gone in two days ({slo})",
        "runbook": "orchestration/runbooks/slo_burn.md",
    }
    case = {
        "rule_files": [str(path) for path in sorted(RULES.glob("slo_*.rules.yml"))],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    *counts(slo, "1h", 100, bad),
                    *counts(slo, "5m", *short),
                    *counts("audit_completeness", "28d", 5, 1),
                    *counts("posting_error_rate", "28d", 0, 0),
                ],
                "alert_rule_test": [
                    {
                        "eval_time": "5m",
                        "alertname": "SloBurnVeryFast",
                        "exp_alerts": [told] if fires else [],
                    },
                ],
                "promql_expr_test": [
                    {
                        "expr": 'count by (alertname, slo) (ALERTS{alertname!~"SloBurn.*"})',
                        "eval_time": "5m",
                        "exp_samples": [
                            {"labels": f'{{alertname="{name}", slo="{which}"}}', "value": 1}
                            for name, which in (
                                ("AuditIncomplete", "audit_completeness"),
                                ("SloWithoutData", "posting_error_rate"),
                            )
                        ],
                    }
                ],
            }
        ],
    }
    file = tmp_path / "rules_test.yml"
    file.write_text(yaml.safe_dump(case), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
