"""Publications: the marts of a successful run, in a file that readers open and never a writer.

Every publication has a name of its own, and `serving.duckdb` is a relative link that is swapped to
the newest by one rename. A reader resolves the link and keys its cache on the real path, because
DuckDB keeps showing old data to a process that holds a handle on a replaced path.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

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


class PublishError(TieoutError):
    """The marts cannot be published, or no publication can be read."""


def publish(home: Home, run_id: str, *, keep: int = KEPT_PUBLICATIONS) -> Path:
    """Copy the marts of the warehouse into a new file, serve it, and drop old publications.

    Returns the path of the publication. A killed publish leaves the former one served.

    Raises:
        PublishError: when the warehouse has no marts.
    """
    remove_temporary(home.published)
    path = free_name(home.published, run_id)
    with replacing(path) as temporary:
        _copy_marts(home, temporary)
    serve(home, path)
    for old in publications(home)[keep:]:
        old.unlink(missing_ok=True)
    return path


def free_name(folder: Path, run_id: str) -> Path:
    """`<run_id>.duckdb`, else with a counter: a name that readers may hold is not used again."""
    path = folder / f"{run_id}.duckdb"
    counter = 1
    while path.exists():
        counter += 1
        path = folder / f"{run_id}-{counter}.duckdb"
    return path


def serve(home: Home, publication: Path) -> None:
    """Point `serving.duckdb` at a publication in one step."""
    link = home.serving.with_name(home.serving.name + ".tmp")
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(publication, home.root))
    os.replace(link, home.serving)
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


def _copy_marts(home: Home, target: Path) -> None:
    with open_duckdb(home.target / "duckdb_scratch") as connection:
        connection.execute(f"attach {quoted(str(home.warehouse))} as warehouse (read_only)")
        tables = [
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables "
                f"where table_catalog = 'warehouse' and table_schema = '{MARTS_SCHEMA}' "
                "order by table_name"
            ).fetchall()
        ]
        if not tables:
            raise PublishError(
                f"{home.warehouse} has no tables in schema {MARTS_SCHEMA}: the build is incomplete."
            )
        connection.execute(f"attach {quoted(str(target))} as publication")
        connection.execute(f"create schema publication.{MARTS_SCHEMA}")
        for name in tables:
            connection.execute(
                f'create table publication.{MARTS_SCHEMA}."{name}" as '
                f'select * from warehouse.{MARTS_SCHEMA}."{name}"'
            )
        connection.execute("detach publication")
