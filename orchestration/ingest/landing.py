"""What lies in landing: every file of every feed, at any depth, known by its SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.files import write_text
from orchestration.home import Home, TieoutError, to_naive_utc

NO_FEED = "unknown"
"""Feed of a file that lies in landing itself, outside of any feed's folder."""

UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload")
"""Names of uploads that are still under way. They and hidden files have not landed yet."""

_HASH_CHUNK = 1 << 20


@dataclass(frozen=True)
class LandedFile:
    """One file of one feed. `name` is its path below the feed's folder, with forward slashes."""

    feed: str
    name: str
    path: Path
    batch_id: str
    size: int
    modified_ns: int

    def landed_at(self, as_of: datetime) -> datetime:
        """When the file arrived, naive UTC; never after the moment that the run speaks for."""
        modified = to_naive_utc(datetime.fromtimestamp(self.modified_ns / 1e9, tz=UTC))
        return min(modified, as_of)

    def is_unchanged(self) -> bool:
        """Whether the file is still the one that was hashed."""
        try:
            status = self.path.stat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (self.size, self.modified_ns)


def scan(home: Home) -> list[LandedFile]:
    """All landed files, by feed, in the order of their arrival.

    Of files with the same bytes the first to arrive is the batch, whatever their names. Files whose
    name, size and times are those of the last scan are not read again.

    Raises:
        TieoutError: when a file cannot be read.
    """
    cache_file = home.root / "cache" / "landing.json"
    cached = _read_cache(cache_file)
    seen: dict[str, tuple[list[int], str]] = {}
    landed = []
    for feed, name, path in sorted(_files(home.landing)):
        try:
            status = path.stat()
            stamp = _stamp(status)
            place = f"{feed}/{name}"
            known = cached.get(place)
            batch_id = known[1] if known and known[0] == stamp else file_sha256(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise TieoutError(
                f"{path} cannot be read ({error.strerror}). Give this user the right to read it, "
                "or move it out of landing."
            ) from error
        seen[place] = (stamp, batch_id)
        landed.append(LandedFile(feed, name, path, batch_id, status.st_size, status.st_mtime_ns))
    if seen != cached:
        write_text(cache_file, json.dumps(seen))
    return sorted(landed, key=lambda file: (file.feed, file.modified_ns, file.name))


def unread(home: Home, read: set[str]) -> dict[str, list[tuple[int, float]]]:
    """By feed, size and time of the landed files whose batch is not in `read`.

    No file is read for it: one whose size or time the last scan did not see counts as new. A feed
    whose files have all been read is there, with none.
    """
    cached = _read_cache(home.root / "cache" / "landing.json")
    waiting: dict[str, list[tuple[int, float]]] = {}
    for feed, name, path in _files(home.landing):
        of_feed = waiting.setdefault(feed, [])
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        known = cached.get(f"{feed}/{name}")
        if known is None or known[0][:2] != _stamp(status)[:2] or known[1] not in read:
            of_feed.append((status.st_size, status.st_mtime))
    return waiting


def stamps_digest(home: Home) -> str:
    """Hash of the names, sizes and times of all landed files, none of which is read."""
    digest = hashlib.sha256()
    for feed, name, path in sorted(_files(home.landing)):
        with suppress(FileNotFoundError):
            digest.update(json.dumps([feed, name, _stamp(path.stat())]).encode())
    return digest.hexdigest()


def _stamp(status: os.stat_result) -> list[int]:
    """What a file is known by without reading it."""
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, lower-case hex, in constant memory."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while chunk := handle.read(_HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _files(landing: Path) -> Iterator[tuple[str, str, Path]]:
    """Feed, name and path of every file. Links are followed, each folder once."""
    if not landing.is_dir():
        return
    for entry in sorted(landing.iterdir()):
        if _has_not_landed(entry.name):
            continue
        if entry.is_file():
            yield NO_FEED, entry.name, entry
        elif entry.is_dir():
            for path in _walk(entry, set()):
                yield entry.name, path.relative_to(entry).as_posix(), path


def _walk(folder: Path, visited: set[Path]) -> Iterator[Path]:
    real = folder.resolve()
    if real in visited:
        return
    visited.add(real)
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        path = folder / name
        if _has_not_landed(name):
            continue
        if path.is_dir():
            yield from _walk(path, visited)
        elif path.is_file():
            yield path


def _has_not_landed(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def _read_cache(path: Path) -> dict[str, tuple[list[int], str]]:
    """The last scan; empty when there is none, or when it was damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {place: (list(stamp), str(batch_id)) for place, (stamp, batch_id) in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
