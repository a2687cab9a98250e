"""How much of their limits a person has used on the company's day.

Days are of UTC, in the time of the company: in a home that is steered to a moment
(`TIEOUT_AS_OF`) everything that was decided and is not exported counts on the day of that moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy.engine import Connection

from orchestration.home import Settings
from orchestration.review import decisions, inbox
from orchestration.review.decisions import Decision, State
from orchestration.review.limits import row_of
from orchestration.review.people import Person, spelled
from orchestration.review.published import Published

_CAME_TO_NOTHING = frozenset({State.DECLINED, State.WITHDRAWN, State.REFUSED, State.WITHOUT_EFFECT})


@dataclass
class Used:
    """Amounts in the reporting currency by the row of limits that they count under."""

    alone: dict[str, Decimal] = field(default_factory=dict)
    together: dict[str, Decimal] = field(default_factory=dict)

    def add(self, row: str, amount: Decimal, *, is_alone: bool) -> None:
        """Count one more decision."""
        sums = self.alone if is_alone else self.together
        sums[row] = sums.get(row, Decimal(0)) + amount


def used_by(connection: Connection, published: Published, person: Person) -> Used:
    """What a person has decided today that has not come to nothing."""
    steered = Settings.from_environment().as_of
    # later than every decision, so that a clock that is set back opens no new day
    now = inbox.next_moment(connection)
    today = now if steered is None else min(now, steered)
    start = today.replace(hour=0, minute=0, second=0, microsecond=0)
    used = Used()
    for decision in decisions.since_in(connection, published, start):
        if (
            decision.base_amount is not None
            and decision.state not in _CAME_TO_NOTHING
            and spelled(decision.actor) == spelled(person.subject)
            and _moment(decision, steered).date() == today.date()
        ):
            used.add(
                row_of(decision.feed_action, decision.actor),
                decision.base_amount,
                is_alone=decision.second_permission is None,
            )
    return used


def _moment(decision: Decision, steered: datetime | None) -> datetime:
    if decision.exported_as_of is not None:
        return decision.exported_as_of
    return decision.decided_at if steered is None else min(decision.decided_at, steered)
