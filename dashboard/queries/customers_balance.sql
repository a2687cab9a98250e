-- One row per currency in which a customer has documents or money: what is open on documents, what
-- of their money is not applied, and what they owe after it.
with documents as (
    select
        fct_invoices.currency,
        count(*) filter (fct_invoices.open_amount <> 0) as open_documents,
        sum(
            case fct_invoices.document_type
                when 'credit_memo' then -fct_invoices.open_amount else fct_invoices.open_amount
            end
        ) as open_amount,
        coalesce(
            sum(fct_invoices.open_amount) filter (
                fct_invoices.days_overdue > 0 and fct_invoices.document_type = 'invoice'
            ),
            0
        ) as overdue_amount
    from marts.fct_invoices
    where
        fct_invoices.customer_id = $customer
        and fct_invoices.reconciliation_status not in ('draft', 'void', 'duplicate')
    group by fct_invoices.currency
),

receipts as (
    select
        fct_receipts.currency,
        sum(fct_receipts.unapplied_amount) as unapplied_amount
    from marts.fct_receipts
    where
        fct_receipts.customer_id = $customer
        and fct_receipts.reconciliation_status not in ('pending', 'failed', 'not_ours')
    group by fct_receipts.currency
)

select
    coalesce(documents.currency, receipts.currency) as currency,
    coalesce(documents.open_documents, 0) as open_documents,
    coalesce(documents.open_amount, 0) as open_amount,
    coalesce(documents.overdue_amount, 0) as overdue_amount,
    coalesce(receipts.unapplied_amount, 0) as unapplied_amount,
    coalesce(documents.open_amount, 0) - coalesce(receipts.unapplied_amount, 0) as balance,
    dim_currencies.rate,
    cast(
        (coalesce(documents.open_amount, 0) - coalesce(receipts.unapplied_amount, 0))
        * dim_currencies.rate as decimal(38, 2)
    ) as base_balance
from documents
full outer join receipts
    on documents.currency = receipts.currency
left join marts.dim_currencies
    on coalesce(documents.currency, receipts.currency) = dim_currencies.currency
order by abs(base_balance) desc nulls last, currency
