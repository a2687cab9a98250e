"""The only way from a page to the data: the published file, read-only.

`$TIEOUT_HOME/serving.duckdb` is a link that every successful run swaps to a new, versioned file.
DuckDB keeps one instance per path inside a process, so a reader that opened the link would go on
seeing the old file after a swap. Therefore the link is resolved on every look, the handle is keyed
on the real file (path, inode, modification time), and the handle of the file before is closed
once its last query has ended. The warehouse is never opened: a reader there would block the next
run.

Who may not see personal data gets the publication without it (`serving_masked.duckdb`), never the
other one: where it is missing, nothing is shown. Caches are by file, so they do not mix.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import streamlit as st

from dashboard import access
from orchestration.home import PROJECT_DIR, Home
from orchestration.review.people import Permission

QUERIES = Path(__file__).parent / "queries"
METRICS = PROJECT_DIR / "orchestration" / "telemetry" / "queries"
DRAIN_SECONDS = 30.0
_INCLUDE = re.compile(r"^-- include: (\w+)$", re.MULTILINE)
_PARAMETER = re.compile(r"\$([a-z_]+)")

Row: TypeAlias = dict[str, Any]


_HELD: ContextVar[Publication | None] = ContextVar("publication", default=None)


class NotPublishedError(Exception):
    """No run has published anything readable under this home yet."""


class PublicationReplacedError(Exception):
    """A newer publication replaced this one between two queries of one page."""


@dataclass(frozen=True)
class PublicationKey:
    """What tells one published file from another, even when a path is written again."""

    path: str
    inode: int
    modified_ns: int

    @property
    def published_at(self) -> datetime:
        """When the file was published, UTC."""
        return datetime.fromtimestamp(self.modified_ns / 1e9, tz=UTC).replace(tzinfo=None)

    @property
    def name(self) -> str:
        """The file's stem, which is the id of the run that published it."""
        return Path(self.path).stem


class Publication:
    """An open, read-only, locked-down handle to one published file."""

    def __init__(self, key: PublicationKey) -> None:
        """Open the file; raises `NotPublishedError` when it is not a readable DuckDB file."""
        self.key = key
        self._idle = threading.Condition()
        self._running = 0
        self._closed = False
        try:
            self._connection = duckdb.connect(key.path, read_only=True)
        except duckdb.Error as error:
            raise NotPublishedError(
                f"{key.path} cannot be read as a published file: {error}. "
                "Run `tieout run` to publish again."
            ) from error
        # The order matters: after lock_configuration no setting can be changed any more.
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.execute("set autoinstall_known_extensions = false")
        self._connection.execute("set autoload_known_extensions = false")
        self._connection.execute("set enable_external_access = false")
        self._connection.execute("set lock_configuration = true")

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for one query; raises `PublicationReplacedError` once closing has begun."""
        with self._idle:
            if self._closed:
                raise PublicationReplacedError(self.key.path)
            self._running += 1
        try:
            # Cursors are made and closed one at a time; queries on them run side by side.
            with self._idle:
                cursor = self._connection.cursor()
            try:
                yield cursor
            finally:
                cursor.close()
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def close(self) -> None:
        """Refuse new queries, wait for the running ones (at most 30 s), release the file."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: self._running == 0, timeout=DRAIN_SECONDS)
            self._connection.close()


class Store:
    """Holds the handles to the current publications, with and without personal data."""

    def __init__(self) -> None:
        """Start with nothing open."""
        self._lock = threading.Lock()
        self._current: dict[bool, Publication] = {}

    def current(self, home: Home, is_masked: bool = False) -> Publication:
        """The current publication under `home`; opens a new one when the link has moved.

        Raises `NotPublishedError` when there is none.
        """
        with self._lock:
            key = locate(home, is_masked)
            held = self._current.pop(is_masked, None)
            if held is not None and held.key != key:
                held.close()
                held = None
            self._current[is_masked] = held or Publication(key)
            return self._current[is_masked]


def locate(home: Home, is_masked: bool = False) -> PublicationKey:
    """Resolve the serving link to the real published file.

    Raises `NotPublishedError` when there is no link, when it leads nowhere, or when it leads to
    the warehouse, which belongs to the run alone.
    """
    link = home.serving_masked if is_masked else home.serving
    real = Path(os.path.realpath(link))
    if real.name == home.warehouse.name:
        raise NotPublishedError(
            f"{link} leads to {real.name}, which only a run may open. "
            "Run `tieout run` to publish again."
        )
    try:
        status = real.stat()
    except OSError as error:
        raise NotPublishedError(f"{link} does not exist.") from error
    return PublicationKey(str(real), status.st_ino, status.st_mtime_ns)


@cache
def sql(name: str) -> str:
    """The text of `queries/<name>.sql`, with the steps that it shares in place of `-- include: …`.

    They are those of `queries/parts/<part>.sql`, which several queries have in common, or a query
    of the metrics, so that a page shows what they tell.
    """
    text = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda found: _part(found[1]), text)


def _part(name: str) -> str:
    own = QUERIES / "parts" / f"{name}.sql"
    path = own if own.exists() else METRICS / own.name
    return path.read_text(encoding="utf-8").rstrip()


def run_sql(publication: Publication, name: str, parameters: Mapping[str, Any]) -> list[Row]:
    """Run one query file with bound parameters; every row as a dict, decimals as `Decimal`.

    Raises `ValueError` when the parameters are not exactly those that the file names.
    """
    text = sql(name)
    wanted = set(_PARAMETER.findall(text))
    if wanted != set(parameters):
        raise ValueError(
            f"queries/{name}.sql takes {sorted(wanted)}, was given {sorted(parameters)}"
        )
    with publication.cursor() as cursor:
        cursor.execute(text, dict(parameters))
        columns = [column[0] for column in cursor.description or []]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The process-wide store."""
    return Store()


def is_masked() -> bool:
    """Whether who looks at this page may not see personal data."""
    return not access.reader().may(Permission.SEE_PERSONAL_DATA)


def current() -> Publication:
    """The current publication of the configured home, as the person may see it."""
    return store().current(Home.from_environment(), is_masked())


def current_key() -> PublicationKey:
    """What tells that publication from others; it is not opened."""
    return locate(Home.from_environment(), is_masked())


def use(publication: Publication) -> None:
    """Make every query of this page run read the same publication."""
    st.session_state["_publication"] = publication
    st.session_state["_asked"] = {}


def asked() -> dict[str, Mapping[str, Any]]:
    """The queries that this page run has asked so far, with the parameters of the last time."""
    return dict(st.session_state.get("_asked", {}))


def used() -> Publication:
    """The publication that this page run reads, or that `reading` holds."""
    held = _HELD.get()
    return held if held is not None else st.session_state["_publication"]


@contextmanager
def reading(publication: Publication) -> Iterator[None]:
    """Read that publication where no page runs: a download is made after its page, in a thread."""
    token = _HELD.set(publication)
    try:
        yield
    finally:
        _HELD.reset(token)


@st.cache_data(show_spinner=False, max_entries=512)
def _cached(
    _publication: Publication,
    key: PublicationKey,
    name: str,
    text: str,
    parameters: tuple[tuple[str, Any], ...],
) -> list[Row]:
    return run_sql(_publication, name, {field: _thaw(value) for field, value in parameters})


def query(name: str, **parameters: Any) -> list[Row]:
    """Rows of `queries/<name>.sql` in the publication that this page run uses."""
    publication = used()
    if _HELD.get() is None:
        st.session_state.setdefault("_asked", {})[name] = parameters
    frozen = tuple(sorted((field, _freeze(value)) for field, value in parameters.items()))
    return _cached(publication, publication.key, name, sql(name), frozen)


def query_one(name: str, **parameters: Any) -> Row:
    """The single row of a query that always has one; raises `LookupError` otherwise."""
    rows = query(name, **parameters)
    if len(rows) != 1:
        raise LookupError(f"queries/{name}.sql gave {len(rows)} rows instead of one")
    return rows[0]


def stream(name: str, **parameters: Any) -> list[Row]:
    """Rows for a download: not cached, on whatever publication is current at the click.

    Call it from what `access.for_download` makes: the click itself is in no session.
    """
    try:
        return run_sql(current(), name, parameters)
    except PublicationReplacedError:
        return run_sql(current(), name, parameters)


def _freeze(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(value)
    return value


def _thaw(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
