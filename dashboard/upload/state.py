"""What the upload page knows between two clicks: files that wait, answers, and readings of them.

Looking at a file takes longer the larger it is, so what was found is kept for the session, by the
file's hash and everything that was said about it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from orchestration.home import Home
from orchestration.imports.landing import Landed
from orchestration.imports.maps import Map, dump
from orchestration.imports.offer import Offer, look_at
from orchestration.imports.profile import Profile
from orchestration.imports.reading import Reading, apply
from orchestration.imports.source import Source

PREVIEWED_ROWS = 20_000
"""Larger files are read whole only when a person asks for it, or lands them."""

_KEPT_READINGS = 20


@dataclass
class Waiting:
    """One uploaded file, and what was said about it."""

    path: Path
    name: str
    answers: dict[str, str] = field(default_factory=dict)
    sheet: str | None = None
    is_anew: bool = False
    is_whole: bool = False
    landed: list[Landed] = field(default_factory=list)
    _looked: dict[str | None, tuple[Source, Profile]] = field(default_factory=dict)
    _readings: dict[str, Reading] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Tells its widgets from those of other files."""
        return self.path.name[:12]

    @property
    def is_large(self) -> bool:
        """Whether not every change can be tried on the whole file."""
        looked = self._looked.get(self.sheet)
        return looked is not None and looked[1].rows > PREVIEWED_ROWS

    def offer(self, home: Home) -> Offer:
        """What can be done with the file. Raises `TieoutError` where it cannot be read."""
        found = look_at(
            home, self.path, self.answers, name=self.name, sheet=self.sheet, is_anew=self.is_anew,
            seen=self._looked.get(self.sheet),
        )  # fmt: skip
        if found.source is not None and found.profile is not None:
            self._looked[self.sheet] = (found.source, found.profile)
        return found

    def reading(self, source: Source, found: Map, whole: bool = False) -> Reading:
        """The file under a map: all of it, or the first rows where it is large."""
        limit = None if whole or self.is_whole or not self.is_large else PREVIEWED_ROWS
        key = f"{limit}{self.sheet}{dump(found)}"
        if key not in self._readings:
            if len(self._readings) >= _KEPT_READINGS:
                self._readings.pop(next(iter(self._readings)))
            with tempfile.TemporaryDirectory(prefix="tieout-import-") as folder:
                self._readings[key] = apply(source, found, Path(folder) / "map.csv", limit=limit)
        return self._readings[key]


def waiting() -> dict[str, Waiting]:
    """The files of this session, by hash and name, in the order of their arrival."""
    files: dict[str, Waiting] = st.session_state.setdefault("upload-files", {})
    return files
