"""Bank files in, items out: camt.053, camt.054, MT940, MT942, BAI2, OFX 1 and OFX 2.

``read_bank_file`` tells the format by content and streams the items of the input contract
(``feeds.md``, Bank files).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orchestration.ingest.bank.bai2 import read_bai2
from orchestration.ingest.bank.camt import read_camt
from orchestration.ingest.bank.detect import HEAD_BYTES, detect_format
from orchestration.ingest.bank.model import (
    BankFile,
    BankFileError,
    BankFormat,
    BankReject,
    BankRow,
    ReferredDocument,
    StatementControl,
)
from orchestration.ingest.bank.mt940 import read_mt940
from orchestration.ingest.bank.ofx import read_ofx
from orchestration.ingest.bank.source import Limits, open_content

__all__ = [
    "BankFile",
    "BankFileError",
    "BankReject",
    "BankRow",
    "Limits",
    "ReferredDocument",
    "StatementControl",
    "read_bank_file",
]

_READERS = {
    "camt.053": read_camt,
    "camt.054": read_camt,
    "mt940": read_mt940,
    "mt942": read_mt940,
    "bai2": read_bai2,
    "ofx1": read_ofx,
    "ofx2": read_ofx,
}


def read_bank_file(path: Path, limits: Limits | None = None) -> BankFile:
    """Open a bank file, plain or gzipped; its rows are read from disk as they are consumed.

    Raises :class:`BankFileError` when the content is no bank file, and while the rows are consumed
    when it turns out to be broken further on: then nothing of the file may be loaded.
    """
    limits = limits or Limits()
    head = b""
    with open_content(path, limits) as content:
        while len(head) < HEAD_BYTES and (more := content.read(HEAD_BYTES - len(head))):
            head += more
    file_format = detect_format(head)
    statements: list[StatementControl] = []
    return BankFile(file_format, _rows(path, file_format, statements, limits), statements)


def _rows(
    path: Path, file_format: BankFormat, statements: list[StatementControl], limits: Limits
) -> Iterator[BankRow | BankReject]:
    with open_content(path, limits) as content:
        yield from _READERS[file_format](content, statements, limits)
