"""Who looks at the pages, and what they may do.

With a login (`[auth]` in the secrets), a person is who the identity provider says, by claims that
it signed, and has the roles of one claim; who has none is not let in. Without one, this is the
local mode: on loopback alone (`server.py` sees to it), everybody is the user of this machine.

Actions call `require` for themselves: a page that hides a button keeps nobody from acting.
"""

from __future__ import annotations

import getpass
import math
import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
import yaml

from dashboard import server
from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review import access_log, people
from orchestration.review.access_log import Event
from orchestration.review.people import (
    LOCAL_PREFIX,
    NotPermitted,
    Permission,
    Person,
    Role,
    roles_named,
)

DEFAULT_ROLES_CLAIM = "roles"
DEFAULT_SUBJECT_CLAIM = "sub"
DEFAULT_LOGIN_HOURS = 12.0
CLOCKS_DIFFER = 300
"""Seconds by which the provider's clock may be ahead of this one."""
LONGEST_NAME = 320
"""As the review inbox keeps subjects and names."""


class SignInNeeded(TieoutError):
    """Nobody is signed in, or the identity no longer holds."""


class NoRole(TieoutError):
    """Someone is signed in whom no role lets in."""

    def __init__(self, person: Person) -> None:
        """Say whom."""
        super().__init__(f"{person.name} is signed in, and has no role here.")
        self.person = person


@dataclass(frozen=True)
class Rules:
    """How claims become a person."""

    roles_claim: str = DEFAULT_ROLES_CLAIM
    subject_claim: str = DEFAULT_SUBJECT_CLAIM
    login_hours: float = DEFAULT_LOGIN_HOURS
    roles_of: Mapping[str, frozenset[Role]] | None = None
    """Roles by what the claim holds; None where it holds the roles themselves."""

    @classmethod
    def from_environment(cls) -> Rules:
        """Read `TIEOUT_ROLES_CLAIM`, `_SUBJECT_CLAIM`, `_LOGIN_HOURS` and the mapping file.

        Raises:
            TieoutError: when one of them cannot be understood.
        """
        text = os.environ.get("TIEOUT_LOGIN_HOURS", "").strip()
        try:
            hours = float(text) if text else DEFAULT_LOGIN_HOURS
        except ValueError:
            hours = math.nan
        if not 0 < hours < math.inf:
            raise TieoutError(f"TIEOUT_LOGIN_HOURS={text!r} is not a number of hours.")
        named = os.environ.get("TIEOUT_ROLES_FILE", "").strip()
        path = Path(named).expanduser() if named else Home.from_environment().root / "roles.yml"
        return cls(
            os.environ.get("TIEOUT_ROLES_CLAIM", "").strip() or DEFAULT_ROLES_CLAIM,
            os.environ.get("TIEOUT_SUBJECT_CLAIM", "").strip() or DEFAULT_SUBJECT_CLAIM,
            hours,
            roles_file(path, must_exist=bool(named)),
        )


def roles_file(path: Path, must_exist: bool = False) -> Mapping[str, frozenset[Role]] | None:
    """What a mapping file says: a group of the identity provider, and its role or roles.

    Raises:
        TieoutError: when it is missing though named, no mapping, or names an unknown role.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise TieoutError(f"TIEOUT_ROLES_FILE names {path}, which does not exist.") from None
        return None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TieoutError(f"{path} cannot be read as YAML: {error}") from None
    if not isinstance(document, dict):
        raise TieoutError(f"{path} holds no mapping; write lines such as `finance-leads: approver`")
    mapping = {}
    for group, names in document.items():
        listed = names if isinstance(names, list) else str(names).replace(",", " ").split()
        roles = roles_named(listed)
        if len(roles) != len(set(listed)):
            known = ", ".join(Role)
            raise TieoutError(f"{path}: {group} names {listed}; roles are {known}.")
        mapping[str(group)] = roles
    return mapping


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, else by its way through objects: `realm_access.roles`."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def person_of(claims: Mapping[str, Any], rules: Rules, now: datetime) -> Person:
    """The person whom verified claims speak of; `now` in naive UTC.

    Raises:
        SignInNeeded: when nobody is signed in, or the login is too old, or does not tell its age.
        NoRole: when no role follows from the claims.
    """
    if claims.get("is_logged_in") is not True:
        raise SignInNeeded("Nobody is signed in.")
    issued = claims.get("iat")
    if not isinstance(issued, int | float) or isinstance(issued, bool):
        raise SignInNeeded("The identity does not say when it was issued.")
    # compared as it is: NaN is neither, and a large whole number is no float
    seconds = now.replace(tzinfo=UTC).timestamp()
    if not issued <= seconds + CLOCKS_DIFFER:
        raise SignInNeeded("The identity was issued at no moment, or at one that is to come.")
    age = seconds - max(issued, 0)
    if age > rules.login_hours * 3600:
        raise SignInNeeded(f"The login is older than {rules.login_hours:g} hours.")
    subject = claim(claims, rules.subject_claim)
    if not isinstance(subject, str) or not subject:
        raise SignInNeeded(f"The identity has no {rules.subject_claim}.")
    if not is_name(subject) or subject != subject.strip():
        raise SignInNeeded(
            f"The identity's {rules.subject_claim} cannot name a person: it is blank, longer than "
            f"{LONGEST_NAME} characters, or holds characters that do not show."
        )
    if rules.subject_claim == "email" and claims.get("email_verified") is not True:
        raise SignInNeeded("The provider has not verified the e-mail address.")
    if people.is_local(subject):
        raise SignInNeeded(f"{subject} is no subject of an identity provider.")
    name = next(
        (
            str(claims[field])
            for field in ("name", "preferred_username", "email")
            if is_name(str(claims.get(field) or ""))
        ),
        subject,
    )
    roles = _roles(claim(claims, rules.roles_claim), rules.roles_of)
    someone = Person(subject, name, roles)
    if not roles:
        raise NoRole(someone)
    return someone


def is_name(text: str) -> bool:
    """Whether a text can stand for a person: something shows, nothing is hidden in it."""
    if not text.strip() or len(text) > LONGEST_NAME:
        return False
    # controls, joiners and marks of direction, halves of characters, and what is not assigned
    return not any(unicodedata.category(c)[0] == "C" or c in "\u2028\u2029" for c in text)


def _roles(held: object, roles_of: Mapping[str, frozenset[Role]] | None) -> frozenset[Role]:
    if roles_of is None:
        return roles_named(held)
    if isinstance(held, str):
        held = [held]
    if not isinstance(held, Iterable):
        return frozenset()
    found: frozenset[Role] = frozenset()
    for name in held:
        if isinstance(name, str):
            found |= roles_of.get(name, frozenset())
    return found


def local_person() -> Person:
    """The user of this machine, with `TIEOUT_LOCAL_ROLES` (default: all).

    Raises:
        TieoutError: when that names something else than roles.
    """
    user = os.environ.get("TIEOUT_LOCAL_USER", "").strip() or _system_user()
    if not is_name(user):
        raise TieoutError(f"TIEOUT_LOCAL_USER={user!r} cannot name a person.")
    text = os.environ.get("TIEOUT_LOCAL_ROLES")
    if text is None or not text.strip():
        return Person(f"{LOCAL_PREFIX}{user}", user, frozenset(Role))
    named = text.replace(",", " ").split()
    roles = roles_named(named)
    if len(roles) != len({name.lower() for name in named}):
        raise TieoutError(f"TIEOUT_LOCAL_ROLES={text!r}; roles are {', '.join(Role)}.")
    return Person(f"{LOCAL_PREFIX}{user}", user, roles)


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def is_local() -> bool:
    """Whether this is the local mode, without a login."""
    return not server.login()


def person() -> Person:
    """Who looks at this page.

    Raises:
        SignInNeeded: when nobody is signed in, or the login no longer holds.
        NoRole: when someone is whom no role lets in.
        TieoutError: when what roles come from cannot be read.
    """
    if not is_local():
        return person_of(st.user.to_dict(), Rules.from_environment(), wall_clock())
    if "host" in st.context.headers:
        # Asked over a network, whichever way the server was started.
        server.check_is_safe()
    return local_person()


def person_or_refusal() -> Person | TieoutError:
    """Who looks at this page, or why nobody is let in."""
    try:
        return person()
    except TieoutError as refusal:
        return refusal


def require(permission: Permission) -> Person:
    """Who looks at this page, if they may.

    Raises:
        NotPermitted: when they may not; the attempt is in the access log.
    """
    someone = person()
    try:
        someone.require(permission)
    except NotPermitted:
        note(someone, Event.DENIED, permission, page=_page())
        raise
    return someone


def _page() -> str:
    """The page that this is about, without the name of the server."""
    return urlsplit(st.context.url or "").path.rsplit("/", 1)[-1] or "executive"


def note(
    someone: Person, event: Event, permission: Permission | None = None, **detail: str
) -> None:
    """Keep in the access log what a person tried, saw or took out.

    Raises:
        InboxUnavailable: when it cannot be kept; then it must not happen either.
    """
    access_log.record(Home.from_environment(), someone, event, permission, **detail)


RECORDS = (
    "item_type", "item_id", "exception", "customer", "match", "payer", "batch", "account", "of",
    "query", "find", "search",
)  # fmt: skip
"""Parameters of an address that say which record a page shows, or is to find."""


# Of itself it holds the names of those who work here, and whoever opens it is an administrator.
_WITHOUT_PERSONAL_DATA = {"access_log"}


def note_arrival(page: str) -> None:
    """Keep who signed in, and who sees personal data: once in a session for a page and its record.

    Raises:
        InboxUnavailable: when it cannot be kept; then the page must not be shown.
    """
    someone = person()
    if not is_local():
        note_once(someone, Event.SIGNED_IN)
    if someone.may(Permission.SEE_PERSONAL_DATA) and page not in _WITHOUT_PERSONAL_DATA:
        note_once(someone, Event.SAW_PERSONAL_DATA, None, page=page, **_record())


def _record() -> dict[str, str]:
    return {name: str(st.query_params[name]) for name in RECORDS if name in st.query_params}


_taker: ContextVar[Person | None] = ContextVar("taker", default=None)


def for_download(make: Callable[..., bytes], *arguments: Any) -> Callable[[], bytes]:
    """What a download button calls at the click, which is in no session: it is for this person.

    Who takes personal data out is kept in the access log.
    """
    someone, taken = person(), {"page": _page(), **_record()}

    def made() -> bytes:
        if someone.may(Permission.SEE_PERSONAL_DATA):
            note(someone, Event.EXPORTED, None, **taken)
        token = _taker.set(someone)
        try:
            return make(*arguments)
        finally:
            _taker.reset(token)

    return made


def reader() -> Person:
    """Whom data is read for: who looks at this page, or takes a download."""
    return _taker.get() or person()


def note_once(
    someone: Person, event: Event, permission: Permission | None = None, **detail: str
) -> None:
    """The same, at most once in a session."""
    noted: set[tuple[object, ...]] = st.session_state.setdefault("_noted", set())
    what = (someone.subject, event, permission, *sorted(detail.items()))
    if what not in noted:
        note(someone, event, permission, **detail)
        noted.add(what)
