"""A home on a file system of its own that is nearly full (tmpfs: Linux, and who may mount)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from orchestration.home import Home
from orchestration.review import inbox

LARGEST = 1 << 30
"""Bytes of a home from which it is not moved: tmpfs is memory."""

OVERHEAD = 1.1
"""Blocks, folders and links, beside the bytes of the files."""

_FILLING = ".filling"


def move_to(home: Home, room: int) -> bool:
    """Move a home to a small disk with so many bytes left; False where it cannot be."""
    size = sum(path.lstat().st_size for path in home.root.rglob("*"))
    aside = _aside(home)
    if size > LARGEST or aside.exists():
        return False
    inbox.forget(inbox.url_of(home))  # an open database would stay the one that goes
    home.root.rename(aside)
    home.root.mkdir()
    most = int(size * OVERHEAD) + 2 * room
    if not _called("mount", "-t", "tmpfs", "-o", f"size={most}", "tieout-gameday", home.root):
        home.root.rmdir()
        aside.rename(home.root)
        return False
    shutil.copytree(aside, home.root, symlinks=True, dirs_exist_ok=True)
    with open(home.root / _FILLING, "wb") as file:
        file.write(b"x" * max(0, shutil.disk_usage(home.root).free - room))
    return True


def leave(home: Home) -> None:
    """Bring the home back to where it was, as it is now; nothing where it has not moved."""
    aside = _aside(home)
    if not aside.exists():
        return
    inbox.forget(inbox.url_of(home))
    shutil.rmtree(aside)
    (home.root / _FILLING).unlink(missing_ok=True)
    shutil.copytree(home.root, aside, symlinks=True)
    # what a run has left open goes when it ends
    _called("umount", "--lazy", home.root)
    home.root.rmdir()
    aside.rename(home.root)


def _aside(home: Home) -> Path:
    return home.root.with_name(home.root.name + ".aside")


def _called(*command: str | Path) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
