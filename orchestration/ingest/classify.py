"""Which staged rows are new: everything else is a re-delivery and only counted.

Rows are known by their hash, which covers the key and all values. Inside a run they are ordered by
batch id and row number, so the order in which files arrive never matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.files import EMPTY, quoted
from orchestration.ingest.checks import identifier
from orchestration.ingest.contract import Feed


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one batch. Events are naive UTC."""

    read: int = 0
    loaded: int = 0
    redelivered: int = 0
    quarantined: int = 0
    conflicting: int = 0
    naive: int = 0
    doubles: int = 0
    min_event_at: datetime | None = None
    max_event_at: datetime | None = None


def classify(
    connection: duckdb.DuckDBPyConnection, feed: Feed, good: str, raw_folder: Path
) -> None:
    """Make the temporary tables `redelivered` and `conflicting` (_batch_id, _row_number).

    A row conflicts when an earlier row of the run gives the same key other content, with the same
    `updated_at` (or none), equally final: only the hash decides between them.

    Args:
        good: relation of the run's good rows of this feed.
        raw_folder: what is loaded already; its `_empty.parquet` exists.
    """
    keys = ", ".join(identifier(name) for name in feed.key)
    state = [identifier(feed.version_column) if feed.version_column else "cast(null as timestamp)"]
    if feed.status_column:
        pending = ", ".join(quoted(value) for value in feed.pending_values)
        state.append(f"coalesce({identifier(feed.status_column)} in ({pending}), false)")
    else:
        state.append("false")
    # Nearly all keys occur once: the narrow hash finds the few that need a closer look.
    connection.execute(f"""
create or replace temp table contested as
select
    _batch_id, _row_number, _row_hash, {keys}, {state[0]} as _version, {state[1]} as _is_pending
from {good}
where hash({keys}) in (
    select key_hash from (select hash({keys}) as key_hash from {good})
    group by key_hash having count(*) > 1
)
""")
    connection.execute("create or replace temp table known (_row_hash varchar)")
    if any(path.name != EMPTY for path in raw_folder.glob("*.parquet")):
        raw = quoted(str(raw_folder / "*.parquet"))
        connection.execute(f"""
insert into known
select distinct r._row_hash
from read_parquet({raw}, union_by_name = true) as r
where r._row_hash in (select _row_hash from {good})
""")
    connection.execute(f"""
create or replace temp table redelivered as
select _batch_id, _row_number from {good} where _row_hash in (select _row_hash from known)
union all
select _batch_id, _row_number
from (
    select
        _batch_id, _row_number,
        row_number() over (partition by _row_hash order by _batch_id, _row_number) as position
    from contested
    where _row_hash not in (select _row_hash from known)
)
where position > 1
""")
    connection.execute(f"""
create or replace temp table conflicting as
select _batch_id, _row_number
from (
    select
        c._batch_id, c._row_number,
        row_number() over (
            partition by {keys}, _version, _is_pending order by c._batch_id, c._row_number
        ) as position
    from contested as c
    anti join redelivered as r on r._batch_id = c._batch_id and r._row_number = c._row_number
)
where position > 1
""")
    connection.execute("drop table contested; drop table known")


def count(connection: duckdb.DuckDBPyConnection, feed: Feed, staged: str) -> dict[str, Counts]:
    """Counts of every batch of `staged` (good and bad rows), after `classify`."""
    event = (
        f"cast({identifier(feed.event_column)} as timestamp)"
        if feed.event_column
        else "cast(null as timestamp)"
    )
    rows = connection.execute(f"""
select
    s._batch_id, s.rows_read, s.bad, coalesce(r.n, 0), coalesce(c.n, 0), s.naive, s.doubles,
    s.min_event_at, s.max_event_at
from (
    select
        _batch_id, count(*) as rows_read, count(_bad_reason) as bad,
        cast(sum(_naive) as bigint) as naive, cast(sum(_doubles) as bigint) as doubles,
        min({event}) as min_event_at, max({event}) as max_event_at
    from {staged}
    group by _batch_id
) as s
left join (select _batch_id, count(*) as n from redelivered group by _batch_id) as r
    on r._batch_id = s._batch_id
left join (select _batch_id, count(*) as n from conflicting group by _batch_id) as c
    on c._batch_id = s._batch_id
""").fetchall()
    return {
        batch_id: Counts(
            read=read,
            loaded=read - bad - again,
            redelivered=again,
            quarantined=bad,
            conflicting=conflicting,
            naive=naive,
            doubles=doubles,
            min_event_at=first,
            max_event_at=last,
        )
        for batch_id, read, bad, again, conflicting, naive, doubles, first, last in rows
    }


def new_rows(feed: Feed, staged: str, run_sequence: int) -> str:
    """Query for the new rows of `staged` as they lie in raw, after `classify`."""
    values = {"_run_sequence": f"cast({run_sequence} as bigint)"}
    columns = ", ".join(
        f"{values.get(name, 's.' + identifier(name))} as {identifier(name)}"
        for name in feed.raw_types
    )
    return (
        f"select {columns} from {staged} as s anti join redelivered as r "
        "on r._batch_id = s._batch_id and r._row_number = s._row_number "
        "where s._bad_reason is null"
    )


def known_rows(staged: str, run_sequence: int) -> str:
    """Query for the rows of `staged` that were known already, after `classify`."""
    return (
        "select s._batch_id as batch_id, s._row_number as row_number, s._row_hash as row_hash, "
        f"cast({run_sequence} as bigint) as run_sequence "
        f"from {staged} as s semi join redelivered as r "
        "on r._batch_id = s._batch_id and r._row_number = s._row_number "
        "order by s._batch_id, s._row_number"
    )
