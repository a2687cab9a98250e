-- Items in every reconciliation that lists them.
with

wanted as (
    select
        unnest(cast($item_types as varchar [])) as item_type,
        unnest(cast($item_ids as varchar [])) as item_id
),

found as materialized (
    select items.rowid as place
    from marts.fct_items as items
    where items.item_id in (select wanted.item_id from wanted)
),

listed as materialized (
    select items.*
    from marts.fct_items as items
    where items.rowid in (select found.place from found)
)

select
    listed.reconciliation,
    listed.side,
    listed.item_type,
    listed.item_id,
    listed.party_id,
    listed.event_date,
    listed.currency,
    listed.amount,
    listed.open_amount,
    listed.status,
    listed.set_aside_reason,
    listed.due_for_match_at,
    listed.document_number,
    listed.row_hash
from listed
inner join wanted
    on listed.item_type = wanted.item_type and listed.item_id = wanted.item_id
