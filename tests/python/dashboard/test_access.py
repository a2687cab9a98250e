"""Who is let in, as whom, and what that lets them do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import access
from dashboard.access import NoRole, Rules, SignInNeeded, person_of
from orchestration.home import Home, TieoutError
from orchestration.review import access_log
from orchestration.review.access_log import Event
from orchestration.review.people import NotPermitted, Permission, Role
from tests.python.dashboard.conftest import html_of, open_page

NOW = datetime(2026, 7, 1, 12)
ISSUED = datetime(2026, 7, 1, 11, tzinfo=UTC).timestamp()


def claims(**changed: Any) -> dict[str, Any]:
    """What a provider signed for Anna an hour ago, with changes."""
    return {
        "is_logged_in": True,
        "sub": "u-17",
        "name": "Anna",
        "iat": ISSUED,
        "roles": ["approver"],
        **changed,
    }


def test_verified_claims_make_a_person_with_their_roles() -> None:
    person = person_of(claims(), Rules(), NOW)
    assert (person.subject, person.name, person.roles) == ("u-17", "Anna", {Role.APPROVER})


@pytest.mark.parametrize(
    "changed",
    [
        {"is_logged_in": False},
        {"is_logged_in": "true"},
        {"iat": None},
        {"iat": True},
        {"iat": ISSUED - 12 * 3600},
        {"iat": ISSUED + 2 * 3600},
        {"iat": float("nan")},
        {"iat": float("inf")},
        {"iat": 10**400},
        {"iat": -(10**400)},
        {"sub": None},
        {"sub": ""},
        {"sub": "local/anna"},
        {"sub": "\uff2cocal/anna"},
        {"sub": "   "},
        {"sub": "u-17 "},
        {"sub": "u-17\n"},
        {"sub": "u-\x0017"},
        {"sub": "u-\u200b17"},
        {"sub": "u-\u202e17"},
        {"sub": "u-\udcff"},
        {"sub": "u" * 321},
    ],
)
def test_what_is_not_surely_a_person_is_nobody(changed: dict[str, Any]) -> None:
    with pytest.raises(SignInNeeded):
        person_of(claims(**changed), Rules(), NOW)


@pytest.mark.parametrize("hours", ["nan", "inf", "0", "-1", "twelve"])
def test_a_login_does_not_hold_for_ever(hours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_LOGIN_HOURS", hours)
    with pytest.raises(TieoutError, match="not a number of hours"):
        Rules.from_environment()


@pytest.mark.parametrize("name", ["\u202eanna", "x" * 400, " "])
def test_a_name_that_hides_something_is_not_shown(name: str) -> None:
    assert person_of(claims(name=name, email="a@corp.example"), Rules(), NOW).name == (
        "a@corp.example"
    )


def test_a_login_holds_for_the_hours_that_are_set() -> None:
    old = claims(iat=ISSUED - 12 * 3600)
    assert person_of(old, Rules(login_hours=13), NOW).name == "Anna"


@pytest.mark.parametrize("roles", [None, [], ["cook"], "", {"approver": True}, 7])
def test_who_has_no_role_is_not_let_in(roles: object) -> None:
    with pytest.raises(NoRole):
        person_of(claims(roles=roles), Rules(), NOW)


def test_an_address_names_nobody_before_the_provider_has_verified_it() -> None:
    by_email = Rules(subject_claim="email")
    with pytest.raises(SignInNeeded, match="verified"):
        person_of(claims(email="anna@corp.example"), by_email, NOW)
    verified = claims(email="anna@corp.example", email_verified=True)
    assert person_of(verified, by_email, NOW).subject == "anna@corp.example"


def test_roles_may_lie_deep_in_the_claims() -> None:
    deep = claims(roles=None, realm_access={"roles": ["viewer", "offline_access"]})
    assert person_of(deep, Rules(roles_claim="realm_access.roles"), NOW).roles == {Role.VIEWER}
    address = claims(**{"https://corp.example/roles": ["auditor"]})
    rules = Rules(roles_claim="https://corp.example/roles")
    assert person_of(address, rules, NOW).roles == {Role.AUDITOR}


def test_a_mapping_gives_roles_to_groups_and_to_nothing_else(home: Path) -> None:
    (home / "roles.yml").write_text("finance-leads: approver, analyst\nboard: [viewer]\n")
    rules = Rules.from_environment()
    groups = claims(roles=["finance-leads", "everybody"])
    assert person_of(groups, rules, NOW).roles == {Role.APPROVER, Role.ANALYST}
    # a group of the provider that happens to be called like a role
    with pytest.raises(NoRole):
        person_of(claims(roles=["controller"]), rules, NOW)


@pytest.mark.parametrize("text", ["finance: boss", "- a\n- b", "{", "finance: {a: b}"])
def test_a_mapping_that_is_wrong_lets_nobody_in(home: Path, text: str) -> None:
    (home / "roles.yml").write_text(text)
    with pytest.raises(TieoutError, match=r"roles\.yml"):
        Rules.from_environment()


def test_a_mapping_that_is_named_must_be_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_ROLES_FILE", str(home / "gone.yml"))
    with pytest.raises(TieoutError, match="does not exist"):
        Rules.from_environment()


def test_the_local_user_is_marked_and_has_all_roles_by_default(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_LOCAL_USER", "maria")
    monkeypatch.delenv("TIEOUT_LOCAL_ROLES", raising=False)
    person = access.local_person()
    assert (person.subject, person.name, person.roles) == ("local/maria", "maria", set(Role))
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer, auditor")
    assert access.local_person().roles == {Role.VIEWER, Role.AUDITOR}
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer, boss")
    with pytest.raises(TieoutError, match="boss"):
        access.local_person()


def test_every_page_says_that_this_is_the_local_mode(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_LOCAL_USER", "maria")
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer")
    body = html_of(open_page("on_call"))
    assert "Local mode: no login." in body
    assert "You act as maria" in body
    assert "Roles: viewer" in body


def _acts() -> None:
    from dashboard import access
    from orchestration.review.people import Permission

    access.require(Permission.WRITE_OFF)


def test_a_viewer_is_refused_inside_the_action_and_that_is_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_LOCAL_USER", "vic")
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer")
    app = AppTest.from_function(_acts, default_timeout=60).run()
    assert "vic may not write off" in app.exception[0].message
    [entry] = access_log.entries(Home(home))
    assert (entry.actor, entry.event, entry.permission) == (
        "local/vic",
        Event.DENIED,
        Permission.WRITE_OFF,
    )


def test_who_may_is_not_noted_as_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "approver")
    app = AppTest.from_function(_acts, default_timeout=60).run()
    assert not app.exception
    assert access_log.entries(Home(home)) == []


def test_a_refusal_names_the_roles_that_may() -> None:
    viewer = person_of(claims(roles=["viewer"]), Rules(), NOW)
    with pytest.raises(NotPermitted, match="approver or controller"):
        viewer.require(Permission.WRITE_OFF)
