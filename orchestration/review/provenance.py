"""Which sealed decisions the inbox wrote, and which other files brought.

The feed is a contract: other systems may write decisions, and then who agreed is their word. What
people decided here can be told from that, because the inbox keeps every line that it exported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from orchestration.home import Home
from orchestration.review import inbox
from orchestration.review.tables import exports

_COMPARED = ("action", "approved_by", "match_id", "exception_id", "reason_code", "comment")


def by_file(home: Home, sealed: Iterable[tuple[str, str, str]]) -> set[str]:
    """Of sealed decisions (id, actor, payload) the ids of those that the inbox did not write.

    A file that bears the id of a decision of the inbox and says something else wrote it, too.

    Raises:
        InboxUnavailable: when the inbox does not answer.
    """
    exported = _exported(home)
    return {
        decision_id
        for decision_id, actor, payload in sealed
        if not _is_same(exported.get(decision_id), actor, json.loads(payload))
    }


def _exported(home: Home) -> dict[str, dict[str, Any]]:
    if not inbox.exists(home):
        return {}
    with inbox.of(home).reading() as connection:
        rows = connection.execute(sa.select(exports.c.decision_id, exports.c.line)).all()
    return {str(decision_id): json.loads(str(line)) for decision_id, line in rows}


def _is_same(line: dict[str, Any] | None, actor: str, payload: dict[str, Any]) -> bool:
    if line is None or line["actor"] != actor:
        return False
    return all((line.get(name) or None) == (payload.get(name) or None) for name in _COMPARED)
