-- One row per receipt behind what was collected, newest first; empty strings filter nothing.
-- $measure: collected | unapplied.
with set_aside_items as (
    select
        fct_items.item_type,
        fct_items.item_id
    from marts.fct_items
    where
        fct_items.reconciliation = 'invoice_to_receipt'
        and fct_items.side = 'actual'
        and fct_items.status = 'set_aside'
)

select
    fct_receipts.item_type,
    fct_receipts.item_id,
    fct_receipts.customer_id,
    dim_customers.legal_name as customer,
    fct_receipts.received_at,
    fct_receipts.currency,
    fct_receipts.amount,
    fct_receipts.allocated_amount,
    fct_receipts.adjusted_amount,
    fct_receipts.unapplied_amount,
    fct_receipts.reconciliation_status,
    case $measure
        when 'unapplied'
            then sum(fct_receipts.unapplied_amount) over (partition by fct_receipts.currency)
        else sum(fct_receipts.amount) over (partition by fct_receipts.currency)
    end as measured,
    count(*) over () as row_count
from marts.fct_receipts
left join marts.dim_customers
    on fct_receipts.customer_id = dim_customers.customer_id
left join set_aside_items
    on
        fct_receipts.item_type = set_aside_items.item_type
        and fct_receipts.item_id = set_aside_items.item_id
where
    fct_receipts.reconciliation_status not in ('pending', 'failed', 'not_ours')
    and set_aside_items.item_id is null
    and ($currency = '' or fct_receipts.currency = $currency)
    and ($customer = '' or fct_receipts.customer_id = $customer)
    and ($measure <> 'unapplied' or fct_receipts.unapplied_amount <> 0)
order by fct_receipts.received_at desc nulls last, fct_receipts.item_type, fct_receipts.item_id
limit $limit offset $offset
