"""`tieout verify`: recompute the whole journal from its recipe and say what was done to it.

Nothing here is shared with the SQL that seals, except the files: each entry is parsed, written
again in canonical form, hashed, and followed up the tree to the block, the chain, the anchors and
the published copy of the blocks. What each check catches:

- an edited entry: its hash no longer follows from its columns, or the tree not from the hashes
- a deleted or reordered entry: positions have a gap or a hash stands in another place
- a deleted or reordered block: a number is missing or the chain does not continue
- a truncation (the newest blocks cut off, which a chain alone cannot show): the anchors or the
  publication know blocks that the journal does not have

A run asks for less (`verify_new`): what it or an earlier one found whole is not hashed again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from orchestration import canonical, progress, recomputed
from orchestration.files import open_duckdb, quoted
from orchestration.home import Home, TieoutError
from orchestration.journal import (
    ENTRY_COLUMNS,
    Block,
    JournalError,
    anchor_files,
    block_path,
    entries_path,
    hash_of_entry,
    read_anchors,
    read_headers,
)
from orchestration.journal_files import ENTRIES, HEADERS, JournalFile, holding
from orchestration.publish import published_blocks

_FETCH = 50_000
_TOLD_EVERY = 20_000
_NAMED_FINDINGS = 20
_TRIED_POSITIONS = 100


RECOMPUTED_ENTRIES = 100_000
"""The most entries that a run recomputes: three seconds. The chain it follows whole."""


@dataclass(frozen=True)
class Finding:
    """What is wrong. `kind`: edit, deletion, reordering, truncation, unfinished, unreadable."""

    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


@dataclass
class Verdict:
    """What a verification saw; of the entries some are recomputed now, some were before.

    `sealed` is how many entries the headers name, `entries` how many were come by.
    """

    blocks: int = 0
    sealed: int = 0
    entries: int = 0
    recomputed: int = 0
    recomputed_before: int = 0
    anchored_in: list[Path] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.findings

    def describe(self) -> str:
        """The verdict for a person."""
        if self.holds:
            if not self.blocks:
                return "The journal is empty: no decision has been sealed yet."
            anchors = " and ".join(str(path) for path in self.anchored_in)
            return (
                f"The journal holds: {self.entries} entries in {self.blocks} blocks, "
                f"{self._hashes()}, the chain whole, anchored in {anchors}."
            )
        named = [f"  {finding}" for finding in self.findings[:_NAMED_FINDINGS]]
        if len(self.findings) > _NAMED_FINDINGS:
            named.append(f"  and {len(self.findings) - _NAMED_FINDINGS} more")
        listed = "\n".join(named)
        return (
            f"The journal does NOT hold ({len(self.findings)} findings):\n{listed}\n"
            "  Restore journal/ from a copy that verifies, and find out who wrote to it."
        )

    def _hashes(self) -> str:
        left = self.entries - self.recomputed - self.recomputed_before
        if left:
            return f"{left} of them not recomputed here (`tieout verify` does)"
        if not self.recomputed_before:
            return "every entry's hash recomputed"
        return (
            f"every entry's hash recomputed ({self.recomputed} now, the others in earlier runs; "
            "`tieout verify` does all)"
        )


def verify(home: Home) -> Verdict:
    """Check every entry, blocks, chain, anchors and publication of a home."""
    return _verified(home, None)


def verify_new(home: Home, most_entries: int) -> Verdict:
    """Check blocks, chain, anchors and publication, and of the entries what is new.

    Entries whose file was found whole before, and not written to since, are taken as they were
    found. Of the others up to `most_entries` are recomputed, the newest first.
    """
    return _verified(home, most_entries)


def _verified(home: Home, most_entries: int | None) -> Verdict:
    """All entries are recomputed where there is no limit."""
    while True:
        names = _names(home)
        verdict = Verdict()
        blocks = _verify_blocks(home, most_entries, verdict)
        verdict.blocks = len(blocks)
        for path in anchor_files(home):
            _verify_anchors(path, blocks, verdict, is_second=path != home.anchors)
        _verify_publication(home, blocks, verdict)
        # a run beside it may have sealed, or compacted, what was being read
        if verdict.holds or _names(home) == names:
            return verdict


def _names(home: Home) -> list[str]:
    return sorted(path.name for path in home.journal.glob("*.parquet"))


def _verify_blocks(home: Home, most_entries: int | None, verdict: Verdict) -> dict[int, Block]:
    headers = holding(home, HEADERS)
    bodies = holding(home, ENTRIES)
    with open_duckdb() as connection:
        # Positions say what the order was; this is the order in which the rows lie in the file.
        connection.execute("set preserve_insertion_order = true")
        blocks = _read_headers(connection, headers, verdict)
        stamps = {file: _stamp_of(file) for file in bodies.values()}
        whole = {} if most_entries is None else recomputed.read(home)
        before = {file for file, stamp in stamps.items() if stamp == whole.get(file.path.name)}
        now = _to_recompute(stamps.keys() - before, blocks, most_entries)
        verdict.sealed = sum(block.entry_count for block in blocks.values())
        for number in range(1, max(headers | bodies, default=0) + 1):
            if number not in headers:
                _missing_header(home, number, max(headers, default=0), number in bodies, verdict)
            if number not in blocks:
                continue
            _verify_header(blocks[number], blocks.get(number - 1), verdict)
            if number not in bodies:
                verdict.findings.append(
                    Finding(
                        "deletion",
                        f"the entries of block {number} are gone: {entries_path(home, number)}",
                    )
                )
            elif bodies[number] in now:
                _verify_entries(connection, bodies[number], blocks[number], verdict)
                _tell(verdict)
            else:
                verdict.entries += blocks[number].entry_count
                if bodies[number] in before:
                    verdict.recomputed_before += blocks[number].entry_count
        for file in sorted(now):
            _verify_no_others(connection, file, verdict)
    if verdict.holds:
        recomputed.write(home, {file.path.name: stamps[file] for file in now | before})
    return blocks


def _tell(verdict: Verdict) -> None:
    progress.current().update(f"{verdict.entries} of {verdict.sealed} entries")


def _stamp_of(file: JournalFile) -> recomputed.Stamp:
    try:
        return recomputed.stamp_of(file.path)
    except OSError:
        return []  # reading it tells what is wrong


def _to_recompute(
    files: Collection[JournalFile], blocks: Mapping[int, Block], most_entries: int | None
) -> set[JournalFile]:
    """The files to recompute now: all, or the newest that hold no more entries than that."""
    if most_entries is None:
        return set(files)
    chosen = set()
    for file in sorted(files, reverse=True):
        entries = sum(blocks[number].entry_count for number in file.blocks if number in blocks)
        if entries <= most_entries:
            chosen.add(file)
            most_entries -= entries
    return chosen


def _read_headers(
    connection: duckdb.DuckDBPyConnection, headers: dict[int, JournalFile], verdict: Verdict
) -> dict[int, Block]:
    """All headers that can be read; `headers` loses the blocks that their file does not hold."""
    blocks: dict[int, Block] = {}
    for file in dict.fromkeys(headers.values()):
        try:
            blocks |= read_headers(connection, file)
        except JournalError as error:
            verdict.findings.append(Finding("unreadable", str(error)))
            continue
        for number in file.blocks:
            if number not in blocks:
                del headers[number]
    return blocks


def _missing_header(
    home: Home, number: int, last: int, has_entries: bool, verdict: Verdict
) -> None:
    if number > last and has_entries:
        verdict.findings.append(
            Finding(
                "unfinished",
                f"{entries_path(home, number)} has no block file: a run was stopped while it "
                "sealed (the next run seals it again), or the block file was removed",
            )
        )
    else:
        verdict.findings.append(
            Finding("deletion", f"block {number} is gone: {block_path(home, number)}")
        )


def _verify_header(block: Block, previous: Block | None, verdict: Verdict) -> None:
    if block.computed_hash() != block.block_hash:
        verdict.findings.append(
            Finding(
                "edit",
                f"the header of block {block.block} was changed: its columns give "
                f"{block.computed_hash()}, it says {block.block_hash}",
            )
        )
    if block.block == 1:
        expected: str | None = canonical.GENESIS_HASH
    else:
        expected = previous.block_hash if previous else None
    if expected is not None and block.previous_hash != expected:
        verdict.findings.append(
            Finding(
                "reordering",
                f"block {block.block} does not follow block {block.block - 1}: it names "
                f"{block.previous_hash}, that one is {expected}",
            )
        )


def _verify_entries(
    connection: duckdb.DuckDBPyConnection, file: JournalFile, block: Block, verdict: Verdict
) -> None:
    """Recompute every entry and the tree over them; memory grows by 32 bytes an entry."""
    path = file.path
    hashes: list[bytes] = []
    changed: list[tuple[dict[str, Any], str]] = []
    found_before = len(verdict.findings)
    last_position = 0
    try:
        for values in _entries(connection, file, block.block):
            verdict.entries += 1
            verdict.recomputed += 1
            if verdict.entries % _TOLD_EVERY == 0:
                _tell(verdict)
            position = values["position"]
            where = f"entry {position} of block {block.block}"
            if position != last_position + 1:
                kind, what = (
                    ("reordering", "is out of order")
                    if position <= last_position
                    else ("deletion", f"follows entry {last_position}")
                )
                verdict.findings.append(Finding(kind, f"{where} {what} in {path}"))
            last_position = position
            if values["block"] != block.block:
                verdict.findings.append(
                    Finding("edit", f"{where} says that it belongs to block {values['block']}")
                )
            computed = _recomputed(values)
            if computed != values["entry_hash"]:
                changed.append((values, computed))
            hashes.append(bytes.fromhex(computed) if computed else b"")
    except duckdb.Error as error:
        verdict.findings.append(Finding("unreadable", f"{path}: {error}"))
        return
    verdict.findings.extend(_explain(changed, block))
    if len(hashes) != block.entry_count:
        kind = "deletion" if len(hashes) < block.entry_count else "edit"
        verdict.findings.append(
            Finding(
                kind,
                f"block {block.block} was sealed with {block.entry_count} entries, "
                f"{len(hashes)} are there",
            )
        )
    elif len(verdict.findings) == found_before and canonical.merkle_root(hashes) != block.root_hash:
        verdict.findings.append(
            Finding(
                "edit",
                f"the entries of block {block.block} are not those that were sealed: each is "
                "consistent in itself, and the tree over them has another root (entries were "
                "rewritten together with their hashes)",
            )
        )


def _verify_no_others(
    connection: duckdb.DuckDBPyConnection, file: JournalFile, verdict: Verdict
) -> None:
    """A file of many blocks holds no rows but theirs, which are all that was looked at."""
    if not file.is_compacted:
        return
    try:
        rows = connection.execute(
            f"select block, position from read_parquet({quoted(str(file.path))}) "
            f"where {file.rows_of_others} limit {_NAMED_FINDINGS}"
        ).fetchall()
    except duckdb.Error:
        return  # said already
    for number, position in rows:
        verdict.findings.append(
            Finding(
                "edit", f"entry {position} in {file.path} says that it belongs to block {number}"
            )
        )


def _entries(
    connection: duckdb.DuckDBPyConnection, file: JournalFile, block: int
) -> Iterator[dict[str, Any]]:
    """Rows of a block in the order in which they lie in its file."""
    which = f"where block = {block}" if file.is_compacted else ""
    cursor = connection.execute(
        f"select {', '.join(ENTRY_COLUMNS)} from read_parquet({quoted(str(file.path))}) {which}"
    )
    while rows := cursor.fetchmany(_FETCH):
        for row in rows:
            yield dict(zip(ENTRY_COLUMNS, row, strict=True))


def _recomputed(values: dict[str, Any]) -> str:
    """The hash that an entry's columns give; empty where the payload is no canonical JSON."""
    try:
        return hash_of_entry(values) if canonical.is_canonical(values["payload"]) else ""
    except (ValueError, TypeError, AttributeError):
        return ""


def _explain(changed: Sequence[tuple[dict[str, Any], str]], block: Block) -> Iterator[Finding]:
    """Name what happened to entries whose columns do not give their hash.

    One that verifies at the position of another of them was moved there from it.
    """
    positions = [values["position"] for values, _ in changed]
    for values, computed in changed:
        where = (
            f"entry {values['position']} of block {block.block} "
            f"({values['entry_type']} of {values['subject_type']} {values['subject_id']})"
        )
        if not computed:
            yield Finding(
                "edit", f"{where} was changed: its payload is not canonical JSON any more"
            )
            continue
        moved_from = [
            position
            for position in positions[:_TRIED_POSITIONS]
            if hash_of_entry({**values, "position": position}) == values["entry_hash"]
        ]
        if moved_from:
            yield Finding("reordering", f"{where} was sealed at position {moved_from[0]}")
        else:
            yield Finding(
                "edit", f"{where} was changed: its columns do not give the hash that was sealed"
            )


def _verify_anchors(
    path: Path, blocks: dict[int, Block], verdict: Verdict, *, is_second: bool
) -> None:
    try:
        anchors = read_anchors(path)
    except JournalError as error:
        verdict.findings.append(Finding("edit", str(error)))
        return
    last_block = max(blocks, default=0)
    known: list[int] = []
    for anchor in anchors:
        number = int(anchor["block"])
        block = blocks.get(number)
        if known and number != known[-1] + 1:
            verdict.findings.append(
                Finding("edit", f"{path} goes from block {known[-1]} to block {number}")
            )
        known.append(number)
        if block is None:
            if number > last_block:
                verdict.findings.append(
                    Finding(
                        "truncation",
                        f"block {number} (run {anchor.get('run_id')}) is anchored in {path} and "
                        "the journal ends before it",
                    )
                )
        elif block.block_hash != anchor["block_hash"]:
            verdict.findings.append(
                Finding(
                    "edit",
                    f"block {number} has hash {block.block_hash}, anchored in {path} is "
                    f"{anchor['block_hash']}: the block was replaced",
                )
            )
    unanchored = sorted(set(blocks) - set(known))
    if unanchored and not (is_second and not path.exists()):
        verdict.findings.append(
            Finding(
                "unfinished" if unanchored == [last_block] else "truncation",
                f"{path} has no anchor for block {', '.join(map(str, unanchored))}: "
                + (
                    "a run was stopped after it sealed (the next run adds it), or the line was cut"
                    if unanchored == [last_block]
                    else "lines of the anchor file were removed"
                ),
            )
        )
    if path.exists():
        verdict.anchored_in.append(path)


def _verify_publication(home: Home, blocks: dict[int, Block], verdict: Verdict) -> None:
    try:
        published: Sequence[tuple[int, str]] = published_blocks(home)
    except TieoutError as error:
        verdict.findings.append(Finding("unreadable", str(error)))
        return
    last_block = max(blocks, default=0)
    for number, block_hash in published:
        if number not in blocks:
            if number > last_block:
                verdict.findings.append(
                    Finding(
                        "truncation",
                        f"block {number} is in the published {home.serving.name} and the journal "
                        "ends before it",
                    )
                )
        elif blocks[number].block_hash != block_hash:
            verdict.findings.append(
                Finding(
                    "edit",
                    f"block {number} has hash {blocks[number].block_hash}, published in "
                    f"{home.serving.name} is {block_hash}: the block was replaced",
                )
            )
