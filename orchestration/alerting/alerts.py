"""What fires at a moment: alerts of the last publication, of the runs and of the intake, by group.

People may have silenced an alert since the run that published it, or a window may have ended: the
inbox says so at once, where the marts follow with the next run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration import controls, run_records
from orchestration.alerting import intake_alerts, run_alerts
from orchestration.alerting.intake_alerts import IntakeAlert
from orchestration.alerting.names import INTAKE, RUNS
from orchestration.alerting.routes import Configuration, teams
from orchestration.alerting.run_alerts import RunAlert
from orchestration.controls import Control, Kind
from orchestration.home import Home
from orchestration.run_notices import limits
from orchestration.run_records import NoticeRecord, RunRecord

RUNS_TEAM = "data_platform"

_QUERY = Path(__file__).with_name("published_alerts.sql")


@dataclass(frozen=True)
class Alert:
    """An alert that holds; `team` acts. Moments are naive UTC, `at_risk` in the reporting currency.

    `details` are lines that say more: the rows that break a run's tests, without personal data.
    `may_be_silenced` is False where this one is about the proof, and others of its name may not be.
    """

    fingerprint: str
    alert_name: str
    severity: str
    root_cause: str
    group_key: str
    subject: str
    team: str
    opened_at: datetime
    summary: str
    runbook: str
    item_count: int = 0
    at_risk: Decimal = Decimal(0)
    currency: str | None = None
    details: tuple[str, ...] = ()
    may_be_silenced: bool = True

    @property
    def headline(self) -> str:
        """What is wrong, in a few words: of what a rule and a root cause say, the cause."""
        if self.group_key == RUNS:
            return self.summary.partition(": ")[0]
        about, _, cause = self.summary.partition(". ")
        return cause or about

    def for_routes(self) -> Mapping[str, str]:
        """What routes may ask for."""
        return {
            "severity": self.severity,
            "team": self.team,
            "root_cause": self.root_cause,
            "alert": self.alert_name,
            "group": self.group_key,
        }


@dataclass(frozen=True)
class Group:
    """Alerts of one cause. The first speaks; `silence` is what people have said of it.

    `silence_ended_at` is when the last such word ended, where none holds.
    """

    speaker: Alert
    others: tuple[Alert, ...]
    silence: Control | None
    silence_ended_at: datetime | None


@dataclass(frozen=True)
class Firing:
    """All of a moment. `holding` are the fingerprints of all alerts that hold, spoken or not.

    `knows_publication` is False where nothing is published: then nothing of it is over.
    """

    groups: Sequence[Group]
    holding: frozenset[str]
    knows_publication: bool


def firing(home: Home, configuration: Configuration, now: datetime) -> Firing:
    """What fires now.

    Raises:
        TieoutError: when the inbox cannot be read.
    """
    published = _published(home)
    notices = noticed(run_records.read(home, run_alerts.RECORDS_READ), now)
    alerts = [*(published or ()), *_of_processes(home, configuration, now), *notices]
    said = controls.of_inbox(home)
    return _grouped(alerts, said, now, knows_publication=published is not None)


def firing_without_inbox(home: Home, configuration: Configuration, now: datetime) -> Firing:
    """Of what fires now the pages about runs and intake, whatever people have said of them."""
    found = [alert for alert in _of_processes(home, configuration, now) if alert.severity == "page"]
    return _grouped(found, [], now, knows_publication=False)


def _of_processes(home: Home, configuration: Configuration, now: datetime) -> list[Alert]:
    """Alerts about runs and about the intake."""
    runs = run_alerts.of_home(home, now, configuration.due)
    intake = intake_alerts.of_home(home, now)
    return [*map(of_run, runs), *map(of_intake, intake)]


def _grouped(
    alerts: Sequence[Alert], said: Sequence[Control], now: datetime, *, knows_publication: bool
) -> Firing:
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        groups.setdefault(alert.group_key, []).append(alert)
    return Firing(
        [_group(members, said, now) for members in groups.values()],
        frozenset(alert.fingerprint for alert in alerts),
        knows_publication,
    )


def run_fingerprint(kind: str) -> str:
    """The fingerprint of an alert about runs: the same, whichever run it is."""
    return hashlib.sha256(f"{RUNS}|{kind}".encode()).hexdigest()


def noticed(records: Sequence[RunRecord], now: datetime) -> list[Alert]:
    """What the last published run noticed beside its data, or was handed on by those before it and
    is still told; the next one says it again, or not.

    `records` are those of a home, the newest first.
    """
    for record in records:
        if record.is_whole and record.outcome == "published":
            return [
                _of_notice(record, notice)
                for notice in record.notices
                if notice.until is None or now < notice.until
            ]
    return []


def is_known_without_publication(group_key: str) -> bool:
    """Whether what fires in a group is told by records and the intake, and not by the marts."""
    return group_key == RUNS or group_key.partition(":")[0] == INTAKE


def _published(home: Home) -> list[Alert] | None:
    """Alerts of the publication without personal data, so that none can leave; None without one."""
    if not home.serving_masked.exists():
        return None
    try:
        return _read(home.serving_masked.resolve())
    except duckdb.IOException:
        # a run has published another one meanwhile, and taken this away
        return _read(home.serving_masked.resolve())


def _read(publication: Path) -> list[Alert]:
    with duckdb.connect(str(publication), read_only=True) as connection:
        cursor = connection.execute(_QUERY.read_text(encoding="utf-8"))
        names = [column[0] for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [_of_row(row) for row in rows]


def _of_row(row: Mapping[str, Any]) -> Alert:
    return Alert(
        fingerprint=row["fingerprint"],
        alert_name=row["alert_name"],
        severity=row["severity"],
        root_cause=row["root_cause"],
        group_key=row["group_key"],
        subject=row["subject"] or "",
        team=teams().get(row["root_cause"], ""),
        opened_at=row["opened_at"],
        summary=row["summary"],
        runbook=row["runbook"],
        item_count=int(row["item_count"] or 0),
        at_risk=row["revenue_at_risk"] or Decimal(0),
        currency=row["reporting_currency"],
    )


def of_run(alert: RunAlert) -> Alert:
    """An alert about runs as one of all."""
    return Alert(
        fingerprint=run_fingerprint(alert.kind),
        alert_name=alert.kind,
        severity="page",
        root_cause=alert.kind,
        group_key=RUNS,
        subject=alert.record.name if alert.record is not None else "",
        team=RUNS_TEAM,
        opened_at=alert.since,
        summary=f"{alert.sentence}: {alert.reason}" if alert.reason else alert.sentence,
        runbook=f"orchestration/runbooks/{alert.kind}.md",
        details=alert.rows,
        may_be_silenced=not alert.is_of_proof,
    )


def of_intake(alert: IntakeAlert) -> Alert:
    """An alert about the intake as one of all. Who is silent speaks for what waits for it; that
    events are refused has another cause."""
    limit = intake_alerts.limits()[alert.kind]
    is_refusal = alert.kind == intake_alerts.REFUSED
    return Alert(
        fingerprint=hashlib.sha256(f"{INTAKE}|{alert.kind}|{alert.subject}".encode()).hexdigest(),
        alert_name=alert.kind,
        severity=limit.severity,
        root_cause=alert.kind,
        group_key=f"{INTAKE}:{alert.kind}" if is_refusal else INTAKE,
        subject=alert.subject,
        team=limit.team,
        opened_at=alert.since,
        summary=alert.sentence,
        runbook=f"orchestration/runbooks/{alert.kind}.md",
    )


def _of_notice(record: RunRecord, notice: NoticeRecord) -> Alert:
    return Alert(
        fingerprint=run_fingerprint(f"{notice.name}|{notice.subject}"),
        alert_name=notice.name,
        severity=notice.severity,
        root_cause=notice.name,
        group_key=f"{RUNS}:{notice.name}",
        subject=notice.subject,
        team=limits()[notice.name].team if notice.name in limits() else RUNS_TEAM,
        opened_at=notice.noticed_at or record.ended_at or record.started_at,
        summary=notice.sentence,
        runbook=f"orchestration/runbooks/{notice.name}.md",
    )


def _group(members: Sequence[Alert], said: Sequence[Control], now: datetime) -> Group:
    """The first that is in no maintenance window speaks; if all are, the first."""
    held = controls.in_force(said, now)
    silences = [controls.silencing(_row(alert), held) for alert in members]
    speaking = next(
        (
            number
            for number, silence in enumerate(silences)
            if silence is None or silence.kind is not Kind.MAINTENANCE_WINDOW
        ),
        0,
    )
    speaker, silence = members[speaking], silences[speaking]
    return Group(
        speaker,
        tuple(alert for alert in members if alert is not speaker),
        silence,
        None if silence else _ended_at(speaker, said, now),
    )


def _ended_at(alert: Alert, said: Sequence[Control], now: datetime) -> datetime | None:
    """When the last word that silenced an alert ended. What is no page was told before a window, or
    is told as new after it, and need not be repeated each time one ends."""
    ends = [
        end
        for control in controls.last_words(said, now)
        if (control.kind is not Kind.MAINTENANCE_WINDOW or alert.severity == "page")
        and (end := control.last_end(now)) is not None
        and controls.silencing(_row(alert), [control]) is not None
    ]
    return max(ends, default=None)


def can_be_taken(alert: Alert) -> bool:
    """Whether nobody is told again once somebody has acknowledged it."""
    return controls.may_be_silenced(_row(alert))


def _row(alert: Alert) -> Mapping[str, Any]:
    return {
        "alert_name": alert.alert_name,
        "group_key": alert.group_key,
        "fingerprint": alert.fingerprint,
        "may_be_silenced": alert.may_be_silenced,
    }
