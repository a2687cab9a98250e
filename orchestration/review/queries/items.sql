-- Items in every reconciliation that lists them.
with

wanted as (
    select
        unnest(cast($item_types as varchar [])) as item_type,
        unnest(cast($item_ids as varchar [])) as item_id
)

select
    items.reconciliation,
    items.side,
    items.item_type,
    items.item_id,
    items.party_id,
    items.event_date,
    items.currency,
    items.amount,
    items.open_amount,
    items.status,
    items.set_aside_reason,
    items.due_for_match_at,
    items.document_number,
    items.row_hash
from marts.fct_items as items
inner join wanted
    on items.item_type = wanted.item_type and items.item_id = wanted.item_id
