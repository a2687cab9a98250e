-- One row per other open item of a party in one reconciliation, both sides, oldest first.
with items as (
    select *
    from marts.fct_items
    where
        fct_items.party_id = $party
        and fct_items.reconciliation = $reconciliation
        and fct_items.status in ('open', 'partial', 'in_review')
        and fct_items.open_amount <> 0
        and (fct_items.item_type <> $item_type or fct_items.item_id <> $item_id)
),

invoices as (
    select
        fct_invoices.invoice_id,
        fct_invoices.invoice_number,
        fct_invoices.due_date
    from marts.fct_invoices
    where fct_invoices.invoice_id in (select items.item_id from items)
),

exceptions as (
    select *
    from marts.fct_exceptions
    where
        fct_exceptions.reconciliation = $reconciliation
        and fct_exceptions.status <> 'resolved'
        and fct_exceptions.item_id in (select items.item_id from items)
)

select
    items.side,
    items.item_type,
    items.item_id,
    coalesce(invoices.invoice_number, items.document_number) as document_number,
    items.memo,
    items.event_date,
    invoices.due_date,
    items.currency,
    items.amount,
    items.open_amount,
    items.status,
    exceptions.exception_id,
    count(*) over () as row_count
from items
left join invoices
    on
        items.item_type in ('invoice', 'credit_memo')
        and items.item_id = invoices.invoice_id
left join exceptions
    on items.item_type = exceptions.item_type and items.item_id = exceptions.item_id
order by
    case items.side when 'expected' then 0 else 1 end,
    items.event_date,
    items.item_type,
    items.item_id
limit 40
