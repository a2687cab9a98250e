"""Companies whose landed files are split: the demo generator's, and those of another one."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from tieout_process import PROJECT

from orchestration import demo
from tests.python.splits.landed_files import Landed, read_all

EVALUATION = PROJECT.parent / "shared" / "evaluation"
DEMO_END = date(2026, 6, 30)


@dataclass(frozen=True)
class Company:
    """Landed files and the first and last day of its invoices."""

    files: list[Landed]
    start: date
    end: date


def of_demo(scratch: Path, draw: random.Random, invoices: int | None = None) -> Company:
    """The demo generator's, by a seed of its own."""
    demo.generate(
        scratch / "landing",
        scratch / "truth",
        seed=draw.randrange(10**6),
        invoices=invoices or draw.randrange(150, 401),
        months=2,
        end=DEMO_END,
    )
    return _company(read_all(scratch / "landing"))


def of_world(scratch: Path, world: str, weeks: int | None = None) -> Company:
    """Another generator's, or its first weeks; skips the test where it is not beside the project.

    A name that two waves use is two files.
    """
    folder = EVALUATION / world
    if not folder.is_dir():
        pytest.skip(f"the company {world} (../shared/evaluation) is not here")
    landing = scratch / "landing"
    for source in sorted(folder.glob("**/landing")):
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            place = landing / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place.with_name(f"{source.parent.name}_{file.name}"))
    whole = _company(read_all(landing))
    if weeks is None:
        return whole
    end = whole.start + timedelta(weeks=weeks)
    return Company(read_all(landing, until=end), whole.start, end)


def _company(files: list[Landed]) -> Company:
    days = sorted(
        day
        for file in files
        if file.name.startswith("billing_invoices/")
        for day in file.days
        if day is not None
    )
    # a few rows may be of another time altogether
    return Company(files, days[len(days) // 50], days[-1 - len(days) // 50])
