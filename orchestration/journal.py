"""The journal: decisions sealed in hash-chained blocks (audit recipe, version 1).

A block is two Parquet files, entries first and the block file last; the block file is the commit.
Blocks are write-once (the files of many become one, `journal_files.py`). After it the anchor, one
line with the block's hashes, is appended to `anchors.jsonl` (and to the file named by
`TIEOUT_ANCHORS`, best on another machine).

Sealing runs in DuckDB SQL, so that a million entries take seconds; `verify.py` computes the same
hashes in plain Python.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import canonical, warehouse
from orchestration.dbt_runs import DbtFailed
from orchestration.files import (
    copy_to_parquet,
    open_duckdb,
    quoted,
    remove_temporary,
    sync_folder,
)
from orchestration.home import Home, iso_timestamp
from orchestration.journal_files import (
    ENTRIES,
    HEADERS,
    JournalError,
    JournalFile,
    compact,
    file_path,
    find,
    holding,
    settle,
)
from orchestration.publish import published_blocks

TO_SEAL = "intermediate.int_decisions__to_seal"

SEALED = (
    "entry_type",
    "subject_type",
    "subject_id",
    "actor",
    "payload",
    "occurred_at",
    "source_hashes",
)
"""What of a decision is sealed; all of it must be there."""

ENTRY_COLUMNS = {
    "block": "bigint",
    "position": "bigint",
    "entry_type": "varchar",
    "subject_type": "varchar",
    "subject_id": "varchar",
    "actor": "varchar",
    "occurred_at": "timestamp",
    "payload": "varchar",
    "source_hashes": "varchar[]",
    "entry_hash": "varchar",
}
BLOCK_COLUMNS = {
    "block": "bigint",
    "run_id": "varchar",
    "sealed_at": "timestamp",
    "entry_count": "bigint",
    "root_hash": "varchar",
    "previous_hash": "varchar",
    "block_hash": "varchar",
}


@dataclass(frozen=True)
class Block:
    """The header of a sealed block; `sealed_at` is naive UTC."""

    block: int
    run_id: str
    sealed_at: datetime
    entry_count: int
    root_hash: str
    previous_hash: str
    block_hash: str

    def computed_hash(self) -> str:
        """The hash that the header's columns give."""
        return canonical.block_hash(
            block=self.block,
            run_id=self.run_id,
            sealed_at=iso_timestamp(self.sealed_at),
            entry_count=self.entry_count,
            root_hash=self.root_hash,
            previous_hash=self.previous_hash,
        )

    def anchor(self) -> str:
        """The line that stands for this block in an anchor file."""
        return canonical.canonical_json(
            {**asdict(self), "sealed_at": iso_timestamp(self.sealed_at)}
        )


def entries_path(home: Home, block: int) -> Path:
    """Where the seal writes the entries of a block."""
    return file_path(home, ENTRIES, block)


def block_path(home: Home, block: int) -> Path:
    """Where the seal writes the header of a block."""
    return file_path(home, HEADERS, block)


def anchor_files(home: Home, environment: Mapping[str, str] | None = None) -> list[Path]:
    """The anchor file of the home, and the second one when `TIEOUT_ANCHORS` names one."""
    environment = os.environ if environment is None else environment
    second = environment.get("TIEOUT_ANCHORS", "").strip()
    return [home.anchors, *([Path(second).expanduser().absolute()] if second else [])]


def read_anchors(path: Path) -> list[dict[str, Any]]:
    """The anchors of a file, in its order; none when it does not exist.

    A last line without its newline is what a killed run leaves; it is not an anchor.

    Raises:
        JournalError: when a complete line is not an anchor.
    """
    if not path.exists():
        return []
    anchors = []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    for number, line in enumerate(lines, start=1):
        try:
            anchor = json.loads(line)
            int(anchor["block"]), anchor["block_hash"]
        except (ValueError, KeyError, TypeError) as error:
            raise JournalError(
                f"Line {number} of {path} is not an anchor: {line[:80]!r}. "
                "Somebody changed the file; restore it from a copy."
            ) from error
        anchors.append(anchor)
    return anchors


def read_blocks(home: Home) -> list[Block]:
    """All block headers, ascending.

    Raises:
        JournalError: when a file cannot be read, or holds other blocks than its name says.
    """
    blocks: dict[int, Block] = {}
    with open_duckdb() as connection:
        for file in dict.fromkeys(holding(home, HEADERS).values()):
            blocks |= read_headers(connection, file)
    return [blocks[number] for number in sorted(blocks)]


def read_headers(connection: duckdb.DuckDBPyConnection, file: JournalFile) -> dict[int, Block]:
    """The headers in one file, by block.

    Raises:
        JournalError: when the file cannot be read, or holds other blocks than its name says.
    """
    try:
        rows = connection.execute(
            f"select {', '.join(BLOCK_COLUMNS)} from read_parquet({quoted(str(file.path))})"
        ).fetchall()
    except duckdb.Error as error:
        raise JournalError(f"{file.path} cannot be read: {error}") from error
    blocks = {row[0]: Block(*row) for row in rows}
    if len(blocks) != len(rows) or not set(blocks) <= set(file.blocks) or not blocks:
        named = f"{file.first} to {file.last}" if file.is_compacted else f"{file.first}"
        raise JournalError(f"{file.path} does not hold exactly the header of block {named}.")
    return blocks


def prepare(home: Home) -> list[Block]:
    """Make the journal ready for a run and return its blocks.

    Removes what a killed run left unfinished: temporary files, files that a compacted one holds,
    and entries whose block was never committed (the next seal writes them again). Then checks the
    chain of headers against the anchors, and appends the anchor of a last block that was killed
    before it was anchored. A journal that is whole is compacted.

    Raises:
        JournalError: when the chain is broken, or headers and anchors disagree.
    """
    home.create()
    remove_temporary(home.journal)
    _write_empty_files(home)
    settle(home)
    committed = holding(home, HEADERS)
    for file in find(home, ENTRIES):
        if not file.is_compacted and file.first not in committed:
            file.path.unlink()
    blocks = read_blocks(home)
    _check_chain(home, blocks)
    _complete_anchors(home, blocks)
    compact(home, len(blocks))
    return blocks


def seal(home: Home, run_id: str, sealed_at: datetime) -> Block | None:
    """Seal the decisions that wait in the warehouse as the next block; None when there are none.

    Raises:
        JournalError: when a decision lacks a column, or the journal cannot be continued.
    """
    blocks = prepare(home)
    number = len(blocks) + 1
    previous_hash = blocks[-1].block_hash if blocks else canonical.GENESIS_HASH
    waiting = _copy_waiting(home)
    with open_duckdb(home.target / "duckdb_scratch") as connection:
        entry_count = _number_entries(connection, waiting, number)
        waiting.unlink()
        if entry_count == 0:
            return None
        _hash_entries(connection)
        root_hash = _merkle_root(connection)
        block = Block(
            block=number,
            run_id=run_id,
            sealed_at=sealed_at,
            entry_count=entry_count,
            root_hash=root_hash,
            previous_hash=previous_hash,
            block_hash="",
        )
        block = Block(**{**asdict(block), "block_hash": block.computed_hash()})
        copy_to_parquet(
            connection,
            f"select {', '.join(ENTRY_COLUMNS)} from entry order by position",
            entries_path(home, number),
        )
        _write_block(connection, home, block)
    _append_anchors(home, [block])
    return block


def _copy_waiting(home: Home) -> Path:
    """A file of what waits to be sealed: whoever builds the warehouse may keep it open alone."""
    waiting = home.target / "to_seal.parquet"
    waiting.parent.mkdir(parents=True, exist_ok=True)
    copy = f"copy (select {', '.join(SEALED)} from {TO_SEAL}) to {quoted(str(waiting))} "
    try:
        warehouse.execute(home, [(f"{copy} (format parquet)", [])], keeps_open=True)
    except (duckdb.CatalogException, duckdb.BinderException, DbtFailed) as error:
        raise JournalError(
            f"The warehouse has no {TO_SEAL}, or it lacks a column: {error}"
        ) from error
    return waiting


def _number_entries(connection: duckdb.DuckDBPyConnection, waiting: Path, block: int) -> int:
    """Make the table `decision` in order of sealing; return its rows."""
    connection.execute(f"create temp view waiting as from read_parquet({quoted(str(waiting))})")
    incomplete = connection.execute(
        f"from waiting where {' or '.join(f'{column} is null' for column in SEALED)} limit 1"
    ).fetchone()
    if incomplete is not None:
        raise JournalError(
            f"{TO_SEAL} has a decision without a value in one of {', '.join(SEALED)}: "
            f"{dict(zip(SEALED, incomplete, strict=True))}. Nothing was sealed."
        )
    connection.execute(
        f"""
        create temp table decision as
        select
            cast({block} as bigint) as block,
            row_number() over (
                order by entry_type, subject_type, subject_id, payload,
                    actor, occurred_at, source_hashes
            ) as position,
            entry_type,
            subject_type,
            subject_id,
            actor,
            cast(occurred_at as timestamp) as occurred_at,
            payload,
            list_sort(source_hashes) as source_hashes
        from waiting
        """
    )
    return _scalar(connection, "select count(*) from decision")


def _hash_entries(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `entry`: `decision` with its hashes, by concatenation in SQL.

    DuckDB writes control characters in JSON in another way than RFC 8785, and a payload might have
    come in a form that is not canonical. Those entries are few; they go through `canonical`.
    """
    connection.execute(
        """
        create temp table careful as
        select *
        from decision
        where contains(payload, chr(92) || 'u')
            or json(payload) is distinct from payload
            or regexp_matches(
                concat_ws(
                    '', entry_type, subject_type, subject_id, actor,
                    array_to_string(source_hashes, '')
                ),
                '[[:cntrl:]]'
            )
        """
    )
    careful = []
    for row in connection.execute("select * from careful order by position").fetchall():
        values = dict(zip(ENTRY_COLUMNS, (*row, None), strict=True))
        values["payload"] = canonical.canonical_text(values["payload"])
        values["entry_hash"] = hash_of_entry(values)
        careful.append(tuple(values.values()))
    columns = ", ".join(f"{name} {kind}" for name, kind in ENTRY_COLUMNS.items())
    connection.execute(f"create temp table entry ({columns})")
    if careful:
        connection.executemany(
            f"insert into entry values ({', '.join('?' * len(ENTRY_COLUMNS))})", careful
        )
    connection.execute(
        f"""
        insert into entry
        select
            decision.*,
            sha256(concat(
                '{{"actor":', to_json(actor),
                ',"block":"', block,
                '","entry_type":', to_json(entry_type),
                ',"occurred_at":"', strftime(occurred_at, '%Y-%m-%dT%H:%M:%S.%fZ'),
                '","payload":', payload,
                ',"position":"', position,
                '","source_hashes":', to_json(source_hashes),
                ',"subject_id":', to_json(subject_id),
                ',"subject_type":', to_json(subject_type),
                ',"v":"{canonical.RECIPE_VERSION}"}}'
            )) as entry_hash
        from decision
        anti join careful on decision.position = careful.position
        """
    )


def hash_of_entry(values: Mapping[str, Any]) -> str:
    """The hash of an entry given by its columns, in plain Python; its payload is canonical."""
    return canonical.entry_hash(
        block=values["block"],
        position=values["position"],
        entry_type=values["entry_type"],
        subject_type=values["subject_type"],
        subject_id=values["subject_id"],
        actor=values["actor"],
        occurred_at=iso_timestamp(values["occurred_at"]),
        payload=canonical.CanonicalText(values["payload"]),
        source_hashes=values["source_hashes"],
    )


def _merkle_root(connection: duckdb.DuckDBPyConnection) -> str:
    """RFC 6962 tree hash over `entry_hash`: pair level by level, an odd last node moves up."""
    connection.execute(
        """
        create or replace temp table merkle_level as
        select position - 1 as node, sha256(unhex('00') || unhex(entry_hash)) as hash
        from entry
        """
    )
    while _scalar(connection, "select count(*) from merkle_level") > 1:
        connection.execute(
            """
            create or replace temp table merkle_level as
            select
                node // 2 as node,
                case
                    when count(*) = 1 then min(hash)
                    else sha256(
                        unhex('01')
                        || unhex(min(case when node % 2 = 0 then hash end))
                        || unhex(min(case when node % 2 = 1 then hash end))
                    )
                end as hash
            from merkle_level
            group by node // 2
            """
        )
    return str(_scalar(connection, "select hash from merkle_level"))


def _write_block(connection: duckdb.DuckDBPyConnection, home: Home, block: Block) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in BLOCK_COLUMNS.items())
    connection.execute(f"create or replace temp table block_header ({columns})")
    connection.execute(
        f"insert into block_header values ({', '.join('?' * len(BLOCK_COLUMNS))})",
        list(asdict(block).values()),
    )
    copy_to_parquet(connection, "select * from block_header", block_path(home, block.block))


def _write_empty_files(home: Home) -> None:
    """Zero-row files with the schema, so that a glob over a new journal finds something."""
    with open_duckdb() as connection:
        for family, columns in (("entries", ENTRY_COLUMNS), ("block", BLOCK_COLUMNS)):
            path = home.journal / f"_empty.{family}.parquet"
            if not path.exists():
                nulls = ", ".join(
                    f"cast(null as {kind}) as {name}" for name, kind in columns.items()
                )
                copy_to_parquet(connection, f"select {nulls} where false", path)


def _check_chain(home: Home, blocks: Sequence[Block]) -> None:
    previous_hash = canonical.GENESIS_HASH
    with_entries = holding(home, ENTRIES)
    for expected_number, block in enumerate(blocks, start=1):
        if block.block != expected_number:
            raise JournalError(
                f"Block {expected_number} is missing in {home.journal}, block {block.block} is "
                "there. Restore it from a copy; `tieout verify` tells what else is wrong."
            )
        if block.previous_hash != previous_hash or block.computed_hash() != block.block_hash:
            raise JournalError(
                f"Block {block.block} in {home.journal} does not continue the chain. Nothing is "
                "sealed on top of it. Restore it from a copy; `tieout verify` tells more."
            )
        if block.block not in with_entries:
            raise JournalError(
                f"The entries of block {block.block} are missing: "
                f"{entries_path(home, block.block)}. Restore them from a copy."
            )
        previous_hash = block.block_hash


def _complete_anchors(home: Home, blocks: Sequence[Block]) -> None:
    """Append the anchor of the last block where a killed run did not; refuse any other difference.

    A second anchor file that does not exist yet starts with all blocks.
    """
    for path in anchor_files(home):
        anchors = read_anchors(path)
        if len(anchors) > len(blocks):
            raise JournalError(
                f"{path} knows {len(anchors)} blocks, the journal has {len(blocks)}: the journal "
                "was truncated. Restore it from a copy; `tieout verify` names what is missing."
            )
        for anchor, block in zip(anchors, blocks, strict=False):
            if int(anchor["block"]) != block.block or anchor["block_hash"] != block.block_hash:
                raise JournalError(
                    f"{path} says block {anchor['block']} has hash {anchor['block_hash']}, "
                    f"the journal says {block.block_hash}. `tieout verify` tells more."
                )
        missing = blocks[len(anchors) :]
        if path == home.anchors and missing:
            _check_never_anchored(home, missing[0])
        is_new_copy = path != home.anchors and not path.exists()
        if len(missing) > 1 and not is_new_copy:
            raise JournalError(
                f"{path} ends at block {len(anchors)}, the journal at block {len(blocks)}. A "
                "stopped run leaves out one at most: the file was cut. Restore it from a copy."
            )
        _append(path, missing)


def _check_never_anchored(home: Home, block: Block) -> None:
    """A block is published after it is anchored: a published one without an anchor lost it."""
    if block.block in {number for number, _ in published_blocks(home)}:
        raise JournalError(
            f"Block {block.block} is published and has no anchor in {home.anchors}: the line was "
            "removed. Restore the file from a copy; `tieout verify` compares all of it."
        )


def _append_anchors(home: Home, blocks: Sequence[Block]) -> None:
    for path in anchor_files(home):
        _append(path, blocks)


def _append(path: Path, blocks: Sequence[Block]) -> None:
    if not blocks:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    complete = path.read_bytes() if path.exists() else b""
    unfinished = len(complete) - (complete.rfind(b"\n") + 1)
    with open(path, "ab") as handle:
        if unfinished:
            handle.truncate(len(complete) - unfinished)
        handle.write("".join(block.anchor() + "\n" for block in blocks).encode("utf-8"))
        handle.flush()
        os.fsync(handle.fileno())
    sync_folder(path.parent)


def _scalar(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    if row is None:
        raise JournalError(f"No row came back from: {query}")
    return row[0]
