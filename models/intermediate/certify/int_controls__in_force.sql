-- What people have paused or silenced at the run's as_of. The last word on a thing holds: an end,
-- or another end, is said by a later row of the same kind and key.
with

controls as (
    select *
    from {{ ref('stg_tieout__controls') }}
    where noted_at <= {{ as_of() }}
),

last_words as (
    select controls.*
    from controls
    qualify row_number() over (
        partition by controls.kind, controls.control_key
        order by controls.noted_at desc nulls last, controls.control_id desc nulls last
    ) = 1
),

holding as (
    select last_words.*
    from last_words
    where
        last_words.starts_at <= {{ as_of() }}
        and (last_words.ends_at is null or last_words.ends_at > {{ as_of() }})
),

recurring as (
    select
        holding.control_id,
        split_part(holding.recurs, ' ', 1) as weekdays,
        split_part(holding.recurs, ' ', 2) as opens_at,
        cast(split_part(holding.recurs, ' ', 4) as bigint) as minutes,
        {{ local_time(as_of(), "split_part(holding.recurs, ' ', 3)") }} as local_now
    from holding
    where holding.recurs is not null
),

-- it may have opened today or yesterday
openings as (
    select
        recurring.*,
        days.days_ago,
        cast({{ add_days('recurring.local_now', '-days.days_ago') }} as date) as opened_on,
        -- a Monday
        {{ days_between("cast('1970-01-05' as date)", 'recurring.local_now') }} - days.days_ago
            as days_since_monday
    from recurring
    cross join (
        select 0 as days_ago
        union all
        select 1 as days_ago
    ) as days
),

timed as (
    select
        openings.control_id,
        openings.minutes,
        {{ seconds_between(
            "cast(openings.opened_on as timestamp)", 'openings.local_now'
        ) }}
        - 3600 * cast(split_part(openings.opens_at, ':', 1) as bigint)
        - 60 * cast(split_part(openings.opens_at, ':', 2) as bigint) as open_seconds,
        concat(',', openings.weekdays, ',') like concat(
            '%,',
            split_part(
                'mon,tue,wed,thu,fri,sat,sun',
                ',',
                cast(openings.days_since_monday % 7 as int) + 1
            ),
            ',%'
        ) as is_its_day
    from openings
),

open_now as (
    select
        timed.control_id,
        max(60 * timed.minutes - timed.open_seconds) as seconds_left
    from timed
    where
        timed.is_its_day
        and timed.open_seconds >= 0
        and timed.open_seconds < 60 * timed.minutes
    group by timed.control_id
),

final as (
    select
        holding.control_id,
        holding.kind,
        holding.control_key,
        holding.rule_id,
        holding.customer_id,
        holding.alert_name,
        holding.group_key,
        holding.starts_at,
        case
            when open_now.control_id is null then holding.ends_at
            else least(
                coalesce(holding.ends_at, cast('9999-12-31' as timestamp)),
                {{ add_seconds(as_of(), 'open_now.seconds_left') }}
            )
        end as ends_at,
        holding.reason,
        holding.actor
    from holding
    left join open_now
        on holding.control_id = open_now.control_id
    where holding.recurs is null or open_now.control_id is not null
)

select * from final
