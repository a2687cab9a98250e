"""Whether closing, posting or issuing is paused now, for programs that ask: `tieout flags`.

It is answered from the review inbox, so a pause counts from the moment at which it is noted,
whether a run has heard it or not. What was paused before is the mart `fct_flag_changes`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from orchestration import controls
from orchestration.controls import Control
from orchestration.home import Home, iso_timestamp

PAUSED = 3
"""Exit status of `tieout flags check` where it is paused: neither success nor a problem."""


def holding(
    home: Home,
    moment: datetime,
    what: str | None = None,
    *,
    rule_id: str | None = None,
    customer_id: str | None = None,
) -> list[Control]:
    """The pauses in force at a moment (naive UTC): all, of one flag, for a rule or a customer.

    A rule and a customer that are not named stand for all of them: then what is paused for some
    alone does not count, unless no flag is asked about.

    Raises:
        TieoutError: when the inbox does not answer: whoever asks must not go on.
    """
    kinds = list(controls.PAUSED.values()) if what is None else [controls.PAUSED[what]]
    return [
        control
        for control in controls.in_force(controls.of_inbox(home), moment)
        if control.kind in kinds
        and (
            what is None
            or (
                control.rule_id in (controls.ALL, rule_id)
                and control.customer_id in (controls.ALL, customer_id)
            )
        )
    ]


def as_row(control: Control) -> dict[str, Any]:
    """A pause for other programs, by the names of `fct_flag_changes`."""
    return {
        "flag": control.flag,
        "rule_id": control.rule_id,
        "customer_id": control.customer_id,
        "starts_at": iso_timestamp(control.starts_at),
        "ends_at": None if control.ends_at is None else iso_timestamp(control.ends_at),
        "reason": control.reason,
        "actor": control.actor,
        "noted_at": iso_timestamp(control.noted_at),
    }


def sentence(control: Control) -> str:
    """A pause for a person."""
    until = (
        "until further word"
        if control.ends_at is None
        else f"until {control.ends_at:%Y-%m-%d %H:%M} UTC"
    )
    return f"{control.flag}{control.scope} is paused by {control.actor} {until}: {control.reason}"
