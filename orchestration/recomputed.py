"""Which files of the journal were recomputed, and found whole, and not written to since.

It spares a run to hash all decisions of all time again. `tieout verify` never believes it; where it
is lost, the next run hashes again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from orchestration.files import write_text
from orchestration.home import Home

Stamp = list[int]
"""Size, times and inode of a file: what changes when it is written to or replaced."""


def stamp_of(path: Path) -> Stamp:
    """The stamp of a file as it lies now; to be taken before the file is read."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def read(home: Home) -> dict[str, Stamp]:
    """Stamps by file name; none when there are none, or the file was damaged."""
    try:
        found = json.loads(_file(home).read_text(encoding="utf-8"))
        return {str(name): list(stamp) for name, stamp in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write(home: Home, stamps: Mapping[str, Stamp]) -> None:
    """Keep these stamps and no others. Whoever may only read the home keeps none."""
    if stamps != read(home):
        with suppress(OSError):
            write_text(_file(home), json.dumps(dict(sorted(stamps.items()))) + "\n")


def carry(home: Home, parts: Sequence[Path], whole: Path) -> None:
    """What was found whole in parts is whole in the file that was made of them."""
    stamps = read(home)
    if all(stamps.get(path.name) == stamp_of(path) for path in parts):
        write(home, stamps | {whole.name: stamp_of(whole)})


def _file(home: Home) -> Path:
    return home.root / "cache" / "recomputed.json"
