"""Delivered files for tests: written as their bytes, looked at and read as the command does."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from orchestration.home import Home
from orchestration.imports.maps import Map
from orchestration.imports.offer import Offer, look_at
from orchestration.imports.reading import Reading, apply
from orchestration.imports.source import Source


@dataclass(frozen=True)
class Desk:
    """A home, and a folder in which files are delivered."""

    home: Home
    folder: Path

    def deliver(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def look(self, name: str, content: str | bytes, **answers: str) -> Offer:
        """What a file is; answers are by key, with `__` for the colon."""
        path = self.deliver(name, content)
        said = {key.replace("__", ":"): value for key, value in answers.items()}
        return look_at(self.home, path, said)

    def read(self, offer: Offer, place: int = 0) -> tuple[Map, Reading, list[dict[str, str]]]:
        """The map, what it says of the file, and the rows of the feed's file."""
        assert offer.questions == []
        found = offer.proposals[place].map
        assert found is not None and offer.source is not None
        return found, *self.apply(offer.source, found)

    def apply(self, source: Source, found: Map) -> tuple[Reading, list[dict[str, str]]]:
        """A map applied, and the rows that it wrote."""
        target = self.folder / "mapped.csv"
        reading = apply(source, found, target)
        with open(target, encoding="utf-8", newline="") as handle:
            return reading, list(csv.DictReader(handle))
