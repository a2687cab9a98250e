-- The items of sealed matches that hold nothing any more: the journal has reversed them, or this
-- run does. Few come apart; who asks about those need not look through all that were sealed.
with

reversed_matches as (
    select
        reversals.match_id,
        reversals.reason,
        reversals.run_id,
        true as is_sealed
    from {{ ref('int_journal__reversals') }} as reversals
    union all
    select
        standing.match_id,
        standing.reversal_reason as reason,
        cast(null as {{ dbt.type_string() }}) as run_id,
        false as is_sealed
    from {{ ref('int_matches__standing') }} as standing
    where standing.reversal_reason is not null
),

final as (
    select
        allocations.match_id,
        reversed_matches.reason,
        reversed_matches.run_id,
        reversed_matches.is_sealed,
        allocations.side,
        allocations.item_key,
        allocations.allocated_amount,
        allocations.adjusted_amount
    from {{ ref('int_journal__allocations') }} as allocations
    inner join reversed_matches
        on allocations.match_id = reversed_matches.match_id
)

select * from final
