{{ config(tags=['after_seal']) }}

with

events as (select * from {{ ref('int_service_levels__events') }}),

audited as (select * from {{ ref('int_service_levels__audited') }}),

queue_depth as (select * from {{ ref('int_service_levels__queue_depth') }}),

targets as (select * from {{ ref('slo_targets') }}),

-- a window of no days is the calendar month so far
windows as (
    select
        seed.window_name,
        case
            when seed.window_days = 0
                then cast(date_trunc('month', {{ as_of_date() }}) as date)
            else cast({{ add_days(as_of_date(), '1 - seed.window_days') }} as date)
        end as first_date
    from {{ ref('service_level_windows') }} as seed
    where seed.kind = 'breakdown'
),

span as (select min(windows.first_date) as first_date from windows),

recent_events as (
    select
        known_events.sli,
        known_events.event_date,
        'all' as company,
        coalesce(known_events.customer_tier, 'none') as tier,
        coalesce(known_events.gateway, 'none') as gateway,
        coalesce(known_events.batch_id, 'none') as batch,
        known_events.numerator,
        known_events.denominator,
        known_events.events,
        known_events.bad_events
    from (
        {%- for relation in ['events', 'audited'] %}
        {%- if not loop.first %}
        union all
        {%- endif %}
        select
            {{ relation }}.sli,
            {{ relation }}.event_date,
            {{ relation }}.customer_tier,
            {{ relation }}.gateway,
            {{ relation }}.batch_id,
            {{ relation }}.numerator,
            {{ relation }}.denominator,
            {{ relation }}.events,
            {{ relation }}.bad_events
        from {{ relation }}
        {%- endfor %}
    ) as known_events
    inner join span
        on known_events.event_date >= span.first_date
),

parts as (
    {%- for dimension in ['company', 'tier', 'gateway', 'batch'] %}
    select
        recent_events.sli,
        recent_events.event_date,
        '{{ dimension }}' as dimension,
        recent_events.{{ dimension }} as dimension_value,
        recent_events.numerator,
        recent_events.denominator,
        recent_events.events,
        recent_events.bad_events
    from recent_events
    union all
    {%- endfor %}
    select
        queue_depth.sli,
        queue_depth.event_date,
        queue_depth.dimension,
        queue_depth.dimension_value,
        queue_depth.numerator,
        queue_depth.denominator,
        queue_depth.events,
        queue_depth.bad_events
    from queue_depth
),

counted as (
    select parts.*
    from parts
    inner join targets
        on
            parts.sli = targets.sli
            and concat(';', targets.dimensions, ';') like concat('%;', parts.dimension, ';%')
),

windowed as (
    select
        counted.sli,
        counted.dimension,
        counted.dimension_value,
        windows.window_name,
        windows.first_date,
        sum(counted.numerator) as numerator,
        sum(counted.denominator) as denominator,
        sum(counted.events) as events,
        sum(counted.bad_events) as bad_events
    from counted
    inner join windows
        on
            counted.event_date >= windows.first_date
            and counted.event_date <= {{ as_of_date() }}
    group by
        counted.sli,
        counted.dimension,
        counted.dimension_value,
        windows.window_name,
        windows.first_date
),

valued as (
    select
        windowed.*,
        targets.unit,
        targets.target,
        targets.direction,
        {{ decimal_divide('windowed.numerator', 'windowed.denominator', 10) }} as value
    from windowed
    inner join targets
        on windowed.sli = targets.sli
),

final as (
    select
        valued.sli,
        valued.dimension,
        valued.dimension_value,
        valued.window_name,
        valued.first_date,
        {{ as_of_date() }} as as_of_date,
        {{ as_amount('valued.numerator') }} as numerator,
        {{ as_amount('valued.denominator') }} as denominator,
        valued.value,
        valued.unit,
        {{ as_amount('valued.target') }} as target,
        case
            when valued.direction = 'at_least' then valued.value >= valued.target
            else valued.value < valued.target
        end as met,
        cast(valued.events as bigint) as events,
        cast(valued.bad_events as bigint) as bad_events
    from valued
)

select * from final
