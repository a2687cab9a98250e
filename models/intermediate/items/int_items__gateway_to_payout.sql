-- Expected: what a gateway took in and gave back (net). Actual: what it paid out.
with

transactions as (
    select
        stg_gateway__transactions.*,
        {{ item_id(['gateway', 'transaction_id']) }} as item_id,
        {{ item_id(['gateway', 'payout_id']) }} as payout_item_id
    from {{ ref('stg_gateway__transactions') }} as stg_gateway__transactions
),

payouts as (
    select
        stg_gateway__payouts.*,
        {{ item_id(['gateway', 'payout_id']) }} as item_id
    from {{ ref('stg_gateway__payouts') }} as stg_gateway__payouts
),

active as (
    select *
    from {{ ref('int_reconciliations__active') }}
    where reconciliation = 'gateway_to_payout' and is_active
),

expected as (
    select
        'expected' as side,
        transactions.type as item_type,
        transactions.item_id,
        transactions.gateway as party_id,
        case when transactions.payout_id is not null then transactions.payout_item_id end
            as group_key,
        transactions.created_at as event_at,
        coalesce(
            cast(transactions.available_on as date), cast(transactions.created_at as date)
        ) as due_from,
        transactions.currency,
        transactions.net_amount as amount,
        transactions.status as record_status,
        cast(null as {{ dbt.type_string() }}) as set_aside_reason,
        transactions.transaction_id as document_number,
        transactions.description as memo,
        cast(null as {{ dbt.type_string() }}) as purchase_order_number,
        transactions._batch_id as batch_id,
        transactions._row_hash as row_hash,
        'gateway_transactions' as feed,
        false as is_listed_only_if_matched
    from transactions
),

actual as (
    select
        'actual' as side,
        'payout' as item_type,
        payouts.item_id,
        payouts.gateway as party_id,
        payouts.item_id as group_key,
        payouts.created_at as event_at,
        cast(payouts.created_at as date) as due_from,
        payouts.currency,
        payouts.amount,
        payouts.status as record_status,
        cast(null as {{ dbt.type_string() }}) as set_aside_reason,
        payouts.payout_id as document_number,
        payouts.bank_reference as memo,
        cast(null as {{ dbt.type_string() }}) as purchase_order_number,
        payouts._batch_id as batch_id,
        payouts._row_hash as row_hash,
        'gateway_payouts' as feed,
        false as is_listed_only_if_matched
    from payouts
),

all_items as (
    select * from expected
    union all
    select * from actual
),

-- every item stands for itself
final as (
    select
        'gateway_to_payout' as reconciliation,
        all_items.*,
        all_items.item_id as anchor_item_id,
        all_items.item_type as anchor_item_type,
        all_items.party_id as family_id,
        'feed' as party_source
    from all_items
    inner join active
        on active.reconciliation = 'gateway_to_payout'
)

select * from final
