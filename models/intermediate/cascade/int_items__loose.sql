-- Items that no sealed match holds and that may belong to one: what is anchored to another item,
-- and money. What a person takes apart in this run holds its items until then.
with

items as (
    select *
    from {{ ref('int_items') }}
    where
        set_aside_reason is null
        and (
            item_key <> anchor_item_key
            or item_type in ('bank_transaction', 'charge') and side = 'actual'
        )
),

batches as (select * from {{ ref('stg_tieout__batches') }}),

held as (
    select live_items.item_key
    from {{ ref('int_journal__live_items') }} as live_items
    union all
    select allocations.item_key
    from {{ ref('int_journal__allocations') }} as allocations
    inner join {{ ref('int_matches__undone_by_people') }} as undone
        on allocations.match_id = undone.match_id
    left join {{ ref('int_journal__reversals') }} as reversals
        on undone.match_id = reversals.match_id
    where reversals.match_id is null
),

final as (
    select
        items.item_key,
        items.anchor_item_key,
        items.item_type,
        items.item_id,
        items.reconciliation,
        items.side,
        items.family_id,
        items.currency,
        items.amount,
        batches.run_sequence as known_in_run
    from items
    left join held
        on items.item_key = held.item_key
    left join batches
        on items.batch_id = batches.batch_id
    where held.item_key is null
)

select * from final
