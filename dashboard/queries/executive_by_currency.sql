-- One row per currency: documents and receipts, each in its own currency, never added across.
-- Credit memos count against invoices; drafts, void documents and duplicates do not count.
with documents as (
    select
        fct_invoices.currency,
        case fct_invoices.document_type when 'credit_memo' then -1 else 1 end as sign,
        fct_invoices.total_amount,
        fct_invoices.matched_amount,
        fct_invoices.adjusted_amount,
        fct_invoices.open_amount,
        fct_invoices.days_overdue
    from marts.fct_invoices
    where fct_invoices.reconciliation_status not in ('draft', 'void', 'duplicate')
),

invoiced as (
    select
        documents.currency,
        sum(documents.sign * documents.total_amount) as invoiced,
        sum(documents.sign * documents.matched_amount) as matched,
        sum(documents.sign * documents.adjusted_amount) as adjusted,
        sum(documents.sign * documents.open_amount) as open,
        coalesce(
            sum(documents.sign * documents.open_amount) filter (documents.days_overdue > 0), 0
        ) as overdue,
        count(*) filter (documents.open_amount <> 0) as open_documents
    from documents
    group by documents.currency
),

collected as (
    select
        fct_receipts.currency,
        sum(fct_receipts.amount) as collected,
        sum(fct_receipts.unapplied_amount) as unapplied
    from marts.fct_receipts
    where fct_receipts.reconciliation_status not in ('pending', 'failed', 'not_ours')
    group by fct_receipts.currency
)

select
    coalesce(invoiced.currency, collected.currency) as currency,
    invoiced.invoiced,
    collected.collected,
    invoiced.matched,
    invoiced.adjusted,
    invoiced.open,
    invoiced.overdue,
    collected.unapplied,
    coalesce(invoiced.open_documents, 0) as open_documents
from invoiced
full join collected on invoiced.currency = collected.currency
order by open_documents desc, currency
