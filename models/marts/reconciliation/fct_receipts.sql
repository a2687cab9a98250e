-- Money received (and sent back): what it covers, what of it is unapplied, and when a bank saw it.
-- Gateway rows come from the feed itself, so that they are listed even while no invoices have
-- landed and the reconciliation is inactive.
with

items as (select * from {{ ref('int_items__balanced') }}),

transactions as (
    select
        stg_gateway__transactions.*,
        {{ item_id([
            'stg_gateway__transactions.gateway', 'stg_gateway__transactions.transaction_id'
        ]) }} as item_id
    from {{ ref('stg_gateway__transactions') }} as stg_gateway__transactions
    where
        stg_gateway__transactions.type
        in ('charge', 'refund', 'chargeback', 'chargeback_reversal')
        and stg_gateway__transactions.created_at <= {{ as_of() }}
),

statuses as (
    select *
    from {{ ref('set_aside_statuses') }}
    where feed = 'gateway_transactions'
),

live_allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where is_live and reconciliation = 'gateway_to_payout'
),

receipt_items as (
    select *
    from items
    where reconciliation = 'invoice_to_receipt' and side = 'actual'
),

banked_payouts as (select * from {{ ref('int_payouts__banked') }}),

payout_matches as (
    select
        live_allocations.match_id,
        min(live_allocations.item_id) as payout_item_id,
        case
            when count(*) = count(banked_payouts.banked_on) then max(banked_payouts.banked_on)
        end as banked_on
    from live_allocations
    left join banked_payouts
        on live_allocations.item_id = banked_payouts.item_id
    where live_allocations.side = 'actual'
    group by live_allocations.match_id
),

-- a gateway item is paid out when its payouts cover all of it
paid_out_items as (
    select
        live_allocations.item_type,
        live_allocations.item_id,
        min(payout_matches.payout_item_id) as payout_item_id,
        case
            when
                count(*) = count(payout_matches.banked_on)
                and max(abs(items.open_amount)) = {{ zero() }}
                then max(payout_matches.banked_on)
        end as banked_on
    from live_allocations
    inner join payout_matches
        on live_allocations.match_id = payout_matches.match_id
    inner join items
        on live_allocations.item_key = items.item_key
    where live_allocations.side = 'expected'
    group by live_allocations.item_type, live_allocations.item_id
),

payouts as (
    select
        stg_gateway__payouts.payout_id,
        {{ item_id(['stg_gateway__payouts.gateway', 'stg_gateway__payouts.payout_id']) }} as item_id
    from {{ ref('stg_gateway__payouts') }} as stg_gateway__payouts
),

gateway_receipts as (
    select
        transactions.type as item_type,
        transactions.item_id,
        coalesce(receipt_items.party_id, transactions.customer_id) as customer_id,
        transactions.created_at as received_at,
        transactions.currency,
        transactions.amount,
        coalesce(receipt_items.allocated_amount, {{ zero() }}) as allocated_amount,
        coalesce(receipt_items.adjusted_amount, {{ zero() }}) as adjusted_amount,
        coalesce(receipt_items.is_in_review, false) as is_in_review,
        receipt_items.status as item_status,
        coalesce(statuses.set_aside_reason, receipt_items.set_aside_reason) as set_aside_reason,
        coalesce(transactions.payout_id, payouts.payout_id) as payout_id,
        cast(paid_out_items.banked_on as timestamp) as settled_at,
        transactions._batch_id as source_batch_id
    from transactions
    left join statuses
        on transactions.status = statuses.status
    left join receipt_items
        on
            transactions.type = receipt_items.item_type
            and transactions.item_id = receipt_items.item_id
    left join paid_out_items
        on
            transactions.type = paid_out_items.item_type
            and transactions.item_id = paid_out_items.item_id
    left join payouts
        on paid_out_items.payout_item_id = payouts.item_id
),

-- what another reconciliation explains is listed there, and is no receipt
bank_receipts as (
    select
        receipt_items.item_type,
        receipt_items.item_id,
        receipt_items.party_id as customer_id,
        receipt_items.event_at as received_at,
        receipt_items.currency,
        receipt_items.amount,
        receipt_items.allocated_amount,
        receipt_items.adjusted_amount,
        receipt_items.is_in_review,
        receipt_items.status as item_status,
        receipt_items.set_aside_reason,
        cast(null as {{ dbt.type_string() }}) as payout_id,
        case
            when coalesce(receipt_items.set_aside_reason, '') <> 'pending'
                then cast(receipt_items.event_date as timestamp)
        end as settled_at,
        receipt_items.batch_id as source_batch_id
    from receipt_items
    where
        receipt_items.item_type = 'bank_transaction'
        and coalesce(receipt_items.set_aside_reason, '')
        not in ('own_transfer', 'explained_elsewhere', 'out_of_scope', 'suspected_copy')
),

receipts as (
    select * from gateway_receipts
    union all
    select * from bank_receipts
),

balanced as (
    select
        receipts.*,
        receipts.amount - receipts.allocated_amount - receipts.adjusted_amount as unapplied_amount
    from receipts
),

final as (
    select
        balanced.item_type,
        balanced.item_id,
        balanced.customer_id,
        balanced.received_at,
        balanced.currency,
        balanced.amount,
        balanced.allocated_amount,
        balanced.adjusted_amount,
        balanced.unapplied_amount,
        case
            when balanced.set_aside_reason in ('pending', 'failed', 'not_ours')
                then balanced.set_aside_reason
            when
                balanced.unapplied_amount = {{ zero() }}
                and coalesce(balanced.item_status, 'closed') not in ('open', 'in_review')
                then 'applied'
            when balanced.is_in_review then 'in_review'
            when balanced.unapplied_amount <> balanced.amount then 'partially_applied'
            when balanced.customer_id is null then 'unidentified'
            else 'unapplied'
        end as reconciliation_status,
        balanced.payout_id,
        balanced.settled_at,
        balanced.source_batch_id
    from balanced
)

select * from final
