-- Bank lines that live matches hold, and in which reconciliation.
select distinct
    allocations.item_id,
    allocations.reconciliation
from marts.fct_match_allocations as allocations
inner join marts.fct_matches as matches
    on allocations.match_id = matches.match_id
where
    allocations.item_type = 'bank_transaction'
    and allocations.reconciliation <> 'bank_to_ledger'
    and matches.is_live
    and allocations.item_id in (select unnest(cast($item_ids as varchar [])))
