-- One row per invoice or credit memo behind a number of the executive page, newest first.
-- Amounts of credit memos are negative here, so that the rows add up to the number.
-- $measure: invoiced | matched | adjusted | open | overdue; empty strings filter nothing.
with documents as (
    select
        fct_invoices.document_type as item_type,
        fct_invoices.invoice_id as item_id,
        fct_invoices.invoice_number,
        fct_invoices.customer_id,
        dim_customers.legal_name as customer,
        fct_invoices.issued_at,
        fct_invoices.due_date,
        fct_invoices.days_overdue,
        fct_invoices.currency,
        sign.sign * fct_invoices.total_amount as total_amount,
        sign.sign * fct_invoices.matched_amount as matched_amount,
        sign.sign * fct_invoices.adjusted_amount as adjusted_amount,
        sign.sign * fct_invoices.open_amount as open_amount,
        fct_invoices.reconciliation_status
    from marts.fct_invoices
    cross join lateral (
        select case fct_invoices.document_type when 'credit_memo' then -1 else 1 end as sign
    ) as sign
    left join marts.dim_customers
        on fct_invoices.customer_id = dim_customers.customer_id
    where
        fct_invoices.reconciliation_status not in ('draft', 'void', 'duplicate')
        and ($currency = '' or fct_invoices.currency = $currency)
        and ($customer = '' or fct_invoices.customer_id = $customer)
        and case $measure
            when 'matched' then fct_invoices.matched_amount <> 0
            when 'adjusted' then fct_invoices.adjusted_amount <> 0
            when 'open' then fct_invoices.open_amount <> 0
            when 'overdue' then fct_invoices.open_amount <> 0 and fct_invoices.days_overdue > 0
            else true
        end
        and case $bucket
            when '' then true
            when 'current'
                then fct_invoices.open_amount <> 0 and coalesce(fct_invoices.days_overdue, 0) <= 0
            when '90+' then fct_invoices.open_amount <> 0 and fct_invoices.days_overdue > 90
            else
                fct_invoices.open_amount <> 0
                and fct_invoices.days_overdue
                between try_cast(split_part($bucket, '-', 1) as bigint)
                and try_cast(split_part($bucket, '-', 2) as bigint)
        end
)

select
    documents.*,
    case $measure
        when 'matched' then sum(documents.matched_amount) over (partition by documents.currency)
        when 'adjusted' then sum(documents.adjusted_amount) over (partition by documents.currency)
        when 'invoiced' then sum(documents.total_amount) over (partition by documents.currency)
        else sum(documents.open_amount) over (partition by documents.currency)
    end as measured,
    count(*) over () as row_count
from documents
order by
    case when $measure in ('open', 'overdue') then documents.days_overdue end desc nulls last,
    documents.issued_at desc nulls last,
    documents.item_id
limit $limit offset $offset
