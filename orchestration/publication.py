"""What a publication shows: the marts of a warehouse, written into one file.

The file begins as a copy of the former publication, or empty. Where the warehouse was built on the
state that it shows, the warehouse tells what has changed (`macros/kept`); else the marts are
compared. One publication is masked (`personal_data.py`).

While the build keeps the warehouse open, this is done in its process (`dbt_process.py`): the marts
are published before the warehouse is written into its file.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration import personal_data
from orchestration.files import open_duckdb, quoted
from orchestration.home import Home, TieoutError

MARTS_SCHEMA = "marts"

LARGEST_CHANGED_SHARE = 0.2
"""Of a mart's rows: where more have changed, it is written anew."""

LARGEST_FREE_SHARE = 0.3
"""Of a publication's blocks: where more hold nothing, it is packed, by writing all of it anew."""

SMALLEST_TO_PACK = 200
"""Blocks (of 256 KiB); a small file may be emptier."""

_HASH = "hash(t)"


class PublishError(TieoutError):
    """The marts cannot be published, or no publication can be read."""


@dataclass(frozen=True)
class Publication:
    """A file that is to show the marts. `shows` is the run whose marts it shows so far; empty where
    there is no file."""

    path: str
    shows: str
    is_masked: bool

    @property
    def database(self) -> str:
        """What it is attached as."""
        return "masked" if self.is_masked else "published"


@dataclass(frozen=True)
class Masking:
    """What the marts are selected by for who may not see personal data."""

    marks: personal_data.Marks
    key: str

    @classmethod
    def of(cls, home: Home) -> Masking:
        """By the project's marks and the home's key."""
        return cls(personal_data.marked(), personal_data.masking_key(home))

    def selection(self, mart: str, columns: Sequence[Sequence[str]]) -> str:
        """What to select of a mart."""
        return personal_data.selection(mart, columns, self.marks)

    def comment(self, selected: str) -> str:
        """What the table that it makes says of itself."""
        return personal_data.fingerprint(selected, self.key)


@dataclass(frozen=True)
class _Former:
    """What an attached publication shows so far: columns and comments of its tables, and how kept
    tables of the warehouse tell what has changed since (`_changes_since`)."""

    tables: dict[str, list[Any]]
    comments: dict[str, str | None]
    told: dict[str, list[str] | None]

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, publication: Publication) -> _Former:
        """Look at a publication."""
        return cls(
            tables_of(connection, publication.database),
            _comments(connection, publication.database),
            _changes_since(connection, publication.shows),
        )


def write(
    home: Home,
    publications: Sequence[Publication],
    connection: duckdb.DuckDBPyConnection | None = None,
) -> None:
    """Let publications show the marts of the warehouse; at the same time, each in a thread.

    Args:
        connection: with the warehouse as database `warehouse`; if left out, its file is read.

    Raises:
        PublishError: when the warehouse has no marts.
        PersonalDataError: when marts are marked by a kind that is not known.
    """
    if connection is None:
        with open_duckdb(home.target / "duckdb_scratch") as reader:
            reader.execute(f"attach {quoted(str(home.warehouse))} as warehouse (read_only)")
            write(home, publications, reader)
        return
    marts = tables_of(connection, "warehouse")
    if not marts:
        raise PublishError(
            f"{home.warehouse} has no tables in schema {MARTS_SCHEMA}: the build is incomplete."
        )
    masking = Masking.of(home)
    written = _written(connection, publications, masking, marts)
    anew = [replace(each, shows="") for each in publications if each.shows and each not in written]
    for publication in anew:
        for path in (publication.path, publication.path + ".wal"):
            Path(path).unlink(missing_ok=True)
    if anew:
        _written(connection, anew, masking, marts)


def _written(
    connection: duckdb.DuckDBPyConnection,
    publications: Sequence[Publication],
    masking: Masking,
    marts: dict[str, list[Any]],
) -> list[Publication]:
    """Bring publications to what the marts hold; those that came out well.

    One that was to be built on may be unreadable, or hold much room for nothing. What concerns all
    attached files is done outside of the threads: a look at the tables of all of them takes part in
    the transactions of each, and keeps it from being closed.

    Raises:
        duckdb.Error: when a new one cannot be written.
    """
    attached: list[Publication] = []
    try:
        for publication in publications:
            if _is_attached(connection, publication):
                attached.append(publication)
        begun = {each: _Former.of(connection, each) for each in attached}
        with ThreadPoolExecutor(len(publications)) as threads:
            ended = {
                each: threads.submit(
                    _bring_up, connection, each, masking if each.is_masked else None, marts, former
                )
                for each, former in begun.items()
            }
        return [
            each
            for each, writing in ended.items()
            if _is_well_written(each, writing.exception()) and not _has_much_room(connection, each)
        ]
    finally:
        for each in attached:
            connection.execute(f"detach {each.database}")


def _is_attached(connection: duckdb.DuckDBPyConnection, publication: Publication) -> bool:
    """Attach it; False where it is damaged, and can be written anew."""
    try:
        connection.execute(f"attach {quoted(publication.path)} as {publication.database}")
    except duckdb.Error as error:
        return _is_well_written(publication, error)
    return True


def _is_well_written(publication: Publication, error: BaseException | None) -> bool:
    if error is None:
        return True
    if isinstance(error, duckdb.Error) and publication.shows:
        return False
    raise error


def _has_much_room(connection: duckdb.DuckDBPyConnection, publication: Publication) -> bool:
    """Whether so much of the file holds nothing that it is written anew."""
    [(blocks, free)] = connection.execute(
        "select total_blocks, free_blocks from pragma_database_size() where database_name = ?",
        [publication.database],
    ).fetchall()
    return bool(free > LARGEST_FREE_SHARE * max(blocks, SMALLEST_TO_PACK))


def _bring_up(
    connection: duckdb.DuckDBPyConnection,
    publication: Publication,
    masking: Masking | None,
    marts: dict[str, list[Any]],
    former: _Former,
) -> None:
    """Let the tables of an attached publication hold what the marts hold."""
    with connection.cursor() as cursor:
        cursor.execute("set TimeZone = 'UTC'")
        cursor.execute(f"create schema if not exists {publication.database}.{MARTS_SCHEMA}")
        if masking:
            cursor.execute(f"set variable {personal_data.KEY} = {quoted(masking.key)}")
        for name in former.tables.keys() - marts.keys():
            cursor.execute(f"drop table {table_named(publication.database, name)}")
        for name, columns in marts.items():
            selected = masking.selection(name, columns) if masking else "*"
            comment = masking.comment(selected) if masking else None
            published = table_named(publication.database, name)
            is_written: bool | None = False
            if former.tables.get(name) == columns and former.comments.get(name) == comment:
                is_written = _told_changes_written(cursor, name, published, selected, former.told)
                if is_written is None:
                    is_written = _changes_written(cursor, name, published, selected)
            if not is_written:
                cursor.execute(
                    f"create or replace table {published} as "
                    f"select {selected} from {table_named('warehouse', name)}"
                )
                if comment:
                    cursor.execute(f"comment on table {published} is {quoted(comment)}")
        cursor.execute(f"checkpoint {publication.database}")


def _comments(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, str | None]:
    """What the tables of a publication say of themselves."""
    return dict(
        connection.execute(
            "select table_name, comment from duckdb_tables() "
            "where database_name = ? and schema_name = ?",
            [database, MARTS_SCHEMA],
        ).fetchall()
    )


def tables_of(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[Any]]:
    """Columns and their types of all marts in a database, in order of the names of the marts."""
    rows = connection.execute(
        "select table_name, list([column_name, data_type] order by ordinal_position) "
        "from information_schema.columns where table_catalog = ? and table_schema = ? "
        "group by table_name order by table_name",
        [database, MARTS_SCHEMA],
    ).fetchall()
    return {name: columns for name, columns in rows}


def _changes_since(
    connection: duckdb.DuckDBPyConnection, former_run: str
) -> dict[str, list[str] | None]:
    """How each kept table of the warehouse tells what changed since that run; empty if it does not.

    By the columns that name a part of it; by none where rows were only added; None where its rows
    were compared.
    """
    tables = dict(
        connection.execute(
            "select table_name, comment from duckdb_tables() "
            "where database_name = 'warehouse' and schema_name = 'changes'"
        ).fetchall()
    )
    if "last_run" not in tables:
        return {}
    [(built_on,)] = connection.execute("select built_on from warehouse.changes.last_run").fetchall()
    if built_on != former_run:
        return {}
    return {
        name: None if by is None else [column for column in by.split(", ") if column]
        for name, by in tables.items()
    }


def _told_changes_written(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    published: str,
    selected: str,
    told: dict[str, list[str] | None],
) -> bool | None:
    """Write what the warehouse tells of a mart's changes; None where it does not tell enough, False
    where writing the table anew costs less.

    By the columns of a part, or by the hashes of the rows that went, where the mart was compared
    as a whole and where these columns are masked. Rows that are there twice are told by the count.
    """
    if name not in told:
        return None
    changes = f'warehouse.changes."{name}"'
    mart = table_named("warehouse", name)
    [(changed, total)] = connection.execute(
        f"select (select count(*) from {changes}), (select count(*) from {mart})"
    ).fetchall()
    if changed > 2 * LARGEST_CHANGED_SHARE * total:
        return False
    by = told[name]
    if changed and by and not any(f'as "{column}"' in selected for column in by):
        key = f"({', '.join(by)})"
        of_changed = f"where {key} in (select {key} from {changes})"
        connection.execute(f"delete from {published} {of_changed}")
        connection.execute(
            f"insert into {published} select {selected} from (select * from {mart} {of_changed})"
        )
    elif changed:
        went, came = (
            f"(select {selected} from "
            f"(select * exclude (change) from {changes} where change = '{change}'))"
            for change in ("went", "came")
        )
        connection.execute(
            f"delete from {published} as t where {_HASH} in (select {_HASH} from {went} as t)"
        )
        connection.execute(f"insert into {published} select * from {came}")
    [(published_total,)] = connection.execute(f"select count(*) from {published}").fetchall()
    return True if published_total == total else None


def _changes_written(
    connection: duckdb.DuckDBPyConnection, name: str, published: str, selected: str
) -> bool:
    """Delete and add the rows that differ; False where writing the table anew costs less.

    Rows are compared by their hashes. That both hold the same number of each is what counts, and
    is looked at in the end: a table with a row twice is written anew.
    """
    mart = f"(select {selected} from {table_named('warehouse', name)})"
    for side, table in (("made", mart), ("shown", published)):
        connection.execute(
            f"create or replace temp table {side} as select {_HASH} as h from {table} t"
        )
    total, added, gone = _counts(connection)
    if added + gone > LARGEST_CHANGED_SHARE * total:
        return False
    if added or gone:
        connection.execute(
            f"delete from {published} as t where {_HASH} not in (select made.h from made)"
        )
        connection.execute(
            f"insert into {published} select t.* from {mart} as t "
            f"where {_HASH} not in (select shown.h from shown)"
        )
        connection.execute(
            f"create or replace temp table shown as select {_HASH} as h from {published} t"
        )
    [(same,)] = connection.execute(
        "select (select (count(*), sum(made.h)) from made) "
        "is not distinct from (select (count(*), sum(shown.h)) from shown)"
    ).fetchall()
    return bool(same)


def _counts(connection: duckdb.DuckDBPyConnection) -> tuple[int, int, int]:
    """Rows of the mart, those that are not published yet, and published ones that are gone."""
    [counts] = connection.execute(
        "select (select count(*) from made), "
        "(select count(*) from made where made.h not in (select shown.h from shown)), "
        "(select count(*) from shown where shown.h not in (select made.h from made))"
    ).fetchall()
    return counts


def table_named(database: str, name: str) -> str:
    return f'{database}.{MARTS_SCHEMA}."{name}"'
