-- Since when the money of a payout is in a bank: when bank lines cover all of it, the day of the
-- last of them.
with

items as (
    select *
    from {{ ref('int_items__balanced') }}
    where reconciliation = 'payout_to_bank'
),

live_allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where is_live and reconciliation = 'payout_to_bank'
),

-- the day on which a bank booked the money of a payout match
bank_matches as (
    select
        live_allocations.match_id,
        max(items.event_date) as banked_on
    from live_allocations
    inner join items
        on live_allocations.item_key = items.item_key
    where live_allocations.side = 'actual'
    group by live_allocations.match_id
),

final as (
    select
        live_allocations.item_id,
        max(bank_matches.banked_on) as banked_on
    from live_allocations
    inner join bank_matches
        on live_allocations.match_id = bank_matches.match_id
    inner join items
        on live_allocations.item_key = items.item_key
    where live_allocations.side = 'expected' and items.open_amount = {{ zero() }}
    group by live_allocations.item_id
)

select * from final
