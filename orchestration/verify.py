"""`tieout verify`: recompute the whole journal from its recipe and say what was done to it.

Nothing here is shared with the SQL that seals, except the files: each entry is parsed, written
again in canonical form, hashed, and followed up the tree to the block, the chain, the anchors and
the published copy of the blocks. What each check catches:

- an edited entry: its hash no longer follows from its columns, or the tree not from the hashes
- a deleted or reordered entry: positions have a gap or a hash stands in another place
- a deleted or reordered block: a number is missing or the chain does not continue
- a truncation (the newest blocks cut off, which a chain alone cannot show): the anchors or the
  publication know blocks that the journal does not have
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from orchestration import canonical
from orchestration.files import open_duckdb, quoted
from orchestration.home import Home, TieoutError
from orchestration.journal import (
    ENTRY_COLUMNS,
    Block,
    JournalError,
    anchor_files,
    block_numbers,
    block_path,
    entries_path,
    hash_of_entry,
    numbered,
    read_anchors,
    read_block,
)
from orchestration.publish import published_blocks

_FETCH = 50_000
_NAMED_FINDINGS = 20
_TRIED_POSITIONS = 100


@dataclass(frozen=True)
class Finding:
    """What is wrong. `kind`: edit, deletion, reordering, truncation, unfinished, unreadable."""

    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


@dataclass
class Verdict:
    """What a verification saw."""

    is_recomputed: bool = True
    blocks: int = 0
    entries: int = 0
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
            entries = (
                "every entry's hash recomputed"
                if self.is_recomputed
                else "entries not recomputed here (`tieout verify` does)"
            )
            return (
                f"The journal holds: {self.entries} entries in {self.blocks} blocks, {entries}, "
                f"the chain whole, anchored in {anchors}."
            )
        named = [f"  {finding}" for finding in self.findings[:_NAMED_FINDINGS]]
        if len(self.findings) > _NAMED_FINDINGS:
            named.append(f"  and {len(self.findings) - _NAMED_FINDINGS} more")
        listed = "\n".join(named)
        return (
            f"The journal does NOT hold ({len(self.findings)} findings):\n{listed}\n"
            "  Restore journal/ from a copy that verifies, and find out who wrote to it."
        )


def verify(home: Home, *, recompute_entries: bool = True) -> Verdict:
    """Check entries, blocks, chain, anchors and publication of a home.

    Without `recompute_entries`, only headers are followed: the time does not grow with the entries.
    """
    verdict = Verdict(is_recomputed=recompute_entries)
    blocks = _verify_blocks(home, verdict)
    verdict.blocks = len(blocks)
    for path in anchor_files(home):
        _verify_anchors(path, blocks, verdict, is_second=path != home.anchors)
    _verify_publication(home, blocks, verdict)
    return verdict


def _verify_blocks(home: Home, verdict: Verdict) -> dict[int, Block]:
    blocks: dict[int, Block] = {}
    headers = set(block_numbers(home))
    bodies = set(numbered(list(home.journal.glob("*.entries.parquet"))))
    previous: Block | None = None
    with open_duckdb() as connection:
        # Positions say what the order was; this is the order in which the rows lie in the file.
        connection.execute("set preserve_insertion_order = true")
        for number in range(1, max(headers | bodies, default=0) + 1):
            if number not in headers:
                _missing_header(home, number, max(headers, default=0), number in bodies, verdict)
                previous = None
                continue
            try:
                block = read_block(connection, home, number)
            except JournalError as error:
                verdict.findings.append(Finding("unreadable", str(error)))
                previous = None
                continue
            blocks[number] = block
            _verify_header(block, previous, verdict)
            if number in bodies and verdict.is_recomputed:
                _verify_entries(connection, home, block, verdict)
            elif number in bodies:
                verdict.entries += block.entry_count
            else:
                verdict.findings.append(
                    Finding(
                        "deletion",
                        f"the entries of block {number} are gone: {entries_path(home, number)}",
                    )
                )
            previous = block
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
    connection: duckdb.DuckDBPyConnection, home: Home, block: Block, verdict: Verdict
) -> None:
    """Recompute every entry and the tree over them; memory grows by 32 bytes an entry."""
    path = entries_path(home, block.block)
    recomputed: list[bytes] = []
    changed: list[tuple[dict[str, Any], str]] = []
    found_before = len(verdict.findings)
    last_position = 0
    try:
        for values in _entries(connection, path):
            verdict.entries += 1
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
            recomputed.append(bytes.fromhex(computed) if computed else b"")
    except duckdb.Error as error:
        verdict.findings.append(Finding("unreadable", f"{path}: {error}"))
        return
    verdict.findings.extend(_explain(changed, block))
    if len(recomputed) != block.entry_count:
        kind = "deletion" if len(recomputed) < block.entry_count else "edit"
        verdict.findings.append(
            Finding(
                kind,
                f"block {block.block} was sealed with {block.entry_count} entries, "
                f"{len(recomputed)} are there",
            )
        )
    elif (
        len(verdict.findings) == found_before
        and canonical.merkle_root(recomputed) != block.root_hash
    ):
        verdict.findings.append(
            Finding(
                "edit",
                f"the entries of block {block.block} are not those that were sealed: each is "
                "consistent in itself, and the tree over them has another root (entries were "
                "rewritten together with their hashes)",
            )
        )


def _entries(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[dict[str, Any]]:
    """Rows of an entries file in the order in which they lie there."""
    cursor = connection.execute(
        f"select {', '.join(ENTRY_COLUMNS)} from read_parquet({quoted(str(path))})"
    )
    while rows := cursor.fetchmany(_FETCH):
        for row in rows:
            yield dict(zip(ENTRY_COLUMNS, row, strict=True))


def _recomputed(values: dict[str, Any]) -> str:
    """The hash that an entry's columns give; empty where the payload is no canonical JSON."""
    try:
        payload = canonical.parse_exactly(values["payload"])
        if canonical.canonical_json(payload) != values["payload"]:
            return ""
        return hash_of_entry(values)
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
