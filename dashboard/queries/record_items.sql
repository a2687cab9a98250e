-- One row per reconciliation that lists the item: what of it is closed and what is open.
select
-- include: item_columns
    fct_items.batch_id,
    fct_batches.feed,
    fct_batches.file_name
from marts.fct_items
left join marts.dim_customers
    on fct_items.party_id = dim_customers.customer_id
left join marts.fct_batches
    on fct_items.batch_id = fct_batches.batch_id
where fct_items.item_type = $item_type and fct_items.item_id = $item_id
order by fct_items.reconciliation, fct_items.side
