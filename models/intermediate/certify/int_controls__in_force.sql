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
        split_part(holding.recurs, ' ', 3) as zone,
        cast(split_part(holding.recurs, ' ', 4) as bigint) as minutes,
        cast({{ local_time(as_of(), "split_part(holding.recurs, ' ', 3)") }} as date)
            as local_today
    from holding
    where holding.recurs is not null
),

-- it may have opened today or yesterday, and the day before that if an hour is left out since
openings as (
    select
        recurring.*,
        cast({{ add_days('recurring.local_today', '-days.days_ago') }} as date) as opened_on,
        -- a Monday
        {{ days_between("cast('1970-01-05' as date)", 'recurring.local_today') }} - days.days_ago
            as days_since_monday
    from recurring
    cross join (
        select 0 as days_ago
        union all
        select 1 as days_ago
        union all
        select 2 as days_ago
    ) as days
),

opened as (
    select
        openings.*,
        {{ utc_time(
            add_seconds(
                'openings.opened_on',
                "3600 * cast(split_part(openings.opens_at, ':', 1) as bigint)"
                " + 60 * cast(split_part(openings.opens_at, ':', 2) as bigint)"
            ),
            'openings.zone'
        ) }} as starts_at
    from openings
),

timed as (
    select
        opened.control_id,
        opened.starts_at,
        {{ add_seconds('opened.starts_at', '60 * opened.minutes') }} as ends_at,
        concat(',', opened.weekdays, ',') like concat(
            '%,',
            split_part(
                'mon,tue,wed,thu,fri,sat,sun',
                ',',
                cast(opened.days_since_monday % 7 as int) + 1
            ),
            ',%'
        ) as is_its_day
    from opened
),

open_now as (
    select
        timed.control_id,
        max(timed.ends_at) as ends_at
    from timed
    where
        timed.is_its_day
        and timed.starts_at <= {{ as_of() }}
        and timed.ends_at > {{ as_of() }}
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
                open_now.ends_at
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
