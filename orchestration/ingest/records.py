"""Text files as a stream of records, each with the line that it starts on.

Only the frame of a record is found here, on bytes and in bulk; what is inside is taken apart,
checked and typed by DuckDB. Memory is bounded by the chunk, whatever the size of the file.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np
import pyarrow as pa

from orchestration.ingest.errors import FileRejected

CHUNK_BYTES = 8 << 20
MAX_LINE_BYTES = 64 << 20
MAX_QUOTED_BYTES = 1 << 20
"""A quoted field that has not closed after this much never does: its record is one line."""

MAX_EXPANSION = 400
MIN_SUSPICIOUS_BYTES = 1 << 30
"""A compressed file that grows beyond this size and MAX_EXPANSION times is a bomb."""

SCHEMA = pa.schema([("file", pa.int32()), ("n", pa.int64()), ("record", pa.string())])

_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_LINE_FEED, _RETURN, _QUOTE = 10, 13, 34
_FIELD = rb'(?:"[^"]*(?:""[^"]*)*"|[^",]*)'
_WELL_FORMED = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*")


class Records:
    """The records of one file: `n`, the line where each starts (from 1), and its text.

    The text keeps its line end. Blank lines are no records; they count as lines. With `quotes` a
    line end between double quotes does not end a record (RFC 4180). A file can be read repeatedly.
    """

    def __init__(self, path: Path, *, gzipped: bool, quotes: bool) -> None:
        self.path = path
        self.gzipped = gzipped
        self.quotes = quotes

    def first(self) -> str | None:
        """Text of the first record without its line end; None when there is none.

        Raises:
            FileRejected: when the file is not UTF-8 text.
        """
        batches = self._batches()
        try:
            for batch in batches:
                return cast(str, batch.column("record")[0].as_py()).rstrip("\r\n")
        finally:
            batches.close()
        return None

    def batches(self, file: int, *, skip: int = 0) -> Iterator[pa.RecordBatch]:
        """Arrow batches without the first `skip` records; `file` is the number they carry.

        Raises:
            FileRejected: when the file is not UTF-8 text.
        """
        for batch in self._batches():
            rest = batch.slice(skip)
            numbers = pa.array(np.full(rest.num_rows, file, dtype=np.int32))
            yield pa.RecordBatch.from_arrays([numbers, *rest.columns], schema=SCHEMA)
            skip = max(0, skip - batch.num_rows)

    def _batches(self) -> Generator[pa.RecordBatch, None, None]:
        """Frame the file chunk by chunk; what a chunk leaves unfinished goes before the next."""
        line = 1
        rest = b""
        for chunk, is_last in _chunks(self.path, self.gzipped):
            data = rest + chunk
            if is_last:
                if data and not data.endswith(b"\n"):
                    data += b"\n"
                end = len(data)
            else:
                end = data.rfind(b"\n") + 1
                if end == 0:
                    if len(data) > MAX_LINE_BYTES:
                        raise FileRejected(
                            f"line {line} is longer than {MAX_LINE_BYTES >> 20} MB; "
                            "end every record with a line feed",
                            line=line,
                        )
                    rest = data
                    continue
            starts, numbers, used, lines = self._frame(data, end, is_last)
            _check_text(data[:used], line)
            if len(starts):
                yield _batch(data, starts, used, numbers + line)
            rest = data[used:]
            line += lines

    def _frame(
        self, data: bytes, end: int, is_last: bool
    ) -> tuple[np.ndarray, np.ndarray, int, int]:
        """Starts of the records in `data[:end]`, their line indexes, bytes and lines used up."""
        bytes_ = np.frombuffer(data, dtype=np.uint8, count=end)
        line_ends = np.flatnonzero(bytes_ == _LINE_FEED)
        starts = np.concatenate(([0], line_ends[:-1] + 1)) if len(line_ends) else line_ends
        lengths = line_ends - starts
        blank = lengths == 0
        one = lengths == 1
        blank[one] = bytes_[starts[one]] == _RETURN
        is_record = ~blank
        used_lines = len(starts)
        if self.quotes and data.find(b'"', 0, end) >= 0:
            used_lines = _join_quoted(data, bytes_, starts, line_ends, is_record, is_last)
        used = end if used_lines == len(starts) else int(starts[used_lines])
        indexes = np.flatnonzero(is_record[:used_lines])
        return starts[indexes], indexes, used, used_lines


def _join_quoted(
    data: bytes,
    bytes_: np.ndarray,
    starts: np.ndarray,
    line_ends: np.ndarray,
    is_record: np.ndarray,
    is_last: bool,
) -> int:
    """Unmark the lines that continue a quoted field; the number of lines that are complete.

    A line with an even number of quotes ends outside of them when it starts outside, so only the
    others are looked at one by one. A quote that opens and never closes, or closes in the middle of
    a later field, is a stray one: it keeps to its own line and spares the records after it.
    """
    quotes = np.flatnonzero(bytes_ == _QUOTE)
    per_line = np.bincount(np.searchsorted(line_ends, quotes), minlength=len(starts))
    with_quotes = np.flatnonzero(per_line)
    next_free = 0
    for index in np.flatnonzero(per_line % 2):
        if index < next_free:
            continue
        if not ends_quoted(data[starts[index] : line_ends[index]], starts_quoted=False):
            continue
        closing = None
        for later in with_quotes[np.searchsorted(with_quotes, index + 1) :]:
            if line_ends[later] - starts[index] > MAX_QUOTED_BYTES:
                break
            if not ends_quoted(data[starts[later] : line_ends[later]], starts_quoted=True):
                closing = int(later)
                break
        else:
            too_long = line_ends[-1] - starts[index] > MAX_QUOTED_BYTES
            if not is_last and not too_long:
                return int(index)
        if closing is None:
            continue
        if _WELL_FORMED.fullmatch(data[starts[index] : line_ends[closing]].rstrip(b"\r")):
            is_record[index + 1 : closing + 1] = False
            next_free = closing + 1
    return len(starts)


def ends_quoted(line: bytes, *, starts_quoted: bool) -> bool:
    """Whether the end of a CSV line lies inside a quoted field.

    A quote opens a field only as its first character; text after a closing quote runs to the comma.
    """
    position, quoted = 0, starts_quoted
    while True:
        if not quoted:
            if line[position : position + 1] != b'"':
                comma = line.find(b",", position)
                if comma < 0:
                    return False
                position = comma + 1
                continue
            position += 1
        quote = line.find(b'"', position)
        if quote < 0:
            return True
        if line[quote + 1 : quote + 2] == b'"':
            position, quoted = quote + 2, True
            continue
        comma = line.find(b",", quote + 1)
        if comma < 0:
            return False
        position, quoted = comma + 1, False


def _chunks(path: Path, gzipped: bool) -> Iterator[tuple[bytes, bool]]:
    """Pieces of the file without its byte order mark; the last one is marked."""
    with open(path, "rb") as file:
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if gzipped else file
        try:
            chunk = stream.read(CHUNK_BYTES)
            for mark, encoding in _OTHER_BOMS.items():
                if chunk.startswith(mark):
                    raise FileRejected(f"the file is {encoding}; save it as UTF-8", line=1)
            chunk = chunk.removeprefix(_BOM)
            total = len(chunk)
            while True:
                following = stream.read(CHUNK_BYTES)
                yield chunk, not following
                if not following:
                    return
                total += len(following)
                if gzipped and total > max(MIN_SUSPICIOUS_BYTES, MAX_EXPANSION * file.tell()):
                    raise FileRejected(
                        f"the compressed file grows more than {MAX_EXPANSION} times; "
                        "land it uncompressed if it is meant to"
                    )
                chunk = following
        except (OSError, EOFError, zlib.error) as error:
            if not gzipped:
                raise
            raise FileRejected(
                f"the file is not complete gzip data ({error}); compress it again"
            ) from error


def _check_text(data: bytes, first_line: int) -> None:
    if data.isascii():
        return
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = first_line + data.count(b"\n", 0, error.start)
        raise FileRejected(
            f"line {line} is not UTF-8 (byte 0x{data[error.start]:02x}); save the file as UTF-8",
            line=line,
        ) from error


def _batch(data: bytes, starts: np.ndarray, used: int, numbers: np.ndarray) -> pa.RecordBatch:
    """Records as an Arrow batch over the bytes as they lie; each runs to the start of the next."""
    offsets = np.append(starts, used).astype(np.int32)
    text = pa.StringArray.from_buffers(
        len(starts), pa.py_buffer(offsets.tobytes()), pa.py_buffer(data)
    )
    return pa.RecordBatch.from_arrays([pa.array(numbers, type=pa.int64()), text], ["n", "record"])
