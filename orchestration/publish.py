"""Publications: the marts of a successful run, in a file that readers open and never a writer.

A publication is a copy of the former one in which the rows that differ are replaced. Where the
warehouse was built on the state that the former one shows, it tells what has changed
(`macros/kept`), and a publication costs a file copy, which is made while the audit marts are built,
and the change; else the marts are compared. Every one has a name of its own, and
`serving.duckdb` is a relative link that is swapped to the newest by one rename. A reader resolves
the link and keys its cache on the real path, because DuckDB keeps showing old data to a process
that holds a handle on a replaced path.

Beside each publication lies one of the same name in `masked/`, without personal data
(`personal_data.py`), for who may not see it; `serving_masked.duckdb` leads there. It is made in the
same way, of its former one, at the same time.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb

from orchestration import personal_data
from orchestration.files import (
    open_duckdb,
    quoted,
    remove_temporary,
    replacing,
    sync_folder,
)
from orchestration.home import Home, TieoutError

MARTS_SCHEMA = "marts"
KEPT_PUBLICATIONS = 5

COPY = "next.copy"
"""In `published`: what the next publication begins with, while it is copied."""

LARGEST_CHANGED_SHARE = 0.2
"""Of a mart's rows: where more have changed, it is written anew."""

LARGEST_FREE_SHARE = 0.3
"""Of a publication's blocks: where more hold nothing, it is packed, by writing all of it anew."""

SMALLEST_TO_PACK = 200
"""Blocks (of 256 KiB); a small file may be emptier."""

_HASH = "hash(t)"


class PublishError(TieoutError):
    """The marts cannot be published, or no publication can be read."""


@dataclass
class _Copy:
    """A copy of a publication that another thread makes; `is_whole` once it is on disk."""

    former: Path
    path: Path
    is_whole: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.thread = Thread(target=self._make, daemon=True)
        self.thread.start()

    def _make(self) -> None:
        with suppress(OSError):
            shutil.copyfile(self.former, self.path)
            with open(self.path, "rb") as handle:
                os.fsync(handle.fileno())
            self.is_whole = True


_copies: dict[Path, _Copy] = {}
"""By where it lies, what is copied for the next publication of a home."""


@contextmanager
def copying(home: Home) -> Iterator[None]:
    """Meanwhile copy the served publications, so that `publish` does not have to."""
    formers = (served_publication(home), _masked_of(home, served_publication(home)))
    for former in formers:
        if former is not None:
            copy = _Copy(former, former.with_name(COPY))
            _copies[copy.path] = copy
    try:
        yield
    except BaseException:
        for former in formers:
            copied = _copies.pop(former.with_name(COPY), None) if former is not None else None
            if copied is not None:
                copied.thread.join()
                copied.path.unlink(missing_ok=True)
        raise


def _masked_of(home: Home, publication: Path | None) -> Path | None:
    """The masked publication that was made with another one, if there is one."""
    if publication is None or not (home.masked / publication.name).exists():
        return None
    return home.masked / publication.name


def _copy(former: Path, target: Path) -> None:
    """Make `target` a copy of a publication, the one that was made meanwhile if there is one."""
    copy = _copies.pop(former.with_name(COPY), None)
    if copy is not None:
        copy.thread.join()
        if copy.is_whole and copy.former == former:
            os.replace(copy.path, target)
            return
    former.with_name(COPY).unlink(missing_ok=True)
    shutil.copyfile(former, target)


def publish(home: Home, run_id: str, *, keep: int = KEPT_PUBLICATIONS) -> Path:
    """Write the marts of the warehouse into a new file, serve it, and drop old publications.

    Returns the path of the publication. A killed publish leaves the former one served.

    Raises:
        PublishError: when the warehouse has no marts.
        PersonalDataError: when marts are marked by a kind that is not known.
    """
    home.masked.mkdir(parents=True, exist_ok=True)
    for folder in (home.published, home.masked):
        remove_temporary(folder)
    former = served_publication(home)
    former_run = run_of(former) if former else ""
    path = free_name(home.published, run_id)
    masked = home.masked / path.name
    former_masked = _masked_of(home, former)
    with replacing(path) as temporary, replacing(masked) as temporary_masked:
        masking = Masking.of(home)
        with ThreadPoolExecutor(1) as aside:
            other = aside.submit(_write, home, temporary_masked, former_masked, former_run, masking)
            _write(home, temporary, former, former_run)
            other.result()
    # The masked one first: nobody is left with an older one than others see.
    serve(home, masked, home.serving_masked)
    serve(home, path)
    for old in publications(home)[keep:]:
        old.unlink(missing_ok=True)
    kept = {publication.name for publication in publications(home)}
    for old in home.masked.glob("*.duckdb"):
        if old.name not in kept:
            old.unlink(missing_ok=True)
    return path


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


def free_name(folder: Path, run_id: str) -> Path:
    """`<run_id>.duckdb`, else with a counter: a name that readers may hold is not used again."""
    path = folder / f"{run_id}.duckdb"
    counter = 1
    while path.exists():
        counter += 1
        path = folder / f"{run_id}-{counter}.duckdb"
    return path


def serve(home: Home, publication: Path, served: Path | None = None) -> None:
    """Point `serving.duckdb` (or another link) at a publication in one step."""
    served = served or home.serving
    link = served.with_name(served.name + ".tmp")
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(publication, home.root))
    os.replace(link, served)
    sync_folder(home.root)


def publications(home: Home) -> list[Path]:
    """All publications, newest first; the served one leads."""
    served = served_publication(home)
    found = sorted(
        home.published.glob("*.duckdb"),
        key=lambda path: (path == served, path.stat().st_mtime_ns, path.name),
        reverse=True,
    )
    return found


def served_publication(home: Home) -> Path | None:
    """The file that `serving.duckdb` leads to, if there is one."""
    if not home.serving.exists():
        return None
    # Not Path.resolve(): the home itself may lie behind a link, and paths are compared.
    return home.root / os.readlink(home.serving)


@contextmanager
def reading(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the served publication.

    Raises:
        PublishError: when nothing has been published yet.
    """
    path = served_publication(home)
    if path is None:
        raise PublishError(
            f"Nothing is published under {home.root} yet. Run `make run` (or `tieout run`) first."
        )
    connection = duckdb.connect(str(path), read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def published_blocks(home: Home) -> list[tuple[int, str]]:
    """Number and hash of the blocks that the served publication shows, ascending.

    Raises:
        PublishError: when the publication cannot be read.
    """
    if served_publication(home) is None:
        return []
    try:
        with reading(home) as connection:
            rows: Sequence[tuple[Any, ...]] = connection.execute(
                "select block, block_hash from marts.fct_audit_blocks order by block"
            ).fetchall()
    except duckdb.Error as error:
        raise PublishError(
            f"{home.serving} cannot be read ({error}). Delete {home.serving} and run again."
        ) from error
    return [(int(block), str(block_hash)) for block, block_hash in rows]


def _write(
    home: Home,
    target: Path,
    former: Path | None,
    former_run: str,
    masking: Masking | None = None,
) -> None:
    """Make `target` hold the marts of the warehouse: the former publication with its changes.

    With `masking` without personal data.

    Raises:
        PublishError: when the warehouse has no marts.
    """
    if former is not None:
        _copy(former, target)
    try:
        is_written = _update(home, target, former_run, masking)
    except duckdb.Error:
        # the former one cannot be read, or cannot be built on
        if former is None:
            raise
        is_written = False
    if not is_written:
        target.unlink(missing_ok=True)
        target.with_name(target.name + ".wal").unlink(missing_ok=True)
        _update(home, target, "", masking)


def run_of(publication: Path) -> str:
    """The run that a publication is named after."""
    return "-".join(publication.stem.split("-")[:2])


def _update(
    home: Home,
    target: Path,
    former_run: str,
    masking: Masking | None = None,
) -> bool:
    """Bring the tables of `target` to what the marts hold; False where that left too much room.

    `former_run` is the run that `target` shows so far.
    """
    with open_duckdb(home.target / "duckdb_scratch") as connection:
        connection.execute(f"attach {quoted(str(home.warehouse))} as warehouse (read_only)")
        connection.execute(f"attach {quoted(str(target))} as publication")
        connection.execute(f"create schema if not exists publication.{MARTS_SCHEMA}")
        marts = tables_of(connection, "warehouse")
        if not marts:
            raise PublishError(
                f"{home.warehouse} has no tables in schema {MARTS_SCHEMA}: the build is incomplete."
            )
        if masking:
            connection.execute(f"set variable {personal_data.KEY} = {quoted(masking.key)}")
        former = tables_of(connection, "publication")
        comments = _comments(connection)
        told = _changes_since(connection, former_run)
        for name in former.keys() - marts.keys():
            connection.execute(f"drop table {table_named('publication', name)}")
        for name, columns in marts.items():
            selected = masking.selection(name, columns) if masking else "*"
            comment = masking.comment(selected) if masking else None
            is_written: bool | None = False
            if former.get(name) == columns and comments.get(name) == comment:
                is_written = _told_changes_written(connection, name, selected, told)
                if is_written is None:
                    is_written = _changes_written(connection, name, selected)
            if not is_written:
                connection.execute(
                    f"create or replace table {table_named('publication', name)} as "
                    f"select {selected} from {table_named('warehouse', name)}"
                )
                if comment:
                    connection.execute(
                        f"comment on table {table_named('publication', name)} is {quoted(comment)}"
                    )
        connection.execute("checkpoint publication")
        [(blocks, free)] = connection.execute(
            "select total_blocks, free_blocks from pragma_database_size() "
            "where database_name = 'publication'"
        ).fetchall()
        connection.execute("detach publication")
    return bool(free <= LARGEST_FREE_SHARE * max(blocks, SMALLEST_TO_PACK))


def _comments(connection: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """What the tables of the publication say of themselves."""
    return dict(
        connection.execute(
            "select table_name, comment from duckdb_tables() "
            "where database_name = 'publication' and schema_name = ?",
            [MARTS_SCHEMA],
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
    mart, published = table_named("warehouse", name), table_named("publication", name)
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


def _changes_written(connection: duckdb.DuckDBPyConnection, name: str, selected: str) -> bool:
    """Delete and add the rows that differ; False where writing the table anew costs less.

    Rows are compared by their hashes. That both hold the same number of each is what counts, and
    is looked at in the end: a table with a row twice is written anew.
    """
    mart = f"(select {selected} from {table_named('warehouse', name)})"
    published = table_named("publication", name)
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
