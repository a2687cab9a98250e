-- Items that come to zero because of what is inside them: a charge that its fee used up, a payout
-- of charges and refunds that cancel out, a bank line of which charges left nothing. There is no
-- money to match and still something to post, so they are open until a match holds them.
with

items as (
    select *
    from {{ ref('int_items') }}
    where amount = 0 and set_aside_reason is null
),

payout_members as (
    select distinct members.group_key
    from {{ ref('int_items') }} as members
    where
        members.reconciliation = 'gateway_to_payout'
        and members.side = 'expected'
        and members.set_aside_reason is null
),

gateway_transactions as (
    select
        'gateway_to_payout' as reconciliation,
        transactions.type as item_type,
        {{ item_id(['transactions.gateway', 'transactions.transaction_id']) }} as item_id
    from {{ ref('stg_gateway__transactions') }} as transactions
    where transactions.net_amount = 0 and transactions.amount <> 0
),

bank_lines as (
    select
        'bank_transaction' as item_type,
        booked.item_id
    from {{ ref('int_bank_transactions__booked') }} as booked
    where
        booked.amount = 0
        and booked.role = 'item'
        and (
            coalesce(booked.charges_amount, {{ zero() }}) <> 0
            or coalesce(booked.original_amount, {{ zero() }}) <> 0
        )
),

final as (
    select
        items.item_key,
        true as is_matched_here
    from items
    inner join gateway_transactions
        on
            items.reconciliation = gateway_transactions.reconciliation
            and items.item_type = gateway_transactions.item_type
            and items.item_id = gateway_transactions.item_id
    union all
    select
        items.item_key,
        true as is_matched_here
    from items
    inner join payout_members
        on items.group_key = payout_members.group_key
    where items.side = 'actual' and items.reconciliation = 'gateway_to_payout'
    union all
    select
        items.item_key,
        -- elsewhere it follows the ledger, where its fee is posted
        items.reconciliation = 'bank_to_ledger' as is_matched_here
    from items
    inner join bank_lines
        on items.item_type = bank_lines.item_type and items.item_id = bank_lines.item_id
)

select * from final
