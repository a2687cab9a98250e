-- What belongs to one case: the items of one suggestion, a copy and its original wherever that is
-- listed. Another kind of bond is another branch of `final`.
with

allocations as (select * from {{ ref('int_match_allocations') }}),

items as (select * from {{ ref('int_items__balanced') }}),

duplicate_items as (select * from {{ ref('int_exceptions__duplicate_items') }}),

suggested as (
    select
        'match|' || allocations.match_id as bond_id,
        allocations.item_key
    from allocations
    where
        not allocations.is_live and allocations.decision in ('suggested', 'pending_approval')
),

copies as (
    select
        'copy|' || duplicate_items.item_key as bond_id,
        duplicate_items.item_key
    from duplicate_items
    where duplicate_items.original_item_id is not null
    union all
    select
        'copy|' || duplicate_items.item_key as bond_id,
        items.item_key
    from duplicate_items
    inner join items
        on
            duplicate_items.item_type = items.item_type
            and duplicate_items.original_item_id = items.item_id
),

final as (
    select * from suggested
    union all
    select * from copies
)

select * from final
