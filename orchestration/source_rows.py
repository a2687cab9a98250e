"""What a source delivered, as it came: every version of a record in raw, the line of the landed
file behind a row or a reject, and the balances that statements told.

All of it is read-only and bounded: a record by its key, a line by its number. What of a row names a
person or a company, or quotes one, is in `PERSONAL`; a caller who may not see it asks without it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from orchestration.files import open_duckdb, quoted
from orchestration.home import Home
from orchestration.ingest.contract import (
    BANK_FEED,
    BANK_LANDING,
    Contract,
    Feed,
    load_contract,
)
from orchestration.ingest.errors import FileRejected
from orchestration.ingest.landing import file_sha256
from orchestration.ingest.records import Records
from orchestration.ingest.tabular import form_of

HIDDEN = "•••"
"""In place of a value that the reader may not see."""

MOST_VERSIONS = 50
LARGEST_HASHED = 64 << 20
"""Bytes; a larger file of which the last scan knows nothing is not hashed for a look at a line."""

LARGEST_TEXT = 2000
"""Characters of a line that are shown."""

LINES_AROUND = 2
"""Before and after the line at which a whole file was refused."""

PERSONAL = frozenset(
    {
        "legal_name", "aliases", "bank_accounts", "email",
        "customer_name", "description", "name", "memo",
        "counterparty_name", "counterparty_account", "remittance_information",
        "structured_reference", "end_to_end_id", "return_reason", "_extra",
        "actor", "approved_by", "posted_by", "comment", "items", "error",
    }
)  # fmt: skip
"""Columns of feeds that name somebody, their account, or hold free text, which may."""


@dataclass(frozen=True)
class Version:
    """One row of raw: a version of a record, as one file delivered it."""

    batch_id: str
    row_number: int
    row_hash: str
    run_sequence: int
    key: tuple[Any, ...]
    values: Mapping[str, Any]
    """The feed's columns, in the order of its contract."""


@dataclass(frozen=True)
class LandedLine:
    """Lines of a landed file: their numbers and texts; `is_whole` unless something was cut off."""

    lines: tuple[tuple[int, str], ...]
    header: str | None
    is_same_file: bool | None
    """Whether the file is still the one that was read; None where that was not looked at."""


@dataclass(frozen=True)
class Balance:
    """What one statement said of an account, and whether the chain leads to it.

    `link` is `first` (an account's earliest), `continues` (another one closes with what it opens
    with), `overlaps` (it tells days that an earlier one told) or `gap`.
    """

    batch_id: str
    account_id: str
    statement_id: str | None
    currency: str | None
    from_date: date
    to_date: date
    opening_balance: Any
    entries_total: Any
    closing_balance: Any
    control_total_ok: bool | None
    control_difference: Any
    """By how much the closing balance is above opening and entries."""

    link: str
    missing_amount: Any


@cache
def contract() -> Contract:
    """The contract of the project; it does not change while a process lives."""
    return load_contract()


def record_feed(feed: str) -> str:
    """The feed that a landing folder's rows arrive in: bank formats bring bank transactions."""
    return BANK_FEED if feed == BANK_LANDING else feed


def is_personal(column: str) -> bool:
    """Whether a column of a feed may name somebody."""
    return column in PERSONAL


def without_personal(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values, those that may name somebody replaced."""
    return {
        name: HIDDEN if value is not None and is_personal(name) else value
        for name, value in values.items()
    }


def versions(home: Home, feed: str, item_id: str) -> list[Version]:
    """Every row of a feed with the key that an item id tells, the earliest first.

    An item that stands for several records (a bill is its lines) gives the rows of all of them.
    """
    name = record_feed(feed)
    known = contract().feeds.get(name)
    folder = home.feed_raw(name)
    if known is None or not folder.is_dir():
        return []
    parts = _parts(item_id) if len(known.key) > 1 else [item_id]
    if len(parts) > len(known.key):
        return []
    keys = list(zip(known.key, parts, strict=False))
    condition = " and ".join(f'"{column}" = ?' for column, _ in keys)
    rows = _rows(
        f"select * from read_parquet({quoted(str(folder / '*.parquet'))}, union_by_name = true) "
        f"where {condition} "
        f"order by _run_sequence, _batch_id, _row_number limit {MOST_VERSIONS}",
        [part for _, part in keys],
    )
    return [_version(known, row) for row in rows]


def of_batch(home: Home, feed: str, batch_id: str, most: int) -> list[Version]:
    """The first rows that a file brought, in its order."""
    name = record_feed(feed)
    known = contract().feeds.get(name)
    folder = home.feed_raw(name)
    if known is None or not folder.is_dir():
        return []
    rows = _rows(
        f"select * from read_parquet({quoted(str(folder / '*.parquet'))}, union_by_name = true) "
        f"where _batch_id = ? order by _row_number limit {int(most)}",
        [batch_id],
    )
    return [_version(known, row) for row in rows]


def _version(feed: Feed, row: Mapping[str, Any]) -> Version:
    return Version(
        row["_batch_id"],
        row["_row_number"],
        row["_row_hash"],
        row["_run_sequence"],
        tuple(row[column] for column in feed.key),
        {column: row.get(column) for column in (*feed.names, "_extra")},
    )


def differences(earlier: Version, later: Version) -> list[tuple[str, Any, Any]]:
    """Column, value before and value after, of what differs between two versions."""
    return [
        (column, earlier.values.get(column), value)
        for column, value in later.values.items()
        if earlier.values.get(column) != value
    ]


def landed_path(home: Home, feed: str, file_name: str) -> Path | None:
    """Where a batch's file lies; None when it is gone, or its name leads out of the feed."""
    folder = home.feed_landing(feed).resolve()
    path = (folder / file_name).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None


def landed_line(
    home: Home, feed: str, file_name: str, batch_id: str, number: int | None
) -> LandedLine | None:
    """The record that starts at a line of a landed file, with the file's header.

    Of files that are no tables (bank formats) it is the line and its neighbours. None when the
    file is gone or has no such line.
    """
    path = landed_path(home, feed, file_name)
    if path is None:
        return None
    is_same = _is_same(home, feed, file_name, path, batch_id)
    form, gzipped = form_of(file_name)
    wanted = number or 1
    try:
        if form == "parquet":
            found = _parquet_row(path, wanted)
            return _one_line(wanted, found, None, is_same)
        if form in ("csv", "jsonl"):
            records = Records(path, gzipped=gzipped, quotes=form == "csv")
            header = records.first() if form == "csv" else None
            found = _record(records, wanted)
            return _one_line(wanted, found, header, is_same)
    except (FileRejected, OSError, duckdb.Error):
        pass  # a damaged table is shown as its lines
    lines = _lines(path, wanted - LINES_AROUND, wanted + LINES_AROUND)
    return LandedLine(tuple(lines), None, is_same) if lines else None


def _one_line(
    number: int, text: str | None, header: str | None, is_same: bool | None
) -> LandedLine | None:
    if text is None:
        return None
    return LandedLine(((number, text[:LARGEST_TEXT]),), header, is_same)


def fields(line: LandedLine) -> dict[str, Any] | None:
    """A record field by field; None where the line is none that can be taken apart."""
    if len(line.lines) != 1:
        return None
    [(_, text)] = line.lines
    if line.header is None:
        try:
            found = json.loads(text, parse_float=str, parse_int=str)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None
    try:
        names, values = (
            next(csv.reader(io.StringIO(part, newline=""), strict=True))
            for part in (line.header, text)
        )
    except (csv.Error, StopIteration):
        return None
    return dict(zip(names, values, strict=True)) if len(names) == len(values) else None


def balances(home: Home) -> list[Balance]:
    """The chain of balances of every account, in order of days; statements without them left out.

    It follows `int_statements__missing`, which raises the exception: a gap is where nothing closes
    with what a statement opens with, and no earlier one tells the same days.
    """
    if not home.statements.is_dir():
        return []
    folder = quoted(str(home.statements / "*.parquet"))
    rows = _rows(
        f"""
with links as (
    select distinct on (account_id, currency, opening_balance, closing_balance, from_date, to_date)
        *, opening_balance + entries_total as booked_balance,
        coalesce(currency, '') as currency_key
    from read_parquet({folder}, union_by_name = true)
    where opening_balance is not null and closing_balance is not null
        and from_date is not null and to_date is not null
    order by batch_id
),
placed as (
    select *,
        row_number() over chain as place,
        lag(closing_balance) over chain as earlier_closing,
        max(to_date) over (
            partition by account_id, currency_key
            order by from_date, to_date, statement_id, batch_id
            rows between unbounded preceding and 1 preceding
        ) as told_until
    from links
    window chain as (
        partition by account_id, currency_key order by from_date, to_date, statement_id, batch_id
    )
)
select placed.* exclude (currency_key, booked_balance, place, earlier_closing, told_until),
    placed.closing_balance - placed.booked_balance as control_difference,
    case
        when placed.place = 1 then 'first'
        when exists (
            select 1 from placed as earlier
            where earlier.account_id = placed.account_id
                and earlier.currency_key = placed.currency_key
                and earlier.place <> placed.place
                and earlier.from_date <= placed.from_date and earlier.to_date <= placed.to_date
                and placed.opening_balance in (earlier.closing_balance, earlier.booked_balance)
        ) then 'continues'
        when placed.told_until >= placed.from_date then 'overlaps'
        else 'gap'
    end as link,
    placed.opening_balance - placed.earlier_closing as missing_amount
from placed
order by placed.account_id, placed.currency_key, placed.place
""",
        [],
    )
    return [
        Balance(
            **{
                **{name: row[name] for name in Balance.__dataclass_fields__},
                "missing_amount": row["missing_amount"] if row["link"] == "gap" else None,
            }
        )
        for row in rows
    ]


def _parts(item_id: str) -> list[str]:
    return [part.replace("%2F", "/").replace("%25", "%") for part in item_id.split("/")]


def _rows(query: str, parameters: list[Any]) -> list[dict[str, Any]]:
    """Rows of a query; once more where a run has just made one file of many."""
    for is_last in (False, True):
        try:
            with open_duckdb() as connection:
                cursor = connection.execute(query, parameters)
                names = [column[0] for column in cursor.description or []]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except duckdb.IOException:
            if is_last:
                raise
    return []


def _is_same(home: Home, feed: str, file_name: str, path: Path, batch_id: str) -> bool | None:
    """By the last scan of landing where it still fits the file, else by its bytes."""
    status = path.stat()
    try:
        known = json.loads((home.root / "cache" / "landing.json").read_text(encoding="utf-8"))
        (size, modified_ns, *_), known_batch = known[f"{feed}/{file_name}"]
        if (size, modified_ns) == (status.st_size, status.st_mtime_ns):
            return bool(known_batch == batch_id)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    if status.st_size > LARGEST_HASHED:
        return None
    return file_sha256(path) == batch_id


def _record(records: Records, number: int) -> str | None:
    for batch in records.batches(0):
        numbers = batch.column("n")
        if len(numbers) and numbers[-1].as_py() >= number:
            for index, start in enumerate(numbers.to_pylist()):
                if start == number:
                    return str(batch.column("record")[index].as_py()).rstrip("\r\n")
            return None
    return None


def _parquet_row(path: Path, number: int) -> str | None:
    with open_duckdb() as connection:
        row = connection.execute(
            f"select cast(to_json(source) as varchar) from read_parquet({quoted(str(path))}, "
            "binary_as_string = true, file_row_number = true, hive_partitioning = false) as source "
            "where file_row_number = ?",
            [number - 1],
        ).fetchone()
    return None if row is None else str(row[0])


def _lines(path: Path, first: int, last: int) -> list[tuple[int, str]]:
    found = []
    with open(path, encoding="utf-8", errors="replace") as handle:
        for number, line in enumerate(handle, start=1):
            if number > last:
                break
            if number >= first:
                found.append((number, line.rstrip("\r\n")[:LARGEST_TEXT]))
    return found
