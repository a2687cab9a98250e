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


def configuration(folder: Path) -> Configuration:
    home = Home(folder)
    (home.root / "alerts.yml").write_text(
        "destinations: {ada: json://x/, bo: json://x/, chat: json://x/}\n"
        "routes: [{severity: page, to: [on-call:finance, chat]}, {severity: ticket, to: chat}]\n",
        encoding="utf-8",
    )
    (home.root / "oncall.yml").write_text(ON_CALL, encoding="utf-8")
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
