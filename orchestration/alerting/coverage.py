"""Which alerts can fire, and which of them no route takes: a page that would reach nobody is found
out before it fires. Told by the seeds alone: what stands in a group of its own (`feed:…`) is taken
here for one of its root cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from orchestration import run_notices, seeds
from orchestration.alerting import intake_alerts, run_alerts
from orchestration.alerting.alerts import RUNS_TEAM
from orchestration.alerting.names import INTAKE, RUNS
from orchestration.alerting.routes import SEVERITIES, Configuration


def possible() -> Iterator[Mapping[str, str]]:
    """Each alert that can fire, as routes see it: of the runs, of what they notice, of the intake,
    and of each rule for each root cause, no louder than that allows."""
    for kind in get_args(run_alerts.Kind):
        yield _seen(kind, "page", kind, RUNS_TEAM, RUNS)
    for name, limit in run_notices.limits().items():
        yield _seen(name, limit.severity, name, limit.team, f"{RUNS}:{name}")
    for name, row in intake_alerts.limits().items():
        yield _seen(name, row.severity, name, row.team, INTAKE)
    causes = seeds.rows("root_causes")
    for rule in seeds.rows("alert_rules"):
        for cause in causes:
            severity = max(rule["severity"], cause["loudest_alert"], key=SEVERITIES.index)
            name = cause["root_cause"]
            yield _seen(rule["alert_name"], severity, name, cause["who_acts"], name)


def unrouted(configuration: Configuration) -> Mapping[tuple[str, str], list[str]]:
    """By severity and team, the loudest first: names of alerts that can fire and reach nobody."""
    found: dict[tuple[str, str], set[str]] = {}
    for alert in possible():
        if not configuration.routed(alert):
            found.setdefault((alert["severity"], alert["team"]), set()).add(alert["alert"])
    ranked = sorted(found, key=lambda key: (SEVERITIES.index(key[0]), key[1]))
    return {key: sorted(found[key]) for key in ranked}


def _seen(alert: str, severity: str, root_cause: str, team: str, group: str) -> Mapping[str, str]:
    return {
        "alert": alert,
        "severity": severity,
        "root_cause": root_cause,
        "team": team,
        "group": group,
    }
