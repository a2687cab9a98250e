"""The page that tells who tried what and who saw what."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.home import Home
from orchestration.review import access_log
from orchestration.review.access_log import Event
from orchestration.review.people import Permission, Person, Role
from tests.python.dashboard.conftest import html_of, open_page

VIC = Person("u-2", "Vic <b>", frozenset({Role.VIEWER}))
ANNA = Person("u-1", "Anna", frozenset({Role.ANALYST}))


@pytest.fixture
def logged(published: Path) -> Path:
    """A home in which Vic was refused twice, and Anna saw an invoice and took data out."""
    home = Home(published)
    for page in ("exceptions", "upload"):
        access_log.record(home, VIC, Event.DENIED, Permission.WRITE_OFF, page=page)
    access_log.record(
        home, ANNA, Event.SAW_PERSONAL_DATA, page="record", item_type="invoice", item_id="INV-1"
    )
    access_log.record(home, ANNA, Event.EXPORTED, what="audit")
    return published


def test_the_log_says_who_was_refused_what_and_who_saw_what(logged: Path) -> None:
    body = html_of(open_page("access_log"))
    assert "4 entries" in body
    assert "to write off on Exceptions" in body
    assert 'href="record?item_type=invoice&amp;item_id=INV-1"' in body
    assert "Vic &lt;b&gt;" in body
    assert "Vic <b>" not in body


def test_filters_come_from_the_address(logged: Path) -> None:
    body = html_of(open_page("access_log", event="denied"))
    assert "2 entries" in body
    assert "INV-1" not in body
    body = html_of(open_page("access_log", person="u-1", event="exported", days="all"))
    assert "1 entry" in body
    body = html_of(open_page("access_log", person="nobody"))
    assert "0 entries" in body
    assert "Nothing of the kind" in body


def test_opening_the_log_is_not_itself_in_the_log(logged: Path) -> None:
    open_page("access_log")
    assert len(access_log.entries(Home(logged))) == 4


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN}))
def test_only_an_administrator_sees_it_and_asking_is_noted(
    logged: Path, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    monkeypatch.setenv("TIEOUT_LOCAL_USER", "eve")
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", role)
    app = open_page("access_log")
    assert "You may not see this page" in [title.value for title in app.title]
    assert "Vic" not in html_of(app)
    latest = access_log.entries(Home(logged))[0]
    assert (latest.actor, latest.event, latest.permission) == (
        "local/eve",
        Event.DENIED,
        Permission.ADMINISTER,
    )


def test_counts_are_by_person_and_event(logged: Path) -> None:
    counts = {(c.actor, c.event): c.count for c in access_log.counts(Home(logged))}
    assert counts == {
        ("u-2", Event.DENIED): 2,
        ("u-1", Event.SAW_PERSONAL_DATA): 1,
        ("u-1", Event.EXPORTED): 1,
    }
