"""Filters that people keep under a name: the one thing in the inbox that may be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review import inbox
from orchestration.review.people import Person
from orchestration.review.tables import saved_views


class NameIsTaken(TieoutError):
    """The person has a view of that name on that page."""


@dataclass(frozen=True)
class SavedView:
    """One saved view; `address` is the query string of the page."""

    view_id: str
    saved_at: datetime
    owner: str
    page: str
    name: str
    address: str


def save(home: Home, person: Person, page: str, name: str, address: str) -> SavedView:
    """Keep a view.

    Raises:
        NameIsTaken: when the person has one of that name.
        TieoutError: when it has no name.
    """
    name = name.strip()
    if not name:
        raise TieoutError("Give the view a name.")
    at = wall_clock()
    view = SavedView(inbox.new_id("v", at), at, person.subject, page, name[:200], address)
    with inbox.of(home).writing() as connection:
        taken = connection.execute(
            sa.select(saved_views.c.view_id).where(
                saved_views.c.owner == view.owner,
                saved_views.c.page == page,
                saved_views.c.name == view.name,
            )
        ).first()
        if taken is not None:
            raise NameIsTaken(f"You have a view called {view.name} already.")
        connection.execute(
            saved_views.insert().values(
                view_id=view.view_id,
                saved_at=view.saved_at,
                owner=view.owner,
                page=view.page,
                name=view.name,
                address=view.address,
            )
        )
    return view


def saved(home: Home, person: Person, page: str) -> list[SavedView]:
    """A person's views of a page, by name."""
    with inbox.of(home).reading() as connection:
        rows = connection.execute(
            sa.select(saved_views)
            .where(saved_views.c.owner == person.subject, saved_views.c.page == page)
            .order_by(saved_views.c.name)
        ).mappings()
        return [SavedView(**row) for row in rows]


def delete(home: Home, person: Person, view_id: str) -> None:
    """Delete one's own view; another's stays."""
    with inbox.of(home).writing() as connection:
        connection.execute(
            saved_views.delete().where(
                saved_views.c.view_id == view_id, saved_views.c.owner == person.subject
            )
        )
