-- The rate to convert with on any day: of the source with the highest priority, the last one within
-- seven days; direct, else inverse, else across the reporting currency, else across any common
-- base.
with

rates as (select * from {{ ref('stg_fx__rates') }}),

sources as (select * from {{ ref('fx_sources') }}),

used_currencies as (select * from {{ ref('int_currencies__used') }}),

best_rates as (
    select
        rates.rate_date,
        rates.base_currency,
        rates.quote_currency,
        rates.rate,
        rates.source
    from rates
    left join sources
        on rates.source = sources.source
    where rates.rate > 0 and rates.rate_date <= cast({{ as_of() }} as date)
    qualify row_number() over (
        partition by rates.rate_date, rates.base_currency, rates.quote_currency
        order by sources.priority nulls last, rates.source nulls last
    ) = 1
),

both_ways as (
    select
        best_rates.rate_date,
        best_rates.base_currency,
        best_rates.quote_currency,
        best_rates.rate,
        best_rates.source,
        1 as preference
    from best_rates
    union all
    select
        best_rates.rate_date,
        best_rates.quote_currency as base_currency,
        best_rates.base_currency as quote_currency,
        {{ decimal_divide('cast(1 as decimal(38, 10))', 'best_rates.rate', 10) }} as rate,
        best_rates.source,
        2 as preference
    from best_rates
),

-- a pair that is quoted both ways has one rate, also as a leg of a cross
legs as (
    select *
    from both_ways
    qualify row_number() over (
        partition by both_ways.rate_date, both_ways.base_currency, both_ways.quote_currency
        order by both_ways.preference nulls last
    ) = 1
),

crosses as (
    select
        first_leg.rate_date,
        first_leg.base_currency,
        second_leg.quote_currency,
        cast(first_leg.rate * second_leg.rate as {{ amount_type() }}) as rate,
        first_leg.source,
        case when first_leg.quote_currency = {{ reporting_currency() }} then 3 else 4 end
            as preference,
        first_leg.quote_currency as pivot_currency
    from legs as first_leg
    inner join legs as second_leg
        on
            first_leg.rate_date = second_leg.rate_date
            and first_leg.quote_currency = second_leg.base_currency
            and first_leg.base_currency <> second_leg.quote_currency
    inner join used_currencies as base_used
        on first_leg.base_currency = base_used.currency
    inner join used_currencies as quote_used
        on second_leg.quote_currency = quote_used.currency
),

all_rates as (
    select
        legs.rate_date,
        legs.base_currency,
        legs.quote_currency,
        legs.rate,
        legs.source,
        legs.preference,
        '' as pivot_currency
    from legs
    inner join used_currencies as base_used
        on legs.base_currency = base_used.currency
    inner join used_currencies as quote_used
        on legs.quote_currency = quote_used.currency
    union all
    select
        crosses.rate_date,
        crosses.base_currency,
        crosses.quote_currency,
        crosses.rate,
        crosses.source,
        crosses.preference,
        crosses.pivot_currency
    from crosses
),

preferred as (
    select *
    from all_rates
    qualify row_number() over (
        partition by all_rates.rate_date, all_rates.base_currency, all_rates.quote_currency
        order by all_rates.preference nulls last, all_rates.pivot_currency nulls last
    ) = 1
),

carried_forward as (
    select
        cast({{ add_days('preferred.rate_date', 'days.age') }} as date) as rate_date,
        preferred.base_currency,
        preferred.quote_currency,
        preferred.rate,
        preferred.source,
        preferred.rate_date as quoted_on,
        days.age
    from preferred
    cross join (select cast(series.i as int) as age from range(0, 8) as series (i)) as days
),

final as (
    select
        carried_forward.rate_date,
        carried_forward.base_currency,
        carried_forward.quote_currency,
        carried_forward.rate,
        carried_forward.source,
        carried_forward.quoted_on
    from carried_forward
    qualify row_number() over (
        partition by
            carried_forward.rate_date,
            carried_forward.base_currency,
            carried_forward.quote_currency
        order by carried_forward.age nulls last
    ) = 1
)

select * from final
