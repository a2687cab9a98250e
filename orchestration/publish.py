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
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb

from orchestration import dbt_runs
from orchestration.files import remove_temporary, replacing, sync_folder
from orchestration.home import Home
from orchestration.publication import Publication, PublishError, write

KEPT_PUBLICATIONS = 5

COPY = "next.copy"
"""In `published`: what the next publication begins with, while it is copied."""


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


def _begun(target: Path, former: Path | None, *, is_masked: bool) -> Publication:
    """A publication that begins with what the former one shows, if there is one."""
    if former is None:
        return Publication(str(target), "", is_masked)
    _copy(former, target)
    return Publication(str(target), run_of(former), is_masked)


def _write(home: Home, begun: list[Publication]) -> None:
    """Where the build keeps the warehouse open, no other process can read it."""
    if dbt_runs.has_warehouse_open(home):
        dbt_runs.publish(home, [asdict(publication) for publication in begun])
    else:
        write(home, begun)


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
    path = free_name(home.published, run_id)
    masked = home.masked / path.name
    former_masked = _masked_of(home, former)
    with replacing(path) as temporary, replacing(masked) as temporary_masked:
        _write(
            home,
            [
                _begun(temporary, former, is_masked=False),
                _begun(temporary_masked, former_masked, is_masked=True),
            ],
        )
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


def run_of(publication: Path) -> str:
    """The run that a publication is named after."""
    return "-".join(publication.stem.split("-")[:2])
