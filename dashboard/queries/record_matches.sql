-- One row per match that the item is part of, or that an exception proposes for it ($proposed:
-- match ids); proposed ones first, then live ones.
with mine as (
    select distinct fct_match_allocations.match_id
    from marts.fct_match_allocations
    where
        fct_match_allocations.item_type = $item_type
        and fct_match_allocations.item_id = $item_id
    union
    select unnest(cast($proposed as varchar [])) as match_id
)

select
    fct_matches.match_id,
    fct_matches.reconciliation,
    fct_matches.rule_id,
    fct_matches.rule_version,
    fct_matches.method,
    fct_matches.confidence,
    fct_matches.decision,
    fct_matches.explanation,
    fct_matches.currency,
    fct_matches.amount,
    fct_matches.difference_amount,
    fct_matches.decided_at,
    fct_matches.decided_by,
    fct_matches.run_id
from marts.fct_matches
inner join mine on fct_matches.match_id = mine.match_id
order by
    case when list_contains(cast($proposed as varchar []), fct_matches.match_id) then 0 else 1 end,
    case when fct_matches.decision in ('auto_closed', 'approved') then 0 else 1 end,
    fct_matches.decided_at desc nulls last,
    fct_matches.match_id
limit 20
