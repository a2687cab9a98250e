-- One row per item among $item_ids: what it is, once, whatever reconciliations list it.
with items as (
    select
        fct_items.item_type,
        fct_items.item_id,
        any_value(fct_items.document_number) as document_number,
        any_value(fct_items.memo) as memo,
        any_value(fct_items.party_id) as customer_id,
        any_value(fct_items.event_date) as event_date,
        any_value(fct_items.currency) as currency,
        any_value(fct_items.amount) as amount,
        any_value(fct_items.batch_id) as batch_id,
        string_agg(distinct fct_items.status, ', ' order by fct_items.status) as status
    from marts.fct_items
    where list_contains(cast($item_ids as varchar []), fct_items.item_id)
    group by fct_items.item_type, fct_items.item_id
)

select
    items.item_type,
    items.item_id,
    items.document_number,
    items.memo,
    items.customer_id,
    dim_customers.legal_name as customer,
    items.event_date,
    items.currency,
    items.amount,
    items.batch_id,
    items.status
from items
left join marts.dim_customers
    on items.customer_id = dim_customers.customer_id
order by items.item_type, items.item_id
