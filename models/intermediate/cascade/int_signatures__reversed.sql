-- How often a match of the same items and amounts was reversed: what is found again is another
-- match each time. Also what this very run reverses: its items are free, and the same may be found
-- at once.
with

reversed_allocations as (select * from {{ ref('int_allocations__reversed') }}),

reversed_matches as (
    select
        reversed_allocations.match_id,
        {{ match_signature('reversed_allocations') }} as signature
    from reversed_allocations
    group by reversed_allocations.match_id
),

final as (
    select
        reversed_matches.signature,
        count(*) as times
    from reversed_matches
    group by reversed_matches.signature
)

select * from final
