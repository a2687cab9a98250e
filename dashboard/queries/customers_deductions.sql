-- One row per kind of deduction and currency: what a customer's invoices were closed by besides money.
select
    coalesce(fct_match_allocations.adjustment_kind, 'adjustment') as adjustment_kind,
    fct_match_allocations.currency,
    count(distinct fct_match_allocations.item_id) as invoice_count,
    sum(fct_match_allocations.adjusted_amount) as amount
from marts.fct_match_allocations
inner join marts.fct_items
    on
        fct_match_allocations.reconciliation = fct_items.reconciliation
        and fct_match_allocations.item_type = fct_items.item_type
        and fct_match_allocations.item_id = fct_items.item_id
inner join marts.fct_matches
    on fct_match_allocations.match_id = fct_matches.match_id
where
    fct_match_allocations.reconciliation = 'invoice_to_receipt'
    and fct_match_allocations.adjusted_amount <> 0
    and fct_items.party_id = $customer
    and fct_matches.decision in ('auto_closed', 'approved')
group by fct_match_allocations.adjustment_kind, fct_match_allocations.currency
order by invoice_count desc, adjustment_kind, fct_match_allocations.currency
