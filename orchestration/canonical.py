"""The audit recipe in plain Python: the reference for the SQL that seals blocks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from json.encoder import encode_basestring
from typing import Any

RECIPE_VERSION = "1"
GENESIS_HASH = "0" * 64
"""`previous_hash` of the first block."""


_PLAIN = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
)


class CanonicalText(str):
    """JSON text that is canonical already: it stands for the value that it tells."""

    __slots__ = ()


def canonical_json(value: Any) -> str:
    """RFC 8785 text of a JSON value, with every number as a string and no nulls in objects.

    Numbers must arrive as strings or `int`; a float is refused, because its text is not unique.

    Raises:
        ValueError: for a null in a list, a float, or anything that JSON does not have.
    """
    if isinstance(value, str):
        return value if isinstance(value, CanonicalText) else encode_basestring(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return "[" + ",".join(canonical_json(element) for element in value) + "]"
    if isinstance(value, dict):
        keys = sorted(key for key, element in value.items() if element is not None)
        if not all(key.isascii() for key in keys):
            # RFC 8785 sorts by UTF-16 code units, which differs beyond the basic plane.
            keys.sort(key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        members = (f"{encode_basestring(key)}:{canonical_json(value[key])}" for key in keys)
        return "{" + ",".join(members) + "}"
    raise ValueError(f"{value!r} has no canonical form: use text, whole numbers, lists and objects")


def canonical_text(text: str) -> str:
    """JSON text in canonical form; numbers keep their digits and become strings.

    Raises:
        ValueError: when the text is not JSON, or repeats a key.
    """
    return canonical_json(parse_exactly(text))


def is_canonical(text: str) -> bool:
    """Whether JSON text is the canonical form of what it tells.

    For plain text the standard library writes the same form, five times as fast.

    Raises:
        ValueError: when the text is not JSON, or has no canonical form.
    """
    value = parse_exactly(text)
    is_plain = text.isascii() and "null" not in text
    return (is_plain and _PLAIN.encode(value) == text) or canonical_json(value) == text


def parse_exactly(text: str) -> Any:
    """Parse JSON; numbers become strings of the digits that stand there.

    Raises:
        ValueError: when the text is not JSON, or repeats a key.
    """
    return json.loads(
        text, parse_float=str, parse_int=str, object_pairs_hook=_without_repeated_keys
    )


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return members


def entry_hash(
    *,
    block: int,
    position: int,
    entry_type: str,
    subject_type: str,
    subject_id: str,
    actor: str,
    occurred_at: str,
    payload: Any,
    source_hashes: Sequence[str],
) -> str:
    """Hash of one audit entry.

    `payload` is the nested object as `parse_exactly` gives it, or its `CanonicalText`;
    `occurred_at` is text as `iso_timestamp` gives it.
    """
    entry = {
        "actor": actor,
        "block": block,
        "entry_type": entry_type,
        "occurred_at": occurred_at,
        "payload": payload,
        "position": position,
        "source_hashes": list(source_hashes),
        "subject_id": subject_id,
        "subject_type": subject_type,
        "v": RECIPE_VERSION,
    }
    return sha256_text(canonical_json(entry))


def block_hash(
    *,
    block: int,
    run_id: str,
    sealed_at: str,
    entry_count: int,
    root_hash: str,
    previous_hash: str,
) -> str:
    """Hash of a block: previous hash, root hash and header, joined by newlines."""
    header = canonical_json(
        {"block": block, "run_id": run_id, "sealed_at": sealed_at, "entry_count": entry_count}
    )
    return sha256_text(f"{previous_hash}\n{root_hash}\n{header}")


def merkle_root(hashes: Sequence[bytes]) -> str:
    """RFC 6962 Merkle tree hash over entry hashes (each leaf is its 32 bytes), as hex.

    Pairs are hashed level by level and an odd last node moves up unchanged, which gives the tree
    that RFC 6962 defines by splitting at the largest power of two.
    """
    if not hashes:
        return hashlib.sha256(b"").hexdigest()
    level = [hashlib.sha256(b"\x00" + value).digest() for value in hashes]
    while len(level) > 1:
        paired = [
            hashlib.sha256(b"\x01" + level[index] + level[index + 1]).digest()
            for index in range(0, len(level) - 1, 2)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0].hex()


def merkle_paths(
    hashes: Sequence[bytes], indexes: Collection[int]
) -> tuple[str, dict[int, list[tuple[str, bytes]]]]:
    """The tree's root as hex, and for each index (from 0) the way from its leaf up to the root.

    A way is the hashes that stand beside it, each with its side (`left` or `right`); where a node
    is the odd last of its level there is none. `root_along` follows it.
    """
    paths: dict[int, list[tuple[str, bytes]]] = {index: [] for index in indexes}
    level = [hashlib.sha256(b"\x00" + value).digest() for value in hashes]
    depth = 0
    while len(level) > 1:
        for index, path in paths.items():
            node = index >> depth
            if node ^ 1 < len(level):
                path.append(("left" if node % 2 else "right", level[node ^ 1]))
        paired = [
            hashlib.sha256(b"\x01" + level[node] + level[node + 1]).digest()
            for node in range(0, len(level) - 1, 2)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
        depth += 1
    return (level[0].hex() if level else merkle_root([])), paths


def root_along(leaf: bytes, path: Sequence[tuple[str, bytes]]) -> str:
    """The root, as hex, that an entry's 32 bytes and its way up the tree give."""
    node = hashlib.sha256(b"\x00" + leaf).digest()
    for side, beside in path:
        pair = beside + node if side == "left" else node + beside
        node = hashlib.sha256(b"\x01" + pair).digest()
    return node.hex()


def sha256_text(text: str) -> str:
    """SHA-256 of UTF-8 text, lower-case hex."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
