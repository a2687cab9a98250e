-- One row per other open item of a party in one reconciliation, both sides, oldest first.
select
    fct_items.side,
    fct_items.item_type,
    fct_items.item_id,
    coalesce(fct_invoices.invoice_number, fct_items.document_number) as document_number,
    fct_items.memo,
    fct_items.event_date,
    fct_invoices.due_date,
    fct_items.currency,
    fct_items.amount,
    fct_items.open_amount,
    fct_items.status,
    exceptions.exception_id,
    count(*) over () as row_count
from marts.fct_items
left join marts.fct_invoices
    on
        fct_items.item_type in ('invoice', 'credit_memo')
        and fct_items.item_id = fct_invoices.invoice_id
left join marts.fct_exceptions as exceptions
    on
        fct_items.reconciliation = exceptions.reconciliation
        and fct_items.item_type = exceptions.item_type
        and fct_items.item_id = exceptions.item_id
        and exceptions.status <> 'resolved'
where
    fct_items.reconciliation = $reconciliation
    and fct_items.party_id = $party
    and fct_items.status in ('open', 'partial', 'in_review')
    and fct_items.open_amount <> 0
    and (fct_items.item_type <> $item_type or fct_items.item_id <> $item_id)
order by
    case fct_items.side when 'expected' then 0 else 1 end,
    fct_items.event_date,
    fct_items.item_type,
    fct_items.item_id
limit 40
