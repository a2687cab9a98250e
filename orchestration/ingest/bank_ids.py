"""Ids of the items of bank files.

The bank's own reference is the id. Where it does not tell items apart, the content does:

- An item without a reference is `h`, the first 16 hex digits of its content hash, `-` and its
  occurrence among identical contents of its file. Twins stay two, a re-import adds none, and an
  overlapping file adds only what is new.
- A reference used for different contents stays with the content that was loaded by an earlier run,
  inside one run with a row of a tabular file, else with the least booking date and content hash.
  The others append `~` and the first 8 hex digits of their content hash.
- Identical contents with the same reference in one file are several items: from the second on,
  `~`, the 8 digits, `-` and the occurrence.

Notifications (camt.054, MT942) describe what a statement books, so they have ids of their own and
can neither take a statement's id nor change it, in whatever order the files arrive:

- An item that is a whole entry appends `~n`: the statement's item of the same reference is the
  entry itself.
- A detail of an entry has the id that the rules above give it, unless a statement's item has that
  id: then it appends `~n` too. A statement's item that comes later with the id of a loaded detail
  is a new version of that row.

`bank_reference` keeps the reference before any of this.
"""

from __future__ import annotations

import duckdb

from orchestration.files import quoted
from orchestration.home import Home
from orchestration.ingest.contract import BANK_FEED


def content_hash(row: str, currencies: str) -> str:
    """Expression: the content hash of the input contract.

    Args:
        row: alias of a relation with the typed columns of `bank_transactions`.
        currencies: alias of its row in the table `currencies`.
    """
    amount = f"cast({row}.amount as varchar)"
    digits = f"coalesce({currencies}.minor_digits, 10)"
    parts = [
        f"{row}.account_id",
        f"cast({row}.booking_date as varchar)",
        f"cast({row}.value_date as varchar)",
        # DECIMAL(38,10) always shows ten digits; the point goes with the last of them.
        f"left({amount}, length({amount}) - case when {digits} = 0 then 11 else 10 - {digits} end)",
        f"{row}.currency",
        f"{row}.counterparty_name",
        f"{row}.counterparty_account",
        f"{row}.remittance_information",
        f"{row}.end_to_end_id",
        f"{row}.bank_transaction_code",
    ]
    joined = " || chr(31) || ".join(f"coalesce({part}, '')" for part in parts)
    return f"sha256({joined})"


def assign_entry_ids(
    connection: duckdb.DuckDBPyConnection, home: Home, staged: str, tabular: str | None
) -> None:
    """Make the temporary table `entry_ids` (_batch_id, _row_number, entry_id).

    Args:
        staged: relation of the run's good items of bank files, typed, without `entry_id`.
        tabular: relation of the run's good rows of tabular files of the feed; None without any.
    """
    connection.execute(f"""
create or replace temp table bank_items as
select
    i._batch_id, i._row_number, i.account_id, i.bank_reference, i.booking_date,
    i.entry_source is not distinct from 'notification' as is_notification,
    i.entry_amount is null or i.entry_amount = i.amount as is_whole,
    {content_hash("i", "c")} as content_hash
from {staged} as i
left join currencies as c on c.code = i.currency
""")
    raw = quoted(str(home.feed_raw(BANK_FEED) / "*.parquet"))
    connection.execute(f"""
create or replace temp table loaded_items as
select distinct
    r.account_id, r.entry_id, r.bank_reference,
    r.entry_source is not distinct from 'notification' as is_notification,
    {content_hash("r", "c")} as content_hash
from read_parquet({raw}, union_by_name = true) as r
left join currencies as c on c.code = r.currency
where r.entry_id in (select bank_reference from bank_items)
    or r.bank_reference in (select bank_reference from bank_items)
""")
    if tabular is not None:
        connection.execute(f"""
insert into loaded_items
select distinct t.account_id, t.entry_id, null, false, {content_hash("t", "c")}
from {tabular} as t
left join currencies as c on c.code = t.currency
where t.entry_id in (select bank_reference from bank_items)
""")
    # A reference is taken by what was loaded with it as its id; by the least content otherwise.
    connection.execute("""
create or replace temp table numbered_items as
with numbered as (
    select
        bank_items.*,
        row_number() over (
            partition by _batch_id, is_notification, account_id, bank_reference, content_hash
            order by _row_number
        ) as occurrence
    from bank_items
),
earlier as (
    select
        account_id, is_notification,
        case when is_notification then bank_reference else entry_id end as reference,
        content_hash, min(entry_id) as entry_id
    from loaded_items
    where not is_notification
        or entry_id in (bank_reference, bank_reference || '~n')
    group by all
),
taken as (
    select distinct account_id, is_notification, reference from earlier
),
least as (
    select
        account_id, is_notification, bank_reference as reference,
        min(cast(booking_date as varchar) || content_hash) as holder
    from bank_items
    group by all
)
select
    n.*,
    case
        when n.bank_reference is null
            then 'h' || left(n.content_hash, 16) || '-' || n.occurrence
        when n.occurrence > 1
            then n.bank_reference || '~' || left(n.content_hash, 8) || '-' || n.occurrence
        when e.content_hash is not null then n.bank_reference
        when t.reference is null
            and cast(n.booking_date as varchar) || n.content_hash = l.holder
            then n.bank_reference
        else n.bank_reference || '~' || left(n.content_hash, 8)
    end as own_id
from numbered as n
left join earlier as e
    on e.account_id = n.account_id
    and e.is_notification = n.is_notification
    and e.reference = n.bank_reference
    and e.content_hash = n.content_hash
left join taken as t
    on t.account_id = n.account_id
    and t.is_notification = n.is_notification
    and t.reference = n.bank_reference
left join least as l
    on l.account_id = n.account_id
    and l.is_notification = n.is_notification
    and l.reference = n.bank_reference
""")
    connection.execute(f"""
create or replace temp table entry_ids as
with statement_ids as (
    select account_id, own_id as entry_id from numbered_items where not is_notification
    union
    select account_id, entry_id from loaded_items where not is_notification
    union
    select r.account_id, r.entry_id
    from read_parquet({raw}, union_by_name = true) as r
    where r.entry_id in (select own_id from numbered_items where is_notification)
        and r.entry_source is distinct from 'notification'
)
select
    n._batch_id, n._row_number,
    case
        when not n.is_notification then n.own_id
        when n.is_whole or s.entry_id is not null then n.own_id || '~n'
        else n.own_id
    end as entry_id
from numbered_items as n
left join statement_ids as s on s.account_id = n.account_id and s.entry_id = n.own_id
""")
    connection.execute("drop table bank_items; drop table numbered_items; drop table loaded_items")
