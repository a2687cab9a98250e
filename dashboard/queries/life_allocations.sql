-- One row per item in $matches, the expected side first; at most twenty a side.
select
    fct_match_allocations.match_id,
    fct_match_allocations.side,
    fct_match_allocations.item_type,
    fct_match_allocations.item_id,
    fct_match_allocations.currency,
    fct_match_allocations.allocated_amount,
    fct_match_allocations.adjusted_amount,
    fct_match_allocations.match_currency,
    fct_match_allocations.match_amount,
    fct_match_allocations.adjustment_kind,
    fct_match_allocations.row_hash,
    count(*) over (
        partition by fct_match_allocations.match_id, fct_match_allocations.side
    ) as side_count
from marts.fct_match_allocations
where list_contains(cast($matches as varchar []), fct_match_allocations.match_id)
qualify
    row_number() over (
        partition by fct_match_allocations.match_id, fct_match_allocations.side
        order by
            fct_match_allocations.item_type,
            fct_match_allocations.item_id
    ) <= 20
order by
    fct_match_allocations.match_id,
    case fct_match_allocations.side when 'expected' then 0 else 1 end,
    fct_match_allocations.item_type,
    fct_match_allocations.item_id
