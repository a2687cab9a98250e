"""The database of the review inbox: SQLite in the home, or PostgreSQL by `TIEOUT_REVIEW_DATABASE`.

Writers take turns: a decision is checked and written inside one transaction that no other writer
is in. Volumes are what people do by hand, so one at a time is no limit.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url

from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review.tables import METADATA, decisions

SETTING = "TIEOUT_REVIEW_DATABASE"
BUSY_SECONDS = 20

_MIGRATIONS = Path(__file__).parent / "migrations"
_WRITER_LOCK = 7_203_518_001
"""Number of the advisory lock that writers on PostgreSQL take turns by."""


class InboxUnavailable(TieoutError):
    """The inbox cannot be opened, read or written to."""


class Inbox:
    """One review inbox. Threads may share it."""

    def __init__(self, engine: Engine) -> None:
        """Use an engine made by `connect`; bring its tables up to this version.

        Raises:
            InboxUnavailable: when the database cannot be reached, or is of a newer version.
        """
        self.engine = engine
        # looked up before it is opened: what is replaced in between counts as replaced
        found = _file_of(engine.url)
        with _told_by_url(engine.url):
            migrate(engine)
        self._file = found or _file_of(engine.url)

    def is_replaced(self) -> bool:
        """Whether the file below it was removed, or another one put into its place.

        What is open stays the file of before, which nobody else reads any more. Connections of the
        pool hold it, so that its inode is given to no other file meanwhile. Of PostgreSQL: never.
        """
        if self.engine.dialect.name != "sqlite":
            return False
        found = _file_of(self.engine.url)
        return found is None or found != self._file

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for queries.

        Raises:
            InboxUnavailable: when the database does not answer.
        """
        with _told_by_url(self.engine.url), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer is in; it is kept on leaving without an error.

        Raises:
            InboxUnavailable: when the database does not answer, or was replaced meanwhile.
        """
        with _told_by_url(self.engine.url):
            with self.engine.connect().execution_options(writing=True) as connection:
                with connection.begin():
                    if connection.dialect.name == "postgresql":
                        connection.execute(
                            sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _WRITER_LOCK}
                        )
                    yield connection
                    if self.is_replaced():
                        raise InboxUnavailable(
                            f"The review inbox {shown(self.engine.url)} was replaced by another "
                            "file while this was being written: nothing is kept. Do it again."
                        )


def of(home: Home, environment: Mapping[str, str] | None = None) -> Inbox:
    """The inbox of a home, made where there is none; the same object for the same database.

    Raises:
        InboxUnavailable: when the database cannot be opened.
    """
    return _opened(url_of(home, environment))


def url_of(home: Home, environment: Mapping[str, str] | None = None) -> str:
    """Where the inbox of a home is."""
    named = (os.environ if environment is None else environment).get(SETTING, "").strip()
    return named or f"sqlite:///{home.root / 'review.sqlite'}"


def exists(home: Home) -> bool:
    """Whether somebody has opened the inbox of a home, or it is said to be elsewhere."""
    return bool(os.environ.get(SETTING, "").strip()) or (home.root / "review.sqlite").exists()


_OPENING = threading.Lock()
_OPEN: dict[str, Inbox] = {}


def _opened(url: str) -> Inbox:
    with _OPENING:
        known = _OPEN.get(url)
        # a home may be removed and made again, or a backup put back, below a process that lives on
        if known is None or known.is_replaced():
            if known is not None:
                known.engine.dispose()
            _OPEN[url] = Inbox(connect(url))
        return _OPEN[url]


def forget(url: str) -> None:
    """Close the connections to a database."""
    with _OPENING:
        known = _OPEN.pop(url, None)
    if known is not None:
        known.engine.dispose()


def connect(url: str) -> Engine:
    """An engine for a URL of SQLite or PostgreSQL.

    Raises:
        InboxUnavailable: when the URL names another kind of database, or its driver is missing.
    """
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        # not `from` the error, which may quote the URL
        raise InboxUnavailable(
            f"{SETTING} is no database URL. Write it as postgresql://user@host/database."
        ) from None
    if "@" in (parsed.host or ""):
        # what is taken for the host is the end of the password
        raise InboxUnavailable(f"{SETTING}: write @ in a user's name or password as %40.")
    if parsed.get_backend_name() == "sqlite":
        return _connect_to_sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        try:
            # a statement of another time zone's session would shift moments
            return sa.create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                connect_args={
                    "options": f"-c timezone=UTC -c lock_timeout={BUSY_SECONDS * 1000}",
                    "connect_timeout": BUSY_SECONDS,
                },
            )
        except ModuleNotFoundError as error:
            raise InboxUnavailable(
                "PostgreSQL needs its driver: pip install 'tieout[postgres]'."
            ) from error
    raise InboxUnavailable(
        f"{SETTING} names {parsed.get_backend_name()}; the inbox is kept in SQLite or PostgreSQL."
    )


def _file_of(url: URL) -> tuple[int, int] | None:
    """Which file is at the path of a SQLite database (its device and inode); None without one.

    Looked up and never opened: closing it would end SQLite's locks on it.
    """
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    try:
        found = os.stat(url.database)
    except OSError:  # opening it says what is wrong
        return None
    return found.st_dev, found.st_ino


def _connect_to_sqlite(url: URL) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection, _record) -> None:  # type: ignore[no-untyped-def]
        # transactions begin where SQLAlchemy says, not where the driver guesses
        connection.isolation_level = None
        for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on"):
            connection.execute(f"pragma {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        is_writing = connection.get_execution_options().get("writing", False)
        # one that read first and wrote later would be refused instead of waiting
        connection.exec_driver_sql("begin immediate" if is_writing else "begin")

    return engine


def migrate(engine: Engine) -> None:
    """Bring the tables up to this version; of several processes one does it.

    Raises:
        InboxUnavailable: when a newer version of tieout has written to the database.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    wanted = script.get_current_head()
    # no wait is granted to the switch of a new file to WAL, which the first connection makes
    with _alone(engine):
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
        if found == wanted:
            return
        with (
            _told_to_its_owner(),
            engine.connect().execution_options(writing=True) as connection,
            connection.begin(),
        ):
            if connection.dialect.name == "postgresql":
                connection.execute(
                    sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _WRITER_LOCK}
                )
            found = MigrationContext.configure(connection).get_current_revision()
            if found is not None and found not in {
                revision.revision for revision in script.walk_revisions()
            }:
                raise InboxUnavailable(
                    f"The review inbox is of version {found}, which this tieout does not know: "
                    "update tieout."
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def grant(home: Home, role: str) -> None:
    """Let a role of PostgreSQL use the inbox: add and read rows, and nothing else.

    Called as the owner of the tables; the app then connects as `role`.

    Raises:
        TieoutError: where the inbox is no PostgreSQL database, or there is no such role.
    """
    engine = of(home).engine
    if engine.dialect.name != "postgresql":
        raise TieoutError(f"Roles are of PostgreSQL alone: {SETTING} names no such database.")
    quote = engine.dialect.identifier_preparer.quote
    name = quote(role)
    with engine.begin() as connection:
        known = sa.text("select 1 from pg_roles where rolname = :role")
        if connection.execute(known, {"role": role}).first() is None:
            raise TieoutError(f"There is no role {role}: create role {name} login.")
        for table in [*METADATA.sorted_tables, sa.table("alembic_version")]:
            rights = {"alembic_version": "select", "saved_views": "select, insert, delete"}.get(
                table.name, "select, insert"
            )
            connection.exec_driver_sql(f"revoke all on {quote(table.name)} from {name}, public")
            connection.exec_driver_sql(f"grant {rights} on {quote(table.name)} to {name}")


@contextlib.contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Of processes that open or make a SQLite file at once, the others wait."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        yield
        return
    with open(f"{path}.lock", "w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _told_to_its_owner() -> Iterator[None]:
    """Say who has to make the tables, where this user may not."""
    try:
        yield
    except sa.exc.ProgrammingError as error:
        raise InboxUnavailable(
            "The tables of the review inbox are missing or older than this tieout, and this user "
            f"may not make them ({str(error.orig).strip()}). Call `tieout review migrate` once "
            f"with {SETTING} as their owner."
        ) from error


@contextlib.contextmanager
def _told_by_url(url: URL) -> Iterator[None]:
    """Say which database does not answer, without its password."""
    try:
        yield
    except (sa.exc.DBAPIError, OSError) as error:
        # what a statement does wrong, or a trigger refuses, is no matter of the database's health
        if not isinstance(error, OSError | sa.exc.OperationalError) and (
            type(error) is not sa.exc.DatabaseError
        ):
            raise
        reason = str(getattr(error, "orig", None) or error).strip()
        raise InboxUnavailable(
            f"The review inbox {shown(url)} does not answer: {reason}"
        ) from error


def shown(url: URL) -> str:
    """A database's address for people: without its password, nor options, which may hold one."""
    return url.set(query={}).render_as_string(hide_password=True)


def new_id(prefix: str, moment: datetime, number: int = 0) -> str:
    """An id that sorts by its moment, and by its number among those of one moment."""
    return f"{prefix}-{moment:%Y%m%dT%H%M%S%f}-{number:04d}-{secrets.token_hex(4)}"


def next_moment(connection: Connection) -> datetime:
    """The time now, later than that of every decision, also when a clock was set back."""
    last = connection.execute(sa.select(sa.func.max(decisions.c.decided_at))).scalar()
    now = wall_clock()
    return now if last is None or now > last else last + timedelta(microseconds=1)
