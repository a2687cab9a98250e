"""Whatever fires, is silenced, arrives or not: each thing is told once, and its end as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.alerting import routes
from orchestration.alerting.alerts import Alert, Firing, Group
from orchestration.alerting.deliver import decide
from orchestration.alerting.outbox import Notification
from orchestration.alerting.routes import Configuration
from orchestration.controls import Control, Kind
from orchestration.home import Home
from tests.python.alerting.conftest import NOW, ON_CALL

NAMES = ("a", "b", "c")

STEPS = st.lists(
    st.tuples(
        st.integers(0, 100),  # minutes that pass
        st.sets(st.sampled_from(NAMES)),  # what fires
        st.sets(st.sampled_from(NAMES)),  # what is silenced
        st.sampled_from(["delivered", "failed", "unknown", "waiting"]),
    ),
    min_size=1,
    max_size=12,
)


def configuration(
    folder: Path,
    page_to: str = "[on-call:finance, chat]",
    on_call: str = ON_CALL,
) -> Configuration:
    home = Home(folder)
    (home.root / "alerts.yml").write_text(
        "destinations: {ada: json://x/, bo: json://x/, cy: json://x/, dan: json://x/, "
        "chat: json://x/}\n"
        f"routes: [{{severity: page, to: {page_to}}}, {{severity: ticket, to: chat}}]\n",
        encoding="utf-8",
    )
    (home.root / "oncall.yml").write_text(on_call, encoding="utf-8")
    found = routes.read(home)
    assert found is not None
    return found


def alert(name: str) -> Alert:
    severity = "ticket" if name == "c" else "page"
    return Alert(name, name, severity, name, name, name, name, NOW, "It is. So", "none.md")


def firing(names: set[str], silenced: set[str], ended: dict[str, datetime]) -> Firing:
    word = Control("w", Kind.MAINTENANCE_WINDOW, "w", NOW, None, "", "", NOW, "*", "*")
    groups = [
        Group(alert(name), (), word if name in silenced else None, ended.get(name))
        for name in sorted(names)
    ]
    return Firing(groups, frozenset(names), True)


def open_incidents(told: Sequence[Notification]) -> set[str]:
    last: dict[str, int] = {}
    for one in told:
        last[one.fingerprint] = max(last.get(one.fingerprint, 0), one.incident)
    return {
        name
        for name, incident in last.items()
        if not any(
            one.event == "resolved" and (one.fingerprint, one.incident) == (name, incident)
            for one in told
        )
    }


def test_each_thing_is_told_once_and_its_end_as_well(tmp_path: Path) -> None:
    config = configuration(tmp_path)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(STEPS)
    def hold(steps: list[tuple[int, set[str], set[str], str]]) -> None:
        told: list[Notification] = []
        now, before, ended = NOW, set[str](), dict[str, datetime]()
        for minutes, fires, silenced, state in steps:
            now += timedelta(minutes=minutes)
            ended |= dict.fromkeys(before - silenced, now)
            before = silenced
            said = firing(fires, silenced, ended)
            new = decide(said, told, config, now)
            # who is silenced is told nothing but that it is over
            assert not [one for one in new if one.event != "resolved" and (
                one.fingerprint in silenced or one.fingerprint not in fires)]  # fmt: skip
            told += [replace(one, state=state) for one in new]
            # a second pass at once has nothing to add
            assert decide(said, told, config, now) == []
            # what fires has been told of, what is over is closed
            assert fires - silenced <= open_incidents(told) <= fires
        keys = [
            (one.fingerprint, one.incident, one.event, one.round, one.destination) for one in told
        ]
        assert len(keys) == len(set(keys))
        for name in NAMES:
            rows = [one for one in told if one.fingerprint == name]
            for incident in {one.incident for one in rows}:
                rounds = sorted({(o.round, o.event) for o in rows if o.incident == incident})
                assert [number for number, _ in rounds] == [*range(1, len(rounds) + 1)]
                assert [event for _, event in rounds].count("firing") == 1
                assert rounds[0][1] == "firing"
                assert "resolved" not in [event for _, event in rounds[:-1]]
            # incidents are counted without a gap
            assert {one.incident for one in rows} == {
                *range(1, 1 + len({o.incident for o in rows}))
            }

    hold()


TWO_ROTATIONS = """
people:
  ada: {name: Ada, to: ada}
  bo: {name: Bo, to: bo}
  cy: {name: Cy, to: cy}
  dan: {name: Dan, to: dan}
rotations:
  fast: {zone: UTC, handover: daily 09:00, starts: 2026-06-29, people: [ada],
         escalate_after_minutes: 5, escalate_to: [cy]}
  slow: {zone: UTC, handover: daily 09:00, starts: 2026-06-29, people: [bo],
         escalate_after_minutes: 120, escalate_to: [dan]}
"""


def passes(config: Configuration, told: list[Notification], *moments: datetime) -> list[str]:
    """What passes say at moments, one after the other: event and destination of each message."""
    said = []
    for now in moments:
        new = decide(firing({"a"}, set(), {}), told, config, now)
        told += [replace(one, state="delivered") for one in new]
        said += [f"{one.event} {one.destination}" for one in new]
    return said


def test_each_rotation_escalates_by_its_own_clock(tmp_path: Path) -> None:
    config = configuration(tmp_path, "[on-call:fast, on-call:slow]", TWO_ROTATIONS)
    told: list[Notification] = []
    minutes = [NOW + timedelta(minutes=minutes) for minutes in (0, 4, 5, 6, 59, 66, 119, 120, 121)]
    assert passes(config, told, *minutes) == [
        "firing ada", "firing bo", "escalated cy",
        "reminded ada", "reminded bo", "reminded cy", "escalated dan",
    ]  # fmt: skip


def test_what_a_clock_that_was_ahead_has_said_mutes_nothing(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    told: list[Notification] = []
    ahead = NOW + timedelta(days=30)
    minutes = [NOW + timedelta(minutes=minutes) for minutes in (0, 1, 15, 16, 74, 75)]
    assert passes(config, told, ahead, *minutes) == [
        "firing ada", "firing chat", "reminded ada", "reminded chat", "escalated bo",
        "reminded ada", "reminded chat", "reminded bo",
    ]  # fmt: skip
