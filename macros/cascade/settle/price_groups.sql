{#-
    Second step of settling, as CTEs `group_units` to `group_totals`: what is in a group, whose it is, and
    what both sides come to in the currency of the expected side.

    Reads `grouped_links`, `open_items`, `currencies`, `fx_rates`. Yields, by group: `group_families`,
    `group_links`, `group_currencies`, `invoice_day_values`, `group_totals`; by item: `priced_items`.
-#}
{% macro price_groups() %}
group_units as (
    select
        grouped_links.group_name,
        'expected' as side,
        grouped_links.expected_unit as unit_key,
        sum(grouped_links.stated_amount) as stated_amount
    from grouped_links
    group by grouped_links.group_name, grouped_links.expected_unit
    union all
    select
        grouped_links.group_name,
        'actual' as side,
        grouped_links.actual_unit as unit_key,
        cast(null as {{ amount_type() }}) as stated_amount
    from grouped_links
    group by grouped_links.group_name, grouped_links.actual_unit
),

-- the cost of a wave is that of what it links, not of all that is open
group_items as (
    select
        group_units.group_name,
        group_units.unit_key,
        group_units.stated_amount,
        open_items.side,
        open_items.item_key,
        -- a bank line is one, whichever reconciliation it is in
        case
            when open_items.item_type = 'bank_transaction'
                then coalesce(open_items.claim_key, open_items.item_key)
            else open_items.item_key
        end as claim_key,
        open_items.party_id,
        open_items.family_id,
        open_items.event_date,
        open_items.currency,
        open_items.amount,
        open_items.remaining_amount
    from open_items
    inner join group_units
        on
            open_items.anchor_item_key = group_units.unit_key
            and open_items.side = group_units.side
),

unit_families as (
    select
        group_items.group_name,
        group_items.side,
        group_items.unit_key,
        max(group_items.family_id) as family_id
    from group_items
    group by group_items.group_name, group_items.side, group_items.unit_key
),

-- one row per group: how many units each side has, and whose they are
group_families as (
    select
        unit_families.group_name,
        count(case when unit_families.side = 'expected' then 1 end) as expected_units,
        count(case when unit_families.side = 'actual' then 1 end) as actual_units,
        min(case when unit_families.side = 'expected' then unit_families.family_id end)
            as arm_family_id,
        -- somebody has paid for somebody else; who is not known pays for nobody else
        coalesce(
            min(case when unit_families.side = 'expected' then unit_families.family_id end)
            < max(case when unit_families.side = 'actual' then unit_families.family_id end)
            or max(case when unit_families.side = 'expected' then unit_families.family_id end)
            > min(case when unit_families.side = 'actual' then unit_families.family_id end),
            false
        ) as is_other_payer,
        count(*) = count(unit_families.family_id)
        and min(unit_families.family_id) = max(unit_families.family_id) as is_same_payer
    from unit_families
    group by unit_families.group_name
),

-- one row per group: what its links say
group_links as (
    select
        grouped_links.reconciliation,
        grouped_links.pass,
        grouped_links.group_name,
        max(grouped_links.is_given) as is_given,
        max(grouped_links.is_tangled) as is_tangled,
        max(case when grouped_links.is_ambiguous then 1 else 0 end) as is_ambiguous,
        max(case when grouped_links.is_weak then 1 else 0 end) as is_weak,
        max(grouped_links.link_ambiguity) as link_ambiguity,
        max(grouped_links.evidence) as evidence,
        count(*) as link_count,
        count(grouped_links.stated_amount) as stated_count
    from grouped_links
    group by grouped_links.reconciliation, grouped_links.pass, grouped_links.group_name
),

-- the match is in the currency of the expected side
group_currencies as (
    select
        group_items.group_name,
        min(case when group_items.side = 'expected' then group_items.currency end)
            as match_currency,
        min(case when group_items.side = 'actual' then group_items.currency end)
            as payment_currency,
        min(case when group_items.side = 'expected' then group_items.currency end)
        < max(case when group_items.side = 'expected' then group_items.currency end)
            as has_several_match_currencies,
        min(case when group_items.side = 'actual' then group_items.currency end)
        < max(case when group_items.side = 'actual' then group_items.currency end)
            as has_several_payment_currencies,
        min(group_items.currency) < max(group_items.currency) as has_several_currencies,
        max(
            case
                when group_items.side = 'actual' and group_items.remaining_amount < 0 then 1
                else 0
            end
        ) as has_money_going_back,
        max(group_items.event_date) as latest_date,
        max(case when group_items.side = 'actual' then group_items.event_date end)
            as latest_payment_date
    from group_items
    group by group_items.group_name
),

-- what payments were, as the bank states it, in another currency than they arrived in; a part of a
-- payment is no original amount
original_amounts as (
    select
        group_items.group_name,
        group_items.family_id,
        group_items.event_date,
        group_items.currency,
        items.original_amount,
        items.original_currency
    from group_items
    inner join {{ ref('int_items') }} as items
        on
            group_items.item_key = items.item_key
            and group_items.remaining_amount = items.amount
    where group_items.side = 'actual' and items.original_currency is not null
),

-- the money as it was sent, where all of it was sent in the currency of the documents
sent_amounts as (
    select
        group_currencies.group_name,
        sum(original_amounts.original_amount) as sent_amount,
        count(*) as sent_count
    from group_currencies
    inner join original_amounts
        on
            group_currencies.group_name = original_amounts.group_name
            and group_currencies.match_currency = original_amounts.original_currency
    group by group_currencies.group_name
),

priced_items as (
    select
        group_items.*,
        group_currencies.match_currency,
        case
            when group_items.currency = group_currencies.match_currency
                then group_items.remaining_amount
            else {{ round_amount(
                'cast(group_items.remaining_amount * fx_rates.rate as ' ~ amount_type() ~ ')',
                'currencies.minor_digits'
            ) }}
        end as remaining_in_match,
        fx_rates.rate,
        item_currencies.minor_digits
    from group_items
    inner join group_currencies
        on group_items.group_name = group_currencies.group_name
    left join currencies
        on group_currencies.match_currency = currencies.code
    left join currencies as item_currencies
        on group_items.currency = item_currencies.code
    left join fx_rates
        on
            group_items.event_date = fx_rates.rate_date
            and group_items.currency = fx_rates.base_currency
            and group_currencies.match_currency = fx_rates.quote_currency
),

-- What the documents were worth, each on its own day, in the currency of the money: a customer can
-- convert at the rate of the invoice's day.
invoice_day_values as (
    select
        priced_items.group_name,
        cast(
            sum(
                case
                    when priced_items.side = 'actual' then priced_items.remaining_amount
                    else {{ zero() }}
                end
            ) as {{ amount_type() }}
        ) as paid_amount,
        cast(
            sum(
                case
                    when priced_items.side = 'expected'
                        then cast(
                            priced_items.remaining_amount * fx_rates.rate as {{ amount_type() }}
                        )
                    else {{ zero() }}
                end
            ) as {{ amount_type() }}
        ) as document_value
    from priced_items
    inner join group_currencies
        on priced_items.group_name = group_currencies.group_name
    left join fx_rates
        on
            priced_items.event_date = fx_rates.rate_date
            and priced_items.currency = fx_rates.base_currency
            and group_currencies.payment_currency = fx_rates.quote_currency
    where
        group_currencies.has_several_currencies
        and not group_currencies.has_several_match_currencies
        and not group_currencies.has_several_payment_currencies
    group by priced_items.group_name
    having
        count(case when priced_items.side = 'expected' then 1 end)
        = count(case when priced_items.side = 'expected' then fx_rates.rate end)
),

group_totals as (
    select
        priced_items.group_name,
        cast(
            sum(
                case
                    when priced_items.side = 'expected' then priced_items.remaining_in_match
                    else {{ zero() }}
                end
            ) as {{ amount_type() }}
        ) as expected_amount,
        cast(
            sum(
                case
                    when priced_items.side = 'actual' then priced_items.remaining_in_match
                    else {{ zero() }}
                end
            ) as {{ amount_type() }}
        ) as actual_amount,
        max(case when priced_items.remaining_in_match is null then 1 else 0 end)
            as has_no_rate,
        count(case when priced_items.side = 'actual' then 1 end) as actual_count,
        cast(
            sum(
                case
                    when
                        priced_items.side = 'expected'
                        and priced_items.item_key = priced_items.unit_key
                        then priced_items.stated_amount
                end
            ) as {{ amount_type() }}
        ) as advised_amount,
        min(
            case
                when
                    priced_items.side = 'expected'
                    and (
                        priced_items.stated_amount is null
                        or priced_items.stated_amount > priced_items.remaining_in_match
                        or priced_items.item_key <> priced_items.unit_key
                    )
                    then 0
                else 1
            end
        ) as is_advice_complete
    from priced_items
    group by priced_items.group_name
)
{%- endmacro %}
