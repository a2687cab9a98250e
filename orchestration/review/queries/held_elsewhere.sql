-- Bank lines that live matches hold, and in which reconciliation.
with

found as materialized (
    select allocations.rowid as place
    from marts.fct_match_allocations as allocations
    where allocations.item_id in (select unnest(cast($item_ids as varchar [])))
),

named as materialized (
    select
        allocations.match_id,
        allocations.item_id,
        allocations.reconciliation
    from marts.fct_match_allocations as allocations
    where
        allocations.rowid in (select found.place from found)
        and allocations.item_type = 'bank_transaction'
        and allocations.reconciliation <> 'bank_to_ledger'
)

select distinct
    named.item_id,
    named.reconciliation
from named
inner join marts.fct_matches as matches
    on named.match_id = matches.match_id
where matches.is_live
