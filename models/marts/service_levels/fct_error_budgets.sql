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

windows as (
    select *
    from {{ ref('service_level_windows') }}
    where kind in ('budget', 'confirm')
),

recent as (
    select
        events.sli,
        events.age_minutes,
        events.events,
        events.bad_events,
        events.first_bad_at
    from events
    union all
    select
        audited.sli,
        5 * cast(floor(
            {{ seconds_between('audited.decided_at', as_of()) }} / 300
        ) as bigint) as age_minutes,
        audited.events,
        audited.bad_events,
        audited.first_bad_at
    from audited
    union all
    select
        queue_depth.sli,
        queue_depth.age_minutes,
        queue_depth.events,
        queue_depth.bad_events,
        queue_depth.first_bad_at
    from queue_depth
),

counted as (
    select
        targets.sli,
        windows.window_name,
        windows.window_minutes,
        windows.kind = 'confirm' as is_confirming,
        targets.objective,
        targets.title,
        targets.direction,
        targets.meaning,
        targets.numerator_counts,
        targets.denominator_counts,
        targets.restated,
        cast(coalesce(sum(recent.events), 0) as bigint) as events,
        cast(coalesce(sum(recent.bad_events), 0) as bigint) as bad_events,
        min(recent.first_bad_at) as first_bad_at
    from targets
    cross join windows
    left join recent
        on targets.sli = recent.sli and windows.window_minutes > recent.age_minutes
    group by
        targets.sli,
        windows.window_name,
        windows.window_minutes,
        windows.kind,
        targets.objective,
        targets.title,
        targets.direction,
        targets.meaning,
        targets.numerator_counts,
        targets.denominator_counts,
        targets.restated
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
        cast(burned.window_minutes as bigint) as window_minutes,
        burned.first_bad_at,
        burned.is_confirming,
        burned.title,
        burned.direction,
        burned.meaning,
        burned.numerator_counts,
        burned.denominator_counts,
        burned.restated
    from burned
)

select * from final
