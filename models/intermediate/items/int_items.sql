-- Everything that takes part in any reconciliation, in one shape. The engine reads nothing else.
with

-- the mapping models have the same columns in the same order
all_items as (
    select * from {{ ref('int_items__invoice_to_receipt') }}
    union all
    select * from {{ ref('int_items__gateway_to_payout') }}
    union all
    select * from {{ ref('int_items__payout_to_bank') }}
    union all
    select * from {{ ref('int_items__bank_to_ledger') }}
    union all
    select * from {{ ref('int_items__bill_to_payment') }}
),

windows as (select * from {{ ref('match_windows') }}),

statuses as (select * from {{ ref('set_aside_statuses') }}),

people_say as (select * from {{ ref('int_items__judged_by_people') }}),

suspected_copies as (
    select
        'bank_transaction' as item_type,
        copies.item_id
    from {{ ref('int_bank_transactions__copies') }} as copies
    where copies.verdict = 'suspected'
),

-- (a constant on one side of a join alone would compare all rows with all)
returns as (
    select
        bank_returns.*,
        'bank_transaction' as item_type,
        'actual' as side
    from {{ ref('int_bank_transactions__returns') }} as bank_returns
),

-- what the payer sent, where the bank says that it was another currency
original_amounts as (
    select
        booked.item_id,
        'bank_transaction' as item_type,
        booked.amount,
        booked.original_currency,
        case
            when booked.amount < 0 then -abs(booked.original_amount)
            else abs(booked.original_amount)
        end as original_amount
    from {{ ref('int_bank_transactions__booked') }} as booked
    where
        booked.role = 'item'
        and booked.original_amount <> 0
        and booked.original_currency <> booked.currency
),

final as (
    select
        all_items.reconciliation,
        all_items.side,
        all_items.item_type,
        all_items.item_id,
        all_items.reconciliation || '|' || all_items.item_type || '|' || all_items.item_id
            as item_key,
        {{ claim_key('all_items.reconciliation', 'all_items.item_type', 'all_items.item_id') }}
            as claim_key,
        -- a line that brings money back belongs to the one that it returns
        all_items.reconciliation || '|' || all_items.anchor_item_type || '|'
        || coalesce(returns.returned_item_id, all_items.anchor_item_id) as anchor_item_key,
        all_items.party_id,
        all_items.family_id,
        all_items.party_source,
        all_items.group_key,
        all_items.event_at,
        cast(all_items.event_at as date) as event_date,
        all_items.currency,
        cast(all_items.amount as {{ amount_type() }}) as amount,
        cast(original_amounts.original_amount as {{ amount_type() }}) as original_amount,
        original_amounts.original_currency,
        coalesce(
            case when suspected_copies.item_id is not null then 'suspected_copy' end,
            statuses.set_aside_reason,
            all_items.set_aside_reason,
            people_say.set_aside_reason
        ) as set_aside_reason,
        all_items.due_from as due_date,
        {{ add_days('all_items.due_from', 'coalesce(windows.window_days, 0)') }}
            as due_for_match_at,
        all_items.document_number,
        all_items.memo,
        all_items.purchase_order_number,
        all_items.batch_id,
        all_items.row_hash,
        all_items.feed,
        all_items.is_listed_only_if_matched
    from all_items
    left join windows
        on
            all_items.reconciliation = windows.reconciliation
            and all_items.side = windows.side
    left join statuses
        on
            all_items.feed = statuses.feed
            and all_items.record_status = statuses.status
    left join people_say
        on
            all_items.item_type = people_say.item_type
            and all_items.item_id = people_say.item_id
    left join suspected_copies
        on
            all_items.item_type = suspected_copies.item_type
            and all_items.item_id = suspected_copies.item_id
    left join returns
        on
            all_items.item_type = returns.item_type
            and all_items.side = returns.side
            and all_items.item_id = returns.item_id
    left join original_amounts
        on
            all_items.item_type = original_amounts.item_type
            and all_items.item_id = original_amounts.item_id
            and all_items.amount = original_amounts.amount
    where all_items.event_at <= {{ as_of() }}
)

select * from final
