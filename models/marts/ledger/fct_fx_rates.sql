with

rates as (select * from {{ ref('int_fx_rates__daily') }}),

final as (
    select
        rates.rate_date,
        rates.base_currency as currency,
        rates.quote_currency as reporting_currency,
        rates.rate,
        rates.quoted_on,
        rates.source
    from rates
    where rates.quote_currency = {{ reporting_currency() }}
)

select * from final
