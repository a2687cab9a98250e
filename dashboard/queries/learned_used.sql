-- One row per currency: what agreed short payments have closed.
select
    fct_match_allocations.currency,
    count(distinct fct_match_allocations.item_id) as invoice_count,
    sum(fct_match_allocations.adjusted_amount) as amount
from marts.fct_match_allocations
inner join marts.fct_matches
    on fct_match_allocations.match_id = fct_matches.match_id
where
    fct_match_allocations.adjustment_kind = 'short_pay'
    and fct_matches.decision in ('auto_closed', 'approved')
group by fct_match_allocations.currency
order by fct_match_allocations.currency
