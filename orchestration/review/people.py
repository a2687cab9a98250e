"""Who may do what. Roles come from verified claims; every action asks for a permission, not a role.

The table below is the one place that says what a role may; pages show it, actions check it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from orchestration.home import TieoutError

LOCAL_PREFIX = "local/"
"""Before the subject of a local user, so that no decision passes for one of a login."""


class Role(StrEnum):
    """What a person is here for."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    APPROVER = "approver"
    CONTROLLER = "controller"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What an action asks for."""

    SEE_PERSONAL_DATA = "see_personal_data"
    DECIDE = "decide"
    APPROVE = "approve"
    WRITE_OFF = "write_off"
    OPERATE = "operate"
    AUDIT = "audit"
    LAND_FILES = "land_files"
    ADMINISTER = "administer"


GRANTED: dict[Permission, frozenset[Role]] = {
    Permission.SEE_PERSONAL_DATA: frozenset(
        {Role.ANALYST, Role.APPROVER, Role.CONTROLLER, Role.AUDITOR, Role.ADMIN}
    ),
    Permission.DECIDE: frozenset({Role.ANALYST, Role.APPROVER, Role.CONTROLLER}),
    Permission.APPROVE: frozenset({Role.APPROVER, Role.CONTROLLER}),
    Permission.WRITE_OFF: frozenset({Role.APPROVER, Role.CONTROLLER}),
    Permission.OPERATE: frozenset({Role.ADMIN, Role.CONTROLLER}),
    Permission.AUDIT: frozenset({Role.AUDITOR}),
    Permission.LAND_FILES: frozenset({Role.ANALYST, Role.CONTROLLER, Role.ADMIN}),
    Permission.ADMINISTER: frozenset({Role.ADMIN}),
}
"""Every role may look; personal data is masked for those who may not see it."""

IN_WORDS: dict[Permission, str] = {
    Permission.SEE_PERSONAL_DATA: "see personal data",
    Permission.DECIDE: "work on cases",
    Permission.APPROVE: "approve suggestions and second decisions",
    Permission.WRITE_OFF: "write off",
    Permission.OPERATE: "acknowledge alerts, open maintenance windows and pause",
    Permission.AUDIT: "judge the audit sample",
    Permission.LAND_FILES: "upload files",
    Permission.ADMINISTER: "see who did what",
}
"""Each permission as it stands after "may"."""


class NotPermitted(TieoutError):
    """A person asked for what none of their roles may."""


@dataclass(frozen=True)
class Person:
    """Someone who is signed in.

    `subject` is what the identity provider knows them by and what decisions are kept under;
    `name` is for reading.
    """

    subject: str
    name: str
    roles: frozenset[Role]

    def may(self, permission: Permission) -> bool:
        """Whether one of the person's roles grants it."""
        return not self.roles.isdisjoint(GRANTED[permission])

    def require(self, permission: Permission) -> None:
        """Pass where the person may.

        Raises:
            NotPermitted: where none of the roles grants it; the message names those that do.
        """
        if not self.may(permission):
            granting = sorted(GRANTED[permission])
            raise NotPermitted(
                f"{self.name} may not {IN_WORDS[permission]}; "
                f"it takes the role {' or '.join(granting)}."
            )


def roles_named(names: object) -> frozenset[Role]:
    """The roles among names that a claim carries (one text or a list); unknown ones grant nothing.

    A claim may hold every group of a company, so what is not a role here is passed over.
    """
    if isinstance(names, str):
        names = names.replace(",", " ").split()
    if not isinstance(names, list | tuple | set | frozenset):
        return frozenset()
    known = {role.value: role for role in Role}
    return frozenset(
        known[name.lower()] for name in names if isinstance(name, str) and name.lower() in known
    )


def spelled(subject: str) -> str:
    """A subject without what two spellings of one person may differ by."""
    composed = unicodedata.normalize("NFKC", subject)
    return "".join(c for c in composed if c.isprintable() and not c.isspace()).casefold()


def is_local(subject: str) -> bool:
    """Whether somebody is a user of the local mode, who was never asked to prove who they are."""
    return spelled(subject).startswith(LOCAL_PREFIX)


def is_independent(first: str, second: str) -> bool:
    """Whether two people are known to be two: by a login each."""
    return not is_local(first) and not is_local(second) and spelled(first) != spelled(second)
