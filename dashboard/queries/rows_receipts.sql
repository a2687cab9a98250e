-- One row per receipt behind what was collected, newest first; empty strings filter nothing. In the
-- reporting currency receipts count at the rate of their day.
-- $measure: collected | unapplied; $digits: minor digits of the reporting currency.
with reporting as (
    select max(agg_executive_daily.currency) as code
    from marts.agg_executive_daily
),

set_aside_items as (
    select
        fct_items.item_type,
        fct_items.item_id
    from marts.fct_items
    where
        fct_items.reconciliation = 'invoice_to_receipt'
        and fct_items.side = 'actual'
        and fct_items.status = 'set_aside'
),

receipts as (
    select
        fct_receipts.item_type,
        fct_receipts.item_id,
        fct_receipts.currency,
        fct_receipts.received_at,
        case $measure
            when 'unapplied' then fct_receipts.unapplied_amount
            else fct_receipts.amount
        end as measured
    from marts.fct_receipts
    anti join set_aside_items
        on
            fct_receipts.item_type = set_aside_items.item_type
            and fct_receipts.item_id = set_aside_items.item_id
    where
        fct_receipts.reconciliation_status not in ('pending', 'failed', 'not_ours')
        and ($currency = '' or fct_receipts.currency = $currency)
        and ($customer = '' or fct_receipts.customer_id = $customer)
        and ($measure <> 'unapplied' or fct_receipts.unapplied_amount <> 0)
),

valued as (
    select
        receipts.*,
        case
            when receipts.currency = reporting.code then receipts.measured
            else (receipts.measured * fct_fx_rates.rate)::decimal(38, 10)
        end as base_amount
    from receipts
    cross join reporting
    left join marts.fct_fx_rates
        on
            receipts.currency = fct_fx_rates.currency
            and receipts.received_at::date = fct_fx_rates.rate_date
),

-- include: rows_totals

page as (
    select *
    from valued
    order by valued.received_at desc nulls last, valued.item_type, valued.item_id
    limit $limit offset $offset
)

select
    page.item_type,
    page.item_id,
    fct_receipts.customer_id,
    dim_customers.legal_name as customer,
    page.received_at,
    page.currency,
    fct_receipts.amount,
    fct_receipts.allocated_amount,
    fct_receipts.adjusted_amount,
    fct_receipts.unapplied_amount,
    fct_receipts.reconciliation_status,
    reporting.code as reporting_currency,
    totals.row_count,
    totals.totals,
    totals.base_total
from page
inner join marts.fct_receipts
    on page.item_type = fct_receipts.item_type and page.item_id = fct_receipts.item_id
cross join totals
cross join reporting
left join marts.dim_customers on fct_receipts.customer_id = dim_customers.customer_id
order by page.received_at desc nulls last, page.item_type, page.item_id
