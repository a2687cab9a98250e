-- What each order would close of each of its items. A match by hand lays both sides out as
-- ranges, as every pass does, up to the amounts that the person states, else up to what is open.
-- Orders come in the order in which people took them: what an earlier one may use is not there
-- for a later one.
with

order_items as (select * from {{ ref('int_orders__items') }}),

currencies as (select * from {{ ref('currencies') }}),

fx_rates as (select * from {{ ref('int_fx_rates__daily') }}),

-- the match is in the currency of the expected side, else in that of its first item
match_currencies as (
    select
        order_items.decision_id,
        coalesce(
            min(case when order_items.side = 'expected' then order_items.currency end),
            min(order_items.currency)
        ) as match_currency,
        max(
            case
                when
                    not order_items.is_known
                    or order_items.item_key is null
                    or order_items.is_unreadable
                    or order_items.is_set_aside
                    then 1
                else 0
            end
        ) as is_impossible
    from order_items
    group by order_items.decision_id
),

priced as (
    select
        order_items.*,
        match_currencies.match_currency,
        own_currencies.minor_digits as item_digits,
        currencies.minor_digits as match_digits,
        case
            when order_items.currency = match_currencies.match_currency then 1
            else fx_rates.rate
        end as rate,
        case
            when (order_items.side = 'expected') = (order_items.open_amount > 0) then 'to_cover'
            else 'covering'
        end as role,
        case when order_items.open_amount < 0 then 0 else 1 end as precedence,
        least(
            coalesce(order_items.stated_amount, abs(order_items.open_amount)),
            abs(order_items.open_amount)
        ) as capacity
    from order_items
    inner join match_currencies
        on order_items.decision_id = match_currencies.decision_id
    left join currencies
        on match_currencies.match_currency = currencies.code
    left join currencies as own_currencies
        on order_items.currency = own_currencies.code
    left join fx_rates
        on
            order_items.event_date = fx_rates.rate_date
            and order_items.currency = fx_rates.base_currency
            and match_currencies.match_currency = fx_rates.quote_currency
    where match_currencies.is_impossible = 0
),

-- all orders as if each were alone, then each with what the earlier ones leave
{{ cover_orders('priced', 'alone') }},

available as (
    select
        alone.*,
        least(
            alone.item_part,
            greatest(
                {{ zero() }},
                abs(alone.open_amount) - coalesce(
                    sum(alone.item_part) over (
                        partition by alone.item_key
                        order by alone.order_place nulls last
                        rows between unbounded preceding and 1 preceding
                    ),
                    0
                )
            )
        ) as part_left,
        greatest(
            {{ zero() }},
            abs(alone.open_amount) - coalesce(
                sum(alone.item_part) over (
                    partition by alone.item_key
                    order by alone.order_place nulls last
                    rows between unbounded preceding and 1 preceding
                ),
                0
            )
        ) as open_for_order
    from alone
),

left_over as (
    select
        available.decision_id,
        available.match_id,
        available.action,
        available.order_place,
        available.reconciliation,
        available.side,
        available.item_type,
        available.item_id,
        available.item_key,
        available.claim_key,
        available.document_number,
        available.currency,
        available.amount,
        available.open_amount,
        available.open_for_order,
        available.stated_amount,
        available.event_date,
        available.row_hash,
        available.match_currency,
        available.item_digits,
        available.match_digits,
        available.rate,
        available.role,
        available.precedence,
        available.part_left as capacity
    from available
),

{{ cover_orders('left_over', 'covered') }},

final as (
    select
        covered.decision_id,
        covered.match_id,
        covered.reconciliation,
        covered.side,
        covered.item_type,
        covered.item_id,
        covered.item_key,
        covered.claim_key,
        covered.document_number,
        covered.currency,
        covered.amount,
        covered.event_date,
        covered.row_hash,
        covered.match_currency,
        covered.role,
        covered.rate,
        coalesce(covered.stated_amount > covered.open_for_order, false)
        or covered.open_for_order = 0 as is_more_than_open,
        {{ as_amount('covered.item_part * sign(covered.open_amount)') }} as item_part,
        {{ as_amount('covered.match_part * sign(covered.open_amount)') }} as match_part
    from covered
)

select * from final
