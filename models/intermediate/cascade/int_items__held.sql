-- How much of each item the sealed matches hold that stand.
with

standing as (
    select *
    from {{ ref('int_matches__standing') }}
    where reversal_reason is null
),

final as (
    select
        allocations.item_key,
        cast(
            sum(allocations.allocated_amount + allocations.adjusted_amount) as {{ amount_type() }}
        ) as held_amount
    from {{ ref('int_journal__allocations') }} as allocations
    inner join standing
        on allocations.match_id = standing.match_id
    group by allocations.item_key
)

select * from final
