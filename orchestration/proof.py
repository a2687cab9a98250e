"""Whether an audit entry is what was sealed: from its columns up to the anchor outside the chain.

The entry and its neighbours may come from anywhere, such as a publication; what is recomputed
here is the audit recipe (`canonical`, `journal`), as `tieout verify` does over whole files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration import canonical
from orchestration.journal import Block, hash_of_entry


@dataclass(frozen=True)
class Step:
    """One thing that was recomputed; `holds` is None where there is nothing to compare with."""

    title: str
    holds: bool | None
    detail: str


@dataclass(frozen=True)
class Proof:
    """What was recomputed of an entry, from its columns outwards, and its way up the tree."""

    steps: tuple[Step, ...]
    path: tuple[tuple[str, str], ...] = ()
    """Side and hash (hex) of what stands beside the way from the entry to the root."""

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts the entry."""
        return all(step.holds is not False for step in self.steps)

    @property
    def broken(self) -> list[Step]:
        """The steps that contradict the entry."""
        return [step for step in self.steps if step.holds is False]


@dataclass(frozen=True)
class Tree:
    """A block's tree, recomputed over its entry hashes: its root, its size, and some ways up."""

    root: str
    entry_count: int
    paths: Mapping[int, Sequence[tuple[str, bytes]]]
    """By position in the block, from 1."""

    @classmethod
    def over(cls, hashes: bytes, positions: Sequence[int]) -> Tree:
        """The tree over a block's entry hashes, 32 bytes each, in order of position."""
        leaves = [hashes[start : start + 32] for start in range(0, len(hashes), 32)]
        known = {position - 1 for position in positions if 1 <= position <= len(leaves)}
        root, paths = canonical.merkle_paths(leaves, known)
        return cls(root, len(leaves), {index + 1: path for index, path in paths.items()})


def prove(
    entry: Mapping[str, Any],
    tree: Tree,
    blocks: Sequence[Block],
    anchors: Sequence[Mapping[str, Any]],
    *,
    is_masked: bool = False,
) -> Proof:
    """Recompute an entry's hash, its way to the block's root, the block, the chain, the anchor.

    Args:
        entry: the columns of `fct_audit_log`.
        tree: of the block that the entry says it is in.
        blocks: every block, ascending.
        anchors: lines of the anchor file; none where it cannot be read.
        is_masked: some columns are hidden from the reader, so that they give no hash; the rest is
            proved from the hash that the entry states.
    """
    number = entry["block"]
    block = next((block for block in blocks if block.block == number), None)
    computed = entry["entry_hash"] if is_masked else _hash_of(entry)
    steps = [_columns(computed, entry["entry_hash"], is_masked)]
    if block is None:
        return Proof((*steps, Step("Block", False, f"Block {number} is not there.")))
    path = tree.paths.get(entry["position"], ())
    steps.append(_up_the_tree(computed, path, tree, block))
    steps.append(_header(block))
    steps.append(_chain(block, blocks))
    steps.append(_anchor(block, anchors))
    return Proof(tuple(steps), tuple((side, beside.hex()) for side, beside in path))


def _columns(computed: str, stated: str, is_masked: bool) -> Step:
    if is_masked:
        return Step("Entry", None, f"Some columns are masked; it states {stated}.")
    if computed == stated:
        return Step("Entry", True, f"Its columns give {computed}.")
    return Step(
        "Entry",
        False,
        f"Its columns give {computed or 'no hash'}, it says {stated}: "
        "the entry was changed after it was sealed.",
    )


def _hash_of(entry: Mapping[str, Any]) -> str:
    """What the entry's columns give; empty where the payload is no canonical JSON."""
    try:
        return hash_of_entry(dict(entry)) if canonical.is_canonical(entry["payload"]) else ""
    except (ValueError, TypeError, AttributeError):
        return ""


def _up_the_tree(
    computed: str, path: Sequence[tuple[str, bytes]], tree: Tree, block: Block
) -> Step:
    title = "Tree"
    if tree.entry_count != block.entry_count:
        return Step(
            title,
            False,
            f"Block {block.block} was sealed with {block.entry_count} entries, "
            f"{tree.entry_count} are there.",
        )
    root = canonical.root_along(bytes.fromhex(computed), path) if computed else ""
    if root != block.root_hash:
        return Step(
            title,
            False,
            f"The way up leads to {root or 'no root'}, block {block.block} was sealed with "
            f"{block.root_hash}.",
        )
    return Step(title, True, f"{len(path)} hashes beside it lead to the root {root}.")


def _header(block: Block) -> Step:
    computed = block.computed_hash()
    if computed == block.block_hash:
        return Step("Block", True, f"Root and header of block {block.block} give {computed}.")
    return Step(
        "Block",
        False,
        f"Root and header of block {block.block} give {computed}, it says {block.block_hash}.",
    )


def _chain(block: Block, blocks: Sequence[Block]) -> Step:
    """From the first block to the newest, so that neither side of the entry can be exchanged."""
    previous = canonical.GENESIS_HASH
    for number, link in enumerate(blocks, start=1):
        if link.block != number:
            return Step("Chain", False, f"Block {number} is missing.")
        if link.previous_hash != previous:
            return Step(
                "Chain", False, f"Block {number} does not follow block {number - 1}: it names "
                f"{link.previous_hash}, that one is {previous}.",
            )  # fmt: skip
        if link.computed_hash() != link.block_hash:
            return Step("Chain", False, f"The header of block {number} was changed.")
        previous = link.block_hash
    following = len(blocks) - block.block
    after = "it is the newest" if not following else f"{following} follow it"
    return Step("Chain", True, f"Whole from block 1; {after}. The head is {previous}.")


def _anchor(block: Block, anchors: Sequence[Mapping[str, Any]]) -> Step:
    named = [anchor for anchor in anchors if str(anchor["block"]) == str(block.block)]
    if not named:
        return Step("Anchor", None, "No anchor of this block can be read here.")
    if any(anchor["block_hash"] != block.block_hash for anchor in named):
        return Step(
            "Anchor",
            False,
            f"The anchor says {named[0]['block_hash']}: the publication and the journal differ.",
        )
    return Step("Anchor", True, "The anchor beside the journal says the same.")
