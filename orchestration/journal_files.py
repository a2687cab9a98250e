"""The files of the journal: which of them holds which block, and how those of many runs become one.

A run that decides something writes `000033.entries.parquet` and `000033.block.parquet`. Once
`COMPACTED` blocks are whole, one file takes their place in each family, named by the first and the
last (`000001-000032.entries.parquet`): the same rows in the same order, so that what was sealed,
and what somebody did to it, is told as before.

The new file is complete before the old ones go. Where a kill leaves both, the new one is read, and
`settle` removes the others before dbt, which reads all files by a pattern, counts rows twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration import recomputed
from orchestration.files import copy_to_parquet, open_duckdb, quoted, sync_folder
from orchestration.home import Home, TieoutError

ENTRIES, HEADERS = "entries", "block"
FAMILIES = (ENTRIES, HEADERS)

COMPACTED = 32
"""Blocks whose files become one: the thousandth run opens some sixty of a family."""

_NAME = re.compile(r"(?P<first>[0-9]{6,})(-(?P<last>[0-9]{6,}))?\.[a-z]+\.parquet")


class JournalError(TieoutError):
    """The journal cannot be continued as it lies on disk."""


@dataclass(frozen=True, order=True)
class JournalFile:
    """A file of one family; it holds the blocks from the first to the last."""

    first: int
    last: int
    path: Path

    @property
    def is_compacted(self) -> bool:
        return self.last > self.first

    @property
    def blocks(self) -> range:
        return range(self.first, self.last + 1)

    @property
    def rows_of_others(self) -> str:
        """SQL condition for rows of blocks that do not belong here."""
        return f"(block is null or block not between {self.first} and {self.last})"


def file_path(home: Home, family: str, first: int, last: int | None = None) -> Path:
    """Where a family keeps one block, or all from the first to the last."""
    span = f"{first:06d}" if last is None else f"{first:06d}-{last:06d}"
    return home.journal / f"{span}.{family}.parquet"


def find(home: Home, family: str) -> list[JournalFile]:
    """All files of a family that are named by blocks, ascending."""
    found = []
    for path in home.journal.glob(f"*.{family}.parquet"):
        named = _NAME.fullmatch(path.name)
        if named:
            first = int(named["first"])
            found.append(JournalFile(first, int(named["last"] or first), path))
    return sorted(found)


def holding(home: Home, family: str) -> dict[int, JournalFile]:
    """The file of a family that each block is read from, by block, ascending."""
    found = sorted(find(home, family), key=lambda file: (file.is_compacted, file))
    return dict(sorted((number, file) for file in found for number in file.blocks))


def compact(home: Home, last_block: int) -> None:
    """Make one file of every `COMPACTED` files of single blocks, up to the last block.

    The caller has found headers, chain and anchors whole. Files in which a row names another block
    are left as they are, for `tieout verify` to name.

    Raises:
        JournalError: when the disk does not give back what was written.
    """
    for family in FAMILIES:
        single = {file.first: file for file in find(home, family) if not file.is_compacted}
        for first in range(1, last_block - COMPACTED + 2, COMPACTED):
            last = first + COMPACTED - 1
            parts = [single[number] for number in range(first, last + 1) if number in single]
            if len(parts) == COMPACTED:
                _compact(home, parts, file_path(home, family, first, last))
    settle(home)


def settle(home: Home) -> None:
    """Remove the files of single blocks that a compacted one holds, too.

    Raises:
        JournalError: when the two tell different things.
    """
    for family in FAMILIES:
        found = find(home, family)
        for whole in (file for file in found if file.is_compacted):
            parts = [file for file in found if not file.is_compacted and file.first in whole.blocks]
            if parts:
                _remove_parts(whole, parts)


def _compact(home: Home, parts: Sequence[JournalFile], target: Path) -> None:
    with open_duckdb() as connection:
        # rows stay as they lie: their order in the file is looked at by `tieout verify`
        connection.execute("set preserve_insertion_order = true")
        strays = " or ".join(
            f"exists (select 1 from {_relation([part])} where {part.rows_of_others})"
            for part in parts
        )
        if _holds(connection, strays):
            return
        copy_to_parquet(connection, f"select * from {_relation(parts)}", target)
    recomputed.carry(home, [part.path for part in parts], target)


def _remove_parts(whole: JournalFile, parts: Sequence[JournalFile]) -> None:
    numbers = ", ".join(str(part.first) for part in parts)
    kept = f"(from {_relation([whole])} where block in ({numbers}))"
    single = _relation(parts)
    try:
        with open_duckdb() as connection:
            is_same = _holds(
                connection,
                f"(select count(*) from {kept}) = (select count(*) from {single}) "
                f"and not exists (from {kept} except all from {single})",
            )
    except duckdb.Error as error:
        raise JournalError(f"{whole.path} cannot be read: {error}") from error
    if not is_same:
        raise JournalError(
            f"{whole.path} and the files of block {numbers} do not tell the same. Restore "
            f"{whole.path.parent} from a copy that verifies."
        )
    for part in parts:
        part.path.unlink()
    sync_folder(whole.path.parent)


def _relation(files: Sequence[JournalFile]) -> str:
    listed = ", ".join(quoted(str(file.path)) for file in files)
    return f"read_parquet([{listed}])"


def _holds(connection: duckdb.DuckDBPyConnection, condition: str) -> bool:
    [(holds,)] = connection.execute(f"select {condition}").fetchall()
    return bool(holds)
