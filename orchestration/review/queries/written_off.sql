-- What standing matches have written off items, as an amount without a sign.
with

found as materialized (
    select allocations.rowid as place
    from marts.fct_match_allocations as allocations
    where allocations.item_id in (select unnest(cast($item_ids as varchar [])))
),

written_off as materialized (
    select allocations.*
    from marts.fct_match_allocations as allocations
    where
        allocations.rowid in (select found.place from found)
        and allocations.adjustment_kind = 'write_off'
)

select
    written_off.reconciliation,
    written_off.item_type,
    written_off.item_id,
    written_off.currency,
    sum(abs(written_off.adjusted_amount)) as amount
from written_off
inner join marts.fct_matches as matches
    on written_off.match_id = matches.match_id
where matches.is_live
group by
    written_off.reconciliation,
    written_off.item_type,
    written_off.item_id,
    written_off.currency
