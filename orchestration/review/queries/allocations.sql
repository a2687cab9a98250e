-- What matches close, or would close, of their items. One column is searched before the others are
-- read: of millions of rows a few are wanted.
with

found as materialized (
    select allocations.rowid as place
    from marts.fct_match_allocations as allocations
    where allocations.match_id in (select unnest(cast($match_ids as varchar [])))
)

select
    allocations.match_id,
    allocations.reconciliation,
    allocations.item_type,
    allocations.item_id,
    allocations.allocated_amount + allocations.adjusted_amount as closed_amount,
    allocations.adjusted_amount,
    allocations.currency
from marts.fct_match_allocations as allocations
where allocations.rowid in (select found.place from found)
order by allocations.match_id, allocations.side desc, allocations.item_type, allocations.item_id
