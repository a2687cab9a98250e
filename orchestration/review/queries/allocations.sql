-- What matches close, or would close, of their items.
select
    allocations.match_id,
    allocations.reconciliation,
    allocations.item_type,
    allocations.item_id,
    allocations.allocated_amount + allocations.adjusted_amount as closed_amount,
    allocations.adjusted_amount,
    allocations.currency
from marts.fct_match_allocations as allocations
where allocations.match_id in (select unnest(cast($match_ids as varchar [])))
order by allocations.match_id, allocations.side desc, allocations.item_type, allocations.item_id
