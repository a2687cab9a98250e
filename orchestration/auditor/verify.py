#!/usr/bin/env python3
"""Verifies an export of tieout's audit journal. Plain Python 3.8 or newer, nothing to install.

    python verify.py                      in the folder that the export was unpacked to
    python verify.py export.zip           on the archive itself
    python verify.py --anchors FILE ...   also against anchors that you hold yourself

Nothing here is shared with the program that wrote the journal. Exit status: 0 when everything
holds, 1 when something does not (each finding names the entry or block), 2 when it cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

GENESIS = "0" * 64


class Unreadable(Exception):
    """The export is not what this program reads."""


class Export:
    """The files of an export, in a folder or in a zip archive."""

    def __init__(self, path: Path) -> None:
        self._folder = path
        try:
            self._archive = None if path.is_dir() else zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise Unreadable(f"{path}: {error}") from error

    def lines(self, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Line numbers and JSON objects of a file; nothing where there is no such file."""
        try:
            raw: Any
            if self._archive is None:
                raw = open(self._folder / name, "rb")  # noqa: SIM115
            else:
                raw = self._archive.open(name)
        except (KeyError, FileNotFoundError):
            return
        with io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield number, json.loads(line, object_pairs_hook=without_repeated_keys)
                except ValueError as error:
                    raise Unreadable(f"line {number} of {name}: {error}") from error


def without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return members


def canonical(value: Any) -> str:
    """RFC 8785 text; every number is a string, nulls and floats do not occur."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(element) for element in value) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{encode_basestring(k)}:{canonical(value[k])}" for k in keys) + "}"
    raise ValueError(f"{value!r} does not occur in canonical form")


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def hash_of_text(text: str) -> str:
    return sha256(text.encode("utf-8")).hex()


def merkle_root(leaves: list[bytes]) -> str:
    """RFC 6962 tree hash over entry hashes of 32 bytes."""
    level = [sha256(b"\x00" + leaf) for leaf in leaves]
    if not level:
        return sha256(b"").hex()
    while len(level) > 1:
        paired = [sha256(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0].hex()


def root_along(leaf: bytes, position: int, count: int, path: list[list[str]]) -> str:
    """The root that a leaf and its way up give; empty where the way is not that of the position."""
    node, index, width = sha256(b"\x00" + leaf), position - 1, count
    steps = iter(path)
    while width > 1:
        if index ^ 1 < width:
            side, beside = next(steps, ("", ""))
            if side != ("left" if index % 2 else "right"):
                return ""
            other = bytes.fromhex(beside)
            node = sha256(b"\x01" + (other + node if side == "left" else node + other))
        index, width = index // 2, (width + 1) // 2
    return node.hex() if next(steps, None) is None else ""


def verify(export: Export, own_anchors: list[dict[str, Any]]) -> tuple[list[str], str]:
    """What does not hold, and what was looked at."""
    found: list[str] = []
    manifest = next((document for _, document in export.lines("manifest.json")), None)
    if manifest is None or manifest.get("format") != "tieout-audit-export/1":
        raise Unreadable("manifest.json is missing, or of another format")
    blocks = verify_chain(export, found)
    for name in ("anchors.jsonl", "anchors_second.jsonl"):
        verify_anchors([line for _, line in export.lines(name)], name, blocks, found)
    verify_anchors(own_anchors, "your own anchors", blocks, found)
    hashes = verify_entries(export, blocks, found)
    proofs = verify_proofs(export, blocks, hashes, found)
    whole = verify_trees(blocks, hashes, proofs, manifest, found)
    if int(manifest["entries"]) != sum(len(entries) for entries in hashes.values()):
        found.append(
            f"the manifest names {manifest['entries']} entries, "
            f"{sum(len(entries) for entries in hashes.values())} are there"
        )
    head = blocks[max(blocks)]["block_hash"] if blocks else GENESIS
    return found, (
        f"{sum(len(entries) for entries in hashes.values())} entries recomputed, "
        f"{len(proofs)} proofs followed, {whole} of {len(blocks)} blocks complete, head {head}"
    )


def verify_chain(export: Export, found: list[str]) -> dict[int, dict[str, Any]]:
    blocks: dict[int, dict[str, Any]] = {}
    previous = GENESIS
    for _, header in export.lines("blocks.jsonl"):
        number = int(header["block"])
        if number != len(blocks) + 1:
            found.append(f"block {number} stands where block {len(blocks) + 1} should")
        text = canonical({k: header[k] for k in ("block", "run_id", "sealed_at", "entry_count")})
        computed = hash_of_text(f"{header['previous_hash']}\n{header['root_hash']}\n{text}")
        if computed != header["block_hash"]:
            found.append(f"block {number} was changed: its header gives {computed}")
        if header["previous_hash"] != previous:
            found.append(f"block {number} does not follow the block before it")
        previous = header["block_hash"]
        blocks[number] = header
    return blocks


def verify_anchors(
    anchors: list[dict[str, Any]],
    name: str,
    blocks: dict[int, dict[str, Any]],
    found: list[str],
) -> None:
    for anchor in anchors:
        number = int(anchor["block"])
        if number not in blocks:
            found.append(f"block {number} is in {name} and not in the export")
        elif blocks[number]["block_hash"] != anchor["block_hash"]:
            found.append(f"block {number} is not the one in {name}: it was replaced")
    if anchors:
        missing = sorted(set(blocks) - {int(anchor["block"]) for anchor in anchors})
        if missing and name == "anchors.jsonl":
            found.append(f"{name} has no line for block {', '.join(map(str, missing))}")


def verify_entries(
    export: Export,
    blocks: dict[int, dict[str, Any]],
    found: list[str],
) -> dict[int, dict[int, bytes]]:
    """The hash that each entry's own content gives, by block and position."""
    hashes: dict[int, dict[int, bytes]] = {}
    for line, entry in export.lines("entries.jsonl"):
        stated = entry.pop("entry_hash", "")
        try:
            block, position = int(entry["block"]), int(entry["position"])
            computed = hash_of_text(canonical(entry))
        except (KeyError, ValueError) as error:
            found.append(f"line {line} of entries.jsonl is no entry: {error}")
            continue
        where = f"entry {position} of block {block}"
        if computed != stated:
            found.append(
                f"{where} was changed ({entry.get('entry_type')} of {entry.get('subject_type')} "
                f"{entry.get('subject_id')}): it gives {computed}, sealed was {stated}"
            )
        if block not in blocks:
            found.append(f"{where} belongs to a block that is not in the export")
            continue
        if position in hashes.setdefault(block, {}):
            found.append(f"{where} stands in the export twice")
        hashes[block][position] = bytes.fromhex(computed)
    return hashes


def verify_proofs(
    export: Export,
    blocks: dict[int, dict[str, Any]],
    hashes: dict[int, dict[int, bytes]],
    found: list[str],
) -> dict[tuple[int, int], bool]:
    proofs: dict[tuple[int, int], bool] = {}
    for _, proof in export.lines("proofs.jsonl"):
        block, position = int(proof["block"]), int(proof["position"])
        leaf = hashes.get(block, {}).get(position)
        if leaf is None:
            found.append(f"entry {position} of block {block} has a proof and is not in the export")
            continue
        header = blocks[block]
        root = root_along(leaf, position, int(header["entry_count"]), proof["path"])
        proofs[block, position] = root == header["root_hash"]
        if not proofs[block, position]:
            found.append(
                f"entry {position} of block {block} is not in the block that was sealed: "
                "its way up the tree leads to another root"
            )
    return proofs


def verify_trees(
    blocks: dict[int, dict[str, Any]],
    hashes: dict[int, dict[int, bytes]],
    proofs: dict[tuple[int, int], bool],
    manifest: dict[str, Any],
    found: list[str],
) -> int:
    """Rebuild the tree of every complete block; an entry of any other needs a proof."""
    whole = 0
    for number, header in sorted(blocks.items()):
        entries = hashes.get(number, {})
        count = int(header["entry_count"])
        if sorted(entries) == list(range(1, count + 1)):
            whole += 1
            root = merkle_root([entries[position] for position in sorted(entries)])
            if root != header["root_hash"]:
                found.append(f"the entries of block {number} are not those that were sealed")
            continue
        if manifest.get("complete") == "true":
            gone = [str(n) for n in range(1, count + 1) if n not in entries]
            found.append(f"block {number} lacks {len(gone)} entries: {', '.join(gone[:10])}")
        for position in sorted(entries):
            if (number, position) not in proofs:
                found.append(f"entry {position} of block {number} has no proof")
    return whole


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify an export of tieout's audit journal.")
    here = Path(__file__).resolve().parent
    parser.add_argument("export", nargs="?", type=Path, default=here, help="zip file or folder")
    parser.add_argument("--anchors", type=Path, help="anchors.jsonl that you hold yourself")
    options = parser.parse_args()
    try:
        own = []
        if options.anchors:
            lines = options.anchors.read_text(encoding="utf-8").splitlines()
            own = [json.loads(line) for line in lines if line.strip()]
        found, looked_at = verify(Export(options.export), own)
    except (OSError, ValueError, KeyError, TypeError, Unreadable, zipfile.BadZipFile) as error:
        print(f"UNREADABLE: {error}")
        return 2
    for finding in found:
        print(f"FAILS: {finding}")
    print(f"{'DOES NOT HOLD' if found else 'HOLDS'}: {looked_at}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
