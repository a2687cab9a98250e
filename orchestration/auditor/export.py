"""Writes the export for an auditor: entries, blocks, anchors, Merkle proofs, and the verifier."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import canonical
from orchestration.files import open_duckdb, quoted
from orchestration.home import Home, TieoutError, iso_timestamp
from orchestration.journal import ENTRY_COLUMNS, Block, anchor_files, read_blocks
from orchestration.journal_files import ENTRIES, JournalFile, holding

FORMAT = "tieout-audit-export/1"
PROVED_BLOCK = 20_000
"""Blocks of no more entries carry proofs even when they are exported in full."""

_FETCH = 5_000
_HERE = Path(__file__).parent

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Scope:
    """Which entries: every condition that is set must hold; none means the whole journal.

    Days are those on which a run sealed, in UTC, both inclusive. `subjects` are ids of matches,
    exceptions or decisions; what people said of such a match belongs to it.
    """

    first_day: date | None = None
    last_day: date | None = None
    only_people: bool = False
    subjects: tuple[str, ...] | None = None
    title: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self == Scope(title=self.title)

    def describe(self) -> str:
        """The scope for a person."""
        if self.is_whole:
            return "the whole journal"
        parts = [self.title] if self.title else []
        if self.only_people:
            parts.append("what people decided")
        if self.subjects is not None and not self.title:
            parts.append(f"{len(self.subjects)} named subjects")
        if self.first_day:
            parts.append(f"from {self.first_day}")
        if self.last_day:
            parts.append(f"until {self.last_day}")
        return ", ".join(parts)

    def condition(self) -> tuple[str, dict[str, Any]]:
        """SQL over the columns of an entry, and its parameters."""
        conditions = ["true"]
        parameters: dict[str, Any] = {}
        if self.first_day:
            conditions.append("occurred_at >= $first_day")
            parameters["first_day"] = self.first_day
        if self.last_day:
            conditions.append("occurred_at < $last_day + interval 1 day")
            parameters["last_day"] = self.last_day
        if self.only_people:
            conditions.append("actor <> 'tieout'")
        if self.subjects is not None:
            conditions.append(
                "(subject_id in (select unnest($subjects)) or entry_type = 'review_decision' and "
                "json_extract_string(payload, '$.match_id') in (select unnest($subjects)))"
            )
            parameters["subjects"] = list(self.subjects)
        return " and ".join(conditions), parameters


def count(home: Home, scope: Scope) -> int:
    """How many entries an export would hold."""
    condition, parameters = scope.condition()
    with open_duckdb() as connection:
        total = 0
        for file, numbers in _files(home):
            [(found,)] = connection.execute(
                f"select count(*) from {_rows(file, numbers)} where {condition}", parameters
            ).fetchall()
            total += int(found)
    return total


def write(
    home: Home,
    target: Path,
    scope: Scope,
    *,
    made_by: str,
    made_at: datetime,
    progress: Progress = lambda done, total: None,
) -> int:
    """Write the zip file; how many entries it holds.

    Everything comes from the journal's own files, which no run ever rewrites.

    Raises:
        TieoutError: when nothing is sealed yet, or a file of the journal is missing.
    """
    blocks = read_blocks(home)
    if not blocks:
        raise TieoutError("Nothing has been sealed yet: run `tieout run` first.")
    total = count(home, scope)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        with archive.open("entries.jsonl", "w", force_zip64=True) as out:
            chosen: dict[int, list[int]] = {}
            for done, (block, position, line) in enumerate(_lines(home, scope), start=1):
                chosen.setdefault(block, []).append(position)
                out.write(line)
                if done % _FETCH == 0:
                    progress(done, total)
        _write_lines(archive, "proofs.jsonl", _proofs(home, blocks, chosen))
        _write_lines(archive, "blocks.jsonl", (block.anchor() for block in blocks))
        for path, name in zip(
            anchor_files(home), ("anchors.jsonl", "anchors_second.jsonl"), strict=False
        ):
            if path.exists():
                archive.write(path, name)
        manifest = {
            "format": FORMAT,
            "scope": scope.describe(),
            "complete": "true" if scope.is_whole else "false",
            "entries": str(sum(len(positions) for positions in chosen.values())),
            "blocks": str(len(blocks)),
            "head": blocks[-1].block_hash,
            "made_at": iso_timestamp(made_at),
            "made_by": made_by,
        }
        archive.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False) + "\n")
        archive.writestr("README.md", _filled(manifest))
        archive.write(_HERE / "verify.py", "verify.py")
    progress(total, total)
    return int(manifest["entries"])


def _files(home: Home) -> Iterator[tuple[JournalFile, list[int]]]:
    """The files that hold entries, each with the blocks that are read from it."""
    held: dict[JournalFile, list[int]] = {}
    for number, file in holding(home, ENTRIES).items():
        held.setdefault(file, []).append(number)
    yield from held.items()


def _rows(file: JournalFile, numbers: Sequence[int]) -> str:
    listed = ", ".join(str(number) for number in numbers)
    return f"(from read_parquet({quoted(str(file.path))}) where block in ({listed}))"


def _lines(home: Home, scope: Scope) -> Iterator[tuple[int, int, bytes]]:
    """Block, position and line of each chosen entry, in order."""
    condition, parameters = scope.condition()
    columns = ", ".join(ENTRY_COLUMNS)
    with open_duckdb() as connection:
        for file, numbers in _files(home):
            cursor = connection.execute(
                f"select {columns} from {_rows(file, numbers)} where {condition} "
                "order by block, position",
                parameters,
            )
            while rows := cursor.fetchmany(_FETCH):
                for row in rows:
                    yield row[0], row[1], _line(dict(zip(ENTRY_COLUMNS, row, strict=True)))


def _line(values: dict[str, Any]) -> bytes:
    """An entry as its hash is taken of it, and the hash beside it."""
    document = {
        **values,
        "occurred_at": iso_timestamp(values["occurred_at"]),
        "payload": canonical.CanonicalText(values["payload"]),
        "v": canonical.RECIPE_VERSION,
    }
    return (canonical.canonical_json(document) + "\n").encode("utf-8")


def _proofs(home: Home, blocks: Sequence[Block], chosen: dict[int, list[int]]) -> Iterator[str]:
    """A line for each entry that needs its way up: of blocks in part, and of smaller ones."""
    files = holding(home, ENTRIES)
    sizes = {block.block: block.entry_count for block in blocks}
    with open_duckdb() as connection:
        for number, positions in sorted(chosen.items()):
            if len(positions) == sizes.get(number) and len(positions) > PROVED_BLOCK:
                continue
            hashes = _hashes(connection, files[number], number)
            _, paths = canonical.merkle_paths(hashes, [position - 1 for position in positions])
            for position in positions:
                yield json.dumps(
                    {
                        "block": str(number),
                        "position": str(position),
                        "path": [[side, beside.hex()] for side, beside in paths[position - 1]],
                    },
                    separators=(",", ":"),
                )


def _hashes(connection: duckdb.DuckDBPyConnection, file: JournalFile, number: int) -> list[bytes]:
    rows = connection.execute(
        f"select entry_hash from {_rows(file, [number])} order by position"
    ).fetchall()
    return [bytes.fromhex(value) for (value,) in rows]


def _write_lines(archive: zipfile.ZipFile, name: str, lines: Iterable[str]) -> None:
    with archive.open(name, "w", force_zip64=True) as out:
        for line in lines:
            out.write(f"{line}\n".encode())


def _filled(manifest: dict[str, str]) -> str:
    text = (_HERE / "README.md").read_text(encoding="utf-8")
    for name, value in manifest.items():
        text = text.replace(f"{{{{ {name} }}}}", value)
    return text
