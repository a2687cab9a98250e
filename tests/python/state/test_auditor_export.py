"""An auditor's export verifies with nothing but Python, and names what was tampered with."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from decisions import SEALED_AT, decision

from orchestration import canonical, cli, journal
from orchestration.auditor import export
from orchestration.home import Home, TieoutError

Lines = list[dict[str, Any]]
Change = Callable[[Path], None]


def exported(home: Home, target: Path, scope: export.Scope | None = None) -> int:
    return export.write(
        home, target, scope or export.Scope(), made_by="olga", made_at=SEALED_AT
    )  # fmt: skip


def verified(path: Path, *arguments: str) -> tuple[int, str]:
    """What the verifier of an export says, in an interpreter that sees no other package."""
    script = path.parent / "verifier_of_the_export.py"
    with zipfile.ZipFile(path) as archive:
        script.write_bytes(archive.read("verify.py"))
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script), str(path), *arguments],
        capture_output=True, text=True, check=False, cwd=path.parent, env={},
    )  # fmt: skip
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def rewritten(path: Path, name: str, change: Callable[[Lines], Lines | None]) -> None:
    """Change the JSON lines of one file of an archive."""
    with zipfile.ZipFile(path) as archive:
        contents = {entry: archive.read(entry) for entry in archive.namelist()}
    lines = [json.loads(line) for line in contents[name].decode().splitlines()]
    lines = change(lines) or lines
    contents[name] = "".join(json.dumps(line) + "\n" for line in lines).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in contents.items():
            archive.writestr(entry, content)


def hash_of(entry: dict[str, Any]) -> str:
    return canonical.sha256_text(
        canonical.canonical_json({k: v for k, v in entry.items() if k != "entry_hash"})
    )


@pytest.fixture
def archive(three_blocks: Home, tmp_path: Path) -> Path:
    """The whole journal of three blocks, exported."""
    path = tmp_path / "export.zip"
    assert exported(three_blocks, path) == 10
    return path


def test_the_whole_journal_holds(archive: Path) -> None:
    status, said = verified(archive)
    assert status == 0, said
    assert said.startswith("HOLDS: 10 entries recomputed, 10 proofs followed, 3 of 3 blocks")


def test_it_verifies_where_it_was_unpacked(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "the whole journal. 10 entries of 3 blocks" in readme
    assert "{{" not in readme


def test_larger_blocks_in_full_are_rebuilt_without_proofs(
    three_blocks: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PROVED_BLOCK", 3)
    exported(three_blocks, tmp_path / "export.zip")
    status, said = verified(tmp_path / "export.zip")
    assert status == 0, said
    assert "10 entries recomputed, 1 proofs followed, 3 of 3 blocks complete" in said


def test_a_part_is_proved_entry_by_entry(
    home: Home, seal: Callable[..., Any], tmp_path: Path
) -> None:
    said = canonical.canonical_text('{"action":"unmatch","match_id":"m-1"}')
    seal([decision(f"m-{number}", actor="tieout") for number in range(5)])
    seal(
        [
            decision("d-1", entry_type="review_decision", actor="ana", payload=said),
            decision("m-1", entry_type="match_reversed", actor="ana"),
            decision("m-7", actor="tieout"),
        ]
    )
    for scope, entries in (
        (export.Scope(only_people=True), 2),
        (export.Scope(subjects=("m-1",)), 3),
        (export.Scope(first_day=date(2026, 7, 1)), 0),
        (export.Scope(first_day=date(2026, 6, 30), last_day=date(2026, 6, 30)), 8),
    ):
        path = tmp_path / "part.zip"
        assert export.count(home, scope) == exported(home, path, scope) == entries
        status, told = verified(path)
        assert status == 0, told
        assert f"HOLDS: {entries} entries recomputed, {entries} proofs followed" in told


def edit_an_entry(path: Path) -> None:
    rewritten(path, "entries.jsonl", lambda lines: lines[1]["payload"].update(n="9"))


def edit_an_entry_and_its_hash(path: Path) -> None:
    def change(lines: Lines) -> None:
        lines[1]["payload"]["n"] = "9"
        lines[1]["entry_hash"] = hash_of(lines[1])

    rewritten(path, "entries.jsonl", change)


def leave_an_entry_out(path: Path) -> None:
    rewritten(path, "entries.jsonl", lambda lines: lines[:1] + lines[2:])


def leave_an_entry_and_its_proof_out(path: Path) -> None:
    leave_an_entry_out(path)
    rewritten(path, "proofs.jsonl", lambda lines: lines[:1] + lines[2:])
    rewritten(path, "manifest.json", lambda lines: lines[0].update(entries="9"))


def tell_an_entry_twice(path: Path) -> None:
    rewritten(path, "entries.jsonl", lambda lines: [*lines, lines[1]])


def swap_two_positions(path: Path) -> None:
    def change(lines: Lines) -> None:
        lines[1]["position"], lines[2]["position"] = lines[2]["position"], lines[1]["position"]
        for line in lines[1:3]:
            line["entry_hash"] = hash_of(line)

    rewritten(path, "entries.jsonl", change)


def edit_a_proof(path: Path) -> None:
    rewritten(path, "proofs.jsonl", lambda lines: lines[1]["path"][0].__setitem__(1, "00" * 32))


def turn_a_proof(path: Path) -> None:
    rewritten(path, "proofs.jsonl", lambda lines: lines[1]["path"][0].__setitem__(0, "right"))


def leave_a_block_out(path: Path) -> None:
    rewritten(path, "blocks.jsonl", lambda lines: lines[:1] + lines[2:])


def edit_a_header(path: Path) -> None:
    rewritten(path, "blocks.jsonl", lambda lines: lines[1].update(run_id="run-9"))


def replace_the_last_block(path: Path) -> None:
    """Consistent in itself: only the anchor knows that it was another one."""

    def change(lines: Lines) -> None:
        last = lines[2]
        last["run_id"] = "run-9"
        last["block_hash"] = canonical.block_hash(
            block=3, run_id="run-9", sealed_at=last["sealed_at"],
            entry_count=int(last["entry_count"]), root_hash=last["root_hash"],
            previous_hash=last["previous_hash"],
        )  # fmt: skip

    rewritten(path, "blocks.jsonl", change)


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (edit_an_entry, "entry 2 of block 1 was changed (match_decided of match m-1-1)"),
        (edit_an_entry_and_its_hash, "entry 2 of block 1 is not in the block that was sealed"),
        (leave_an_entry_out, "block 1 lacks 1 entries: 2"),
        (leave_an_entry_and_its_proof_out, "block 1 lacks 1 entries: 2"),
        (tell_an_entry_twice, "entry 2 of block 1 stands in the export twice"),
        (swap_two_positions, "the entries of block 1 are not those that were sealed"),
        (edit_a_proof, "entry 2 of block 1 is not in the block that was sealed"),
        (turn_a_proof, "entry 2 of block 1 is not in the block that was sealed"),
        (leave_a_block_out, "block 3 stands where block 2 should"),
        (edit_a_header, "block 2 was changed"),
        (replace_the_last_block, "block 3 is not the one in anchors.jsonl: it was replaced"),
    ],
)
def test_tampering_fails_and_is_named(archive: Path, tamper: Change, named: str) -> None:
    tamper(archive)
    status, said = verified(archive)
    assert status == 1
    assert f"FAILS: {named}" in said
    assert "DOES NOT HOLD" in said


def test_what_was_rewritten_whole_is_seen_by_ones_own_anchors(
    archive: Path, three_blocks: Home, tmp_path: Path
) -> None:
    replace_the_last_block(archive)
    with zipfile.ZipFile(archive) as opened:
        forged = opened.read("blocks.jsonl").decode().splitlines()
    rewritten(archive, "anchors.jsonl", lambda lines: [json.loads(line) for line in forged])
    assert verified(archive)[0] == 0
    own = tmp_path / "own.jsonl"
    own.write_bytes(three_blocks.anchors.read_bytes())
    status, said = verified(archive, "--anchors", str(own))
    assert status == 1
    assert "block 3 is not the one in your own anchors: it was replaced" in said


def test_what_cannot_be_read_is_no_success(archive: Path) -> None:
    rewritten(archive, "manifest.json", lambda lines: lines[0].update(format="another"))
    status, said = verified(archive)
    assert (status, said[:10]) == (2, "UNREADABLE")


def test_nothing_sealed_is_said(home: Home, tmp_path: Path) -> None:
    home.create()
    with pytest.raises(TieoutError, match="Nothing has been sealed yet"):
        exported(home, tmp_path / "export.zip")


def test_the_command_writes_the_same(
    three_blocks: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_HOME", str(three_blocks.root))
    path = tmp_path / "by_command.zip"
    assert cli.main(["audit-export", str(path), "--until", "2026-06-30"]) == 0
    status, said = verified(path)
    assert status == 0, said
    assert "10 entries recomputed" in said


def test_compacted_blocks_are_exported_too(
    home: Home, seal: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.journal_files.COMPACTED", 2)
    for number in range(1, 4):
        seal([decision(f"m-{number}-{index}") for index in range(number)])
    journal.prepare(home)
    assert list(home.journal.glob("000001-000002.entries.parquet"))
    path = tmp_path / "export.zip"
    assert exported(home, path) == 6
    assert verified(path)[0] == 0


def test_verification_tells_how_far_it_is(
    three_blocks: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIEOUT_HOME", str(three_blocks.root))
    assert cli.main(["verify", "--progress"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "5 of 10 entries", "6 of 10 entries", "10 of 10 entries"
    ]  # fmt: skip
