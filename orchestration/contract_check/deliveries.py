"""Files as ingest reads them: landed in a home that is thrown away, and what came of them there."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from orchestration.files import open_duckdb, quoted
from orchestration.home import Home
from orchestration.ingest.checks import identifier
from orchestration.ingest.contract import BANK_FEED, BANK_LANDING, Contract, Feed, load_contract
from orchestration.ingest.landing import file_sha256
from orchestration.ingest.pipeline import ingest
from orchestration.ingest.tabular import shape_of

FEW_VALUES = 12
"""A text column with no more different values is taken for a list of codes."""


@dataclass(frozen=True)
class Column:
    """What the loaded rows hold in one column."""

    filled: int
    values: frozenset[str] | None
    """Its different values; None where they are many, or no text."""


@dataclass(frozen=True)
class Delivery:
    """What ingest made of some files of one feed."""

    feed: Feed
    format: str
    header: tuple[str, ...] | None
    """Columns as the file names them; None where it has no header of its own."""
    read: int
    loaded: int
    quarantined: int
    naive: int
    """Timestamps without an offset."""
    adds_up: bool | None
    """Whether the totals of bank statements agree with their lines; None where none are stated."""
    rejected: str | None
    """Why the file as a whole is refused."""
    problems: dict[str, tuple[int, str]]
    """By column: how many rows it rejects, and what is said of the first."""
    columns: dict[str, Column]
    extra: frozenset[str]
    """Columns that the contract does not know; they are kept beside the row."""
    rows: str
    """SQL of the loaded rows."""

    @property
    def rejected_share(self) -> float:
        """Share of rows that go into quarantine."""
        return self.quarantined / self.read if self.read else 0.0


@dataclass(frozen=True)
class Landed:
    """A home that is thrown away, in which files have landed and were read."""

    connection: duckdb.DuckDBPyConnection
    home: Home
    contract: Contract

    def of_file(self, folder: str, path: Path) -> Delivery | None:
        """What came of one file; None where it is empty."""
        found = self._of(folder, "batch_id", [file_sha256(path)])
        return found[0] if found else None

    def by_form(self, folder: str, paths: Sequence[Path]) -> list[Delivery]:
        """What came of several files together, form by form."""
        return self._of(folder, "format", [file_sha256(path) for path in paths])

    def _of(self, folder: str, by: str, batch_ids: list[str]) -> list[Delivery]:
        manifest = quoted(str(self.home.manifest / "*.parquet"))
        batches = self.connection.execute(
            "select min(format), list(batch_id), sum(rows_read)::bigint, "
            "sum(rows_loaded)::bigint, sum(rows_quarantined)::bigint, "
            "sum(naive_timestamps)::bigint, bool_and(control_total_ok), list(file_name) "
            f"from read_parquet({manifest}, union_by_name = true) "
            f"where feed = ? and batch_id in (select unnest(?)) group by {by} order by {by}",
            [folder, batch_ids],
        ).fetchall()
        feed = self.contract.feeds[BANK_FEED if folder == BANK_LANDING else folder]
        raw = ", ".join(quoted(str(p)) for p in sorted(self.home.feed_raw(feed.name).iterdir()))
        found = []
        for form, batch, read, loaded, quarantined, naive, adds_up, names in batches:
            header: tuple[str, ...] | None = None
            if form in ("csv", "jsonl"):
                shapes = [shape_of(self.home.feed_landing(folder) / name) for name in names]
                columns = dict.fromkeys(name for shape in shapes if shape for name in shape[1:])
                header = tuple(columns) or None
            rejected, problems = _problems(self.connection, self.home, folder, batch)
            rows = (
                f"(select * from read_parquet([{raw}], union_by_name = true) "
                f"where _batch_id in ({', '.join(map(quoted, batch))}))"
            )
            facts, extra = _columns(self.connection, feed, rows)
            delivery = Delivery(
                feed=feed,
                format=form,
                header=header,
                read=read,
                loaded=loaded,
                quarantined=quarantined,
                naive=naive,
                adds_up=adds_up,
                rejected=rejected,
                problems=problems,
                columns=facts,
                extra=extra,
                rows=rows,
            )
            found.append(delivery)
        return found


@contextmanager
def landed(files: Iterable[tuple[str, Path]]) -> Iterator[Landed]:
    """Land files in landing folders of a home of their own, and read them, until the block ends.

    Rows that tell of a later day than today are facts all the same: the home lives a century ahead.
    """
    with tempfile.TemporaryDirectory(prefix="tieout-contract-") as scratch:
        home = Home(Path(scratch) / "home").create()
        for number, (folder, file) in enumerate(files):
            target = home.feed_landing(folder) / f"{number:05d}_{file.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        ingest(home, datetime.now(UTC).replace(tzinfo=None) + timedelta(days=36525))
        with open_duckdb() as connection:
            yield Landed(connection, home, load_contract())


def _problems(
    connection: duckdb.DuckDBPyConnection, home: Home, folder: str, batch_ids: list[str]
) -> tuple[str | None, dict[str, tuple[int, str]]]:
    rows = connection.execute(
        "select is_file, coalesce(column_name, ''), reason, line_number "
        f"from read_parquet({quoted(str(home.quarantine / '*.parquet'))}, union_by_name = true) "
        "where feed = ? and batch_id in (select unnest(?)) order by line_number, column_name",
        [folder, batch_ids],
    ).fetchall()
    rejected = next((reason for is_file, _, reason, _ in rows if is_file), None)
    counts = Counter(column for is_file, column, *_ in rows if not is_file)
    first: dict[str, str] = {}
    for is_file, column, reason, line in rows:
        if not is_file:
            first.setdefault(column, f"line {line}: {reason}")
    return rejected, {column: (counts[column], said) for column, said in first.items()}


def _columns(
    connection: duckdb.DuckDBPyConnection, feed: Feed, rows: str
) -> tuple[dict[str, Column], frozenset[str]]:
    asked = []
    for column in feed.columns:
        name = identifier(column.name)
        is_code = column.kind in ("text", "currency") and not column.is_key
        values = (
            f"case when count(distinct {name}) <= {FEW_VALUES} then list(distinct {name}) end"
            if is_code
            else "null"
        )
        asked += [f"count({name})", values]
    told = connection.execute(
        f"select list(distinct _extra) filter (_extra is not null), {', '.join(asked)} from {rows}"
    ).fetchone()
    assert told is not None
    extra, *facts = told
    columns = {
        column.name: Column(
            filled, None if values is None else frozenset(value for value in values if value)
        )
        for column, filled, values in zip(feed.columns, facts[::2], facts[1::2], strict=True)
    }
    return columns, frozenset(key for text in extra or () for key in json.loads(text))
