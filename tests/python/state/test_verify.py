"""`tieout verify` names an edit, a deletion, a reordering and a truncation, and exits with 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration import canonical, cli, journal
from orchestration.home import Home
from orchestration.journal import Block
from orchestration.verify import verify, verify_new

Tamper = Callable[[Home], None]


def rewrite(path: Path, query: str) -> None:
    """Replace a Parquet file by a query over `old`."""
    forged = path.with_suffix(".forged")
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = true")
        connection.execute(f"create view old as select * from read_parquet('{path}')")
        connection.execute(f"copy ({query}) to '{forged}' (format parquet)")
    forged.rename(path)


def rewrite_block(home: Home, block: Block) -> None:
    rewrite(
        journal.block_path(home, block.block),
        f"select * replace ('{block.root_hash}' as root_hash, '{block.block_hash}' as block_hash, "
        f"'{block.previous_hash}' as previous_hash) from old",
    )


def edit_payload(home: Home) -> None:
    rewrite(
        journal.entries_path(home, 1),
        """select * replace (case when position = 2 then '{"n":"9"}' else payload end as payload)
        from old order by position""",
    )


def edit_spacing(home: Home) -> None:
    rewrite(
        journal.entries_path(home, 1),
        """select * replace (case when position = 2 then '{"n": "1"}' else payload end as payload)
        from old order by position""",
    )


def edit_actor(home: Home) -> None:
    rewrite(
        journal.entries_path(home, 3),
        "select * replace (case when position = 4 then 'mallory' else actor end as actor) "
        "from old order by position",
    )


def edit_time(home: Home) -> None:
    rewrite(
        journal.entries_path(home, 3),
        "select * replace (occurred_at + interval 1 microsecond as occurred_at) "
        "from old order by position",
    )


def delete_entry(home: Home) -> None:
    rewrite(
        journal.entries_path(home, 1), "select * from old where position != 3 order by position"
    )


def delete_last_entry(home: Home) -> None:
    rewrite(
        journal.entries_path(home, 1), "select * from old where position != 5 order by position"
    )


def delete_entries_file(home: Home) -> None:
    journal.entries_path(home, 2).unlink()


def delete_middle_block(home: Home) -> None:
    journal.entries_path(home, 2).unlink()
    journal.block_path(home, 2).unlink()


def reorder_rows(home: Home) -> None:
    rewrite(journal.entries_path(home, 3), "select * from old order by position desc")


def exchange_positions(home: Home) -> None:
    rewrite(
        journal.entries_path(home, 1),
        "select * replace (case position when 2 then 3 when 3 then 2 else position end "
        "as position) from old order by 2",
    )


def exchange_blocks(home: Home) -> None:
    """Blocks 2 and 3 change places, numbers and all."""
    for path in (journal.block_path, journal.entries_path):
        aside = home.journal / "aside"
        path(home, 2).rename(aside)
        path(home, 3).rename(path(home, 2))
        aside.rename(path(home, 3))
        for number in (2, 3):
            rewrite(
                path(home, number), f"select * replace (cast({number} as bigint) as block) from old"
            )


def truncate(home: Home) -> None:
    journal.entries_path(home, 3).unlink()
    journal.block_path(home, 3).unlink()


def add_entry(home: Home) -> None:
    rewrite(
        journal.entries_path(home, 2),
        "select * from old union all by name select * replace (2 as position) from old",
    )


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (edit_payload, "edit: entry 2 of block 1"),
        (edit_spacing, "edit: entry 2 of block 1"),
        (edit_actor, "edit: entry 4 of block 3"),
        (edit_time, "edit: entry 1 of block 3"),
        (delete_entry, "deletion: entry 4 of block 1 follows entry 2"),
        (delete_last_entry, "deletion: block 1 was sealed with 5 entries, 4 are there"),
        (delete_entries_file, "deletion: the entries of block 2 are gone"),
        (delete_middle_block, "deletion: block 2 is gone"),
        (reorder_rows, "reordering: entry 3 of block 3 is out of order"),
        (exchange_positions, "reordering: entry 2 of block 1"),
        (exchange_blocks, "reordering: block 3 does not follow block 2"),
        (truncate, "truncation: block 3 (run run-1) is anchored"),
        (add_entry, "edit: block 2 was sealed with 1 entries, 2 are there"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_tampering_is_named(
    three_blocks: Home, tamper: Tamper, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(three_blocks)
    assert cli.main(["verify"]) == 1
    assert named in capsys.readouterr().out


def test_a_sound_journal_verifies(three_blocks: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify"]) == 0
    assert "10 entries in 3 blocks" in capsys.readouterr().out


def test_an_empty_home_verifies(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify"]) == 0
    assert "no decision" in capsys.readouterr().out


def test_rewriting_an_entry_with_its_hash_is_seen_in_the_tree(three_blocks: Home) -> None:
    changed = canonical.entry_hash(
        block=2,
        position=1,
        entry_type="match_decided",
        subject_type="match",
        subject_id="m-2-0",
        actor="rule:exact",
        occurred_at="2026-06-30T18:00:00.000005Z",
        payload={"n": "7"},
        source_hashes=["aa", "bb"],
    )
    rewrite(
        journal.entries_path(three_blocks, 2),
        f"""select * replace ('{{"n":"7"}}' as payload, '{changed}' as entry_hash) from old""",
    )
    assert "tree over them has another root" in str(verify(three_blocks).findings[0])


def test_a_forgery_that_recomputes_the_whole_chain_is_seen_in_the_anchors(
    three_blocks: Home,
) -> None:
    """The strongest forger rewrites the entry, its block and all that follow; anchors remain."""
    test_rewriting_an_entry_with_its_hash_is_seen_in_the_tree(three_blocks)
    with duckdb.connect() as connection:
        row = connection.execute(
            f"select entry_hash from '{journal.entries_path(three_blocks, 2)}'"
        ).fetchone()
    assert row is not None
    previous, second, third = journal.read_blocks(three_blocks)
    second = replace(second, root_hash=canonical.merkle_root([bytes.fromhex(row[0])]))
    second = replace(second, block_hash=second.computed_hash())
    third = replace(third, previous_hash=second.block_hash)
    third = replace(third, block_hash=third.computed_hash())
    assert previous.block_hash == second.previous_hash
    rewrite_block(three_blocks, second)
    rewrite_block(three_blocks, third)
    findings = [str(finding) for finding in verify(three_blocks).findings]
    assert len(findings) == 2
    assert all("the block was replaced" in finding for finding in findings)
    assert "edit: block 2" in findings[0]


def test_a_truncation_of_journal_and_anchors_is_seen_in_the_publication(
    three_blocks: Home,
) -> None:
    publish_blocks(three_blocks)
    truncate(three_blocks)
    lines = three_blocks.anchors.read_text().splitlines(keepends=True)
    three_blocks.anchors.write_text("".join(lines[:2]))
    findings = [str(finding) for finding in verify(three_blocks).findings]
    assert findings == [
        "truncation: block 3 is in the published serving.duckdb and the journal ends before it"
    ]


def test_an_anchor_that_was_removed_is_not_healed_once_it_is_published(three_blocks: Home) -> None:
    publish_blocks(three_blocks)
    lines = three_blocks.anchors.read_text().splitlines(keepends=True)
    three_blocks.anchors.write_text("".join(lines[:2]))
    with pytest.raises(journal.JournalError, match="the line was removed"):
        journal.prepare(three_blocks)


def test_removed_anchors_are_named(three_blocks: Home) -> None:
    first = three_blocks.anchors.read_text().splitlines(keepends=True)[0]
    three_blocks.anchors.write_text(first)
    assert "has no anchor for block 2, 3" in str(verify(three_blocks).findings[0])


def test_headers_alone_are_followed_when_entries_are_not_recomputed(three_blocks: Home) -> None:
    edit_payload(three_blocks)
    assert verify_new(three_blocks, most_entries=0).holds
    truncate(three_blocks)
    assert not verify_new(three_blocks, most_entries=0).holds


def publish_blocks(home: Home) -> None:
    """A publication that shows the journal, as a run would leave it."""
    path = home.published / "run-1.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.fct_audit_blocks as "
            f"select * from read_parquet('{home.journal}/0*.block.parquet')"
        )
    home.serving.symlink_to("published/run-1.duckdb")
