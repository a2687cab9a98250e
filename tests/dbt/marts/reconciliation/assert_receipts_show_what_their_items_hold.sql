-- Invariant 1, for the money that people read. Guards: every receipt shows exactly what its item
-- holds (amount, allocated, adjusted, unapplied, currency), and every item of customers' money is a
-- receipt; where the reconciliation is inactive and lists no items, a gateway's transaction is
-- unapplied in full.
-- Breaks when: fct_receipts reads other balances than fct_items shows, a join multiplies or loses a
-- receipt, or a bank line is listed that is a payout, a transfer, a copy or out of scope. In
-- silence, money would be handed out as unapplied that an invoice holds already.
{%- set kept = {
    'by': ['item_type', 'item_id'],
    'read': {
        'fct_receipts': ['item_type', 'item_id'],
        'fct_items': ['item_type', 'item_id'],
        'stg_gateway__transactions': ['type', 'item_id(gateway, transaction_id)'],
    },
    'asked': 'select type, ' ~ item_id(['gateway', 'transaction_id']) ~ ' '
    'from staging.stg_gateway__transactions '
    'where created_at > (select as_of from changes.last_run)',
} -%}
{{ config(meta={'kept': kept, 'dagster': {'ref': {'name': 'fct_receipts'}}}) }}

with

receipts as (
    select
        fct_receipts.*,
        count(*) over (partition by fct_receipts.item_type, fct_receipts.item_id) as times_shown
    from {{ ref('fct_receipts') }} as fct_receipts
),

items as (
    select *
    from {{ ref('fct_items') }}
    where
        reconciliation = 'invoice_to_receipt'
        and side = 'actual'
        and (
            item_type <> 'bank_transaction'
            or coalesce(set_aside_reason, '') not in (
                'own_transfer', 'explained_elsewhere', 'out_of_scope', 'suspected_copy'
            )
        )
),

transactions as (
    select *
    from {{ ref('stg_gateway__transactions') }}
    where
        type in ('charge', 'refund', 'chargeback', 'chargeback_reversal')
        and created_at <= {{ as_of() }}
),

active as (
    select *
    from {{ ref('int_reconciliations__active') }}
    where reconciliation = 'invoice_to_receipt' and is_active
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
        transactions.type as item_type,
        {{ item_id(['transactions.gateway', 'transactions.transaction_id']) }} as item_id,
        transactions.currency,
        transactions.amount,
        {{ zero() }} as allocated_amount,
        {{ zero() }} as adjusted_amount,
        transactions.amount as open_amount
    from transactions
    where not exists (select active.reconciliation from active)
),

compared as (
    select
        coalesce(receipts.item_type, held.item_type) as item_type,
        coalesce(receipts.item_id, held.item_id) as item_id,
        receipts.amount as shown_amount,
        held.amount as held_amount,
        receipts.allocated_amount as shown_allocated_amount,
        held.allocated_amount as held_allocated_amount,
        receipts.adjusted_amount as shown_adjusted_amount,
        held.adjusted_amount as held_adjusted_amount,
        receipts.unapplied_amount as shown_unapplied_amount,
        held.open_amount as held_open_amount,
        case
            when held.item_id is null then 'a receipt is shown that no item holds'
            when receipts.item_id is null then 'money of a customer is not shown as a receipt'
            when receipts.times_shown > 1 then 'a receipt is shown twice'
            when (receipts.currency is distinct from held.currency)
                then 'a receipt is shown in another currency than its item'
            when
                (receipts.amount is distinct from held.amount)
                or (receipts.allocated_amount is distinct from held.allocated_amount)
                or (receipts.adjusted_amount is distinct from held.adjusted_amount)
                or (receipts.unapplied_amount is distinct from held.open_amount)
                then 'a receipt does not show the amounts of its item'
        end as failure
    from receipts
    full outer join held
        on receipts.item_type = held.item_type and receipts.item_id = held.item_id
),

final as (
    select *
    from compared
    where failure is not null
)

select * from final
