"""What alerts after a run: the published alerts, and those about the runs themselves."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration import run_records
from orchestration.alerting import alerts, run_alerts
from orchestration.gamedays.published import ask
from orchestration.home import Home, wall_clock

RUN_FAILED = "run_failed"


@dataclass(frozen=True, order=True)
class Signal:
    """An alert that holds after a run. `is_silent`: it is recorded, and speaks to nobody."""

    name: str
    severity: str
    root_cause: str
    subject: str
    items: int = 0
    summary: str = ""
    is_silent: bool = False
    group: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells it from others, however many items it counts."""
        return self.name, self.root_cause, self.subject

    @property
    def is_heard(self) -> bool:
        """Whether people hear of it: it speaks, or a stronger alert of its own root cause does."""
        return not self.is_silent or self.group == self.root_cause

    def describe(self) -> str:
        """One line for a person."""
        about = self.subject if self.root_cause in ("unknown", "") else self.root_cause
        return f"{self.severity:<6} {self.name} ({about}): {self.summary}"


@dataclass(frozen=True)
class Expected:
    """Which alert a scenario has to raise; `says` is a part of what it says."""

    name: str
    root_cause: str | None = None
    subject: str | None = None
    says: str = ""

    def is_met_by(self, signal: Signal) -> bool:
        """Whether the alert is the one."""
        return (
            self.name == signal.name
            and self.root_cause in (None, signal.root_cause)
            and self.subject in (None, signal.subject)
            and self.says in signal.summary
        )

    def describe(self) -> str:
        """One line for a person."""
        about = ", ".join(word for word in (self.root_cause, self.subject, self.says) if word)
        return f"{self.name} ({about})" if about else self.name


def of_home(home: Home) -> list[Signal]:
    """All alerts that hold now, silent ones too."""
    return sorted([*_published(home), *_of_runs(home)])


def raised(now: list[Signal], twin: list[Signal], expected: list[Expected]) -> list[Signal]:
    """Alerts that do not hold in the twin; of those awaited, also who counts more than there.

    A company with much in doubt has an alert of the kind already. That another one also counts
    more says nothing: what is late because of the fault is counted where all that is late is.
    """
    known = {signal.identity: signal for signal in twin}
    return [
        signal
        for signal in now
        if signal.identity not in known
        or (
            signal.items > known[signal.identity].items
            and any(awaited.is_met_by(signal) for awaited in expected)
        )
    ]


def _published(home: Home) -> list[Signal]:
    if not home.serving.exists():
        return []
    return [Signal(*row) for row in ask(home, "alerts")]


def _of_runs(home: Home) -> list[Signal]:
    """Alerts about runs, as people are told of them."""
    runs = run_alerts.of_home(home, wall_clock(), None)
    records = run_records.read(home, run_alerts.RECORDS_READ)
    found = [*map(alerts.of_run, runs), *alerts.noticed(records, wall_clock())]
    return [
        Signal(
            alert.alert_name,
            alert.severity,
            alert.root_cause,
            "",
            1,
            alert.summary,
            group=alert.group_key,
        )
        for alert in found
    ]
