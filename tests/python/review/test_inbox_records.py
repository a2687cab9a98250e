"""What is kept beside decisions: the access log, operations, saved views."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review import access_log, operations, views
from orchestration.review.access_log import Event
from orchestration.review.operations import Kind
from orchestration.review.people import NotPermitted, Permission, Person, Role

ANA = Person("ana@example.com", "Ana", frozenset({Role.ANALYST}))
CARL = Person("carl@example.com", "Carl", frozenset({Role.CONTROLLER}))


def test_the_access_log_keeps_who_was_refused_what(home: Home) -> None:
    access_log.record(home, ANA, Event.DENIED, Permission.OPERATE, page="on_call")
    access_log.record(home, CARL, Event.SAW_PERSONAL_DATA, page="exceptions")
    newest, older = access_log.entries(home)
    assert (newest.actor_name, newest.event) == ("Carl", Event.SAW_PERSONAL_DATA)
    assert (older.permission, older.detail) == (Permission.OPERATE, {"page": "on_call"})
    assert [entry.actor for entry in access_log.entries(home, event=Event.DENIED)] == [ANA.subject]


def test_a_pause_holds_until_its_end_and_can_be_ended_early(home: Home) -> None:
    until = wall_clock() + timedelta(hours=2)
    operations.record(home, CARL, Kind.PAUSE, "posting", reason="close", ends_at=until)
    [pause] = operations.in_force(home, Kind.PAUSE)
    assert (pause.key, pause.actor_name, pause.ends_at) == ("posting", "Carl", until)
    assert operations.in_force(home, Kind.PAUSE, until) == []
    operations.end(home, CARL, Kind.PAUSE, "posting", reason="done")
    assert operations.in_force(home, Kind.PAUSE) == []
    assert len(operations.history(home, Kind.PAUSE, "posting")) == 2
    with pytest.raises(TieoutError, match="Nothing is in force"):
        operations.end(home, CARL, Kind.PAUSE, "posting", reason="again")


def test_operating_takes_the_permission_and_a_reason(home: Home) -> None:
    with pytest.raises(NotPermitted):
        operations.record(home, ANA, Kind.PAUSE, "posting", reason="because")
    with pytest.raises(TieoutError, match="Say why"):
        operations.record(home, CARL, Kind.PAUSE, "posting", reason=" ")
    with pytest.raises(TieoutError, match="before it starts"):
        operations.record(
            home, CARL, Kind.PAUSE, "p", reason="r", ends_at=wall_clock() - timedelta(hours=1)
        )
    assert operations.history(home) == []


def test_views_are_ones_own(home: Home) -> None:
    mine = views.save(home, ANA, "exceptions", "Late and large", "severity=critical")
    with pytest.raises(views.NameIsTaken):
        views.save(home, ANA, "exceptions", "Late and large ", "x=1")
    views.save(home, CARL, "exceptions", "Late and large", "x=2")
    views.delete(home, CARL, mine.view_id)
    assert views.saved(home, ANA, "exceptions") == [mine]
    views.delete(home, ANA, mine.view_id)
    assert views.saved(home, ANA, "exceptions") == []
