"""Framing: where records start, whatever lies between quotes, and at every chunk border."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.ingest import records as module
from orchestration.ingest.errors import FileRejected
from orchestration.ingest.records import Records, ends_quoted


def read(path: Path, *, quotes: bool = True, gzipped: bool = False) -> list[tuple[int, str]]:
    records = Records(path, gzipped=gzipped, quotes=quotes)
    return [
        (number, text.rstrip("\r\n"))
        for batch in records.batches(0)
        for number, text in zip(
            batch.column("n").to_pylist(), batch.column("record").to_pylist(), strict=True
        )
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", []),
        ("\n\r\n\n", []),
        ("a,b", [(1, "a,b")]),
        ("a\r\nb\r\n", [(1, "a"), (2, "b")]),
        ("a\n\n\r\nb\n", [(1, "a"), (4, "b")]),
        ('a,"x\ny"\nb\n', [(1, 'a,"x\ny"'), (3, "b")]),
        ('a,"x\n\n""\r\ny",c\r\nb\r\n', [(1, 'a,"x\n\n""\r\ny",c'), (5, "b")]),
        ('a,5" pipe\nb\n', [(1, 'a,5" pipe'), (2, "b")]),
        ('a,"open\nb\nc\n', [(1, 'a,"open'), (2, "b"), (3, "c")]),
        ('a,"open\nb\n"c",d\n', [(1, 'a,"open'), (2, "b"), (3, '"c",d')]),
        ("\ufeffa\nb\n", [(1, "a"), (2, "b")]),
    ],
)
def test_records_start_where_they_start(
    tmp_path: Path, content: str, expected: list[tuple[int, str]]
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode())
    assert read(path) == expected


def test_json_lines_do_not_join_at_quotes(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": "\n\n{"b": 1}\n')
    assert read(path, quotes=False) == [(1, '{"a": "'), (3, '{"b": 1}')]


@pytest.mark.parametrize(
    ("line", "starts", "ends"),
    [
        (b"a,b", False, False),
        (b'"a","b"', False, False),
        (b'a,"b', False, True),
        (b'a,"b""', False, True),
        (b'a"b,c', False, False),
        (b"a,b", True, True),
        (b'a",b', True, False),
        (b'a","b', True, True),
        (b'a"" b', True, True),
    ],
)
def test_ends_quoted(line: bytes, starts: bool, ends: bool) -> None:
    assert ends_quoted(line, starts_quoted=starts) is ends


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.lists(st.text(alphabet='ab",\né', max_size=5), min_size=2, max_size=3), max_size=12
    ),
    chunk=st.integers(min_value=1, max_value=40),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_framing_agrees_with_the_csv_module_at_any_chunk_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[list[str]], chunk: int, end: str
) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", chunk)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(rows)
    path = tmp_path / "a.csv"
    path.write_bytes(text.getvalue().encode())

    found = read(path)

    reader = csv.reader(io.StringIO(text.getvalue(), newline=""))
    expected = []
    line = 1
    for row in reader:
        expected.append((line, row))
        line = reader.line_num + 1
    parsed = [(n, next(csv.reader(io.StringIO(record, newline="")))) for n, record in found]
    assert parsed == expected


def test_text_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,\xe9\n")
    records = Records(path, gzipped=False, quotes=True)
    with pytest.raises(FileRejected, match="line 2 is not UTF-8") as failure:
        records.first()
    assert failure.value.line == 2


def test_utf16_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("a,b\n".encode("utf-16"))
    with pytest.raises(FileRejected, match="UTF-16"):
        Records(path, gzipped=False, quotes=True).first()


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" * 1000)[:-12])
    with pytest.raises(FileRejected, match="not complete gzip data"):
        Records(path, gzipped=True, quotes=True).first()


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 1 << 16)
    monkeypatch.setattr(module, "MIN_SUSPICIOUS_BYTES", 1 << 18)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a\n" * (1 << 20)))
    with pytest.raises(FileRejected, match="grows more than"):
        read(path, gzipped=True)


def test_an_endless_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 100)
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 1000)
    path = tmp_path / "a.csv"
    path.write_bytes(b"a" * 5000)
    with pytest.raises(FileRejected, match="line 1 is longer"):
        read(path)
