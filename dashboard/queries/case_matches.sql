-- One row per standing match that an item is part of in one reconciliation, the latest first.
with mine as (
    select distinct fct_match_allocations.match_id
    from marts.fct_match_allocations
    where
        fct_match_allocations.item_id = $item_id
        and fct_match_allocations.item_type = $item_type
        and fct_match_allocations.reconciliation = $reconciliation
)

select
    fct_matches.match_id,
    fct_matches.explanation,
    fct_matches.decided_at
from marts.fct_matches
where
    fct_matches.match_id in (select mine.match_id from mine)
    and fct_matches.decision in ('auto_closed', 'approved')
order by fct_matches.decided_at desc nulls last, fct_matches.match_id
limit 20
