-- At most one row: the item that a copy repeats, or may repeat, as the copy's own record names it.
with named as (
    select
        fct_record_trace.item_type,
        fct_record_trace.detail ->> 'original' as item_id
    from marts.fct_record_trace
    where
        fct_record_trace.item_id = $item_id
        and fct_record_trace.item_type = $item_type
        and fct_record_trace.event in ('set_aside', 'suspected')
    order by fct_record_trace.position desc
    limit 1
),

items as (
    select *
    from marts.fct_items
    where
        fct_items.reconciliation = $reconciliation
        and fct_items.item_id in (select named.item_id from named)
),

invoices as (
    select
        fct_invoices.invoice_id,
        fct_invoices.invoice_number,
        fct_invoices.due_date
    from marts.fct_invoices
    where fct_invoices.invoice_id in (select named.item_id from named)
)

select
    items.item_type,
    items.item_id,
    coalesce(invoices.invoice_number, items.document_number) as document_number,
    items.party_id,
    items.party_id as customer_id,
    dim_customers.legal_name as customer,
    items.event_date,
    invoices.due_date,
    items.currency,
    items.amount,
    items.open_amount,
    items.status,
    items.memo,
    fct_batches.file_name
from items
inner join named
    on items.item_type = named.item_type
left join invoices
    on
        items.item_type in ('invoice', 'credit_memo')
        and items.item_id = invoices.invoice_id
left join marts.dim_customers
    on items.party_id = dim_customers.customer_id
left join marts.fct_batches
    on items.batch_id = fct_batches.batch_id
