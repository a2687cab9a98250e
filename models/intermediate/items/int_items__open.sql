-- The few items that a run looks at: those that are open before the first pass, and those that
-- they belong to, open or not, whose dates and names speak for the unit. Whoever asks what open
-- items are like asks here, and not all of history; in a first run that is all of them, so only
-- what is asked for is here.
with

items as (select * from {{ ref('int_items') }}),

batches as (select * from {{ ref('stg_tieout__batches') }}),

-- an item, or one that belongs to it, is open
open_keys as (
    select open_items.item_key
    from {{ ref('int_open__unmatched') }} as open_items
    union
    select open_items.anchor_item_key as item_key
    from {{ ref('int_open__unmatched') }} as open_items
),

final as (
    select
        items.reconciliation,
        items.side,
        items.item_type,
        items.item_id,
        items.item_key,
        items.claim_key,
        items.party_id,
        items.family_id,
        items.party_source,
        items.group_key,
        items.event_at,
        items.event_date,
        items.currency,
        items.amount,
        items.set_aside_reason,
        items.due_date,
        items.document_number,
        items.purchase_order_number,
        items.row_hash,
        batches.run_sequence as known_in_run
    from items
    inner join open_keys
        on items.item_key = open_keys.item_key
    left join batches
        on items.batch_id = batches.batch_id
)

select * from final
