-- What an amount of each currency is worth in the reporting currency on the day of the run, so
-- that totals over currencies can be shown without anybody converting by hand.
with

used as (select * from {{ ref('int_currencies__used') }}),

fx_rates as (
    select *
    from {{ ref('int_fx_rates__daily') }}
    where
        rate_date = cast({{ as_of() }} as date)
        and quote_currency = {{ reporting_currency() }}
),

final as (
    select
        used.currency,
        {{ reporting_currency() }} as reporting_currency,
        cast(
            case
                when used.currency = {{ reporting_currency() }} then 1
                else fx_rates.rate
            end as {{ amount_type() }}
        ) as rate
    from used
    left join fx_rates
        on used.currency = fx_rates.base_currency
)

select * from final
