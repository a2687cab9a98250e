"""The files of many blocks become one: nothing is lost, doubled or hidden by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from decisions import SEALED_AT, decision, write_decisions

from orchestration import cli, journal, journal_files, recomputed
from orchestration.home import Home
from orchestration.journal_files import ENTRIES, HEADERS, JournalError, file_path
from orchestration.verify import verify, verify_new

SIZES = (5, 1, 4, 2, 3, 1, 2)


@pytest.fixture(autouse=True)
def three_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_files, "COMPACTED", 3)


def seal(home: Home, number: int) -> None:
    rows = [
        decision(f"m-{number}-{index}", payload=json.dumps({"n": str(index)}))
        for index in range(SIZES[number - 1])
    ]
    write_decisions(home, rows)
    journal.seal(home, f"run-{number}", SEALED_AT)


def seal_three(home: Home) -> None:
    for number in range(1, 4):
        seal(home, number)


def seal_seven(home: Home) -> None:
    for number in range(1, 8):
        seal(home, number)


@pytest.fixture
def three(home: Home, made_once: Callable[..., Home], monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with three blocks that could be compacted."""
    with monkeypatch.context() as patch:
        patch.setattr(journal_files, "COMPACTED", 99)
        return made_once("three", home, seal_three)


@pytest.fixture
def seven(home: Home, made_once: Callable[..., Home]) -> Home:
    """A home with seven blocks, of which six are compacted."""
    made_once("seven", home, seal_seven)
    journal.prepare(home)
    return home


@pytest.fixture
def seven_single(
    tmp_path: Path, made_once: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> Home:
    """Another with the same blocks in the former layout: nothing is compacted."""
    with monkeypatch.context() as patch:
        patch.setattr(journal_files, "COMPACTED", 99)
        return made_once("seven single", Home(tmp_path / "single").create(), seal_seven)


def names(home: Home) -> list[str]:
    return sorted(path.name for path in home.journal.glob("0*.parquet"))


def shown(home: Home, family: str, order: str) -> list[tuple[Any, ...]]:
    """What dbt reads: all files of a family by its pattern."""
    with duckdb.connect() as connection:
        return connection.execute(
            f"select * from read_parquet('{home.journal}/*.{family}.parquet', "
            f"union_by_name = true) order by {order}"
        ).fetchall()


def rewrite(path: Path, query: str) -> None:
    """Replace a Parquet file by a query over `old`."""
    forged = path.with_suffix(".forged")
    with duckdb.connect() as connection:
        connection.execute(f"create view old as select * from read_parquet('{path}')")
        connection.execute(f"copy ({query}) to '{forged}' (format parquet)")
    forged.rename(path)


def test_many_files_become_one_and_no_row_changes(seven_single: Home) -> None:
    home = seven_single
    assert len(names(home)) == 14
    entries, headers = shown(home, ENTRIES, "1, 2"), shown(home, HEADERS, "1")
    blocks, anchors = journal.read_blocks(home), home.anchors.read_bytes()
    assert journal.prepare(home) == blocks == journal.read_blocks(home)
    assert names(home) == [
        "000001-000003.block.parquet",
        "000001-000003.entries.parquet",
        "000004-000006.block.parquet",
        "000004-000006.entries.parquet",
        "000007.block.parquet",
        "000007.entries.parquet",
    ]
    assert shown(home, ENTRIES, "1, 2") == entries
    assert shown(home, HEADERS, "1") == headers
    assert home.anchors.read_bytes() == anchors
    assert verify(home).describe().startswith("The journal holds: 18 entries in 7 blocks, every")


def test_the_chain_goes_on_behind_compacted_blocks(
    home: Home, made_once: Callable[..., Home], seven_single: Home
) -> None:
    made_once("seven", home, seal_seven)
    assert len(names(home)) < len(names(seven_single))
    assert journal.read_blocks(home) == journal.read_blocks(seven_single)
    assert home.anchors.read_bytes() == seven_single.anchors.read_bytes()


class Killed(BaseException):
    """Like SIGKILL: nothing may be tidied up on the way out."""


@pytest.mark.parametrize("moment", range(7))
def test_a_killed_compaction_loses_and_doubles_nothing(
    three: Home, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Killed after writing one file, the other, and after each removal but the last."""
    home = three
    entries, headers = shown(home, ENTRIES, "1, 2"), shown(home, HEADERS, "1")
    acts = 0

    def killed_after(real: Callable[..., None]) -> Callable[..., None]:
        def act(*arguments: Any, **options: Any) -> None:
            nonlocal acts
            real(*arguments, **options)
            if options:
                return  # clears what may be in the way of a copy
            if acts == moment:
                raise Killed
            acts += 1

        return act

    with monkeypatch.context() as patch:
        patch.setattr(journal_files, "copy_to_parquet", killed_after(journal_files.copy_to_parquet))
        patch.setattr(Path, "unlink", killed_after(Path.unlink))
        with pytest.raises(Killed):
            journal_files.compact(home, 3)
    verdict = verify(home)
    assert (verdict.findings, verdict.entries, verdict.blocks) == ([], 10, 3)
    journal_files.settle(home)
    assert shown(home, ENTRIES, "1, 2") == entries
    assert shown(home, HEADERS, "1") == headers
    journal.prepare(home)
    assert names(home) == ["000001-000003.block.parquet", "000001-000003.entries.parquet"]
    assert shown(home, ENTRIES, "1, 2") == entries
    assert shown(home, HEADERS, "1") == headers


def test_files_that_tell_something_else_than_the_compacted_one_stay(seven: Home) -> None:
    single = file_path(seven, ENTRIES, 2)
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * replace ('mallory' as actor) from "
            f"read_parquet('{file_path(seven, ENTRIES, 1, 3)}') where block = 2) "
            f"to '{single}' (format parquet)"
        )
    with pytest.raises(JournalError, match="do not tell the same"):
        journal.prepare(seven)
    assert single.exists()


def test_a_file_with_rows_of_another_block_is_not_compacted(home: Home) -> None:
    for number in range(1, 3):
        seal(home, number)
    rewrite(file_path(home, ENTRIES, 2), "select * replace (cast(1 as bigint) as block) from old")
    seal(home, 3)
    journal.prepare(home)
    assert file_path(home, ENTRIES, 2).exists()
    assert "entry 1 of block 2 says that it belongs to block 1" in verify(home).describe()


def forge(family: str, query: str) -> Callable[[Home], None]:
    return lambda home: rewrite(file_path(home, family, 4, 6), query)


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (
            forge(
                ENTRIES,
                "select * replace (if(block = 5 and position = 3, 'mallory', actor) as actor) "
                "from old",
            ),
            "edit: entry 3 of block 5",
        ),
        (
            forge(ENTRIES, "select * from old where not (block = 5 and position = 2)"),
            "deletion: entry 3 of block 5 follows entry 1",
        ),
        (
            forge(ENTRIES, "select * from old where block != 6"),
            "deletion: block 6 was sealed with 1 entries, 0 are there",
        ),
        (
            forge(ENTRIES, "select * from old order by block, position desc"),
            "reordering: entry 2 of block 5 is out of order",
        ),
        (
            forge(ENTRIES, "from old union all by name (select * replace (9 as block) from old)"),
            "says that it belongs to block 9",
        ),
        (forge(HEADERS, "select * from old where block != 5"), "deletion: block 5 is gone"),
        (forge(HEADERS, "select * from old where block != 6"), "deletion: block 6 is gone"),
        (
            forge(
                HEADERS, "select * replace (if(block = 4, 9, entry_count) as entry_count) from old"
            ),
            "edit: the header of block 4 was changed",
        ),
        (forge(HEADERS, "from old union all from old"), "unreadable"),
        (lambda home: file_path(home, ENTRIES, 4, 6).unlink(), "the entries of block 5 are gone"),
        (lambda home: file_path(home, HEADERS, 4, 6).unlink(), "deletion: block 5 is gone"),
    ],
)
def test_tampering_with_compacted_blocks_is_named(
    seven: Home, tamper: Callable[[Home], None], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verify(seven)  # what it found whole is nothing to it
    tamper(seven)
    assert cli.main(["verify"]) == 1
    assert named in capsys.readouterr().out
    assert not verify_new(seven, 100).holds, "a run sees that a file was written to"


def test_a_truncation_of_compacted_blocks_is_named(seven: Home) -> None:
    for path in seven.journal.glob("00000[4-7]*"):
        path.unlink()
    found = [str(finding) for finding in verify(seven).findings]
    assert [text[:19] for text in found] == [f"truncation: block {n}" for n in range(4, 8)]
    with pytest.raises(JournalError, match="truncated"):
        journal.prepare(seven)


def test_a_run_recomputes_what_is_new(home: Home) -> None:
    for number in range(1, 5):
        seal(home, number)
        verdict = verify_new(home, 100)
        assert verdict.holds
        assert verdict.recomputed == SIZES[number - 1]
        assert verdict.recomputed + verdict.recomputed_before == sum(SIZES[:number])
        journal.prepare(home)  # compacted, they count as found whole
    assert "(2 now, the others in earlier runs" in verdict.describe()
    assert verify(home).recomputed == 12, "`tieout verify` recomputes all"


def test_what_a_run_has_no_time_for_is_said_and_done_by_verify(home: Home) -> None:
    for number in range(1, 3):
        seal(home, number)
    verdict = verify_new(home, 3)
    assert (verdict.recomputed, verdict.entries) == (1, 6), "the newest that fit"
    assert "5 of them not recomputed here" in verdict.describe()
    verify(home)
    assert verify_new(home, 3).recomputed_before == 6


@pytest.mark.parametrize("damage", ["{", "[]", '{"000001.entries.parquet": 1}'])
def test_a_damaged_memory_costs_one_recomputation(home: Home, damage: str) -> None:
    seal(home, 1)
    verify(home)
    (home.root / "cache" / "recomputed.json").write_text(damage)
    assert recomputed.read(home) == {}
    assert verify_new(home, 100).recomputed == 5
