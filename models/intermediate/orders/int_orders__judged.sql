-- Whether an order can be carried out, and whether a second person has to agree to it. One that
-- cannot is refused with the reason, once, and sealed: nothing is done by half.
with

order_items as (select * from {{ ref('int_orders__items') }}),

allocated as (select * from {{ ref('int_orders__allocated') }}),

limits as (select * from {{ ref('review_limits') }}),

fx_rates as (
    select *
    from {{ ref('int_fx_rates__daily') }}
    where quote_currency = {{ reporting_currency() }}
),

orders as (
    select
        order_items.decision_id,
        order_items.match_id,
        order_items.action,
        order_items.actor,
        order_items.approved_by,
        order_items.decided_at,
        order_items.comment,
        order_items.decision_row_hash,
        min(order_items.item_key) as first_item_key,
        count(order_items.item_id) as item_count,
        max(
            case
                when order_items.item_id is not null and not order_items.is_known then 1
                else 0
            end
        ) as has_unknown,
        max(
            case
                when order_items.is_known and order_items.item_key is null then 1
                else 0
            end
        ) as is_scattered,
        max(case when order_items.is_unreadable then 1 else 0 end) as is_unreadable,
        max(case when order_items.is_set_aside then 1 else 0 end) as has_set_aside
    from order_items
    group by
        order_items.decision_id,
        order_items.match_id,
        order_items.action,
        order_items.actor,
        order_items.approved_by,
        order_items.decided_at,
        order_items.comment,
        order_items.decision_row_hash
),

totals as (
    select
        allocated.decision_id,
        min(allocated.match_currency) as match_currency,
        max(allocated.event_date) as latest_date,
        max(case when allocated.rate is null then 1 else 0 end) as has_no_rate,
        max(case when allocated.is_more_than_open then 1 else 0 end) as is_more_than_open,
        max(case when allocated.item_part = 0 then 1 else 0 end) as has_idle,
        count(distinct allocated.role) as roles,
        sum(
            case
                when allocated.role = 'to_cover' then abs(allocated.match_part)
                else {{ zero() }}
            end
        ) as covered_amount,
        sum(abs(allocated.match_part)) as whole_amount
    from allocated
    group by allocated.decision_id
),

-- ceilings are in the reporting currency; without a rate the bare amount is held against them
valued as (
    select
        orders.*,
        totals.has_no_rate,
        totals.is_more_than_open,
        totals.has_idle,
        totals.roles,
        totals.whole_amount,
        cast(
            case
                when orders.action = 'write_off' then totals.whole_amount
                else totals.covered_amount
            end * coalesce(fx_rates.rate, 1) as {{ amount_type() }}
        ) as base_amount
    from orders
    left join totals
        on orders.decision_id = totals.decision_id
    left join fx_rates
        on
            totals.latest_date = fx_rates.rate_date
            and totals.match_currency = fx_rates.base_currency
),

limited as (
    select
        valued.*,
        coalesce(own_limits.alone_up_to, common_limits.alone_up_to) as alone_up_to,
        coalesce(own_limits.together_up_to, common_limits.together_up_to) as together_up_to
    from valued
    left join limits as own_limits
        on valued.action = own_limits.action and valued.actor = own_limits.actor
    left join limits as common_limits
        on valued.action = common_limits.action and common_limits.actor = '*'
),

final as (
    select
        limited.decision_id,
        limited.match_id,
        limited.action,
        limited.actor,
        limited.approved_by,
        limited.decided_at,
        limited.comment,
        limited.decision_row_hash,
        limited.first_item_key,
        limited.base_amount,
        case
            when limited.item_count = 0 then 'names_no_item'
            when limited.has_unknown = 1 then 'unknown_item'
            when limited.is_scattered = 1 then 'no_common_reconciliation'
            when limited.is_unreadable = 1 then 'unreadable_amount'
            when limited.has_set_aside = 1 then 'item_set_aside'
            when limited.has_no_rate = 1 then 'no_exchange_rate'
            when limited.action = 'create_match' and limited.roles = 1 then 'nothing_to_cover'
            when limited.is_more_than_open = 1 or limited.whole_amount = 0 then 'more_than_open'
            when limited.has_idle = 1 then 'item_not_needed'
            when limited.base_amount > coalesce(limited.together_up_to, 0) then 'above_every_limit'
        end as refusal,
        limited.base_amount > coalesce(limited.alone_up_to, 0)
        and coalesce(limited.approved_by, limited.actor) = limited.actor as needs_second_person
    from limited
)

select * from final
