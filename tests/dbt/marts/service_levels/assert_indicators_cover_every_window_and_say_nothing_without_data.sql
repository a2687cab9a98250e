-- Guards: every indicator of the seed has a row for every window on the run's date; value and
-- verdict are null exactly when nothing was counted; a ratio lies between 0 and 1.
-- Breaks when: a division by zero is read as good (0/0 is NaN on DuckDB, and NaN > 3 is true), or
-- an indicator loses its events in a join. In silence, an outage of data would look like a green
-- week.
{{ config(tags=['after_seal'], meta={'dagster': {'ref': {'name': 'fct_sli'}}}) }}

with

indicators as (select * from {{ ref('fct_sli') }}),

promised as (
    select
        targets.sli,
        windows.window_days
    from {{ ref('slo_targets') }} as targets
    cross join {{ ref('service_level_windows') }} as windows
    where windows.kind = 'sli'
),

today as (
    select *
    from indicators
    where as_of_date = {{ as_of_date() }}
),

missing as (
    select
        promised.sli,
        promised.window_days,
        'no row for the date of the run' as failure
    from promised
    left join today
        on
            promised.sli = today.sli
            and promised.window_days = today.window_days
    where today.sli is null
),

wrong as (
    select
        indicators.sli,
        indicators.window_days,
        'a verdict without events, events without a verdict, or a ratio out of range' as failure
    from indicators
    where
        (indicators.value is null) is distinct from (indicators.denominator = 0)
        or (indicators.met is null) is distinct from (indicators.denominator = 0)
        or (indicators.unit = 'ratio' and not coalesce(indicators.value between 0 and 1, true))
),

final as (
    select * from missing
    union all
    select * from wrong
)

select * from final
