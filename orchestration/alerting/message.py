"""What a person reads: what is wrong, how much and since when, and what to do first.

No names, accounts or texts of customers: alerts come from the publication without them, and rows of
failed tests are masked. Bodies are Markdown, which apprise turns into HTML where a service takes
that, and which reads well where it takes plain text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from orchestration.alerting.alerts import Alert, Group, can_be_taken
from orchestration.alerting.names import RUNS
from orchestration.alerting.routes import Configuration
from orchestration.alerting.spans import span
from orchestration.home import PROJECT_DIR
from orchestration.summary import minor_digits

Event = Literal["firing", "resumed", "reminded", "escalated", "resolved", "test"]

SHOWN_OTHERS = 5
SHOWN_DETAILS = 5
LONGEST_TITLE = 160
LONGEST_STEP = 300

_BEGINS = {"page": "Page", "ticket": "Ticket", "info": "For information"}
_FIRST_SECTIONS = ("first five minutes", "first", "how to look")


@dataclass(frozen=True)
class Message:
    """Title and body, in Markdown."""

    title: str
    body: str


def of_group(
    group: Group, event: Event, since: datetime | None, now: datetime, configuration: Configuration
) -> Message:
    """What is said of a group that fires; `since` is when somebody was first told."""
    alert = group.speaker
    begins = _BEGINS.get(alert.severity, alert.severity)
    told = span(now - since) if since is not None else ""
    begins = {
        "resumed": f"{begins}, silence over",
        "reminded": f"{begins}, still firing",
        "escalated": f"{begins}, not taken for {told}",
    }.get(event, begins)
    lines = [
        alert.summary + ("" if alert.summary.endswith(".") else "."),
        "",
        *(f"- {fact}" for fact in _facts(group)),
    ]
    if alert.details:
        lines += ["", "The first rows that break it:", ""]
        lines += [f"- {_as_code(line)}" for line in alert.details[:SHOWN_DETAILS]]
    step = first_step(alert)
    if step:
        lines += ["", f"First: {step}"]
    lines += ["", *_links(alert, configuration)]
    return Message(_title(f"{begins}: {alert.headline}"), "\n".join(lines).strip())


def of_resolution(
    alert_name: str, title: str, since: datetime, now: datetime, configuration: Configuration
) -> Message:
    """That something is over; `title` is that of its first notification."""
    what = title.partition(": ")[2] or alert_name.replace("_", " ")
    lines = [
        f"It no longer holds. First told at {since:%Y-%m-%d %H:%M} UTC, over after "
        f"{span(now - since)}.",
    ]
    if configuration.dashboard:
        lines += ["", f"Dashboard: {configuration.dashboard}/on_call"]
    return Message(_title(f"Over: {what}"), "\n".join(lines))


def of_test(destination: str) -> Message:
    """That a destination can be reached."""
    return Message(
        "Test of tieout's alerts",
        f"This destination ({destination}) receives alerts of tieout. Nothing is wrong, and there "
        "is nothing to do.",
    )


def first_step(alert: Alert) -> str | None:
    """The first thing to do, from the runbook: the first point or paragraph of its first section
    that says how to look, with the alert's own values filled in."""
    path = PROJECT_DIR / alert.runbook.partition("#")[0]
    if not path.is_file() or not path.resolve().is_relative_to(PROJECT_DIR):
        return None
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            current = sections.setdefault(line[3:].strip().lower(), [])
        else:
            current.append(line)
    for wanted in _FIRST_SECTIONS:
        for name, lines in sections.items():
            if name.startswith(wanted):
                step = _first_point(lines)
                return None if step is None else _filled(step, alert)
    return None


def _filled(text: str, alert: Alert) -> str:
    """`{{name}}` is a value of the alert, as in the runbooks that the dashboard shows."""
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda name: str(getattr(alert, name[1], name[0])), text)


def _first_point(lines: list[str]) -> str | None:
    """The first list item, or paragraph, in one line."""
    text = "\n".join(lines).strip()
    paragraph = re.split(r"\n\s*\n", text, maxsplit=1)[0]
    item = re.match(r"(?:\d+\.|[-*])\s+(.+?)(?=\n\s*(?:\d+\.|[-*])\s|\Z)", paragraph, re.DOTALL)
    plain = " ".join((item[1] if item else paragraph).split())
    if not plain or plain.startswith("```"):
        return None
    if len(plain) > LONGEST_STEP:
        plain = plain[:LONGEST_STEP].rsplit(" ", 1)[0] + " …"
    return plain


def _facts(group: Group) -> list[str]:
    alert = group.speaker
    facts = []
    if alert.at_risk:
        digits = minor_digits().get(alert.currency or "", 2)
        facts.append(f"At risk: {alert.at_risk:,.{digits}f} {alert.currency or ''}".rstrip())
    if alert.item_count:
        facts.append(f"Items: {alert.item_count:,}")
    facts.append(f"Since: {alert.opened_at:%Y-%m-%d %H:%M} UTC")
    if alert.group_key.startswith(("feed:", "account:", "rule:")):
        facts.append(f"Where: {alert.group_key.replace(':', ' ', 1)}")
    if group.others:
        names = [
            f"{other.alert_name.replace('_', ' ')} ({other.severity})"
            for other in group.others[:SHOWN_OTHERS]
        ]
        if len(group.others) > SHOWN_OTHERS:
            names.append(f"{len(group.others) - SHOWN_OTHERS} more")
        facts.append(f"Of the same cause: {', '.join(names)}")
    return facts


def _links(alert: Alert, configuration: Configuration) -> list[str]:
    base = configuration.runbooks
    lines = [f"Runbook: {f'{base}/{alert.runbook}' if base else alert.runbook}", ""]
    dashboard = configuration.dashboard
    if dashboard and alert.group_key == RUNS:
        lines += [f"Dashboard: {dashboard}/on_call?run={quote(alert.subject)}", ""]
    elif dashboard:
        lines += [f"Dashboard: {dashboard}/on_call", ""]
        if alert.group_key == alert.root_cause:
            lines += [f"Its cases: {dashboard}/exceptions?cause={quote(alert.root_cause)}", ""]
    if not can_be_taken(alert):
        lines.append("It is about the proof itself: people are told until it is over.")
    elif alert.severity != "info":
        lines.append("Acknowledge it on the page On-call, and nobody is told again meanwhile.")
    return lines


def _as_code(line: str) -> str:
    """A line that reads the same as Markdown and as plain text."""
    return f"`{line.replace('`', chr(39))}`"


def _title(text: str) -> str:
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 2].rstrip() + " …"
