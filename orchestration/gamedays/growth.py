"""What a home holds, by kind: what grows with the company, and what has to stay as it is.

Facts and decisions are kept for good: they may add files and bytes for ever, in as few files as
their kind needs. All else is made of them, and has a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from orchestration import journal_files
from orchestration.dbt_runs import LARGEST_LOG
from orchestration.home import Home
from orchestration.ingest.store import COMPACTED
from orchestration.publish import KEPT_PUBLICATIONS
from orchestration.run_records import KEPT_RECORDS
from orchestration.telemetry import logs

DAGSTER_RUNS = 5
"""Dagster keeps so many in a soak: fewer than it has days, so that forgetting is seen."""

MORE_BYTES = 1.25
"""What the last third of the days may take of a kind that does not grow, beside the second."""

SMALL = 5_000_000
"""Bytes that no kind is blamed for: the inbox grows by what people do, and is not of its size."""

FEWEST_DAYS = 9


@dataclass(frozen=True)
class Size:
    """Of the files of a kind. `largest_folder` is the most files that one folder of it holds."""

    files: int = 0
    bytes: int = 0
    largest_folder: int = 0


@dataclass(frozen=True)
class Kind:
    """Files of a home below `folders`, and what they may become.

    Attributes:
        is_kept: facts and decisions, kept for good: its bytes grow with them.
        files: the most that there may be after so many runs; None where each landed file is one.
        in_folder: the most that one folder may hold after so many runs.
        bytes: the most that there may be; None where what is usual tells.
    """

    name: str
    folders: tuple[str, ...]
    is_kept: bool = False
    files: Callable[[int], int] | None = None
    in_folder: Callable[[int], int] | None = None
    bytes: int | None = None


def _compacted(families: int, of: int) -> Callable[[int], int]:
    """Each run may add a file to each family; those of so many runs become one."""
    return lambda runs: families * (of + runs // of) + 1


KINDS = (
    Kind("landed", ("landing", "uploads", "maps"), is_kept=True),
    Kind(
        "read", ("raw", "quarantine", "weights"), is_kept=True, in_folder=_compacted(1, COMPACTED)
    ),
    Kind("journal", ("journal",), is_kept=True, in_folder=_compacted(2, journal_files.COMPACTED)),
    Kind(
        "records",
        ("runs/records",),
        files=lambda runs: min(runs, KEPT_RECORDS) + 1,
        bytes=KEPT_RECORDS * 100_000,
    ),
    Kind("runs", ("runs",), is_kept=True, files=lambda runs: runs + 4),
    Kind("published", ("published",), files=lambda _: 2 * KEPT_PUBLICATIONS),
    # of a run: its events with two files beside them, and three of its output
    Kind("Dagster", ("dagster",), files=lambda _: 6 * (DAGSTER_RUNS + 1) + 20),
    Kind("logs", ("logs",), files=lambda _: 2 * 2 + logs.KEPT + 2, bytes=10 * LARGEST_LOG),
    Kind("warehouse", ("warehouse.duckdb", "warehouse.aside.duckdb"), files=lambda _: 2),
    Kind("dbt", ("target",)),
    Kind("other", ("",)),
)


def measured(home: Home) -> dict[str, Size]:
    """The sizes of a home by the names of the kinds. Links lead to what is counted already."""
    found: dict[str, Size] = {kind.name: Size() for kind in KINDS}
    folders: dict[tuple[str, Path], int] = {}
    for path in home.root.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        name = kind_of(path.relative_to(home.root)).name
        place = (name, path.parent)
        folders[place] = folders.get(place, 0) + 1
        so_far = found[name]
        found[name] = Size(
            so_far.files + 1,
            so_far.bytes + path.stat().st_size,
            max(so_far.largest_folder, folders[place]),
        )
    return found


def kind_of(path: Path) -> Kind:
    """The first kind that a path below the home belongs to."""
    for kind in KINDS:
        for folder in kind.folders:
            if not folder or path == Path(folder) or Path(folder) in path.parents:
                return kind
    raise AssertionError(path)


def grown(days: Sequence[tuple[int, Mapping[str, Size]]]) -> list[str]:
    """What has more files or bytes than its kind may have; a sentence each.

    Args:
        days: runs so far and sizes after each day.
    """
    wrong = []
    for kind in KINDS:
        runs, last = days[-1][0], days[-1][1][kind.name]
        if kind.files is not None and last.files > kind.files(runs):
            wrong.append(
                f"{kind.name}: {last.files} files after {runs} runs, at most {kind.files(runs)}."
            )
        if kind.in_folder is not None and last.largest_folder > kind.in_folder(runs):
            wrong.append(
                f"{kind.name}: a folder with {last.largest_folder} files after {runs} runs, at "
                f"most {kind.in_folder(runs)}."
            )
        if kind.bytes is not None and last.bytes > kind.bytes:
            wrong.append(f"{kind.name}: {_mb(last.bytes)} MB, at most {_mb(kind.bytes)}.")
        if kind.is_kept or len(days) < FEWEST_DAYS:
            continue
        third = len(days) // 3
        parts = [[sizes[kind.name] for _, sizes in days[at:][:third]] for at in (third, 2 * third)]
        before, after = (median(size.bytes for size in part) for part in parts)
        if kind.bytes is None and after > MORE_BYTES * max(before, SMALL):
            wrong.append(f"{kind.name}: {_mb(after)} MB at the end, {_mb(before)} before.")
        before, after = (max(size.files for size in part) for part in parts)
        if kind.files is None and after > before:
            wrong.append(f"{kind.name}: {after} files at the end, {before} before.")
    return wrong


def table(first: Mapping[str, Size], last: Mapping[str, Size]) -> str:
    """Files and megabytes of every kind on the first and the last day."""
    lines = [f"{'kind':<10} {'files':>6} {'at the end':>11} {'MB':>8} {'at the end':>11}  may"]
    for kind in KINDS:
        old, new = first[kind.name], last[kind.name]
        lines.append(
            f"{kind.name:<10} {old.files:>6} {new.files:>11} {_mb(old.bytes):>8} "
            f"{_mb(new.bytes):>11}  {'grow: kept for good' if kind.is_kept else 'not grow'}"
        )
    return "\n".join(lines)


def _mb(size: float) -> str:
    return f"{size / 2**20:.1f}"
