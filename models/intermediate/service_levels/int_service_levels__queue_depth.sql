{%- set first_date = '(select span.first_date from span)' -%}
{%- set last_date = '(select span.last_date from span)' -%}
-- Cases open at the end of each day that the indicators look back on: of the company, and in the
-- last 31 days by customer tier, gateway and file of the exception that leads a case.
with

cases as (
    select *
    from {{ ref('int_exceptions__cases') }}
    where is_spell_lead
),

recent_cases as (select * from {{ ref('int_exceptions__recent_cases') }}),

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

counted as (
    select
        'company' as dimension,
        'all' as dimension_value,
        cases.case_opened_at,
        cases.case_resolved_at
    from cases
    {%- for dimension, column in [
        ('tier', 'customer_tier'), ('gateway', 'gateway'), ('batch', 'batch_id')
    ] %}
    union all
    select
        '{{ dimension }}' as dimension,
        coalesce(recent_cases.{{ column }}, 'none') as dimension_value,
        recent_cases.case_opened_at,
        recent_cases.case_resolved_at
    from recent_cases
    {%- endfor %}
),

movements as (
    select
        counted.dimension,
        counted.dimension_value,
        cast(counted.case_opened_at as date) as moved_on,
        1 as change
    from counted
    union all
    select
        counted.dimension,
        counted.dimension_value,
        cast(counted.case_resolved_at as date) as moved_on,
        -1 as change
    from counted
    where counted.case_resolved_at is not null
),

daily as (
    select
        movements.dimension,
        movements.dimension_value,
        movements.moved_on,
        sum(movements.change) as change
    from movements
    group by movements.dimension, movements.dimension_value, movements.moved_on
),

-- the company has a depth without any case, too
parts as (
    select
        'company' as dimension,
        'all' as dimension_value
    union all
    select distinct
        counted.dimension,
        counted.dimension_value
    from counted
    where counted.dimension <> 'company'
),

dates as (
    select calendar.calendar_date
    from {{ date_spine(first_date, last_date) }} as calendar
),

depths as (
    select
        parts.dimension,
        parts.dimension_value,
        dates.calendar_date,
        coalesce(sum(daily.change), 0) as depth
    from parts
    inner join dates
        on
            parts.dimension = 'company'
            or dates.calendar_date > cast({{ add_days(as_of(), '-31') }} as date)
    left join daily
        on
            parts.dimension = daily.dimension
            and parts.dimension_value = daily.dimension_value
            and dates.calendar_date >= daily.moved_on
    group by parts.dimension, parts.dimension_value, dates.calendar_date
),

final as (
    select
        'exception_queue_depth' as sli,
        depths.calendar_date as event_date,
        depths.dimension,
        depths.dimension_value,
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
