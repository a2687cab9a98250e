"""Bank files of one run, staged together as typed rows of `bank_transactions`.

The parsers stream items; their values go as text through the same checks as tabular files, so that
an unknown currency or an amount with too many digits is the same finding wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.files import quoted
from orchestration.ingest.bank import read_bank_file
from orchestration.ingest.bank.model import (
    BankFile,
    BankFileError,
    BankReject,
    BankRow,
    ReferredDocument,
    StatementControl,
)
from orchestration.ingest.checks import (
    TEXT_COLUMNS,
    checked_rows,
    identifier,
    key_text,
    row_hash_of,
)
from orchestration.ingest.contract import BANK_FEED, REMITTANCE_FEED, Contract
from orchestration.ingest.errors import FileRejected
from orchestration.ingest.landing import LandedFile

ROWS_PER_BATCH = 10_000

_ITEM_COLUMNS = (
    "account_id",
    "bank_reference",
    "booking_date",
    "value_date",
    "amount",
    "currency",
    "counterparty_name",
    "counterparty_account",
    "remittance_information",
    "end_to_end_id",
    "bank_transaction_code",
    "statement_id",
    "original_amount",
    "original_currency",
    "entry_reference",
    "entry_amount",
    "entry_source",
    "entry_status",
    "structured_reference",
    "charges_amount",
    "is_reversal",
    "return_reason",
    "is_booking_date_assumed",
)
_SCHEMA = pa.schema(
    [
        (name, pa.int64() if name in ("_row_number", "_doubles") else pa.string())
        for name in (*TEXT_COLUMNS, *_ITEM_COLUMNS)
    ]
)
_DOCUMENTS = pa.schema(
    [
        ("_batch_id", pa.string()),
        ("_row_number", pa.int64()),
        ("line_id", pa.int64()),
        ("invoice_reference", pa.string()),
        ("amount", pa.string()),
        ("discount_amount", pa.string()),
        ("memo", pa.string()),
    ]
)


@dataclass
class BankReading:
    """What the bank files of a run hold beside their rows, by batch id."""

    formats: dict[str, str] = field(default_factory=dict)
    statements: dict[str, list[StatementControl]] = field(default_factory=dict)
    rejected: dict[str, FileRejected] = field(default_factory=dict)
    documents: pa.Table = field(default_factory=lambda: _DOCUMENTS.empty_table())


def stage_bank_files(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    files: Iterable[LandedFile],
    target: Path,
    read: Callable[[Path], BankFile] = read_bank_file,
) -> BankReading:
    """Read the files into the Parquet file `target`, bad rows included, entry ids still missing.

    Rows of a file that turned out broken half-way are in it too; `rejected` names its batch.
    """
    reading = BankReading()
    documents: list[dict[str, Any]] = []
    stream = pa.RecordBatchReader.from_batches(
        _SCHEMA, _batches(_items(files, read, reading, documents))
    )
    rows = checked_rows(
        contract.feeds[BANK_FEED],
        "bank_text",
        _ITEM_COLUMNS,
        exponents=False,
        currencies=contract.currencies,
        deferred=("entry_id",),
    )
    connection.register("bank_text", stream)
    try:
        connection.execute(
            f"copy ({rows}) to {quoted(str(target))} (format parquet, compression snappy)"
        )
    finally:
        connection.unregister("bank_text")
    reading.documents = pa.Table.from_pylist(documents, schema=_DOCUMENTS)
    return reading


def with_entry_ids(
    connection: duckdb.DuckDBPyConnection, contract: Contract, staged: str, target: Path
) -> None:
    """Write the items of the relation `staged` with the ids of `entry_ids` and their row hashes."""
    feed = contract.feeds[BANK_FEED]
    connection.execute(f"""
copy (
    select * replace (
        case when _bad_reason is null then {row_hash_of(feed)} end as _row_hash
    )
    from (
        select s.* replace (i.entry_id as entry_id)
        from {staged} as s
        left join entry_ids as i
            on i._batch_id = s._batch_id and i._row_number = s._row_number
    )
) to {quoted(str(target))} (format parquet, compression snappy)
""")


def stage_remittance(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    reading: BankReading,
    items: str,
    target: Path,
) -> None:
    """Stage the documents that items refer to as rows of `remittance_advice_lines`.

    An amount that the currency cannot express, and a negative discount, are no amounts of the
    contract: the memo has them as they were stated, and the reference still counts.

    Args:
        items: relation of the good items with their entry ids.
    """
    feed = contract.feeds[REMITTANCE_FEED]
    remittance_id = key_text(feed, ["i.account_id", "i.entry_id"])
    digits = "coalesce(c.minor_digits, 10)"

    def money(name: str) -> str:
        value = f"try_cast(d.{name} as decimal(38, 10))"
        return (
            f"case when length(rtrim(split_part(d.{name}, '.', 2), '0')) <= {digits} "
            f"then {value} end"
        )

    discount = money("discount_amount")
    values = {
        "remittance_id": remittance_id,
        "line_id": "cast(d.line_id as varchar)",
        "payment_reference": "i.entry_id",
        "invoice_reference": "d.invoice_reference",
        "amount": money("amount"),
        "discount_amount": f"case when {discount} >= 0 then {discount} end",
        "currency": "i.currency",
        "memo": (
            "nullif(concat_ws('; ', d.memo, "
            f"case when d.amount is not null and {money('amount')} is null "
            "then 'amount stated: ' || d.amount end, "
            "case when d.discount_amount is not null "
            f"and not coalesce({discount} >= 0, false) "
            "then 'discount stated: ' || d.discount_amount end), '')"
        ),
        "received_at": "cast(i.booking_date as timestamp)",
    }
    columns = ", ".join(
        f"cast({values.get(c.name, 'null')} as {c.sql_type}) as {identifier(c.name)}"
        for c in feed.columns
    )
    connection.register("bank_documents", reading.documents)
    try:
        connection.execute(f"""
copy (
    select *, {row_hash_of(feed)} as _row_hash, cast(null as varchar) as _extra,
        cast(null as varchar) as _bad_reason, 0 as _naive, 0 as _doubles
    from (
        select {columns}, i._batch_id,
            row_number() over (
                partition by i._batch_id order by i._row_number, d.line_id
            ) as _row_number
        from bank_documents as d
        inner join {items} as i
            on i._batch_id = d._batch_id and i._row_number = d._row_number
        left join currencies as c on c.code = i.currency
    )
) to {quoted(str(target))} (format parquet, compression snappy)
""")
    finally:
        connection.unregister("bank_documents")


def _items(
    files: Iterable[LandedFile],
    read: Callable[[Path], BankFile],
    reading: BankReading,
    documents: list[dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    """Items and rejects of all files as text; a broken file ends early and is noted."""
    for file in files:
        try:
            bank_file = read(file.path)
            reading.formats[file.batch_id] = bank_file.format
            for row in bank_file.rows:
                if isinstance(row, BankReject):
                    yield _reject(file.batch_id, row)
                else:
                    yield _item(file.batch_id, row)
                    documents.extend(_documents(file.batch_id, row))
            reading.statements[file.batch_id] = bank_file.statements
        except BankFileError as error:
            reading.rejected[file.batch_id] = FileRejected(error.reason, line=error.line)
    documents[:] = [d for d in documents if d["_batch_id"] not in reading.rejected]


def _item(batch_id: str, row: BankRow) -> dict[str, Any]:
    values = {name: _as_text(getattr(row, name)) for name in _ITEM_COLUMNS}
    return {"_batch_id": batch_id, "_row_number": row.ordinal, "_doubles": 0, **values}


def _reject(batch_id: str, reject: BankReject) -> dict[str, Any]:
    return {
        "_batch_id": batch_id,
        "_row_number": reject.ordinal,
        "_doubles": 0,
        "_broken_column": reject.column,
        "_broken_value": reject.value,
        "_broken_reason": reject.reason,
        "account_id": reject.account_id,
        "bank_reference": reject.bank_reference,
    }


def _documents(batch_id: str, row: BankRow) -> Iterator[dict[str, Any]]:
    document: ReferredDocument
    for line, document in enumerate(row.referred_documents, start=1):
        yield {
            "_batch_id": batch_id,
            "_row_number": row.ordinal,
            "line_id": line,
            "invoice_reference": document.number,
            "amount": _as_text(document.amount),
            "discount_amount": _as_text(document.discount_amount),
            "memo": document.document_type,
        }


def _as_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _batches(items: Iterator[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    pending: list[dict[str, Any]] = []
    for item in items:
        pending.append(item)
        if len(pending) == ROWS_PER_BATCH:
            yield pa.RecordBatch.from_pylist(pending, schema=_SCHEMA)
            pending = []
    if pending:
        yield pa.RecordBatch.from_pylist(pending, schema=_SCHEMA)
