-- One row per exception of a case with the item that it is about, its lead first.
select
    fct_exceptions.exception_id,
    fct_exceptions.is_case_lead,
    fct_exceptions.exception_type,
    fct_exceptions.status as exception_status,
    fct_exceptions.amount as exception_amount,
    fct_exceptions.currency as exception_currency,
    fct_exceptions.detail,
    fct_exceptions.reconciliation,
    fct_exceptions.item_type,
    fct_exceptions.item_id,
    fct_items.side,
    coalesce(fct_invoices.invoice_number, fct_items.document_number) as document_number,
    fct_items.memo,
    fct_items.party_id,
    coalesce(fct_exceptions.customer_id, fct_items.party_id) as customer_id,
    dim_customers.legal_name as customer,
    dim_customers.tier,
    dim_customers.country,
    fct_items.event_date,
    fct_items.due_for_match_at,
    fct_invoices.due_date,
    fct_invoices.days_overdue,
    fct_receipts.payout_id,
    fct_items.currency,
    fct_items.amount,
    fct_items.allocated_amount,
    fct_items.adjusted_amount,
    fct_items.open_amount,
    fct_items.status,
    fct_items.set_aside_reason,
    fct_items.row_hash,
    fct_items.batch_id,
    fct_batches.feed,
    fct_batches.file_name,
    fct_batches.landed_at
from marts.fct_exceptions
left join marts.fct_items
    on
        fct_exceptions.reconciliation = fct_items.reconciliation
        and fct_exceptions.item_type = fct_items.item_type
        and fct_exceptions.item_id = fct_items.item_id
left join marts.dim_customers
    on coalesce(fct_exceptions.customer_id, fct_items.party_id) = dim_customers.customer_id
left join marts.fct_invoices
    on
        fct_exceptions.item_type in ('invoice', 'credit_memo')
        and fct_exceptions.item_id = fct_invoices.invoice_id
left join marts.fct_receipts
    on
        fct_exceptions.item_type = fct_receipts.item_type
        and fct_exceptions.item_id = fct_receipts.item_id
left join marts.fct_batches
    on fct_items.batch_id = fct_batches.batch_id
where fct_exceptions.case_id = $case
order by
    fct_exceptions.is_case_lead desc,
    case fct_exceptions.status when 'resolved' then 1 else 0 end,
    abs(fct_exceptions.base_amount) desc nulls last,
    fct_exceptions.exception_id
limit 60
