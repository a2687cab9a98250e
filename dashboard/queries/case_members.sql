-- One row per exception of a case with the item that it is about, its lead first.
-- Large tables are narrowed to the items of the case before they are joined.
with members as (
    select *
    from marts.fct_exceptions
    where fct_exceptions.case_id = $case
),

items as (
    select *
    from marts.fct_items
    where fct_items.item_id in (select members.item_id from members)
),

invoices as (
    select
        fct_invoices.invoice_id,
        fct_invoices.invoice_number,
        fct_invoices.due_date,
        fct_invoices.days_overdue
    from marts.fct_invoices
    where fct_invoices.invoice_id in (select members.item_id from members)
)

select
    members.exception_id,
    members.is_case_lead,
    members.exception_type,
    members.status as exception_status,
    members.amount as exception_amount,
    members.currency as exception_currency,
    members.detail,
    members.reconciliation,
    members.item_type,
    members.item_id,
    items.side,
    coalesce(invoices.invoice_number, items.document_number) as document_number,
    items.memo,
    items.party_id,
    coalesce(members.customer_id, items.party_id) as customer_id,
    dim_customers.legal_name as customer,
    dim_customers.tier,
    dim_customers.country,
    items.event_date,
    items.due_for_match_at,
    invoices.due_date,
    invoices.days_overdue,
    items.currency,
    items.amount,
    items.allocated_amount,
    items.adjusted_amount,
    items.open_amount,
    items.status,
    items.set_aside_reason,
    items.row_hash,
    items.batch_id,
    fct_batches.feed,
    fct_batches.file_name,
    fct_batches.landed_at
from members
left join items
    on
        members.reconciliation = items.reconciliation
        and members.item_type = items.item_type
        and members.item_id = items.item_id
left join marts.dim_customers
    on coalesce(members.customer_id, items.party_id) = dim_customers.customer_id
left join invoices
    on
        members.item_type in ('invoice', 'credit_memo')
        and members.item_id = invoices.invoice_id
left join marts.fct_batches
    on items.batch_id = fct_batches.batch_id
order by
    members.is_case_lead desc,
    case members.status when 'resolved' then 1 else 0 end,
    abs(members.base_amount) desc nulls last,
    members.exception_id
limit 60
