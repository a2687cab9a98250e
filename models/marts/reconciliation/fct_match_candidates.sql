with

candidates as (select * from {{ ref('int_match_candidates') }}),

final as (
    select
        candidates.reconciliation,
        candidates.item_type,
        candidates.item_id,
        candidates.match_id,
        candidates.other_item_type,
        candidates.other_item_id,
        cast(candidates.rank as bigint) as rank,
        candidates.score,
        candidates.score_parts,
        candidates.why_not,
        candidates.why_not_meaning
    from candidates
)

select * from final
