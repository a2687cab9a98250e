-- The items that sealed and unreversed matches hold.
with

allocations as (select * from {{ ref('int_journal__allocations') }}),

reversals as (select * from {{ ref('int_journal__reversals') }}),

final as (
    select distinct
        allocations.item_type,
        allocations.item_id
    from allocations
    left join reversals
        on allocations.match_id = reversals.match_id
    where reversals.match_id is null
)

select * from final
