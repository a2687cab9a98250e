"""The examples for Prometheus, Alertmanager and Grafana: they parse, and name only what exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from orchestration.home import PROJECT_DIR
from orchestration.telemetry import metrics
from orchestration.telemetry.families import FAMILIES
from tests.python.tieout_process import Tieout

FOLDER = PROJECT_DIR / "orchestration" / "monitoring"
DASHBOARD = FOLDER / "grafana" / "tieout.json"
RULES = sorted((FOLDER / "prometheus").glob("*.rules.yml"))
MADE_BY_RULES = re.compile(r"[a-z_]+:[a-z_]+:[a-z_]+")


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return found


def dashboard_expressions() -> Iterator[str]:
    told = dashboard()
    for panel in told["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
    for annotation in told["annotations"]["list"]:
        yield annotation["expr"]
    for variable in told["templating"]["list"]:
        if variable["type"] == "query":
            yield re.sub(r"label_values\((.*), \w+\)", r"\1", variable["query"]["query"])


def rule_expressions() -> Iterator[str]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                yield str(rule["expr"])


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric of ours in an expression, with the labels that it is chosen by."""
    bare = MADE_BY_RULES.sub("", expression)
    for name, matchers in re.findall(r"\b(tieout_\w+)(\{[^}]*\})?", bare):
        yield name, set(re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', matchers))


def test_every_metric_and_label_is_one_that_runs_export(reconciled: Tieout) -> None:
    text = metrics.path_of(reconciled.home).read_text(encoding="utf-8")
    exported: dict[str, set[str]] = {
        # also what this run has no sample of
        family.name + ("_total" if family.kind == "counter" else ""): {
            *family.labels,
            *(label for label, _ in family.given),
        }
        for family in FAMILIES
    }
    for family in text_string_to_metric_families(text):
        exported.setdefault(family.name, set())
        for sample in family.samples:
            exported.setdefault(sample.name, set()).update(sample.labels)
    named = 0
    for expression in (*dashboard_expressions(), *rule_expressions()):
        for name, labels in selectors(expression):
            named += 1
            assert name in exported, f"{name} in {expression}"
            # the company is a label of the scrape, as is what Prometheus adds itself
            assert labels - {"company", "job", "instance"} <= exported[name], expression
    assert named > 20


def test_the_dashboard_is_one_that_a_person_can_read() -> None:
    told = dashboard()
    ids = [panel["id"] for panel in told["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in told["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert panel["title"]
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
        for target in panel.get("targets", []):
            assert target["datasource"]["uid"] == "${datasource}"


def promtool(*arguments: str) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("no promtool (Debian: apt-get install prometheus)")
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_its_configuration() -> None:
    promtool("check", "config", str(FOLDER / "prometheus.yml"))


def test_a_silent_process_waiting_events_and_undelivered_messages_alert(tmp_path: Path) -> None:
    """At 20 minutes; series are a sample a minute, `time()` counts from 0."""
    series = {
        'tieout_intake_process_seen_timestamp_seconds{process="consumer"}': "0x30",
        'tieout_intake_process_seen_timestamp_seconds{process="receiver"}': "0+60x30",
        'tieout_intake_process_seen_timestamp_seconds{process="spool"}': "0x30",
        'tieout_intake_process_stopped_timestamp_seconds{process="watch"}': "-14000x30",
        'tieout_intake_process_stopped_timestamp_seconds{process="other"}': "-13000x30",
        "tieout_intake_oldest_waiting_timestamp_seconds": "-3000x30",
        'tieout_intake_stream_lag_events{process="consumer"}': "1001x30",
        'tieout_intake_refused_events_total{reason="bad_signature"}': "0+2x30",
        'tieout_intake_refused_events_total{reason="too_old"}': "0+1x30",
        'tieout_alert_notifications{severity="page",state="failed"}': "1x30",
        'tieout_alert_notifications{severity="page",state="delivered"}': "9x30",
    }
    expected = (
        '{alertname="TieoutIntakeSilent", process="consumer"}',
        '{alertname="TieoutIntakeStopped", process="watch"}',
        '{alertname="TieoutEventsWait"}',
        '{alertname="TieoutStreamBehind", process="consumer"}',
        '{alertname="TieoutEventsRefused", reason="bad_signature"}',
        '{alertname="TieoutNobodyTold"}',
    )
    case = {
        "rule_files": [str(FOLDER / "prometheus" / "intake.rules.yml")],
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": values} for name, values in series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": "count by (alertname, process, reason) "
                        '(ALERTS{alertstate="firing"})',
                        "eval_time": "20m",
                        "exp_samples": [{"labels": labels, "value": 1} for labels in expected],
                    }
                ],
            }
        ],
    }
    file = tmp_path / "rules_test.yml"
    file.write_text(yaml.safe_dump(case), encoding="utf-8")
    promtool("test", "rules", str(file))


def test_only_what_knows_customers_and_money_pages() -> None:
    paging = {
        rule["alert"]: rule["expr"]
        for path in RULES
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if rule.get("labels", {}).get("severity") == "page"
    }
    assert 'tieout_alerts{state="firing",severity="page"}' in paging.pop("TieoutPage")
    assert not [name for name, expression in paging.items() if "slo" in expression]


def test_prometheus_takes_the_expressions_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"dashboard:expression:{number}", "expr": expression.replace("$company", ".*")}
        for number, expression in enumerate(dashboard_expressions())
    ]
    path = tmp_path / "dashboard.rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(path))


def test_what_silences_others_is_an_alert_of_the_rules() -> None:
    known = {
        rule["alert"]
        for path in RULES
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    told = yaml.safe_load((FOLDER / "alertmanager.yml").read_text(encoding="utf-8"))
    named = {
        name
        for rule in told["inhibit_rules"]
        for matcher in rule["source_matchers"]
        if matcher.startswith("alertname")
        for name in matcher.split('"')[1].split("|")
    }
    assert named
    assert named <= known


def test_alertmanager_takes_its_configuration_and_routes_pages_to_a_person() -> None:
    if shutil.which("amtool") is None:
        pytest.skip("no amtool (Debian: apt-get install prometheus-alertmanager)")
    path = str(FOLDER / "alertmanager.yml")
    done = subprocess.run(
        ["amtool", "check-config", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for labels, receiver in (
        # tieout pages by itself; from here pages what it cannot tell
        (["severity=page", "alertname=TieoutNobodyTold"], "on-call"),
        (["severity=page", "alertname=TieoutPublicationOld"], "on-call"),
        (["severity=page", "alertname=TieoutPage"], "finance-operations"),
        (["severity=ticket"], "finance-operations"),
        (["severity=info"], "nobody"),
    ):
        routed = subprocess.run(
            ["amtool", "config", "routes", "test", f"--config.file={path}", *labels],
            capture_output=True,
            text=True,
            check=False,
        )
        assert routed.stdout.strip() == receiver
