-- The headline figures in each currency as invoiced and paid, never added across. The summary of a
-- run and the dashboard read them here, so that they mean the same everywhere (figures.md).
with

documents as (
    select
        invoices.*,
        case when invoices.document_type = 'credit_memo' then -1 else 1 end as direction
    from {{ ref('fct_invoices') }} as invoices
    where invoices.reconciliation_status not in ('draft', 'void', 'duplicate')
),

receipts as (
    select *
    from {{ ref('fct_receipts') }}
    where reconciliation_status not in ('pending', 'failed', 'not_ours')
),

-- a copy is no money
set_aside_items as (
    select *
    from {{ ref('fct_items') }}
    where reconciliation = 'invoice_to_receipt' and side = 'actual' and status = 'set_aside'
),

invoiced as (
    select
        documents.currency,
        count(*) as documents,
        sum(case when documents.open_amount <> {{ zero() }} then 1 else 0 end) as open_documents,
        sum(documents.direction * documents.total_amount) as invoiced,
        sum(documents.direction * documents.matched_amount) as matched,
        sum(documents.direction * documents.adjusted_amount) as adjusted,
        sum(documents.direction * documents.open_amount) as open_amount,
        sum(
            case
                when documents.settled_at is not null
                    then documents.direction * documents.matched_amount
                else {{ zero() }}
            end
        ) as settled,
        sum(
            case when documents.days_overdue > 0 then documents.open_amount else {{ zero() }} end
        ) as overdue
    from documents
    group by documents.currency
),

collected as (
    select
        receipts.currency,
        sum(receipts.amount) as collected,
        sum(receipts.unapplied_amount) as unapplied
    from receipts
    left join set_aside_items
        on
            receipts.item_type = set_aside_items.item_type
            and receipts.item_id = set_aside_items.item_id
    where set_aside_items.item_id is null
    group by receipts.currency
),

final as (
    select
        coalesce(invoiced.currency, collected.currency) as currency,
        cast(coalesce(invoiced.documents, 0) as bigint) as documents,
        cast(coalesce(invoiced.open_documents, 0) as bigint) as open_documents,
        {{ as_amount('coalesce(invoiced.invoiced, 0)') }} as invoiced,
        {{ as_amount('coalesce(invoiced.matched, 0)') }} as matched,
        {{ as_amount('coalesce(invoiced.adjusted, 0)') }} as adjusted,
        {{ as_amount('coalesce(invoiced.settled, 0)') }} as settled,
        {{ as_amount('coalesce(invoiced.open_amount, 0)') }} as open,
        {{ as_amount('coalesce(invoiced.overdue, 0)') }} as overdue,
        {{ as_amount('coalesce(collected.collected, 0)') }} as collected,
        {{ as_amount('coalesce(collected.unapplied, 0)') }} as unapplied
    from invoiced
    full outer join collected
        on invoiced.currency = collected.currency
)

select * from final
