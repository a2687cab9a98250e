-- One row per item that names a customer as its party, the newest first.
select
    fct_items.item_type,
    fct_items.item_id,
    fct_items.document_number,
    fct_items.event_date,
    fct_items.currency,
    fct_items.amount,
    fct_items.open_amount,
    fct_items.status,
    count(*) over () as row_count
from marts.fct_items
where
    fct_items.party_id = $customer
    and fct_items.reconciliation = 'invoice_to_receipt'
order by fct_items.event_date desc, fct_items.item_type, fct_items.item_id
limit 50
