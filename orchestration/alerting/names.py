"""The names that alerts, their root causes and their groups have, for whoever writes routes.

A name that no alert has would fit nothing, and what was meant would go elsewhere without a word.
"""

from __future__ import annotations

from functools import cache
from typing import get_args

from orchestration import run_notices, seeds
from orchestration.alerting import intake_alerts, run_alerts

RUNS = "runs"
"""Group of the alerts about runs, or the beginning of one."""

INTAKE = "intake"
"""Group of the alerts about the intake of events, or the beginning of one."""

ISSUANCE = "issuance"
"""Group of what is issued while a person has paused issuing."""

_OF_DATA = ("feed:", "surge:", "account:", "gateway:", "customer:")
"""How groups begin that go on with a name of a company's own."""

_OF_RULE = "rule:"


@cache
def alerts() -> frozenset[str]:
    """The name of each alert that there is: of a rule, of the runs, of the intake."""
    return frozenset(row["alert_name"] for row in seeds.rows("alert_rules")) | _beside_the_data()


@cache
def root_causes() -> frozenset[str]:
    """Each root cause; alerts beside the data are their own."""
    return frozenset(row["root_cause"] for row in seeds.rows("root_causes")) | _beside_the_data()


@cache
def groups() -> frozenset[str]:
    """The groups whose whole name is known. Others go on with a feed, an account, a gateway or a
    customer."""
    return frozenset(
        [
            RUNS,
            INTAKE,
            ISSUANCE,
            f"{INTAKE}:{intake_alerts.REFUSED}",
            *(f"{RUNS}:{notice}" for notice in run_notices.limits()),
            *(row["root_cause"] for row in seeds.rows("root_causes")),
            *(row["sli"] for row in seeds.rows("slo_targets")),
            *(f"{_OF_RULE}{row['rule_id']}" for row in seeds.rows("match_rules")),
        ]
    )


def is_of_data(group: str) -> bool:
    """Whether a group has the form of those that go on with such a name; which there are, only the
    data know."""
    return any(group.startswith(begin) and group != begin for begin in _OF_DATA)


def forms_of_groups() -> str:
    """How groups are written, for a person."""
    return f"a root cause, an SLO, {RUNS}, {INTAKE}, {ISSUANCE}, or NAME after " + ", ".join(
        (*_OF_DATA, _OF_RULE)
    )


def _beside_the_data() -> frozenset[str]:
    return frozenset([*get_args(run_alerts.Kind), *run_notices.limits(), *intake_alerts.limits()])
