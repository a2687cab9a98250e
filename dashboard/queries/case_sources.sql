-- One row per item in $items (type:id) of one reconciliation, with the file that it came from.
with wanted as (
    select
        split_part(named.item, ':', 1) as item_type,
        substr(named.item, strpos(named.item, ':') + 1) as item_id
    from unnest(cast($items as varchar [])) as named (item)
),

items as (
    select *
    from marts.fct_items
    where
        fct_items.reconciliation = $reconciliation
        and fct_items.item_id in (select wanted.item_id from wanted)
),

invoices as (
    select
        fct_invoices.invoice_id,
        fct_invoices.invoice_number
    from marts.fct_invoices
    where fct_invoices.invoice_id in (select wanted.item_id from wanted)
)

select
    items.item_type,
    items.item_id,
    coalesce(invoices.invoice_number, items.document_number) as document_number,
    items.row_hash,
    fct_batches.feed,
    fct_batches.file_name,
    fct_batches.landed_at
from items
inner join wanted
    on items.item_type = wanted.item_type and items.item_id = wanted.item_id
left join invoices
    on
        items.item_type in ('invoice', 'credit_memo')
        and items.item_id = invoices.invoice_id
left join marts.fct_batches
    on items.batch_id = fct_batches.batch_id
order by items.side, items.item_type, items.item_id
