-- One row per document or payment of a customer of which something is open, the longest due first.
with documents as (
    select
        fct_invoices.document_type as item_type,
        fct_invoices.invoice_id as item_id,
        fct_invoices.invoice_number as number,
        cast(fct_invoices.issued_at as date) as day,
        fct_invoices.due_date,
        fct_invoices.days_overdue,
        fct_invoices.currency,
        fct_invoices.total_amount as amount,
        fct_invoices.open_amount,
        fct_invoices.reconciliation_status
    from marts.fct_invoices
    where
        fct_invoices.customer_id = $customer
        and fct_invoices.open_amount <> 0
        and fct_invoices.reconciliation_status not in ('draft', 'void', 'duplicate')
),

receipts as (
    select
        fct_receipts.item_type,
        fct_receipts.item_id,
        fct_receipts.item_id as number,
        cast(fct_receipts.received_at as date) as day,
        cast(null as date) as due_date,
        cast(null as bigint) as days_overdue,
        fct_receipts.currency,
        fct_receipts.amount,
        fct_receipts.unapplied_amount as open_amount,
        fct_receipts.reconciliation_status
    from marts.fct_receipts
    where
        fct_receipts.customer_id = $customer
        and fct_receipts.unapplied_amount <> 0
        and fct_receipts.reconciliation_status not in ('pending', 'failed', 'not_ours')
),

open_items as (
    select * from documents
    union all
    select * from receipts
)

select
    open_items.*,
    count(*) over () as row_count
from open_items
order by open_items.days_overdue desc nulls last, open_items.day, open_items.item_id
limit $limit
