{{ config(tags=['after_seal']) }}

with

events as (select * from {{ ref('int_service_levels__events') }}),

audited as (select * from {{ ref('int_service_levels__audited') }}),

queue_depth as (select * from {{ ref('int_service_levels__queue_depth') }}),

-- of a ratio the target says how many events must be good
targets as (
    select
        slo_targets.sli,
        case
            when slo_targets.unit = 'ratio' and slo_targets.direction = 'at_least'
                then slo_targets.target
            when slo_targets.unit = 'ratio' then 1 - slo_targets.target
            else slo_targets.objective
        end as objective
    from {{ ref('slo_targets') }} as slo_targets
),

windows as (
    select *
    from {{ ref('service_level_windows') }}
    where kind = 'budget'
),

recent as (
    select
        events.sli,
        events.age_hours,
        events.events,
        events.bad_events,
        events.first_bad_at
    from events
    union all
    select
        audited.sli,
        audited.age_hours,
        audited.events,
        audited.bad_events,
        audited.first_bad_at
    from audited
    union all
    select
        queue_depth.sli,
        queue_depth.age_hours,
        queue_depth.events,
        queue_depth.bad_events,
        queue_depth.first_bad_at
    from queue_depth
),

counted as (
    select
        targets.sli,
        windows.window_name,
        windows.window_hours,
        targets.objective,
        cast(coalesce(sum(recent.events), 0) as bigint) as events,
        cast(coalesce(sum(recent.bad_events), 0) as bigint) as bad_events,
        min(recent.first_bad_at) as first_bad_at
    from targets
    cross join windows
    left join recent
        on targets.sli = recent.sli and windows.window_hours > recent.age_hours
    group by targets.sli, windows.window_name, windows.window_hours, targets.objective
),

-- burn rate = bad / events / budget; no events, or no budget to burn: null
burned as (
    select
        counted.*,
        {{ decimal_divide(
            'counted.bad_events',
            'counted.events * (1 - counted.objective)',
            6
        ) }} as burn_rate
    from counted
),

final as (
    select
        burned.sli as slo,
        burned.window_name as {{ adapter.quote('window') }},
        {{ as_of() }} as as_of,
        {{ as_amount('burned.objective') }} as objective,
        cast(burned.events as bigint) as events,
        cast(burned.bad_events as bigint) as bad_events,
        burned.burn_rate,
        case
            when burned.events = 0 then null
            when burned.bad_events = 0 then cast(1 as {{ amount_type() }})
            when burned.burn_rate is null then {{ zero() }}
            else {{ as_amount('1 - burned.burn_rate') }}
        end as budget_remaining,
        cast(burned.window_hours as bigint) as window_hours,
        burned.first_bad_at
    from burned
)

select * from final
