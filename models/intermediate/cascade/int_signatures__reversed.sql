-- How often a match of the same items and amounts was reversed: what is found again is another
-- match each time. Also what this very run reverses: its items are free, and the same may be found
-- at once.
with

reversed_ids as (
    select reversals.match_id
    from {{ ref('int_journal__reversals') }} as reversals
    union
    select standing.match_id
    from {{ ref('int_matches__standing') }} as standing
    where standing.reversal_reason is not null
),

reversed_matches as (
    select
        allocations.match_id,
        {{ match_signature('allocations') }} as signature
    from {{ ref('int_journal__allocations') }} as allocations
    inner join reversed_ids
        on allocations.match_id = reversed_ids.match_id
    group by allocations.match_id
),

final as (
    select
        reversed_matches.signature,
        count(*) as times
    from reversed_matches
    group by reversed_matches.signature
)

select * from final
