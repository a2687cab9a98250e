"""Fixtures of the bank-file tests: reading a text as a file, and the real files beside us."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.ingest.bank import (
    BankReject,
    BankRow,
    Limits,
    StatementControl,
    read_bank_file,
)

REAL_FILES = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "bank_formats"


@dataclass
class Reading:
    """A file read to its end."""

    format: str
    rows: list[BankRow]
    rejects: list[BankReject]
    statements: list[StatementControl]

    @property
    def row(self) -> BankRow:
        """The only row of the file."""
        assert len(self.rows) == 1, self.rows
        return self.rows[0]

    @property
    def statement(self) -> StatementControl:
        """The only statement of the file."""
        assert len(self.statements) == 1, self.statements
        return self.statements[0]


def read_path(path: Path, limits: Limits | None = None) -> Reading:
    """Read a file to its end."""
    file = read_bank_file(path, limits)
    found = list(file.rows)
    assert [item.ordinal for item in found] == list(range(1, len(found) + 1))
    return Reading(
        file.format,
        [item for item in found if isinstance(item, BankRow)],
        [item for item in found if isinstance(item, BankReject)],
        file.statements,
    )


Read = Callable[..., Reading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read text or bytes as a landed file, whose name tells nothing."""

    def _read(content: str | bytes, *, zipped: bool = False, limits: Limits | None = None):
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / "landed.bin"
        path.write_bytes(gzip.compress(data) if zipped else data)
        return read_path(path, limits)

    return _read


@pytest.fixture(scope="session")
def real_files() -> Path:
    """The folder of real bank files; they are never copied into the project."""
    if not REAL_FILES.is_dir():
        pytest.skip("the real bank files (shared/data/bank_formats) are not beside this checkout")
    return REAL_FILES
