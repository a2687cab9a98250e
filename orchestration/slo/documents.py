"""The OpenSLO files beside this module, read and checked.

They are the only place where an objective or a burn-rate policy is written. `generate` makes the
seeds and the rules of Prometheus from them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from orchestration.home import TieoutError

FOLDER = Path(__file__).parent

Document = Mapping[str, Any]

_KNOWN_ANNOTATIONS = {
    "priority",
    "min-bad-events",
    "min-customers",
    "or-revenue-at-risk",
    "may-be-silenced",
    "runbook",
}
_REQUIRED_ANNOTATIONS = {"priority", "runbook"}


@dataclass(frozen=True)
class Objective:
    """An SLO with its indicator. `target` is in `unit`; `objective` is the share of good events."""

    code: str
    title: str
    service: str
    meaning: str
    counts: str
    per: str
    restated: str
    unit: str
    target: Decimal
    direction: str
    objective: Decimal
    window_days: int
    dimensions: tuple[str, ...]
    policies: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """A burn-rate policy with its condition, for the objectives that name it."""

    code: str
    meaning: str
    severity: str
    threshold: Decimal
    window: str
    short_window: str | None
    is_no_data: bool
    priority: int
    min_bad_events: int
    min_customers: int
    or_revenue_at_risk: Decimal
    may_be_silenced: bool
    runbook: str
    objectives: tuple[Objective, ...]

    @property
    def kind(self) -> str:
        """What the models compare: where there is no budget to burn, bad events are counted."""
        if self.is_no_data:
            return "no_data"
        return "bad_events" if all(o.objective == 1 for o in self.objectives) else "burn_rate"


def objectives(folder: Path = FOLDER) -> list[Objective]:
    """All SLOs, in the order of their files' names.

    Raises:
        TieoutError: where a file does not follow OpenSLO, or names what there is not.
    """
    found = _read(folder)
    return [_objective(slo, found) for slo in found["SLO"].values()]


def policies(folder: Path = FOLDER) -> list[Policy]:
    """All burn-rate policies, the first to speak first.

    Raises:
        TieoutError: where a file does not follow OpenSLO, or names what there is not.
    """
    found = _read(folder)
    slos = [_objective(slo, found) for slo in found["SLO"].values()]
    made = [_policy(policy, found, slos) for policy in found["AlertPolicy"].values()]
    return sorted(made, key=lambda policy: policy.priority)


def _read(folder: Path) -> dict[str, dict[str, Document]]:
    import jsonschema  # type: ignore[import-untyped]

    schema = json.loads((FOLDER / "openslo.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    found: dict[str, dict[str, Document]] = {
        kind: {} for kind in schema["properties"]["kind"]["enum"]
    }
    for path in sorted(folder.glob("*.yaml")):
        try:
            documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        except yaml.YAMLError as error:
            raise TieoutError(f"{path.name} is no YAML: {error}") from error
        for document in documents:
            fault = jsonschema.exceptions.best_match(validator.iter_errors(document))
            if fault is not None:
                raise TieoutError(
                    f"{path.name} does not follow OpenSLO v1: {_said(document, fault)}"
                )
            name = document["metadata"]["name"]
            if name in found[document["kind"]]:
                raise TieoutError(f"{path.name}: there are two {document['kind']}s named {name}.")
            found[document["kind"]][name] = document
    return found


def _said(document: Any, fault: Any) -> str:
    named = document.get("metadata") if isinstance(document, dict) else None
    name = named.get("name", "?") if isinstance(named, dict) else "?"
    kind = document.get("kind", "?") if isinstance(document, dict) else "?"
    where = ".".join(str(part) for part in fault.absolute_path) or "the document"
    return f"{kind} {name}, {where}: {fault.message}"


def _named(found: dict[str, dict[str, Document]], kind: str, name: str, by: str) -> Document:
    if name not in found[kind]:
        known = ", ".join(sorted(found[kind])) or "none"
        raise TieoutError(f"{by} names the {kind} {name}, which there is not. There are: {known}.")
    return found[kind][name]


def _objective(slo: Document, found: dict[str, dict[str, Document]]) -> Objective:
    name, spec = slo["metadata"]["name"], slo["spec"]
    _named(found, "Service", spec["service"], f"SLO {name}")
    indicator = _named(found, "SLI", spec["indicatorRef"], f"SLO {name}")
    for policy in spec.get("alertPolicies", []):
        _named(found, "AlertPolicy", policy, f"SLO {name}")
    (goal,) = spec["objectives"]
    (window,) = spec["timeWindow"]
    share = _decimal(goal["target"])
    if threshold := indicator["spec"].get("thresholdMetric"):
        counted = whole = threshold["metricSource"]["spec"]
        per = whole.get("per")
        if goal.get("op") != "lt":
            raise TieoutError(
                f"SLO {name} needs `op: lt` and a `value`: its indicator is measured."
            )
        unit = "hours" if counted["counts"].startswith("Hours") else "count"
        target, direction = _decimal(goal["value"]), "below"
    else:
        ratio = indicator["spec"]["ratioMetric"]
        counted = ratio.get("good", ratio.get("bad"))["metricSource"]["spec"]
        whole = ratio["total"]["metricSource"]["spec"]
        per = whole["counts"]
        unit = "ratio"
        direction = "at_least" if "good" in ratio else "below"
        target = share if "good" in ratio else 1 - share
    for word, said in (("per", per), ("restated", whole.get("restated"))):
        if not said:
            raise TieoutError(f"SLI {indicator['metadata']['name']} does not say `{word}`.")
    return Objective(
        code=_code(name),
        title=slo["metadata"].get("displayName", name),
        service=spec["service"],
        meaning=indicator["spec"]["description"],
        counts=counted["counts"],
        per=per,
        restated=whole["restated"],
        unit=unit,
        target=target,
        direction=direction,
        objective=share,
        window_days=minutes(window["duration"]) // 1440,
        dimensions=tuple(indicator["metadata"].get("labels", {}).get("dimension", [])),
        policies=tuple(spec.get("alertPolicies", [])),
    )


def _policy(
    policy: Document, found: dict[str, dict[str, Document]], slos: list[Objective]
) -> Policy:
    name, spec = policy["metadata"]["name"], policy["spec"]
    told = policy["metadata"].get("annotations", {})
    if unknown := told.keys() - _KNOWN_ANNOTATIONS:
        raise TieoutError(f"AlertPolicy {name}: nothing reads {', '.join(sorted(unknown))}.")
    if missing := _REQUIRED_ANNOTATIONS - told.keys():
        raise TieoutError(f"AlertPolicy {name} does not say {', '.join(sorted(missing))}.")
    for target in spec["notificationTargets"]:
        _named(found, "AlertNotificationTarget", target["targetRef"], f"AlertPolicy {name}")
    condition = _named(
        found, "AlertCondition", spec["conditions"][0]["conditionRef"], f"AlertPolicy {name}"
    )["spec"]
    burn = condition["condition"]
    meant = tuple(slo for slo in slos if name in slo.policies)
    if not meant:
        raise TieoutError(f"No SLO names the AlertPolicy {name}.")
    if minutes(burn["alertAfter"]) > minutes(burn["lookbackWindow"]):
        raise TieoutError(f"AlertPolicy {name}: alertAfter is longer than lookbackWindow.")
    is_short = burn["alertAfter"] != burn["lookbackWindow"]
    return Policy(
        code=_code(name),
        meaning=spec["description"],
        severity=condition["severity"],
        threshold=_decimal(burn["threshold"]),
        window=burn["lookbackWindow"],
        short_window=burn["alertAfter"] if is_short else None,
        is_no_data=spec["alertWhenNoData"] and not spec["alertWhenBreaching"],
        priority=int(told["priority"]),
        min_bad_events=int(told.get("min-bad-events", 0)),
        min_customers=int(told.get("min-customers", 0)),
        or_revenue_at_risk=Decimal(told.get("or-revenue-at-risk", 0)),
        may_be_silenced=told.get("may-be-silenced", "true") == "true",
        runbook=told["runbook"],
        objectives=meant,
    )


def minutes(duration: str) -> int:
    """Length of a duration of OpenSLO (`5m`, `1h`, `28d`) in minutes.

    Raises:
        TieoutError: for months and longer, which have no fixed length.
    """
    units = {"m": 1, "h": 60, "d": 1440, "w": 10080}
    if duration[-1] not in units:
        raise TieoutError(f"{duration} has no fixed length: use m, h, d or w.")
    return int(duration[:-1]) * units[duration[-1]]


def _code(name: str) -> str:
    return name.replace("-", "_")


def _decimal(number: float) -> Decimal:
    return Decimal(str(number))
