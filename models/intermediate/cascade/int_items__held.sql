-- How much of each item is taken before people order and the passes look: by sealed matches that
-- stand, and by money that came back in this run.
with

standing as (
    select *
    from {{ ref('int_matches__standing') }}
    where reversal_reason is null
),

parts as (
    select
        allocations.item_key,
        allocations.allocated_amount + allocations.adjusted_amount as closed_amount
    from {{ ref('int_journal__allocations') }} as allocations
    inner join standing
        on allocations.match_id = standing.match_id
    union all
    select
        returned.item_key,
        returned.allocated_amount + returned.adjusted_amount as closed_amount
    from {{ ref('int_wave__returned') }} as returned
),

final as (
    select
        parts.item_key,
        cast(sum(parts.closed_amount) as {{ amount_type() }}) as held_amount
    from parts
    group by parts.item_key
)

select * from final
