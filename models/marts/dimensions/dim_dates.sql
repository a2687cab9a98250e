-- Every day from the first fact to a year after as_of, so that due dates ahead have a row too.
with

fact_dates as (
    select min(cast(stg_billing__invoices.issued_at as date)) as first_date
    from {{ ref('stg_billing__invoices') }} as stg_billing__invoices
    union all
    select min(cast(stg_gateway__transactions.created_at as date)) as first_date
    from {{ ref('stg_gateway__transactions') }} as stg_gateway__transactions
    union all
    select min(stg_bank__transactions.booking_date) as first_date
    from {{ ref('stg_bank__transactions') }} as stg_bank__transactions
),

-- one date mistyped by centuries must not make a calendar of centuries
bounds as (
    select
        greatest(
            coalesce(min(fact_dates.first_date), {{ as_of_date() }}),
            cast({{ add_days(as_of_date(), -36525) }} as date)
        ) as first_date,
        cast({{ add_days(as_of_date(), 366) }} as date) as last_date
    from fact_dates
),

days as (
    select
        spine.calendar_date as date_day,
        -- 3 January 2000 was a Monday
        cast({{ days_between("cast('2000-01-03' as date)", 'spine.calendar_date') }} as bigint)
            as days_since_monday
    from
        {{ date_spine(
            '(select bounds.first_date from bounds)', '(select bounds.last_date from bounds)'
        ) }} as spine
),

numbered as (
    select
        days.date_day,
        cast(((days.days_since_monday % 7) + 7) % 7 + 1 as bigint) as day_of_week
    from days
),

final as (
    select
        numbered.date_day,
        cast(year(numbered.date_day) as bigint) as year_number,
        cast(quarter(numbered.date_day) as bigint) as quarter_number,
        cast(month(numbered.date_day) as bigint) as month_number,
        {{ month_start('numbered.date_day') }} as month_start_date,
        cast({{ add_days('numbered.date_day', '1 - numbered.day_of_week') }} as date)
            as week_start_date,
        numbered.day_of_week,
        numbered.day_of_week >= 6 as is_weekend,
        {{ month_start(add_days('numbered.date_day', 1)) }}
        <> {{ month_start('numbered.date_day') }} as is_month_end,
        numbered.date_day > {{ as_of_date() }} as is_after_as_of
    from numbered
)

select * from final
