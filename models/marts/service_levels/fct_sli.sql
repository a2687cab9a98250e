{{ config(tags=['after_seal']) }}

with

events as (select * from {{ ref('int_service_levels__events') }}),

audited as (select * from {{ ref('int_service_levels__audited') }}),

queue_depth as (
    select *
    from {{ ref('int_service_levels__queue_depth') }}
    where dimension = 'company'
),

targets as (select * from {{ ref('slo_targets') }}),

runs as (select * from {{ ref('stg_tieout__runs') }}),

windows as (
    select *
    from {{ ref('service_level_windows') }}
    where kind = 'sli'
),

-- one series point for each day that the longest window covers
dates as (select queue_depth.event_date as as_of_date from queue_depth),

-- the day on which a run first saw a day whole: what became known later restates it
first_reports as (
    select
        dates.as_of_date as event_date,
        cast(min(runs.as_of) as date) as reported_on
    from dates
    inner join runs
        on
            cast(runs.as_of as date) > dates.as_of_date
            and runs.as_of <= {{ as_of() }}
    group by dates.as_of_date
),

daily as (
    select
        counted.sli,
        counted.event_date,
        sum(counted.numerator) as numerator,
        sum(counted.denominator) as denominator,
        sum(case when counted.known_on > first_reports.reported_on then counted.events else 0 end)
            as restated_events
    from (
        select
            events.sli,
            events.event_date,
            events.known_on,
            events.numerator,
            events.denominator,
            events.events
        from events
        union all
        select
            audited.sli,
            audited.event_date,
            cast(null as date) as known_on,
            audited.numerator,
            audited.denominator,
            audited.events
        from audited
    ) as counted
    left join first_reports
        on counted.event_date = first_reports.event_date
    group by counted.sli, counted.event_date
),

points as (
    select
        targets.sli,
        windows.window_days,
        dates.as_of_date,
        targets.unit,
        targets.target,
        targets.direction
    from targets
    cross join windows
    cross join dates
),

-- windows are half open: the day itself and the days before it, window_days in all
windowed as (
    select
        points.sli,
        points.window_days,
        points.as_of_date,
        sum(daily.numerator) as numerator,
        sum(daily.denominator) as denominator,
        sum(daily.restated_events) as restated_events
    from points
    inner join daily
        on
            points.sli = daily.sli
            and points.as_of_date >= daily.event_date
            and daily.event_date
            > cast({{ add_days('points.as_of_date', '-points.window_days') }} as date)
    group by points.sli, points.window_days, points.as_of_date
),

-- the depth of a queue is what it is at the end of the day, over no window
gauged as (
    select
        queue_depth.sli,
        windows.window_days,
        queue_depth.event_date as as_of_date,
        queue_depth.numerator,
        queue_depth.denominator,
        0 as restated_events
    from queue_depth
    cross join windows
),

measured as (
    select * from windowed
    union all
    select * from gauged
),

valued as (
    select
        points.sli,
        points.window_days,
        points.as_of_date,
        points.unit,
        points.target,
        points.direction,
        coalesce(measured.numerator, {{ zero() }}) as numerator,
        coalesce(measured.denominator, {{ zero() }}) as denominator,
        coalesce(measured.restated_events, 0) as restated_events,
        {{ decimal_divide('measured.numerator', 'measured.denominator', 6) }} as value
    from points
    left join measured
        on
            points.sli = measured.sli
            and points.window_days = measured.window_days
            and points.as_of_date = measured.as_of_date
),

final as (
    select
        valued.sli,
        cast(valued.window_days as bigint) as window_days,
        valued.as_of_date,
        {{ as_amount('valued.numerator') }} as numerator,
        {{ as_amount('valued.denominator') }} as denominator,
        valued.value,
        valued.unit,
        {{ as_amount('valued.target') }} as target,
        case
            when valued.direction = 'at_least' then valued.value >= valued.target
            else valued.value < valued.target
        end as met,
        cast(valued.restated_events as bigint) as restated_events
    from valued
)

select * from final
