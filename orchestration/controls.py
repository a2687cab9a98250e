"""What people tell the runs to leave for a while, as an input of the runs: `raw/_controls/`.

Pauses, maintenance windows and acknowledgements are noted in the review inbox, where who may is
checked. The landing step of a run copies what is new there into a Parquet file, which is never
rewritten; models read these with the run's `as_of`, so a replay sees what the run saw. The last
word on a thing holds (`kind` and `control_key`): to end a pause is to note it once more, with an
end.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb

from orchestration import seeds
from orchestration.files import copy_to_parquet, open_duckdb, quoted
from orchestration.home import Home, TieoutError, to_naive_utc, wall_clock
from orchestration.ingest.store import CONTROL_TYPES

# The inbox is imported where it is used: runs of a home without one do without its libraries.
if TYPE_CHECKING:
    from orchestration.review.operations import Operation
    from orchestration.review.people import Person

ALL = "*"
CLOSING = "closing"
POSTING = "posting"
ISSUANCE = "issuance"


class Kind(StrEnum):
    """What can be paused or silenced."""

    CLOSING_PAUSED = "closing_paused"
    POSTING_PAUSED = "posting_paused"
    ISSUANCE_PAUSED = "issuance_paused"
    MAINTENANCE_WINDOW = "maintenance_window"
    ALERT_ACKNOWLEDGED = "alert_acknowledged"


PAUSED = {
    CLOSING: Kind.CLOSING_PAUSED,
    POSTING: Kind.POSTING_PAUSED,
    ISSUANCE: Kind.ISSUANCE_PAUSED,
}
"""What can be paused, as the inbox and people call it. Who issues documents is another program: it
asks whether it may (`tieout flags`), and what it issues all the same is an alert."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Recurrence:
    """When a maintenance window is open: on weekdays, from a time of a place on, for some minutes.

    Written `sat,sun 22:00 Europe/Berlin 120`, as `int_controls__in_force` reads it: what lasts over
    midnight belongs to the day on which it began. It opens by the clock on the wall and stays open
    for as many minutes as pass, also in a night in which that clock is changed.
    """

    weekdays: tuple[str, ...]
    starts: str
    zone: str
    minutes: int

    def __post_init__(self) -> None:
        if not self.weekdays or not set(self.weekdays) <= set(WEEKDAYS):
            raise TieoutError(f"Choose weekdays of {', '.join(WEEKDAYS)}.")
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", self.starts):
            raise TieoutError(f"{self.starts!r} is no time of a day: write it as 22:30.")
        if not 1 <= self.minutes <= 1440:
            raise TieoutError("A window lasts at least a minute and at most a day.")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise TieoutError(f"{self.zone!r} is no time zone; one is Europe/Berlin.") from error

    def __str__(self) -> str:
        return f"{','.join(self.weekdays)} {self.starts} {self.zone} {self.minutes}"

    @classmethod
    def read(cls, written: str) -> Recurrence:
        """What was written.

        Raises:
            TieoutError: where it is not written so.
        """
        match written.split(" "):
            case [weekdays, starts, zone, minutes] if minutes.isdigit():
                return cls(tuple(weekdays.split(",")), starts, zone, int(minutes))
        raise TieoutError(
            f"{written!r} is no recurrence; one is `sat,sun 22:00 Europe/Berlin 120`."
        )

    def ends_after(self, moment: datetime) -> datetime | None:
        """End (naive UTC) of the time that is open at a moment (naive UTC); None where none is."""
        # today, yesterday, and the day before that if an hour is left out since
        times = self._times(moment, 2)
        return max((closes for opens, closes in times if opens <= moment < closes), default=None)

    def holds(self, moment: datetime) -> bool:
        """Whether a window is open at a moment (naive UTC)."""
        return self.ends_after(moment) is not None

    def last_end(self, moment: datetime) -> datetime:
        """When the last time ended that was over by a moment (both naive UTC)."""
        # a week, and what was open over midnight
        return max(closes for _, closes in self._times(moment, 9) if closes <= moment)

    def _times(self, moment: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Opening and end (naive UTC) of the times that began on the day of a moment in its place,
        or up to so many days before."""
        zone = ZoneInfo(self.zone)
        today = moment.replace(tzinfo=UTC).astimezone(zone).date()
        for back in range(days + 1):
            day = today - timedelta(days=back)
            if WEEKDAYS[day.weekday()] in self.weekdays:
                local = datetime.combine(day, time.fromisoformat(self.starts), zone)
                # as `utc_time`: the second of two, and after the change where there is none
                opens = max(to_naive_utc(local.replace(fold=fold)) for fold in (0, 1))
                yield opens, opens + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Control:
    """A word of a person; the columns of the source `controls`. Moments are naive UTC."""

    control_id: str
    kind: Kind
    control_key: str
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    actor: str
    noted_at: datetime
    alert_name: str | None = None
    group_key: str | None = None
    recurs: str | None = None

    @property
    def rule_id(self) -> str:
        """The rule that a pause is of, or `*`."""
        return self.control_key.partition(":")[0]

    @property
    def customer_id(self) -> str:
        """The customer that a pause is of, or `*`."""
        return self.control_key.partition(":")[2] or ALL

    @property
    def flag(self) -> str:
        """What a pause is of, as `PAUSED` calls it."""
        return self.kind.removesuffix("_paused")

    @property
    def scope(self) -> str:
        """Of what a pause is, after the name of its flag: nothing where it is of all."""
        rule = "" if self.rule_id == ALL else f" by the rule {self.rule_id}"
        customer = "" if self.customer_id == ALL else f" for the customer {self.customer_id}"
        return rule + customer

    def holds(self, moment: datetime) -> bool:
        """Whether it is in force, unless a later word has taken its place."""
        return (
            self.starts_at <= moment
            and (self.ends_at is None or moment < self.ends_at)
            and (self.recurs is None or Recurrence.read(self.recurs).holds(moment))
        )

    def until(self, moment: datetime) -> datetime | None:
        """Until when what holds at a moment goes on; None until somebody ends it."""
        this_time = None if self.recurs is None else Recurrence.read(self.recurs).ends_after(moment)
        ends = [end for end in (self.ends_at, this_time) if end is not None]
        return min(ends, default=None)

    def last_end(self, moment: datetime) -> datetime | None:
        """When it last ceased to hold by a moment; None where it never held, or holds."""
        if self.holds(moment):
            return None
        over = moment if self.ends_at is None else min(moment, self.ends_at)
        if self.recurs is not None:
            recurrence = Recurrence.read(self.recurs)
            # somebody may have ended the series while it was open
            if over == moment or not recurrence.holds(over):
                over = recurrence.last_end(over)
        return over if self.starts_at < over else None


# what people do


def pause(
    home: Home,
    person: Person,
    what: str,
    ends_at: datetime,
    reason: str,
    *,
    rule_id: str = ALL,
    customer_id: str = ALL,
) -> None:
    """Pause `CLOSING`, `POSTING` or `ISSUANCE` until a moment, of all, of a rule, of a customer.

    No rule issues anything, so issuance is paused for all customers or for one.

    Raises:
        NotPermitted: when the person may not operate.
        TieoutError: without a reason, when the end is not to come, or when it is paused for longer
            already: the last word holds, so a shorter pause would end that one early. Also for a
            rule or a customer that there is not: it would pause nothing, and look as if it did.
    """
    from orchestration.review import operations

    _to_come(ends_at)
    if what not in PAUSED:
        raise TieoutError(f"{what!r} cannot be paused; {', '.join(PAUSED)} can.")
    if what == ISSUANCE and rule_id != ALL:
        raise TieoutError("No rule issues documents: pause issuance for all, or for a customer.")
    if rule_id != ALL:
        _known_rule(rule_id)
    if customer_id != ALL:
        _known_customer(home, customer_id)
    key = f"{what}:{rule_id}" + ("" if customer_id == ALL else f":{customer_id}")
    for held in operations.in_force(home, operations.Kind.PAUSE):
        if held.key == key and (held.ends_at is None or held.ends_at > ends_at):
            until = f"until {held.ends_at:%Y-%m-%d %H:%M} UTC" if held.ends_at else "without an end"
            raise TieoutError(
                f"{held.actor_name} has paused it {until}, which is longer. Resume first to pause "
                "for less."
            )
    operations.record(home, person, operations.Kind.PAUSE, key, reason=reason, ends_at=ends_at)


def open_window(
    home: Home,
    person: Person,
    ends_at: datetime | None,
    reason: str,
    *,
    starts_at: datetime | None = None,
    alert_name: str = ALL,
    group_key: str = ALL,
    recurs: Recurrence | None = None,
) -> None:
    """Open a maintenance window: alerts of that name and group are silenced in it.

    Without `recurs` it is open once, from its start to its end; with it, each time until its end,
    or until somebody ends it.

    Raises:
        NotPermitted: when the person may not operate.
        TieoutError: without a reason, when the end is not to come, or when one that is open once
            has none.
    """
    from orchestration.review import operations

    if ends_at is not None:
        _to_come(ends_at)
    elif recurs is None:
        raise TieoutError("Say until when: a window that is open once needs an end.")
    operations.record(
        home,
        person,
        operations.Kind.MAINTENANCE_WINDOW,
        secrets.token_hex(6),
        reason=reason,
        starts_at=starts_at,
        ends_at=ends_at,
        detail={"alert_name": alert_name, "group_key": group_key}
        | ({} if recurs is None else {"recurs": str(recurs)}),
    )


def acknowledge(
    home: Home, person: Person, fingerprint: str, alert: str, ends_at: datetime, reason: str
) -> None:
    """Say that somebody has taken an alert: it stays silent until then, or until it is over.

    Whoever delivers ends what was said of an alert that holds no longer.

    `alert` says in words what it is about.

    Raises:
        NotPermitted: when the person may not operate.
        TieoutError: without a reason, or when the end is not to come.
    """
    from orchestration.review import operations

    _to_come(ends_at)
    operations.record(
        home,
        person,
        operations.Kind.ACKNOWLEDGEMENT,
        fingerprint,
        reason=reason,
        ends_at=ends_at,
        detail={"alert": alert},
    )


def _known_rule(rule_id: str) -> None:
    rules = sorted({row["rule_id"] for row in seeds.rows("match_rules")})
    if rule_id not in rules:
        near = get_close_matches(rule_id, rules, n=3)
        hint = f"Near it are {', '.join(near)}." if near else "seeds/match_rules.csv lists them."
        raise TieoutError(f"There is no rule {rule_id!r} to pause. {hint}")


def _known_customer(home: Home, customer_id: str) -> None:
    if not home.serving.exists():
        raise TieoutError("Nothing is published yet, so there is no customer to pause for.")
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        found = connection.execute(
            "select 1 from marts.dim_customers where customer_id = $id union all "
            "select 1 from marts.fct_invoices where customer_id = $id limit 1",
            {"id": customer_id},
        ).fetchall()
    if not found:
        raise TieoutError(
            f"There is no customer {customer_id!r} to pause for: neither crm_customers nor an "
            "invoice names it. The Customers page finds them by name."
        )


def _to_come(ends_at: datetime) -> None:
    if ends_at <= wall_clock():
        raise TieoutError("It would end before it starts: choose an end that is to come.")


# what runs read


def of_inbox(home: Home) -> list[Control]:
    """All controls that people have noted, the oldest first; none where nobody opened the inbox."""
    return [control_of(operation) for operation in reversed(operations_of(home))]


def operations_of(home: Home) -> list[Operation]:
    """The rows of the inbox that are controls, newest first."""
    if not (os.environ.get("TIEOUT_REVIEW_DATABASE") or (home.root / "review.sqlite").exists()):
        return []
    from orchestration.review import operations

    return operations.history(home)


def control_of(operation: Operation) -> Control:
    """A row of the inbox as runs read it."""
    kind, key = _kind_and_key(operation)
    is_window = kind is Kind.MAINTENANCE_WINDOW
    return Control(
        control_id=operation.operation_id,
        kind=kind,
        control_key=key,
        starts_at=operation.starts_at,
        ends_at=operation.ends_at,
        reason=operation.reason,
        actor=operation.actor,
        noted_at=operation.recorded_at,
        alert_name=str(operation.detail.get("alert_name", ALL)) if is_window else None,
        group_key=str(operation.detail.get("group_key", ALL)) if is_window else None,
        recurs=operation.detail.get("recurs") if is_window else None,
    )


def _kind_and_key(operation: Operation) -> tuple[Kind, str]:
    if operation.kind == "maintenance_window":
        return Kind.MAINTENANCE_WINDOW, operation.key
    if operation.kind == "acknowledgement":
        return Kind.ALERT_ACKNOWLEDGED, operation.key
    what, _, key = operation.key.partition(":")
    return PAUSED[what], key or ALL


def known(home: Home) -> list[str]:
    """Ids of the controls that runs have taken in, sorted."""
    if not any(home.controls.glob("[0-9]*.parquet")):
        return []
    with open_duckdb() as connection:
        rows = connection.execute(
            "select distinct control_id "
            f"from read_parquet({quoted(str(home.controls / '[0-9]*.parquet'))}) order by all"
        ).fetchall()
    return [control_id for (control_id,) in rows]


def waiting(home: Home) -> list[str]:
    """Ids of the controls that no run has taken in yet."""
    seen = set(known(home))
    return [control.control_id for control in of_inbox(home) if control.control_id not in seen]


def take_in(home: Home, controls: Iterable[Control], as_of: datetime) -> int:
    """Write those that no run has taken in yet into a file of their own; how many these are.

    A run that is set to a moment gone by (`TIEOUT_AS_OF`) hears what people have said until now:
    moments between the two are put to its own.
    """
    seen = set(known(home))
    new = [
        _heard(control, as_of, wall_clock())
        for control in controls
        if control.control_id not in seen
    ]
    if not new:
        return 0
    numbers = [int(path.stem) for path in home.controls.glob("[0-9]*.parquet")]
    columns = ", ".join(f"{name} {kind}" for name, kind in CONTROL_TYPES.items())
    with open_duckdb() as connection:
        connection.execute(f"create temp table controls ({columns})")
        connection.executemany(
            f"insert into controls values ({', '.join('?' * len(CONTROL_TYPES))})",
            [[asdict(control)[name] for name in CONTROL_TYPES] for control in new],
        )
        copy_to_parquet(
            connection,
            "select * from controls order by noted_at, control_id",
            home.controls / f"{max(numbers, default=0) + 1:06d}.parquet",
        )
    return len(new)


def _heard(control: Control, as_of: datetime, now: datetime) -> Control:
    def moment(told: datetime) -> datetime:
        return as_of if as_of < told <= now else told

    return replace(
        control,
        noted_at=moment(control.noted_at),
        starts_at=moment(control.starts_at),
        ends_at=None if control.ends_at is None else moment(control.ends_at),
    )


def silencing(alert: Mapping[str, Any], held: Sequence[Control]) -> Control | None:
    """What people have said of an alert and holds now, also where no run has heard it yet.

    A maintenance window comes first, as in `fct_alerts`, and nothing silences the proof: neither an
    alert that is about it, nor one that says so of itself (`may_be_silenced`).
    """
    if not may_be_silenced(alert):
        return None
    acknowledged = None
    for control in held:
        if (
            control.kind is Kind.MAINTENANCE_WINDOW
            and control.alert_name in (ALL, alert["alert_name"])
            and control.group_key in (ALL, alert["group_key"])
        ):
            return control
        if control.kind is Kind.ALERT_ACKNOWLEDGED and control.control_key == alert["fingerprint"]:
            acknowledged = control
    return acknowledged


def may_be_silenced(alert: Mapping[str, Any]) -> bool:
    """Whether a word of people counts for an alert: not where it is about the proof."""
    return alert["alert_name"] not in never_silenced() and bool(alert.get("may_be_silenced", True))


@cache
def never_silenced() -> frozenset[str]:
    """Alerts that are about the proof itself: of the marts, and of what a run notices."""
    return frozenset(
        row[column]
        for seed, column in (("alert_rules", "alert_name"), ("run_notices", "notice"))
        for row in seeds.rows(seed)
        if row["may_be_silenced"].strip().lower() == "false"
    )


def in_force(controls: Sequence[Control], moment: datetime) -> list[Control]:
    """The last words on each thing that hold at a moment, of those that were noted by then."""
    return [control for control in last_words(controls, moment) if control.holds(moment)]


def recurring(controls: Sequence[Control], moment: datetime) -> list[Control]:
    """Maintenance windows that open again and again and that nobody has ended by a moment."""
    return [
        control
        for control in last_words(controls, moment)
        if control.recurs is not None and (control.ends_at is None or moment < control.ends_at)
    ]


def last_words(controls: Sequence[Control], moment: datetime) -> list[Control]:
    """The last word on each thing, of those that were noted by a moment."""
    last: dict[tuple[Kind, str], Control] = {}
    for control in sorted(controls, key=lambda said: (said.noted_at, said.control_id)):
        if control.noted_at <= moment:
            last[control.kind, control.control_key] = control
    return list(last.values())
