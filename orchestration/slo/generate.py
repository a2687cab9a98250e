"""What follows from the OpenSLO files: seeds, rules for Prometheus, constants of the dashboard.

`tieout slo write` writes them, `tieout slo check` says which differ. Rows of `alert_rules.csv` that
are about no objective are written by hand and stay as they are.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from orchestration.home import TieoutError
from orchestration.project import PROJECT_DIR
from orchestration.slo.documents import FOLDER, Objective, Policy, objectives, policies

TARGETS = "seeds/slo_targets.csv"
ALERT_RULES = "seeds/alert_rules.csv"
RECORDING = "orchestration/monitoring/prometheus/slo_recording.rules.yml"
ALERTING = "orchestration/monitoring/prometheus/slo_alerting.rules.yml"
DASHBOARD = "orchestration/monitoring/grafana/tieout.json"

OF_OBJECTIVES = frozenset({"burn_rate", "bad_events", "no_data"})
"""Kinds of alert rules that are written here alone."""

ALL = "*"

_HEADER = (
    "# Written by `tieout slo write` from orchestration/slo/*.yaml: change those.\n"
    "# Rules see rates and counts. How many customers and how much money are behind them, and the\n"
    "# root cause, is known to the alerts that tieout delivers (tieout_alerts) alone.\n"
)


def files(project: Path = PROJECT_DIR, folder: Path = FOLDER) -> dict[str, str]:
    """Text of every generated file, by its path in the project.

    Raises:
        TieoutError: where an OpenSLO file is wrong, or a window is none of the models'.
    """
    slos, burns = objectives(folder), policies(folder)
    minutes = _windows(project, burns)
    return {
        TARGETS: _targets(slos),
        ALERT_RULES: _alert_rules(project / ALERT_RULES, burns, slos),
        RECORDING: _rules(_recording(slos)),
        ALERTING: _rules(_alerting(burns, slos)),
        DASHBOARD: _dashboard(project / DASHBOARD, burns, slos, minutes),
    }


def write(project: Path = PROJECT_DIR, folder: Path = FOLDER) -> list[str]:
    """Write what differs; its paths in the project."""
    changed = differing(project, folder)
    made = files(project, folder)
    for path in changed:
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(made[path], encoding="utf-8")
    return changed


def differing(project: Path = PROJECT_DIR, folder: Path = FOLDER) -> list[str]:
    """Generated files that are not what the OpenSLO files say, or are missing."""
    return [
        path
        for path, text in files(project, folder).items()
        if not (project / path).exists() or (project / path).read_text(encoding="utf-8") != text
    ]


def _windows(project: Path, burns: Sequence[Policy]) -> Mapping[str, int]:
    """Minutes of each window of budgets, once every policy is known to look at such."""
    seed = project / "seeds" / "service_level_windows.csv"
    with seed.open(newline="", encoding="utf-8") as file:
        known = {
            row["window_name"]: int(row["window_minutes"])
            for row in csv.DictReader(file)
            if row["kind"] != "sli"
        }
    for policy in burns:
        for window in (policy.window, policy.short_window):
            if window is not None and window not in known:
                raise TieoutError(
                    f"AlertPolicy {policy.code} looks at {window}, which is no window of budgets: "
                    f"add it to {seed.relative_to(project)}, or use one of "
                    f"{', '.join(sorted(known))}."
                )
    return known


def _window(slos: Sequence[Objective]) -> str:
    """The window of all objectives, in which rules and dashboard show what is left of budgets."""
    days = sorted({slo.window_days for slo in slos})
    if len(days) > 1:
        raise TieoutError(
            f"The SLOs have windows of {' and '.join(map(str, days))} days; Prometheus and Grafana "
            "show one: write the same timeWindow in all."
        )
    return f"{days[0]}d"


def _targets(slos: Sequence[Objective]) -> str:
    return _csv(
        [
            {
                "sli": slo.code,
                "unit": slo.unit,
                "target": _number(slo.target),
                "direction": slo.direction,
                "objective": _number(slo.objective),
                "window_days": slo.window_days,
                "title": slo.title,
                "meaning": slo.meaning,
                "numerator_counts": slo.counts,
                "denominator_counts": slo.per,
                "restated": slo.restated,
                "dimensions": ";".join(slo.dimensions),
            }
            for slo in slos
        ]
    )


def _alert_rules(path: Path, burns: Sequence[Policy], slos: Sequence[Objective]) -> str:
    with path.open(newline="", encoding="utf-8") as file:
        by_hand = [row for row in csv.DictReader(file) if row["kind"] not in OF_OBJECTIVES]
    rows: list[Mapping[str, Any]] = [
        {
            "alert_name": policy.code,
            "kind": policy.kind,
            "subject": _subject(policy, slos),
            "severity": policy.severity,
            "window_name": policy.window,
            "short_window_name": policy.short_window or "",
            "threshold": _number(policy.threshold),
            "min_events": policy.min_bad_events,
            "min_customers": policy.min_customers,
            "or_revenue_at_risk": _number(policy.or_revenue_at_risk),
            "priority": policy.priority,
            "may_be_silenced": str(policy.may_be_silenced).lower(),
            "runbook": f"orchestration/runbooks/{policy.runbook}.md",
            "meaning": policy.meaning,
        }
        for policy in burns
    ]
    return _csv([*rows, *by_hand])


def _subject(policy: Policy, slos: Sequence[Objective]) -> str:
    if len(policy.objectives) == len(slos):
        return ALL
    return ";".join(slo.code for slo in policy.objectives)


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _number(value: Decimal) -> str:
    return format(value.normalize(), "f")


# Prometheus

Rule = dict[str, Any]


def _recording(slos: Sequence[Objective]) -> list[Rule]:
    """Objectives, how far events miss them, and how fast that burns the budget."""
    budgeted = [slo for slo in slos if slo.objective < 1]
    return [
        _group(
            "tieout_objectives",
            [
                {
                    "record": "slo:tieout_slo_objective:ratio",
                    "expr": f"vector({_number(slo.objective)})",
                    "labels": {"slo": slo.code, "service": slo.service},
                }
                for slo in budgeted
            ],
        ),
        _group(
            "tieout_burn_rates",
            [
                {
                    "record": "slo_window:tieout_slo_error:ratio",
                    "expr": "tieout_slo_bad_events / (tieout_slo_events > 0)",
                },
                {
                    "record": "slo_window:tieout_slo_burn_rate:ratio",
                    "expr": (
                        "slo_window:tieout_slo_error:ratio / on (slo) group_left (service) "
                        "(1 - slo:tieout_slo_objective:ratio)"
                    ),
                },
                {
                    "record": "slo:tieout_slo_budget_remaining:ratio",
                    "expr": (
                        f'1 - slo_window:tieout_slo_burn_rate:ratio{{window="{_window(slos)}"}}'
                    ),
                },
            ],
        ),
    ]


def _alerting(burns: Sequence[Policy], slos: Sequence[Objective]) -> list[Rule]:
    return [_group("tieout_slo_alerts", [_alert(policy, slos) for policy in burns])]


def _alert(policy: Policy, slos: Sequence[Objective]) -> Rule:
    return {
        "alert": "".join(part.capitalize() for part in policy.code.split("_")),
        "expr": _expression(policy, slos),
        "labels": {
            # what pages has to know customers, money, windows and who has taken it: TieoutPage
            "severity": "ticket" if policy.severity == "page" else policy.severity,
            "alert_name": policy.code,
        },
        "annotations": {
            "summary": f"{policy.meaning} ({{{{ $labels.slo }}}})",
            "runbook": f"orchestration/runbooks/{policy.runbook}.md",
        },
    }


def _expression(policy: Policy, slos: Sequence[Objective]) -> str:
    names = "|".join(slo.code for slo in policy.objectives)
    of_slo = "" if len(policy.objectives) == len(slos) else f'slo=~"{names}",'
    long = f'{{{of_slo}window="{policy.window}"}}'
    limit = _number(policy.threshold)
    if policy.kind == "no_data":
        return f"tieout_slo_events{long} == 0"
    if policy.kind == "bad_events":
        return f"tieout_slo_bad_events{long} > {limit}"
    burn = "slo_window:tieout_slo_burn_rate:ratio"
    expression = f"{burn}{long} > {limit}"
    if policy.short_window is not None:
        # a window without events has no rate, and does not say that it is over
        short = f'{{{of_slo}window="{policy.short_window}"}}'
        expression = f"({expression} unless ignoring (window) {burn}{short} <= {limit})"
    return (
        f"{expression} and ignoring (service) tieout_slo_bad_events{long} "
        f">= {max(policy.min_bad_events, 1)}"
    )


# Grafana


def _dashboard(
    path: Path, burns: Sequence[Policy], slos: Sequence[Objective], minutes: Mapping[str, int]
) -> str:
    """The dashboard, which is made by hand, with what is promised in its constants: the window of
    objectives, and the longest one in which a burn rate pages, with that rate."""
    paging = [one for one in burns if one.severity == "page" and one.kind == "burn_rate"]
    slowest = max(paging, key=lambda one: minutes[one.window])
    values = {
        "window": _window(slos),
        "burn_window": slowest.window,
        "paging_burn_rate": _number(slowest.threshold),
    }
    told = json.loads(path.read_text(encoding="utf-8"))
    for variable in told["templating"]["list"]:
        if variable["type"] == "constant":
            value = values[variable["name"]]
            variable |= {"query": value, "current": {"text": value, "value": value}}
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _group(name: str, rules: list[Rule]) -> Rule:
    return {"name": name, "rules": rules}


def _rules(groups: list[Rule]) -> str:
    return _HEADER + yaml.safe_dump({"groups": groups}, sort_keys=False, width=100)
