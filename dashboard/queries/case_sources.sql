-- One row per item in $items (type:id) of one reconciliation, with the file that it came from.
select
    fct_items.item_type,
    fct_items.item_id,
    coalesce(fct_invoices.invoice_number, fct_items.document_number) as document_number,
    fct_items.row_hash,
    fct_batches.feed,
    fct_batches.file_name,
    fct_batches.landed_at
from marts.fct_items
left join marts.fct_invoices
    on
        fct_items.item_type in ('invoice', 'credit_memo')
        and fct_items.item_id = fct_invoices.invoice_id
left join marts.fct_batches
    on fct_items.batch_id = fct_batches.batch_id
where
    fct_items.reconciliation = $reconciliation
    and list_contains(
        cast($items as varchar []), fct_items.item_type || ':' || fct_items.item_id
    )
order by fct_items.side, fct_items.item_type, fct_items.item_id
