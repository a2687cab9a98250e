"""Where an uploaded file waits while a person looks at it: under the home, by its hash."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from orchestration.files import replacing
from orchestration.home import Home

KEEP_SECONDS = 24 * 3600


def folder(home: Home) -> Path:
    """Hidden beside the originals, so that nothing takes it for one of them."""
    return home.uploads / ".waiting"


def keep(home: Home, content: memoryview) -> Path:
    """Write what was uploaded, once; the path is named by the hash of the content."""
    path = folder(home) / hashlib.sha256(content).hexdigest()
    if not path.exists():
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    return path


def clear(home: Home) -> None:
    """Delete what has waited for longer than a day: nobody looks at it any more."""
    oldest = time.time() - KEEP_SECONDS
    for path in folder(home).glob("*"):
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
