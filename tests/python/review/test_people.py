"""What each role may do, and what a claim that names roles is worth."""

from __future__ import annotations

import pytest

from orchestration.review.people import (
    GRANTED,
    IN_WORDS,
    NotPermitted,
    Permission,
    Person,
    Role,
    roles_named,
)


def _person(*roles: Role) -> Person:
    return Person("subject", "Ana", frozenset(roles))


def test_each_role_may_what_the_table_of_the_readme_says() -> None:
    may = {
        role: {permission for permission in Permission if _person(role).may(permission)}
        for role in Role
    }
    see, decide, approve = Permission.SEE_PERSONAL_DATA, Permission.DECIDE, Permission.APPROVE
    assert may == {
        Role.VIEWER: set(),
        Role.ANALYST: {see, decide, Permission.LAND_FILES},
        Role.APPROVER: {see, decide, approve, Permission.WRITE_OFF},
        Role.CONTROLLER: {
            see,
            decide,
            approve,
            Permission.WRITE_OFF,
            Permission.OPERATE,
            Permission.LAND_FILES,
        },
        Role.AUDITOR: {see, Permission.AUDIT},
        Role.ADMIN: {see, Permission.OPERATE, Permission.LAND_FILES, Permission.ADMINISTER},
    }


def test_every_permission_is_granted_and_worded() -> None:
    assert set(GRANTED) == set(IN_WORDS) == set(Permission)


def test_several_roles_add_up_and_none_may_nothing() -> None:
    assert _person(Role.ANALYST, Role.AUDITOR).may(Permission.AUDIT)
    assert not any(_person().may(permission) for permission in Permission)


def test_a_refusal_names_who_may() -> None:
    with pytest.raises(
        NotPermitted, match=r"Ana may not write off; .* role approver or controller"
    ):
        _person(Role.ANALYST).require(Permission.WRITE_OFF)


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["approver", "all-staff"], {Role.APPROVER}),
        ("analyst, Auditor", {Role.ANALYST, Role.AUDITOR}),
        (["administrators", "admin2"], set()),
        (None, set()),
        ({"admin": True}, set()),
        ([["admin"], 7], set()),
        ("", set()),
    ],
)
def test_only_the_exact_names_of_roles_count(claim: object, roles: set[Role]) -> None:
    assert roles_named(claim) == roles
