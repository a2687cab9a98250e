-- The items that sealed and unreversed matches hold, and how much of each.
with

allocations as (select * from {{ ref('int_journal__allocations') }}),

reversals as (select * from {{ ref('int_journal__reversals') }}),

final as (
    select
        allocations.reconciliation,
        allocations.item_type,
        allocations.item_id,
        allocations.item_key,
        min(allocations.amount)
        = sum(allocations.allocated_amount + allocations.adjusted_amount) as is_held_whole
    from allocations
    left join reversals
        on allocations.match_id = reversals.match_id
    where reversals.match_id is null
    group by
        allocations.reconciliation,
        allocations.item_type,
        allocations.item_id,
        allocations.item_key
)

select * from final
