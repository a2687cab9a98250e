{%- set first_date = '(select span.first_date from span)' -%}
{%- set last_date = '(select span.last_date from span)' -%}
-- Cases open at the end of each day that the indicators look back on.
with

cases as (
    select *
    from {{ ref('int_exceptions__cases') }}
    where is_spell_lead
),

targets as (
    select *
    from {{ ref('slo_targets') }}
    where sli = 'exception_queue_depth'
),

span as (
    select
        cast({{ add_days(as_of(), '1 - max(windows.window_days)') }} as date) as first_date,
        {{ as_of_date() }} as last_date
    from {{ ref('service_level_windows') }} as windows
    where windows.kind = 'sli'
),

movements as (
    select
        cast(cases.case_opened_at as date) as moved_on,
        1 as change
    from cases
    union all
    select
        cast(cases.case_resolved_at as date) as moved_on,
        -1 as change
    from cases
    where cases.case_resolved_at is not null
),

daily as (
    select
        movements.moved_on,
        sum(movements.change) as change
    from movements
    group by movements.moved_on
),

dates as (
    select calendar.calendar_date
    from {{ date_spine(first_date, last_date) }} as calendar
),

depths as (
    select
        dates.calendar_date,
        coalesce(sum(daily.change), 0) as depth
    from dates
    left join daily
        on dates.calendar_date >= daily.moved_on
    group by dates.calendar_date
),

final as (
    select
        'exception_queue_depth' as sli,
        depths.calendar_date as event_date,
        1440 * {{ days_between('depths.calendar_date', as_of()) }} as age_minutes,
        {{ as_amount('depths.depth') }} as numerator,
        {{ as_amount('1') }} as denominator,
        cast(1 as bigint) as events,
        cast(case when depths.depth >= targets.target then 1 else 0 end as bigint) as bad_events,
        case when depths.depth >= targets.target then cast(depths.calendar_date as timestamp) end
            as first_bad_at
    from depths
    cross join targets
)

select * from final
