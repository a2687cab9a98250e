-- One row per invoice or credit memo behind a number of the executive page, newest first, overdue ones
-- first where what is open is asked for. Amounts of credit memos are negative here, so that the rows
-- add up to the number; in the reporting currency they count at the rate of their day.
-- $measure: invoiced | matched | adjusted | open | overdue; $digits: minor digits of the reporting
-- currency; empty strings filter nothing.
with reporting as (
    select max(agg_executive_daily.currency) as code
    from marts.agg_executive_daily
),

documents as (
    select
        fct_invoices.document_type,
        fct_invoices.invoice_id,
        fct_invoices.currency,
        fct_invoices.issued_at,
        fct_invoices.days_overdue,
        case fct_invoices.document_type when 'credit_memo' then -1 else 1 end
        * case $measure
            when 'matched' then fct_invoices.matched_amount
            when 'adjusted' then fct_invoices.adjusted_amount
            when 'invoiced' then fct_invoices.total_amount
            else fct_invoices.open_amount
        end as measured
    from marts.fct_invoices
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
),

valued as (
    select
        documents.*,
        case
            when $measure in ('open', 'overdue') then fct_open_documents.base_amount
            when documents.currency = reporting.code then documents.measured
            else (documents.measured * fct_fx_rates.rate)::decimal(38, 10)
        end as base_amount
    from documents
    cross join reporting
    left join marts.fct_open_documents
        on documents.invoice_id = fct_open_documents.invoice_id
    left join marts.fct_fx_rates
        on
            documents.currency = fct_fx_rates.currency
            and documents.issued_at::date = fct_fx_rates.rate_date
),

-- include: rows_totals

page as (
    select *
    from valued
    order by
        case when $measure in ('open', 'overdue') then valued.days_overdue end desc nulls last,
        valued.issued_at desc nulls last,
        valued.invoice_id
    limit $limit offset $offset
)

select
    page.document_type as item_type,
    page.invoice_id as item_id,
    fct_invoices.invoice_number,
    fct_invoices.customer_id,
    dim_customers.legal_name as customer,
    page.issued_at,
    fct_invoices.due_date,
    page.days_overdue,
    page.currency,
    case page.document_type when 'credit_memo' then -1 else 1 end
    * fct_invoices.total_amount as total_amount,
    case page.document_type when 'credit_memo' then -1 else 1 end
    * fct_invoices.matched_amount as matched_amount,
    case page.document_type when 'credit_memo' then -1 else 1 end
    * fct_invoices.adjusted_amount as adjusted_amount,
    case page.document_type when 'credit_memo' then -1 else 1 end
    * fct_invoices.open_amount as open_amount,
    fct_invoices.reconciliation_status,
    page.base_amount,
    reporting.code as reporting_currency,
    totals.row_count,
    totals.totals,
    totals.base_total
from page
inner join marts.fct_invoices on page.invoice_id = fct_invoices.invoice_id
cross join totals
cross join reporting
left join marts.dim_customers on fct_invoices.customer_id = dim_customers.customer_id
order by
    case when $measure in ('open', 'overdue') then page.days_overdue end desc nulls last,
    page.issued_at desc nulls last,
    page.invoice_id
