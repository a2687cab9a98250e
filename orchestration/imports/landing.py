"""Files put where a run finds them, once, with the original and a record of what was done beside.

    uploads/<hash of the original>/<its name>             the original, as it came
    uploads/<hash of the original>/<feed>-<hash>.json     what was landed, by which map, by whom
    landing/<feed>/<name>-<hash of the content>.csv       what the run reads

The same file under the same map is the same record, and changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.files import replacing, write_text
from orchestration.home import Home, iso_timestamp, wall_clock
from orchestration.imports import maps
from orchestration.imports.maps import Map
from orchestration.imports.offer import BankSummary
from orchestration.imports.reading import Reading, refuse
from orchestration.imports.vocabulary import plain
from orchestration.ingest.contract import BANK_FEED, BANK_LANDING
from orchestration.ingest.landing import file_sha256
from orchestration.review.people import Permission, Person

_HASH = 16


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
        TieoutError: when the reading says that it must not land.
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
    target = home.feed_landing(found.feed) / _file_name(name, file_sha256(mapped), ".csv")
    return _land(home, original, name, mapped, target, found.feed, identity, record, person)


def land_bank_file(
    home: Home, original: Path, name: str, bank: BankSummary, person: Person
) -> Landed:
    """Pass a bank format on as it is.

    Raises:
        NotPermitted: when the person may not land files.
    """
    person.require(Permission.LAND_FILES)
    suffix = Path(name).suffix or ".txt"
    target = home.landing / BANK_LANDING / _file_name(name, file_sha256(original), suffix)
    record = {
        "rows": bank.items + bank.rejected, "bad": bank.rejected, "left_out": 0,
        "map": "", "map_name": bank.format,
    }  # fmt: skip
    return _land(home, original, name, original, target, BANK_FEED, bank.format, record, person)


def _land(
    home: Home, original: Path, name: str, content: Path, target: Path, feed: str, identity: str,
    record: dict[str, Any], person: Person,
) -> Landed:  # fmt: skip
    sha256 = file_sha256(original)
    folder = home.uploads / sha256[:_HASH]
    key = hashlib.sha256(identity.encode()).hexdigest()[:_HASH]
    path = folder / f"{feed}-{key}.json"
    if path.exists() and (known := read_record(path)) and (home.landing / known.landed_as).exists():
        return Landed(**{**known.__dict__, "is_new": False})
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
        "sha256": sha256,
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
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def history(home: Home) -> list[Landed]:
    """Everything that was landed this way, the newest first."""
    found = [record for path in home.uploads.glob("[!.]*/*.json") if (record := read_record(path))]
    return sorted(found, key=lambda landed: (landed.at, landed.landed_as), reverse=True)


def earlier(home: Home, sha256: str, feed: str) -> Landed | None:
    """The same original, landed before into the same feed by whatever map."""
    folder = home.uploads / sha256[:_HASH]
    records = [r for path in sorted(folder.glob(f"{feed}-*.json")) if (r := read_record(path))]
    return max(records, key=lambda landed: landed.at, default=None)


def _file_name(name: str, sha256: str, suffix: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", plain(Path(name).stem)).strip("-")[:60] or "file"
    return f"{stem}-{sha256[:_HASH]}{suffix.lower()}"


def _safe(name: str) -> str:
    """A delivered name as a name of a file: no folders, no leading point, no control characters."""
    bare = re.sub(r"[\x00-\x1f/\\:]+", "_", name).lstrip(".")
    return bare[-150:] or "original"
