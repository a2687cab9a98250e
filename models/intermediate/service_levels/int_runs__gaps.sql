-- Times between runs, as far back as error budgets reach: what happens in one is seen by the run
-- that ends it. Between runs that follow within the step of ages (five minutes) none is worth
-- telling.
with

budget_span as (
    select max(windows.window_minutes) as window_minutes
    from {{ ref('service_level_windows') }} as windows
    where windows.kind = 'budget'
),

-- this run is not among them before it is sealed
moments as (
    select runs.as_of
    from {{ ref('stg_tieout__runs') }} as runs
    where runs.as_of < {{ as_of() }}
    union
    select {{ as_of() }} as as_of
),

spaced as (
    select
        lag(moments.as_of) over (order by moments.as_of asc nulls last) as after_at,
        moments.as_of as seen_at
    from moments
),

final as (
    select
        spaced.after_at,
        spaced.seen_at
    from spaced
    cross join budget_span
    where
        {{ seconds_between('spaced.after_at', 'spaced.seen_at') }} > 300
        and {{ seconds_between('spaced.seen_at', as_of()) }} < 60 * budget_span.window_minutes
)

select * from final
