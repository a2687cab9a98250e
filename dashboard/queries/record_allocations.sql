-- One row per item in the given matches, the expected side first.
select
    fct_match_allocations.match_id,
    fct_match_allocations.side,
    fct_match_allocations.item_type,
    fct_match_allocations.item_id,
    fct_match_allocations.currency,
    fct_match_allocations.allocated_amount,
    fct_match_allocations.adjusted_amount,
    fct_match_allocations.match_currency,
    fct_match_allocations.match_amount
from marts.fct_match_allocations
where list_contains(cast($matches as varchar []), fct_match_allocations.match_id)
order by
    fct_match_allocations.match_id,
    case fct_match_allocations.side when 'expected' then 0 else 1 end,
    fct_match_allocations.item_type,
    fct_match_allocations.item_id
limit 500
