"""What a soak finds of a home that grows: only what is kept for good may."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.gamedays import growth, soak
from orchestration.gamedays.growth import Size
from orchestration.home import Home

DAYS = 21


def lived(**later: Callable[[int], Size]) -> list[tuple[int, Mapping[str, Size]]]:
    """Sizes of kinds after each day: as they were on the first one, but for those that are told."""
    flat = {kind.name: Size(2, 1_000_000, 2) for kind in growth.KINDS}
    return [
        (day, {**flat, **{name: size(day) for name, size in later.items()}})
        for day in range(1, DAYS + 1)
    ]


def test_a_home_that_stays_as_it_is_is_flat() -> None:
    assert growth.grown(lived()) == []


def test_what_is_kept_for_good_may_grow() -> None:
    def grows(day: int) -> Size:
        return Size(5 * day, 1_000_000 * day, 5)

    assert growth.grown(lived(landed=grows, read=grows, journal=grows)) == []


@pytest.mark.parametrize("kind", ["records", "published", "Dagster", "logs", "dbt", "other"])
def test_files_that_come_with_every_day_are_found(kind: str) -> None:
    (said,) = growth.grown(lived(**{kind: lambda day: Size(20 * day, 1_000_000, 5)}))
    assert said.startswith(f"{kind}: {20 * DAYS} files")


@pytest.mark.parametrize("kind", ["published", "Dagster", "warehouse", "other"])
def test_bytes_that_come_with_every_day_are_found(kind: str) -> None:
    (said,) = growth.grown(lived(**{kind: lambda day: Size(2, 6_000_000 * day, 1)}))
    assert said.startswith(f"{kind}: ") and said.endswith(" before.")


def test_files_that_nobody_makes_one_of_are_found() -> None:
    kept = replace(Size(), largest_folder=growth.COMPACTED + 5)
    (said,) = growth.grown(lived(read=lambda _: kept))
    assert "a folder with 37 files" in said


def test_each_file_is_of_one_kind(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    for name in (
        "landing/fx_rates/a.csv",
        "raw/fx_rates/000001.parquet",
        "runs/000001.parquet",
        "runs/records/a.json",
        "published/masked/a.duckdb",
        "warehouse.duckdb",
        "alerts.yml",
    ):
        path = home.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1234")
    home.serving.symlink_to("published/masked/a.duckdb")
    sizes = growth.measured(home)
    assert {name for name, size in sizes.items() if size.files} == {
        "landed",
        "read",
        "runs",
        "records",
        "published",
        "warehouse",
        "other",
    }
    assert sum(size.files for size in sizes.values()) == 7
    assert sizes["other"] == Size(1, 4, 1)


def test_a_watch_that_gathers_memory_is_found() -> None:
    def day(number: int, watch: int) -> soak.Day:
        return soak.Day(number, "", 1.0, 100 << 20, number, {}, 0, 1, watch << 20)

    sizes = lived()
    flat = [replace(day(number, 400), sizes=sizes[number][1]) for number in range(DAYS)]
    assert soak._grown(flat) == []
    leaking = [replace(one, watch=one.watch + (10 * one.number << 20)) for one in flat]
    (said,) = soak._grown(leaking)
    assert said == "The watch takes 570 MB at the end, and took 430 MB at first."


@pytest.mark.thorough
def test_three_days_with_a_fault_are_lived_through(tmp_path: Path) -> None:
    """The soak as `make soak` starts it, short. This seed sets the clock back on the first day."""
    assert soak.run(Home(tmp_path / "home"), 3, random.Random(3)) == []
