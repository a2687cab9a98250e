-- Expected: payouts on their way. Actual: bank lines that name a gateway or quote a payout.
with

payouts as (
    select
        stg_gateway__payouts.*,
        {{ item_id(['gateway', 'payout_id']) }} as item_id
    from {{ ref('stg_gateway__payouts') }} as stg_gateway__payouts
),

bank_transactions as (select * from {{ ref('int_bank_transactions__classified') }}),

active as (
    select *
    from {{ ref('int_reconciliations__active') }}
    where reconciliation = 'payout_to_bank' and is_active
),

expected as (
    select
        'expected' as side,
        'payout' as item_type,
        payouts.item_id,
        payouts.gateway as party_id,
        cast(null as {{ dbt.type_string() }}) as group_key,
        payouts.created_at as event_at,
        coalesce(payouts.arrival_date, cast(payouts.created_at as date)) as due_from,
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

actual as (
    select
        'actual' as side,
        'bank_transaction' as item_type,
        bank_transactions.item_id,
        bank_transactions.gateway as party_id,
        cast(null as {{ dbt.type_string() }}) as group_key,
        cast(bank_transactions.booking_date as timestamp) as event_at,
        bank_transactions.booking_date as due_from,
        bank_transactions.currency,
        bank_transactions.amount,
        cast(null as {{ dbt.type_string() }}) as record_status,
        case when not bank_transactions.is_booked then 'pending' end as set_aside_reason,
        coalesce(bank_transactions.counterparty_name, bank_transactions.entry_id)
            as document_number,
        bank_transactions.remittance_information as memo,
        cast(null as {{ dbt.type_string() }}) as purchase_order_number,
        bank_transactions._batch_id as batch_id,
        bank_transactions._row_hash as row_hash,
        'bank_transactions' as feed,
        bank_transactions.gateway is null as is_listed_only_if_matched
    from bank_transactions
    where
        not bank_transactions.is_own_transfer
        and (
            bank_transactions.gateway is not null
            or (bank_transactions.quotes_payout and bank_transactions.is_booked)
        )
),

all_items as (
    select * from expected
    union all
    select * from actual
),

-- every item stands for itself
final as (
    select
        'payout_to_bank' as reconciliation,
        all_items.*,
        all_items.item_id as anchor_item_id,
        all_items.item_type as anchor_item_type,
        all_items.party_id as family_id,
        'feed' as party_source
    from all_items
    inner join active
        on active.reconciliation = 'payout_to_bank'
)

select * from final
