"""Sealing gives the hashes of the recipe, blocks are write-once, killed runs are healed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from decisions import SEALED_AT, decision, write_decisions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration import journal
from orchestration.home import Home
from orchestration.journal import Block, JournalError
from orchestration.verify import verify

Seal = Callable[..., Block | None]


def entries(home: Home, block: int) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select * from read_parquet('{journal.entries_path(home, block)}') order by position"
        ).fetchall()
    return [dict(zip(journal.ENTRY_COLUMNS, row, strict=True)) for row in rows]


def test_nothing_to_seal_makes_no_block(home: Home, seal: Seal) -> None:
    assert seal([]) is None
    assert journal.read_blocks(home) == []
    assert not home.anchors.exists()


def test_order_of_rows_does_not_matter(home: Home, seal: Seal, tmp_path: Any) -> None:
    rows = [decision(f"m-{index}") for index in range(7)]
    first = seal(rows)
    other = Home(tmp_path / "other").create()
    write_decisions(other, list(reversed(rows)))
    second = journal.seal(other, "run-1", SEALED_AT)
    assert first == second


def test_positions_follow_type_subject_and_payload(home: Home, seal: Seal) -> None:
    seal(
        [
            decision("m-2"),
            decision("m-1", payload='{"b":"2"}'),
            decision("m-1", payload='{"a":"1"}'),
            decision("z", entry_type="a_first"),
        ]
    )
    order = [
        (entry["position"], entry["subject_id"], entry["payload"]) for entry in entries(home, 1)
    ]
    assert [(place, subject) for place, subject, _ in order] == [
        (1, "z"),
        (2, "m-1"),
        (3, "m-1"),
        (4, "m-2"),
    ]
    assert order[1][2] == '{"a":"1"}'


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        'quote " and \\ slash / ',
        "\x00\x01\x1f\x7f",
        "tab\tnew\nline\r\b\f",
        "é漢\U0001f600",
    ],
)
def test_text_of_every_kind_is_hashed_as_the_recipe_says(home: Home, seal: Seal, text: str) -> None:
    seal(
        [
            decision(f"m-{text}", actor=text, payload=json.dumps({"t": text}, ensure_ascii=False)),
            decision("m-0", source_hashes=[]),
        ]
    )
    assert verify(home).findings == []


def test_a_payload_in_another_form_is_made_canonical(home: Home, seal: Seal) -> None:
    seal([decision("m", payload='{"b": 1.50, "a": "\\u00e9\\u001F\\/"}')])
    assert entries(home, 1)[0]["payload"] == '{"a":"é\\u001f/","b":"1.50"}'
    assert verify(home).holds


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(st.text(), min_size=1, max_size=6))
def test_sql_and_python_agree_on_any_text(
    texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = Home(tmp_path_factory.mktemp("any") / "home").create()
    write_decisions(
        home,
        [
            decision(text, payload=json.dumps({"t": text, text: "k"}), source_hashes=[text])
            for text in texts
        ],
    )
    journal.seal(home, "run-1", SEALED_AT)
    assert verify(home).findings == []


@pytest.mark.parametrize("column", ["actor", "payload", "source_hashes", "occurred_at"])
def test_a_decision_that_lacks_something_is_not_sealed(home: Home, seal: Seal, column: str) -> None:
    with pytest.raises(JournalError, match="without a value"):
        seal([decision("m-1"), decision("m-2", **{column: None})])
    assert journal.read_blocks(home) == []


def test_blocks_chain_and_are_anchored(three_blocks: Home) -> None:
    blocks = journal.read_blocks(three_blocks)
    assert [block.entry_count for block in blocks] == [5, 1, 4]
    assert [block.previous_hash for block in blocks] == [
        "0" * 64,
        blocks[0].block_hash,
        blocks[1].block_hash,
    ]
    anchors = journal.read_anchors(three_blocks.anchors)
    assert [anchor["block_hash"] for anchor in anchors] == [block.block_hash for block in blocks]


def test_a_second_anchor_file_gets_everything(
    three_blocks: Home, seal: Seal, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    second = tmp_path / "elsewhere" / "anchors.jsonl"
    monkeypatch.setenv("TIEOUT_ANCHORS", str(second))
    seal([decision("m-4")])
    assert second.read_bytes() == three_blocks.anchors.read_bytes()
    assert len(journal.read_anchors(second)) == 4


def test_a_run_killed_before_its_block_file_seals_the_same_again(
    three_blocks: Home, seal: Seal
) -> None:
    wanted = journal.read_blocks(three_blocks)[2]
    rows = [decision(f"m-3-{index}", payload=json.dumps({"n": str(index)})) for index in range(4)]
    anchors = three_blocks.anchors.read_text().splitlines(keepends=True)
    three_blocks.anchors.write_text("".join(anchors[:2]))
    journal.block_path(three_blocks, 3).unlink()
    (three_blocks.journal / "000003.block.parquet.tmp").write_bytes(b"half a file")
    journal.prepare(three_blocks)
    assert not journal.entries_path(three_blocks, 3).exists(), "unsealed entries must not be read"
    assert seal(rows) == wanted
    assert three_blocks.anchors.read_text() == "".join(anchors)
    assert verify(three_blocks).holds


def test_a_run_killed_before_its_anchor_is_anchored_by_the_next(three_blocks: Home) -> None:
    complete = three_blocks.anchors.read_bytes()
    cut = complete[: complete.rstrip(b"\n").rfind(b"\n") + 1]
    for left in (cut, cut + b'{"block":"3","blo'):
        three_blocks.anchors.write_bytes(left)
        journal.prepare(three_blocks)
        assert three_blocks.anchors.read_bytes() == complete


def test_preparing_a_sound_journal_changes_nothing(three_blocks: Home) -> None:
    before = {path.name: path.read_bytes() for path in three_blocks.journal.iterdir()}
    journal.prepare(three_blocks)
    assert {path.name: path.read_bytes() for path in three_blocks.journal.iterdir()} == before


def test_nothing_is_sealed_on_a_truncated_journal(three_blocks: Home, seal: Seal) -> None:
    journal.block_path(three_blocks, 3).unlink()
    journal.entries_path(three_blocks, 3).unlink()
    with pytest.raises(JournalError, match="truncated"):
        seal([decision("m-9")])


def test_nothing_is_sealed_on_a_journal_with_a_gap(three_blocks: Home, seal: Seal) -> None:
    journal.block_path(three_blocks, 2).unlink()
    with pytest.raises(JournalError, match="Block 2 is missing"):
        seal([decision("m-9")])


def test_nothing_is_sealed_after_a_replaced_block(three_blocks: Home, seal: Seal) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * replace ('run-2' as run_id) from read_parquet("
            f"'{journal.block_path(three_blocks, 3)}')) to "
            f"'{three_blocks.journal}/forged' (format parquet)"
        )
    (three_blocks.journal / "forged").rename(journal.block_path(three_blocks, 3))
    with pytest.raises(JournalError, match="does not continue the chain"):
        seal([decision("m-9")])


def test_an_anchor_file_that_was_cut_is_not_mended(three_blocks: Home, seal: Seal) -> None:
    first = three_blocks.anchors.read_text().splitlines(keepends=True)[0]
    three_blocks.anchors.write_text(first)
    with pytest.raises(JournalError, match="the file was cut"):
        seal([decision("m-9")])


def test_a_line_that_is_no_anchor_is_named(three_blocks: Home) -> None:
    with open(three_blocks.anchors, "a") as handle:
        handle.write("hello\n")
    with pytest.raises(JournalError, match="Line 4"):
        journal.prepare(three_blocks)
