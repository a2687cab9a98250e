"""A single entry, proved from its columns to the anchor; each kind of tampering breaks its step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestration import canonical
from orchestration.journal import Block, hash_of_entry
from orchestration.proof import Tree, prove

AT = datetime(2026, 7, 1, 6)


def sealed() -> tuple[dict[str, Any], list[bytes], list[Block]]:
    """The third entry of a block of five, the hashes of all five, and two blocks."""
    entries = []
    for position in range(1, 6):
        entry = {
            "block": 1,
            "position": position,
            "entry_type": "match_closed",
            "subject_type": "match",
            "subject_id": f"m_{position}",
            "actor": "tieout",
            "occurred_at": AT,
            "payload": f'{{"amount":"{position}.50"}}',
            "source_hashes": ["aa"],
        }
        entries.append({**entry, "entry_hash": hash_of_entry(entry)})
    hashes = [bytes.fromhex(entry["entry_hash"]) for entry in entries]
    blocks: list[Block] = []
    for number, leaves in ((1, hashes), (2, hashes[:1])):
        previous = blocks[-1].block_hash if blocks else canonical.GENESIS_HASH
        root = canonical.merkle_root(leaves)
        block = Block(number, f"run-{number}", AT, len(leaves), root, previous, "")
        blocks.append(replace(block, block_hash=block.computed_hash()))
    return entries[2], hashes, blocks


def anchors_of(blocks: list[Block]) -> list[dict[str, Any]]:
    return [{"block": str(block.block), "block_hash": block.block_hash} for block in blocks]


def test_an_entry_as_it_was_sealed_is_proven() -> None:
    entry, hashes, blocks = sealed()
    proof = prove(entry, Tree.over(b"".join(hashes), [3]), blocks, anchors_of(blocks))
    assert proof.holds
    assert [step.holds for step in proof.steps] == [True] * 5
    assert [side for side, _ in proof.path] == ["right", "left", "right"]


def test_without_an_anchor_the_rest_is_proven_and_that_is_said() -> None:
    entry, hashes, blocks = sealed()
    proof = prove(entry, Tree.over(b"".join(hashes), [3]), blocks, [])
    assert proof.holds
    assert proof.steps[-1].holds is None


def test_a_masked_entry_is_proven_from_its_hash_on() -> None:
    entry, hashes, blocks = sealed()
    masked = {**entry, "payload": "•••"}
    tree = Tree.over(b"".join(hashes), [3])
    proof = prove(masked, tree, blocks, anchors_of(blocks), is_masked=True)
    assert [step.holds for step in proof.steps] == [None, True, True, True, True]
    other = {**masked, "entry_hash": "ab" * 32}
    assert not prove(other, tree, blocks, [], is_masked=True).holds


def rewritten(entry: dict[str, Any], payload: str) -> dict[str, Any]:
    changed = {**entry, "payload": payload}
    return {**changed, "entry_hash": hash_of_entry(changed)}


Tampering = Callable[[dict[str, Any], list[bytes], list[Block]], tuple[Any, Any, Any]]
TAMPERINGS: dict[str, tuple[Tampering, str]] = {
    "a payload changed": (
        lambda entry, hashes, blocks: ({**entry, "payload": '{"amount":"9.50"}'}, hashes, blocks),
        "Entry",
    ),
    "a payload that is no canonical JSON": (
        lambda entry, hashes, blocks: ({**entry, "payload": '{ "amount": 1}'}, hashes, blocks),
        "Entry",
    ),
    "a payload changed with its hash": (
        lambda entry, hashes, blocks: (
            rewritten(entry, '{"amount":"9.50"}'),
            [*hashes[:2], bytes.fromhex(rewritten(entry, '{"amount":"9.50"}')["entry_hash"]),
             *hashes[3:]],
            blocks,
        ),
        "Tree",
    ),
    "another entry removed": (
        lambda entry, hashes, blocks: (entry, hashes[:4], blocks),
        "Tree",
    ),
    "a header changed": (
        lambda entry, hashes, blocks: (entry, hashes, [replace(blocks[0], run_id="x"), blocks[1]]),
        "Block",
    ),
    "a later block that does not follow": (
        lambda entry, hashes, blocks: (
            entry, hashes, [blocks[0], replace(blocks[1], previous_hash="0" * 64)],
        ),
        "Chain",
    ),
    "the block gone": (
        lambda entry, hashes, blocks: (entry, hashes, blocks[1:]),
        "Block",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_was_tampered_with_breaks_its_step(name: str) -> None:
    tamper, title = TAMPERINGS[name]
    entry, hashes, blocks = sealed()
    known = anchors_of(blocks)
    entry, hashes, blocks = tamper(entry, hashes, blocks)
    proof = prove(entry, Tree.over(b"".join(hashes), [3]), blocks, known)
    assert not proof.holds
    assert proof.broken[0].title == title


def test_a_history_rewritten_whole_differs_from_the_anchor() -> None:
    entry, hashes, blocks = sealed()
    known = anchors_of(blocks)
    entry = rewritten(entry, '{"amount":"9.50"}')
    hashes[2] = bytes.fromhex(entry["entry_hash"])
    only = replace(blocks[0], root_hash=canonical.merkle_root(hashes))
    only = replace(only, block_hash=only.computed_hash())
    proof = prove(entry, Tree.over(b"".join(hashes), [3]), [only], known)
    assert [step.title for step in proof.broken] == ["Anchor"]


@given(some.integers(0, 70))
def test_every_way_up_leads_to_the_root(size: int) -> None:
    hashes = [sha256(bytes([number])).digest() for number in range(size)]
    root, paths = canonical.merkle_paths(hashes, range(size))
    assert root == canonical.merkle_root(hashes)
    for index, path in paths.items():
        assert canonical.root_along(hashes[index], path) == root
        assert size < 2 or canonical.root_along(hashes[index - 1], path) != root
