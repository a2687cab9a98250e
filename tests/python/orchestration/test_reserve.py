"""A run that meets a full disk is on record, because the home keeps room for that."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from orchestration import reserve, run_records
from orchestration.home import Home, TieoutError


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def with_room(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free))


def test_room_is_kept_once_there_is_some(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with_room(monkeypatch, 2 * reserve.SIZE)
    reserve.keep(home)
    assert not reserve.place(home).exists()
    with_room(monkeypatch, 5 * reserve.SIZE)
    reserve.keep(home)
    assert reserve.place(home).stat().st_size == reserve.SIZE


def test_it_stays_where_there_is_room_enough(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    reserve.keep(home)
    with_room(monkeypatch, reserve.SIZE)
    reserve.spend(home)
    assert reserve.place(home).exists()


def test_a_failing_run_spends_it_before_it_writes_its_record(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, room = run_records.write_text, {"is_full": False}

    def written(path: Path, text: str) -> None:
        if room["is_full"] and reserve.place(home).exists():
            raise OSError(28, "No space left on device")
        write(path, text)

    monkeypatch.setattr(run_records, "write_text", written)

    def fill_the_disk() -> None:
        with run_records.recording(home, "manual"):
            assert reserve.place(home).exists()
            with_room(monkeypatch, 0)
            room["is_full"] = True
            raise TieoutError("nothing fits any more")

    with pytest.raises(TieoutError, match="nothing fits"):
        fill_the_disk()
    [record] = run_records.read(home)
    assert (record.outcome, record.message) == ("failed", "nothing fits any more")
