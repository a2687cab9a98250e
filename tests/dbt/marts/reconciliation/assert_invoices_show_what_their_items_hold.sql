-- Invariant 1, for the documents that people read. Guards: every invoice and credit memo shows
-- exactly what its item holds (total, matched, adjusted, open, currency), with the document's own
-- sign; where the reconciliation is inactive and lists no items, its landed total, all of it open.
-- Breaks when: fct_invoices adds up other allocations than fct_items, a join multiplies or loses a
-- document, or a sign is lost. In silence, finance would chase, or let off, money that the
-- reconciliation has placed elsewhere.
{%- set kept = {
    'by': ['item_type', 'item_id'],
    'read': {
        'fct_invoices': ['document_type', 'item_id(invoice_id)'],
        'fct_items': ['item_type', 'item_id'],
        'stg_billing__invoices': ['document_type', 'item_id(invoice_id)'],
    },
    'asked': 'select document_type, ' ~ item_id(['invoice_id']) ~ ' '
    'from staging.stg_billing__invoices where issued_at > (select as_of from changes.last_run)',
} -%}
{{ config(meta={'kept': kept, 'dagster': {'ref': {'name': 'fct_invoices'}}}) }}

with

invoices as (select * from {{ ref('fct_invoices') }}),

items as (
    select *
    from {{ ref('fct_items') }}
    where
        reconciliation = 'invoice_to_receipt'
        and side = 'expected'
        and item_type in ('invoice', 'credit_memo')
),

landed as (
    select *
    from {{ ref('stg_billing__invoices') }}
    where issued_at <= {{ as_of() }}
),

active as (
    select *
    from {{ ref('int_reconciliations__active') }}
    where reconciliation = 'invoice_to_receipt' and is_active
),

shown as (
    select
        invoices.document_type as item_type,
        {{ item_id(['invoices.invoice_id']) }} as item_id,
        case when invoices.document_type = 'credit_memo' then -1 else 1 end as direction,
        count(*) over (partition by invoices.document_type, invoices.invoice_id) as times_shown,
        invoices.currency,
        invoices.total_amount,
        invoices.matched_amount,
        invoices.adjusted_amount,
        invoices.open_amount
    from invoices
),

unreconciled as (
    select
        landed.document_type as item_type,
        {{ item_id(['landed.invoice_id']) }} as item_id,
        landed.currency,
        landed.total_amount * case when landed.document_type = 'credit_memo' then -1 else 1 end
            as amount
    from landed
    where not exists (select active.reconciliation from active)
),

held as (
    select
        items.item_type,
        items.item_id,
        items.currency,
        items.amount,
        items.allocated_amount,
        items.adjusted_amount,
        items.open_amount
    from items
    union all
    select
        unreconciled.item_type,
        unreconciled.item_id,
        unreconciled.currency,
        unreconciled.amount,
        {{ zero() }} as allocated_amount,
        {{ zero() }} as adjusted_amount,
        unreconciled.amount as open_amount
    from unreconciled
),

compared as (
    select
        coalesce(shown.item_type, held.item_type) as item_type,
        coalesce(shown.item_id, held.item_id) as item_id,
        shown.direction * shown.total_amount as shown_amount,
        held.amount as held_amount,
        shown.direction * shown.matched_amount as shown_matched_amount,
        held.allocated_amount as held_matched_amount,
        shown.direction * shown.adjusted_amount as shown_adjusted_amount,
        held.adjusted_amount as held_adjusted_amount,
        shown.direction * shown.open_amount as shown_open_amount,
        held.open_amount as held_open_amount,
        case
            when held.item_id is null then 'a document is shown that no item holds'
            when shown.item_id is null then 'an item is not shown as a document'
            when shown.times_shown > 1 then 'a document is shown twice'
            when (shown.currency is distinct from held.currency)
                then 'a document is shown in another currency than its item'
            when
                (shown.direction * shown.total_amount is distinct from held.amount)
                or (shown.direction * shown.matched_amount is distinct from held.allocated_amount)
                or (shown.direction * shown.adjusted_amount is distinct from held.adjusted_amount)
                or (shown.direction * shown.open_amount is distinct from held.open_amount)
                then 'a document does not show the amounts of its item'
        end as failure
    from shown
    full outer join held
        on shown.item_type = held.item_type and shown.item_id = held.item_id
),

final as (
    select *
    from compared
    where failure is not null
)

select * from final
