"""CSV, JSON lines and Parquet as relations of text, staged as typed Parquet by `checks`.

Everything is read as text first, so that no amount ever passes through a binary float that the file
itself does not hold, and so that a rejected value can be shown as it was delivered.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet

from orchestration.files import quoted
from orchestration.ingest.checks import checked_rows, identifier, numbers_as_text
from orchestration.ingest.contract import Contract, Feed
from orchestration.ingest.errors import FileRejected
from orchestration.ingest.records import SCHEMA, Records

EXTENSIONS = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}

SMALL_BYTES = 1 << 20
"""Files up to this size are staged together with others of their shape: planning the checks of a
feed takes longer than checking so few rows."""

_FIELD = ',(?:"(?:[^"]|"")*"|[^",]*)'
_AMOUNTS = ("money", "quantity")


@dataclass(frozen=True)
class Source:
    """A file to stage, and the batch that its rows belong to."""

    path: Path
    batch_id: str


@dataclass(frozen=True)
class Text:
    """A relation of text in `checks.TEXT_COLUMNS`, but for the batch of a row, which is told by
    `_file`, its place among the sources; and the contract columns that the files have."""

    query: str
    present: list[str]


def form_of(file_name: str) -> tuple[str | None, bool]:
    """The form that a name stands for (`csv`, `jsonl`, `parquet`; None: no such form), and gzip."""
    name = file_name.lower()
    gzipped = name.endswith(".gz")
    form = EXTENSIONS.get(Path(name.removesuffix(".gz")).suffix)
    if gzipped and form == "parquet":
        return None, gzipped
    return form, gzipped


def shape_of(path: Path) -> tuple[str, ...] | None:
    """What a small file shares with those that can be staged in one go with it.

    That is its form and its columns, as they stand in it. None: the file is staged by itself.
    """
    form, gzipped = form_of(path.name)
    if gzipped or form not in ("csv", "jsonl") or path.stat().st_size > SMALL_BYTES:
        return None
    try:
        if form == "csv":
            return form, *_header(Records(path, gzipped=False, quotes=True).first())
        keys: set[str] = set()
        for line in path.read_text(encoding="utf-8").splitlines():
            keys.update(json.loads(line) if line.strip() else ())
        return form, *sorted(keys)
    except (FileRejected, TypeError, ValueError):
        return None


def stage(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    feed: Feed,
    sources: Sequence[Source],
    target: Path,
) -> None:
    """Read, check and type files into the Parquet file `target`, bad rows included.

    Args:
        sources: one file, or several of one shape (`shape_of`).

    Raises:
        FileRejected: when a file as a whole cannot be taken.
    """
    first = sources[0].path
    form, gzipped = form_of(first.name)
    if form == "parquet":
        text = _parquet_text(connection, feed, first)
        _write_staged(connection, contract, feed, text, sources, target, exponents=True)
    elif form == "csv" or form == "jsonl":
        is_csv = form == "csv"
        records = [Records(source.path, gzipped=gzipped, quotes=is_csv) for source in sources]
        text = _csv_text(feed, records) if is_csv else _json_text(connection, feed, records)
        with _streamed(connection, records, skip=1 if is_csv else 0):
            _write_staged(connection, contract, feed, text, sources, target, exponents=not is_csv)
    else:
        raise FileRejected(
            f"{first.name!r} is in no form that {feed.name} takes; land it as .csv, .jsonl, "
            ".ndjson (each also .gz) or .parquet, with its content written anew: the same bytes "
            "under another name stay this batch"
        )


def _write_staged(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    feed: Feed,
    text: Text,
    sources: Sequence[Source],
    target: Path,
    *,
    exponents: bool,
) -> None:
    """Type and check a relation of text into the Parquet file `target`."""
    batches = ", ".join(quoted(source.batch_id) for source in sources)
    batch = f"[{batches}][_file + 1]" if len(sources) > 1 else batches
    source = f"(select {batch} as _batch_id, * exclude (_file) from ({text.query}))"
    rows = checked_rows(
        feed, source, text.present, exponents=exponents, currencies=contract.currencies
    )
    connection.execute(
        f"copy ({rows}) to {quoted(str(target))} (format parquet, compression snappy)"
    )


class _streamed:
    """The records of files as the relation `records`; a failed read raises its own reason.

    Arrow readers turn any exception of their source into their own.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, records: Sequence[Records], *, skip: int = 0
    ) -> None:
        self.connection = connection
        self.records = records
        self.skip = skip
        self.failure: FileRejected | FileNotFoundError | None = None

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for file, records in enumerate(self.records):
                yield from records.batches(file, skip=self.skip)
        except (FileRejected, FileNotFoundError) as failure:
            self.failure = failure
            raise

    def __enter__(self) -> None:
        reader = pa.RecordBatchReader.from_batches(SCHEMA, self._batches())
        self.connection.register("records", reader)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.connection.unregister("records")
        if error is not None and self.failure is not None:
            raise self.failure from error


def _csv_text(feed: Feed, records: Sequence[Records]) -> Text:
    header = _header(records[0].first())
    positions = {name: index for index, name in enumerate(header, start=1)}
    _require(feed, positions)
    present = [name for name in feed.names if name in positions]
    extra = [name for name in header if name not in feed.names]
    columns = "".join(f", f[{positions[name]}] as {identifier(name)}" for name in present)
    line = "rtrim(record, chr(13) || chr(10))"
    tokens = f"regexp_extract_all(',' || line, {quoted(_FIELD)})"
    unquoted = (
        "list_transform(t, lambda x: case when x[2:2] = '\"' "
        "then replace(substr(x, 3, length(x) - 3), '\"\"', '\"') else substr(x, 2) end)"
    )
    query = f"""
select file as _file, n as _row_number, 0 as _doubles, cast(null as varchar) as _broken_column,
    case when broken is not null then line end as _broken_value,
    broken as _broken_reason,
    {_extra_json([(name, f"f[{positions[name]}]") for name in extra])} as _extra{columns}
from (
    select file, n, line, f,
        case
            when t is not null and length(array_to_string(t, '')) <> length(line) + 1
                then 'the quotes do not pair: put a field that holds quotes, commas or line '
                    || 'breaks between quotes, and double the quotes inside'
            when len(f) <> {len(header)}
                then 'the record has ' || len(f) || ' fields and the header {len(header)}'
        end as broken
    from (
        select file, n, line, t,
            case when t is null then string_split(line, ',') else {unquoted} end as f
        from (
            select file, n, line, case when contains(line, '"') then {tokens} end as t
            from (select file, n, {line} as line from records)
        )
    )
)
"""
    return Text(query, present)


def _header(line: str | None) -> list[str]:
    if line is None:
        raise FileRejected("the file is empty; land it with its header and rows", line=1)
    try:
        (fields,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        raise FileRejected(
            f"the header cannot be read ({error}); its quotes have to pair",
            line=1,
            value=line[:1000],
        ) from error
    names = [name.strip() or f"column_{index}" for index, name in enumerate(fields, start=1)]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise FileRejected(
            f"the header names {', '.join(doubled)} more than once; give every column its own name",
            line=1,
            column=doubled[0],
            value=line[:1000],
        )
    return names


def _json_text(
    connection: duckdb.DuckDBPyConnection, feed: Feed, records: Sequence[Records]
) -> Text:
    first = records[0].first()
    if first is None:
        raise FileRejected("the file is empty; land it with its records", line=1)
    if first.lstrip().startswith("["):
        raise FileRejected("the file is a JSON list; write one object a line (JSON lines)", line=1)
    with _streamed(connection, records):
        keys = {
            name
            for (name,) in connection.execute(
                "select distinct unnest(json_keys(record)) from records "
                "where case when json_valid(record) then json_type(record) = 'OBJECT' end"
            ).fetchall()
        }
    if keys:
        _require(feed, keys)
    present = [name for name in feed.names if name in keys]
    extra = sorted(keys - set(feed.names))
    structure = "{" + ", ".join(f'"{name}": "VARCHAR"' for name in present) + "}"
    known = "{" + ", ".join(f'"{name}": null' for name in feed.names) + "}"
    kept = (
        f"case when j is not null "
        f"then nullif(cast(json_merge_patch(j, {quoted(known)}) as varchar), '{{}}') end"
        if extra
        else "cast(null as varchar)"
    )
    columns = "".join(f", s.{identifier(name)} as {identifier(name)}" for name in present)
    values = f"from_json(j, {quoted(structure)})" if present else "null"
    query = f"""
select file as _file, n as _row_number, 0 as _doubles, cast(null as varchar) as _broken_column,
    case when broken is not null then line end as _broken_value,
    broken as _broken_reason, {kept} as _extra{columns}
from (
    select file, n, line, broken, j, {values} as s
    from (
        select file, n, line,
            case
                when not json_valid(line) then 'the line is not valid JSON'
                when json_type(line) <> 'OBJECT' then 'the line is not a JSON object'
                when len(json_keys(line)) <> len(list_distinct(json_keys(line)))
                    then 'the object has a name twice; which value holds cannot be told'
            end as broken,
            case when json_valid(line) and json_type(line) = 'OBJECT'
                then {numbers_as_text("line")} end as j
        from (select file, n, rtrim(record, chr(13) || chr(10)) as line from records)
    )
)
"""
    return Text(query, present)


def _parquet_text(connection: duckdb.DuckDBPyConnection, feed: Feed, path: Path) -> Text:
    scan = (
        f"read_parquet({quoted(str(path))}, binary_as_string = true, file_row_number = true, "
        "hive_partitioning = false)"
    )
    try:
        names = pyarrow.parquet.read_schema(path).names
        described = connection.execute(f"describe select * from {scan}").fetchall()
    except (duckdb.Error, pyarrow.ArrowException, OSError, ValueError) as error:
        message = str(error).splitlines()[0][:300]
        raise FileRejected(
            f"the file is not readable Parquet ({message}); write it again"
        ) from error
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise FileRejected(
            f"the file has {', '.join(doubled)} more than once; every column needs its own name",
            column=doubled[0],
        )
    # DuckDB folds case and renames what then clashes; the order stays.
    types = {
        name: (identifier(row[0]), str(row[1])) for name, row in zip(names, described, strict=False)
    }
    _require(feed, types)
    present = [name for name in feed.names if name in types]
    doubles = " + ".join(
        f"case when {types[c.name][0]} is not null then 1 else 0 end"
        for c in feed.columns
        if c.name in present and c.kind in _AMOUNTS and types[c.name][1] in ("FLOAT", "DOUBLE")
    )
    columns = "".join(
        f", {_parquet_value(*types[name], feed.column(name).kind)} as {identifier(name)}"
        for name in present
    )
    extra = [
        (name, _parquet_value(*types[name], "text")) for name in names if name not in feed.names
    ]
    query = f"""
select 0 as _file, file_row_number + 1 as _row_number, {doubles or "0"} as _doubles,
    cast(null as varchar) as _broken_column, cast(null as varchar) as _broken_value,
    cast(null as varchar) as _broken_reason, {_extra_json(extra)} as _extra{columns}
from {scan}
"""
    return Text(query, present)


def _parquet_value(name: str, sql_type: str, kind: str) -> str:
    """Expression: a Parquet value as text. Doubles become their shortest decimal text.

    A date that was written as a timestamp at midnight, as some libraries do, is a date.
    """
    if kind == "date" and sql_type.startswith("TIMESTAMP") and "ZONE" not in sql_type:
        return (
            f"case when {name} = date_trunc('day', {name}) then strftime({name}, '%Y-%m-%d') "
            f"else cast({name} as varchar) end"
        )
    if sql_type.endswith("]") or sql_type.startswith(("STRUCT", "MAP")):
        return f"cast(to_json({name}) as varchar)"
    return f"cast({name} as varchar)"


def _extra_json(columns: list[tuple[str, str]]) -> str:
    if not columns:
        return "cast(null as varchar)"
    pairs = ", ".join(f"{quoted(name)}, {value}" for name, value in columns)
    return f"cast(json_object({pairs}) as varchar)"


def _require(feed: Feed, found: Iterable[str]) -> None:
    names = list(found)
    missing = [name for name in feed.required if name not in names]
    if not missing:
        return
    shown = ", ".join(names[:40]) or "none"
    hint = ""
    if len(names) == 1 and ";" in names[0]:
        hint = "; the fields are separated by semicolons: write commas"
    elif len(names) == 1 and "\t" in names[0]:
        hint = "; the fields are separated by tabs: write commas"
    raise FileRejected(
        f"the required column{'s' if len(missing) > 1 else ''} {', '.join(missing)} of {feed.name} "
        f"cannot be found{hint}; the file has: {shown[:1000]}",
        column=missing[0],
    )
