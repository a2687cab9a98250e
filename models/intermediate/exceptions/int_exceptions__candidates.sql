-- The matches that a reviewer may choose from, best first: what waits for a decision, then what the
-- cascade considered and refused.
with

current_exceptions as (select * from {{ ref('int_exceptions__current') }}),

allocations as (select * from {{ ref('int_allocations__proposed') }}),

matches as (
    select *
    from {{ ref('int_matches__proposed') }}
    where decision in ('suggested', 'pending_approval')
),

candidates as (
    select *
    from {{ ref('int_match_candidates') }}
    where match_id is not null
),

considered as (
    select
        current_exceptions.item_key,
        matches.match_id,
        matches.decision = 'pending_approval' as is_pending_approval,
        1 as preference,
        cast(null as bigint) as candidate_rank,
        matches.confidence
    from current_exceptions
    inner join allocations
        on current_exceptions.item_key = allocations.item_key
    inner join matches
        on allocations.match_id = matches.match_id
    union all
    select
        current_exceptions.item_key,
        candidates.match_id,
        false as is_pending_approval,
        2 as preference,
        cast(candidates.rank as bigint) as candidate_rank,
        cast(null as {{ amount_type() }}) as confidence
    from current_exceptions
    inner join candidates
        on current_exceptions.item_key = candidates.item_key
),

one_each as (
    select
        considered.item_key,
        considered.match_id,
        min(considered.preference) as preference,
        min(considered.candidate_rank) as candidate_rank,
        max(considered.confidence) as confidence,
        max(case when considered.is_pending_approval then 1 else 0 end) as is_pending_approval
    from considered
    group by considered.item_key, considered.match_id
),

ranked as (
    select
        one_each.*,
        row_number() over (
            partition by one_each.item_key
            order by
                one_each.preference asc nulls last,
                one_each.confidence desc nulls last,
                one_each.candidate_rank asc nulls last,
                one_each.match_id asc nulls last
        ) as place
    from one_each
),

final as (
    select
        ranked.item_key,
        max(ranked.is_pending_approval) = 1 as is_pending_approval,
        cast(count(*) as bigint) as candidate_count,
        '['
        || concat_ws(
            ',',
            max(case when ranked.place = 1 then '"' || ranked.match_id || '"' end),
            max(case when ranked.place = 2 then '"' || ranked.match_id || '"' end),
            max(case when ranked.place = 3 then '"' || ranked.match_id || '"' end),
            max(case when ranked.place = 4 then '"' || ranked.match_id || '"' end),
            max(case when ranked.place = 5 then '"' || ranked.match_id || '"' end)
        )
        || ']' as candidate_match_ids
    from ranked
    group by ranked.item_key
)

select * from final
