-- Whether each version of a rule may close matches by itself. A rule is certified by
-- construction until an audit finds an error, else once so many closes were audited that the
-- exact bound on its false share is below what is allowed. Apart from that, a breaker opens when
-- people undo too many of its closes, and closes again after its days of rest, or with a new
-- version.
with

rules as (select * from {{ ref('match_rules') }}),

controls as (select * from {{ ref('int_rule_controls__applied') }}),

sizes as (select * from {{ ref('certificate_sizes') }}),

counted as (
    select
        outcomes.rule_id,
        outcomes.rule_version,
        sum(case when outcomes.is_automatic then 1 else 0 end) as closed_count,
        sum(case when outcomes.is_automatic and outcomes.undone_at is not null then 1 else 0 end)
            as undone_count,
        sum(case when outcomes.is_sampled and outcomes.outcome <> 'open' then 1 else 0 end)
            as audited_count,
        sum(case when outcomes.is_sampled and outcomes.outcome = 'false' then 1 else 0 end)
            as error_count,
        max(
            case
                when outcomes.is_sampled and outcomes.outcome = 'false'
                    then coalesce(outcomes.undone_at, outcomes.decided_at)
            end
        ) as last_error_at
    from {{ ref('int_audit__outcomes') }} as outcomes
    group by outcomes.rule_id, outcomes.rule_version
),

daily_closes as (
    select
        outcomes.rule_id,
        outcomes.rule_version,
        cast(outcomes.decided_at as date) as closed_on,
        count(*) as closed_count
    from {{ ref('int_audit__outcomes') }} as outcomes
    where outcomes.is_automatic
    group by outcomes.rule_id, outcomes.rule_version, cast(outcomes.decided_at as date)
),

daily_undoings as (
    select
        outcomes.rule_id,
        outcomes.rule_version,
        cast(outcomes.undone_at as date) as undone_on,
        max(outcomes.undone_at) as last_undone_at,
        count(*) as undone_count
    from {{ ref('int_audit__outcomes') }} as outcomes
    where outcomes.is_automatic and outcomes.undone_at is not null
    group by outcomes.rule_id, outcomes.rule_version, cast(outcomes.undone_at as date)
),

-- on each day on which people undid something: how much of the window's closes they had undone
undone_windows as (
    select
        days.rule_id,
        days.rule_version,
        days.undone_on,
        days.last_undone_at,
        controls.breaker_days,
        controls.breaker_share,
        controls.breaker_least,
        sum(earlier.undone_count) as undone_count
    from daily_undoings as days
    inner join controls
        on
            days.rule_id = controls.rule_id
            and days.rule_version = controls.rule_version
    inner join daily_undoings as earlier
        on
            days.rule_id = earlier.rule_id
            and days.rule_version = earlier.rule_version
            and {{ days_between('earlier.undone_on', 'days.undone_on') }} >= 0
            and {{ days_between('earlier.undone_on', 'days.undone_on') }} < controls.breaker_days
    group by
        days.rule_id,
        days.rule_version,
        days.undone_on,
        days.last_undone_at,
        controls.breaker_days,
        controls.breaker_share,
        controls.breaker_least
),

window_closes as (
    select
        undone_windows.rule_id,
        undone_windows.rule_version,
        undone_windows.undone_on,
        undone_windows.last_undone_at,
        undone_windows.breaker_share,
        undone_windows.breaker_least,
        undone_windows.undone_count,
        coalesce(sum(daily_closes.closed_count), 0) as closed_count
    from undone_windows
    left join daily_closes
        on
            undone_windows.rule_id = daily_closes.rule_id
            and undone_windows.rule_version = daily_closes.rule_version
            and undone_windows.undone_on >= daily_closes.closed_on
            and {{ add_days('undone_windows.undone_on', '-undone_windows.breaker_days') }}
            < daily_closes.closed_on
    group by
        undone_windows.rule_id,
        undone_windows.rule_version,
        undone_windows.undone_on,
        undone_windows.last_undone_at,
        undone_windows.breaker_share,
        undone_windows.breaker_least,
        undone_windows.undone_count
),

trips as (
    select
        window_closes.rule_id,
        window_closes.rule_version,
        max(window_closes.last_undone_at) as tripped_at,
        max_by(
            cast(window_closes.undone_count as {{ dbt.type_string() }}) || ' of '
            || cast(window_closes.closed_count as {{ dbt.type_string() }}) || ' closes undone',
            {{ iso_timestamp('window_closes.last_undone_at') }}
        ) as evidence
    from window_closes
    where
        window_closes.undone_count >= window_closes.breaker_least
        and window_closes.undone_count
        > window_closes.breaker_share * window_closes.closed_count
    group by window_closes.rule_id, window_closes.rule_version
),

judged as (
    select
        rules.rule_id,
        rules.rule_version,
        controls.certification,
        cast(coalesce(counted.closed_count, 0) as bigint) as closed_count,
        cast(coalesce(counted.undone_count, 0) as bigint) as undone_count,
        cast(coalesce(counted.audited_count, 0) as bigint) as audited_count,
        cast(coalesce(counted.error_count, 0) as bigint) as error_count,
        counted.last_error_at,
        sizes.least_audited,
        coalesce(
            (controls.certification = 'by_construction' and coalesce(counted.error_count, 0) = 0)
            or coalesce(counted.audited_count, 0) >= sizes.least_audited,
            false
        ) as is_certified,
        trips.tripped_at,
        case
            when trips.tripped_at is not null
                then {{ add_days('trips.tripped_at', 'controls.breaker_rest_days') }}
        end as rests_until,
        trips.evidence as breaker_evidence
    from rules
    inner join controls
        on
            rules.rule_id = controls.rule_id
            and rules.rule_version = controls.rule_version
    left join counted
        on
            rules.rule_id = counted.rule_id
            and rules.rule_version = counted.rule_version
    left join sizes
        on
            controls.false_share = sizes.false_share
            and coalesce(counted.error_count, 0) = sizes.errors
    left join trips
        on
            rules.rule_id = trips.rule_id
            and rules.rule_version = trips.rule_version
),

final as (
    select
        judged.rule_id,
        judged.rule_version,
        judged.certification,
        judged.closed_count,
        judged.undone_count,
        judged.audited_count,
        judged.error_count,
        judged.last_error_at,
        judged.least_audited,
        judged.is_certified,
        coalesce(judged.rests_until > {{ as_of() }}, false) as is_breaker_open,
        case when judged.rests_until > {{ as_of() }} then judged.tripped_at end as breaker_since,
        case when judged.rests_until > {{ as_of() }} then judged.rests_until end as breaker_until,
        case when judged.rests_until > {{ as_of() }} then judged.breaker_evidence end
            as breaker_evidence
    from judged
)

select * from final
