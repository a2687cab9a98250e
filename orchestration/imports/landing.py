"""Files put where a run finds them, once, with the original and a record of what was done beside.

    uploads/<hash of the original>/<its name>             the original, as it came
    uploads/<hash of the original>/<feed>-<hash>.json     what was landed, by which map, by whom
    landing/<feed>/<name>-<hash of the content>.csv       what the run reads

The same file under the same map is the same record, and changes nothing. Under a corrected map it
takes the place of the earlier reading (`Earlier`): the last word of a person holds.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.files import replacing, write_text
from orchestration.home import Home, HomeIsBusy, TieoutError, iso_timestamp, wall_clock
from orchestration.imports import maps
from orchestration.imports.maps import Map
from orchestration.imports.offer import BankSummary
from orchestration.imports.reading import Reading, refuse
from orchestration.imports.vocabulary import contract, plain
from orchestration.ingest.contract import BANK_FEED, BANK_LANDING, Feed
from orchestration.ingest.landing import file_sha256
from orchestration.review.people import Permission, Person
from orchestration.run_context import known_batches

_HASH = 16
_NAME_BYTES = 150
"""What a kept name may take of the 255 bytes that file systems allow."""


@dataclass(frozen=True)
class Landed:
    """One file that was landed: a record under `uploads`. `at` is naive UTC."""

    at: datetime
    by: str
    original: str
    sha256: str
    feed: str
    landed_as: str
    map_name: str
    rows: int
    bad: int
    left_out: int
    replaces: str = ""
    """What became of the earlier reading of the same original, in a sentence."""
    is_replaced: bool = False
    is_new: bool = True


def land_mapped(
    home: Home,
    original: Path,
    name: str,
    mapped: Path,
    found: Map,
    reading: Reading,
    person: Person,
) -> Landed:
    """Land what a map made of a file.

    Raises:
        NotPermitted: when the person may not land files.
        TieoutError: when the reading says that it must not land, an earlier reading of the file
            cannot be replaced now, or a later one holds.
    """
    person.require(Permission.LAND_FILES)
    refuse(reading)
    record = {
        "rows": reading.rows,
        "bad": reading.bad,
        "left_out": sum(reading.left_out.values()),
        "totals": [
            {"column": t.column, "currency": t.currency, "rows": t.rows, "amount": str(t.amount)}
            for t in reading.totals
        ],
        "map": maps.dump(found),
        "map_name": found.name,
    }
    # What a map is called makes no difference to what it does.
    identity = maps.dump(replace(found, name="map", title=""))
    path = _record_path(home, original, found.feed, identity)
    if (known := _landed_before(home, path)) is not None:
        return known
    with (
        _replacing(home, path, contract().feeds[found.feed]) as earlier_one,
        tempfile.TemporaryDirectory(prefix="tieout-import-") as scratch,
    ):
        if earlier_one is not None:
            record["replaces"] = earlier_one.said(mapped)
            mapped = earlier_one.outranked_by(mapped, Path(scratch) / "mapped.csv")
        target = home.feed_landing(found.feed) / _file_name(name, file_sha256(mapped), ".csv")
        return _land(home, original, name, mapped, target, found.feed, path, record, person)


def land_bank_file(
    home: Home, original: Path, name: str, bank: BankSummary, person: Person
) -> Landed:
    """Pass a bank format on as it is.

    Raises:
        NotPermitted: when the person may not land files.
    """
    person.require(Permission.LAND_FILES)
    path = _record_path(home, original, BANK_FEED, bank.format)
    if (known := _landed_before(home, path)) is not None:
        return known
    suffix = Path(name).suffix
    if not re.fullmatch(r"\.[A-Za-z0-9]{1,8}", suffix):
        suffix = ".txt"
    target = home.landing / BANK_LANDING / _file_name(name, file_sha256(original), suffix)
    record = {
        "rows": bank.items + bank.rejected, "bad": bank.rejected, "left_out": 0,
        "map": "", "map_name": bank.format,
    }  # fmt: skip
    return _land(home, original, name, original, target, BANK_FEED, path, record, person)


def _record_path(home: Home, original: Path, feed: str, identity: str) -> Path:
    key = hashlib.sha256(identity.encode()).hexdigest()[:_HASH]
    return home.uploads / file_sha256(original)[:_HASH] / f"{feed}-{key}.json"


def _landed_before(home: Home, path: Path) -> Landed | None:
    """The record of the same file under the same map, while what it landed is there.

    Raises:
        TieoutError: when a corrected map has been used since: rows of one content are read once,
            so the reading before it cannot come back.
    """
    known = read_record(path)
    if known is None or known.is_replaced or not (home.landing / known.landed_as).exists():
        return None
    last = earlier(home, known.sha256, known.feed)
    if last is not None and last.landed_as != known.landed_as:
        raise TieoutError(
            f"{known.original} was read this way on {known.at:%Y-%m-%d %H:%M} UTC, and differently "
            f"since, on {last.at:%Y-%m-%d %H:%M} UTC by the map {last.map_name!r}: that one holds, "
            "and what a run has read once it does not read again. Correct the file itself, or "
            "correct the map so that it reads it in a third way."
        )
    return replace(known, is_new=False)


@dataclass(frozen=True)
class Earlier:
    """An earlier reading of the same original into the same feed that runs have read.

    Rows are versions of records: of one id, the version with the later stamp holds, then that of
    the later run.
    """

    record: Landed
    feed: Feed
    stamps: Mapping[tuple[str, ...], str]
    """By key, what its row says of when it was changed; empty where it says nothing."""

    def said(self, mapped: Path) -> str:
        """What landing `mapped` does to it, as a sentence."""
        keys = {_key_of(self.feed, row) for row in _rows(mapped)}
        stay = sorted(" ".join(key) for key in self.stamps.keys() - keys)
        told = (
            f"Replaces the reading of {self.record.at:%Y-%m-%d %H:%M} UTC by the map "
            f"{self.record.map_name!r}, which a run has taken in: its rows become new versions."
        )
        if stay:
            shown = ", ".join(stay[:3]) + (", …" if len(stay) > 3 else "")
            told += (
                f" {len(stay):,} of its rows have no counterpart now ({shown}) and stay in the "
                "books: what has landed is never deleted. Void them where they can be voided."
            )
        return told

    def outranked_by(self, mapped: Path, target: Path) -> Path:
        """`mapped`, with stamps no earlier than those it replaces: a mistaken one must not win."""
        column = self.feed.version_column
        if column is None or not any(self.stamps.values()):
            return mapped
        with open(target, "w", encoding="utf-8", newline="") as handle:
            writer = None
            for row in _rows(mapped):
                if writer is None:
                    writer = csv.DictWriter(handle, list({**row, column: ""}), lineterminator="\n")
                    writer.writeheader()
                before, now = self.stamps.get(_key_of(self.feed, row), ""), row.get(column, "")
                # those that agree to the second may still differ by their offsets
                writer.writerow({**row, column: before if before[:19] >= now[:19] else now})
        return target


@contextmanager
def _replacing(home: Home, path: Path, feed: Feed) -> Iterator[Earlier | None]:
    """Take back earlier readings of the same original that no run has read, once the new one is
    there; yields the last one that runs have read.

    Raises:
        TieoutError: when a run is under way, which may be reading them.
    """
    standing = [record for _, record in _readings(home, path.parent, feed.name)]
    if not standing:
        yield None
        return
    try:
        with home.writing():
            batches = {batch for name, batch, _ in known_batches(home) if name == feed.name}
            read: list[tuple[Path, Landed]] = []
            unread: list[tuple[Path, Landed]] = []
            for place, record in _readings(home, path.parent, feed.name):
                is_read = file_sha256(home.landing / record.landed_as) in batches
                (read if is_read else unread).append((place, record))
            stamps = {
                _key_of(feed, row): row.get(feed.version_column or "", "")
                for _, record in read
                for row in _rows(home.landing / record.landed_as)
            }
            yield Earlier(read[-1][1], feed, stamps) if read else None
            for place, record in unread:
                _take_back(home, place, record)
    except HomeIsBusy as busy:
        raise TieoutError(
            f"{standing[-1].original} has landed before, read differently, and a run is under way "
            "that may be taking that in. Land it again when the run has ended."
        ) from busy


def _take_back(home: Home, path: Path, record: Landed) -> None:
    stored = json.loads(path.read_text(encoding="utf-8"))
    write_text(path, json.dumps({**stored, "is_replaced": True}, indent=1, ensure_ascii=False))
    # another original may have become the same rows
    if not any(other.landed_as == record.landed_as for other in history(home) if not
               other.is_replaced):  # fmt: skip
        (home.landing / record.landed_as).unlink(missing_ok=True)


def _readings(home: Home, folder: Path, feed: str) -> list[tuple[Path, Landed]]:
    """What stands of an original in a feed, the oldest first."""
    found = [
        (path, record)
        for path in sorted(folder.glob(f"{feed}-*.json"))
        if (record := read_record(path)) is not None
        and not record.is_replaced
        and (home.landing / record.landed_as).exists()
    ]
    return sorted(found, key=lambda one: one[1].at)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


def _key_of(feed: Feed, row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in feed.key)


def _land(
    home: Home, original: Path, name: str, content: Path, target: Path, feed: str, path: Path,
    record: dict[str, Any], person: Person,
) -> Landed:  # fmt: skip
    folder = path.parent
    kept = folder / _safe(name)
    if not kept.exists():
        with replacing(kept) as temporary:
            shutil.copyfile(original, temporary)
    if not target.exists():
        with replacing(target) as temporary:
            shutil.copyfile(content, temporary)
    document = {
        "at": iso_timestamp(wall_clock()),
        "by": person.subject,
        "original": name,
        "sha256": file_sha256(original),
        "feed": feed,
        "landed_as": target.relative_to(home.landing).as_posix(),
        **record,
    }
    write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    found = read_record(path)
    assert found is not None
    return found


def read_record(path: Path) -> Landed | None:
    """One record; None where it is damaged."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Landed(
            at=datetime.fromisoformat(stored["at"].removesuffix("Z")),
            by=stored["by"],
            original=stored["original"],
            sha256=stored["sha256"],
            feed=stored["feed"],
            landed_as=stored["landed_as"],
            map_name=stored["map_name"],
            rows=int(stored["rows"]),
            bad=int(stored["bad"]),
            left_out=int(stored["left_out"]),
            replaces=str(stored.get("replaces", "")),
            is_replaced=bool(stored.get("is_replaced", False)),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def history(home: Home) -> list[Landed]:
    """Everything that was landed this way, the newest first."""
    found = [record for path in home.uploads.glob("[!.]*/*.json") if (record := read_record(path))]
    return sorted(found, key=lambda landed: (landed.at, landed.landed_as), reverse=True)


def earlier(home: Home, sha256: str, feed: str) -> Landed | None:
    """The same original, landed before into the same feed by whatever map; the last that stands."""
    readings = _readings(home, home.uploads / sha256[:_HASH], feed)
    return readings[-1][1] if readings else None


def elsewhere(home: Home, sha256: str, feeds: Collection[str]) -> list[Landed]:
    """The same original, landed before into other feeds than these: what it says counts twice."""
    folder = home.uploads / sha256[:_HASH]
    others = {path.name.rpartition("-")[0] for path in folder.glob("*.json")} - set(feeds)
    return [record for feed in sorted(others) for _, record in _readings(home, folder, feed)]


def _file_name(name: str, sha256: str, suffix: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", plain(Path(name).stem)).strip("-")[:60] or "file"
    return f"{stem}-{sha256[:_HASH]}{suffix.lower()}"


def _safe(name: str) -> str:
    """A delivered name as a name of a file: no folders, no leading point, no control characters.

    Of one that is too long for a file system the end is kept, which says what it is.
    """
    bare = re.sub(r"[\x00-\x1f\x7f/\\:]+", "_", name).lstrip(".")
    end = bare.encode("utf-8", "replace")[-_NAME_BYTES:]
    return end.decode("utf-8", "ignore").lstrip(". ") or "original"
