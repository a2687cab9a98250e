"""Opening a landed bank file: plain or gzipped, with caps, as bytes or as lines of text."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from orchestration.ingest.bank.model import BankFileError

_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps against hostile or broken files; sizes in bytes of the uncompressed content.

    Beyond ``ratio_floor`` bytes a compressed file may not expand more than ``max_ratio`` times:
    statements compress about 20 times, a bomb a thousand times. Not more than ``max_gap`` bytes of
    XML may lie between the ends of two entries or details, so that what is in memory is bounded.
    """

    max_bytes: int = 8 * 1024**3
    max_ratio: int = 200
    ratio_floor: int = 32 * 1024**2
    max_line: int = 1024**2
    max_depth: int = 100
    max_gap: int = 16 * 1024**2


class _Bounded(io.RawIOBase):
    """Reads through, counting; raises :class:`BankFileError` at a cap or on a broken archive."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._file = path.open("rb")
        self._limits = limits
        self._count = 0
        self._gzipped = self._file.read(2) == _GZIP_MAGIC
        self._file.seek(0)
        self._content = (
            cast(BinaryIO, gzip.GzipFile(fileobj=self._file)) if self._gzipped else self._file
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        try:
            data = self._content.read(min(len(buffer), 1 << 16))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BankFileError(
                f"the gzip archive is broken ({error}): the file was cut off or damaged on its "
                "way. Fetch it again and land the complete file."
            ) from error
        self._count += len(data)
        if self._count > self._limits.max_bytes:
            raise BankFileError(
                f"the content is larger than {self._limits.max_bytes} bytes, the cap for one bank "
                "file. Land it in several files, one statement or period each."
            )
        if self._gzipped and self._count > self._limits.ratio_floor:
            packed = max(self._file.tell(), 1)
            if self._count > packed * self._limits.max_ratio:
                raise BankFileError(
                    f"the gzip archive expands more than {self._limits.max_ratio} times: no bank "
                    "statement does. If it is genuine, land it uncompressed."
                )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._content.close()
            self._file.close()
        super().close()


def open_content(path: Path, limits: Limits) -> io.BufferedReader:
    """Open the uncompressed bytes; gzip is told by its magic number, not by the file's name.

    Raises :class:`BankFileError` while reading, when a cap is hit or the archive is broken.
    """
    return io.BufferedReader(_Bounded(path, limits), buffer_size=1 << 16)


def decode_line(raw: bytes) -> str:
    """Decode one line of a format that names no charset: UTF-8 if it is that, else Windows-1252.

    The few bytes Windows-1252 does not define are read as Latin-1.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def text_lines(content: io.BufferedReader, limits: Limits) -> Iterator[tuple[int, str]]:
    """Lines with their 1-based numbers, without line ends (CRLF, LF or CR) and byte order mark."""
    if content.peek(2)[:2] in _UTF16_MARKS:
        number = 0
        with io.TextIOWrapper(content, encoding="utf-16") as wide:
            try:
                while line := wide.readline(limits.max_line):
                    number += 1
                    yield number, line.rstrip("\r\n")
            except UnicodeError:
                raise BankFileError(
                    "the file starts as UTF-16 and goes on as something else. Export it again "
                    "as UTF-8.",
                    number + 1,
                ) from None
        return
    number = 0
    while raw := content.readline(limits.max_line):
        if len(raw) == limits.max_line and not raw.endswith(b"\n"):
            raise BankFileError(
                f"the line is longer than {limits.max_line} bytes: this is not a bank statement, "
                "or its line ends were lost. Fetch the file again in binary mode.",
                number + 1,
            )
        if number == 0:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        for part in raw.rstrip(b"\r\n").split(b"\r"):
            number += 1
            yield number, decode_line(part)
